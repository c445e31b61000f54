//! A program's state as chunks: its canonical value, opened two levels deep so that a change touches one chunk.
//!
//! The value is the one that [`gatos_echolua::Vm::keep`] gives. The outermost table and the tables in it are taken apart:
//! a table becomes an entry with its head `[shape, class, length]`, and an entry for each of its pairs. An entry's path is
//! the list of keys that lead to it. Chunks end by the rule of all chunks.
//!
//! INVARIANT: `decode_chunks` accepts only what `encode_chunks` writes for some value.
//! Format: `docs/formats/checkpoint.md`. TWIN: state-bytes — `state/decode.rs`. Tests: `tests/it/program.rs`.

use crate::state::{StateError, chunk_name, ends_chunk};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::cbor::{self, Items};
use gatos_values::{Blake3Digest, Value};

/// Items of a table's head.
const HEAD: usize = 3;

/// Most lists around a body.
const PATH_DEPTH: usize = 4;

type Outcome<T> = Result<T, StateError>;

fn wrong<T>(what: &'static str) -> Outcome<T> {
    Err(StateError::Form(what))
}

/// Cuts a state into chunks and gives their digests, in order.
pub(crate) fn encode_chunks(
    kept: Option<&Value>,
    chunks: &mut BTreeMap<String, Vec<u8>>,
) -> Vec<Blake3Digest> {
    let mut digests = Vec::new();
    let mut entries: Vec<Vec<u8>> = Vec::new();
    let mut finish = |entries: &mut Vec<Vec<u8>>| {
        let bytes = chunk_of(entries);
        let digest = Blake3Digest::of(&bytes);
        chunks.insert(chunk_name(&digest), bytes);
        digests.push(digest);
        entries.clear();
    };
    for (path, body) in kept.map(flatten).unwrap_or_default() {
        let path = encoded(&path);
        let mut entry = Vec::new();
        cbor::encode_list_head_into(2, &mut entry);
        entry.extend_from_slice(&path);
        entry.extend(encoded(&body));
        entries.push(entry);
        if ends_chunk(&path, entries.len()) {
            finish(&mut entries);
        }
    }
    if !entries.is_empty() {
        finish(&mut entries);
    }
    digests
}

/// `[stamps, journals, entries]`, as every chunk; a program's have neither stamps nor journals.
fn chunk_of(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    cbor::encode_list_head_into(3, &mut bytes);
    cbor::encode_bytes_into(&[], &mut bytes);
    cbor::encode_list_head_into(0, &mut bytes);
    cbor::encode_list_head_into(entries.len(), &mut bytes);
    for entry in entries {
        bytes.extend_from_slice(entry);
    }
    bytes
}

fn encoded(value: &Value) -> Vec<u8> {
    // Kept values nest within `KEPT_DEPTH_MAX` and always have a form.
    let bytes = cbor::encode(value);
    debug_assert!(bytes.is_ok());
    bytes.unwrap_or_default()
}

/// Paths and bodies in the total order of paths.
fn flatten(kept: &Value) -> Vec<(Value, Value)> {
    let mut entries = Vec::new();
    let Some((head, pairs)) = split(kept) else {
        entries.push((Value::List(Vec::new()), kept.clone()));
        return entries;
    };
    entries.push((Value::List(Vec::new()), head));
    for pair in pairs.chunks_exact(2) {
        let path = Value::List(pair[..1].to_vec());
        let Some((head, inner)) = split(&pair[1]) else {
            entries.push((path, pair[1].clone()));
            continue;
        };
        entries.push((path, head));
        for inner in inner.chunks_exact(2) {
            let path = Value::List(Vec::from([pair[0].clone(), inner[0].clone()]));
            entries.push((path, inner[1].clone()));
        }
    }
    entries
}

/// A table's head and its pairs; none for other values.
fn split(value: &Value) -> Option<(Value, &[Value])> {
    let items = value.as_list()?;
    let (head, pairs) = items.split_at_checked(HEAD)?;
    Some((Value::List(head.to_vec()), pairs))
}

