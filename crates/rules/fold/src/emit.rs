//! State files: what the reducers hold, as canonical JSON or lines of it, each at its path.
//!
//! Maps of results are written key by key from the sorted state, so no second tree of values is built; every
//! string and value on the way is written by `gatos_values::json`.
//!
//! INVARIANT: the bytes are canonical JSON (for `jsonl`, on each line), and the files come sorted by path.
//!
//! Format: `docs/formats/checkpoint.md`. Tests: `tests/it`, and the slow twin in `gatos-testkit`.

use crate::ir::{Emit, Format};
use crate::path::check_made;
use crate::rgf::Fold;
use crate::state::{Components, FoldFault, KindState, LwwEntry, Names, StateFile};
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::cbor::{self, Items};
use gatos_values::{Text, Value, json};

/// Writes all emissions of a fold; `state_of` gives the state of a reducer by index.
pub(crate) fn emit<'a>(
    fold: &Fold,
    state_of: impl Fn(usize) -> Option<&'a KindState>,
) -> Result<Vec<StateFile>, FoldFault> {
    let mut files = Vec::new();
    for emit in &fold.ir.emits {
        let (Some(state), Some(reducer)) =
            (state_of(emit.reducer), fold.ir.reducers.get(emit.reducer))
        else {
            continue;
        };
        let written = emit_one(emit, state, &mut files);
        written.map_err(|Overflow { key }| FoldFault::NumberOverflow {
            reducer: reducer.name.to_string(),
            key,
        })?;
    }
    files.sort();
    check_made(files.iter().map(|file| file.path.as_str()))?;
    Ok(files)
}

/// A total without a form; `key` is empty for results without keys.
struct Overflow {
    key: String,
}

fn emit_one(emit: &Emit, state: &KindState, files: &mut Vec<StateFile>) -> Result<(), Overflow> {
    if !emit.path.is_split() {
        let bytes = file(&Part::State(state), emit.format)?;
        files.push(StateFile {
            path: emit.path.to_string(),
            bytes,
        });
        return Ok(());
    }
    for_each_key(state, &mut |key, part| {
        let bytes = file(&part, emit.format).map_err(|_| Overflow {
            key: key.to_string(),
        })?;
        files.push(StateFile {
            path: emit.path.path_for(key),
            bytes,
        });
        Ok(())
    })
}

fn file(part: &Part<'_>, format: Format) -> Result<Vec<u8>, Overflow> {
    let mut output = Vec::new();
    match format {
        Format::Json => write(part, &mut output)?,
        Format::JsonLines => write_lines(part, &mut output)?,
    }
    Ok(output)
}

