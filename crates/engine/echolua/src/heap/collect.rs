//! Finding and freeing what a program can no longer reach, a step at a time.
//!
//! A cycle marks what the roots lead to, then frees the rest. Steps run where the machine looks for them, when our own
//! count of bytes says so: at the same places everywhere, and each within a budget of units. Programs cannot see a
//! cycle: there are no finalizers and no weak tables.
//!
//! While a cycle marks, whatever is stored in an object is marked at once, so that nothing hides behind what was already
//! looked at. New objects are not marked: whoever holds them leads to them. The stack is looked at last, again and again
//! until it shows nothing new; while a cycle frees, new objects count as marked.
//!
//! A unit is an object or a value that is looked at, or 64 places that are freed. A step may exceed its budget by one
//! object's values and by the roots.
//!
//! INVARIANT: an object that a root leads to is never freed. `bytes` is the sum of what every object in use counts for.
//! Tests: `src/heap/tests.rs`.

use super::pages::Pages;
use super::slab::Marker;
use super::{Heap, THRESHOLD_MIN, size_of_string};
use crate::machine::coroutine::Coroutine;
use crate::table::Table;
use crate::value::Value;
use alloc::vec::Vec;

/// Units of one step that the machine takes by itself.
pub const STEP_UNITS: u64 = 4096;
/// Bytes that are made between two steps of a cycle.
const STEP_BYTES: usize = 32 << 10;
/// Where a cycle is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No cycle runs.
    #[default]
    Idle,
    /// It follows what was marked.
    Mark,
    /// It frees: which kind of object, and which word of 64 places is next.
    Sweep(u8, u32),
}

/// A cycle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cycle {
    pub phase: Phase,
    /// Marked objects whose values are still to be looked at.
    pub pending: Vec<Value>,
    /// How many of the pinned values were looked at.
    pub pinned_next: u32,
    /// Units that all steps have used.
    pub units: u64,
}

/// Kinds of objects, in the order in which they are freed.
const KIND_COUNT: u8 = 5;

impl Heap {
    /// Whether the collector wants to do something.
    #[inline]
    pub(crate) const fn is_due(&self) -> bool {
        self.bytes > self.threshold
    }

    /// Whether stores have to be noted.
    #[inline]
    pub(crate) const fn is_marking(&self) -> bool {
        matches!(self.cycle.phase, Phase::Mark)
    }

    /// Notes a value that was stored in an object.
    #[inline]
    pub(crate) fn note_store(&mut self, value: Value) {
        if self.is_marking() {
            self.shade(value);
        }
    }

    /// The same for a value that lies somewhere.
    #[inline]
    pub(crate) fn note_stored(&mut self, value: &Value) {
        if self.is_marking() {
            self.shade(*value);
        }
    }

    /// Marks a value and everything it leads to, sooner or later.
    #[inline(never)]
    pub(crate) fn shade(&mut self, value: Value) {
        self.marking().0.shade(value);
    }

    /// What marks, and the tables to read meanwhile.
    #[inline]
    fn marking(&mut self) -> (Marking<'_>, &Pages<Table>) {
        let (tables, table_marker) = self.tables.parts();
        let marking = Marking {
            strings: self.strings.marker(),
            tables: table_marker,
            closures: self.closures.marker(),
            cells: self.cells.marker(),
            coroutines: self.coroutines.marker(),
            pending: &mut self.cycle.pending,
        };
        (marking, tables)
    }

    /// Looks at an object again: a coroutine whose stack has changed.
    pub(crate) fn shade_again(&mut self, value: Value) {
        if let (true, Value::Coroutine(id)) = (self.is_marking(), value)
            && self.coroutines.is_marked(id.0)
        {
            self.cycle.pending.push(value);
        }
    }

    /// Frees everything that no root leads to, now.
    pub(crate) fn collect(&mut self, roots: &mut dyn Iterator<Item = Value>) {
        let roots: Vec<Value> = roots.collect();
        // A cycle that began earlier keeps what it has marked; the next one is exact.
        for _ in 0..2 {
            let is_begun = self.cycle.phase != Phase::Idle;
            while !self.step(u64::MAX, &mut roots.iter().copied()) {}
            if !is_begun {
                return;
            }
        }
    }

    /// Takes a step of at most `budget` units, and beyond them what the roots are; whether a cycle has ended.
    pub(crate) fn step(&mut self, budget: u64, roots: &mut dyn Iterator<Item = Value>) -> bool {
        let before = self.cycle.units;
        let limit = before.saturating_add(budget);
        if self.cycle.phase == Phase::Idle {
            self.cycle.phase = Phase::Mark;
            self.cycle.pinned_next = 0;
        }
        if self.cycle.phase == Phase::Mark {
            self.mark_until(limit);
            if self.cycle.units < limit {
                for root in roots {
                    self.cycle.units += 1;
                    self.shade(root);
                }
                self.mark_until(limit.max(self.cycle.units + 1));
                if self.is_all_marked() {
                    self.cycle.phase = Phase::Sweep(0, 0);
                }
            }
        }
        while let Phase::Sweep(kind, word) = self.cycle.phase {
            if self.cycle.units >= limit {
                break;
            }
            self.cycle.units += 1;
            self.sweep(kind, word);
        }
        let has_ended = self.cycle.phase == Phase::Idle;
        self.threshold = if has_ended {
            self.bytes.saturating_mul(2)
        } else {
            self.bytes + STEP_BYTES
        };
        self.threshold = self
            .threshold
            .max(if has_ended { THRESHOLD_MIN } else { 0 });
        self.threshold = self.threshold.min(self.bytes_max);
        has_ended
    }

