//! Values of a manifest as rows and payloads, by the same rules as those of scripts.
//!
//! Tests: `tests/it/manifest.rs`.

use super::sheet::Sheet;
use crate::component::Schema;
use crate::script::{field, payload};
use alloc::string::String;
use alloc::vec::Vec;
use gatos_echolua::{Heap, Value};
use gatos_numbers::{Number, binary64};
use gatos_yaml::{Data, Node};

/// Memory for one value; a manifest has at most a megabyte.
const VALUE_BYTES_MAX: usize = 64 << 20;

/// A row of a component.
///
/// # Errors
/// What the component cannot hold.
pub(super) fn row(sheet: &Sheet<'_>, schema: &Schema, node: &Node) -> Result<Vec<u8>, String> {
    let mut heap = Heap::new(VALUE_BYTES_MAX);
    let value = match node.data {
        Data::Bool(true) if schema.fields().is_empty() => Value::Nil,
        _ => value(sheet, node, &mut heap),
    };
    field::new_row(schema, value, &heap)
}

/// The bytes of an event's payload that is no row.
///
/// # Errors
/// What has no bytes, or more than an event carries.
pub(super) fn world_value(sheet: &Sheet<'_>, node: &Node) -> Result<Vec<u8>, String> {
    let mut heap = Heap::new(VALUE_BYTES_MAX);
    let value = value(sheet, node, &mut heap);
    let mut bytes = Vec::new();
    match payload::encode(&mut heap, value, &mut |_, _| None, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(refusal) => Err(refusal.reason),
    }
}

/// A node as a script would write it. Its depth is bounded by the YAML layer.
fn value(sheet: &Sheet<'_>, node: &Node, heap: &mut Heap) -> Value {
    match &node.data {
        Data::Null => Value::Nil,
        Data::Bool(value) => Value::Boolean(*value),
        Data::Number(number) => self::number(sheet, node, *number),
        Data::Text(text) => Value::String(heap.string(text.as_bytes())),
        Data::List(items) => {
            let table = heap.new_table();
            for (item, index) in items.iter().zip(1..) {
                let item = value(sheet, item, heap);
                heap.set(table, Value::Integer(index), item);
            }
            Value::Table(table)
        }
        Data::Map(entries) => {
            let table = heap.new_table();
            for entry in entries {
                let item = value(sheet, &entry.value, heap);
                heap.set_text(table, entry.key.as_str(), item);
            }
            Value::Table(table)
        }
    }
}

/// An integer where one is written, else the nearest binary64.
fn number(sheet: &Sheet<'_>, node: &Node, number: Number) -> Value {
    let written = sheet.written(node.position);
    if let Number::Integer(integer) = number
        && !written.contains(['.', 'e', 'E'])
        && let Ok(integer) = i64::try_from(integer)
    {
        return Value::Integer(integer);
    }
    let text = alloc::format!("{number}");
    let float = binary64::parse(written).or_else(|_| binary64::parse(&text));
    float.map_or(Value::Nil, Value::Float)
}
