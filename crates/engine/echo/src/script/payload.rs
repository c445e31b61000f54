//! What events carry: values of scripts as canonical bytes, and rows of components.
//!
//! An event whose kind is the name of a component carries a row of it, so Rust handlers and scripts understand each other.
//! Any other event carries a *world value*: nil, a boolean, an integer, a float, a string, or a table of those. Functions
//! and coroutines have no bytes. A handle of an entity travels as its number, a view of a component as a table.
//!
//! INVARIANT: equal values have equal bytes, whatever order a table was filled in; reading trusts no byte; writing ends at the
//! limit of an event's payload, whatever a value would unfold to.
//! Bytes: `docs/formats/scripts.md`, section World values. Tests: `tests/it/script_payload.rs`.

use crate::bus::Draft;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_echolua::value::{StringId, TableId};
use gatos_echolua::{Heap, Value};
use gatos_numbers::binary64;

/// Deepest nesting of tables.
pub const DEPTH_MAX: usize = 32;

/// Tags of values.
mod tag {
    pub const NIL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const INTEGER: u8 = 3;
    pub const FLOAT: u8 = 4;
    pub const STRING: u8 = 5;
    pub const TABLE: u8 = 6;
}

/// Appends the bytes of a value. `flatten` gives the value that stands for an object of the host's own, such as a handle.
///
/// # Errors
/// What has no bytes, or more than an event carries.
pub fn encode(
    heap: &mut Heap,
    value: Value,
    flatten: &mut dyn FnMut(&mut Heap, TableId) -> Option<Value>,
    output: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let mut encoder = Encoder {
        heap,
        flatten,
        output,
        size: 0,
        tables: BTreeMap::new(),
    };
    match encoder.value(value, 0) {
        Ok(_) => Ok(()),
        Err(reason) => Err(Refusal {
            reason,
            size: encoder.size,
        }),
    }
}

/// Why a value has no bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong with it.
    pub reason: String,
    /// How many bytes were looked at or written before that was seen, which somebody pays for.
    pub size: usize,
}

/// A value that is being written. No table is gone through twice, so the work is bounded by the tables there are and by the bytes
/// that are written, however often a value names the same one.
struct Encoder<'e> {
    heap: &'e mut Heap,
    flatten: &'e mut dyn FnMut(&mut Heap, TableId) -> Option<Value>,
    output: &'e mut Vec<u8>,
    /// The bytes that were written, and those of keys that will be.
    size: usize,
    tables: BTreeMap<TableId, Written>,
}

/// Where a table's bytes lie in the output, and how deep tables nest there.
#[derive(Clone, Copy)]
struct Written {
    start: usize,
    end: usize,
    levels: usize,
}

impl Encoder<'_> {
    /// Writes a value inside so many tables; how deep tables nest in it.
    fn value(&mut self, value: Value, depth: usize) -> Result<usize, String> {
        match value {
            Value::Nil => {
                grow(&mut self.size, 1)?;
                self.output.push(tag::NIL);
            }
            Value::Boolean(value) => {
                grow(&mut self.size, 1)?;
                self.output.push(tag::FALSE + u8::from(value));
            }
            Value::Integer(integer) => {
                grow(&mut self.size, 9)?;
                self.output.push(tag::INTEGER);
                self.output.extend(integer.to_le_bytes());
            }
            Value::Float(float) => {
                grow(&mut self.size, 9)?;
                self.output.push(tag::FLOAT);
                let bits = binary64::canonical_bits(float);
                self.output.extend(bits.to_le_bytes());
            }
            Value::String(id) => {
                grow(&mut self.size, 5 + self.heap.bytes_of(id).len())?;
                self.text(id);
            }
            Value::Table(table) => {
                if let Some(written) = self.tables.get(&table).copied() {
                    return self.again(written, depth);
                }
                let start = self.output.len();
                let levels = match (self.flatten)(self.heap, table) {
                    Some(Value::Table(plain)) => self.table(plain, depth)?,
                    Some(other) => return self.value(other, depth),
                    None => self.table(table, depth)?,
                };
                let end = self.output.len();
                let written = Written { start, end, levels };
                self.tables.insert(table, written);
                return Ok(levels);
            }
            other => return Err(format!("a {} cannot travel", other.type_name())),
        }
        Ok(0)
    }

    /// Writes the bytes of a table anew.
    fn again(&mut self, written: Written, depth: usize) -> Result<usize, String> {
        let Written { start, end, levels } = written;
        if depth + levels > DEPTH_MAX {
            return Err(too_deep());
        }
        grow(&mut self.size, end - start)?;
        self.output.extend_from_within(start..end);
        Ok(levels)
    }

    fn text(&mut self, id: StringId) {
        let bytes = self.heap.bytes_of(id);
        self.output.push(tag::STRING);
        self.output.extend((bytes.len() as u32).to_le_bytes());
        self.output.extend_from_slice(bytes);
    }

    /// A table: its pairs in the order of their keys' bytes, which is that of tag, then of the value.
    fn table(&mut self, table: TableId, depth: usize) -> Result<usize, String> {
        if depth >= DEPTH_MAX {
            return Err(too_deep());
        }
        grow(&mut self.size, 5)?;
        let heap = &*self.heap;
        let mut pairs = Vec::new();
        for (key, value) in heap.table(table).pairs() {
            let (key, size) = match key {
                Value::Integer(integer) => (Key::Integer(integer), 9),
                Value::String(id) => (Key::Text(id), 5 + heap.bytes_of(id).len()),
                other => return Err(format!("a {} as a key cannot travel", other.type_name())),
            };
            grow(&mut self.size, size)?;
            pairs.push((key, value));
        }
        pairs.sort_by(|(left, _), (right, _)| left.order(heap).cmp(&right.order(heap)));
        self.output.push(tag::TABLE);
        self.output.extend((pairs.len() as u32).to_le_bytes());
        let mut levels = 0;
        for (key, value) in pairs {
            match key {
                // Numbers of list places sort as numbers when their most significant byte comes first.
                Key::Integer(integer) => {
                    self.output.push(tag::INTEGER);
                    let bits = integer.cast_unsigned() ^ (1 << 63);
                    self.output.extend(bits.to_be_bytes());
                }
                Key::Text(id) => self.text(id),
            }
            levels = levels.max(self.value(value, depth + 1)?);
        }
        Ok(levels + 1)
    }
}

