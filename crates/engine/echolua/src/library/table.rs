//! `table`: lists by their length, with metamethods where a table has some.
//!
//! Tests: `tests/it/language.rs`.

use super::Arguments;
use crate::machine::meaning::{Decision, Store};
use crate::machine::{Fault, STACK_SIZE_MAX, Vm};
use crate::value::Value;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

impl Vm {
    /// `#object` as an integer, with metamethods.
    pub(super) fn length_of(&mut self, object: Value) -> Result<i64, Fault> {
        if let Value::Table(table) = object
            && self.heap.table(table).metatable.is_none()
        {
            return Ok(self.heap.table(table).length());
        }
        let value = match self.meant_length(object) {
            Ok(Decision::Value(value)) => value,
            Ok(Decision::Call(handler, object, _)) => self
                .call_back(handler, &[object])?
                .first()
                .copied()
                .unwrap_or_default(),
            Err(wrong) => return Err(self.raise_wrong(wrong, |_| String::new())),
        };
        self.pay_for_number(value)?;
        match self.to_integer(value) {
            Some(length) => Ok(length),
            None => Err(self.raise("object length is not an integer")),
        }
    }

    /// `object[index]`.
    pub(super) fn item(&mut self, object: Value, index: i64) -> Result<Value, Fault> {
        if let Value::Table(table) = object
            && self.heap.table(table).metatable.is_none()
        {
            return Ok(self.heap.table(table).get_integer(index));
        }
        self.index_value(object, Value::Integer(index))
    }

    /// `object[index] = value`.
    pub(super) fn set_item(
        &mut self,
        object: Value,
        index: i64,
        value: Value,
    ) -> Result<(), Fault> {
        if let Value::Table(table) = object
            && self.heap.table(table).metatable.is_none()
        {
            self.heap.set(table, Value::Integer(index), value);
            return Ok(());
        }
        match self.meant_set_index(object, Value::Integer(index), value) {
            Ok(Store::Done) => Ok(()),
            Ok(Store::Call(handler, object)) => self
                .call_back(handler, &[object, Value::Integer(index), value])
                .map(|_| ()),
            Err(wrong) => Err(self.raise_wrong(wrong, |_| String::new())),
        }
    }

    /// A table, or what acts like one.
    pub(super) fn check_list(
        &mut self,
        arguments: Arguments,
        index: usize,
        function: &str,
    ) -> Result<Value, Fault> {
        let value = self.argument(arguments, index);
        let is_list = matches!(value, Value::Table(_))
            || !self
                .metamethod(value, crate::machine::event::INDEX)
                .is_nil()
                && !matches!(value, Value::String(_));
        if is_list {
            Ok(value)
        } else {
            Err(self.bad_type(arguments, index, function, "table"))
        }
    }
}

pub(super) fn concat(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let list = vm.check_list(arguments, 0, "concat")?;
    let separator = if vm.argument(arguments, 1).is_nil() {
        Arc::from(&b""[..])
    } else {
        vm.check_text(arguments, 1, "concat")?
    };
    let first = vm.optional_integer(arguments, 2, "concat", 1)?;
    let last = if vm.argument(arguments, 3).is_nil() {
        vm.length_of(list)?
    } else {
        vm.check_integer(arguments, 3, "concat")?
    };
    let mut result = Vec::new();
    let mut index = first;
    while index <= last {
        vm.pay(1)?;
        let value = vm.item(list, index)?;
        if !matches!(value, Value::String(_)) && value.as_numeral().is_none() {
            let kind = vm.type_of(value);
            let error = vm.raise(&format!(
                "invalid value ({kind}) at index {index} in table for 'concat'"
            ));
            return vm.pay_for_failure(Err(error), result.len());
        }
        vm.push_text(value, &mut result);
        vm.check_size(result.len())?;
        if index == last {
            break;
        }
        result.extend_from_slice(&separator);
        index += 1;
    }
    vm.give_text(arguments, &result)
}

