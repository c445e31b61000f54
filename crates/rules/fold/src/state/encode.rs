//! A state as bytes: a manifest, and chunks of entries cut where their keys say.
//!
//! Each reducer's state is a sorted list of entries `[path, body]`. A chunk ends behind an entry whose path has a
//! BLAKE3 digest that begins with a zero byte (1 in 256), or after [`CHUNK_ENTRY_COUNT_MAX`] entries. So a change to
//! one key changes one chunk, and unchanged chunks are shared between checkpoints.
//!
//! INVARIANT: the bytes depend on the state alone; journal numbers and the history of the state do not show.
//!
//! Format: `docs/formats/checkpoint.md`. TWIN: state-bytes — `state/decode.rs`. Tests: `tests.rs` beside this file.

use super::entry::LwwEntry;
use super::journals::{JournalIndex, Journals};
use super::kinds::KindState;
use super::names::Names;
use super::register::{Register, Stamp};
use super::sum::{Components, JournalCounts, Sum};
use super::text_map::TextMap;
use super::{FoldFault, FoldState, InputsRoot, ReducerState};
use crate::ir::Shape;
use crate::program;
use crate::rgf::Fold;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::{Blake3Digest, Map, Text, Value, cbor, hex};

/// Most entries in one chunk.
pub const CHUNK_ENTRY_COUNT_MAX: usize = 2048;

/// Bytes of the digest that a chunk's name shows, in hex.
const CHUNK_NAME_BYTES: usize = 16;

/// Bytes of one stamp in a chunk's table: ULID, then event id.
pub(super) const STAMP_SIZE: usize = 16 + 32;

/// First part of a path in the state of `set-or`.
pub(super) const OBSERVED_ADDED: u8 = 0;
/// See [`OBSERVED_ADDED`].
pub(super) const OBSERVED_REMOVED: u8 = 1;

/// A state as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedState {
    /// `fold-state.cbor`.
    pub manifest: Vec<u8>,
    /// Name (32 hex digits of the digest) and bytes of every chunk, sorted by name, each once.
    pub chunks: Vec<(String, Vec<u8>)>,
}

impl EncodedState {
    /// Bytes of the manifest and all chunks.
    #[must_use]
    pub fn size(&self) -> usize {
        let chunks = self.chunks.iter().map(|(_, bytes)| bytes.len());
        self.manifest.len() + chunks.sum::<usize>()
    }
}

pub(super) fn encode(
    state: &FoldState,
    fold: &Fold,
    inputs: &InputsRoot,
) -> Result<EncodedState, FoldFault> {
    let mut chunks = BTreeMap::new();
    let mut reducers = Map::new();
    for (reducer, state_of) in fold.ir.reducers.iter().zip(&state.reducers) {
        let digests = encode_reducer(state_of, &reducer.shape, &state.journals, &mut chunks);
        let skipped = skipped_value(&state_of.skipped, &state.journals);
        let value = Map::new().with("skipped", skipped).with("chunks", digests);
        reducers.insert(reducer.name.clone(), value.into());
    }
    if let (Some(program), Some((program_state, skipped))) = (&fold.program, &state.program)
        && !program.needs_all()
    {
        let kept = program_state.keep(program)?;
        let digests = program::encode_chunks(kept.as_ref(), &mut chunks);
        let digests = digests
            .iter()
            .map(|digest| Value::Bytes(digest.as_bytes().to_vec()))
            .collect();
        let value = Map::new()
            .with("skipped", skipped_value(skipped, &state.journals))
            .with("chunks", Value::List(digests));
        reducers.insert(Text::from_ascii(program::STEP), value.into());
    }
    let mut journals = Map::new();
    for (name, position) in state.journals.iter() {
        journals.insert(name.clone(), position.into());
    }
    let manifest = Map::new()
        .with("v", 1_u8)
        .with("kind", "fold-state")
        .with("fold_root", state.fold_root.to_value())
        .with("inputs", inputs_value(inputs))
        .with("journals", journals)
        .with("reducers", reducers);
    let mut output = Vec::new();
    put(&manifest.into(), &mut output);
    Ok(EncodedState {
        manifest: output,
        chunks: chunks.into_iter().collect(),
    })
}

