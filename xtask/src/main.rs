//! Automation of this repository: `cargo xtask <command>`.
//!
//! What a person would otherwise do by hand or forget: hold the documents to the code, run every
//! gate, fuzz every decoder. Nothing here is shipped, and nothing here knows the product's types;
//! it reads files and runs programs. A command is one module and one row of [`COMMANDS`].
//!
//! INVARIANT: a complaint names the place and the cure.
//! Tests: beside each module (`architecture/tests.rs`, `markdown/tests.rs`, ...).
#![forbid(unsafe_code)]

mod architecture;
mod check;
mod crash;
mod docs;
mod flags;
mod fuzz;
mod history;
mod judge_binary64;
mod markdown;
mod measure;
mod numbers;
mod power_cut;
mod report;
mod sanitize;
mod shell;
mod soak;
mod sources;
mod targets;

use report::{Failure, Outcome};
use std::process::ExitCode;

/// One automation command: what is typed, one line for the list, what runs.
struct Command {
    name: &'static str,
    summary: &'static str,
    run: fn(&[String]) -> Outcome,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "check",
        summary: "run every gate that fits a coffee break; `check --list` names them, `check --all` adds the slow ones",
        run: check::run,
    },
    Command {
        name: "check-architecture",
        summary: "compare ARCHITECTURE.md with the crates' real dependencies and the sources' postcards",
        run: architecture::run,
    },
    Command {
        name: "check-docs",
        summary: "resolve every link, find every test the requirements name, run every example",
        run: docs::run,
    },
    Command {
        name: "fuzz",
        summary: "fuzz every decoder: `fuzz [TARGET...] [--seconds N] [--jobs N] [--sanitizer address]`",
        run: fuzz::run,
    },
    Command {
        name: "sanitize",
        summary: "run the tests of crates with `unsafe` under AddressSanitizer: `sanitize [CRATE...] [-- TEST ARGUMENTS]`",
        run: sanitize::run,
    },
    Command {
        name: "numbers",
        summary: "judge the functions of Q32.32 by MPFR: `numbers [--arguments N] [--seed N] [--threads N] [FUNCTION...]`",
        run: numbers::run,
    },
    Command {
        name: "judge-binary64",
        summary: "judge binary64 by SoftFloat, CORE-MATH, MPFR and printf: `judge-binary64 [--arguments N] [--mpfr N] [--texts N] [--seed N] [--worst-cases FOLDER]`",
        run: judge_binary64::run,
    },
    Command {
        name: "crash",
        summary: "kill writers and check that nothing is lost: `crash [--kills N] [--writers 1,4,16] [--program gatos]`",
        run: crash::run,
    },
    Command {
        name: "power-cut",
        summary: "cut the power of ext4 and XFS under a writer (root): `power-cut [--cuts N]`",
        run: power_cut::run,
    },
    Command {
        name: "soak",
        summary: "append, fold, verify and clone a million events, and tell what it took: `soak [--events N]`",
        run: soak::run,
    },
    Command {
        name: "targets",
        summary: "the same bits on every target: `targets [TARGET...] [--scale N] [--require TARGET,...] [--list]`",
        run: targets::run,
    },
    Command {
        name: "make-history",
        summary: "make a Git history from a seed: `make-history [--commits N] [--paths N] [--seed N] DIR`",
        run: history::run,
    },
    Command {
        name: "measure-demo",
        summary: "time and memory of `gatos demo` on 5,000 and 50,000 commits",
        run: measure::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Outcome {
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", usage());
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", usage());
        return Ok(());
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest),
        None => Err(Failure::new(format!("no command `{name}`\n{}", usage()))),
    }
}

fn usage() -> String {
    let mut text = String::from("cargo xtask <command>\n\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:<20} {}\n", command.name, command.summary));
    }
    text
}
