//! CPU time of the thread, in many short rounds.
//!
//! A busy machine takes the core away, which CPU time does not count, and spoils caches, which the median of rounds
//! passes over. Engines take turns within a round, so that what disturbs one disturbs all.

use rustix::time::{ClockId, clock_gettime};

/// What is measured: called again and again.
pub type Run<'a> = Box<dyn FnMut() + 'a>;

const ROUND_COUNT: usize = 101;
/// Long enough that reading the clock does not count.
const ROUND_MIN_NS: f64 = 1_000_000.0;

/// Nanoseconds a call.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub best_ns: f64,
    pub median_ns: f64,
}

/// CPU time of this thread since it began.
#[must_use]
pub fn cpu_ns() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Measures all runs, one after the other in each round.
pub fn measure(runs: &mut [Run<'_>]) -> Vec<Figure> {
    let calls: Vec<u32> = runs.iter_mut().map(|run| calls_of(run)).collect();
    let mut rounds = vec![Vec::with_capacity(ROUND_COUNT); runs.len()];
    for _ in 0..ROUND_COUNT {
        for ((run, calls), rounds) in runs.iter_mut().zip(&calls).zip(&mut rounds) {
            rounds.push(timed(run, *calls) / f64::from(*calls));
        }
    }
    rounds.into_iter().map(figure).collect()
}

/// So many calls take a round.
fn calls_of(run: &mut Run<'_>) -> u32 {
    let mut calls = 1;
    while calls < 1 << 24 && timed(run, calls) < ROUND_MIN_NS {
        calls *= 2;
    }
    calls
}

fn timed(run: &mut Run<'_>, calls: u32) -> f64 {
    let start = cpu_ns();
    for _ in 0..calls {
        run();
    }
    cpu_ns() - start
}

fn figure(mut rounds: Vec<f64>) -> Figure {
    rounds.sort_by(f64::total_cmp);
    Figure {
        best_ns: rounds[0],
        median_ns: rounds[rounds.len() / 2],
    }
}
