//! One run over all wanted targets: the host first, which is held to the golden digests, then the others.

use super::compare::{Report, Verdict};
use super::explain::explain;
use super::list::{self, Target};
use super::machine::Machine;
use super::table::Row;
use super::{Required, Wish};
use crate::report::{Failure, Outcome};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What the other targets are compared with.
struct Reference {
    report: Report,
    /// The scale of that report.
    scale: u64,
    host: Target,
    /// The host's program.
    program: PathBuf,
}

/// Runs the sweeps everywhere.
///
/// # Errors
/// Where the host's own program cannot be built, or breaks at a scale above 1.
pub fn sweep(machine: &dyn Machine, golden: &Report, wish: &Wish) -> Outcome<Vec<Row>> {
    let (first, reference) = sweep_host(machine, golden, wish.scale)?;
    let mut rows = vec![first];
    let host = reference.host.triple;
    for triple in wish.triples.iter().filter(|triple| *triple != host) {
        let target = list::find(triple);
        let target = target.ok_or_else(|| Failure::new(format!("no target `{triple}`")))?;
        rows.push(sweep_target(machine, target, &reference, &wish.required));
    }
    Ok(rows)
}

fn sweep_host(machine: &dyn Machine, golden: &Report, scale: u64) -> Outcome<(Row, Reference)> {
    let host = machine.host();
    let begun = Instant::now();
    let program = machine.build(&host).map_err(Failure::new)?;
    let ran = Instant::now();
    let outcome = machine.run(&host, &program, &["--scale", "1"]);
    let verdict = judge(&outcome, golden);
    let is_measure = scale > 1 && matches!(verdict, Verdict::Same { .. });
    // A host that is wrong itself is no measure for others; the golden digests still are.
    let (report, scale) = if is_measure {
        let text = machine.run(&host, &program, &["--scale", &scale.to_string()]);
        let report = text.and_then(|text| Report::parse(&text));
        (report.map_err(Failure::new)?, scale)
    } else {
        (golden.clone(), 1)
    };
    let row = Row::new(&host, verdict, ran - begun, ran.elapsed(), true);
    let reference = Reference {
        report,
        scale,
        host,
        program,
    };
    Ok((row, reference))
}

fn sweep_target(
    machine: &dyn Machine,
    target: &Target,
    reference: &Reference,
    required: &Required,
) -> Row {
    let begun = Instant::now();
    let able = machine.able(target);
    let is_required = match required {
        Required::Named(triples) => triples.iter().any(|triple| triple == target.triple),
        Required::WhereAble => able.is_ok(),
    };
    let not_run = |reason| Verdict::NotRun { reason };
    let prepared = able.and_then(|()| machine.prepare(target)).map_err(not_run);
    let broken = |reason| Verdict::Broken { reason };
    let built = prepared.and_then(|()| machine.build(target).map_err(broken));
    let ran = Instant::now();
    let program = match built {
        Ok(program) => program,
        Err(verdict) => {
            return Row::new(target, verdict, ran - begun, Duration::ZERO, is_required);
        }
    };
    let scale = reference.scale.to_string();
    let outcome = machine.run(target, &program, &["--scale", &scale]);
    let verdict = judge(&outcome, &reference.report);
    let row = Row::new(
        target,
        verdict.clone(),
        ran - begun,
        ran.elapsed(),
        is_required,
    );
    let on_host = |words: &[&str]| machine.run(&reference.host, &reference.program, words);
    let on_target = |words: &[&str]| machine.run(target, &program, words);
    row.with_notes(explain(&verdict, &reference.report, &on_host, &on_target))
}

fn judge(outcome: &Result<String, String>, reference: &Report) -> Verdict {
    let report = outcome.as_ref().map_err(String::clone);
    match report.and_then(|text| Report::parse(text)) {
        Err(reason) => Verdict::Broken { reason },
        Ok(report) => reference.compare(&report),
    }
}
