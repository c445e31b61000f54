//! Fields between rows and scripts: canonical bytes on one side, values of EchoLua on the other.
//!
//! Integers of up to 64 bits are integers (of `u64` the same bits), wider ones are decimal text; floats and fixed-point
//! numbers are floats; a handle is an integer, and `false` where it is nobody's. A value that a field cannot hold is
//! refused, never cut: an integer out of range, a float with a fraction for an integer.
//!
//! INVARIANT: what is written has canonical bytes.
//! Tests: `tests/it/script_api.rs`.

use crate::component::{Component, Field, FieldKind, Plain, Schema};
use crate::entity::Entity;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_echolua::{Heap, Value};
use gatos_numbers::{Q32, binary64};

/// A handle as scripts hold it: generation in the upper half, index in the lower.
pub(crate) const fn from_entity(entity: Entity) -> i64 {
    ((entity.generation() as u64) << 32 | entity.index() as u64).cast_signed()
}

/// The handle with this number.
pub(crate) const fn to_entity(number: i64) -> Entity {
    let bits = number.cast_unsigned();
    Entity::new(bits as u32, (bits >> 32) as u32)
}

/// One element as a script sees it. The bytes are canonical.
pub(crate) fn read(kind: FieldKind, bytes: &[u8], heap: &mut Heap) -> Value {
    fn of<T: Plain + Default>(bytes: &[u8]) -> T {
        T::read(bytes).unwrap_or_default()
    }
    match kind {
        FieldKind::U8 => Value::Integer(of::<u8>(bytes).into()),
        FieldKind::U16 => Value::Integer(of::<u16>(bytes).into()),
        FieldKind::U32 => Value::Integer(of::<u32>(bytes).into()),
        FieldKind::U64 => Value::Integer(of::<u64>(bytes).cast_signed()),
        FieldKind::U128 => text(&of::<u128>(bytes).to_string(), heap),
        FieldKind::I8 => Value::Integer(of::<i8>(bytes).into()),
        FieldKind::I16 => Value::Integer(of::<i16>(bytes).into()),
        FieldKind::I32 => Value::Integer(of::<i32>(bytes).into()),
        FieldKind::I64 => Value::Integer(of::<i64>(bytes)),
        FieldKind::I128 => text(&of::<i128>(bytes).to_string(), heap),
        FieldKind::F32 => Value::Float(of::<f32>(bytes).into()),
        FieldKind::F64 => Value::Float(of::<f64>(bytes)),
        FieldKind::Bool => Value::Boolean(bytes == [1]),
        FieldKind::Q32 => {
            let fixed = Q32::from_steps(of::<i64>(bytes));
            Value::Float(binary64::from_q32(fixed))
        }
        FieldKind::Entity => match <Entity as Plain>::read(bytes) {
            Some(Entity::NULL) | None => Value::Boolean(false),
            Some(entity) => Value::Integer(from_entity(entity)),
        },
    }
}

fn text(text: &str, heap: &mut Heap) -> Value {
    Value::String(heap.string(text.as_bytes()))
}

/// Writes one element.
///
/// # Errors
/// Why the field cannot hold the value.
pub(crate) fn write(
    kind: FieldKind,
    value: Value,
    heap: &Heap,
    bytes: &mut [u8],
) -> Result<(), String> {
    match kind {
        FieldKind::F32 => {
            let bits = binary64::to_binary32_bits(float(value, kind)?);
            f32::from_bits(bits).write(bytes);
        }
        FieldKind::F64 => float(value, kind)?.write(bytes),
        FieldKind::Q32 => {
            let float = float(value, kind)?;
            let fixed = binary64::to_q32(float)
                .map_err(|_| format!("{} does not fit q32", binary64::lua_text(float).as_str()))?;
            fixed.write(bytes);
        }
        FieldKind::Bool => match value {
            Value::Boolean(value) => value.write(bytes),
            other => return Err(wrong(kind, other)),
        },
        FieldKind::Entity => match value {
            Value::Boolean(false) => Plain::write(&Entity::NULL, bytes),
            Value::Integer(number) => Plain::write(&to_entity(number), bytes),
            other => return Err(wrong(kind, other)),
        },
        FieldKind::U128 | FieldKind::I128 => wide(kind, value, heap, bytes)?,
        _ => integer(kind, whole(value, kind)?, bytes)?,
    }
    Ok(())
}

