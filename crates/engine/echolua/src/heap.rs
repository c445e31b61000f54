//! The heap: strings, tables, closures, shared variables and coroutines, each kind in a list and named by index.
//!
//! No pointer leaves it, so that a heap is copied, saved and hashed as data. Every string is kept once, so equal
//! strings have equal indices. Sizes for the memory limit come from our own table of sizes, never from an allocator.
//!
//! A clone shares everything until one side writes: see `pages`.
//!
//! INVARIANT: which index a new object gets is a function of the operations so far.
//! Reading order: this file, `slab`, `pages`, `collect`. Tests: `heap/tests.rs`.

pub(crate) mod collect;
mod pages;
pub(crate) mod slab;
#[cfg(test)]
mod tests;

use crate::machine::coroutine::Coroutine;
use crate::machine::unchecked::copy;
use crate::table::Table;
use crate::value::{CellId, ClosureId, CoroutineId, StringId, TableId, Value};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use collect::Cycle;
use pages::Pages;
use slab::Slab;

pub use collect::STEP_UNITS;

/// Longest string, in bytes.
pub const STRING_SIZE_MAX: usize = 1 << 30;

/// A string and its hash.
#[derive(Clone, Debug)]
pub(crate) struct Interned {
    pub bytes: Arc<[u8]>,
    pub hash: u32,
}

impl Default for Interned {
    fn default() -> Interned {
        Interned {
            bytes: Arc::from(&b""[..]),
            hash: 0,
        }
    }
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
    pub(crate) strings: Slab<Interned>,
    index: Index,
    pub(crate) tables: Slab<Table>,
    pub(crate) closures: Slab<Closure>,
    pub(crate) cells: Slab<Value>,
    pub(crate) coroutines: Slab<Coroutine>,
    /// Values that are never freed: constants of programs, names of metamethods.
    pub(crate) pinned: Vec<Value>,
    /// Bytes in use by our table of sizes.
    pub(crate) bytes: usize,
    /// Beyond so many bytes the collector takes its next step.
    pub(crate) threshold: usize,
    /// The memory limit, in bytes.
    pub(crate) bytes_max: usize,
    pub(crate) cycle: Cycle,
    /// A list that is used again: strings that a sweep frees.
    gone: Vec<(u32, u32)>,
}

/// Indices of strings by hash, open addressing; [`EMPTY`] where there is none.
#[derive(Clone, Debug)]
struct Index {
    slots: Pages<u32>,
    mask: u32,
    /// Which seed the hashes have; see [`Heap::intern_again`].
    seed: u8,
}

const EMPTY: u32 = u32::MAX;
/// Collections are not worth their while below this, in bytes.
const THRESHOLD_MIN: usize = 1 << 20;
const STRING_SIZE: usize = 32;
const CLOSURE_SIZE: usize = 40;
pub(crate) const CELL_SIZE: usize = 16;
/// Slots of the smallest index of strings.
const INDEX_SIZE_MIN: u32 = 64;
/// Room of a new array for more values than this counts before they are there.
const COUNTED_ROOM_MIN: usize = 16;
/// Growth of a coroutine's stack that is counted at once, in bytes.
const STACK_GROWTH_MIN: usize = 16 << 10;
/// A search longer than this is taken for keys that collide on purpose, and the hashes get another seed.
pub(crate) const PROBE_COUNT_MAX: u32 = 128;
/// Seeds of hashes; what collides on purpose under one does not under the next.
pub(crate) const SEEDS: [u64; 4] = [
    0x9E37_79B9_7F4A_7C15,
    0xD1B5_4A32_D192_ED03,
    0x8CB9_2BA7_2F3D_8DD7,
    0xA24B_AED4_963E_E407,
];

pub(crate) const fn size_of_string(size: usize) -> usize {
    STRING_SIZE + size
}

pub(crate) const fn size_of_closure(closure: &Closure) -> usize {
    CLOSURE_SIZE + closure.upvalues.len() * 16
}

impl Index {
    fn new(size: u32, seed: u8) -> Index {
        let mut slots = Pages::default();
        for _ in 0..size {
            slots.push(EMPTY);
        }
        Index {
            slots,
            mask: size - 1,
            seed,
        }
    }
}

