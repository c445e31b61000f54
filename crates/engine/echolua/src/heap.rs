//! The heap: strings, tables, closures, shared variables and coroutines, each kind in a list and named by index.
//!
//! No pointer leaves it, so that a heap is copied, saved and hashed as data. Every string is kept once, so equal
//! strings have equal indices. Sizes for the memory limit come from our own table of sizes, never from an allocator.
//!
//! INVARIANT: which index a new object gets is a function of the operations so far.
//! Tests: `heap/tests.rs`.

mod collect;
mod slab;
#[cfg(test)]
mod tests;

use crate::machine::coroutine::Coroutine;
use crate::table::Table;
use crate::value::{CellId, ClosureId, CoroutineId, StringId, TableId, Value};
use alloc::boxed::Box;
use alloc::vec::Vec;
use slab::Slab;

/// Longest string, in bytes.
pub const STRING_SIZE_MAX: usize = 1 << 30;

/// A string and its hash.
#[derive(Clone, Debug, Default)]
struct Interned {
    bytes: Box<[u8]>,
    hash: u32,
}

/// A function of the program with its upvalues.
#[derive(Clone, Debug, Default)]
pub(crate) struct Closure {
    /// Index of the compiled function.
    pub prototype: u32,
    /// Values, or cells where the variable changes.
    pub upvalues: Box<[Value]>,
}

/// Everything a program has made.
#[derive(Clone, Debug)]
pub struct Heap {
    strings: Slab<Interned>,
    /// Indices of strings by hash, open addressing; `u32::MAX` is empty.
    interned: Vec<u32>,
    tables: Slab<Table>,
    pub(crate) closures: Slab<Closure>,
    cells: Slab<Value>,
    pub(crate) coroutines: Slab<Coroutine>,
    /// Bytes in use by our table of sizes.
    pub(crate) bytes: usize,
    /// Where the next collection is due, in bytes.
    pub(crate) threshold: usize,
    /// The memory limit, in bytes.
    pub(crate) bytes_max: usize,
}

const EMPTY: u32 = u32::MAX;
/// Collections are not worth their while below this, in bytes.
const THRESHOLD_MIN: usize = 1 << 20;
const STRING_SIZE: usize = 32;
const CLOSURE_SIZE: usize = 40;
const CELL_SIZE: usize = 16;