fn wrong(kind: FieldKind, value: Value) -> String {
    format!("a {} does not fit {kind}", value.type_name())
}

fn float(value: Value, kind: FieldKind) -> Result<f64, String> {
    match value {
        Value::Float(float) => Ok(float),
        Value::Integer(integer) => Ok(binary64::from_i64(integer)),
        other => Err(wrong(kind, other)),
    }
}

fn whole(value: Value, kind: FieldKind) -> Result<i64, String> {
    match value {
        Value::Integer(integer) => Ok(integer),
        Value::Float(float) => binary64::to_i64_exact(float)
            .map_err(|_| format!("{} does not fit {kind}", binary64::lua_text(float).as_str())),
        other => Err(wrong(kind, other)),
    }
}

fn integer(kind: FieldKind, integer: i64, bytes: &mut [u8]) -> Result<(), String> {
    fn put<T: Plain + TryFrom<i64>>(integer: i64, bytes: &mut [u8]) -> bool {
        T::try_from(integer).map(|value| value.write(bytes)).is_ok()
    }
    let fits = match kind {
        FieldKind::U8 => put::<u8>(integer, bytes),
        FieldKind::U16 => put::<u16>(integer, bytes),
        FieldKind::U32 => put::<u32>(integer, bytes),
        FieldKind::I8 => put::<i8>(integer, bytes),
        FieldKind::I16 => put::<i16>(integer, bytes),
        FieldKind::I32 => put::<i32>(integer, bytes),
        // The same bits, as Lua's own unsigned numbers.
        _ => {
            integer.write(bytes);
            true
        }
    };
    if fits {
        Ok(())
    } else {
        Err(format!("{integer} does not fit {kind}"))
    }
}

fn wide(kind: FieldKind, value: Value, heap: &Heap, bytes: &mut [u8]) -> Result<(), String> {
    let parsed = match value {
        Value::String(id) => core::str::from_utf8(heap.bytes_of(id))
            .ok()
            .map(String::from),
        Value::Integer(integer) => Some(integer.to_string()),
        other => return Err(wrong(kind, other)),
    };
    let parsed = parsed.unwrap_or_default();
    let is_written = if kind == FieldKind::U128 {
        parsed
            .parse::<u128>()
            .map(|value| value.write(bytes))
            .is_ok()
    } else {
        parsed
            .parse::<i128>()
            .map(|value| value.write(bytes))
            .is_ok()
    };
    if is_written {
        Ok(())
    } else {
        Err(format!("`{parsed}` does not fit {kind}"))
    }
}

/// Whether a component is one number rather than a table: a single field called `0`, as a Rust tuple has it.
pub(crate) fn is_scalar(schema: &Schema) -> bool {
    matches!(schema.fields(), [field] if field.name == "0")
}

/// The key of a field in a table: its name, or its number where the name is one.
fn key(field: &Field, heap: &mut Heap) -> Value {
    match field.name.parse::<i64>() {
        Ok(number) if field.name.bytes().all(|byte| byte.is_ascii_digit()) => {
            Value::Integer(number)
        }
        _ => Value::String(heap.string(field.name.as_bytes())),
    }
}

/// All elements of a field: the element, or a list.
pub(crate) fn read_field(field: &Field, bytes: &[u8], heap: &mut Heap) -> Value {
    if field.count == 1 {
        return read(field.kind, bytes, heap);
    }
    let list = heap.new_table();
    for (element, index) in bytes.chunks_exact(field.kind.size()).zip(1..) {
        let value = read(field.kind, element, heap);
        heap.set(list, Value::Integer(index), value);
    }
    Value::Table(list)
}