fn inputs_value(inputs: &InputsRoot) -> Value {
    let digests = inputs
        .to_digests()
        .iter()
        .map(|digest| Value::Bytes(digest.as_bytes().to_vec()))
        .collect();
    Map::new()
        .with("count", inputs.count())
        .with("frontier", Value::List(digests))
        .into()
}

fn skipped_value(skipped: &JournalCounts, journals: &Journals) -> Value {
    let mut map = Map::new();
    for (journal, count) in skipped.iter() {
        if let Some(name) = journals.name(journal) {
            map.insert(name.clone(), count.into());
        }
    }
    map.into()
}

/// Cuts one reducer's entries into chunks and lists their digests.
fn encode_reducer(
    reducer: &ReducerState,
    shape: &Shape,
    journals: &Journals,
    chunks: &mut BTreeMap<String, Vec<u8>>,
) -> Value {
    let mut digests = Vec::new();
    let mut finish = |entries: &mut Vec<Entry<'_>>| {
        let bytes = encode_chunk(entries, journals);
        let digest = Blake3Digest::of(&bytes);
        chunks.insert(chunk_name(&digest), bytes);
        digests.push(Value::Bytes(digest.as_bytes().to_vec()));
        entries.clear();
    };
    let mut entries = Vec::new();
    let mut path = Vec::new();
    cbor::encode_list_head_into(path_size(shape), &mut path);
    visit(&reducer.state, &mut path, &mut |path, body| {
        entries.push(Entry {
            path: path.to_vec(),
            body,
        });
        if ends_chunk(path, entries.len()) {
            finish(&mut entries);
        }
    });
    if !entries.is_empty() {
        finish(&mut entries);
    }
    Value::List(digests)
}

/// The name a chunk with this digest has.
pub(crate) fn chunk_name(digest: &Blake3Digest) -> String {
    hex::encode(
        digest
            .as_bytes()
            .get(..CHUNK_NAME_BYTES)
            .unwrap_or_default(),
    )
}

/// Whether a chunk ends behind the entry with this path, its `count`-th.
pub(crate) fn ends_chunk(path: &[u8], count: usize) -> bool {
    count >= CHUNK_ENTRY_COUNT_MAX || Blake3Digest::of(path).as_bytes()[0] == 0
}

/// How many parts the paths of a kind have.
pub(super) fn path_size(shape: &Shape) -> usize {
    match shape {
        Shape::MapJoin { value, .. } => 1 + path_size(value),
        Shape::Lww { .. } | Shape::Extreme { .. } | Shape::Counter { .. } => 0,
        Shape::SetObserved { .. } => 2,
        _ => 1,
    }
}

/// One entry on its way into a chunk.
struct Entry<'a> {
    /// Canonical CBOR of the list of its parts.
    path: Vec<u8>,
    body: Body<'a>,
}

