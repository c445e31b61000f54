//! Values of the value model into the machine and out of it; JSON; digests and names.
//!
//! A table is a list if its keys are exactly 1 … n with n ≥ 1, or if `json.array` marked it; every other table, `{}`
//! included, is a map. Integer keys of a map become decimal text. Null is `json.null`; nil fields are absent.
//!
//! Tests: `tests/it/fold.rs`.

use super::Arguments;
use crate::machine::{Fault, Vm};
use crate::table::{Shape, Table};
use crate::value::{TableId, Value};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_numbers::{FoldNumber, Q32};
use gatos_values::json::{self, DEPTH_MAX};
use gatos_values::{Blake3Digest, Map, Number, ResourceUri, Sha256Digest, Text, Ulid};

/// Why a value of the value model has no form in a fold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    /// A number outside 64 bits, or a fraction outside ±2^31.
    #[error("the number {0} does not fit a fold's numbers")]
    Number(String),
    /// A value of a script or of the machine that the value model has not.
    #[error("a {0} has no form in the value model")]
    Kind(String),
    /// Two keys of a map have the same text.
    #[error("two keys have the text `{0}`")]
    KeyClash(String),
    /// A key that is neither text nor an integer.
    #[error("a {0} is no key of a map")]
    KeyKind(String),
    /// A list with a hole, or a table marked as a list with other keys.
    #[error("a list has a hole or other keys than 1 … n")]
    Hole,
    /// Nesting beyond what JSON may have.
    #[error("nesting is deeper than {DEPTH_MAX}")]
    TooDeep,
    /// A string that is no text: not UTF-8, or with unassigned code points.
    #[error("a string is not valid text")]
    Text,
    /// What stands in several places is written out in each, and that is more than the limit of memory.
    #[error("written out, the value is larger than the limit of memory")]
    TooLarge,
}

/// What each value counts for that is written out, in bytes: as much as in a list, so that a value that fits in the heap
/// once can be written out once.
const WRITTEN_SIZE: usize = 16;

/// How much more of a value may be written out: a table or a string that stands in several places is copied for each, so
/// that what fits in a heap need not fit in memory.
pub(super) struct Room(usize);

impl Room {
    /// As much as the machine may use.
    pub fn of(vm: &Vm) -> Room {
        Room(vm.heap.bytes_max)
    }

    /// Takes so many bytes; whether they were there.
    pub fn take(&mut self, bytes: usize) -> bool {
        let rest = self.0.checked_sub(bytes);
        self.0 = rest.unwrap_or(0);
        rest.is_some()
    }
}

impl Vm {
    /// A value of the value model as the machine's. Byte strings become strings; going back, strings are texts.
    ///
    /// # Errors
    /// [`BridgeError::Number`].
    pub fn import(&mut self, value: &gatos_values::Value) -> Result<Value, BridgeError> {
        self.import_with(value, false)
    }

    /// A value of the value model as the machine's, whatever its numbers: one that a fold's numbers cannot hold becomes
    /// an object that can be passed on and emitted as it is, and refuses to be computed with.
    #[must_use]
    pub fn import_any(&mut self, value: &gatos_values::Value) -> Value {
        // Only numbers can fail, and they do not here.
        self.import_with(value, true).unwrap_or_default()
    }

    fn import_with(
        &mut self,
        value: &gatos_values::Value,
        takes_wide: bool,
    ) -> Result<Value, BridgeError> {
        Ok(match value {
            gatos_values::Value::Null => Value::Null,
            gatos_values::Value::Bool(value) => Value::Boolean(*value),
            gatos_values::Value::Integer(_) | gatos_values::Value::Fixed(_) => {
                match import_number(value) {
                    Err(_) if takes_wide => self.new_wide_number(value),
                    number => number?,
                }
            }
            gatos_values::Value::Text(text) => Value::String(self.heap.string(text.as_bytes())),
            gatos_values::Value::Bytes(bytes) => Value::String(self.heap.string(bytes)),
            gatos_values::Value::List(list) => {
                let table = self.heap.new_table();
                self.heap.table_mut(table).shape = Shape::List;
                for (index, item) in list.iter().enumerate() {
                    let item = self.import_with(item, takes_wide)?;
                    self.heap.set(table, Value::Integer(index as i64 + 1), item);
                }
                Value::Table(table)
            }
            gatos_values::Value::Map(map) => {
                let table = self.heap.new_table();
                self.heap.table_mut(table).reserve(0, map.len());
                for (key, item) in map {
                    let item = self.import_with(item, takes_wide)?;
                    let key = self.heap.string(key.as_bytes());
                    self.heap.set(table, Value::String(key), item);
                }
                Value::Table(table)
            }
        })
    }

