//! Bytes back to a state, strictly: what `encode` would not have written is refused.
//!
//! A saved state is a cache, but a run continues from it, so nothing in it is taken on trust: digests, order,
//! tables, chunk boundaries and the normal form of every lattice are checked.
//!
//! INVARIANT: `decode(bytes)` succeeds only if encoding the result gives the same bytes.
//!
//! Format: `docs/formats/checkpoint.md`. TWIN: state-bytes — `state/encode.rs`. Tests: `state/tests.rs`.

use super::encode::{
    OBSERVED_ADDED, OBSERVED_REMOVED, STAMP_SIZE, chunk_name, ends_chunk, path_size,
};
use super::journals::{JournalIndex, Journals};
use super::kinds::{KindState, LwwEntry, ObservedSet};
use super::names::Names;
use super::register::{Register, Stamp};
use super::sum::{Components, JournalCounts, Sum};
use super::{FoldState, InputsRoot, PAYLOAD_DEPTH_MAX, ReducerState, is_storable};
use crate::ir::{Reducer, Shape};
use crate::rgf::Fold;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::cbor::{self, CborError};
use gatos_values::{Blake3Digest, ErrorCode, EventId, Sha256Digest, Ulid, Value};

/// Largest manifest or chunk that is read, in bytes.
const PART_SIZE_MAX: usize = 1 << 30;

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
    };
    Ok((state, inputs))
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
    let mut order = EntryOrder::default();
    for digest in decode_digests(chunks)? {
        let name = chunk_name(&digest);
        let Some(bytes) = load_chunk(&name) else {
            return Err(StateError::MissingChunk(name));
        };
        if Blake3Digest::of(&bytes) != digest {
            return Err(StateError::WrongChunk(name));
        }
        decode_chunk(&bytes, &reducer.shape, journals, &mut state, &mut order)?;
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

/// Where the entries stand: each path above the one before, chunks ended where they must.
#[derive(Default)]
struct EntryOrder {
    last: Option<Value>,
    /// Whether a further chunk may follow: the last one ended at a boundary.
    ended: bool,
    any: bool,
}

impl EntryOrder {
    fn start_chunk(&mut self) -> Outcome<()> {
        if self.any && !self.ended {
            return wrong("a chunk ends too early");
        }
        self.any = true;
        Ok(())
    }

    fn entry(&mut self, path: Value, index: usize, entry_count: usize) -> Outcome<()> {
        if self.last.as_ref().is_some_and(|last| *last >= path) {
            return wrong("entries are not in order");
        }
        let mut bytes = Vec::new();
        if cbor::encode_into(&path, &mut bytes).is_err() {
            return wrong("a path is too deep");
        }
        self.ended = ends_chunk(&bytes, index + 1);
        if self.ended && index + 1 < entry_count {
            return wrong("a chunk ends too late");
        }
        self.last = Some(path);
        Ok(())
    }
}

fn decode_chunk(
    bytes: &[u8],
    shape: &Shape,
    journals: &Journals,
    state: &mut KindState,
    order: &mut EntryOrder,
) -> Outcome<()> {
    let parts = list_of::<3>(cbor::decode(bytes, PART_SIZE_MAX)?)?;
    let [stamps, names, entries] = parts;
    let mut tables = Tables::decode(&stamps, &names, journals)?;
    let Value::List(entries) = entries else {
        return wrong("entries are no list");
    };
    if entries.is_empty() {
        return wrong("an empty chunk");
    }
    order.start_chunk()?;
    let entry_count = entries.len();
    for (index, entry) in entries.into_iter().enumerate() {
        let [path, body] = list_of::<2>(entry)?;
        let Value::List(parts) = path else {
            return wrong("a path is no list");
        };
        if parts.len() != path_size(shape) {
            return wrong("the length of a path");
        }
        insert(state, shape, &parts, body, &mut tables)?;
        order.entry(Value::List(parts), index, entry_count)?;
    }
    tables.check_all_used()
}

fn list_of<const N: usize>(value: Value) -> Outcome<[Value; N]> {
    let Value::List(list) = value else {
        return wrong("a list is missing");
    };
    <[Value; N]>::try_from(list).or_else(|_| wrong("the length of a list"))
}

/// Puts one entry into a state. Paths rise, so every insertion is new.
fn insert(
    state: &mut KindState,
    shape: &Shape,
    path: &[Value],
    body: Value,
    tables: &mut Tables,
) -> Outcome<()> {
    match (state, path) {
        (KindState::Nested(map), [Value::Text(key), rest @ ..]) => {
            let Shape::MapJoin { value: nested, .. } = shape else {
                return wrong("the kind of a state");
            };
            if !map.contains_key(key) {
                map.insert(key.clone(), KindState::new(nested));
            }
            match map.get_mut(key) {
                Some(state) => insert(state, nested, rest, body, tables),
                None => wrong("the kind of a state"),
            }
        }
        (KindState::Fields(map), [Value::Text(key)]) => {
            let entry = tables.fields(body, &mut map.names)?;
            map.entries.insert(key.clone(), entry);
            Ok(())
        }
        (KindState::Entries(map), [Value::Text(key)]) => {
            map.insert(key.clone(), tables.tombable(body)?);
            Ok(())
        }
        (KindState::Sums(map), [Value::Text(key)]) => {
            map.insert(key.clone(), tables.components(body)?);
            Ok(())
        }
        (KindState::Register(register), []) => {
            let [stamp, element, value] = list_of::<3>(body)?;
            *register = Some(Register {
                stamp: tables.stamp(&stamp, &element)?,
                value: storable(value)?,
            });
            Ok(())
        }
        (KindState::Extreme(extreme), []) => {
            *extreme = Some(storable(body)?);
            Ok(())
        }
        (KindState::Counter(components), []) => {
            *components = tables.components(body)?;
            Ok(())
        }
        (state, path) => insert_element(state, path, body, tables),
    }
}

fn insert_element(
    state: &mut KindState,
    path: &[Value],
    body: Value,
    tables: &mut Tables,
) -> Outcome<()> {
    match (state, path, body) {
        (KindState::Grown(set), [value], Value::Null) => {
            set.insert(storable(value.clone())?);
        }
        (KindState::TwoPhase(map), [value], Value::Bool(present)) => {
            map.insert(storable(value.clone())?, present);
        }
        (KindState::Switched(map), [value], body) => {
            let [stamp, element, switched] = list_of::<3>(body)?;
            let Value::Bool(switched) = switched else {
                return wrong("an element of `set-lww`");
            };
            let register = Register {
                stamp: tables.stamp(&stamp, &element)?,
                value: switched,
            };
            map.insert(storable(value.clone())?, register);
        }
        (KindState::Observed(set), [side, Value::Bytes(id)], body) => {
            insert_observed(set, side, id, body)?
        }
        (KindState::List(list), [index], value) => {
            if *index != Value::from(list.len()) {
                return wrong("an index of a list");
            }
            list.push(storable(value)?);
        }
        _ => return wrong("an entry that does not fit its kind"),
    }
    Ok(())
}

fn insert_observed(set: &mut ObservedSet, side: &Value, id: &[u8], body: Value) -> Outcome<()> {
    let Ok(id) = <[u8; 32]>::try_from(id).map(EventId::from_bytes) else {
        return wrong("an event id");
    };
    match body {
        Value::List(values) if *side == Value::from(OBSERVED_ADDED) => {
            if values.is_empty() || !values.is_sorted_by(|left, right| left < right) {
                return wrong("the values of an add");
            }
            let values: BTreeSet<Value> =
                values.into_iter().map(storable).collect::<Outcome<_>>()?;
            set.added.insert(id, values);
        }
        Value::Null if *side == Value::from(OBSERVED_REMOVED) => {
            if set.added.contains_key(&id) {
                return wrong("an add that is removed as well");
            }
            set.removed.insert(id);
        }
        _ => return wrong("an entry of `set-or`"),
    }
    Ok(())
}

fn storable(value: Value) -> Outcome<Value> {
    // What a reducer builds itself lies one level around a part of the payload.
    if is_storable(&value, PAYLOAD_DEPTH_MAX + 1) {
        Ok(value)
    } else {
        wrong("a value no payload can hold")
    }
}

/// The tables of a chunk, and which of their rows have been referred to.
struct Tables {
    stamps: Vec<(Stamp, bool)>,
    journals: Vec<(JournalIndex, bool)>,
}

impl Tables {
    fn decode(stamps: &Value, names: &Value, journals: &Journals) -> Outcome<Tables> {
        let (Value::Bytes(stamps), Value::List(names)) = (stamps, names) else {
            return wrong("the tables of a chunk");
        };
        let (rows, rest) = stamps.as_chunks::<STAMP_SIZE>();
        let stamps: Vec<(Stamp, bool)> =
            rows.iter().map(|row| (decode_stamp(row), false)).collect();
        if !rest.is_empty() || !stamps.is_sorted_by(|(left, _), (right, _)| left < right) {
            return wrong("the table of stamps");
        }
        let index = |name: &Value| {
            journals
                .index_of(name.as_str()?)
                .map(|index| (index, false))
        };
        let Some(journals) = names.iter().map(index).collect::<Option<Vec<_>>>() else {
            return wrong("a journal that is not covered");
        };
        if !names.is_sorted_by(|left, right| left < right) {
            return wrong("the table of journals");
        }
        Ok(Tables { stamps, journals })
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

    fn stamp(&mut self, place: &Value, element: &Value) -> Outcome<Stamp> {
        let row = count(place).and_then(|place| self.stamps.get_mut(usize::try_from(place).ok()?));
        let element = count(element).and_then(|element| u32::try_from(element).ok());
        let (Some((stamp, used)), Some(element)) = (row, element) else {
            return wrong("a stamp");
        };
        *used = true;
        Ok(Stamp { element, ..*stamp })
    }

    fn fields(&mut self, body: Value, names: &mut Names) -> Outcome<LwwEntry> {
        let [deleted, fields] = list_of::<2>(body)?;
        let deleted = match deleted {
            Value::Null => None,
            stamp => {
                let [place, element] = list_of::<2>(stamp)?;
                Some(Box::new(self.stamp(&place, &element)?))
            }
        };
        let mut entry = LwwEntry {
            deleted,
            fields: Vec::new(),
        };
        let Value::List(fields) = fields else {
            return wrong("the fields of an entry");
        };
        for field in fields {
            let [name, place, element, value] = list_of::<4>(field)?;
            let Value::Text(name) = name else {
                return wrong("the name of a field");
            };
            let register = Register {
                stamp: self.stamp(&place, &element)?,
                value: storable(value)?,
            };
            let last = entry.fields.last();
            let is_above = last.is_none_or(|(last, _)| names.get(*last) < name.as_str());
            if !is_above || entry.is_deleted_at(register.stamp) {
                return wrong("the fields of an entry");
            }
            entry.fields.push((names.add(&name), register));
        }
        if entry.deleted.is_none() && entry.fields.is_empty() {
            return wrong("an empty entry");
        }
        Ok(entry)
    }

    fn tombable(&mut self, body: Value) -> Outcome<Register<Option<Value>>> {
        let Value::List(mut parts) = body else {
            return wrong("a register");
        };
        let value = match parts.len() {
            3 => parts.pop().map(storable).transpose()?,
            _ => None,
        };
        let [place, element] = list_of::<2>(Value::List(parts))?;
        Ok(Register {
            stamp: self.stamp(&place, &element)?,
            value,
        })
    }

    fn components(&mut self, body: Value) -> Outcome<Components> {
        let Value::List(items) = body else {
            return wrong("the components of a sum");
        };
        let mut components = Vec::new();
        let mut last = None;
        for item in items {
            let [place, sum] = list_of::<2>(item)?;
            let place = count(&place).and_then(|place| usize::try_from(place).ok());
            let Some((index, used)) = place.and_then(|place| self.journals.get_mut(place)) else {
                return wrong("the journal of a component");
            };
            *used = true;
            if last >= place {
                return wrong("the order of components");
            }
            last = place;
            components.push((*index, decode_sum(sum)?));
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
    Stamp {
        ulid: Ulid::from_bits(u128::from_be_bytes(ulid)),
        event: EventId::from_bytes(event),
        element: 0,
    }
}

fn decode_sum(value: Value) -> Outcome<Sum> {
    if let Value::Integer(floor) = value {
        return Ok(Sum { floor, fraction: 0 });
    }
    let [floor, fraction] = list_of::<2>(value)?;
    match (
        floor,
        count(&fraction).and_then(|fraction| u32::try_from(fraction).ok()),
    ) {
        (Value::Integer(floor), Some(fraction)) if fraction > 0 => Ok(Sum { floor, fraction }),
        _ => wrong("a sum"),
    }
}
