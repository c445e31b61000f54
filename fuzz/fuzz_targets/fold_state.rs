//! Fold state, of reducers and of a program in Lua: a real state with changed bytes is refused, or is exactly another
//! state's bytes, and goes on from there without a panic.
//!
//! The input is a list of small events and a list of changes. Digests in the manifest are mended
//! after a chunk was changed, so that the change reaches the decoder behind the digest.
#![no_main]

use gatos_fold::{EncodedState, Fold, FoldEvent, FoldState, InputsRoot, compile_lua, compile_yaml};
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

/// A state with every kind of value a program keeps: tables in tables, lists, maps, numbers that are not whole, null.
const PROGRAM: &str = r#"
inputs = {"gatos/journal/n/**"}
limits = {fuel = 100000, memory_bytes = 4 << 20}
merge = {["state/all.json"] = "map-join"}

function init()
  return {keys = {}, seen = json.array({}), share = 1 / 3, nothing = json.null, counts = json.object({})}
end

function step(state, event)
  local key, number = event.payload.k, event.payload.n
  if event.type == "remove" then
    state.keys[key] = nil
  else
    state.keys[key] = {number = number, half = number / 2, [number % 5] = true}
  end
  state.seen[#state.seen % 7 + 1] = number
  state.counts[key] = (state.counts[key] or 0) + 1
  state.share = state.share / 2 + number
  return state
end

function emit(state) emit_json_canonical("state/all.json", {seen = state.seen, counts = state.counts}) end
"#;

static REDUCERS: LazyLock<Fold> = LazyLock::new(|| {
    let compiled = compile_yaml(SOURCE).expect("the source is right");
    Fold::decode(&compiled.rgf).expect("what compiles decodes")
});

static PROGRAM_FOLD: LazyLock<Fold> = LazyLock::new(|| {
    let compiled = compile_lua(PROGRAM, "fuzz.lua").expect("the source is right");
    Fold::decode(&compiled.rgf).expect("what compiles decodes")
});

#[derive(Arbitrary, Debug)]
struct Input {
    is_program: bool,
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
    let fold: &Fold = if input.is_program {
        &PROGRAM_FOLD
    } else {
        &REDUCERS
    };
    let mut state = FoldState::new(fold);
    let mut positions = [0_u64; 3];
    apply_all(fold, &mut state, &mut positions, &input.events);
    let Ok(mut encoded) = state.encode(fold, &InputsRoot::new()) else {
        // A program that failed says so instead of a state.
        assert!(input.is_program, "reducers encode");
        return;
    };
    let same = decode(fold, &encoded).map(|(_, again)| again);
    assert_eq!(same, Some(encoded.clone()), "encode and decode are inverse");
    for change in &input.changes {
        apply(&mut encoded, change);
    }
    if let Some((mut state, again)) = decode(fold, &encoded) {
        assert_eq!(again, encoded, "what decodes is what would be written");
        apply_all(fold, &mut state, &mut positions, &input.events);
        let _ = state.emit(fold);
    }
});

/// Applies events until one is refused.
fn apply_all(fold: &Fold, state: &mut FoldState, positions: &mut [u64; 3], events: &[Event]) {
    for event in events.iter().take(64) {
        let index: u64 = positions.iter().sum();
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
        if state.apply(fold, &event).is_err() {
            return;
        }
    }
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

/// The state the bytes hold, and it written again.
fn decode(fold: &Fold, encoded: &EncodedState) -> Option<(FoldState, EncodedState)> {
    let load = |name: &str| {
        encoded
            .chunks
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, bytes)| bytes.clone())
    };
    let (state, inputs) = FoldState::decode(fold, &encoded.manifest, load).ok()?;
    let again = state.encode(fold, &inputs).ok()?;
    Some((state, again))
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
    // Two parts of a state may have come to be the same bytes, which are kept once.
    encoded.chunks.dedup();
}
