//! `cargo xtask targets`: the sweeps on every target that can be run here, and one table of what came out.
//!
//! The program `gatos-sweeps` prints a digest a topic. It is built and run for each target, and every line is compared
//! with the golden digests, or above scale 1 with what the native program printed, once that was itself held to the
//! golden digests. What prepares, builds and emulates is `scripts/targets.sh`; `compare` says what a difference is,
//! `explain` finds the first case that shows it.
//!
//! INVARIANT: a target that was not run is never called the same.
//! Page: `docs/targets.md`. Tests: `targets/tests.rs`, `targets/compare/tests.rs`, `targets/machine/tests.rs`.

mod compare;
mod explain;
mod list;
mod machine;
mod sweep;
mod table;

#[cfg(test)]
mod tests;

use crate::flags::Flags;
use crate::report::{Failure, Outcome};
use crate::shell;
use compare::Report;
use list::TARGETS;
use machine::Here;
use std::time::Duration;
use sweep::sweep;
use table::Row;

const USAGE: &str = "usage: cargo xtask targets [TARGET...] [--scale N] [--require TARGET,...|able] [--limit-seconds N] [--json] [--list]";

/// Where the digests at scale 1 lie.
const GOLDEN: &str = "vectors/sweeps/digests.tsv";

/// The word that requires every target this machine says it can prepare.
const ABLE: &str = "able";

/// How long one program may run before it counts as hanging.
const LIMIT_SECONDS: u64 = 900;

/// What is wanted of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    /// Triples, the host's aside, which always runs.
    triples: Vec<String>,
    scale: u64,
    /// Triples that have to run.
    required: Required,
    limit: Duration,
}

/// Which targets may not be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Required {
    Named(Vec<String>),
    /// Each that this machine says it can prepare.
    WhereAble,
}

/// `cargo xtask targets`
pub fn run(arguments: &[String]) -> Outcome {
    let mut arguments = arguments.to_vec();
    let (is_list, is_json) = (
        take_switch(&mut arguments, "--list"),
        take_switch(&mut arguments, "--json"),
    );
    let known = ["scale", "require", "limit-seconds"];
    let flags = Flags::parse(&arguments, USAGE, &known, TARGETS.len())?;
    if is_list {
        TARGETS.iter().for_each(|target| println!("{target}"));
        return Ok(());
    }
    let wish = wish_of(&flags)?;
    let rows = sweep(&Here::new(wish.limit)?, &golden()?, &wish)?;
    if is_json {
        println!("{}", table::json(&rows));
    } else {
        print!("{}", table::text(&rows));
    }
    settle(&rows)
}

/// The gate of `cargo xtask check`: natively, optimised, four times as much as the tests do. A foreign target costs
/// minutes of building, and a standard library of its own where the machine was not prepared: the gate has no room for
/// them; the hosted job of foreign targets and `cargo xtask targets` do.
pub fn gate() -> Outcome {
    let wish = Wish {
        triples: Vec::new(),
        scale: 4,
        required: Required::Named(Vec::new()),
        limit: Duration::from_secs(LIMIT_SECONDS),
    };
    let rows = sweep(&Here::new(wish.limit)?, &golden()?, &wish)?;
    print!("{}", table::text(&rows));
    settle(&rows)
}

fn take_switch(arguments: &mut Vec<String>, name: &str) -> bool {
    let count = arguments.len();
    arguments.retain(|argument| argument != name);
    arguments.len() < count
}

fn golden() -> Outcome<Report> {
    let text = shell::read(&shell::root().join(GOLDEN))?;
    Report::parse(&text).map_err(|reason| Failure::new(format!("{GOLDEN}: {reason}")))
}

fn wish_of(flags: &Flags) -> Outcome<Wish> {
    let mut triples: Vec<String> = Vec::new();
    while let Some(word) = flags.word(triples.len()) {
        triples.push(known_triple(word)?);
    }
    if triples.is_empty() {
        triples = TARGETS
            .iter()
            .map(|target| target.triple.to_owned())
            .collect();
    }
    let named = flags.text("require").unwrap_or_default();
    let named = named.split(',').filter(|triple| !triple.is_empty());
    let required = if flags.text("require") == Some(ABLE) {
        Required::WhereAble
    } else {
        Required::Named(named.map(known_triple).collect::<Outcome<_>>()?)
    };
    if let Required::Named(required) = &required {
        // What has to run is run, whether it was named before or not.
        let unnamed = required.iter().filter(|triple| !triples.contains(triple));
        let unnamed: Vec<String> = unnamed.cloned().collect();
        triples.extend(unnamed);
    }
    let scale = flags.number("scale", 1)?;
    if scale == 0 {
        return Err(flags.usage());
    }
    Ok(Wish {
        triples,
        scale,
        required,
        limit: Duration::from_secs(flags.number("limit-seconds", LIMIT_SECONDS)?),
    })
}

fn known_triple(triple: &str) -> Outcome<String> {
    if list::find(triple).is_some() {
        return Ok(triple.to_owned());
    }
    Err(Failure::new(format!(
        "no target `{triple}`; `--list` names them\n{USAGE}"
    )))
}

/// Whether the command ends well: nothing differs, nothing is broken, everything required was run.
fn settle(rows: &[Row]) -> Outcome {
    let failed: Vec<&str> = rows
        .iter()
        .filter(|row| row.fails())
        .map(Row::triple)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "not the same bits everywhere, or not known: {}\n    cure: below the table stands what differs first; docs/targets.md tells how to look at more",
        failed.join(", ")
    )))
}
