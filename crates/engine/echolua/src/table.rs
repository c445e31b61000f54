//! Tables: an array part and an insertion-ordered hash part.
//!
//! The array part holds keys 1 … n; its last value is never nil, and key n + 1 is never in the hash part, so n is the
//! table's length: the one border rule. Storing n + 1 moves it and whatever follows it in the hash part into the array;
//! storing nil at n shortens the array to its last value that is not nil.
//!
//! The hash part is a list of entries in the order of insertion, with an index of their positions once there are more
//! than a few. Storing nil leaves the entry in place, so a traversal goes on; storing the key again appends it. Entries
//! are moved together only when an insertion finds the list full. No order depends on a hash.
//!
//! INVARIANT: contents, order and length are a function of the operations so far.
//! Tests: `table/tests.rs`.

#[cfg(test)]
mod tests;

use crate::heap::{PROBE_COUNT_MAX, SEEDS, mix};
use crate::machine::unchecked::copy;
use crate::value::{StringId, TableId, Value};
use alloc::boxed::Box;
use alloc::vec::Vec;
use gatos_numbers::binary64;

/// Entries that are searched one by one, without an index.
const LINEAR_MAX: usize = 8;
const EMPTY: u32 = u32::MAX;
/// An array keeps the room for so many values, however few it has.
const ROOM_MIN: usize = 4;
/// Positions of a traversal from here on lie in the hash part.
const IN_ENTRIES: u32 = 1 << 31;

/// A key and its value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Entry {
    /// Nil where the entry was given up.
    pub key: Value,
    /// Nil where the key was deleted.
    pub value: Value,
}

/// What a table is as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// By its keys.
    #[default]
    Plain,
    /// A list, even without elements.
    List,
    /// A map, whatever its keys.
    Map,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) array: Vec<Value>,
    pub(crate) entries: Vec<Entry>,
    index: Box<[u32]>,
    pub(crate) metatable: Option<TableId>,
    /// Bytes the table counts for, divided by 16.
    pub(crate) counted: u32,
    /// How often a key was added; a traversal that sees it change refuses to go on.
    pub(crate) additions: u32,
    /// Metamethods known to be absent, one bit each.
    pub(crate) absent: u32,
    /// A bit for each string key that was ever stored; where it is missing, the key is.
    filter: u32,
    pub(crate) shape: Shape,
    /// Which seed the index has.
    seed: u8,
    /// How long the array was before values at its end became nil, if no key was added since: a traversal may stand at a
    /// key that is no longer there.
    pub(crate) length_before: u32,
}

impl Default for Table {
    fn default() -> Table {
        Table {
            array: Vec::new(),
            entries: Vec::new(),
            index: Box::default(),
            metatable: None,
            counted: (Table::SIZE / 16) as u32,
            additions: 0,
            absent: 0,
            filter: 0,
            shape: Shape::Plain,
            seed: 0,
            length_before: 0,
        }
    }
}

/// What lies behind a key in a traversal.
#[derive(Debug)]
pub(crate) enum Step {
    /// The next key and its value.
    Pair(Value, Value),
    /// Nothing.
    End,
    /// The key is not in the table.
    Unknown,
}

#[inline]
fn hash(key: Value, seed: u8) -> usize {
    let (tag, payload) = key.bits();
    let seed = SEEDS[usize::from(seed) % SEEDS.len()];
    mix(payload ^ (u64::from(tag) << 56) ^ seed) as usize
}

/// The bit of a string key in a table's filter.
#[inline]
const fn filter_bit(key: StringId) -> u32 {
    1 << (key.0.wrapping_mul(0x9E37_79B9) >> 27)
}

/// Where an integer key would lie in the array part.
#[inline(always)]
const fn array_index(key: i64) -> u64 {
    key.wrapping_sub(1).cast_unsigned()
}

/// Slots of the smallest index for so many entries; none where they are searched one by one.
const fn index_size_for(entries: usize) -> usize {
    if entries > LINEAR_MAX {
        entries.next_power_of_two() * 2
    } else {
        0
    }
}

fn empty_index(size: usize) -> Box<[u32]> {
    alloc::vec![EMPTY; size].into_boxed_slice()
}

