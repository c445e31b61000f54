//! `cargo xtask check`: every gate, one line each, with its seconds.
//!
//! `.ci/run` installs what the gates need and then calls this with `--all`, so what a person runs
//! and what a machine runs is one list. A gate is one row of [`GATES`]; a command that takes long
//! joins the list with `is_slow`. A gate that cannot run where it is says so itself and passes.
//!
//! INVARIANT: the last line counts tests as `cargo test` itself reported them.
//! Tests: `check/tests.rs`.

#[cfg(test)]
mod tests;

use crate::report::{Failure, Outcome};
use crate::{architecture, docs, judge_binary64, numbers, shell, targets};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

const USAGE: &str = "usage: cargo xtask check [GATE...] [--all] [--list]";

/// One gate: its name, what it guards, whether it is left out of the short run.
struct Gate {
    name: &'static str,
    guards: &'static str,
    is_slow: bool,
    run: fn(&mut Tally) -> Outcome,
}

const GATES: &[Gate] = &[
    Gate {
        name: "format",
        guards: "cargo fmt changes nothing",
        is_slow: false,
        run: format,
    },
    Gate {
        name: "clippy",
        guards: "no warning in any target",
        is_slow: false,
        run: clippy,
    },
    Gate {
        name: "architecture",
        guards: "ARCHITECTURE.md tells the truth",
        is_slow: false,
        run: architecture,
    },
    Gate {
        name: "test",
        guards: "cargo test --workspace",
        is_slow: false,
        run: test,
    },
    Gate {
        name: "rustdoc",
        guards: "the API pages build without a warning",
        is_slow: false,
        run: rustdoc,
    },
    Gate {
        name: "docs",
        guards: "links, requirements and examples hold",
        is_slow: false,
        run: documents,
    },
    Gate {
        name: "numbers",
        guards: "the functions of Q32.32 are MPFR's, 10^5 arguments each",
        is_slow: true,
        run: |_tally| numbers::gate(),
    },
    Gate {
        name: "binary64",
        guards: "binary64 is SoftFloat's, CORE-MATH's, MPFR's and printf's, 10^5 arguments a function",
        is_slow: true,
        run: |_tally| judge_binary64::gate(),
    },
    Gate {
        name: "demo",
        guards: "the README's own command; its result checked without us, and without its caches; a recorded world replayed",
        is_slow: true,
        run: demo,
    },
    Gate {
        name: "targets",
        guards: "an optimised build gives the golden digests",
        is_slow: true,
        run: same_bits,
    },
];

/// What the tests said, added up over every gate that runs some.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// `cargo xtask check`
pub fn run(arguments: &[String]) -> Outcome {
    let mut names: Vec<&str> = Vec::new();
    let mut all = false;
    for argument in arguments {
        match argument.as_str() {
            "--all" => all = true,
            "--list" => return list(),
            flag if flag.starts_with('-') => return Err(Failure::new(USAGE)),
            name if GATES.iter().any(|gate| gate.name == name) => names.push(name),
            name => {
                return Err(Failure::new(format!(
                    "no gate `{name}`; `--list` names them\n{USAGE}"
                )));
            }
        }
    }
    let is_chosen = |gate: &&Gate| {
        if names.is_empty() {
            all || !gate.is_slow
        } else {
            names.contains(&gate.name)
        }
    };
    run_gates(GATES.iter().filter(is_chosen))
}

fn list() -> Outcome {
    for gate in GATES {
        let when = if gate.is_slow { "--all" } else { "" };
        println!("{:<14} {when:<6} {}", gate.name, gate.guards);
    }
    Ok(())
}