    /// A value of the machine as one of the value model.
    ///
    /// # Errors
    /// [`BridgeError`].
    pub fn export(&self, value: Value) -> Result<gatos_values::Value, BridgeError> {
        self.export_inside(value, 0, &mut Room::of(self))
    }

    fn export_inside(
        &self,
        value: Value,
        depth: usize,
        room: &mut Room,
    ) -> Result<gatos_values::Value, BridgeError> {
        let size = self.bytes(value).map_or(0, <[u8]>::len);
        if !room.take(WRITTEN_SIZE + size) {
            return Err(BridgeError::TooLarge);
        }
        Ok(match value {
            Value::Null => gatos_values::Value::Null,
            Value::Boolean(value) => gatos_values::Value::Bool(value),
            Value::Integer(integer) => gatos_values::Value::from(integer),
            Value::Fixed(steps) => gatos_values::Value::number(Q32::from_steps(steps).to_number()),
            Value::String(id) => gatos_values::Value::Text(text_of(self.heap.bytes_of(id))?),
            Value::Table(table) => {
                if let Some(number) = self.wide_number(table) {
                    return Ok(number);
                }
                if depth >= DEPTH_MAX {
                    return Err(BridgeError::TooDeep);
                }
                self.export_table(table, depth + 1, room)?
            }
            other => return Err(BridgeError::Kind(String::from(other.type_name()))),
        })
    }

    fn export_table(
        &self,
        id: TableId,
        depth: usize,
        room: &mut Room,
    ) -> Result<gatos_values::Value, BridgeError> {
        let table = self.heap.table(id);
        let has_others = table.pairs().nth(table.array.len()).is_some()
            || table.array.iter().any(|value| value.is_nil());
        let is_list = match table.shape {
            Shape::List if has_others => return Err(BridgeError::Hole),
            Shape::List => true,
            Shape::Map => false,
            Shape::Plain => table.length() > 0 && !has_others,
        };
        if is_list {
            let items = table
                .array
                .iter()
                .map(|item| self.export_inside(*item, depth, room));
            return items
                .collect::<Result<_, _>>()
                .map(gatos_values::Value::List);
        }
        let mut entries = Vec::new();
        for (key, item) in table.pairs() {
            let size = self.bytes(key).map_or(0, <[u8]>::len);
            if !room.take(WRITTEN_SIZE + size) {
                return Err(BridgeError::TooLarge);
            }
            let key = match key {
                Value::String(id) => text_of(self.heap.bytes_of(id))?,
                Value::Integer(integer) => text_of(format!("{integer}").as_bytes())?,
                other => return Err(BridgeError::KeyKind(String::from(other.type_name()))),
            };
            entries.push((key, self.export_inside(item, depth, room)?));
        }
        let map = Map::from_entries(entries)
            .map_err(|twice| BridgeError::KeyClash(twice.0.into_string()))?;
        Ok(gatos_values::Value::Map(map))
    }
}

pub(super) fn import_number(value: &gatos_values::Value) -> Result<Value, BridgeError> {
    let number = value.as_number().unwrap_or(Number::Integer(0));
    match FoldNumber::from_number(number) {
        Ok(FoldNumber::Integer(integer)) => Ok(Value::Integer(integer)),
        Ok(FoldNumber::Fixed(fixed)) => Ok(Value::Fixed(fixed.steps())),
        Err(_) => Err(BridgeError::Number(format!("{number}"))),
    }
}

fn text_of(bytes: &[u8]) -> Result<Text, BridgeError> {
    let text = core::str::from_utf8(bytes).map_err(|_| BridgeError::Text)?;
    Text::new(text).map_err(|_| BridgeError::Text)
}

pub(super) fn encode_canonical(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let value = vm.check_any(arguments, 0, "encode_canonical")?;
    let bytes = canonical_json(vm, value)?;
    vm.give_text(arguments, &bytes)
}

fn canonical_json(vm: &mut Vm, value: Value) -> Result<Vec<u8>, Fault> {
    let mut room = Room::of(vm);
    let value = match vm.export_inside(value, 0, &mut room) {
        Ok(value) => value,
        Err(BridgeError::TooLarge) => return Err(Fault::MemoryExhausted),
        Err(error) => {
            // What was written out in vain is paid for, too.
            vm.pay((vm.heap.bytes_max - room.0) as u64 / 64)?;
            return Err(vm.raise(&format!("{error}")));
        }
    };
    let bytes = json::encode_canonical(&value).map_err(|error| vm.raise(&format!("{error}")))?;
    vm.pay(bytes.len() as u64 / 8)?;
    Ok(bytes)
}

