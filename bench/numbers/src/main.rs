//! Nanoseconds per operation of Q32.32, in dependent chains, beside host `f64`, crates `fixed`, `libm`, CORE-MATH.
//!
//! Sums, products and quotients run as chains of their own: each takes the result before it. A function's
//! argument comes from a list, changed by the result before it in no bit, which the compiler cannot know: so no call
//! can begin before the last one ended, and arguments stay where we want them. Contenders take turns within a round,
//! so that a busy machine disturbs all alike; the median of the rounds is printed, and the ratio to the host's.
//!
//! usage: gatos-bench-numbers [--rounds N]      CORE-MATH needs `--features core-math` and cmake.
#![forbid(unsafe_code)]

mod arguments;
mod chains;

use arguments::{Domain, domain};
use chains::{Chain, Contender, Operation};
use std::time::Instant;

/// What issue and page promise for a ratio.
struct Bar {
    operation: &'static str,
    ratio_max: f64,
}

const BARS: [Bar; 4] = [
    Bar {
        operation: "add",
        ratio_max: 1.2,
    },
    Bar {
        operation: "sub",
        ratio_max: 1.2,
    },
    Bar {
        operation: "mul",
        ratio_max: 3.0,
    },
    Bar {
        operation: "div",
        ratio_max: 6.0,
    },
];
const FUNCTION_RATIO_MAX: f64 = 25.0;
const FUNCTION_MEAN_MAX: f64 = 10.0;

fn main() {
    let rounds = rounds();
    println!(
        "median of {rounds} rounds, ns per operation in a dependent chain; ratios to the host's f64\n"
    );
    println!(
        "{:<8} {:>9} {:>9} {:>7} {:>9} {:>9} {:>9}",
        "", "host f64", "Q32.32", "ratio", "fixed", "libm", "core-math"
    );
    let mut logarithms = Vec::new();
    for operation in chains::operations() {
        let medians = measure(&operation, rounds);
        let ratio = medians[1] / medians[0];
        let text = |index: usize| match medians.get(index) {
            Some(value) if value.is_finite() => format!("{value:.1}"),
            _ => "–".to_owned(),
        };
        let bar = BARS.iter().find(|bar| bar.operation == operation.name);
        let ratio_max = bar.map_or(FUNCTION_RATIO_MAX, |bar| bar.ratio_max);
        let verdict = if ratio <= ratio_max {
            ""
        } else {
            "  over its bar"
        };
        println!(
            "{:<8} {:>9} {:>9} {:>7.2} {:>9} {:>9} {:>9}{verdict}",
            operation.name,
            text(0),
            text(1),
            ratio,
            text(2),
            text(3),
            text(4)
        );
        if operation.is_function {
            logarithms.push(ratio.ln());
        }
    }
    let mean = (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp();
    println!("\ngeometric mean of the functions' ratios: {mean:.2} (bar {FUNCTION_MEAN_MAX})");
}

fn rounds() -> usize {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        [] => 31,
        [flag, count] if flag == "--rounds" => count.parse().expect("a number of rounds"),
        _ => panic!("usage: gatos-bench-numbers [--rounds N]"),
    }
}

/// The median time of each contender; infinite where there is none.
fn measure(operation: &Operation, rounds: usize) -> Vec<f64> {
    let domain: Domain = domain(operation.name);
    let mut times = vec![Vec::new(); operation.contenders.len()];
    for _ in 0..rounds {
        for (contender, times) in operation.contenders.iter().zip(&mut times) {
            if let Some(chain) = contender {
                times.push(time(chain, &domain));
            }
        }
    }
    times.into_iter().map(median).collect()
}

fn time(chain: &Contender, domain: &Domain) -> f64 {
    let begun = Instant::now();
    let count: Chain = std::hint::black_box(chain(std::hint::black_box(domain)));
    begun.elapsed().as_nanos() as f64 / count as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::INFINITY)
}
