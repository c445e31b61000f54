//! The examples of folds, compiled and run over their events, against every line of `vectors/fold`.

use crate::dice::Dice;
use crate::record::Record;
use gatos_fold::{Fold, FoldEvent, FoldState, InputsRoot, compile_lua, compile_yaml};
use gatos_values::{Blake3Digest, EventId, Ulid, Value, hex, json};
use std::collections::BTreeMap;

/// Time of the first event of an example, in milliseconds: 2026-01-01.
const FIRST_TIME_MS: u64 = 1_767_225_600_000;

macro_rules! example {
    ($name:literal) => {
        [
            $name,
            include_str!(concat!("../../../../../examples/folds/", $name, ".yaml")),
            include_str!(concat!("../../../../../examples/folds/", $name, ".jsonl")),
            include_str!(concat!("../../../../../vectors/fold/", $name, ".tsv")),
        ]
    };
}

macro_rules! program {
    ($name:literal) => {
        [
            $name,
            include_str!(concat!("../../../../../examples/folds-lua/", $name, ".lua")),
            include_str!(concat!(
                "../../../../../examples/folds-lua/",
                $name,
                ".jsonl"
            )),
            include_str!(concat!("../../../../../vectors/fold/lua-", $name, ".tsv")),
        ]
    };
}

/// The same for folds in Lua.
const PROGRAMS: &[[&str; 4]] = &[
    program!("audit"),
    program!("invoices"),
    program!("lottery"),
    program!("stock"),
];

/// Name, source, events, expected lines.
const EXAMPLES: &[[&str; 4]] = &[
    example!("counters"),
    example!("history"),
    example!("invoices"),
    example!("nested"),
    example!("registers"),
    example!("sets"),
];

/// Compiled bytes, roots, state files and saved states of the examples.
pub fn folds(_dice: &mut Dice, record: &mut Record) {
    compare("fold/", EXAMPLES, record, |source| {
        compile_yaml(source).expect("the examples compile").rgf
    });
}

/// The same of the examples in Lua.
pub fn programs(_dice: &mut Dice, record: &mut Record) {
    compare("fold/lua-", PROGRAMS, record, |source| {
        let compiled = compile_lua(source, "example.lua");
        compiled.expect("the examples compile").rgf
    });
}

fn compare(
    prefix: &str,
    examples: &[[&str; 4]],
    record: &mut Record,
    compile: impl Fn(&str) -> Vec<u8>,
) {
    for [name, source, events, expected] in examples {
        let found = report(&compile(source), events);
        for (index, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
            if found != expected {
                let line = index as u64 + 1;
                record.text("DIFFERS", format_args!("{prefix}{name}:{line} {found}"));
            }
        }
        let (found, expected) = (found.lines().count(), expected.lines().count());
        if found != expected {
            record.text(
                "DIFFERS",
                format_args!("{prefix}{name} in its number of lines"),
            );
        }
        record.text("file", name);
        record.note("lines", found);
    }
}

/// One line a fact, as in the vectors.
fn report(rgf: &[u8], lines: &str) -> String {
    let fold = Fold::decode(rgf).expect("what compiles decodes");
    let (mut state, mut inputs) = (FoldState::new(&fold), InputsRoot::new());
    apply(&fold, &mut state, &mut inputs, lines);
    let saved = state.encode(&fold, &inputs).expect("reducers encode");
    let mut facts = vec![
        format!("fold_root\t{}", fold.fold_root()),
        format!("rgf\t{}", hex::encode(fold.bytes())),
        format!("inputs_root\t{}", inputs.root()),
    ];
    let skipped = state.skipped(&fold);
    facts.extend(
        skipped
            .iter()
            .map(|(name, count)| format!("skipped\t{name}\t{count}")),
    );
    let mut files = state.emit(&fold).expect("the totals have a form");
    files.sort();
    let shown = |path: &str, bytes: &[u8]| format!("{path}\t{}", hex::encode(bytes));
    facts.extend(
        files
            .iter()
            .map(|file| format!("file\t{}", shown(&file.path, &file.bytes))),
    );
    facts.push(format!("fold_state\t{}", Blake3Digest::of(&saved.manifest)));
    facts.push(format!("manifest\t{}", hex::encode(&saved.manifest)));
    facts.extend(
        saved
            .chunks
            .iter()
            .map(|(name, bytes)| format!("chunk\t{}", shown(name, bytes))),
    );
    facts.join("\n")
}

/// Each line is an event: its id the digest of the line, its ULID from its number, its journal from its actor.
fn apply(fold: &Fold, state: &mut FoldState, inputs: &mut InputsRoot, lines: &str) {
    let mut positions: BTreeMap<String, u64> = BTreeMap::new();
    for (number, line) in (0_u64..).zip(lines.lines()) {
        let value = json::decode_strict(line.as_bytes(), 1 << 20).expect("an event a line");
        let text = |name| value.get(name).and_then(Value::as_str).expect("a text");
        let actor = text("actor");
        let place = actor.replace(':', "/");
        let journal = format!("gatos/journal/example/{place}/0123456789abcdef");
        let position = positions.entry(journal.clone()).or_default();
        *position += 1;
        let time_ms = FIRST_TIME_MS + number * 1000;
        let event = FoldEvent {
            id: EventId::from_digest(Blake3Digest::of(line.as_bytes())),
            ulid: Ulid::from_parts(time_ms, u128::from(number)).expect("in range"),
            event_type: text("type"),
            actor,
            journal: &journal,
            position: *position,
            payload: value.get("payload").expect("a payload"),
        };
        inputs.push(event.id.as_bytes());
        state.apply(fold, &event).expect("events in their order");
    }
}
