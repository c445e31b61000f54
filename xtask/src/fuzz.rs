//! `cargo xtask fuzz`: every decoder against libFuzzer, with the toolchain that is there.
//!
//! The targets are a workspace of their own under `fuzz/`; `fuzz/README.md` holds the table of
//! them, which this module reads: target, what it states, which vectors seed it. Building needs no
//! nightly compiler and no `cargo-fuzz`: coverage comes from stable code generation options, and a
//! sanitizer, if asked for, from `RUSTC_BOOTSTRAP=1`. New inputs stay in `fuzz/corpus`, crashes in
//! `fuzz/artifacts`; neither is committed, a crash becomes a vector by hand.
//!
//! INVARIANT: a target in the table and not built, or built and not in the table, is an error.
//! Tests: `fuzz/tests.rs`.

mod seeds;
#[cfg(test)]
mod tests;

use crate::flags::Flags;
use crate::markdown;
use crate::report::{Failure, Outcome};
use crate::shell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const USAGE: &str =
    "usage: cargo xtask fuzz [TARGET...] [--seconds N] [--jobs N] [--sanitizer address]";
const SECONDS: u64 = 60;
/// A single input may take this long before it counts as a hang.
const INPUT_SECONDS_MAX: u64 = 10;
const MEMORY_MIB_MAX: u64 = 2048;

/// Code generation that libFuzzer needs; all of it is stable.
const COVERAGE_FLAGS: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "-Coverflow-checks",
    "-Ccodegen-units=1",
];

/// `cargo xtask fuzz`
pub fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments)?;
    let folder = shell::root().join("fuzz");
    let targets = chosen(targets(&folder)?, &options.names)?;
    let binaries = build(&folder, &targets, options.sanitizer.as_deref())?;
    for target in &targets {
        seed(&folder, target)?;
    }
    let scratch = scratch()?;
    println!(
        "fuzzing {} target(s), {} s each, {} at a time",
        targets.len(),
        options.seconds,
        options.jobs
    );
    let places = Places {
        folder: &folder,
        binaries: &binaries,
        scratch: scratch.path(),
    };
    fuzz_all(&places, &targets, &options)
}

/// Where a run finds its binaries and keeps its files.
struct Places<'a> {
    folder: &'a Path,
    binaries: &'a Path,
    /// For targets whose decoder reads files: in memory where that is possible, removed afterwards.
    scratch: &'a Path,
}

fn scratch() -> Outcome<tempfile::TempDir> {
    let in_memory = Path::new("/dev/shm");
    let made = if in_memory.is_dir() {
        tempfile::tempdir_in(in_memory)
    } else {
        tempfile::tempdir()
    };
    made.map_err(|error| Failure::new(format!("no temporary folder: {error}")))
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    names: Vec<String>,
    seconds: u64,
    jobs: usize,
    sanitizer: Option<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Outcome<Options> {
        let known = ["seconds", "jobs", "sanitizer"];
        let flags = Flags::parse(arguments, USAGE, &known, usize::MAX)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let jobs = flags.number("jobs", cores as u64)?.max(1);
        Ok(Options {
            names: (0..)
                .map_while(|index| flags.word(index))
                .map(str::to_owned)
                .collect(),
            seconds: flags.number("seconds", SECONDS)?,
            jobs: usize::try_from(jobs).map_err(|_| flags.usage())?,
            sanitizer: flags.text("sanitizer").map(str::to_owned),
        })
    }
}

/// A row of the table in `fuzz/README.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    name: String,
    /// Vectors that are first inputs, as `seeds` reads them.
    seeds: Vec<String>,
    size_max: u64,
    /// Features of the workspace that it needs: the crates it looks at.
    features: Vec<String>,
}

