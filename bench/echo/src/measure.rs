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
    /// Echo's own ways, the first one first, with their times.
    own: Vec<(&'static str, f64)>,
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
        let times = self.engines.iter().zip(&medians);
        let times = times.map(|((engine, _), time)| (*engine, time / 1000.0));
        let (own, peers): (Vec<_>, Vec<_>) =
            times.partition(|(engine, _)| engine.starts_with("echo"));
        let peer = peers
            .into_iter()
            .min_by(|(_, left), (_, right)| left.total_cmp(right));
        Row {
            name: self.name.clone(),
            own,
            peer,
            bar: self.bar,
            has_rollback: self.has_rollback,
        }
    }
}

/// Prints the table of ratios: a line for each way of Echo.
pub fn print_table(rows: &[Row]) {
    println!(
        "\n| case | way | us | of the first way | fastest peer, us | of the peer | bar | with rollback |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows {
        let rollback = if row.has_rollback { "yes" } else { "no" };
        for (place, (way, time)) in row.own.iter().enumerate() {
            let first = match place {
                0 => "-".to_string(),
                _ => format!("{:.2}", time / row.own[0].1),
            };
            let (peer, ratio) = match row.peer {
                Some((name, peer)) => (format!("{name} {peer:.3}"), format!("{:.2}", time / peer)),
                None => ("-".to_string(), "-".to_string()),
            };
            println!(
                "| {} | {way} | {time:.3} | {first} | {peer} | {ratio} | {} | {rollback} |",
                row.name, row.bar
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