/// Something that has a place of its own in the output.
enum Part<'a> {
    State(&'a KindState),
    Fields(&'a LwwEntry, &'a Names),
    Sum(&'a Components),
    Value(&'a Value),
}

/// Calls `sink` with every key that shows and what stands behind it, in order.
fn for_each_key<'a>(
    state: &'a KindState,
    sink: &mut dyn FnMut(&'a Text, Part<'a>) -> Result<(), Overflow>,
) -> Result<(), Overflow> {
    match state {
        KindState::Fields(map) => {
            let entries = map.entries.iter();
            let live = entries.filter(|(_, entry)| !entry.is_hidden());
            for (key, entry) in live {
                sink(key, Part::Fields(entry, &map.names))?;
            }
        }
        KindState::Entries(map) => {
            for (key, register) in map.iter() {
                if let Some(value) = &register.value {
                    sink(key, Part::Value(value))?;
                }
            }
        }
        KindState::Nested(map) => {
            for (key, state) in map.iter() {
                sink(key, Part::State(state))?;
            }
        }
        KindState::Sums(map) => {
            for (key, components) in map.iter() {
                sink(key, Part::Sum(components))?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Calls `sink` with every element of a set or list, in order.
fn for_each_element<'a>(state: &'a KindState, sink: &mut dyn FnMut(&'a Value)) {
    match state {
        KindState::Grown(set) => set.iter().for_each(sink),
        KindState::TwoPhase(map) => map
            .iter()
            .filter(|(_, present)| **present)
            .for_each(|(value, _)| sink(value)),
        KindState::Switched(map) => {
            map.iter()
                .filter(|(_, register)| register.value)
                .for_each(|(value, _)| sink(value));
        }
        KindState::Observed(set) => {
            let values: BTreeSet<&Value> = set.added.values().flatten().collect();
            values.into_iter().for_each(sink);
        }
        KindState::List(list) => list.iter().for_each(sink),
        _ => {}
    }
}

fn write(part: &Part<'_>, output: &mut Vec<u8>) -> Result<(), Overflow> {
    match part {
        Part::Value(value) => write_value(value, output),
        Part::Sum(components) => write_sum(components, output)?,
        Part::Fields(entry, names) => {
            let mut items = Brackets::open(output, b'{');
            for field in entry.fields() {
                write_saved(field.value, items.key(names.get(field.name)));
            }
            items.close(b'}');
        }
        Part::State(state) => write_state(state, output)?,
    }
    Ok(())
}

fn write_state(state: &KindState, output: &mut Vec<u8>) -> Result<(), Overflow> {
    match state {
        KindState::Fields(_)
        | KindState::Entries(_)
        | KindState::Nested(_)
        | KindState::Sums(_) => {
            let mut items = Brackets::open(output, b'{');
            for_each_key(state, &mut |key, part| {
                write(&part, items.key(key)).map_err(|_| Overflow {
                    key: key.to_string(),
                })
            })?;
            items.close(b'}');
        }
        KindState::Register(register) => {
            write_value(
                register
                    .as_ref()
                    .map_or(&Value::Null, |register| &register.value),
                output,
            );
        }
        KindState::Extreme(value) => write_value(value.as_ref().unwrap_or(&Value::Null), output),
        KindState::Counter(components) => write_sum(components, output)?,
        _ => {
            let mut items = Brackets::open(output, b'[');
            for_each_element(state, &mut |value| write_value(value, items.element()));
            items.close(b']');
        }
    }
    Ok(())
}

/// One line per element, or per key as `{"key":…,"value":…}`.
fn write_lines(part: &Part<'_>, output: &mut Vec<u8>) -> Result<(), Overflow> {
    let Part::State(state) = part else {
        return write(part, output);
    };
    for_each_element(state, &mut |value| {
        write_value(value, output);
        output.push(b'\n');
    });
    for_each_key(state, &mut |key, part| {
        output.extend_from_slice(b"{\"key\":");
        json::encode_text_into(key, output);
        output.extend_from_slice(b",\"value\":");
        write(&part, output).map_err(|_| Overflow {
            key: key.to_string(),
        })?;
        output.extend_from_slice(b"}\n");
        Ok(())
    })
}

fn write_sum(components: &Components, output: &mut Vec<u8>) -> Result<(), Overflow> {
    let total = components.total().ok_or(Overflow { key: String::new() })?;
    write_value(&Value::number(total), output);
    Ok(())
}

fn write_value(value: &Value, output: &mut Vec<u8>) {
    // States hold no bytes and nest within `PAYLOAD_DEPTH_MAX` and a little, so this cannot fail.
    let written = json::encode_canonical_into(value, output);
    debug_assert!(written.is_ok());
}

/// Writes a value that a state keeps as canonical CBOR.
fn write_saved(cbor: &[u8], output: &mut Vec<u8>) {
    // Most values are texts, which need no value in between.
    if let Ok(text) = Items::new(cbor).text() {
        return json::encode_text_into(text, output);
    }
    if let Ok(value) = cbor::decode(cbor, usize::MAX) {
        write_value(&value, output);
    }
}

/// Brackets and commas of one list or map.
struct Brackets<'a> {
    output: &'a mut Vec<u8>,
    is_first: bool,
}

impl<'a> Brackets<'a> {
    fn open(output: &'a mut Vec<u8>, bracket: u8) -> Brackets<'a> {
        output.push(bracket);
        Brackets {
            output,
            is_first: true,
        }
    }

    fn element(&mut self) -> &mut Vec<u8> {
        if !self.is_first {
            self.output.push(b',');
        }
        self.is_first = false;
        self.output
    }

    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        let output = self.element();
        json::encode_text_into(key, output);
        output.push(b':');
        output
    }

    fn close(self, bracket: u8) {
        self.output.push(bracket);
    }
}
