//! Bytes back to a state, strictly: what `encode` would not have written is refused.
//!
//! A saved state is a cache, but a run continues from it, so nothing in it is taken on trust: digests, order,
//! tables, chunk boundaries and the normal form of every lattice are checked. Chunks are read item by item, because
//! loading must not cost more than the events it saves.
//!
//! INVARIANT: `decode(bytes)` succeeds only if encoding the result gives the same bytes.
//!
//! Format: `docs/formats/checkpoint.md`. TWIN: state-bytes — `state/encode.rs`. Tests: `tests/it/hostile.rs`.

use super::encode::{
    OBSERVED_ADDED, OBSERVED_REMOVED, STAMP_SIZE, chunk_name, ends_chunk, path_size,
};
use super::entry::{Field, LwwEntry};
use super::journals::{JournalIndex, Journals};
use super::kinds::{KindState, ObservedSet};
use super::names::Names;
use super::register::{Register, Stamp};
use super::sum::{Components, JournalCounts, Sum};
use super::{FoldState, InputsRoot, PAYLOAD_DEPTH_MAX, ReducerState, is_storable};
use crate::ir::{Reducer, Shape};
use crate::program::{self, Program, ProgramState};
use crate::rgf::Fold;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::cbor::{self, CborError, Items};
use gatos_values::{Blake3Digest, ErrorCode, EventId, Map, Sha256Digest, Text, Ulid, Value};

/// Largest manifest or chunk that is read, in bytes.
const PART_SIZE_MAX: usize = 1 << 30;

/// Most lists that lie around a value in a chunk.
const VALUE_DEPTH: usize = 6;

/// Why bytes are no saved state of a fold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not canonical CBOR.
    #[error("the saved state is not canonical CBOR: {0}")]
    Cbor(#[from] CborError),
    /// The state was saved by another fold.
    #[error("the saved state belongs to another fold: `{0}`")]
    WrongFold(String),
    /// A chunk is not there.
    #[error("chunk `{0}` of the saved state is missing")]
    MissingChunk(String),
    /// A chunk has other bytes than the manifest says.
    #[error("chunk `{0}` of the saved state does not match its digest")]
    WrongChunk(String),
    /// Well-formed CBOR that no state encodes to.
    #[error("the saved state is malformed: {0}")]
    Form(&'static str),
}

impl StateError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::CheckpointInvalid
    }
}

type Outcome<T> = Result<T, StateError>;

fn wrong<T>(what: &'static str) -> Outcome<T> {
    Err(StateError::Form(what))
}

pub(super) fn decode(
    fold: &Fold,
    manifest: &[u8],
    mut load_chunk: impl FnMut(&str) -> Option<Vec<u8>>,
) -> Outcome<(FoldState, InputsRoot)> {
    let value = cbor::decode(manifest, PART_SIZE_MAX)?;
    let Some(map) = value.as_map().filter(|map| map.len() == 6) else {
        return wrong("the manifest's fields");
    };
    if map.get("v") != Some(&1_u8.into())
        || map.get("kind").and_then(Value::as_str) != Some("fold-state")
    {
        return wrong("version or kind");
    }
    check_fold_root(map.get("fold_root"), fold.fold_root())?;
    let inputs = decode_inputs(map.get("inputs"))?;
    let journals = decode_journals(map.get("journals"))?;
    let Some(reducers) = map.get("reducers").and_then(Value::as_map) else {
        return wrong("`reducers`");
    };
    if let Some(program) = &fold.program {
        let program = decode_program(program, reducers, &journals, &mut load_chunk)?;
        let state = FoldState {
            fold_root: fold.fold_root(),
            journals,
            reducers: Vec::new(),
            program: Some(program),
        };
        return Ok((state, inputs));
    }
    if reducers.len() != fold.ir.reducers.len() {
        return wrong("the number of reducers");
    }
    let mut states = Vec::new();
    for reducer in &fold.ir.reducers {
        let Some(value) = reducers.get(&reducer.name) else {
            return wrong("a reducer is missing");
        };
        states.push(decode_reducer(reducer, value, &journals, &mut load_chunk)?);
    }
    let state = FoldState {
        fold_root: fold.fold_root(),
        journals,
        reducers: states,
        program: None,
    };
    Ok((state, inputs))
}

