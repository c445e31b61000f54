//! What events carry: values of scripts as canonical bytes, and rows of components.
//!
//! An event whose kind is the name of a component carries a row of it, so Rust handlers and scripts understand each other.
//! Any other event carries a *world value*: nil, a boolean, an integer, a float, a string, or a table of those. Functions
//! and coroutines have no bytes. A handle of an entity travels as its number, a view of a component as a table.
//!
//! INVARIANT: equal values have equal bytes, whatever order a table was filled in; reading trusts no byte.
//! Bytes: `docs/formats/scripts.md`, section World values. Tests: `tests/it/script_payload.rs`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_echolua::value::TableId;
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
/// What has no bytes, and where it stands.
pub fn encode(
    heap: &mut Heap,
    value: Value,
    flatten: &mut dyn FnMut(&mut Heap, TableId) -> Option<Value>,
    output: &mut Vec<u8>,
) -> Result<(), String> {
    encode_inside(heap, value, flatten, 0, output)
}

fn encode_inside(
    heap: &mut Heap,
    value: Value,
    flatten: &mut dyn FnMut(&mut Heap, TableId) -> Option<Value>,
    depth: usize,
    output: &mut Vec<u8>,
) -> Result<(), String> {
    match value {
        Value::Nil => output.push(tag::NIL),
        Value::Boolean(value) => output.push(tag::FALSE + u8::from(value)),
        Value::Integer(integer) => {
            output.push(tag::INTEGER);
            output.extend(integer.to_le_bytes());
        }
        Value::Float(float) => {
            output.push(tag::FLOAT);
            output.extend(binary64::canonical_bits(float).to_le_bytes());
        }
        Value::String(id) => {
            let bytes = heap.bytes_of(id);
            output.push(tag::STRING);
            output.extend((bytes.len() as u32).to_le_bytes());
            output.extend_from_slice(bytes);
        }
        Value::Table(table) => match flatten(heap, table) {
            Some(Value::Table(plain)) => encode_table(heap, plain, flatten, depth, output)?,
            Some(other) => encode_inside(heap, other, flatten, depth, output)?,
            None => encode_table(heap, table, flatten, depth, output)?,
        },
        other => return Err(format!("a {} cannot travel", other.type_name())),
    }
    Ok(())
}

/// A table: its pairs in the order of their keys' bytes, which is that of tag, then of the value.
fn encode_table(
    heap: &mut Heap,
    table: TableId,
    flatten: &mut dyn FnMut(&mut Heap, TableId) -> Option<Value>,
    depth: usize,
    output: &mut Vec<u8>,
) -> Result<(), String> {
    if depth >= DEPTH_MAX {
        return Err(format!("tables nest deeper than {DEPTH_MAX}"));
    }
    let pairs: Vec<(Value, Value)> = heap.table(table).pairs().collect();
    let mut encoded: Vec<(Vec<u8>, Value)> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let mut bytes = Vec::new();
        match key {
            // Numbers of list places sort as numbers when their most significant byte comes first.
            Value::Integer(integer) => {
                bytes.push(tag::INTEGER);
                bytes.extend((integer.cast_unsigned() ^ (1 << 63)).to_be_bytes());
            }
            Value::String(id) => {
                let text = heap.bytes_of(id);
                bytes.push(tag::STRING);
                bytes.extend((text.len() as u32).to_le_bytes());
                bytes.extend_from_slice(text);
            }
            other => return Err(format!("a {} as a key cannot travel", other.type_name())),
        }
        encoded.push((bytes, value));
    }
    encoded.sort_by(|left, right| left.0.cmp(&right.0));
    output.push(tag::TABLE);
    output.extend((encoded.len() as u32).to_le_bytes());
    for (key, value) in encoded {
        output.extend(key);
        encode_inside(heap, value, flatten, depth + 1, output)?;
    }
    Ok(())
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