impl Table {
    /// Size of an empty table for the memory limit, in bytes.
    pub const SIZE: usize = 96;

    /// What a key more counts for, in units of 16 bytes.
    pub(crate) const ADDITION_UNITS: u32 = 3;

    /// What the table counts for, in units of 16 bytes.
    pub(crate) fn size_units(&self) -> u32 {
        (Table::SIZE / 16 + self.array.len() + self.entries.len() * 2 + self.index.len() / 4) as u32
    }

    /// The metatable, if it has one.
    #[must_use]
    pub const fn metatable(&self) -> Option<TableId> {
        self.metatable
    }

    /// The length: the one border.
    #[must_use]
    #[inline]
    pub fn length(&self) -> i64 {
        self.array.len() as i64
    }

    /// The value of an integer key.
    #[must_use]
    #[inline]
    pub fn get_integer(&self, key: i64) -> Value {
        match self.in_array(key) {
            Some(value) => *value,
            None if self.entries.is_empty() => Value::Nil,
            None => self.get_entry(Value::Integer(key)),
        }
    }

    /// The value of a string key.
    #[must_use]
    #[inline]
    pub fn get_string(&self, key: StringId) -> Value {
        match self.position_of_string(key) {
            Some(position) => self.entries[position].value,
            None => Value::Nil,
        }
    }

    /// Whether a string key may be there; false is certain.
    #[inline]
    pub(crate) const fn may_have(&self, key: StringId) -> bool {
        self.filter & filter_bit(key) != 0
    }

    /// The value of a string key, if it is there.
    #[inline]
    pub(crate) fn value_of_string(&self, key: StringId) -> Option<&Value> {
        // Of a metatable's few names, the first is most often asked for.
        if let Some(first) = self.entries.first()
            && matches!(first.key, Value::String(name) if name == key)
        {
            return Some(&first.value);
        }
        self.position_of_string(key)
            .map(|position| &self.entries[position].value)
    }

    /// Where a string key lies.
    #[inline(never)]
    pub(crate) fn position_of_string(&self, key: StringId) -> Option<usize> {
        if !self.may_have(key) {
            return None;
        }
        let same = |entry: &Entry| matches!(entry.key, Value::String(other) if other == key);
        if self.index.is_empty() {
            return self.entries.iter().position(same);
        }
        self.probe(Value::String(key), same)
    }

    /// The value of any key, or nil.
    #[must_use]
    #[inline]
    pub fn get(&self, key: Value) -> Value {
        match key {
            Value::String(id) => self.get_string(id),
            Value::Integer(integer) => self.get_integer(integer),
            Value::Nil => Value::Nil,
            key => match key.normalised_key() {
                Value::Integer(integer) => self.get_integer(integer),
                key => self.get_entry(key),
            },
        }
    }

    fn get_entry(&self, key: Value) -> Value {
        self.position(key)
            .map_or(Value::Nil, |position| self.entries[position].value)
    }

    /// Where a normalised key lies, deleted or not.
    fn position(&self, key: Value) -> Option<usize> {
        if self.index.is_empty() {
            return self
                .entries
                .iter()
                .position(|entry| entry.key.same_key(key));
        }
        self.probe(key, |entry| entry.key.same_key(key))
    }