/// The state of a program that keeps one.
fn decode_program(
    program: &Program,
    reducers: &Map,
    journals: &Journals,
    load_chunk: &mut impl FnMut(&str) -> Option<Vec<u8>>,
) -> Outcome<(ProgramState, JournalCounts)> {
    if program.needs_all() {
        return wrong("the fold must see all events, and keeps no state");
    }
    let step = reducers.get(program::STEP).and_then(Value::as_map);
    let (Some(step), 1) = (step.filter(|map| map.len() == 2), reducers.len()) else {
        return wrong("`reducers` of a program");
    };
    let (Some(skipped), Some(chunks)) = (step.get("skipped"), step.get("chunks")) else {
        return wrong("`reducers` of a program");
    };
    let skipped = decode_skipped(skipped, journals)?;
    let kept = program::decode_chunks(&decode_digests(chunks)?, load_chunk)?;
    let state = ProgramState::revive(program, kept.as_ref());
    state
        .map(|state| (state, skipped))
        .or_else(|_| wrong("a value that the program did not keep"))
}

fn check_fold_root(value: Option<&Value>, expected: Sha256Digest) -> Outcome<()> {
    let Some(text) = value.and_then(Value::as_str) else {
        return wrong("`fold_root`");
    };
    if Sha256Digest::parse(text) == Ok(expected) {
        Ok(())
    } else {
        Err(StateError::WrongFold(String::from(text)))
    }
}

fn decode_inputs(value: Option<&Value>) -> Outcome<InputsRoot> {
    let Some(map) = value.and_then(Value::as_map).filter(|map| map.len() == 2) else {
        return wrong("`inputs`");
    };
    let (Some(count), Some(frontier)) = (map.get("count").and_then(count), map.get("frontier"))
    else {
        return wrong("`inputs`");
    };
    let digests = decode_digests(frontier)?;
    InputsRoot::from_digests(count, digests).or_else(|_| wrong("the frontier of `inputs`"))
}

fn decode_digests(value: &Value) -> Outcome<Vec<Blake3Digest>> {
    let digest = |value: &Value| {
        value
            .as_bytes()?
            .try_into()
            .ok()
            .map(Blake3Digest::from_bytes)
    };
    let digests = value
        .as_list()
        .and_then(|list| list.iter().map(digest).collect());
    digests.map_or_else(|| wrong("a list of digests"), Ok)
}

fn decode_journals(value: Option<&Value>) -> Outcome<Journals> {
    let Some(map) = value.and_then(Value::as_map) else {
        return wrong("`journals`");
    };
    let mut journals = Journals::default();
    for (name, position) in map {
        let Some(position) = count(position).filter(|position| *position > 0) else {
            return wrong("`journals`");
        };
        let index = journals.add(name.clone());
        journals.extend_to(index, position);
    }
    Ok(journals)
}

fn count(value: &Value) -> Option<u64> {
    value
        .as_integer()
        .and_then(|integer| u64::try_from(integer).ok())
}

fn decode_reducer(
    reducer: &Reducer,
    value: &Value,
    journals: &Journals,
    load_chunk: &mut impl FnMut(&str) -> Option<Vec<u8>>,
) -> Outcome<ReducerState> {
    let Some(map) = value.as_map().filter(|map| map.len() == 2) else {
        return wrong("a reducer's fields");
    };
    let (Some(skipped), Some(chunks)) = (map.get("skipped"), map.get("chunks")) else {
        return wrong("a reducer's fields");
    };
    let skipped = decode_skipped(skipped, journals)?;
    let mut state = KindState::new(&reducer.shape);
    let mut last: Option<Last> = None;
    for digest in decode_digests(chunks)? {
        let name = chunk_name(&digest);
        let Some(bytes) = load_chunk(&name) else {
            return Err(StateError::MissingChunk(name));
        };
        if Blake3Digest::of(&bytes) != digest {
            return Err(StateError::WrongChunk(name));
        }
        last = Some(decode_chunk(
            &bytes,
            &reducer.shape,
            journals,
            &mut state,
            last,
        )?);
    }
    Ok(ReducerState { skipped, state })
}

fn decode_skipped(value: &Value, journals: &Journals) -> Outcome<JournalCounts> {
    let Some(map) = value.as_map() else {
        return wrong("`skipped`");
    };
    let mut counts = Vec::new();
    for (name, value) in map {
        match (journals.index_of(name), count(value)) {
            (Some(index), Some(count)) if count > 0 => counts.push((index, count)),
            _ => return wrong("`skipped`"),
        }
    }
    // Journals were numbered in the order of their names, so the counts are sorted.
    Ok(JournalCounts::from_sorted(counts))
}