fn targets(folder: &Path) -> Outcome<Vec<Target>> {
    let listed = listed_targets(&shell::read(&folder.join("README.md"))?)?;
    let built = built_targets(folder)?;
    let names: BTreeSet<&str> = listed.iter().map(|target| target.name.as_str()).collect();
    let built_names: BTreeSet<&str> = built.keys().map(String::as_str).collect();
    if let Some(odd) = names.symmetric_difference(&built_names).next() {
        return Err(Failure::new(format!(
            "`{odd}` is either in the table of fuzz/README.md or in fuzz/Cargo.toml, not in both\n    cure: add the missing row or the missing `[[bin]]`"
        )));
    }
    let with_features = |target: Target| Target {
        features: built.get(&target.name).cloned().unwrap_or_default(),
        ..target
    };
    Ok(listed.into_iter().map(with_features).collect())
}

fn listed_targets(page: &str) -> Outcome<Vec<Target>> {
    let rows = markdown::table(page, "targets")
        .ok_or_else(|| Failure::new("fuzz/README.md: no table after `<!-- table: targets -->`"))?;
    let target = |row: &markdown::Row| Target {
        name: row.codes("target").concat(),
        seeds: row.codes("seeds"),
        size_max: row.cell("bytes at most").parse().unwrap_or(4096),
        features: Vec::new(),
    };
    Ok(rows.iter().map(target).collect())
}

/// The binaries of the manifest, with the features they need.
fn built_targets(folder: &Path) -> Outcome<BTreeMap<String, Vec<String>>> {
    let manifest = folder.join("Cargo.toml");
    let text = shell::output(
        shell::cargo()
            .args([
                "metadata",
                "--no-deps",
                "--format-version",
                "1",
                "--manifest-path",
            ])
            .arg(manifest),
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))?;
    let targets = metadata["packages"][0]["targets"].as_array();
    let is_binary = |target: &&serde_json::Value| target["kind"][0] == "bin";
    let binaries = targets.into_iter().flatten().filter(is_binary);
    let features = |target: &serde_json::Value| {
        let needed = target["required-features"].as_array();
        let words = needed.into_iter().flatten();
        words
            .filter_map(|word| word.as_str())
            .map(str::to_owned)
            .collect()
    };
    Ok(binaries
        .filter_map(|target| Some((target["name"].as_str()?.to_owned(), features(target))))
        .collect())
}

fn chosen(all: Vec<Target>, names: &[String]) -> Outcome<Vec<Target>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| all.iter().all(|target| target.name != **name))
    {
        let known: Vec<&str> = all.iter().map(|target| target.name.as_str()).collect();
        return Err(Failure::new(format!(
            "no target `{unknown}`; there are: {}",
            known.join(" ")
        )));
    }
    let is_chosen = |target: &Target| names.is_empty() || names.contains(&target.name);
    Ok(all.into_iter().filter(is_chosen).collect())
}

/// Builds the targets with coverage, and of our crates only those they look at; gives the folder of the binaries.
fn build(folder: &Path, targets: &[Target], sanitizer: Option<&str>) -> Outcome<PathBuf> {
    // Naming the host as target keeps the flags away from build scripts and macros.
    let host = shell::host()?;
    let target_directory = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(shared) => PathBuf::from(shared).join("fuzz"),
        None => folder.join("target"),
    };
    let mut flags: Vec<String> = COVERAGE_FLAGS
        .iter()
        .map(|flag| (*flag).to_owned())
        .collect();
    let mut cargo = shell::cargo();
    cargo.current_dir(folder);
    let target_directory = target_directory.join(sanitizer.unwrap_or("plain"));
    if let Some(name) = sanitizer {
        flags.push(format!("-Zsanitizer={name}"));
        cargo.env("RUSTC_BOOTSTRAP", "1");
    }
    cargo
        .args(["build", "--release", "--target", &host])
        .args(targets.iter().flat_map(|target| ["--bin", &target.name]))
        .args(["--features", &features_of(targets)])
        .env("CARGO_TARGET_DIR", &target_directory)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    shell::run(&mut cargo)?;
    Ok(target_directory.join(host).join("release"))
}

