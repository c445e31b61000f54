//! `table.sort`: Lua's quicksort with a fixed pivot, so that the calls of the comparator are the same everywhere.
//!
//! The algorithm is part of what a program can see: which pairs are compared, and when an order is found to be invalid.
//! It is not stable. Each comparison costs fuel.
//!
//! Tests: `tests/it/language.rs`.

use super::Arguments;
use crate::machine::meaning::Decision;
use crate::machine::{Fault, Vm};
use crate::value::Value;
use alloc::string::String;

/// Above this many elements the pivot is not the middle one.
const MIDDLE_MAX: i64 = 100;

struct Sort {
    list: Value,
    less: Option<Value>,
}

pub(super) fn sort(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let list = vm.check_list(arguments, 0, "sort")?;
    let length = vm.length_of(list)?;
    if length > 1 {
        if length >= i64::from(i32::MAX) {
            return Err(vm.bad_argument(0, "sort", "array too big"));
        }
        let less = match vm.argument(arguments, 1) {
            Value::Nil => None,
            function @ (Value::Closure(_) | Value::Native(_)) => Some(function),
            _ => return Err(vm.bad_type(arguments, 1, "sort", "function")),
        };
        Sort { list, less }.range(vm, 1, length)?;
    }
    Ok(0)
}

impl Vm {
    /// `left < right` with metamethods, from the library.
    pub(super) fn is_less(&mut self, left: Value, right: Value) -> Result<bool, Fault> {
        match self.meant_less(left, right, false) {
            Ok(Decision::Value(value)) => Ok(value.is_true()),
            Ok(Decision::Call(handler, left, right)) => Ok(self
                .call_back(handler, &[left, right])?
                .first()
                .copied()
                .unwrap_or_default()
                .is_true()),
            Err(wrong) => Err(self.raise_wrong(wrong, |_| String::new())),
        }
    }
}

impl Sort {
    fn less(&self, vm: &mut Vm, left: Value, right: Value) -> Result<bool, Fault> {
        vm.pay(2)?;
        match self.less {
            None => vm.is_less(left, right),
            Some(function) => Ok(vm
                .call_back(function, &[left, right])?
                .first()
                .copied()
                .unwrap_or_default()
                .is_true()),
        }
    }

    fn swap(&self, vm: &mut Vm, first: i64, second: i64) -> Result<(), Fault> {
        let (left, right) = (vm.item(self.list, first)?, vm.item(self.list, second)?);
        vm.set_item(self.list, first, right)?;
        vm.set_item(self.list, second, left)
    }

    /// Swaps two places if the second is less than the first; whether it did.
    fn order(&self, vm: &mut Vm, first: i64, second: i64) -> Result<bool, Fault> {
        let (left, right) = (vm.item(self.list, first)?, vm.item(self.list, second)?);
        let is_wrong = self.less(vm, right, left)?;
        if is_wrong {
            vm.set_item(self.list, first, right)?;
            vm.set_item(self.list, second, left)?;
        }
        Ok(is_wrong)
    }

    /// The shorter part is done by recursion, so depth is logarithmic.
    fn range(&self, vm: &mut Vm, mut low: i64, mut high: i64) -> Result<(), Fault> {
        while low < high {
            self.order(vm, low, high)?;
            if high - low == 1 {
                return Ok(());
            }
            let middle = if high - low > MIDDLE_MAX {
                low + (high - low) / 4
            } else {
                (low + high) / 2
            };
            if !self.order(vm, low, middle)? {
                self.order(vm, middle, high)?;
            }
            if high - low == 2 {
                return Ok(());
            }
            let pivot = vm.item(self.list, middle)?;
            self.swap(vm, middle, high - 1)?;
            let middle = self.partition(vm, low, high, pivot)?;
            if middle - low < high - middle {
                self.range(vm, low, middle - 1)?;
                low = middle + 1;
            } else {
                self.range(vm, middle + 1, high)?;
                high = middle - 1;
            }
        }
        Ok(())
    }

    fn partition(&self, vm: &mut Vm, low: i64, high: i64, pivot: Value) -> Result<i64, Fault> {
        vm.held.push(pivot);
        let result = self.partition_inside(vm, low, high, pivot);
        vm.held.pop();
        result
    }

    fn partition_inside(
        &self,
        vm: &mut Vm,
        low: i64,
        high: i64,
        pivot: Value,
    ) -> Result<i64, Fault> {
        let (mut up, mut down) = (low, high - 1);
        loop {
            loop {
                up += 1;
                let value = vm.item(self.list, up)?;
                if !self.less(vm, value, pivot)? {
                    break;
                }
                if up == high - 1 {
                    return Err(vm.raise("invalid order function for sorting"));
                }
            }
            loop {
                down -= 1;
                let value = vm.item(self.list, down)?;
                if !self.less(vm, pivot, value)? {
                    break;
                }
                if down < up {
                    return Err(vm.raise("invalid order function for sorting"));
                }
            }
            if down < up {
                self.swap(vm, high - 1, up)?;
                return Ok(up);
            }
            self.swap(vm, up, down)?;
        }
    }
}