impl Heap {
    /// An empty heap with a memory limit in bytes.
    #[must_use]
    pub fn new(bytes_max: usize) -> Heap {
        Heap {
            strings: Slab::default(),
            index: Index::new(INDEX_SIZE_MIN, 0),
            tables: Slab::default(),
            closures: Slab::default(),
            cells: Slab::default(),
            coroutines: Slab::default(),
            pinned: Vec::new(),
            bytes: 0,
            threshold: THRESHOLD_MIN.min(bytes_max),
            bytes_max,
            cycle: Cycle::default(),
            gone: Vec::new(),
        }
    }

    /// The string with these bytes.
    pub fn string(&mut self, bytes: &[u8]) -> StringId {
        let hash = hash_bytes(bytes, self.index.seed);
        match self.find(bytes, hash) {
            Ok(id) => id,
            Err(probes) => self.intern(Arc::from(bytes), hash, probes),
        }
    }

    /// The string with these bytes, if there is one.
    #[must_use]
    pub fn known(&self, bytes: &[u8]) -> Option<StringId> {
        self.find(bytes, hash_bytes(bytes, self.index.seed)).ok()
    }

    /// The string with these bytes, which the caller no longer needs.
    pub fn string_of(&mut self, bytes: Vec<u8>) -> StringId {
        self.string(&bytes)
    }

    /// The string, or after how many slots there was none.
    fn find(&self, bytes: &[u8], hash: u32) -> Result<StringId, u32> {
        let mask = self.index.mask;
        let mut probes = 0;
        loop {
            let id = *self.index.slots.get(hash.wrapping_add(probes) & mask);
            if id == EMPTY {
                return Err(probes);
            }
            let string = self.strings.get(id);
            if string.hash == hash && *string.bytes == *bytes {
                return Ok(StringId(id));
            }
            probes += 1;
        }
    }

    fn intern(&mut self, bytes: Arc<[u8]>, hash: u32, probes: u32) -> StringId {
        self.bytes += size_of_string(bytes.len());
        let id = self.strings.insert(Interned { bytes, hash });
        if self.lies_ahead(0, id) {
            self.strings.mark(id);
        }
        let slot = hash.wrapping_add(probes) & self.index.mask;
        *self.index.slots.get_mut(slot) = id;
        let is_full = self.strings.count() * 2 > self.index.mask as usize;
        if is_full {
            self.intern_again((self.index.mask + 1) * 2, self.index.seed);
        } else if probes > PROBE_COUNT_MAX && usize::from(self.index.seed) + 1 < SEEDS.len() {
            self.intern_again(self.index.mask + 1, self.index.seed + 1);
        }
        StringId(id)
    }

    /// Builds the index of strings anew. Order, fuel and results do not depend on size or seed.
    fn intern_again(&mut self, size: u32, seed: u8) {
        let mut index = Index::new(size, seed);
        for id in 0..self.strings.size() {
            if !self.strings.is_used(id) {
                continue;
            }
            if seed != self.index.seed {
                let hash = hash_bytes(&self.strings.get(id).bytes, seed);
                self.strings.get_mut(id).hash = hash;
            }
            let mut slot = self.strings.get(id).hash & index.mask;
            while *index.slots.get(slot) != EMPTY {
                slot = (slot + 1) & index.mask;
            }
            *index.slots.get_mut(slot) = id;
        }
        self.index = index;
    }

    /// Puts strings that were saved in place and finds their hashes; whether each stands once.
    pub(crate) fn restore_strings(&mut self, strings: Slab<Interned>) -> bool {
        self.strings = strings;
        let size = (self.strings.count() as u32 * 2 + 2)
            .next_power_of_two()
            .max(INDEX_SIZE_MIN);
        self.index = Index::new(size, 0);
        for id in 0..self.strings.size() {
            if !self.strings.is_used(id) {
                continue;
            }
            let bytes = Arc::clone(&self.strings.get(id).bytes);
            let hash = hash_bytes(&bytes, self.index.seed);
            self.strings.get_mut(id).hash = hash;
            let Err(probes) = self.find(&bytes, hash) else {
                return false;
            };
            let slot = hash.wrapping_add(probes) & self.index.mask;
            *self.index.slots.get_mut(slot) = id;
        }
        true
    }

