//! Samples, medians, and the table of ratios.

use std::time::{Duration, Instant};

/// A run: made once a round, then called for each sample.
pub type Run = Box<dyn FnMut()>;

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
    micros: f64,
    /// The fastest peer with its time.
    peer: Option<(&'static str, f64)>,
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
        let peers = self.engines.iter().zip(&medians).skip(1);
        let peers = peers.filter(|((engine, _), _)| !engine.starts_with("echo"));
        let peer = peers.min_by(|(_, left), (_, right)| left.total_cmp(right));
        Row {
            name: self.name.clone(),
            micros: medians[0] / 1000.0,
            peer: peer.map(|((engine, _), time)| (*engine, time / 1000.0)),
            bar: self.bar,
            has_rollback: self.has_rollback,
        }
    }
}

/// Prints the table of ratios.
pub fn print_table(rows: &[Row]) {
    println!("\n| case | Echo, us | fastest peer, us | Echo / peer | bar | with rollback |");
    println!("|---|---|---|---|---|---|");
    for row in rows {
        let (peer, ratio) = match row.peer {
            Some((name, time)) => (
                format!("{name} {time:.3}"),
                format!("{:.2}", row.micros / time),
            ),
            None => ("-".to_string(), "-".to_string()),
        };
        let rollback = if row.has_rollback { "yes" } else { "no" };
        println!(
            "| {} | {:.3} | {peer} | {ratio} | {} | {rollback} |",
            row.name, row.micros, row.bar
        );
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