pub(super) fn decode_strict(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text(arguments, 0, "decode_strict")?;
    vm.pay(text.len() as u64 / 4)?;
    if least_size_of(&text) > vm.heap.bytes_max {
        return Err(Fault::MemoryExhausted);
    }
    let value =
        json::decode_strict(&text, usize::MAX).map_err(|error| vm.raise(&format!("{error}")))?;
    let value = vm
        .import(&value)
        .map_err(|error| vm.raise(&format!("{error}")))?;
    Ok(vm.give(arguments, value))
}

/// What the tables of a JSON text count for at least, in bytes: asked before it is read, because two bytes of text become
/// a table.
fn least_size_of(text: &[u8]) -> usize {
    let (mut size, mut is_string, mut is_escaped) = (0usize, false, false);
    for byte in text {
        if is_string {
            is_string = is_escaped || *byte != b'"';
            is_escaped = !is_escaped && *byte == b'\\';
            continue;
        }
        size = size.saturating_add(match byte {
            b'"' => {
                is_string = true;
                0
            }
            b'[' | b'{' => Table::SIZE,
            // A value in a list, and as much again where it has a key.
            b',' | b':' => 16,
            _ => 0,
        });
    }
    size
}

fn mark(vm: &mut Vm, arguments: Arguments, name: &str, shape: Shape) -> Result<usize, Fault> {
    let table = if arguments.count == 0 {
        vm.heap.new_table()
    } else {
        vm.check_table(arguments, 0, name)?
    };
    vm.heap.table_mut(table).shape = shape;
    Ok(vm.give(arguments, Value::Table(table)))
}

pub(super) fn array(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    mark(vm, arguments, "array", Shape::List)
}

pub(super) fn object(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    mark(vm, arguments, "object", Shape::Map)
}

/// Registers a file; one path twice is an error.
pub(super) fn emit(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let path = vm.check_text(arguments, 0, "emit_json_canonical")?;
    let value = vm.check_any(arguments, 1, "emit_json_canonical")?;
    let Ok(path) = String::from_utf8(path.to_vec()) else {
        return Err(vm.bad_argument(0, "emit_json_canonical", "a path is UTF-8"));
    };
    if vm.host.files.contains_key(&path) {
        return Err(vm.raise(&format!("the path '{path}' is emitted twice")));
    }
    let bytes = canonical_json(vm, value)?;
    vm.make_room(bytes.len())?;
    vm.heap.bytes += bytes.len();
    vm.host.files.insert(path, bytes);
    Ok(vm.give(arguments, Value::Boolean(true)))
}

pub(super) fn blake3(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text(arguments, 0, "blake3")?;
    vm.pay(text.len() as u64 / 16)?;
    let digest = format!("{}", Blake3Digest::of(&text));
    vm.give_text(arguments, digest.as_bytes())
}

pub(super) fn sha256(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text(arguments, 0, "sha256")?;
    vm.pay(text.len() as u64 / 8)?;
    let digest = format!("{}", Sha256Digest::of(&text));
    vm.give_text(arguments, digest.as_bytes())
}

/// `{repository, path}` of a resource URI, or nil and why.
pub(super) fn parse_uri(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text(arguments, 0, "parse")?;
    let text = String::from_utf8_lossy(&text);
    match ResourceUri::parse(&text) {
        Ok(uri) => {
            let table = vm.heap.new_table();
            let (repository, path) = (vm.text(uri.repo()), vm.text(uri.path()));
            vm.heap.set_text(table, "repository", repository);
            vm.heap.set_text(table, "path", path);
            Ok(vm.give(arguments, Value::Table(table)))
        }
        Err(error) => {
            let message = vm.text(&format!("{error}"));
            vm.give_all(arguments, &[Value::Nil, message])
        }
    }
}

/// −1, 0 or 1.
pub(super) fn compare_ulids(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let mut ulids = [0u128; 2];
    for (index, ulid) in ulids.iter_mut().enumerate() {
        let text = vm.check_text(arguments, index, "compare")?;
        match Ulid::parse(&String::from_utf8_lossy(&text)) {
            Ok(parsed) => *ulid = parsed.bits(),
            Err(error) => return Err(vm.bad_argument(index, "compare", &format!("{error}"))),
        }
    }
    let order = ulids[0].cmp(&ulids[1]) as i64;
    Ok(vm.give(arguments, Value::Integer(order)))
}
