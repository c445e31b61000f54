//! The judge of binary64: our operations, functions and texts beside programs of other people.
//!
//! Operations: Berkeley SoftFloat on the operands that TestFloat's level 1 is made of. Functions: CORE-MATH on every
//! argument and MPFR on a share of them. Texts: the system's `printf`. None of these is part of the product.
//!
//! INVARIANT: a difference ends the run with exit status 1, after the first few of each kind were printed with their
//! arguments. `--self-test` shows that one wrong last bit is found. Run it by `cargo xtask judge-binary64`.
#![forbid(unsafe_code)]

mod functions;
mod operands;
mod operations;
mod options;
mod tally;
mod testfloat;
mod texts;

use options::Options;
use std::process::ExitCode;
use tally::Tally;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(complaint) => {
            eprintln!("{complaint}");
            return ExitCode::from(2);
        }
    };
    if options.self_test {
        return self_test();
    }
    let difference_count = match &options.testfloat {
        Some(function) => testfloat::judge(function),
        None => judge_all(&options),
    };
    println!("{difference_count} differences");
    if difference_count == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn judge_all(options: &Options) -> u64 {
    println!("seed {:#x}", options.seed);
    operations::judge(options.seed)
        + functions::judge(options)
        + texts::judge(options.seed, options.texts)
}

/// A judge that finds nothing is worth nothing: a last bit is turned, and must be found.
fn self_test() -> ExitCode {
    let mut tally = Tally::new("self-test");
    tally.compare(&[1, 2], 3, 3);
    tally.compare(&[1, 2], 3, 2);
    let found = tally.finish();
    if found == 1 && functions::finds_a_turned_bit() && operations::finds_a_turned_bit() {
        println!("a turned bit is found");
        ExitCode::SUCCESS
    } else {
        println!("a turned bit was NOT found");
        ExitCode::FAILURE
    }
}
