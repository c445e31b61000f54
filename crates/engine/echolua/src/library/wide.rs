//! Numbers that a fold cannot compute with: integers outside 64 bits and fractions outside Q32.32, as payloads may have.
//!
//! A payload is handed over whole, and most folds only pass such a number on. So it becomes an object: it can be stored,
//! compared for equality, shown, kept and emitted, and comes out as the number it was. Arithmetic, order, length, calls
//! and fields raise an error that names the number. For `type` it is a table.
//!
//! Tests: `tests/it/kept.rs`.

use super::{Arguments, WIDE_EQUAL, WIDE_REFUSE, WIDE_TEXT};
use crate::machine::{EVENT_NAMES, Fault, Vm};
use crate::value::{TableId, Value};
use alloc::format;
use alloc::string::String;
use gatos_values::{Value as Plain, json};

/// The hidden member of the globals that is the metatable of these objects.
const CLASS: &str = "class wide number";
/// Where an object holds its number's text; no program writes a key like this.
const TEXT: &str = "wide number";

/// Puts the metatable into the globals.
pub(super) fn open(vm: &mut Vm) {
    let class = vm.heap.new_table();
    for event in EVENT_NAMES {
        let function = match event {
            "__close" | "__pairs" | "__name" | "__metatable" => continue,
            "__eq" => WIDE_EQUAL,
            "__tostring" => WIDE_TEXT,
            _ => WIDE_REFUSE,
        };
        vm.heap.set_text(class, event, Value::Native(function));
    }
    let name = vm.text("wide number");
    vm.heap.set_text(class, "__name", name);
    vm.heap
        .set_text(class, "__metatable", Value::Boolean(false));
    let globals = vm.globals;
    vm.heap.set_text(globals, CLASS, Value::Table(class));
}

impl Vm {
    /// The object that stands for a number.
    pub(super) fn new_wide_number(&mut self, number: &Plain) -> Value {
        let class = self.hidden_member(CLASS);
        let bytes = json::encode_canonical(number).unwrap_or_default();
        let text = Value::String(self.heap.string(&bytes));
        let table = self.heap.new_table();
        self.heap.set_text(table, TEXT, text);
        if let Value::Table(class) = class {
            self.heap.set_metatable(table, Some(class));
        }
        Value::Table(table)
    }

    /// The number that a table stands for, if it stands for one.
    pub(super) fn wide_number(&self, table: TableId) -> Option<Plain> {
        let text = self.wide_text(table)?;
        json::decode_strict(self.bytes(text)?, usize::MAX).ok()
    }

    fn wide_text(&self, table: TableId) -> Option<Value> {
        let metatable = self.heap.table(table).metatable?;
        // A metatable that refuses everything with this function is ours: programs have no name for it.
        let mut members = self.heap.table(metatable).pairs();
        let (_, first) = members.next()?;
        if !matches!(first, Value::Native(function) if function == WIDE_REFUSE) {
            return None;
        }
        self.heap.table(table).pairs().next().map(|(_, text)| text)
    }

    /// Whether a table is such an object.
    pub(super) fn stands_for_number(&self, table: TableId) -> bool {
        self.wide_text(table).is_some()
    }

    /// The text of the first argument that is such a number.
    fn wide_argument(&self, arguments: Arguments) -> String {
        let mut values = (0..arguments.count).map(|index| self.argument(arguments, index));
        let text = values.find_map(|value| match value {
            Value::Table(table) => self.wide_text(table),
            _ => None,
        });
        self.show(text.unwrap_or_default())
    }
}

/// Any use of the number.
pub(super) fn refuse(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.wide_argument(arguments);
    Err(vm.raise(&format!(
        "the number {text} does not fit a fold's numbers: it can only be passed on"
    )))
}

/// Whether two of them are the same number.
pub(super) fn equal(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = |index| match vm.argument(arguments, index) {
        Value::Table(table) => vm.wide_text(table),
        _ => None,
    };
    let is_equal = match (text(0), text(1)) {
        (Some(left), Some(right)) => left.raw_equal(right),
        _ => false,
    };
    Ok(vm.give(arguments, Value::Boolean(is_equal)))
}

/// Its decimal text.
pub(super) fn show(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.wide_argument(arguments);
    vm.give_text(arguments, text.as_bytes())
}