fn run_gates<'a>(gates: impl Iterator<Item = &'a Gate>) -> Outcome {
    let start = Instant::now();
    let mut tally = Tally::default();
    let mut summary = Vec::new();
    for gate in gates {
        let begun = Instant::now();
        let outcome = (gate.run)(&mut tally);
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        let line = format!(
            "gate {:<14} {verdict:<7} {:>7.1} s",
            gate.name,
            begun.elapsed().as_secs_f64()
        );
        say(&line);
        summary.push(line);
        if let Err(failure) = outcome {
            return Err(Failure::new(format!(
                "{failure}\n{}\nthe gate `{}` failed: {}",
                summary.join("\n"),
                gate.name,
                gate.guards
            )));
        }
    }
    say("");
    for line in &summary {
        say(line);
    }
    say(&format!(
        "all gates passed in {:.1} s",
        start.elapsed().as_secs_f64()
    ));
    if tally != Tally::default() {
        say(&tally.line());
    }
    Ok(())
}

/// Prints a line at once, also into a pipe.
fn say(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}

impl Tally {
    /// In the words of `cargo test`.
    fn line(&self) -> String {
        format!(
            "test result: ok. {} passed; {} failed; {} ignored",
            self.passed, self.failed, self.ignored
        )
    }

    /// Adds a `test result: ...` line; other lines count nothing.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for count in counts.split(';') {
            let mut words = count.split_whitespace();
            let number = words
                .next()
                .and_then(|word| word.parse::<u64>().ok())
                .unwrap_or_default();
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("ignored") => self.ignored += number,
                _ => {}
            }
        }
    }
}

fn format(_tally: &mut Tally) -> Outcome {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(_tally: &mut Tally) -> Outcome {
    shell::run(shell::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))
}

fn architecture(_tally: &mut Tally) -> Outcome {
    architecture::run(&[])
}

fn test(tally: &mut Tally) -> Outcome {
    run_tests(shell::cargo().args(["test", "--workspace"]), tally)
}

/// Runs a test command, shows what it prints and adds its counts.
fn run_tests(command: &mut Command, tally: &mut Tally) -> Outcome {
    let mut child = command
        .stdout(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| Failure::new(format!("cannot start {command:?}: {error}")))?;
    let printed = child.stdout.take().expect("the output is piped");
    for line in BufReader::new(printed).split(b'\n') {
        let line =
            line.map_err(|error| Failure::new(format!("lost the output of {command:?}: {error}")))?;
        let line = String::from_utf8_lossy(&line);
        tally.add(&line);
        // Thousands of lines that say ok would bury the one that matters.
        if !(line.starts_with("test ") && line.ends_with(" ... ok")) {
            say(&line);
        }
    }
    let status = child
        .wait()
        .map_err(|error| Failure::new(format!("lost {command:?}: {error}")))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{status}: {command:?}")))
}

fn rustdoc(_tally: &mut Tally) -> Outcome {
    let mut cargo = shell::cargo();
    cargo
        .args(["doc", "--workspace", "--no-deps", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings");
    shell::run(&mut cargo)
}

fn documents(_tally: &mut Tally) -> Outcome {
    docs::run(&[])
}

fn same_bits(_tally: &mut Tally) -> Outcome {
    targets::gate()
}

/// Runs the demo into a fresh folder, then has scripts judge what it left there. The same optimised program replays the
/// golden recording of a world of scripts, which a debug build made.
fn demo(_tally: &mut Tally) -> Outcome {
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::new(format!("no temporary folder: {error}")))?;
    let repository = folder.path().join("demo");
    let mut cargo = shell::cargo();
    cargo
        .args(["run", "--release", "--quiet", "--", "demo", "--dir"])
        .arg(&repository)
        .stdin(Stdio::null());
    shell::run(&mut cargo)?;
    let binary = shell::target_directory()?.join("release").join("gatos");
    for script in ["test_without_gatos.sh", "test_caches.sh"] {
        let mut bash = Command::new("bash");
        bash.arg(shell::root().join("docs/scripts").join(script))
            .arg(&repository)
            .env("GATOS", &binary)
            .stdin(Stdio::null());
        shell::run(&mut bash)?;
    }
    for threads in ["1", "3"] {
        let recording = shell::root().join("vectors/echo/harbour.echo");
        let mut replay = Command::new(&binary);
        replay.args(["echo", "replay", "--verify", "--threads", threads]);
        shell::run(replay.arg(recording).stdin(Stdio::null()))?;
    }
    Ok(())
}