/// Reads the chunks of a state.
///
/// # Errors
/// [`StateError`]. Whether the value is one that a program can keep is for the machine to say.
pub(crate) fn decode_chunks(
    digests: &[Blake3Digest],
    load_chunk: &mut impl FnMut(&str) -> Option<Vec<u8>>,
) -> Outcome<Option<Value>> {
    let mut builder = Builder::default();
    let mut last: Option<(Value, bool)> = None;
    for digest in digests {
        let name = chunk_name(digest);
        let Some(bytes) = load_chunk(&name) else {
            return Err(StateError::MissingChunk(name));
        };
        if Blake3Digest::of(&bytes) != *digest {
            return Err(StateError::WrongChunk(name));
        }
        last = Some(decode_chunk(&bytes, &mut builder, last)?);
    }
    builder.finish()
}

/// Reads one chunk and gives its last path, and whether a chunk may end there.
fn decode_chunk(
    bytes: &[u8],
    builder: &mut Builder,
    before: Option<(Value, bool)>,
) -> Outcome<(Value, bool)> {
    let mut items = Items::new(bytes);
    if items.list()? != 3 || !items.bytes()?.is_empty() || items.list()? != 0 {
        return wrong("a chunk of a program's state");
    }
    if matches!(before, Some((_, false))) {
        return wrong("a chunk ends too early");
    }
    let mut last = before;
    let count = items.list()?;
    if count == 0 {
        return wrong("an empty chunk");
    }
    for index in 0..count {
        if items.list()? != 2 {
            return wrong("the length of a list");
        }
        let start = items.offset();
        let path = items.value(PATH_DEPTH)?;
        let path_bytes = bytes.get(start..items.offset()).unwrap_or_default();
        if last.as_ref().is_some_and(|(last, _)| *last >= path) {
            return wrong("entries are not in order");
        }
        let ends = ends_chunk(path_bytes, index + 1);
        if ends && index + 1 < count {
            return wrong("a chunk ends too late");
        }
        let body = items.value(PATH_DEPTH)?;
        builder.add(&path, body)?;
        last = Some((path, ends));
    }
    items.end()?;
    last.map_or_else(|| wrong("an empty chunk"), Ok)
}

/// Puts a state together again.
#[derive(Default)]
struct Builder {
    /// The whole, or the items of the outermost table so far.
    root: Option<Value>,
    /// The table of the outermost one that is open: its items so far.
    open: Option<Vec<Value>>,
}

impl Builder {
    fn add(&mut self, path: &Value, body: Value) -> Outcome<()> {
        let Some(path) = path.as_list() else {
            return wrong("a path");
        };
        let is_head = body.as_list().is_some_and(|items| items.len() == HEAD);
        if body.as_list().is_some() && !is_head && path.len() < 2 {
            return wrong("a table that is not opened");
        }
        match (path, self.root.is_some()) {
            ([], false) => {
                self.root = Some(body);
                Ok(())
            }
            ([key], true) => {
                self.close();
                self.outer()?.push(key.clone());
                if is_head {
                    self.open = body.as_list().map(<[Value]>::to_vec);
                } else {
                    self.outer()?.push(body);
                }
                Ok(())
            }
            ([key, inner], true) => {
                // While a table is open, its key is the last item of the outermost one.
                let is_its = self.outer()?.last() == Some(key);
                match &mut self.open {
                    Some(open) if is_its => {
                        open.extend([inner.clone(), body]);
                        Ok(())
                    }
                    _ => wrong("an entry outside its table"),
                }
            }
            _ => wrong("a path"),
        }
    }

    fn outer(&mut self) -> Outcome<&mut Vec<Value>> {
        match &mut self.root {
            Some(Value::List(items)) => Ok(items),
            _ => wrong("an entry outside a table"),
        }
    }

    fn close(&mut self) {
        if let (Some(open), Some(Value::List(items))) = (self.open.take(), &mut self.root) {
            items.push(Value::List(open));
        }
    }

    fn finish(mut self) -> Outcome<Option<Value>> {
        self.close();
        Ok(self.root)
    }
}