fn features_of(targets: &[Target]) -> String {
    let features: BTreeSet<&str> = targets
        .iter()
        .flat_map(|target| target.features.iter().map(String::as_str))
        .collect();
    features.into_iter().collect::<Vec<_>>().join(",")
}

/// Writes the vectors a target starts from into its corpus.
fn seed(folder: &Path, target: &Target) -> Outcome {
    let corpus = folder.join("corpus").join(&target.name);
    make_folder(&corpus)?;
    make_folder(&folder.join("artifacts").join(&target.name))?;
    for named in &target.seeds {
        for (name, input) in seeds::inputs(&shell::root(), named)? {
            let copy = corpus.join(format!("seed-{name}"));
            std::fs::write(&copy, input).map_err(|error| {
                Failure::new(format!("cannot write `{}`: {error}", copy.display()))
            })?;
        }
    }
    Ok(())
}

fn make_folder(path: &Path) -> Outcome {
    std::fs::create_dir_all(path)
        .map_err(|error| Failure::new(format!("cannot make `{}`: {error}", path.display())))
}

/// Runs the targets, `jobs` at a time, and lists those that found something.
fn fuzz_all(places: &Places<'_>, targets: &[Target], options: &Options) -> Outcome {
    let mut waiting = targets.iter();
    let mut running: Vec<(&Target, Child)> = Vec::new();
    let mut broken = Vec::new();
    loop {
        while running.len() < options.jobs {
            let Some(target) = waiting.next() else { break };
            running.push((target, start(places, target, options.seconds)?));
        }
        if running.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
        let mut still = Vec::new();
        for (target, mut child) in running {
            match child.try_wait() {
                Ok(None) => still.push((target, child)),
                Ok(Some(status)) => {
                    println!("{}", summary(places.folder, target, status.success()));
                    if !status.success() {
                        broken.push(target.name.clone());
                    }
                }
                Err(error) => return Err(Failure::new(format!("lost `{}`: {error}", target.name))),
            }
        }
        running = still;
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "found something: {}\n    cure: the input is under fuzz/artifacts, the log beside it; make it a vector and a test",
        broken.join(" ")
    )))
}

fn log_path(folder: &Path, target: &Target) -> PathBuf {
    folder
        .join("artifacts")
        .join(format!("{}.log", target.name))
}

fn start(places: &Places<'_>, target: &Target, seconds: u64) -> Outcome<Child> {
    let folder = places.folder;
    let log = std::fs::File::create(log_path(folder, target))
        .map_err(|error| Failure::new(format!("no log for `{}`: {error}", target.name)))?;
    let artifacts = folder.join("artifacts").join(&target.name);
    Command::new(places.binaries.join(&target.name))
        .env("TMPDIR", places.scratch)
        .arg(folder.join("corpus").join(&target.name))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
        .arg(format!("-max_len={}", target.size_max))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| Failure::new(format!("cannot start `{}`: {error}", target.name)))
}

/// One line on what a finished target did, out of libFuzzer's log.
fn summary(folder: &Path, target: &Target, is_clean: bool) -> String {
    let log = std::fs::read(log_path(folder, target)).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let runs = statistic(&log, "stat::number_of_executed_units:");
    let memory = statistic(&log, "stat::peak_rss_mb:");
    let verdict = if is_clean { "clean" } else { "BROKEN" };
    format!(
        "{verdict:<7} {:<24} {runs:>12} runs, {memory} MiB at most, coverage {}",
        target.name,
        coverage(&log)
    )
}

fn statistic<'a>(log: &'a str, name: &str) -> &'a str {
    let line = log.lines().rev().find_map(|line| line.strip_prefix(name));
    line.map_or("?", str::trim)
}

/// The last `cov: N` of the log.
fn coverage(log: &str) -> &str {
    let after = log.rsplit_once("cov: ").map(|(_, rest)| rest);
    after
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or("?")
}