/// What an entry holds.
#[derive(Clone, Copy)]
enum Body<'a> {
    Fields(&'a LwwEntry, &'a Names),
    Tombable(&'a Register<Option<Value>>),
    Register(&'a Register),
    Switched(&'a Register<bool>),
    Components(&'a Components),
    Value(&'a Value),
    Values(&'a BTreeSet<Value>),
    Present(bool),
    Nothing,
}

/// Calls `sink` for every entry in the order of paths. `path` holds the parts above.
fn visit<'a>(state: &'a KindState, path: &mut Vec<u8>, sink: &mut dyn FnMut(&[u8], Body<'a>)) {
    match state {
        KindState::Fields(map) => {
            visit_keyed(&map.entries, path, sink, |entry| {
                Body::Fields(entry, &map.names)
            });
        }
        KindState::Entries(map) => visit_keyed(map, path, sink, Body::Tombable),
        KindState::Nested(map) => {
            for (key, state) in map.iter() {
                let size = path.len();
                cbor::encode_text_into(key, path);
                visit(state, path, sink);
                path.truncate(size);
            }
        }
        KindState::Register(register) => register
            .iter()
            .for_each(|register| sink(path, Body::Register(register))),
        KindState::Extreme(value) => value
            .iter()
            .for_each(|value| sink(path, Body::Value(value))),
        KindState::Counter(components) => {
            if !components.is_empty() {
                sink(path, Body::Components(components));
            }
        }
        KindState::Sums(map) => visit_keyed(map, path, sink, Body::Components),
        KindState::Grown(set) => set
            .iter()
            .for_each(|value| visit_one(value, path, sink, Body::Nothing)),
        KindState::TwoPhase(map) => {
            map.iter()
                .for_each(|(value, present)| visit_one(value, path, sink, Body::Present(*present)));
        }
        KindState::Switched(map) => {
            map.iter().for_each(|(value, register)| {
                visit_one(value, path, sink, Body::Switched(register))
            });
        }
        KindState::Observed(set) => {
            for (id, values) in &set.added {
                visit_observed(
                    OBSERVED_ADDED,
                    id.as_bytes(),
                    path,
                    sink,
                    Body::Values(values),
                );
            }
            for id in &set.removed {
                visit_observed(OBSERVED_REMOVED, id.as_bytes(), path, sink, Body::Nothing);
            }
        }
        KindState::List(list) => {
            for (index, value) in list.iter().enumerate() {
                visit_one(&Value::from(index), path, sink, Body::Value(value));
            }
        }
    }
}

fn visit_keyed<'a, T>(
    map: &'a TextMap<T>,
    path: &mut Vec<u8>,
    sink: &mut dyn FnMut(&[u8], Body<'a>),
    body: impl Fn(&'a T) -> Body<'a>,
) {
    for (key, item) in map.iter() {
        let size = path.len();
        cbor::encode_text_into(key, path);
        sink(path, body(item));
        path.truncate(size);
    }
}

fn visit_one<'a>(
    part: &Value,
    path: &mut Vec<u8>,
    sink: &mut dyn FnMut(&[u8], Body<'a>),
    body: Body<'a>,
) {
    let size = path.len();
    put(part, path);
    sink(path, body);
    path.truncate(size);
}

fn visit_observed<'a>(
    side: u8,
    id: &[u8],
    path: &mut Vec<u8>,
    sink: &mut dyn FnMut(&[u8], Body<'a>),
    body: Body<'a>,
) {
    let size = path.len();
    put(&side.into(), path);
    cbor::encode_bytes_into(id, path);
    sink(path, body);
    path.truncate(size);
}

/// `[stamps, journals, entries]`; stamps and journals are tables of what the entries mention, sorted.
fn encode_chunk(entries: &[Entry<'_>], journals: &Journals) -> Vec<u8> {
    let tables = Tables::of(entries, journals);
    let mut output = Vec::new();
    cbor::encode_list_head_into(3, &mut output);
    let mut stamps = Vec::with_capacity(tables.stamps.len() * STAMP_SIZE);
    for stamp in &tables.stamps {
        stamps.extend_from_slice(&stamp.ulid.bits().to_be_bytes());
        stamps.extend_from_slice(stamp.event.as_bytes());
    }
    cbor::encode_bytes_into(&stamps, &mut output);
    cbor::encode_list_head_into(tables.journals.len(), &mut output);
    tables
        .journals
        .iter()
        .for_each(|(name, _)| cbor::encode_text_into(name, &mut output));
    cbor::encode_list_head_into(entries.len(), &mut output);
    for entry in entries {
        cbor::encode_list_head_into(2, &mut output);
        output.extend_from_slice(&entry.path);
        tables.put_body(entry.body, &mut output);
    }
    output
}

/// What the entries of a chunk mention, sorted; bodies refer to it by index.
struct Tables<'a> {
    /// With element 0: elements stand in the bodies.
    stamps: Vec<Stamp>,
    journals: Vec<(&'a Text, JournalIndex)>,
}

impl<'a> Tables<'a> {
    fn of(entries: &[Entry<'_>], journals: &'a Journals) -> Tables<'a> {
        let mut stamps: Vec<Stamp> = Vec::new();
        let mut used: Vec<JournalIndex> = Vec::new();
        for entry in entries {
            entry.body.mention(
                &mut |stamp| {
                    let stamp = Stamp {
                        element: 0,
                        ..stamp
                    };
                    if stamps.last() != Some(&stamp) {
                        stamps.push(stamp);
                    }
                },
                &mut |journal| {
                    if used.last() != Some(&journal) {
                        used.push(journal);
                    }
                },
            );
        }
        stamps.sort_unstable();
        stamps.dedup();
        used.sort_unstable();
        used.dedup();
        let mut named: Vec<(&Text, JournalIndex)> = used
            .iter()
            .filter_map(|index| Some((journals.name(*index)?, *index)))
            .collect();
        named.sort_unstable();
        Tables {
            stamps,
            journals: named,
        }
    }

    fn put_body(&self, body: Body<'_>, output: &mut Vec<u8>) {
        match body {
            Body::Fields(entry, names) => self.put_fields(entry, names, output),
            Body::Tombable(register) => {
                cbor::encode_list_head_into(2 + usize::from(register.value.is_some()), output);
                self.put_stamp(register.stamp, output);
                register.value.iter().for_each(|value| put(value, output));
            }
            Body::Register(register) => {
                cbor::encode_list_head_into(3, output);
                self.put_stamp(register.stamp, output);
                put(&register.value, output);
            }
            Body::Switched(register) => {
                cbor::encode_list_head_into(3, output);
                self.put_stamp(register.stamp, output);
                put(&register.value.into(), output);
            }
            Body::Components(components) => self.put_components(components, output),
            Body::Value(value) => put(value, output),
            Body::Values(values) => {
                cbor::encode_list_head_into(values.len(), output);
                values.iter().for_each(|value| put(value, output));
            }
            Body::Present(present) => put(&present.into(), output),
            Body::Nothing => put(&Value::Null, output),
        }
    }

    /// `[deleted, fields]`: null or `[stamp, element]`, and `[name, stamp, element, value]` for each field.
    fn put_fields(&self, entry: &LwwEntry, names: &Names, output: &mut Vec<u8>) {
        cbor::encode_list_head_into(2, output);
        match entry.deleted() {
            None => put(&Value::Null, output),
            Some(stamp) => {
                cbor::encode_list_head_into(2, output);
                self.put_stamp(stamp, output);
            }
        }
        cbor::encode_list_head_into(entry.fields().count(), output);
        for field in entry.fields() {
            cbor::encode_list_head_into(4, output);
            cbor::encode_text_into(names.get(field.name), output);
            self.put_stamp(field.stamp, output);
            output.extend_from_slice(field.value);
        }
    }

    /// `[[journal, sum], …]` by journal name; a sum is an integer, or `[floor, fraction]` if it has a fraction.
    fn put_components(&self, components: &Components, output: &mut Vec<u8>) {
        let mut sorted: Vec<(usize, Sum)> = components
            .iter()
            .map(|(journal, sum)| (self.journal_place(journal), sum))
            .collect();
        sorted.sort_unstable();
        cbor::encode_list_head_into(sorted.len(), output);
        for (place, sum) in sorted {
            cbor::encode_list_head_into(2, output);
            put(&place.into(), output);
            if sum.fraction == 0 {
                put(&sum.floor.into(), output);
            } else {
                cbor::encode_list_head_into(2, output);
                put(&sum.floor.into(), output);
                put(&sum.fraction.into(), output);
            }
        }
    }

    fn journal_place(&self, journal: JournalIndex) -> usize {
        self.journals
            .iter()
            .position(|(_, index)| *index == journal)
            .unwrap_or(usize::MAX)
    }

    /// Index into the table, then the element: two items.
    fn put_stamp(&self, stamp: Stamp, output: &mut Vec<u8>) {
        let listed = Stamp {
            element: 0,
            ..stamp
        };
        let place = self.stamps.binary_search(&listed).unwrap_or(usize::MAX);
        put(&place.into(), output);
        put(&stamp.element.into(), output);
    }
}

impl Body<'_> {
    /// Tells every stamp and every journal the body refers to.
    fn mention(&self, stamp: &mut dyn FnMut(Stamp), journal: &mut dyn FnMut(JournalIndex)) {
        match self {
            Body::Fields(entry, _) => {
                entry.deleted().into_iter().for_each(&mut *stamp);
                entry.fields().for_each(|field| stamp(field.stamp));
            }
            Body::Tombable(register) => stamp(register.stamp),
            Body::Register(register) => stamp(register.stamp),
            Body::Switched(register) => stamp(register.stamp),
            Body::Components(components) => components.iter().for_each(|(index, _)| journal(index)),
            Body::Value(_) | Body::Values(_) | Body::Present(_) | Body::Nothing => {}
        }
    }
}

/// Payloads nest within `PAYLOAD_DEPTH_MAX`, so the depth limit is never met.
fn put(value: &Value, output: &mut Vec<u8>) {
    let written = cbor::encode_into(value, output);
    debug_assert!(written.is_ok());
}