pub(super) fn insert(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let list = vm.check_list(arguments, 0, "insert")?;
    let length = vm.length_of(list)?.wrapping_add(1);
    match arguments.count {
        2 => {
            let value = vm.argument(arguments, 1);
            vm.set_item(list, length, value)?;
        }
        3 => {
            let position = vm.check_integer(arguments, 1, "insert")?;
            if position.wrapping_sub(1).cast_unsigned() >= length.cast_unsigned() {
                return Err(vm.bad_argument(1, "insert", "position out of bounds"));
            }
            vm.pay(length.wrapping_sub(position).unsigned_abs())?;
            let mut index = length;
            while index > position {
                let value = vm.item(list, index - 1)?;
                vm.set_item(list, index, value)?;
                index -= 1;
            }
            let value = vm.argument(arguments, 2);
            vm.set_item(list, position, value)?;
        }
        _ => return Err(vm.raise("wrong number of arguments to 'insert'")),
    }
    Ok(0)
}

pub(super) fn remove(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let list = vm.check_list(arguments, 0, "remove")?;
    let length = vm.length_of(list)?;
    let mut position = vm.optional_integer(arguments, 1, "remove", length)?;
    if arguments.count > 1
        && length
            .wrapping_add(1)
            .wrapping_sub(position)
            .cast_unsigned()
            > length.cast_unsigned()
    {
        let is_edge = length == 0 && (position == 0 || position == length);
        if !is_edge {
            return Err(vm.bad_argument(1, "remove", "position out of bounds"));
        }
    }
    let removed = vm.item(list, position)?;
    vm.pay(length.wrapping_sub(position).max(0).unsigned_abs())?;
    while position < length {
        let value = vm.item(list, position + 1)?;
        vm.set_item(list, position, value)?;
        position += 1;
    }
    vm.set_item(list, position, Value::Nil)?;
    Ok(vm.give(arguments, removed))
}

pub(super) fn move_(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let from = vm.check_list(arguments, 0, "move")?;
    let first = vm.check_integer(arguments, 1, "move")?;
    let last = vm.check_integer(arguments, 2, "move")?;
    let target = vm.check_integer(arguments, 3, "move")?;
    let to = if vm.argument(arguments, 4).is_nil() {
        from
    } else {
        vm.check_list(arguments, 4, "move")?
    };
    if last >= first {
        if !(first > 0 || last < i64::MAX + first) {
            return Err(vm.bad_argument(2, "move", "too many elements to move"));
        }
        let count = last - first + 1;
        if target > i64::MAX - count + 1 {
            return Err(vm.bad_argument(3, "move", "destination wrap around"));
        }
        let is_upwards = target > last || target <= first || !to.raw_equal(from);
        let before = vm.heap.bytes;
        for step in 0..count {
            vm.pay(1)?;
            let index = if is_upwards { step } else { count - 1 - step };
            let value = vm.item(from, first + index)?;
            vm.set_item(to, target + index, value)?;
            // An `__index` may be there that gives more than any table holds.
            vm.check_growth(before)?;
        }
    }
    Ok(vm.give(arguments, to))
}

pub(super) fn pack(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let values = vm.arguments(arguments);
    let table = vm.heap.new_table();
    vm.heap.append_list(table, 0, &values);
    vm.heap
        .set_text(table, "n", Value::Integer(values.len() as i64));
    Ok(vm.give(arguments, Value::Table(table)))
}

pub(super) fn unpack(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let list = vm.argument(arguments, 0);
    let first = vm.optional_integer(arguments, 1, "unpack", 1)?;
    let last = if vm.argument(arguments, 2).is_nil() {
        vm.length_of(list)?
    } else {
        vm.check_integer(arguments, 2, "unpack")?
    };
    if first > last {
        return Ok(0);
    }
    let count = last.wrapping_sub(first).cast_unsigned();
    if count >= STACK_SIZE_MAX as u64 / 2 {
        return Err(vm.raise("too many results to unpack"));
    }
    vm.pay(count)?;
    let mut values = Vec::with_capacity(count as usize + 1);
    let mut index = first;
    loop {
        let value = vm.item(list, index)?;
        values.push(value);
        if index == last {
            break;
        }
        index += 1;
    }
    vm.give_all(arguments, &values)
}
