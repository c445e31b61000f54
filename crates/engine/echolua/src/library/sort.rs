//! `table.sort`: Lua's quicksort with a fixed pivot, so that the calls of the comparator are the same everywhere.
//!
//! The algorithm is part of what a program can see: which pairs are compared, and when an order is found to be invalid.
//! It is not stable. Each comparison costs fuel.
//!
//! Tests: `tests/it/language.rs`.

use super::Arguments;
use crate::machine::call::Repeated;
use crate::machine::meaning::Decision;
use crate::machine::{Fault, Vm};
use crate::value::{TableId, Value};
use alloc::string::String;
use alloc::vec::Vec;

/// Above this many elements the pivot is not the middle one.
const MIDDLE_MAX: i64 = 100;

/// How a sort reads, writes and compares: [`Called`] asks the program, [`Plain`] needs nobody.
trait List {
    fn item(&self, vm: &mut Vm, index: i64) -> Result<Value, Fault>;
    fn set_item(&mut self, vm: &mut Vm, index: i64, value: Value) -> Result<(), Fault>;
    fn less(&self, vm: &mut Vm, left: Value, right: Value) -> Result<bool, Fault>;
}

/// A list that a comparator or metamethods may look at and change meanwhile.
struct Called {
    list: Value,
    less: Option<Repeated>,
}

/// Numbers only, or strings only, in a table without a metatable, without a comparator: nothing of the program runs until the
/// sort has ended, so it works on a copy.
struct Plain {
    values: Vec<Value>,
}

struct Sort<L> {
    list: L,
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
        match plain_values(vm, list).filter(|_| less.is_none()) {
            Some((table, values)) => {
                let mut sort = Sort {
                    list: Plain { values },
                };
                let outcome = sort.range(vm, 1, length);
                // Also where it ended early: what was swapped is swapped.
                vm.heap.table_mut(table).array = sort.list.values;
                outcome?;
            }
            None => {
                let less = less.map(|function| vm.repeated(function));
                let mut sort = Sort {
                    list: Called { list, less },
                };
                sort.range(vm, 1, length)?;
            }
        }
    }
    Ok(0)
}

/// The values of a list that sorts without asking the program.
fn plain_values(vm: &Vm, list: Value) -> Option<(TableId, Vec<Value>)> {
    let Value::Table(id) = list else {
        return None;
    };
    let table = vm.heap.table(id);
    let values = &table.array;
    let is_plain = table.metatable.is_none()
        && (values.iter().all(|value| matches!(value, Value::String(_)))
            || values.iter().all(|value| value.as_numeral().is_some()));
    is_plain.then(|| (id, values.clone()))
}

impl Vm {
    /// `left < right` with metamethods, from the library.
    pub(super) fn is_less(&mut self, left: Value, right: Value) -> Result<bool, Fault> {
        match self.meant_less(left, right, false) {
            Ok(Decision::Value(value)) => Ok(value.is_true()),
            Ok(Decision::Call(handler, left, right)) => {
                Ok(self.call_back_for_one(handler, &[left, right])?.is_true())
            }
            Err(wrong) => Err(self.raise_wrong(wrong, |_| String::new())),
        }
    }
}

impl List for Called {
    #[inline]
    fn item(&self, vm: &mut Vm, index: i64) -> Result<Value, Fault> {
        if let Value::Table(id) = self.list
            && let table = vm.heap.table(id)
            && table.metatable.is_none()
            && let Some(value) = table.in_array(index)
        {
            return Ok(*value);
        }
        vm.item(self.list, index)
    }

    #[inline]
    fn set_item(&mut self, vm: &mut Vm, index: i64, value: Value) -> Result<(), Fault> {
        if let Value::Table(id) = self.list
            && vm.heap.table(id).metatable.is_none()
        {
            vm.heap.set_integer(id, index, &value);
            return Ok(());
        }
        vm.set_item(self.list, index, value)
    }

    #[inline]
    fn less(&self, vm: &mut Vm, left: Value, right: Value) -> Result<bool, Fault> {
        vm.pay(2)?;
        match self.less {
            None => vm.is_less(left, right),
            Some(function) => Ok(vm.call_back_repeated(function, left, right)?.is_true()),
        }
    }
}

impl List for Plain {
    #[inline]
    fn item(&self, _: &mut Vm, index: i64) -> Result<Value, Fault> {
        let value = self.values.get((index - 1) as usize);
        Ok(value.copied().unwrap_or_default())
    }

    #[inline]
    fn set_item(&mut self, _: &mut Vm, index: i64, value: Value) -> Result<(), Fault> {
        if let Some(place) = self.values.get_mut((index - 1) as usize) {
            *place = value;
        }
        Ok(())
    }

    #[inline]
    fn less(&self, vm: &mut Vm, left: Value, right: Value) -> Result<bool, Fault> {
        vm.pay(2)?;
        match (left, right) {
            (Value::Integer(left), Value::Integer(right)) => Ok(left < right),
            (Value::Float(left), Value::Float(right)) => Ok(left < right),
            _ => vm.is_less(left, right),
        }
    }
}

impl<L: List> Sort<L> {
    fn less(&self, vm: &mut Vm, left: Value, right: Value) -> Result<bool, Fault> {
        self.list.less(vm, left, right)
    }

    fn swap(&mut self, vm: &mut Vm, first: i64, second: i64) -> Result<(), Fault> {
        let (left, right) = (self.list.item(vm, first)?, self.list.item(vm, second)?);
        self.list.set_item(vm, first, right)?;
        self.list.set_item(vm, second, left)
    }

    /// Swaps two places if the second is less than the first; whether it did.
    fn order(&mut self, vm: &mut Vm, first: i64, second: i64) -> Result<bool, Fault> {
        let (left, right) = (self.list.item(vm, first)?, self.list.item(vm, second)?);
        let is_wrong = self.less(vm, right, left)?;
        if is_wrong {
            self.list.set_item(vm, first, right)?;
            self.list.set_item(vm, second, left)?;
        }
        Ok(is_wrong)
    }

    /// The shorter part is done by recursion, so depth is logarithmic.
    fn range(&mut self, vm: &mut Vm, mut low: i64, mut high: i64) -> Result<(), Fault> {
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
            let pivot = self.list.item(vm, middle)?;
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

    fn partition(&mut self, vm: &mut Vm, low: i64, high: i64, pivot: Value) -> Result<i64, Fault> {
        vm.held.push(pivot);
        let result = self.partition_inside(vm, low, high, pivot);
        vm.held.pop();
        result
    }

    fn partition_inside(
        &mut self,
        vm: &mut Vm,
        low: i64,
        high: i64,
        pivot: Value,
    ) -> Result<i64, Fault> {
        let (mut up, mut down) = (low, high - 1);
        loop {
            loop {
                up += 1;
                let value = self.list.item(vm, up)?;
                if !self.less(vm, value, pivot)? {
                    break;
                }
                if up == high - 1 {
                    return Err(vm.raise("invalid order function for sorting"));
                }
            }
            loop {
                down -= 1;
                let value = self.list.item(vm, down)?;
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
