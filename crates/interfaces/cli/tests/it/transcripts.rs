//! Every session of tests/transcripts, replayed. `GATOS_BLESS=1` writes what is printed now.
//!
//! With it goes a check of the manuals: a `--json` reply seen in a session must have exactly the
//! fields that its verb's manual lists.

use crate::normal::Names;
use crate::page::{Page, Step};
use crate::stage::{Stage, run};
use gatos_cli::manual::{Field, Manual, REFUSAL};
use gatos_cli::verbs::MANUALS;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// One test a session, so that they run side by side and fail by name.
macro_rules! sessions {
    ($($name:ident)*) => {
        const SESSIONS: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { replay(stringify!($name)); })*
    };
}

sessions! {
    analysis
    canon
    demo
    doctor
    epochs
    events
    folds
    gate
    keys
    leaving
    lsp
    lua
    manners
    policies
    programs
    recordings
    refusals
    repository
    state
    sync
    trust
    whatif
    worlds
}

#[test]
fn every_session_is_replayed() {
    let entries = fs::read_dir(folder()).expect("the sessions are there");
    let on_disk: BTreeSet<String> = entries
        .map(|entry| entry.expect("readable").path())
        .map(|path| {
            path.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(
        on_disk,
        SESSIONS.iter().map(|name| (*name).to_owned()).collect()
    );
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

fn replay(name: &str) {
    let path = folder().join(name).with_extension("md");
    let text = fs::read_to_string(&path).expect("the session is there");
    let page = Page::parse(&text);
    let stage = Stage::new();
    let printed = play(&stage, &page);
    let mut complaints: Vec<String> = Vec::new();
    for (step, lines) in page.steps().zip(&printed) {
        complaints.extend(check_reply(step, lines));
        if step.printed != *lines {
            complaints.push(format!(
                "{name}.md:{}: $ {}\n--- the page\n{}\n--- printed\n{}\n",
                step.line,
                step.command,
                step.printed.join("\n"),
                lines.join("\n")
            ));
        }
    }
    if std::env::var_os("GATOS_BLESS").is_some() {
        fs::write(&path, page.with_printed(printed).to_text()).expect("writable");
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What each step prints, played in one shell so that folders and variables carry on.
fn play(stage: &Stage, page: &Page) -> Vec<Vec<String>> {
    let mut script = "exec 2>&1\n".to_owned();
    for step in page.steps() {
        script.push_str(&format!(
            "{}\nprintf '\\n=== %d ===\\n' \"$?\"\n",
            step.command
        ));
    }
    let path = stage.root().join("session.sh");
    fs::write(&path, script).expect("writable");
    let mut shell = stage.command("bash");
    shell.arg(&path);
    let output = run(shell, b"");
    let mut names = Names::default();
    let text = names.normalised(&String::from_utf8_lossy(&output.stdout), &stage.root());
    let mut printed = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match line
            .strip_prefix("=== ")
            .and_then(|rest| rest.strip_suffix(" ==="))
        {
            Some(status) => {
                printed.push(finished(std::mem::take(&mut lines), status));
            }
            None => lines.push(line.to_owned()),
        }
    }
    assert_eq!(
        printed.len(),
        page.steps().count(),
        "the session broke off: {text}"
    );
    printed
}

/// The lines of a step without the line feed we put before the mark, and with its exit status.
fn finished(mut lines: Vec<String>, status: &str) -> Vec<String> {
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    if status != "0" {
        lines.push(format!("[{status}]"));
    }
    lines
}

/// Holds a reply to the manual of its verb.
fn check_reply(step: &Step, lines: &[String]) -> Vec<String> {
    let is_plain =
        step.command.starts_with("gatos ") && !step.command.contains(['|', '>', '$', ';']);
    if !is_plain || !step.command.contains("--json") {
        return Vec::new();
    }
    let Some(manual) = manual_of(&step.command) else {
        return Vec::new();
    };
    let documents = lines.iter().filter(|line| line.starts_with('{'));
    documents
        .flat_map(|line| check_document(step, manual, line))
        .collect()
}

fn manual_of(command: &str) -> Option<&'static Manual> {
    let words: Vec<&str> = command
        .split_whitespace()
        .filter(|word| !word.starts_with('-'))
        .collect();
    let place = |manual: &Manual| {
        let wanted: Vec<&str> = manual.command.split(' ').collect();
        words
            .windows(wanted.len())
            .position(|window| window == wanted)
    };
    // `gatos help event show` is a call of `help`: the first word that is a command counts.
    let named = MANUALS
        .iter()
        .filter_map(|manual| Some((place(manual)?, *manual)));
    named
        .min_by_key(|(place, manual)| (*place, std::cmp::Reverse(manual.command.len())))
        .map(|(_, manual)| manual)
}

fn check_document(step: &Step, manual: &Manual, line: &str) -> Vec<String> {
    let read: Result<serde_json::Value, _> = serde_json::from_str(line);
    let Ok(serde_json::Value::Object(document)) = read else {
        return vec![format!("line {}: not a JSON object: {line}", step.line)];
    };
    let is_refusal = document.contains_key("code");
    let known: &[Field] = if is_refusal { REFUSAL } else { manual.fields() };
    if known.is_empty() {
        return Vec::new();
    }
    let missing = known
        .iter()
        .filter(|field| !field.optional && !document.contains_key(field.name));
    let mut complaints: Vec<String> = missing
        .map(|field| {
            format!(
                "line {}: `{}` says `{}`, the reply lacks it",
                step.line, manual.command, field.name
            )
        })
        .collect();
    // Refusals may say more: the line, the offset, the findings.
    let unknown = document
        .keys()
        .filter(|key| !is_refusal && known.iter().all(|field| field.name != *key));
    complaints.extend(unknown.map(|key| {
        format!(
            "line {}: the manual of `{}` does not know `{key}`",
            step.line, manual.command
        )
    }));
    complaints
}

/// For people, for programs, and refused: each command is seen in every way it can end.
#[test]
fn every_command_is_seen_in_every_way() {
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for manual in MANUALS {
        missing.insert(format!("{}: for people", manual.command));
        if !manual.fields().is_empty() {
            missing.insert(format!("{}: for programs", manual.command));
        }
        if !manual.no_when.is_empty() {
            missing.insert(format!("{}: refused", manual.command));
        }
    }
    for name in SESSIONS {
        let text = fs::read_to_string(folder().join(name).with_extension("md"));
        let page = Page::parse(&text.expect("the session is there"));
        for step in page.steps() {
            let is_refused = step.printed.last().is_some_and(|line| is_status(line));
            for (manual, is_json) in calls(&step.command) {
                let way = match (is_refused, is_json) {
                    (true, _) => "refused",
                    (false, true) => "for programs",
                    (false, false) => "for people",
                };
                missing.remove(&format!("{}: {way}", manual.command));
            }
        }
    }
    assert!(missing.is_empty(), "not seen in any session: {missing:#?}");
}

/// Whether a line is an exit status in brackets.
fn is_status(line: &str) -> bool {
    let inner = line
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|status| {
        !status.is_empty() && status.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The calls of `gatos` in a shell line, and whether each asks for JSON.
fn calls(command: &str) -> Vec<(&'static Manual, bool)> {
    let parts = command.split([';', '|', '&', '(', ')', '\n']);
    let calls = parts.filter(|part| part.split_whitespace().any(|word| word == "gatos"));
    calls
        .filter_map(|call| {
            let is_json = call.split_whitespace().any(|word| word == "--json");
            manual_of(call).map(|manual| (manual, is_json))
        })
        .collect()
}
