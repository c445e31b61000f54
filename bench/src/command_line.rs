//! The `gatos` program itself: what one append costs from a shell.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bed::{Bed, payload};
use crate::report::{Bar, Report};
use crate::statistics::{percentile_ms, scaled};

pub fn run(report: &mut Report) {
    let Some(program) = build() else {
        eprintln!("  SKIPPED: `gatos` cannot be built here");
        return;
    };
    let bed = Bed::new();
    let mut times: Vec<Duration> = (0..scaled(200))
        .map(|number| append(&program, &bed, number))
        .collect();
    report.add(
        "gatos event append, p50",
        percentile_ms(&mut times, 50),
        "ms",
        Some(Bar::AtMost(30.0)),
    );
    report.add(
        "gatos event append, p99",
        percentile_ms(&mut times, 99),
        "ms",
        None,
    );
}

fn append(program: &Path, bed: &Bed, number: usize) -> Duration {
    let payload =
        gatos_values::json::encode_canonical(&payload(number)).expect("the payload is JSON");
    let begun = Instant::now();
    let status = Command::new(program)
        .arg("-C")
        .arg(bed.repository())
        .args([
            "event",
            "append",
            "--json",
            "--ns",
            "c0",
            "--type",
            "meter.read",
        ])
        .args(["--payload", &String::from_utf8_lossy(&payload)])
        .env("GATOS_HOME", bed.home())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("gatos starts");
    let taken = begun.elapsed();
    assert!(status.success(), "gatos event append: {status}");
    taken
}

/// The release build of the workspace beside us; `GATOS_PROGRAM` names another.
pub fn build() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("GATOS_PROGRAM") {
        return Some(PathBuf::from(program));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--package", "gatos-cli"])
        .current_dir(root)
        .status()
        .ok()?;
    let target = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(shared) => PathBuf::from(shared),
        None => root.join("target"),
    };
    let program = target.join("release").join("gatos");
    (built.success() && program.exists()).then_some(program)
}