/// One part of a path. Parts at one place of one reducer's paths are of one kind, so the derived order is the order
/// of values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Key(&'a str),
    Count(u64),
    Id(&'a [u8]),
    Element(Value),
}

/// The last entry of a chunk: what the next chunk must lie above.
struct Last {
    /// Canonical CBOR of its path.
    path: Vec<u8>,
    /// Whether the chunk may end behind it.
    ends: bool,
}

fn decode_chunk(
    bytes: &[u8],
    shape: &Shape,
    journals: &Journals,
    state: &mut KindState,
    before: Option<Last>,
) -> Outcome<Last> {
    let mut items = Items::new(bytes);
    expect_list(&mut items, 3)?;
    let mut tables = Tables::decode(&mut items, journals)?;
    let mut last = match &before {
        None => None,
        Some(before) if !before.ends => return wrong("a chunk ends too early"),
        Some(before) => Some(decode_path(&mut Items::new(&before.path), shape)?),
    };
    let entry_count = items.list()?;
    let mut end = None;
    for index in 0..entry_count {
        expect_list(&mut items, 2)?;
        let start = items.offset();
        let path = decode_path(&mut items, shape)?;
        let path_bytes = bytes.get(start..items.offset()).unwrap_or_default();
        if last.as_ref().is_some_and(|last| *last >= path) {
            return wrong("entries are not in order");
        }
        let ends = ends_chunk(path_bytes, index + 1);
        if ends && index + 1 < entry_count {
            return wrong("a chunk ends too late");
        }
        insert(state, shape, &path, &mut items, &mut tables)?;
        end = Some((path_bytes, ends));
        last = Some(path);
    }
    items.end()?;
    tables.check_all_used()?;
    match end {
        None => wrong("an empty chunk"),
        Some((path, ends)) => Ok(Last {
            path: path.to_vec(),
            ends,
        }),
    }
}

fn expect_list(items: &mut Items<'_>, size: usize) -> Outcome<()> {
    if items.list()? == size {
        Ok(())
    } else {
        wrong("the length of a list")
    }
}

fn decode_path<'a>(items: &mut Items<'a>, shape: &Shape) -> Outcome<Vec<Part<'a>>> {
    let size = path_size(shape);
    expect_list(items, size)?;
    let mut path = Vec::with_capacity(size);
    let mut shape = shape;
    while let Shape::MapJoin { value, .. } = shape {
        path.push(Part::Key(items.text()?));
        shape = value;
    }
    match shape {
        Shape::MapLww { .. } | Shape::CountBy { .. } | Shape::SumBy { .. } => {
            path.push(Part::Key(items.text()?));
        }
        Shape::SetObserved { .. } => {
            path.push(Part::Count(items.count()?));
            path.push(Part::Id(items.bytes()?));
        }
        Shape::List { .. } => path.push(Part::Count(items.count()?)),
        Shape::SetGrow { .. } | Shape::SetTwoPhase { .. } | Shape::SetLww { .. } => {
            path.push(Part::Element(storable(items)?));
        }
        // A single value has no further part.
        _ => {}
    }
    Ok(path)
}

