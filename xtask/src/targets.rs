//! `cargo xtask targets`: the sweeps on every target that can be run here, and one table of what came out.
//!
//! The program `gatos-sweeps` prints a digest a topic. It is built and run for each target, and every line is compared
//! with the golden digests, or above scale 1 with what the native program printed, once that was itself held to the
//! golden digests. What prepares, builds and emulates is `scripts/targets.sh`; what a difference is, `compare` says.
//!
//! INVARIANT: a target that was not run is never called the same.
//! Page: `docs/targets.md`. Tests: `targets/tests.rs`, `targets/compare/tests.rs`, `targets/machine/tests.rs`.

mod compare;
mod list;
mod machine;
mod table;

#[cfg(test)]
mod tests;

use crate::flags::Flags;
use crate::report::{Failure, Outcome};
use crate::shell;
use compare::{Report, Verdict};
use list::{TARGETS, Target};
use machine::{Here, Machine};
use std::time::{Duration, Instant};
use table::Row;

const USAGE: &str = "usage: cargo xtask targets [TARGET...] [--scale N] [--require TARGET,...] [--limit-seconds N] [--json] [--list]";

/// Where the digests at scale 1 lie.
const GOLDEN: &str = "vectors/sweeps/digests.tsv";

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

/// The gate of `cargo xtask check`: natively, another C library, 32 bits, the other byte order.
pub fn gate() -> Outcome {
    let wish = Wish {
        triples: [
            "x86_64-unknown-linux-musl",
            "wasm32-wasip1",
            "s390x-unknown-linux-gnu",
        ]
        .map(str::to_owned)
        .to_vec(),
        scale: 4,
        required: Required::WhereAble,
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
    let required: Vec<String> = named.map(known_triple).collect::<Outcome<_>>()?;
    // What has to run is run, whether it was named before or not.
    let unnamed = required.iter().filter(|triple| !triples.contains(triple));
    let unnamed: Vec<String> = unnamed.cloned().collect();
    triples.extend(unnamed);
    let scale = flags.number("scale", 1)?;
    if scale == 0 {
        return Err(flags.usage());
    }
    Ok(Wish {
        triples,
        scale,
        required: Required::Named(required),
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

/// Runs the sweeps everywhere, the host first.
fn sweep(machine: &dyn Machine, golden: &Report, wish: &Wish) -> Outcome<Vec<Row>> {
    let host = machine.host();
    let (first, reference) = sweep_host(machine, &host, golden, wish.scale)?;
    let mut rows = vec![first];
    for triple in wish.triples.iter().filter(|triple| **triple != host.triple) {
        let target =
            list::find(triple).ok_or_else(|| Failure::new(format!("no target `{triple}`")))?;
        rows.push(sweep_target(machine, target, &reference, wish));
    }
    Ok(rows)
}

/// The host's row, and what the other targets are compared with.
fn sweep_host(
    machine: &dyn Machine,
    host: &Target,
    golden: &Report,
    scale: u64,
) -> Outcome<(Row, Report)> {
    let begun = Instant::now();
    let program = machine.build(host).map_err(Failure::new)?;
    let ran = Instant::now();
    let outcome = machine.run(host, &program, 1);
    let verdict = judge(&outcome, golden);
    // A host that is wrong itself is no measure for others; the golden digests still are.
    let reference = match verdict {
        Verdict::Same { .. } if scale > 1 => {
            let text = machine.run(host, &program, scale).map_err(Failure::new)?;
            Report::parse(&text).map_err(Failure::new)?
        }
        _ => golden.clone(),
    };
    let row = Row::new(host, verdict, ran - begun, ran.elapsed(), true);
    Ok((row, reference))
}

fn sweep_target(machine: &dyn Machine, target: &Target, reference: &Report, wish: &Wish) -> Row {
    let begun = Instant::now();
    let able = machine.able(target);
    let is_required = match &wish.required {
        Required::Named(triples) => triples.iter().any(|triple| triple == target.triple),
        Required::WhereAble => able.is_ok(),
    };
    let prepared = able.and_then(|()| machine.prepare(target));
    let verdict = match prepared {
        Err(reason) => Verdict::NotRun { reason },
        Ok(()) => match machine.build(target) {
            Err(reason) => Verdict::Broken { reason },
            Ok(program) => {
                let ran = Instant::now();
                let verdict = judge(&machine.run(target, &program, wish.scale), reference);
                return Row::new(target, verdict, ran - begun, ran.elapsed(), is_required);
            }
        },
    };
    Row::new(
        target,
        verdict,
        begun.elapsed(),
        Duration::ZERO,
        is_required,
    )
}

fn judge(outcome: &Result<String, String>, reference: &Report) -> Verdict {
    match outcome.as_ref().map(|text| Report::parse(text)) {
        Err(reason) => Verdict::Broken {
            reason: reason.clone(),
        },
        Ok(Err(reason)) => Verdict::Broken { reason },
        Ok(Ok(report)) => reference.compare(&report),
    }
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
        "not the same bits everywhere, or not known: {}\n    cure: see what a case does with `gatos-sweeps --cases TOPIC` and `--show TOPIC CASE` on both targets; docs/targets.md tells how",
        failed.join(", ")
    )))
}
