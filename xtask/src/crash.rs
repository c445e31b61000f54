//! `cargo xtask crash`: the kill -9 harness, for as long as one likes.
//!
//! The harness is a test binary of the node (`crates/node/tests/crash`); CI runs 200 kills of it with all
//! other tests. Here it runs alone, optimised, with the numbers of the command line. With `--program gatos`
//! rows of `gatos event append` processes are killed instead of a writer that lives on.

use crate::flags::Flags;
use crate::report::{Failure, Outcome};
use crate::shell;
use std::process::Command;

const USAGE: &str =
    "usage: cargo xtask crash [--kills N] [--writers 1,4,16] [--seed N] [--program gatos|PATH]";

/// `cargo xtask crash`
pub fn run(arguments: &[String]) -> Outcome {
    let flags = Flags::parse(
        arguments,
        USAGE,
        &["kills", "writers", "seed", "program"],
        0,
    )?;
    let kills = flags.number("kills", 1000)?;
    let program = match flags.text("program") {
        None => None,
        Some("gatos") => Some(release_program()?),
        Some(path) => Some(path.into()),
    };
    for writers in flags.text("writers").unwrap_or("1,4,16").split(',') {
        let mut harness = harness(test_of(writers)?);
        harness.env("GATOS_CRASH_KILLS", kills.to_string());
        if let Some(seed) = flags.text("seed") {
            harness.env("GATOS_CRASH_SEED", seed);
        }
        if let Some(program) = &program {
            harness.env("GATOS_CRASH_PROGRAM", program);
        }
        shell::run(&mut harness)?;
    }
    Ok(())
}

fn test_of(writers: &str) -> Outcome<&'static str> {
    match writers {
        "1" => Ok("kills::one_writer"),
        "4" => Ok("kills::four_writers"),
        "16" => Ok("kills::sixteen_writers"),
        _ => Err(Failure::new(USAGE)),
    }
}

/// The tests of the harness whose name begins so, optimised, with what they print.
pub fn harness(test: &str) -> Command {
    let mut cargo = shell::cargo();
    cargo.args([
        "test",
        "--release",
        "--quiet",
        "--package",
        "gatos-node",
        "--test",
        "crash",
        "--",
        test,
        "--nocapture",
        "--test-threads=1",
    ]);
    cargo
}

/// The `gatos` program, built optimised.
pub fn release_program() -> Outcome<std::path::PathBuf> {
    shell::run(shell::cargo().args(["build", "--release", "--quiet", "--package", "gatos-cli"]))?;
    Ok(shell::target_directory()?.join("release").join("gatos"))
}