/// Reads a body and puts the entry into the state. Paths rise, so every insertion is new.
fn insert(
    state: &mut KindState,
    shape: &Shape,
    path: &[Part<'_>],
    items: &mut Items<'_>,
    tables: &mut Tables,
) -> Outcome<()> {
    match (state, path) {
        (KindState::Nested(map), [Part::Key(key), rest @ ..]) => {
            let Shape::MapJoin { value: nested, .. } = shape else {
                return wrong("the kind of a state");
            };
            if !map.contains_key(key) {
                map.insert(text(key)?, KindState::new(nested));
            }
            match map.get_mut(key) {
                Some(state) => insert(state, nested, rest, items, tables)?,
                None => return wrong("the kind of a state"),
            }
        }
        (KindState::Fields(map), [Part::Key(key)]) => {
            map.entries
                .insert(text(key)?, tables.fields(items, &mut map.names)?);
        }
        (KindState::Entries(map), [Part::Key(key)]) => {
            let has_value = match items.list()? {
                2 => false,
                3 => true,
                _ => return wrong("a register"),
            };
            let stamp = tables.stamp(items)?;
            let value = if has_value {
                Some(storable(items)?)
            } else {
                None
            };
            map.insert(text(key)?, Register { stamp, value });
        }
        (KindState::Sums(map), [Part::Key(key)]) => {
            map.insert(text(key)?, tables.components(items)?)
        }
        (KindState::Register(register), []) => {
            expect_list(items, 3)?;
            *register = Some(Register {
                stamp: tables.stamp(items)?,
                value: storable(items)?,
            });
        }
        (KindState::Extreme(extreme), []) => *extreme = Some(storable(items)?),
        (KindState::Counter(components), []) => *components = tables.components(items)?,
        (state, path) => insert_element(state, path, items, tables)?,
    }
    Ok(())
}

fn insert_element(
    state: &mut KindState,
    path: &[Part<'_>],
    items: &mut Items<'_>,
    tables: &mut Tables,
) -> Outcome<()> {
    match (state, path) {
        (KindState::Grown(set), [Part::Element(value)]) => {
            if !items.null()? {
                return wrong("an element of a set");
            }
            set.insert(value.clone());
        }
        (KindState::TwoPhase(map), [Part::Element(value)]) => {
            map.insert(value.clone(), boolean(items)?);
        }
        (KindState::Switched(map), [Part::Element(element)]) => {
            expect_list(items, 3)?;
            let register = Register {
                stamp: tables.stamp(items)?,
                value: boolean(items)?,
            };
            map.insert(element.clone(), register);
        }
        (KindState::Observed(set), [Part::Count(side), Part::Id(id)]) => {
            insert_observed(set, *side, id, items)?;
        }
        (KindState::List(list), [Part::Count(index)]) => {
            if usize::try_from(*index) != Ok(list.len()) {
                return wrong("an index of a list");
            }
            list.push(storable(items)?);
        }
        _ => return wrong("an entry that does not fit its kind"),
    }
    Ok(())
}

fn insert_observed(
    set: &mut ObservedSet,
    side: u64,
    id: &[u8],
    items: &mut Items<'_>,
) -> Outcome<()> {
    let Ok(id) = <[u8; 32]>::try_from(id).map(EventId::from_bytes) else {
        return wrong("an event id");
    };
    if side == u64::from(OBSERVED_REMOVED) && !set.added.contains_key(&id) && items.null()? {
        set.removed.insert(id);
        return Ok(());
    }
    if side != u64::from(OBSERVED_ADDED) {
        return wrong("an entry of `set-or`");
    }
    let mut values = BTreeSet::new();
    for _ in 0..items.list()? {
        let value = storable(items)?;
        if values.last().is_some_and(|last| *last >= value) {
            return wrong("the values of an add");
        }
        values.insert(value);
    }
    if values.is_empty() {
        return wrong("an add without a value");
    }
    set.added.insert(id, values);
    Ok(())
}

fn boolean(items: &mut Items<'_>) -> Outcome<bool> {
    items
        .value(VALUE_DEPTH)?
        .as_bool()
        .map_or_else(|| wrong("a boolean"), Ok)
}

fn text(key: &str) -> Outcome<Text> {
    Text::new(key).or_else(|_| wrong("a key"))
}

/// A value that a payload may hold, or an object built of such values.
fn storable(items: &mut Items<'_>) -> Outcome<Value> {
    let value = items.value(VALUE_DEPTH)?;
    if is_storable(&value, PAYLOAD_DEPTH_MAX + 1) {
        Ok(value)
    } else {
        wrong("a value no payload can hold")
    }
}

/// The bytes of such a value.
fn storable_raw<'a>(items: &mut Items<'a>) -> Outcome<&'a [u8]> {
    /// Initial bytes from here up to the tags start byte strings, texts, lists and maps.
    const FIRST_BYTES: u8 = 2 << 5;
    const FIRST_TEXT: u8 = 3 << 5;
    const FIRST_LIST: u8 = 4 << 5;
    const FIRST_TAG: u8 = 6 << 5;
    let raw = items.raw(VALUE_DEPTH)?;
    match raw.first() {
        Some(FIRST_BYTES..FIRST_TEXT) => wrong("a value no payload can hold"),
        Some(FIRST_LIST..FIRST_TAG) => storable(&mut Items::new(raw)).map(|_| raw),
        _ => Ok(raw),
    }
}

/// The tables of a chunk, and which of their rows have been referred to.
struct Tables {
    stamps: Vec<(Stamp, bool)>,
    journals: Vec<(JournalIndex, bool)>,
}