    /// Where a key lies by the index; `same` knows its entry, so that keys of one kind are compared as such.
    #[inline(always)]
    fn probe(&self, key: Value, same: impl Fn(&Entry) -> bool) -> Option<usize> {
        let mask = self.index.len() - 1;
        let mut slot = hash(key, self.seed) & mask;
        loop {
            // An empty slot names no entry.
            let position = *self.index.get(slot)? as usize;
            if same(self.entries.get(position)?) {
                return Some(position);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Stores a value under a key that is neither nil nor NaN.
    #[inline]
    pub fn set(&mut self, key: Value, value: Value) {
        match key {
            Value::Integer(integer) => self.set_integer(integer, value),
            Value::Float(_) => match key.normalised_key() {
                Value::Integer(integer) => self.set_integer(integer, value),
                key => self.set_entry(key, value),
            },
            key => self.set_entry(key, value),
        }
    }

    /// Stores a value under an integer.
    #[inline]
    pub fn set_integer(&mut self, key: i64, value: Value) {
        let index = array_index(key);
        if let Some(slot) = self.in_array_mut(key) {
            *slot = value;
            if value.is_nil() && index + 1 == self.array.len() as u64 {
                self.shorten();
            }
        } else if index == self.array.len() as u64 && !value.is_nil() {
            self.array.push(value);
            self.note_addition();
            if !self.entries.is_empty() {
                self.take_over();
            }
        } else {
            self.set_entry(Value::Integer(key), value);
        }
    }

    /// Stores listed values of a constructor under `start` + 1, …: the array takes them all, holes included, and ends
    /// at its last value that is not nil. It makes no difference in how many pieces the values come.
    pub(crate) fn append_list(&mut self, start: usize, values: &[Value]) {
        if !self.entries.is_empty() {
            for index in 0..values.len() {
                if let Some(position) = self.position(Value::Integer((start + index) as i64 + 1)) {
                    self.delete(position);
                }
            }
        }
        if self.array.len() > start {
            for (index, value) in values.iter().enumerate() {
                self.set_integer((start + index) as i64 + 1, *value);
            }
            self.length_before = 0;
            return;
        }
        self.note_addition();
        self.array.resize(start, Value::Nil);
        self.array.extend_from_slice(values);
        self.shorten();
        self.length_before = 0;
        if !self.entries.is_empty() {
            self.take_over();
        }
    }

    /// The index of an integer key in the array part. Asked for by the loop instead of [`Table::in_array`]: an optional index
    /// costs no test of an address.
    #[inline(always)]
    pub(crate) fn place(&self, key: i64) -> Option<usize> {
        let index = array_index(key);
        // Compared as 64 bits, and only then a cast: on 32-bit targets that would wrap.
        if index < self.array.len() as u64 {
            Some(index as usize)
        } else {
            None
        }
    }

    /// The value of an integer key in the array part.
    #[inline]
    pub(crate) fn in_array(&self, key: i64) -> Option<&Value> {
        self.place(key).map(|place| &self.array[place])
    }

    /// Appends a value that is not nil under the key that follows the array, where no other key can be concerned.
    #[inline]
    pub(crate) fn append_value(&mut self, key: i64, value: &Value) -> bool {
        if array_index(key) != self.array.len() as u64 || !self.entries.is_empty() {
            return false;
        }
        self.array.push(Value::Nil);
        if let Some(last) = self.array.last_mut() {
            copy(last, value);
        }
        self.note_addition();
        true
    }

    /// The place of an integer key in the array part, to store what is not nil.
    #[inline]
    pub(crate) fn in_array_mut(&mut self, key: i64) -> Option<&mut Value> {
        let place = self.place(key)?;
        Some(&mut self.array[place])
    }

    /// A traversal that began before this must not go on.
    #[inline]
    const fn note_addition(&mut self) {
        self.additions = self.additions.wrapping_add(1);
        self.length_before = 0;
    }

    fn shorten(&mut self) {
        self.length_before = self.length_before.max(self.array.len() as u32);
        while self.array.last().is_some_and(|value| value.is_nil()) {
            self.array.pop();
        }
        // What is counted is the length, so the room must not stay far behind it.
        if self.array.capacity() / 4 > self.array.len().max(ROOM_MIN) {
            self.array.shrink_to(self.array.len() * 2);
        }
    }

    /// Moves what follows the array out of the hash part; the key just stored may have an old entry there too.
    #[cold]
    fn take_over(&mut self) {
        let stored = Value::Integer(self.array.len() as i64);
        if let Some(position) = self.position(stored) {
            self.delete(position);
        }
        while let Some(position) = self.position(Value::Integer(self.array.len() as i64 + 1)) {
            let value = self.entries[position].value;
            if value.is_nil() {
                break;
            }
            self.delete(position);
            self.array.push(value);
        }
    }

    fn delete(&mut self, position: usize) {
        self.entries[position].value = Value::Nil;
    }

    fn set_entry(&mut self, key: Value, value: Value) {
        if let Some(position) = self.position(key) {
            let entry = &mut self.entries[position];
            if value.is_nil() {
                return self.delete(position);
            }
            if !entry.value.is_nil() {
                entry.value = value;
                return;
            }
            // The key was deleted: it is appended anew, and the old entry is given up.
            self.append(key, value, Some(position));
        } else if !value.is_nil() {
            self.append(key, value, None);
        }
    }

    #[cold]
    #[inline(never)]
    fn append(&mut self, key: Value, value: Value, old: Option<usize>) {
        self.note_addition();
        self.absent = 0;
        if self.entries.len() >= self.limit() {
            self.make_room();
            self.pass(key);
            self.entries.push(Entry { key, value });
            if !self.index.is_empty() {
                self.note(self.entries.len() - 1);
            }
            return;
        }
        self.pass(key);
        let position = self.entries.len();
        self.entries.push(Entry { key, value });
        match old {
            Some(old) => {
                if let Some(slot) = self.index_slot(old, key) {
                    self.index[slot] = position as u32;
                }
                self.entries[old].key = Value::Nil;
            }
            None if !self.index.is_empty() => self.note(position),
            None => {}
        }
    }

    /// Lets a key through the filter.
    #[inline]
    fn pass(&mut self, key: Value) {
        if let Value::String(id) = key {
            self.filter |= filter_bit(id);
        }
    }

    /// The slot of the index that names the entry `position`, which has this key.
    fn index_slot(&self, position: usize, key: Value) -> Option<usize> {
        if self.index.is_empty() {
            return None;
        }
        let mask = self.index.len() - 1;
        let mut slot = hash(key, self.seed) & mask;
        loop {
            let found = *self.index.get(slot)?;
            if found == EMPTY {
                return None;
            }
            if found as usize == position {
                return Some(slot);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// How many entries fit before they are moved together or the index grows.
    fn limit(&self) -> usize {
        if self.index.is_empty() {
            LINEAR_MAX
        } else {
            self.index.len() / 2
        }
    }

    /// Drops deleted entries; doubles the index unless at least half of the entries were deleted.
    fn make_room(&mut self) {
        let limit = self.limit();
        self.entries.retain(|entry| !entry.value.is_nil());
        let wanted = if self.entries.len() * 2 > limit {
            limit * 2
        } else {
            limit
        };
        self.index = empty_index(if wanted > LINEAR_MAX { wanted * 2 } else { 0 });
        self.filter = 0;
        for position in 0..self.entries.len() {
            self.pass(self.entries[position].key);
        }
        self.note_all();
        let more = wanted.saturating_sub(self.entries.len());
        self.entries.reserve_exact(more);
    }

    /// Gives back what deleted entries and a wide index take, so that what the table counts for is a function of what it holds.
    /// Entries move: nothing may be going through them.
    pub(crate) fn compact(&mut self) {
        self.entries.retain(|entry| !entry.value.is_nil());
        self.entries.shrink_to_fit();
        self.array.shrink_to_fit();
        self.index = empty_index(index_size_for(self.entries.len()));
        self.filter = 0;
        for position in 0..self.entries.len() {
            self.pass(self.entries[position].key);
        }
        self.note_all();
    }

    /// Whether [`Table::compact`] would make it smaller.
    pub(crate) fn is_loose(&self) -> bool {
        self.index.len() > index_size_for(self.entries.len())
            || self.entries.iter().any(|entry| entry.value.is_nil())
    }

    /// Puts every entry into the index, which is empty. Where keys collide as they do by chance in no table that fits into
    /// memory, the index gets another seed; order and results do not depend on it.
    fn note_all(&mut self) {
        if self.index.is_empty() {
            return;
        }
        let mut position = 0;
        while position < self.entries.len() {
            let probes = if self.entries[position].key.is_nil() {
                0
            } else {
                self.put(position)
            };
            position += 1;
            if self.is_attacked(probes) {
                self.seed += 1;
                self.index.fill(EMPTY);
                position = 0;
            }
        }
    }

    fn note(&mut self, position: usize) {
        let probes = self.put(position);
        if self.is_attacked(probes) {
            self.seed += 1;
            self.index.fill(EMPTY);
            self.note_all();
        }
    }

    fn is_attacked(&self, probes: u32) -> bool {
        probes > PROBE_COUNT_MAX && usize::from(self.seed) + 1 < SEEDS.len()
    }

    /// Puts an entry into the index; after how many slots.
    fn put(&mut self, position: usize) -> u32 {
        let mask = self.index.len() - 1;
        let mut slot = hash(self.entries[position].key, self.seed) & mask;
        let mut probes = 0;
        while self.index[slot] != EMPTY {
            slot = (slot + 1) & mask;
            probes += 1;
        }
        self.index[slot] = position as u32;
        probes
    }

    /// Room for so many values, as a constructor knows them.
    pub(crate) fn reserve(&mut self, array: usize, entries: usize) {
        self.array.reserve_exact(array);
        // More than these get their room, which is counted, when they come.
        self.entries.reserve_exact(entries.min(LINEAR_MAX));
    }

    /// The pair at or behind a position of a traversal: array first, then entries. The array may have been shortened
    /// since, so positions of entries are told apart by [`IN_ENTRIES`].
    #[inline]
    pub(crate) fn step(&self, mut position: u32) -> Option<(Value, Value, u32)> {
        if position < IN_ENTRIES {
            while let Some(value) = self.array.get(position as usize) {
                position += 1;
                if !value.is_nil() {
                    return Some((Value::Integer(i64::from(position)), *value, position));
                }
            }
            position = IN_ENTRIES;
        }
        let mut index = (position - IN_ENTRIES) as usize;
        while let Some(entry) = self.entries.get(index) {
            index += 1;
            if !entry.value.is_nil() {
                return Some((entry.key, entry.value, IN_ENTRIES + index as u32));
            }
        }
        None
    }

    /// The pair behind a key.
    pub(crate) fn next(&self, key: Value) -> Step {
        let position = match key.normalised_key() {
            Value::Nil => 0,
            Value::Integer(integer)
                if integer >= 1 && integer as u64 <= self.array.len() as u64 =>
            {
                integer as u32
            }
            key => match (self.position(key), key) {
                (Some(position), _) => IN_ENTRIES + position as u32 + 1,
                // The array may have been shortened below a key that was visited.
                (None, Value::Integer(integer))
                    if integer >= 1 && integer <= i64::from(self.length_before) =>
                {
                    IN_ENTRIES
                }
                (None, _) => return Step::Unknown,
            },
        };
        match self.step(position) {
            Some((key, value, _)) => Step::Pair(key, value),
            None => Step::End,
        }
    }

    /// Slots of the index, which decides when entries are moved together.
    pub(crate) const fn index_size(&self) -> usize {
        self.index.len()
    }

    /// A table of saved parts; none where operations could not have left it so.
    pub(crate) fn from_parts(
        array: Vec<Value>,
        entries: Vec<Entry>,
        index_size: usize,
    ) -> Option<Table> {
        let is_indexed = index_size != 0;
        let limit = if is_indexed {
            index_size / 2
        } else {
            LINEAR_MAX
        };
        if is_indexed && (!index_size.is_power_of_two() || index_size < 4)
            || entries.len() > limit
            || array.last().is_some_and(|value| value.is_nil())
        {
            return None;
        }
        let mut table = Table {
            array,
            index: empty_index(index_size),
            ..Table::default()
        };
        for entry in entries {
            let is_given_up = entry.key.is_nil();
            if is_given_up && !entry.value.is_nil() {
                return None;
            }
            if !is_given_up {
                let is_key = match entry.key {
                    Value::Float(float) => {
                        !float.is_nan() && binary64::to_i64_exact(float).is_err()
                    }
                    Value::Integer(key) => {
                        entry.value.is_nil() || array_index(key) > table.array.len() as u64
                    }
                    _ => true,
                };
                if !is_key || table.position(entry.key).is_some() {
                    return None;
                }
                table.pass(entry.key);
            }
            table.entries.push(entry);
            if is_indexed && !is_given_up {
                table.note(table.entries.len() - 1);
            }
        }
        Some(table)
    }

    /// Keys and values in the order of a traversal.
    pub fn pairs(&self) -> impl Iterator<Item = (Value, Value)> + '_ {
        let array = self
            .array
            .iter()
            .enumerate()
            .map(|(index, value)| (Value::Integer(index as i64 + 1), *value));
        let entries = self.entries.iter().map(|entry| (entry.key, entry.value));
        array.chain(entries).filter(|(_, value)| !value.is_nil())
    }
}