    /// Takes a string out of the index; what follows it moves up.
    fn forget(&mut self, id: u32, hash: u32) {
        let mask = self.index.mask;
        let mut slot = hash & mask;
        while *self.index.slots.get(slot) != id {
            slot = (slot + 1) & mask;
        }
        let mut hole = slot;
        loop {
            slot = (slot + 1) & mask;
            let next = *self.index.slots.get(slot);
            if next == EMPTY {
                break;
            }
            let home = self.strings.get(next).hash & mask;
            if slot.wrapping_sub(home) & mask >= slot.wrapping_sub(hole) & mask {
                *self.index.slots.get_mut(hole) = next;
                hole = slot;
            }
        }
        *self.index.slots.get_mut(hole) = EMPTY;
    }

    /// The bytes of a string.
    #[must_use]
    #[inline]
    pub fn bytes_of(&self, id: StringId) -> &[u8] {
        &self.strings.get(id.0).bytes
    }

    /// The bytes of a string, to keep while the heap changes.
    pub(crate) fn shared_bytes(&self, id: StringId) -> Arc<[u8]> {
        Arc::clone(&self.strings.get(id.0).bytes)
    }

    /// A new table.
    #[inline(never)]
    pub fn new_table(&mut self) -> TableId {
        self.bytes += Table::SIZE;
        let id = self.tables.insert(Table::default());
        if self.lies_ahead(1, id) {
            self.tables.mark(id);
        }
        TableId(id)
    }

    /// A new table that so many fields are to be stored in.
    pub fn new_table_for(&mut self, fields: usize) -> TableId {
        let id = self.new_table();
        self.table_mut(id).reserve(0, fields);
        id
    }

    /// A table, to read.
    #[must_use]
    #[inline]
    pub fn table(&self, id: TableId) -> &Table {
        self.tables.get(id.0)
    }

    /// A table, to change. The caller notes what it stores with [`Heap::note_store`] and counts what it adds with
    /// [`Heap::count_table`].
    #[inline]
    pub(crate) fn table_mut(&mut self, id: TableId) -> &mut Table {
        self.tables.get_mut(id.0)
    }

    /// Stores a value under a key that is neither nil nor NaN, and counts the bytes.
    #[inline(never)]
    pub fn set(&mut self, id: TableId, key: Value, value: Value) {
        let table = self.tables.get_mut(id.0);
        let additions = table.additions;
        table.set(key, value);
        if table.additions != additions {
            table.counted += Table::ADDITION_UNITS;
            self.bytes += Table::ADDITION_UNITS as usize * 16;
        }
        if self.is_marking() {
            self.shade(key);
            self.shade(value);
        }
    }

    /// Stores a value under an integer in a table without a metatable.
    #[inline(never)]
    pub(crate) fn set_integer(&mut self, id: TableId, key: i64, value: &Value) {
        let table = self.tables.get_mut(id.0);
        if !value.is_nil() {
            if let Some(place) = table.place(key) {
                copy(&mut table.array[place], value);
                return self.note_stored(value);
            }
            if table.append_value(key, value) {
                table.counted += 1;
                self.bytes += 16;
                return self.note_stored(value);
            }
        }
        self.set(id, Value::Integer(key), *value);
    }

    /// Gives a new table of a constructor room, and counts what it is to hold until it holds it.
    pub(crate) fn reserve_table(&mut self, id: TableId, array: usize, entries: usize) {
        let table = self.table_mut(id);
        table.reserve(array, entries);
        if array > COUNTED_ROOM_MIN {
            table.counted += array as u32;
            self.bytes += array * 16;
        }
    }

    /// Makes every table as small as what it holds allows.
    pub(crate) fn compact_tables(&mut self) {
        for index in 0..self.tables.size() {
            if self.tables.is_used(index) && self.tables.get(index).is_loose() {
                self.tables.get_mut(index).compact();
                self.count_table(TableId(index));
            }
        }
    }

