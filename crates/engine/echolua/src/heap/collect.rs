//! Finding and freeing what a program can no longer reach.
//!
//! A collection runs when our own count of bytes says so, so it runs at the same place everywhere. Programs cannot see
//! it: there are no finalizers and no weak tables. It follows references with a list, never by recursion.
//!
//! Tests: `src/heap/tests.rs`.

use super::{CELL_SIZE, CLOSURE_SIZE, Heap, STRING_SIZE, THRESHOLD_MIN};
use crate::machine::coroutine::Coroutine;
use crate::value::Value;
use alloc::vec::Vec;

impl Heap {
    /// Frees everything that no root leads to.
    pub(crate) fn collect(&mut self, roots: impl Iterator<Item = Value>) {
        let mut pending = Vec::new();
        for root in roots {
            self.mark(root, &mut pending);
        }
        while let Some(value) = pending.pop() {
            self.follow(value, &mut pending);
        }
        self.sweep();
        self.threshold = (self.bytes * 2)
            .max(THRESHOLD_MIN)
            .min(self.bytes_max.max(THRESHOLD_MIN));
    }

    #[inline]
    fn mark(&mut self, value: Value, pending: &mut Vec<Value>) {
        let is_new = match value {
            Value::String(id) => {
                self.strings.mark(id.0);
                false
            }
            Value::Table(id) => self.tables.mark(id.0),
            Value::Closure(id) => self.closures.mark(id.0),
            Value::Cell(id) => self.cells.mark(id.0),
            Value::Coroutine(id) => self.coroutines.mark(id.0),
            _ => false,
        };
        if is_new {
            pending.push(value);
        }
    }

    fn follow(&mut self, value: Value, pending: &mut Vec<Value>) {
        match value {
            Value::Table(id) => {
                // Taken out for the time, so that its values can be marked in the same heap.
                let table = core::mem::take(self.tables.get_mut(id.0));
                for inner in table.values() {
                    self.mark(inner, pending);
                }
                if let Some(metatable) = table.metatable {
                    self.mark(Value::Table(metatable), pending);
                }
                *self.tables.get_mut(id.0) = table;
            }
            Value::Closure(id) => {
                let closure = core::mem::take(self.closures.get_mut(id.0));
                for inner in &closure.upvalues {
                    self.mark(*inner, pending);
                }
                *self.closures.get_mut(id.0) = closure;
            }
            Value::Cell(id) => {
                let inner = *self.cells.get(id.0);
                self.mark(inner, pending);
            }
            Value::Coroutine(id) => {
                let coroutine = core::mem::take(self.coroutines.get_mut(id.0));
                for inner in coroutine.values() {
                    self.mark(inner, pending);
                }
                *self.coroutines.get_mut(id.0) = coroutine;
            }
            _ => {}
        }
    }

    fn sweep(&mut self) {
        let mut bytes = 0;
        self.strings
            .sweep(|string| bytes += STRING_SIZE + string.bytes.len());
        self.tables.sweep(|table| bytes += table.size());
        self.closures
            .sweep(|closure| bytes += CLOSURE_SIZE + closure.upvalues.len() * 16);
        self.cells.sweep(|_| bytes += CELL_SIZE);
        self.coroutines
            .sweep(|coroutine| bytes += Coroutine::SIZE + coroutine.stack.len() * 16);
        self.bytes = bytes;
        self.intern_again(self.interned.len());
    }
}
