//! Samples and medians.

use std::time::{Duration, Instant};

/// A run: made once a round, then called for each sample.
pub type Run = Box<dyn FnMut()>;

/// One case with its engines.
pub struct Case {
    pub name: String,
    engines: Vec<(&'static str, Box<dyn Fn() -> Run>)>,
}

const ROUNDS: usize = 5;
const SAMPLES: usize = 15;
const SAMPLE_MIN: Duration = Duration::from_micros(1500);

impl Case {
    pub fn new(name: impl Into<String>) -> Case {
        Case {
            name: name.into(),
            engines: Vec::new(),
        }
    }

    pub fn with(mut self, engine: &'static str, make: impl Fn() -> Run + 'static) -> Case {
        self.engines.push((engine, Box::new(make)));
        self
    }

    pub fn run(&self) {
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
    }
}

/// The median of the samples of one round, in nanoseconds a call.
fn sample(mut run: Run) -> f64 {
    let start = Instant::now();
    run();
    let once = start.elapsed().max(Duration::from_nanos(20));
    let calls = (SAMPLE_MIN.as_nanos() / once.as_nanos()).clamp(1, 100_000);
    let times = (0..SAMPLES).map(|_| {
        let start = Instant::now();
        for _ in 0..calls {
            run();
        }
        start.elapsed().as_nanos() as f64 / calls as f64
    });
    median(times.collect())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