    /// Counts what a table has come to.
    pub(crate) fn count_table(&mut self, id: TableId) {
        let size = self.tables.get(id.0).size_units();
        let counted = self.tables.get(id.0).counted;
        if size != counted {
            self.tables.get_mut(id.0).counted = size;
            self.bytes = (self.bytes + size as usize * 16).saturating_sub(counted as usize * 16);
        }
    }

    /// Appends listed values to a table; see [`Table::append_list`].
    pub(crate) fn append_list(&mut self, id: TableId, start: usize, values: &[Value]) {
        self.tables.get_mut(id.0).append_list(start, values);
        self.count_table(id);
        if self.is_marking() {
            for value in values {
                self.shade(*value);
            }
        }
    }

    /// Gives a table a metatable.
    pub fn set_metatable(&mut self, id: TableId, metatable: Option<TableId>) {
        self.tables.get_mut(id.0).metatable = metatable;
        if let Some(metatable) = metatable {
            self.note_store(Value::Table(metatable));
        }
    }

    /// Stores a value under a text.
    pub fn set_text(&mut self, id: TableId, key: &str, value: Value) {
        let key = self.string(key.as_bytes());
        self.set(id, Value::String(key), value);
    }

    /// A value that is never freed.
    pub(crate) fn pin(&mut self, value: Value) {
        self.pinned.push(value);
        self.note_store(value);
    }

    pub(crate) fn new_closure(&mut self, prototype: u32, upvalues: Box<[Value]>) -> ClosureId {
        let closure = Closure {
            prototype,
            upvalues,
        };
        self.bytes += size_of_closure(&closure);
        let id = self.closures.insert(closure);
        if self.lies_ahead(2, id) {
            self.closures.mark(id);
        }
        ClosureId(id)
    }

    #[inline]
    pub(crate) fn closure(&self, id: ClosureId) -> &Closure {
        self.closures.get(id.0)
    }

    #[inline(never)]
    pub(crate) fn new_cell(&mut self, value: Value) -> CellId {
        self.bytes += CELL_SIZE;
        let id = self.cells.insert(value);
        if self.lies_ahead(3, id) {
            self.cells.mark(id);
        }
        CellId(id)
    }

    #[inline]
    pub(crate) fn cell(&self, id: CellId) -> &Value {
        self.cells.get(id.0)
    }

    #[inline]
    pub(crate) fn set_cell(&mut self, id: CellId, value: &Value) {
        copy(self.cells.get_mut(id.0), value);
        self.note_stored(value);
    }

    pub(crate) fn new_coroutine(&mut self, coroutine: Coroutine) -> CoroutineId {
        let size = coroutine.size();
        self.bytes += size;
        let id = self.coroutines.insert(Coroutine {
            counted: size as u32,
            ..coroutine
        });
        if self.lies_ahead(4, id) {
            self.coroutines.mark(id);
        }
        CoroutineId(id)
    }

    /// Counts a coroutine whose stack has grown much, at once; the collector finds the rest when it comes by.
    #[inline]
    pub(crate) fn count_grown_coroutine(&mut self, id: CoroutineId) {
        let coroutine = self.coroutines.get(id.0);
        if coroutine.size() > coroutine.counted as usize + STACK_GROWTH_MIN {
            self.count_coroutine(id);
        }
    }

    /// Counts what a coroutine has come to.
    pub(crate) fn count_coroutine(&mut self, id: CoroutineId) {
        let coroutine = self.coroutines.get(id.0);
        let (size, counted) = (coroutine.size() as u32, coroutine.counted);
        if size != counted {
            self.coroutines.get_mut(id.0).counted = size;
            self.bytes = (self.bytes + size as usize).saturating_sub(counted as usize);
        }
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

/// A hash of bytes with one of the constant seeds, eight bytes at a time; the same on every target.
fn hash_bytes(bytes: &[u8], seed: u8) -> u32 {
    let mut state = SEEDS[usize::from(seed)] ^ bytes.len() as u64;
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
#[inline]
pub(crate) fn mix(value: u64) -> u64 {
    let product = u128::from(value) * u128::from(0xA076_1D64_78BD_642Fu64);
    (product >> 64) as u64 ^ product as u64
}
