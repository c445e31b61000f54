//! `cargo xtask soak`: a long run, its latencies, its memory, and whether everything still verifies.
//!
//! What is done: `crates/node/tests/crash/soak.rs`. Figures are printed, none is asserted.

use crate::crash;
use crate::flags::Flags;
use crate::report::Outcome;
use crate::shell;

const USAGE: &str = "usage: cargo xtask soak [--events N] [--seed N]";

/// `cargo xtask soak`
pub fn run(arguments: &[String]) -> Outcome {
    let flags = Flags::parse(arguments, USAGE, &["events", "seed"], 0)?;
    let events = flags.number("events", 1_000_000)?;
    let mut harness = crash::harness("soak::");
    harness
        .arg("--ignored")
        .env("GATOS_SOAK_EVENTS", events.to_string());
    if let Some(seed) = flags.text("seed") {
        harness.env("GATOS_CRASH_SEED", seed);
    }
    shell::run(&mut harness)
}