/// A key that can travel.
#[derive(Clone, Copy)]
enum Key {
    Integer(i64),
    Text(StringId),
}

impl Key {
    /// What sorts as the key's bytes do: numbers first, texts by the bytes of their size, least significant first.
    fn order(self, heap: &Heap) -> (bool, i64, [u8; 4], &[u8]) {
        match self {
            Key::Integer(integer) => (false, integer, [0; 4], &[]),
            Key::Text(id) => {
                let bytes = heap.bytes_of(id);
                (true, 0, (bytes.len() as u32).to_le_bytes(), bytes)
            }
        }
    }
}

/// Counts bytes before they are made.
fn grow(size: &mut usize, more: usize) -> Result<(), String> {
    if more > Draft::PAYLOAD_SIZE_MAX - *size {
        return Err("the payload has more than 1 MiB".to_string());
    }
    *size += more;
    Ok(())
}

fn too_deep() -> String {
    format!("tables nest deeper than {DEPTH_MAX}")
}

/// The value with these bytes, made in the heap.
///
/// # Errors
/// What is wrong with the bytes.
pub fn decode(heap: &mut Heap, bytes: &[u8]) -> Result<Value, String> {
    let mut rest = bytes;
    let value = decode_inside(heap, &mut rest, 0)
        .ok_or_else(|| format!("no world value at byte {}", bytes.len() - rest.len()))?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err("bytes follow the world value".to_string())
    }
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}

fn word(rest: &mut &[u8]) -> Option<[u8; 8]> {
    take(rest, 8)?.try_into().ok()
}

fn text<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let size = u32::from_le_bytes(take(rest, 4)?.try_into().ok()?);
    take(rest, size as usize)
}

fn decode_inside(heap: &mut Heap, rest: &mut &[u8], depth: usize) -> Option<Value> {
    Some(match take(rest, 1)?[0] {
        tag::NIL => Value::Nil,
        tag::FALSE => Value::Boolean(false),
        tag::TRUE => Value::Boolean(true),
        tag::INTEGER => Value::Integer(i64::from_le_bytes(word(rest)?)),
        tag::FLOAT => Value::Float(binary64::from_le_bytes(word(rest)?)?),
        tag::STRING => Value::String(heap.string(text(rest)?)),
        tag::TABLE if depth < DEPTH_MAX => {
            let count = u32::from_le_bytes(take(rest, 4)?.try_into().ok()?);
            let table = heap.new_table();
            let mut last: Option<&[u8]> = None;
            for _ in 0..count {
                let before = *rest;
                let key = match take(rest, 1)?[0] {
                    tag::INTEGER => {
                        let bits = u64::from_be_bytes(word(rest)?) ^ (1 << 63);
                        Value::Integer(bits.cast_signed())
                    }
                    tag::STRING => Value::String(heap.string(text(rest)?)),
                    _ => return None,
                };
                let key_bytes = &before[..before.len() - rest.len()];
                if last.is_some_and(|last| last >= key_bytes) {
                    return None;
                }
                last = Some(key_bytes);
                let value = decode_inside(heap, rest, depth + 1)?;
                if value.is_nil() {
                    return None;
                }
                heap.set(table, key, value);
            }
            Value::Table(table)
        }
        _ => return None,
    })
}