/// Writes all elements of a field.
///
/// # Errors
/// Why the field cannot hold the value, with its name.
pub(crate) fn write_field(
    field: &Field,
    value: Value,
    heap: &Heap,
    bytes: &mut [u8],
) -> Result<(), String> {
    let named = |reason: String| format!("`{}`: {reason}", field.name);
    if field.count == 1 {
        return write(field.kind, value, heap, bytes).map_err(named);
    }
    let Value::Table(list) = value else {
        return Err(named(format!("a list of {} is wanted", field.count)));
    };
    if heap.table(list).length() != i64::from(field.count) {
        return Err(named(format!("a list of {} is wanted", field.count)));
    }
    for (element, index) in bytes.chunks_exact_mut(field.kind.size()).zip(1..) {
        let value = heap.table(list).get_integer(index);
        write(field.kind, value, heap, element).map_err(named)?;
    }
    Ok(())
}

/// A whole row: the number itself for a component that is one, else a table of its fields.
pub(crate) fn read_row(schema: &Schema, row: &[u8], heap: &mut Heap) -> Value {
    if is_scalar(schema) {
        return read_field(&schema.fields()[0], row, heap);
    }
    let table = heap.new_table();
    let mut rest = row;
    for field in schema.fields() {
        let (bytes, tail) = rest.split_at(field.size());
        rest = tail;
        let value = read_field(field, bytes, heap);
        let key = key(field, heap);
        heap.set(table, key, value);
    }
    Value::Table(table)
}

/// The fields that a value names, as changes to a row: place, size, and bytes appended to `output`.
///
/// # Errors
/// A field that the component has not, or cannot hold.
pub(crate) fn changes(
    schema: &Schema,
    value: Value,
    heap: &Heap,
    output: &mut Vec<u8>,
) -> Result<Vec<(usize, usize)>, String> {
    let mut found = Vec::new();
    if is_scalar(schema) && !matches!(value, Value::Table(_) if schema.fields()[0].count == 1) {
        let field = &schema.fields()[0];
        append(field, value, heap, output)?;
        found.push((0, field.size()));
        return Ok(found);
    }
    let Value::Table(table) = value else {
        return Err(format!("a table is wanted, not a {}", value.type_name()));
    };
    for (key, value) in heap.table(table).pairs() {
        let name = match key {
            Value::String(id) => String::from_utf8_lossy(heap.bytes_of(id)).into_owned(),
            Value::Integer(number) => number.to_string(),
            other => return Err(format!("a {} is no name of a field", other.type_name())),
        };
        let (offset, field) = schema
            .field(&name)
            .ok_or_else(|| format!("there is no field `{name}`"))?;
        append(field, value, heap, output)?;
        found.push((offset, field.size()));
    }
    Ok(found)
}

fn append(field: &Field, value: Value, heap: &Heap, output: &mut Vec<u8>) -> Result<(), String> {
    let start = output.len();
    output.resize(start + field.size(), 0);
    write_field(field, value, heap, &mut output[start..])
}

/// A row from what a value names; what it does not name is zero, false, or nobody.
///
/// # Errors
/// As [`changes`].
pub(crate) fn new_row(schema: &Schema, value: Value, heap: &Heap) -> Result<Vec<u8>, String> {
    let mut row = blank(schema);
    let mut bytes = Vec::new();
    if value.is_nil() {
        return Ok(row);
    }
    let changes = changes(schema, value, heap, &mut bytes)?;
    let mut rest = &bytes[..];
    for (offset, size) in changes {
        let (head, tail) = rest.split_at(size);
        row[offset..offset + size].copy_from_slice(head);
        rest = tail;
    }
    Ok(row)
}

/// The row of a component of which nothing was said.
pub(crate) fn blank(schema: &Schema) -> Vec<u8> {
    let mut row = alloc::vec![0; schema.size()];
    let mut rest = &mut row[..];
    for field in schema.fields() {
        let (bytes, tail) = rest.split_at_mut(field.size());
        rest = tail;
        if field.kind == FieldKind::Entity {
            for element in bytes.chunks_exact_mut(Entity::SIZE_BYTES) {
                Plain::write(&Entity::NULL, element);
            }
        }
    }
    row
}

impl Entity {
    const SIZE_BYTES: usize = <Entity as Component>::SIZE;
}