impl Heap {
    /// An empty heap with a memory limit in bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Heap {
        Heap {
            strings: Slab::default(),
            interned: alloc::vec![EMPTY; 64],
            tables: Slab::default(),
            closures: Slab::default(),
            cells: Slab::default(),
            coroutines: Slab::default(),
            bytes: 0,
            threshold: THRESHOLD_MIN,
            bytes_max,
        }
    }

    /// The string with these bytes.
    pub fn string(&mut self, bytes: &[u8]) -> StringId {
        let hash = hash_bytes(bytes);
        match self.find(bytes, hash) {
            Ok(id) => id,
            Err(slot) => self.intern(Box::from(bytes), hash, slot),
        }
    }

    /// The string with these bytes, without a copy where it is new.
    pub fn string_of(&mut self, bytes: Vec<u8>) -> StringId {
        let hash = hash_bytes(&bytes);
        match self.find(&bytes, hash) {
            Ok(id) => id,
            Err(slot) => self.intern(bytes.into_boxed_slice(), hash, slot),
        }
    }

    fn find(&self, bytes: &[u8], hash: u32) -> Result<StringId, usize> {
        let mask = self.interned.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let id = self.interned[slot];
            if id == EMPTY {
                return Err(slot);
            }
            let string = self.strings.get(id);
            if string.hash == hash && *string.bytes == *bytes {
                return Ok(StringId(id));
            }
            slot = (slot + 1) & mask;
        }
    }

    fn intern(&mut self, bytes: Box<[u8]>, hash: u32, slot: usize) -> StringId {
        self.bytes += STRING_SIZE + bytes.len();
        let id = self.strings.insert(Interned { bytes, hash });
        self.interned[slot] = id;
        if self.strings.count() * 2 > self.interned.len() {
            self.intern_again(self.interned.len() * 2);
        }
        StringId(id)
    }

    /// Builds the index of strings anew.
    fn intern_again(&mut self, size: usize) {
        self.interned.clear();
        self.interned.resize(size, EMPTY);
        let mask = size - 1;
        for (id, string) in self.strings.iter() {
            let mut slot = string.hash as usize & mask;
            while self.interned[slot] != EMPTY {
                slot = (slot + 1) & mask;
            }
            self.interned[slot] = id;
        }
    }

    /// The bytes of a string.
    #[must_use]
    #[inline]
    pub fn bytes_of(&self, id: StringId) -> &[u8] {
        &self.strings.get(id.0).bytes
    }

    /// A new table.
    #[inline]
    pub fn new_table(&mut self) -> TableId {
        self.bytes += Table::SIZE;
        TableId(self.tables.insert(Table::default()))
    }

    /// A table, to read.
    #[must_use]
    #[inline]
    pub fn table(&self, id: TableId) -> &Table {
        self.tables.get(id.0)
    }

    /// A table, to change. The caller counts what it adds with [`Heap::set`] where it can.
    #[inline]
    pub(crate) fn table_mut(&mut self, id: TableId) -> &mut Table {
        self.tables.get_mut(id.0)
    }

    /// Stores a value under a key that is neither nil nor NaN, and counts the bytes.
    #[inline]
    pub fn set(&mut self, id: TableId, key: Value, value: Value) {
        let table = self.tables.get_mut(id.0);
        let additions = table.additions;
        table.set(key, value);
        if table.additions != additions {
            self.bytes += 40;
        }
    }

    /// Stores a value under a text.
    pub fn set_text(&mut self, id: TableId, key: &str, value: Value) {
        let key = self.string(key.as_bytes());
        self.set(id, Value::String(key), value);
    }

    /// The table that the `__index` of a table's metatable is, if it is one.
    #[inline]
    pub(crate) fn class_of(&self, table: &Table, index: StringId) -> Option<TableId> {
        match self.table(table.metatable?).get_string(index) {
            Value::Table(class) => Some(class),
            _ => None,
        }
    }

    pub(crate) fn new_closure(&mut self, prototype: u32, upvalues: Box<[Value]>) -> ClosureId {
        self.bytes += CLOSURE_SIZE + upvalues.len() * 16;
        ClosureId(self.closures.insert(Closure {
            prototype,
            upvalues,
        }))
    }

    #[inline]
    pub(crate) fn closure(&self, id: ClosureId) -> &Closure {
        self.closures.get(id.0)
    }

    pub(crate) fn new_cell(&mut self, value: Value) -> CellId {
        self.bytes += CELL_SIZE;
        CellId(self.cells.insert(value))
    }

    #[inline]
    pub(crate) fn cell(&self, id: CellId) -> Value {
        *self.cells.get(id.0)
    }

    #[inline]
    pub(crate) fn set_cell(&mut self, id: CellId, value: Value) {
        *self.cells.get_mut(id.0) = value;
    }

    pub(crate) fn new_coroutine(&mut self, coroutine: Coroutine) -> CoroutineId {
        self.bytes += Coroutine::SIZE;
        CoroutineId(self.coroutines.insert(coroutine))
    }

    /// Whether the object with this kind and index is still there; see [`Value::bits`].
    pub(crate) fn is_live(&self, tag: u8, payload: u64) -> bool {
        let index = payload as u32;
        match tag {
            6 => self.tables.is_used(index),
            7 => self.closures.is_used(index),
            9 => self.coroutines.is_used(index),
            _ => true,
        }
    }

    /// Whether `more` bytes would leave the memory limit.
    #[must_use]
    pub fn would_exceed(&self, more: usize) -> bool {
        self.bytes.saturating_add(more) > self.bytes_max
    }
}

/// A hash of bytes with a constant seed, eight bytes at a time; the same on every target.
fn hash_bytes(bytes: &[u8]) -> u32 {
    let mut state = 0x9E37_79B9_7F4A_7C15u64 ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        state = mix(state ^ read_word(chunk));
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        state = mix(state ^ u64::from_le_bytes(word));
    }
    (state ^ (state >> 32)) as u32
}

fn read_word(chunk: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(chunk);
    u64::from_le_bytes(word)
}

/// The two halves of a wide product, folded.
fn mix(value: u64) -> u64 {
    let product = u128::from(value) * u128::from(0xA076_1D64_78BD_642Fu64);
    (product >> 64) as u64 ^ product as u64
}