impl Tables {
    fn decode(items: &mut Items<'_>, journals: &Journals) -> Outcome<Tables> {
        let (rows, rest) = items.bytes()?.as_chunks::<STAMP_SIZE>();
        let stamps: Vec<(Stamp, bool)> =
            rows.iter().map(|row| (decode_stamp(row), false)).collect();
        if !rest.is_empty() || !stamps.is_sorted_by(|(left, _), (right, _)| left < right) {
            return wrong("the table of stamps");
        }
        let mut used: Vec<(JournalIndex, bool)> = Vec::new();
        for _ in 0..items.list()? {
            let Some(index) = journals.index_of(items.text()?) else {
                return wrong("a journal that is not covered");
            };
            // Journals were numbered in the order of their names.
            if used.last().is_some_and(|(last, _)| *last >= index) {
                return wrong("the table of journals");
            }
            used.push((index, false));
        }
        Ok(Tables {
            stamps,
            journals: used,
        })
    }

    fn check_all_used(&self) -> Outcome<()> {
        let stamps = self.stamps.iter().map(|(_, used)| *used);
        if stamps
            .chain(self.journals.iter().map(|(_, used)| *used))
            .all(|used| used)
        {
            Ok(())
        } else {
            wrong("a table row that nothing refers to")
        }
    }

    /// Index into the table, then the element: two items.
    fn stamp(&mut self, items: &mut Items<'_>) -> Outcome<Stamp> {
        let (place, element) = (
            usize::try_from(items.count()?),
            u32::try_from(items.count()?),
        );
        let row = place.ok().and_then(|place| self.stamps.get_mut(place));
        let (Some((stamp, used)), Ok(element)) = (row, element) else {
            return wrong("a stamp");
        };
        *used = true;
        Ok(Stamp { element, ..*stamp })
    }

    fn fields(&mut self, items: &mut Items<'_>, names: &mut Names) -> Outcome<LwwEntry> {
        expect_list(items, 2)?;
        let deleted = if items.null()? {
            None
        } else {
            expect_list(items, 2)?;
            Some(self.stamp(items)?)
        };
        let field_count = items.list()?;
        let mut fields: Vec<Field<'_>> = Vec::new();
        let mut last: Option<&str> = None;
        for _ in 0..field_count {
            expect_list(items, 4)?;
            let name = items.text()?;
            let stamp = self.stamp(items)?;
            if last.is_some_and(|last| last >= name) || Some(stamp) <= deleted {
                return wrong("the fields of an entry");
            }
            last = Some(name);
            fields.push(Field {
                name: names.add(name),
                stamp,
                value: storable_raw(items)?,
            });
        }
        if deleted.is_none() && fields.is_empty() {
            return wrong("an empty entry");
        }
        Ok(LwwEntry::of(deleted, fields.into_iter()))
    }

    fn components(&mut self, items: &mut Items<'_>) -> Outcome<Components> {
        let mut components = Vec::new();
        let mut last = None;
        for _ in 0..items.list()? {
            expect_list(items, 2)?;
            let place = usize::try_from(items.count()?).ok();
            let Some((index, used)) = place.and_then(|place| self.journals.get_mut(place)) else {
                return wrong("the journal of a component");
            };
            *used = true;
            if last >= place {
                return wrong("the order of components");
            }
            last = place;
            components.push((*index, decode_sum(items.value(VALUE_DEPTH)?)?));
        }
        if components.is_empty() {
            return wrong("a sum without components");
        }
        // Both tables follow the names of the journals, so the numbers rise as well.
        Ok(Components::from_sorted(components))
    }
}

fn decode_stamp(row: &[u8; STAMP_SIZE]) -> Stamp {
    let (mut ulid, mut event) = ([0; 16], [0; 32]);
    ulid.copy_from_slice(&row[..16]);
    event.copy_from_slice(&row[16..]);
    let ulid = Ulid::from_bits(u128::from_be_bytes(ulid));
    Stamp {
        ulid,
        event: EventId::from_bytes(event),
        element: 0,
    }
}

fn decode_sum(value: Value) -> Outcome<Sum> {
    let (floor, fraction) = match &value {
        Value::Integer(floor) => {
            return Ok(Sum {
                floor: *floor,
                fraction: 0,
            });
        }
        Value::List(pair) if pair.len() == 2 => (&pair[0], count(&pair[1])),
        _ => return wrong("a sum"),
    };
    match (
        floor,
        fraction.and_then(|fraction| u32::try_from(fraction).ok()),
    ) {
        (Value::Integer(floor), Some(fraction)) if fraction > 0 => Ok(Sum {
            floor: *floor,
            fraction,
        }),
        _ => wrong("a sum"),
    }
}
