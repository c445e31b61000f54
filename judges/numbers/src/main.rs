//! The judge of Q32.32: every function against MPFR, which is a test tool and no part of the product.
//!
//! MPFR rounds correctly at any precision and tells on which side of the exact value its result lies. With 96
//! bits, more than any result has, that decides every rounding of ours, midpoints included; see `expected`.
//! Arguments come from `arguments`: edges, exact and midpoint cases, inverses of midpoints, neighbours of multiples
//! of π/2, few-bit numbers, and random ones of every size. Small formats are tried in full.
//!
//! INVARIANT: a difference ends the run with exit status 1 and prints function, arguments and both results.
//! Run it by `cargo xtask numbers`. Tests: it is one; `--self-test` shows that it finds a wrong last bit.
#![forbid(unsafe_code)]

mod arguments;
mod expected;
mod options;
mod random;

use arguments::Arguments;
use expected::{Judge, Verdict};
use gatos_numbers::{Function, NumberError};
use options::Options;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(complaint) => {
            eprintln!("{complaint}");
            return ExitCode::from(2);
        }
    };
    println!("seed {}, MPFR {}", options.seed, rug_version());
    let mut difference_count = 0;
    if options.self_test {
        return self_test();
    }
    for &function in &options.functions {
        let begun = Instant::now();
        let exhaustive = exhaustive(function);
        let sampled = sampled(function, &options);
        difference_count += exhaustive.difference_count + sampled.difference_count;
        println!(
            "{:<6} {:>9} of every small format, {:>9} of Q32.32: {} differences, {} errors agreed, {:.1} s",
            function.name(),
            exhaustive.count,
            sampled.count,
            exhaustive.difference_count + sampled.difference_count,
            exhaustive.error_count + sampled.error_count,
            begun.elapsed().as_secs_f64()
        );
    }
    if difference_count == 0 {
        println!("0 differences");
        ExitCode::SUCCESS
    } else {
        println!("{difference_count} differences");
        ExitCode::FAILURE
    }
}

fn rug_version() -> String {
    let text = gmp_mpfr_sys::mpfr::VERSION_MAJOR;
    let minor = gmp_mpfr_sys::mpfr::VERSION_MINOR;
    format!("{text}.{minor}")
}

/// What one run found.
#[derive(Clone, Copy, Default)]
struct Tally {
    count: u64,
    error_count: u64,
    difference_count: u64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.count += other.count;
        self.error_count += other.error_count;
        self.difference_count += other.difference_count;
    }

    fn take<const F: u32>(
        &mut self,
        judge: &mut Judge,
        function: Function,
        first: i64,
        second: i64,
    ) {
        let ours = function.evaluate_at_width::<F>(first, second);
        self.compare::<F>(judge, function, first, second, ours);
    }

    fn compare<const F: u32>(
        &mut self,
        judge: &mut Judge,
        function: Function,
        first: i64,
        second: i64,
        ours: Verdict,
    ) {
        let theirs = judge.judge::<F>(function, first, second);
        self.count += 1;
        self.error_count += u64::from(theirs.is_err());
        if ours != theirs {
            self.difference_count += 1;
            if self.difference_count <= 10 {
                println!(
                    "DIFFERENCE {} F={F} first={first} second={second}: ours {ours:?}, exact {theirs:?}",
                    function.name()
                );
            }
        }
    }
}

/// All arguments of Q8.8, or all pairs of Q4.4; also Q2.2.
fn exhaustive(function: Function) -> Tally {
    let mut judge = Judge::new();
    let mut tally = Tally::default();
    if function.is_binary() {
        for first in -128..128i64 {
            for second in -128..128i64 {
                tally.take::<4>(&mut judge, function, first << 28, second << 28);
            }
        }
        for first in -8..8i64 {
            for second in -8..8i64 {
                tally.take::<2>(&mut judge, function, first << 30, second << 30);
            }
        }
    } else {
        for first in -(1 << 15)..1i64 << 15 {
            tally.take::<8>(&mut judge, function, first << 24, 0);
        }
    }
    tally
}

fn sampled(function: Function, options: &Options) -> Tally {
    let threads = options.threads.max(1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|index| {
                let count =
                    options.arguments / threads + u64::from(index < options.arguments % threads);
                scope.spawn(move || {
                    let mut judge = Judge::new();
                    let mut tally = Tally::default();
                    let mut arguments = Arguments::new(function, options.seed, index);
                    for _ in 0..count {
                        let (first, second) = arguments.next();
                        tally.take::<32>(&mut judge, function, first, second);
                    }
                    tally
                })
            })
            .collect();
        let mut total = Tally::default();
        for worker in workers {
            total.add(worker.join().expect("a worker does not panic"));
        }
        total
    })
}

/// A judge that finds nothing is worth nothing: results off by one step, and wrong errors, must be told apart.
fn self_test() -> ExitCode {
    let mut judge = Judge::new();
    for function in Function::ALL {
        let (mut tally, mut count) = (Tally::default(), 0);
        for index in 1..1000i64 {
            let (first, second) = (index << 22, index << 21);
            let wrong = match function.evaluate_at_width::<32>(first, second) {
                Ok(steps) => Ok(steps + 1),
                Err(NumberError::Domain) => Err(NumberError::Overflow),
                Err(_) => Err(NumberError::Domain),
            };
            count += 1;
            let before = tally.difference_count;
            let theirs = judge.judge::<32>(function, first, second);
            tally.difference_count += u64::from(theirs != wrong);
            if tally.difference_count == before {
                println!(
                    "{} {first} {second}: a wrong result passed",
                    function.name()
                );
                return ExitCode::FAILURE;
            }
        }
        println!("{:<6} {count} wrong results found", function.name());
    }
    ExitCode::SUCCESS
}
