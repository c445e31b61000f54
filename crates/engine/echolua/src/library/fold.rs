//! The fold's prelude: keys in canonical order, chance where it is allowed, and what is written in Lua itself.
//!
//! Keys are ordered: numbers by value, then strings by bytes, then false, then true; a key of another kind is an error.
//!
//! Tests: `tests/it/fold.rs`.

use super::{Arguments, DPAIRS_STEP, RNG_STEP};
use crate::arithmetic;
use crate::machine::{Fault, Vm};
use crate::value::{TableId, Value};
use alloc::format;
use alloc::vec::Vec;
use core::cmp::Ordering;
use gatos_numbers::Pcg32;

/// The part of the prelude that is written in Lua; it runs once when a fold's machine is made.
pub(super) const PRELUDE: &str = include_str!("fold/prelude.lua");

/// Place of a kind of key in the order.
const fn rank(value: Value) -> Option<u8> {
    match value {
        Value::Integer(_) | Value::Float(_) | Value::Fixed(_) => Some(0),
        Value::String(_) => Some(1),
        Value::Boolean(false) => Some(2),
        Value::Boolean(true) => Some(3),
        _ => None,
    }
}

impl Vm {
    /// The canonical order of two keys.
    fn compare_keys(&self, left: Value, right: Value) -> Ordering {
        match (left, right) {
            (Value::String(left), Value::String(right)) => {
                self.heap.bytes_of(left).cmp(self.heap.bytes_of(right))
            }
            _ => match (left.as_numeral(), right.as_numeral()) {
                (Some(left), Some(right)) => {
                    arithmetic::compare(left, right).unwrap_or(Ordering::Equal)
                }
                _ => rank(left).cmp(&rank(right)),
            },
        }
    }

    /// The keys of a table in canonical order.
    fn ordered_keys(&mut self, table: TableId) -> Result<Vec<Value>, Fault> {
        let mut keys: Vec<Value> = self.heap.table(table).pairs().map(|(key, _)| key).collect();
        self.pay(keys.len() as u64 * 2)?;
        if self.stands_for_number(table) {
            return Err(self.raise("a number has no keys"));
        }
        if let Some(key) = keys.iter().find(|key| rank(**key).is_none()) {
            let kind = key.type_name();
            return Err(self.raise(&format!("a {kind} is no key with an order")));
        }
        let is_plain = self.heap.table(table).array.len() == keys.len();
        if !is_plain {
            keys.sort_by(|left, right| self.compare_keys(*left, *right));
        }
        Ok(keys)
    }

    fn list_of(&mut self, values: &[Value]) -> Value {
        let table = self.heap.new_table();
        self.heap.table_mut(table).reserve(values.len(), 0);
        for (index, value) in values.iter().enumerate() {
            self.heap
                .set(table, Value::Integer(index as i64 + 1), *value);
        }
        Value::Table(table)
    }
}

pub(super) fn dkeys(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let table = vm.check_table(arguments, 0, "dkeys")?;
    let keys = vm.ordered_keys(table)?;
    let list = vm.list_of(&keys);
    Ok(vm.give(arguments, list))
}

pub(super) fn dvalues(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let table = vm.check_table(arguments, 0, "dvalues")?;
    let keys = vm.ordered_keys(table)?;
    let values: Vec<Value> = keys
        .iter()
        .map(|key| vm.heap.table(table).get(*key))
        .collect();
    let list = vm.list_of(&values);
    Ok(vm.give(arguments, list))
}

/// Goes through the keys that are there when it begins; one that is gone when its turn comes is passed over.
pub(super) fn dpairs(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let table = vm.check_table(arguments, 0, "dpairs")?;
    let keys = vm.ordered_keys(table)?;
    let keys = vm.list_of(&keys);
    let state = vm.list_of(&[keys, Value::Table(table), Value::Integer(0)]);
    let step = vm.bind(DPAIRS_STEP, state);
    vm.give_all(arguments, &[step, Value::Nil, Value::Nil])
}

pub(super) fn dpairs_step(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let Value::Table(state) = vm.argument(arguments, 0) else {
        return Ok(0);
    };
    let field = |vm: &Vm, index| vm.heap.table(state).get_integer(index);
    let (Value::Table(keys), Value::Table(table), Value::Integer(mut index)) =
        (field(vm, 1), field(vm, 2), field(vm, 3))
    else {
        return Ok(0);
    };
    loop {
        index += 1;
        let key = vm.heap.table(keys).get_integer(index);
        if key.is_nil() {
            return Ok(vm.give(arguments, Value::Nil));
        }
        let value = vm.heap.table(table).get(key);
        if !value.is_nil() {
            vm.heap.set(state, Value::Integer(3), Value::Integer(index));
            return vm.give_all(arguments, &[key, value]);
        }
    }
}

/// A new list of the values of a list in canonical order: numbers, strings, booleans.
pub(super) fn dsort(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let table = vm.check_table(arguments, 0, "dsort")?;
    let mut values = vm.heap.table(table).array.clone();
    vm.pay(values.len() as u64 * 4)?;
    if let Some(value) = values.iter().find(|value| rank(**value).is_none()) {
        let kind = value.type_name();
        return Err(vm.raise(&format!("a {kind} has no place in the canonical order")));
    }
    values.sort_by(|left, right| vm.compare_keys(*left, *right));
    let list = vm.list_of(&values);
    Ok(vm.give(arguments, list))
}

/// A stream of draws: `local draw = rng()`, then `draw(n)` gives 1 … n and `draw()` a fraction below 1.
pub(super) fn rng(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    if vm.host.draws.is_none() {
        return Err(vm.raise("rng is not allowed: write allow = {\"rng\"}"));
    }
    let step = vm.bind(RNG_STEP, Value::Nil);
    Ok(vm.give(arguments, step))
}

pub(super) fn rng_step(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let limit = vm.argument(arguments, 1);
    let Some(draws) = &mut vm.host.draws else {
        return Ok(0);
    };
    let value = match limit {
        Value::Nil => match gatos_numbers::FoldNumber::from_q32(draws.unit_q32()) {
            gatos_numbers::FoldNumber::Integer(integer) => Value::Integer(integer),
            gatos_numbers::FoldNumber::Fixed(fixed) => Value::Fixed(fixed.steps()),
        },
        Value::Integer(limit) if limit > 0 => Value::Integer(
            draws
                .bounded_u64(limit.cast_unsigned())
                .unwrap_or(0)
                .cast_signed()
                + 1,
        ),
        _ => return Err(vm.bad_argument(0, "rng", "a positive integer expected")),
    };
    Ok(vm.give(arguments, value))
}

impl Vm {
    /// Allows `rng` and gives it its stream.
    pub const fn allow_draws(&mut self, draws: Pcg32) {
        self.host.draws = Some(draws);
    }

    /// The files a fold has emitted, by path; the caller takes them.
    pub fn take_files(&mut self) -> alloc::collections::BTreeMap<alloc::string::String, Vec<u8>> {
        core::mem::take(&mut self.host.files)
    }
}