    fn is_all_marked(&self) -> bool {
        self.cycle.pending.is_empty() && self.cycle.pinned_next as usize >= self.pinned.len()
    }

    /// Follows marked objects until the units are used up or nothing is pending.
    fn mark_until(&mut self, limit: u64) {
        while self.cycle.units < limit {
            if let Some(pinned) = self.pinned.get(self.cycle.pinned_next as usize).copied() {
                self.cycle.pinned_next += 1;
                self.cycle.units += 1;
                self.shade(pinned);
            } else if let Some(object) = self.cycle.pending.pop() {
                self.follow(object);
            } else {
                return;
            }
        }
    }

    /// Marks what an object leads to, all of it: an object is never looked at half.
    fn follow(&mut self, object: Value) {
        self.cycle.units += 1;
        match object {
            Value::Table(id) => self.follow_table(id),
            Value::Closure(id) => {
                let count = self.closures.get(id.0).upvalues.len();
                for index in 0..count {
                    let inner = self.closures.get(id.0).upvalues[index];
                    self.shade(inner);
                }
                self.cycle.units += count as u64;
            }
            Value::Cell(id) => {
                let inner = *self.cells.get(id.0);
                self.shade(inner);
            }
            Value::Coroutine(id) => {
                let values: Vec<Value> = self.coroutines.get(id.0).values().collect();
                self.cycle.units += values.len() as u64;
                for inner in values {
                    self.shade(inner);
                }
                self.count_coroutine(id);
            }
            _ => {}
        }
    }

    fn follow_table(&mut self, id: crate::value::TableId) {
        self.count_table(id);
        let (mut marking, tables) = self.marking();
        let table = tables.get(id.0);
        if let Some(metatable) = table.metatable {
            marking.shade(Value::Table(metatable));
        }
        for value in &table.array {
            marking.shade(*value);
        }
        for entry in &table.entries {
            marking.shade(entry.key);
            marking.shade(entry.value);
        }
        self.cycle.units += (table.array.len() + table.entries.len()) as u64;
    }

    /// Frees what is not marked among 64 places of a kind, and says where to go on.
    fn sweep(&mut self, kind: u8, word: u32) {
        let mut freed = 0;
        let index = word as usize;
        let words = match kind {
            0 => self.strings.word_count(),
            1 => self.tables.word_count(),
            2 => self.closures.word_count(),
            3 => self.cells.word_count(),
            _ => self.coroutines.word_count(),
        };
        if index < words {
            match kind {
                0 => freed = self.sweep_strings(index),
                1 => self
                    .tables
                    .sweep_word(index, |_, table| freed += table.counted as usize * 16),
                2 => self
                    .closures
                    .sweep_word(index, |_, closure| freed += super::size_of_closure(closure)),
                3 => self
                    .cells
                    .sweep_word(index, |_, _| freed += super::CELL_SIZE),
                _ => self
                    .coroutines
                    .sweep_word(index, |_, coroutine| freed += coroutine.counted as usize),
            }
            self.bytes = self.bytes.saturating_sub(freed);
        }
        self.cycle.phase = if index + 1 < words {
            Phase::Sweep(kind, word + 1)
        } else if kind + 1 < KIND_COUNT {
            Phase::Sweep(kind + 1, 0)
        } else {
            Phase::Idle
        };
    }

    fn sweep_strings(&mut self, word: usize) -> usize {
        let mut freed = 0;
        let mut gone = core::mem::take(&mut self.gone);
        gone.clear();
        self.strings.sweep_word(word, |index, string| {
            freed += size_of_string(string.bytes.len());
            gone.push((index, string.hash));
        });
        for (index, hash) in &gone {
            self.forget(*index, *hash);
        }
        self.gone = gone;
        freed
    }

    /// Whether a new object of a kind at this place must count as marked: the sweep is still to come there.
    #[inline]
    pub(super) fn lies_ahead(&self, kind: u8, index: u32) -> bool {
        match self.cycle.phase {
            Phase::Sweep(at, word) => kind > at || (kind == at && index / 64 >= word),
            _ => false,
        }
    }
}

/// What of the heap a mark changes.
struct Marking<'a> {
    strings: Marker<'a>,
    tables: Marker<'a>,
    closures: Marker<'a>,
    cells: Marker<'a>,
    coroutines: Marker<'a>,
    pending: &'a mut Vec<Value>,
}

impl Marking<'_> {
    #[inline]
    fn shade(&mut self, value: Value) {
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
            self.pending.push(value);
        }
    }
}

impl Coroutine {
    /// Bytes the coroutine counts for.
    pub fn size(&self) -> usize {
        Coroutine::SIZE + self.stack.len() * 16
    }
}
