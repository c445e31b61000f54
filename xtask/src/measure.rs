//! `cargo xtask measure-demo`: how long `gatos demo` takes on a long history, and how much memory.
//!
//! Two histories over the same paths, one ten times as long; each is read once by `git log` alone and once
//! by the demo, whose peak memory the kernel tells (`VmHWM`, without the `git` it starts). The bars: time
//! beside Git's own at most 30 s for 50,000 commits, and peak memory at most 1.2 times that of the short one.

use crate::crash;
use crate::flags::Flags;
use crate::history::{self, Plan};
use crate::report::{Failure, Outcome};
use crate::shell;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const USAGE: &str = "usage: cargo xtask measure-demo [--commits N] [--paths N] [--seed N]";
const SECONDS_MAX: f64 = 30.0;
const MEMORY_RATIO_MAX: f64 = 1.2;

/// `cargo xtask measure-demo`
pub fn run(arguments: &[String]) -> Outcome {
    let flags = Flags::parse(arguments, USAGE, &["commits", "paths", "seed"], 0)?;
    let commits = flags.number("commits", 50_000)?;
    let paths = flags.number("paths", 2_000)?.max(1);
    let seed = flags.number("seed", 1)?;
    let program = crash::release_program()?;
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::new(format!("no temporary folder: {error}")))?;
    let mut peaks = Vec::new();
    for commits in [commits / 10, commits] {
        let history = folder.path().join(format!("history-{commits}.git"));
        let plan = Plan {
            commits,
            paths,
            seed,
        };
        history::make(&plan, &history)?;
        let git_seconds = git_log_seconds(&history)?;
        let home = folder.path().join(format!("home-{commits}"));
        let mut demo = Command::new(&program);
        demo.arg("demo")
            .arg("--from")
            .arg(&history)
            .arg("--dir")
            .arg(folder.path().join(format!("demo-{commits}")))
            .env("GATOS_HOME", home)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let run = watch(&mut demo)?;
        println!(
            "{commits:>7} commits over {paths} paths: demo {:.1} s, git log {git_seconds:.1} s, beside it {:.1} s; \
             processor {:.1} s; peak memory {:.1} MiB",
            run.seconds,
            run.seconds - git_seconds,
            run.processor_seconds,
            run.peak_kibibytes as f64 / 1024.0
        );
        peaks.push((run.peak_kibibytes as f64, run.seconds - git_seconds));
    }
    let [(short_peak, _), (long_peak, beside)] = peaks[..] else {
        return Err(Failure::new("two histories were measured"));
    };
    println!(
        "bars: beside git log {beside:.1} s (at most {SECONDS_MAX} for 50,000 commits); memory {:.2} x (at most {MEMORY_RATIO_MAX})",
        long_peak / short_peak
    );
    Ok(())
}

/// What Git alone needs to say which paths each commit changed, and how much.
fn git_log_seconds(history: &Path) -> Outcome<f64> {
    let begun = Instant::now();
    shell::run(
        Command::new("git")
            .args([
                "log",
                "--all",
                "--reverse",
                "--raw",
                "--numstat",
                "-z",
                "-M",
            ])
            .current_dir(history)
            .stdout(Stdio::null()),
    )?;
    Ok(begun.elapsed().as_secs_f64())
}

struct Run {
    seconds: f64,
    processor_seconds: f64,
    peak_kibibytes: u64,
}

fn watch(command: &mut Command) -> Outcome<Run> {
    let begun = Instant::now();
    let mut child = command
        .spawn()
        .map_err(|error| Failure::new(format!("cannot start {command:?}: {error}")))?;
    let mut peak_kibibytes = 0;
    let mut processor_seconds = 0.0;
    let status = loop {
        peak_kibibytes = peak_kibibytes.max(peak(&child).unwrap_or(0));
        processor_seconds = processor_time(&child).unwrap_or(processor_seconds);
        if let Some(status) = ended(&mut child)? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    if !status.success() {
        return Err(Failure::new(format!("{status}: {command:?}")));
    }
    Ok(Run {
        seconds: begun.elapsed().as_secs_f64(),
        processor_seconds,
        peak_kibibytes,
    })
}

fn ended(child: &mut Child) -> Outcome<Option<ExitStatus>> {
    child
        .try_wait()
        .map_err(|error| Failure::new(format!("lost the demo: {error}")))
}

/// `VmHWM` only grows while a process lives, so the last look tells the peak.
fn peak(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time so far, its finished children included, in seconds.
fn processor_time(child: &Child) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    let fields = text.rsplit(')').next()?.split_whitespace();
    let ticks: Option<Vec<f64>> = fields
        .skip(11)
        .take(4)
        .map(|field| field.parse().ok())
        .collect();
    Some(ticks?.iter().sum::<f64>() / 100.0)
}
