//! Golden vectors: the examples' compiled bytes, roots, state files and saved states must not change.
//!
//! `GATOS_BLESS=1` writes `vectors/fold` anew. An event of `examples/folds/*.jsonl` gets the digest of its line as
//! its id, a ULID of its number, and a journal of its actor.

use crate::support::{apply_all, compiled, encoded, files, loader, program};
use gatos_fold::{Fold, FoldState, InputsRoot};
use gatos_testkit::fold_twin::{self, TwinEvent};
use gatos_values::{Blake3Digest, EventId, Ulid, hex, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Time of the first event of an example, in milliseconds: 2026-01-01.
const FIRST_TIME_MS: u64 = 1_767_225_600_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The events of JSON lines `{"type":…,"actor":…,"payload":…}`.
pub fn events_of(lines: &str) -> Vec<TwinEvent> {
    let mut positions: BTreeMap<String, u64> = BTreeMap::new();
    let mut event = |(number, line): (usize, &str)| {
        let value = json::decode_strict(line.as_bytes(), usize::MAX).expect("an event per line");
        let text = |name| {
            value
                .get(name)
                .and_then(gatos_values::Value::as_str)
                .expect("text")
                .to_owned()
        };
        let actor = text("actor");
        let journal = format!(
            "gatos/journal/example/{}/0123456789abcdef",
            actor.replace(':', "/")
        );
        let position = positions.entry(journal.clone()).or_default();
        *position += 1;
        TwinEvent {
            id: EventId::from_digest(Blake3Digest::of(line.as_bytes())),
            ulid: Ulid::from_parts(FIRST_TIME_MS + number as u64 * 1000, number as u128)
                .expect("in range"),
            event_type: text("type"),
            actor,
            journal,
            position: *position,
            payload: value.get("payload").expect("a payload").clone(),
        }
    };
    lines.lines().enumerate().map(&mut event).collect()
}

/// What a fold makes of events: one line per fact.
fn report(fold: &Fold, events: &[TwinEvent]) -> String {
    let mut state = FoldState::new(fold);
    apply_all(fold, &mut state, events);
    let mut inputs = InputsRoot::new();
    events
        .iter()
        .for_each(|event| inputs.push(event.id.as_bytes()));
    let saved = state.encode(fold, &inputs).expect("the state can be kept");
    let mut output = String::new();
    let mut line = |name: &str, text: &str| writeln!(output, "{name}\t{text}").expect("memory");
    line("fold_root", &fold.fold_root().to_string());
    line("rgf", &hex::encode(fold.bytes()));
    line("inputs_root", &inputs.root().to_string());
    for (reducer, count) in state.skipped(fold) {
        line("skipped", &format!("{reducer}\t{count}"));
    }
    for (path, bytes) in files(fold, &state).expect("emits") {
        line("file", &format!("{path}\t{}", hex::encode(&bytes)));
    }
    line("fold_state", &Blake3Digest::of(&saved.manifest).to_string());
    line("manifest", &hex::encode(&saved.manifest));
    for (name, bytes) in &saved.chunks {
        line("chunk", &format!("{name}\t{}", hex::encode(bytes)));
    }
    output
}

fn check(name: &str, source: &str, lines: &str) {
    let fold = compiled(source);
    let events = events_of(lines);
    check_report(name, &report(&fold, &events));
    let twin = fold_twin::fold(fold.bytes(), &events).expect("totals have a form");
    let mut state = FoldState::new(&fold);
    apply_all(&fold, &mut state, &events);
    assert_eq!(files(&fold, &state).expect("emits"), twin.files);
    let saved = encoded(&fold, &state);
    assert!(FoldState::decode(&fold, &saved.manifest, loader(&saved)).is_ok());
}

fn check_report(name: &str, found: &str) {
    let path = root().join("vectors/fold").join(format!("{name}.tsv"));
    if std::env::var_os("GATOS_BLESS").is_some() {
        std::fs::write(&path, found).expect("the vectors can be written");
    }
    let expected = std::fs::read_to_string(&path).expect("the vector is there");
    assert_eq!(found, expected, "{}", path.display());
}

/// Name, source and events of every example in a folder of `examples`.
pub fn examples(folder: &str, extension: &str) -> Vec<(String, String, String)> {
    let folder = root().join("examples").join(folder);
    let read =
        |name: &str| std::fs::read_to_string(folder.join(name)).expect("the example is there");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the examples are there") {
        let name = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a text name");
        if let Some(stem) = name.strip_suffix(extension) {
            found.push((stem.to_owned(), read(&name), read(&format!("{stem}.jsonl"))));
        }
    }
    found.sort();
    found
}

#[test]
fn examples_have_their_golden_bytes() {
    let examples = examples("folds", ".yaml");
    assert!(examples.len() >= 6, "{} examples", examples.len());
    for (stem, source, lines) in examples {
        check(&stem, &source, &lines);
    }
}

#[test]
fn examples_in_lua_have_their_golden_bytes() {
    let examples = examples("folds-lua", ".lua");
    assert!(examples.len() >= 4, "{} examples", examples.len());
    for (stem, source, lines) in examples {
        let fold = program(&source);
        check_report(&format!("lua-{stem}"), &report(&fold, &events_of(&lines)));
    }
}

#[test]
fn the_empty_fold_has_its_golden_bytes() {
    let source = "version: 1\nreducers: []\nemit: []\n";
    assert_eq!(
        compiled(source).fold_root(),
        gatos_values::roots::EMPTY_FOLD_ROOT
    );
    check("empty", source, "");
}
