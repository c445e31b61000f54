//! Fold state: a real state with changed bytes is refused, or is exactly another state's bytes.
//!
//! The input is a list of small events and a list of changes. Digests in the manifest are mended
//! after a chunk was changed, so that the change reaches the decoder behind the digest.
#![no_main]

use gatos_fold::{EncodedState, Fold, FoldEvent, FoldState, InputsRoot, compile_yaml};
use gatos_fuzz::Change;
use gatos_values::{Blake3Digest, EventId, Map, Text, Ulid, Value};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// One reducer of each kind.
const SOURCE: &str = r#"
version: 1
reducers:
  - { name: map, kind: map-join-lww, key: "$.k", delete: { where: { type: remove } } }
  - { name: entry, kind: map-join-lww, granularity: entry, key: "$.k", value: { n: "$.n" } }
  - { name: nested, kind: map-join, key: "$.k", value: { kind: max, value: "$.n" } }
  - { name: last, kind: lww, value: "$.n" }
  - { name: least, kind: min, value: "$.n" }
  - { name: grows, kind: counter-g, inc: { value: 1 } }
  - { name: both, kind: counter-pn, inc: { where: { type: add }, value: 2 }, dec: { where: { type: remove }, value: 1 } }
  - { name: counts, kind: count-by, key: "$.k" }
  - { name: sums, kind: sum-by, key: "$.k", value: "$.n" }
  - { name: set, kind: set-g, value: "$.k" }
  - { name: final, kind: set-2p, value: "$.k", remove: { where: { type: remove } } }
  - { name: observed, kind: set-or, value: "$.k", remove: { where: { type: remove }, value: "$.seen" } }
  - { name: latest, kind: set-lww, value: "$.k", remove: { where: { type: remove } } }
  - { name: list, kind: list-append, value: "$.n" }
emit: []
"#;

static FOLD: LazyLock<Fold> = LazyLock::new(|| {
    let compiled = compile_yaml(SOURCE).expect("the source is right");
    Fold::decode(&compiled.rgf).expect("what compiles decodes")
});

#[derive(Arbitrary, Debug)]
struct Input {
    events: Vec<Event>,
    changes: Vec<Change>,
}

#[derive(Arbitrary, Debug)]
struct Event {
    journal: u8,
    is_removal: bool,
    key: u8,
    number: i16,
}

fuzz_target!(|input: Input| {
    let state = state_of(&input.events);
    let mut encoded = state
        .encode(&FOLD, &InputsRoot::new())
        .expect("reducers encode");
    assert_eq!(
        decode(&encoded),
        Some(encoded.clone()),
        "encode and decode are inverse"
    );
    for change in &input.changes {
        apply(&mut encoded, change);
    }
    if let Some(again) = decode(&encoded) {
        assert_eq!(again, encoded, "what decodes is what would be written");
    }
});

fn state_of(events: &[Event]) -> FoldState {
    let mut state = FoldState::new(&FOLD);
    let mut positions = [0_u64; 3];
    for (index, event) in (0_u64..).zip(events.iter().take(64)) {
        let journal = usize::from(event.journal % 3);
        positions[journal] += 1;
        let payload = payload(event, index);
        let event = FoldEvent {
            id: id(index),
            ulid: Ulid::from_parts(index + 1, 0).expect("a small time"),
            event_type: if event.is_removal { "remove" } else { "add" },
            actor: "user:al",
            journal: [
                "gatos/journal/n/user/al/0000000000000000",
                "gatos/journal/n/user/al/0000000000000001",
                "gatos/journal/n/user/al/0000000000000002",
            ][journal],
            position: positions[journal],
            payload: &payload,
        };
        state.apply(&FOLD, &event).expect("events come in order");
    }
    state
}

fn id(index: u64) -> EventId {
    EventId::from_digest(Blake3Digest::of(&index.to_be_bytes()))
}

fn payload(event: &Event, index: u64) -> Value {
    let key = format!("k{}", event.key % 8);
    Map::new()
        .with("k", Text::new(&key).expect("plain letters"))
        .with("n", i64::from(event.number))
        .with("seen", id(index / 2).to_value())
        .into()
}

/// The state the bytes hold, written again.
fn decode(encoded: &EncodedState) -> Option<EncodedState> {
    let load = |name: &str| {
        encoded
            .chunks
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, bytes)| bytes.clone())
    };
    let (state, inputs) = FoldState::decode(&FOLD, &encoded.manifest, load).ok()?;
    state.encode(&FOLD, &inputs).ok()
}

/// Changes one byte of the manifest or of a chunk; a changed chunk gets its new name everywhere.
fn apply(encoded: &mut EncodedState, change: &Change) {
    let part = change.part_of(encoded.chunks.len() + 1);
    let Some(chunk) = part.checked_sub(1) else {
        change.apply(&mut encoded.manifest);
        return;
    };
    let (name, bytes) = &mut encoded.chunks[chunk];
    let old = Blake3Digest::of(bytes);
    change.apply(bytes);
    let new = Blake3Digest::of(bytes);
    *name = new.to_hex()[..name.len()].to_owned();
    let places: Vec<usize> = encoded
        .manifest
        .windows(32)
        .enumerate()
        .filter(|(_, window)| *window == old.as_bytes())
        .map(|(at, _)| at)
        .collect();
    for at in places {
        encoded.manifest[at..at + 32].copy_from_slice(new.as_bytes());
    }
    encoded.chunks.sort();
}
