//! From a Lua source to a `.rgf`: the front end's findings, what the program declares, and a first run of its top level.
//!
//! Nothing here is needed to run a compiled fold. What a reader of a `.rgf` checks again is in `declared` and in the
//! verifier of ELC.
//!
//! Guide: `docs/guide/folds.md`. Tests: `tests/it/program.rs`.

use super::declared::{Declared, Mistake};
use super::{Program, ProgramCause, ProgramFault};
use crate::compile::Compiled;
use crate::path;
use crate::rgf::RGF_SIZE_MAX;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use gatos_echolua::finding::Place;
use gatos_echolua::syntax::tree::{ExpressionKind, FunctionBody, StatementKind};
use gatos_echolua::syntax::walk::{self, Node};
use gatos_echolua::{Profile, Severity as LuaSeverity, elc, syntax};
use gatos_values::Sha256Digest;
use gatos_yaml::{Finding, Position, Severity};

/// Compiles a fold written in Lua; `name` is the source's in reports of errors at run time.
///
/// # Errors
/// All findings, warnings included, in source order; at least one is an error.
pub fn compile_lua(source: &str, name: &str) -> Result<Compiled, Vec<Finding>> {
    let compiled = gatos_echolua::compile(source.as_bytes(), Profile::Fold);
    let mut findings: Vec<Finding> = compiled
        .findings
        .iter()
        .map(|finding| shown(source, finding))
        .collect();
    let parsed = syntax::parse(source.as_bytes(), Profile::Fold);
    findings.extend(bad_paths(source, &parsed.main));
    let Some(module) = compiled.module else {
        return Err(sorted(findings));
    };
    let program = match Declared::of(&module) {
        Err(mistake) => {
            findings.push(shown_mistake(source, &parsed.main, mistake));
            return Err(sorted(findings));
        }
        Ok(_) => Program::new(&module, name).map_err(|error| {
            let hint = "split the function or the expression";
            vec![Finding::error(
                Position::START,
                "limit",
                error.to_string(),
                hint,
            )]
        })?,
    };
    findings.extend(warnings(source, &parsed.main, &program.declared));
    findings.extend(first_run(&program));
    let rgf = program
        .encode()
        .ok()
        .filter(|rgf| rgf.len() <= RGF_SIZE_MAX);
    let Some(rgf) = rgf else {
        let message = "the compiled fold is too large".to_string();
        findings.push(Finding::error(
            Position::START,
            "too-large",
            message,
            "split the fold",
        ));
        return Err(sorted(findings));
    };
    if findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        return Err(sorted(findings));
    }
    Ok(Compiled {
        fold_root: Sha256Digest::of(&rgf),
        rgf,
        map: Some(elc::encode_map(&module, name)),
        warnings: sorted(findings),
    })
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
}

/// Places of the front end count bytes, findings count characters.
fn position(source: &str, place: Place) -> Position {
    Position {
        line: place.line.max(1),
        column: place.column_in_characters(source),
    }
}

fn shown(source: &str, finding: &gatos_echolua::Finding) -> Finding {
    let place = position(source, finding.place);
    let (message, hint) = (finding.message.clone(), finding.hint.as_str());
    match finding.severity {
        LuaSeverity::Error => Finding::error(place, finding.rule, message, hint),
        LuaSeverity::Warning => Finding::warning(place, finding.rule, message, hint),
    }
}

fn shown_mistake(source: &str, main: &FunctionBody<'_>, mistake: Mistake) -> Finding {
    let place =
        assignment_of(main, mistake.name).map_or(Position::START, |place| position(source, place));
    Finding::error(place, mistake.rule, mistake.message, mistake.hint)
}

/// The last place where a global is assigned: a second assignment is the one too many.
fn assignment_of(main: &FunctionBody<'_>, name: &str) -> Option<Place> {
    let mut found = None;
    walk::walk(main, &mut |node| {
        if let Node::Statement(statement) = node
            && let StatementKind::Assign(targets, _) = &statement.kind
        {
            let mut targets = targets.iter();
            let is_it = |kind: &ExpressionKind<'_>| matches!(kind, ExpressionKind::Name(text) if *text == name);
            found = targets
                .find(|target| is_it(&target.kind))
                .map(|target| target.place)
                .or(found);
        }
    });
    found
}

/// Paths that are written out and may not be written to.
fn bad_paths(source: &str, main: &FunctionBody<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    walk::walk(main, &mut |node| {
        let Node::Expression(expression) = node else {
            return;
        };
        let ExpressionKind::Call(function, arguments) = &expression.kind else {
            return;
        };
        let is_emit = matches!(function.kind, ExpressionKind::Name("emit_json_canonical"));
        if let (true, Some(first)) = (is_emit, arguments.first())
            && let ExpressionKind::Text(bytes) = &first.kind
        {
            let text = String::from_utf8_lossy(bytes);
            if let Err(error) = path::check_emitted(core::iter::once(&*text)) {
                let place = position(source, first.place);
                let hint =
                    "start the path with `state/`; use letters, digits, `_`, `-` and inner dots";
                findings.push(Finding::error(place, "bad-path", error.to_string(), hint));
            }
        }
    });
    findings
}

fn warnings(source: &str, main: &FunctionBody<'_>, declared: &Declared) -> Option<Finding> {
    let place = assignment_of(main, "allow").filter(|_| declared.allows_draws)?;
    Some(Finding::warning(
        position(source, place),
        "draws",
        "a fold that draws is run over all events each time".to_string(),
        "leave `rng` out if the events can decide",
    ))
}

/// Runs the top level once, so that what fails there fails now.
fn first_run(program: &Program) -> Option<Finding> {
    let names: &[&str] = match (program.declared.has_batch, program.declared.has_stream) {
        (true, true) => &["fold", "init", "step", "emit"],
        (true, false) => &["fold"],
        (false, _) => &["init", "step", "emit"],
    };
    program.check_functions(names).err().map(|fault| {
        let place = line_of(&fault).map_or(Position::START, |line| Position { line, column: 1 });
        let what = match fault.cause {
            ProgramCause::Wrong(_) => "",
            _ => "the top level fails: ",
        };
        let message = format!("{what}{}", fault.cause);
        Finding::error(place, "load", message, fault.hint())
    })
}

fn line_of(fault: &ProgramFault) -> Option<u32> {
    let place = fault.trace.first()?.split_once(": in ")?.0;
    place.rsplit_once(':')?.1.parse().ok()
}
