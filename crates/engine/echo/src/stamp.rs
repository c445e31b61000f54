//! Change stamps: when rows were added and changed, as numbers that rise with every system that runs.
//!
//! A system that writes a whole block marks it with one number; single writes make the block remember a number a row.
//! Both spellings mean the same, and hashes and snapshots write only the meaning.
//!
//! INVARIANT: the stamp of a row depends on the operations on the world and on nothing else.
//! Tests: `stamp/tests.rs`.

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

/// A moment in the life of a world: how many systems and outside writes came before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

/// The stamps of the rows of one block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stamps {
    /// The stamp of every row while `rows` is empty.
    base: Stamp,
    /// One stamp a row, or empty.
    rows: Vec<Stamp>,
    /// No row has a later stamp. It may be too late after rows are gone.
    latest: Stamp,
}

impl Stamps {
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Stamp {
        self.rows.get(row).copied().unwrap_or(self.base)
    }

    /// One stamp a row, where not all rows have the same.
    pub(crate) fn rows(&self) -> Option<&[Stamp]> {
        (!self.rows.is_empty()).then_some(&self.rows[..])
    }

    /// No row has a later stamp than this.
    pub(crate) const fn latest(&self) -> Stamp {
        self.latest
    }

    /// All rows get one stamp.
    #[inline]
    pub(crate) fn set_all(&mut self, stamp: Stamp) {
        self.rows.clear();
        self.base = stamp;
        self.latest = stamp;
    }

    /// One row of `len` gets a stamp.
    #[inline]
    pub(crate) fn set(&mut self, row: usize, len: usize, stamp: Stamp) {
        self.latest = self.latest.max(stamp);
        if self.rows.is_empty() && stamp == self.base {
            return;
        }
        self.set_listed(row, len, stamp);
    }

    #[inline(never)]
    fn set_listed(&mut self, row: usize, len: usize, stamp: Stamp) {
        if self.rows.is_empty() {
            self.rows.resize(len, self.base);
        }
        if let Some(place) = self.rows.get_mut(row) {
            *place = stamp;
        }
    }

    /// A row is appended to `len` rows.
    #[inline]
    pub(crate) fn push_one(&mut self, len: usize, stamp: Stamp) {
        if len > 0 && self.rows.is_empty() && stamp == self.base {
            self.latest = self.latest.max(stamp);
            return;
        }
        self.push_other(len, stamp);
    }

    /// A row is appended that is the first, or is not like the others.
    #[inline(never)]
    fn push_other(&mut self, len: usize, stamp: Stamp) {
        self.push(len, 1, stamp);
    }

    /// `count` rows are appended to `len` rows.
    #[inline]
    pub(crate) fn push(&mut self, len: usize, count: usize, stamp: Stamp) {
        if len == 0 {
            self.set_all(stamp);
            return;
        }
        self.latest = self.latest.max(stamp);
        if self.rows.is_empty() {
            if stamp == self.base {
                return;
            }
            self.rows.resize(len, self.base);
        }
        self.rows.resize(len + count, stamp);
    }

    /// The last of `len` rows goes away.
    #[inline]
    pub(crate) fn pop(&mut self, len: usize) -> Stamp {
        debug_assert!(self.rows.is_empty() || self.rows.len() == len);
        self.rows.pop().unwrap_or(self.base)
    }

    /// Rows from `len` on go away.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.rows.truncate(len);
    }

    /// Appends the meaning: 0 and one stamp where all `len` rows have the same, else 1 and a stamp a row.
    pub(crate) fn encode(&self, len: usize, output: &mut Vec<u8>) {
        let first = self.get(0);
        if self.rows.iter().all(|stamp| *stamp == first) {
            output.push(0);
            output.extend(first.0.to_le_bytes());
            return;
        }
        output.push(1);
        for row in 0..len {
            output.extend(self.get(row).0.to_le_bytes());
        }
    }

    /// The stamps of a list of more than none.
    pub(crate) fn from_rows(rows: Vec<Stamp>) -> Stamps {
        let latest = rows.iter().copied().max().unwrap_or_default();
        let base = rows.first().copied().unwrap_or_default();
        let is_uniform = rows.iter().all(|stamp| *stamp == base);
        Stamps {
            base,
            rows: if is_uniform { Vec::new() } else { rows },
            latest,
        }
    }

    /// Whether all rows of a list are the same, so that the short spelling is the right one.
    pub(crate) fn is_uniform(rows: &[Stamp]) -> bool {
        rows.windows(2).all(|pair| pair[0] == pair[1])
    }
}
