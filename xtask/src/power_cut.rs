//! `cargo xtask power-cut`: simulated power cuts on ext4 and XFS, as many as one likes.
//!
//! Needs root, a loop device, `mkfs.ext4`, `mkfs.xfs` and `python3`; a file system that cannot be made is said
//! to be skipped. What a cut is: `crates/node/tests/crash/power_cut.rs`.

use crate::crash;
use crate::flags::Flags;
use crate::report::Outcome;
use crate::shell;

const USAGE: &str = "usage: cargo xtask power-cut [--cuts N on each file system] [--seed N]";

/// `cargo xtask power-cut`
pub fn run(arguments: &[String]) -> Outcome {
    let flags = Flags::parse(arguments, USAGE, &["cuts", "seed"], 0)?;
    let cuts = flags.number("cuts", 40)?;
    let mut harness = crash::harness("power_cut::");
    harness.env("GATOS_CRASH_CUTS", cuts.to_string());
    if let Some(seed) = flags.text("seed") {
        harness.env("GATOS_CRASH_SEED", seed);
    }
    shell::run(&mut harness)
}
