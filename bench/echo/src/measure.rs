//! Outcomes, samples, medians, and the table of ratios.

use std::time::{Duration, Instant};

/// A run: made once a round, then called for each sample.
pub type Run = Box<dyn Work>;

/// What an engine does in a case.
pub trait Work {
    fn call(&mut self);
    /// What all calls so far came to, to be compared with other engines; `None` where there is nothing to compare.
    fn outcome(&mut self) -> Option<f64> {
        None
    }
}

impl<F: FnMut()> Work for F {
    fn call(&mut self) {
        self();
    }
}

/// Work on something whose outcome can be looked at.
struct Checked<W, C, O> {
    on: W,
    call: C,
    outcome: O,
}

impl<W, C: FnMut(&mut W), O: FnMut(&mut W) -> f64> Work for Checked<W, C, O> {
    fn call(&mut self) {
        (self.call)(&mut self.on);
    }

    fn outcome(&mut self) -> Option<f64> {
        Some((self.outcome)(&mut self.on))
    }
}

/// Work on something, with what it came to.
pub fn checked<W: 'static>(
    on: W,
    call: impl FnMut(&mut W) + 'static,
    outcome: impl FnMut(&mut W) -> f64 + 'static,
) -> Run {
    Box::new(Checked { on, call, outcome })
}

/// One case with its engines; the first is Echo.
pub struct Case {
    pub name: String,
    engines: Vec<(&'static str, Box<dyn Fn() -> Run>)>,
    bar: &'static str,
    has_rollback: bool,
}

/// What a case gave.
pub struct Row {
    name: String,
    /// Echo's own ways, the first one first, with their times.
    own: Vec<(&'static str, f64)>,
    /// The peers' ways with their times.
    peers: Vec<(&'static str, f64)>,
    bar: &'static str,
    has_rollback: bool,
}

const ROUNDS: usize = 5;
const SAMPLES: usize = 15;
const SAMPLE_MIN: Duration = Duration::from_micros(1500);

impl Case {
    pub fn new(name: impl Into<String>) -> Case {
        Case {
            name: name.into(),
            engines: Vec::new(),
            bar: "",
            has_rollback: false,
        }
    }

    pub fn with(mut self, engine: &'static str, make: impl Fn() -> Run + 'static) -> Case {
        self.engines.push((engine, Box::new(make)));
        self
    }

    /// What is asked of it, in words.
    pub fn bar(mut self, bar: &'static str) -> Case {
        self.bar = bar;
        self
    }

    /// The figure of Echo holds what a tick needs to be undone.
    pub fn rollback(mut self) -> Case {
        self.has_rollback = true;
        self
    }

    pub fn run(&self) -> Row {
        self.check();
        let mut times = vec![Vec::new(); self.engines.len()];
        for _ in 0..ROUNDS {
            for ((_, make), times) in self.engines.iter().zip(&mut times) {
                times.push(sample(make()));
            }
        }
        println!("{}", self.name);
        let medians: Vec<f64> = times.into_iter().map(median).collect();
        for ((engine, _), time) in self.engines.iter().zip(&medians) {
            println!(
                "    {engine:<18} {:>12.3} us   x {:.2}",
                time / 1000.0,
                time / medians[0]
            );
        }
        let times = self.engines.iter().zip(&medians);
        let times = times.map(|((engine, _), time)| (*engine, time / 1000.0));
        let (own, peers): (Vec<_>, Vec<_>) =
            times.partition(|(engine, _)| engine.starts_with("echo"));
        Row {
            name: self.name.clone(),
            own,
            peers,
            bar: self.bar,
            has_rollback: self.has_rollback,
        }
    }
}

/// Calls before outcomes are compared.
const CHECKED_CALLS: usize = 3;
/// How far sums of the same numbers in another order may be apart.
const TOLERANCE: f64 = 1e-6;

impl Case {
    /// All engines must come to the same, or their times say nothing.
    fn check(&self) {
        let mut first = None;
        for (engine, make) in &self.engines {
            let mut run = make();
            for _ in 0..CHECKED_CALLS {
                run.call();
            }
            let Some(outcome) = run.outcome() else {
                continue;
            };
            let (_, expected) = *first.get_or_insert((engine, outcome));
            let is_same = (outcome - expected).abs() <= TOLERANCE * expected.abs();
            assert!(
                is_same,
                "{}: {engine} comes to {outcome}, others to {expected}",
                self.name
            );
        }
    }
}

/// The columns of peers: those of which a case has several ways show their fastest.
const PEERS: [&str; 5] = ["hecs", "bevy", "legion", "shipyard", "flecs"];

/// Prints the table of ratios: a line for each way of Echo.
pub fn print_table(rows: &[Row]) {
    let peers = PEERS.map(|peer| format!("{peer}, us")).join(" | ");
    println!(
        "\n| case | way | us | of the first way | {peers} | of the fastest | bar | with rollback |"
    );
    println!("{}|", "|---".repeat(7 + PEERS.len()));
    for row in rows {
        let rollback = if row.has_rollback { "yes" } else { "no" };
        let peers = PEERS.map(|peer| match row.fastest(peer) {
            Some(time) => format!("{time:.3}"),
            None => "-".to_string(),
        });
        let peers = peers.join(" | ");
        for (place, (way, time)) in row.own.iter().enumerate() {
            let first = match place {
                0 => "-".to_string(),
                _ => format!("{:.2}", time / row.own[0].1),
            };
            let ratio = match row.fastest("") {
                Some(peer) => format!("{:.2}", time / peer),
                None => "-".to_string(),
            };
            println!(
                "| {} | {way} | {time:.3} | {first} | {peers} | {ratio} | {} | {rollback} |",
                row.name, row.bar
            );
        }
    }
}

impl Row {
    /// The time of the fastest peer whose name begins so.
    fn fastest(&self, start: &str) -> Option<f64> {
        let named = self
            .peers
            .iter()
            .filter(|(name, _)| name.starts_with(start));
        named.map(|(_, time)| *time).min_by(f64::total_cmp)
    }
}

/// The median of the samples of one round, in nanoseconds a call.
fn sample(mut run: Run) -> f64 {
    let start = Instant::now();
    run.call();
    let once = start.elapsed().max(Duration::from_nanos(20));
    let calls = (SAMPLE_MIN.as_nanos() / once.as_nanos()).clamp(1, 100_000);
    let times = (0..SAMPLES).map(|_| {
        let start = Instant::now();
        for _ in 0..calls {
            run.call();
        }
        start.elapsed().as_nanos() as f64 / calls as f64
    });
    median(times.collect())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
