//! Folds: generated sources compiled, generated events folded, state files and saved states.
//!
//! The sources go through every kind of reducer, with conditions, elements and nested kinds; the events meet often
//! on few keys, so that joins, tombstones and overflows happen. Inputs are made in `folds/material.rs`.

mod material;

use crate::dice::Dice;
use crate::record::Record;
use crate::refusal::Refusal as _;
use gatos_fold::{Finding, Fold, FoldEvent, FoldState, InputsRoot, compile_yaml};
use gatos_values::{Blake3Digest, merkle};
use material::Event;
use std::collections::BTreeMap;

/// A source, sometimes with one thing changed: its compiled bytes, or what the compiler has to say.
pub fn compile(dice: &mut Dice, record: &mut Record) {
    let mut source = material::source(dice);
    if dice.one_in(2) {
        let changed = super::generated::changed(dice, source.as_bytes());
        source = String::from_utf8_lossy(&changed).into_owned();
    }
    record.text("source", &source);
    match compile_yaml(&source) {
        Ok(compiled) => {
            record.bytes("rgf", &compiled.rgf);
            record.text("fold_root", compiled.fold_root);
            record_findings(&compiled.warnings, record);
        }
        Err(findings) => record_findings(&findings, record),
    }
}

/// A fold over up to 40 events of three journals: state files, saved state, and the same state read back and joined.
pub fn states(dice: &mut Dice, record: &mut Record) {
    let source = material::source(dice);
    record.text("source", &source);
    let compiled = match compile_yaml(&source) {
        Ok(compiled) => compiled,
        Err(findings) => return record_findings(&findings, record),
    };
    let fold = Fold::decode(&compiled.rgf).expect("what compiles decodes");
    record.text("fold_root", fold.fold_root());
    let events = material::events(dice);
    let mut inputs = InputsRoot::new();
    for event in &events {
        inputs.push(event.id.as_bytes());
    }
    record.text("inputs_root", inputs.root());
    let state = state_of(&fold, events.iter());
    record_state(&fold, &state, &inputs, record);
    record_join(&fold, &events, record);
}

fn state_of<'a>(fold: &Fold, events: impl Iterator<Item = &'a Event>) -> FoldState {
    let mut state = FoldState::new(fold);
    for event in events {
        let event = FoldEvent {
            id: event.id,
            ulid: event.ulid,
            event_type: event.event_type,
            actor: event.actor,
            journal: &event.journal,
            position: event.position,
            payload: &event.payload,
        };
        state
            .apply(fold, &event)
            .expect("each journal's events come in their order");
    }
    state
}

fn record_state(fold: &Fold, state: &FoldState, inputs: &InputsRoot, record: &mut Record) {
    for (reducer, count) in state.skipped(fold) {
        record.text("skipped", format_args!("{reducer} {count}"));
    }
    match state.emit(fold) {
        Err(fault) => record.text("fault", fault.refusal()),
        Ok(files) => {
            let digests = files
                .iter()
                .map(|file| (file.path.as_str(), Blake3Digest::of(&file.bytes)));
            record.text("state_root", merkle::state_root(digests));
            for file in &files {
                record.bytes(&file.path, &file.bytes);
            }
        }
    }
    let saved = state.encode(fold, inputs).expect("reducers encode");
    record.bytes("manifest", &saved.manifest);
    for (name, bytes) in &saved.chunks {
        record.bytes(name, bytes);
    }
    let chunks: BTreeMap<_, _> = saved.chunks.iter().cloned().collect();
    let again = FoldState::decode(fold, &saved.manifest, |name| chunks.get(name).cloned());
    let again = again.map(|(state, inputs)| state.encode(fold, &inputs).as_ref() == Ok(&saved));
    record.outcome("read back", again);
}

/// The join of the journals' own states.
fn record_join(fold: &Fold, events: &[Event], record: &mut Record) {
    let mut joined = FoldState::new(fold);
    for number in 0..material::JOURNAL_COUNT {
        let name = material::journal(number);
        let of_journal = events.iter().filter(|event| event.journal == name);
        let state = state_of(fold, of_journal);
        if let Err(fault) = joined.join(fold, &state) {
            return record.text("join", fault.refusal());
        }
    }
    let saved = joined
        .encode(fold, &InputsRoot::new())
        .expect("reducers encode");
    record.bytes("joined", &saved.manifest);
}

/// Place and rule of each finding; its words may become better.
fn record_findings(findings: &[Finding], record: &mut Record) {
    for finding in findings {
        let place = format!("{}:{} {}", finding.line, finding.column, finding.rule);
        record.text("finding", place);
    }
}
