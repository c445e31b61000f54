//! What a program keeps outside the value it hands out: upvalues of its functions and whatever they lead to.
//!
//! A streaming fold must keep everything in its state; a counter in an upvalue would be lost between two runs. Programs
//! that hide nothing leave the digest of this file as it was after their main function ran.
//!
//! Tests: `tests/it/kept.rs`.

use super::kept::KeepError;
use crate::machine::Vm;
use crate::value::{TableId, Value};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// What [`Value::bits`] gives for tables.
const TABLE_TAG: u8 = 6;

impl Vm {
    /// The canonical form of a member of the globals; see [`Vm::keep`]. A table that something else leads to as well
    /// stands in two places.
    ///
    /// # Errors
    /// [`KeepError`].
    pub fn keep_member(&self, name: &str) -> Result<gatos_values::Value, KeepError> {
        let walk = self.walk_globals(name);
        let tables = walk.numbers.into_keys();
        let seen = tables
            .filter(|(tag, _)| *tag == TABLE_TAG)
            .map(|(_, index)| TableId(index as u32))
            .collect();
        self.keep_apart(self.hidden_member(name), seen)
    }

    /// A digest of everything the globals lead to but `except`, a member of them. Objects count by the order in which
    /// they are reached, so the digest does not depend on what else was ever made.
    #[must_use]
    pub fn digest_of_globals(&self, except: &str) -> Blake3Digest {
        Blake3Digest::of(&self.walk_globals(except).output)
    }

    fn walk_globals(&self, except: &str) -> Walk<'_> {
        let mut walk = Walk {
            vm: self,
            numbers: BTreeMap::new(),
            pending: Vec::new(),
            output: Vec::new(),
        };
        for (key, value) in self.heap.table(self.globals).pairs() {
            if self.bytes(key) != Some(except.as_bytes()) {
                walk.value(key);
                walk.value(value);
            }
        }
        if let Some(table) = self.string_metatable {
            walk.value(Value::Table(table));
        }
        while let Some(value) = walk.pending.pop() {
            walk.object(value);
        }
        walk
    }
}

struct Walk<'a> {
    vm: &'a Vm,
    /// Number of each object that was reached, by kind and index.
    numbers: BTreeMap<(u8, u64), u64>,
    pending: Vec<Value>,
    output: Vec<u8>,
}

impl Walk<'_> {
    fn number(&mut self, number: u64) {
        self.output.extend_from_slice(&number.to_le_bytes());
    }

    fn value(&mut self, value: Value) {
        let (tag, payload) = value.bits();
        self.output.push(tag);
        match value {
            Value::String(id) => {
                // Its bytes stand once: a list may name one long string any number of times.
                let next = self.numbers.len() as u64;
                let number = *self.numbers.entry((tag, payload)).or_insert(next);
                self.number(number);
                if number == next {
                    let bytes = { self.vm }.heap.bytes_of(id);
                    self.number(bytes.len() as u64);
                    self.output.extend_from_slice(bytes);
                }
            }
            Value::Table(_) | Value::Closure(_) | Value::Cell(_) | Value::Coroutine(_) => {
                let next = self.numbers.len() as u64;
                let number = *self.numbers.entry((tag, payload)).or_insert(next);
                if number == next {
                    self.pending.push(value);
                }
                self.number(number);
            }
            _ => self.number(payload),
        }
    }

    fn object(&mut self, value: Value) {
        let heap = &{ self.vm }.heap;
        match value {
            Value::Table(id) => {
                let table = heap.table(id);
                self.number(table.array.len() as u64);
                self.number(table.shape as u64);
                self.value(table.metatable.map_or(Value::Nil, Value::Table));
                for (key, value) in table.pairs() {
                    self.value(key);
                    self.value(value);
                }
                self.output.push(u8::MAX);
            }
            Value::Closure(id) => {
                let closure = heap.closure(id);
                self.number(u64::from(closure.prototype));
                for upvalue in &closure.upvalues {
                    self.value(*upvalue);
                }
            }
            Value::Cell(id) => self.value(*heap.cell(id)),
            _ => {}
        }
    }
}
