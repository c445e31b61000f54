//! Columns whose row type only they know: what archetypes, snapshots and scripts do with a column.
//!
//! Tests: `tests/it/twin.rs`.

use super::{Column, Departure, Rows, Scratch};
use crate::schedule::Job;
use crate::shared::Shared;
use crate::snapshot::Reader;
use crate::stamp::Stamp;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use gatos_values::Blake3Digest;

/// A column of an unknown row type.
pub(crate) trait AnyColumn: Any + Send + Sync {
    /// A column that shares all blocks with this one.
    fn share(&self) -> Shared<dyn AnyColumn>;

    /// Takes a row out, the last one filling the gap, and appends it to `target`, a column of the same component.
    fn transfer(&mut self, row: usize, target: &mut dyn AnyColumn);
    /// Takes a row out, the last one filling the gap.
    fn discard(&mut self, row: usize);
    /// As [`AnyColumn::transfer`] for many rows one after the other.
    fn transfer_all(&mut self, departure: &Departure, target: &mut dyn AnyColumn);
    /// As [`AnyColumn::discard`] for many rows one after the other.
    fn discard_all(&mut self, departure: &Departure);

    /// Appends the canonical bytes of a row.
    fn encode_row(&self, row: usize, output: &mut Vec<u8>);
    /// Appends a row of canonical bytes; `None` and nothing appended where they are none.
    fn push_encoded(&mut self, bytes: &[u8], stamp: Stamp) -> Option<()>;
    /// Overwrites a row with canonical bytes; `None` and nothing changed where they are none.
    fn replace_encoded(&mut self, row: usize, bytes: &[u8], stamp: Stamp) -> Option<()>;
    /// Changes the canonical bytes of a row in place; `None` and nothing changed where they are none afterwards. Whoever
    /// changes a record leaves it canonical.
    fn patch(
        &mut self,
        row: usize,
        scratch: &mut Vec<u8>,
        change: &mut dyn FnMut(&mut [u8]),
        stamp: Stamp,
    ) -> Option<()>;
    /// When the row was added and when it was changed.
    fn stamps(&self, row: usize) -> (Stamp, Stamp);

    /// The first row from `row` on that was added, or else changed, after `since`; the number of rows where there is none.
    /// Blocks without such a row are passed over at once.
    fn first_after(&self, row: usize, since: Stamp, is_added: bool) -> usize;

    /// Appends the numbers of the rows, of this or of the other column of the same component, that are not the same in
    /// both. Blocks that are shared are not looked at.
    fn push_differing(&self, other: &dyn AnyColumn, rows: &mut Vec<u32>);

    /// Makes every NaN another one, which changes neither bytes nor digests.
    fn unsettle(&mut self);

    fn root(&mut self, scratch: &mut Scratch) -> Blake3Digest;
    /// Takes out, as jobs that hash them, the pages whose digests are not known. The column is not whole until
    /// [`AnyColumn::give_pages`] has put all of them back.
    fn take_pages(&mut self, jobs: &mut Vec<Box<dyn Job>>);
    /// Puts back what [`AnyColumn::take_pages`] took.
    fn give_pages(&mut self, jobs: &mut dyn Iterator<Item = Box<dyn Job>>);
    /// The digest, if nothing was written since it was computed.
    fn known_root(&self) -> Option<Blake3Digest>;
    fn save(&self, output: &mut Vec<u8>);
    fn load(&mut self, len: usize, stamp_max: Stamp, reader: &mut Reader<'_>) -> Option<()>;
}

impl dyn AnyColumn {
    /// The column as what can be anything.
    #[inline]
    pub(crate) fn as_any(&self) -> &dyn Any {
        self
    }

    #[inline]
    pub(crate) fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl<S: Rows> AnyColumn for Column<S> {
    fn share(&self) -> Shared<dyn AnyColumn> {
        Shared::<dyn AnyColumn>::erased(Shared::new(self.clone()))
    }

    fn transfer(&mut self, row: usize, target: &mut dyn AnyColumn) {
        let (row, added, changed) = self.swap_remove(row);
        same::<S>(target).push(row, added, changed);
    }

    fn discard(&mut self, row: usize) {
        self.swap_remove(row);
    }

    fn transfer_all(&mut self, departure: &Departure, target: &mut dyn AnyColumn) {
        same::<S>(target).append(self, &departure.rows);
        self.close(departure);
    }

    fn discard_all(&mut self, departure: &Departure) {
        self.close(departure);
    }

    fn encode_row(&self, row: usize, output: &mut Vec<u8>) {
        let (block, place) = self.find(row);
        block.rows.encode_row(place, output);
    }

    fn push_encoded(&mut self, bytes: &[u8], stamp: Stamp) -> Option<()> {
        let row = S::decode_row(&self.layout, bytes)?;
        self.push(row, stamp, stamp);
        Some(())
    }

    fn replace_encoded(&mut self, row: usize, bytes: &[u8], stamp: Stamp) -> Option<()> {
        let value = S::decode_row(&self.layout, bytes)?;
        let (block, place) = self.find_mut(row);
        let len = block.rows.len();
        block.rows.replace(place, value);
        block.changed.set(place, len, stamp);
        Some(())
    }

    fn patch(
        &mut self,
        row: usize,
        scratch: &mut Vec<u8>,
        change: &mut dyn FnMut(&mut [u8]),
        stamp: Stamp,
    ) -> Option<()> {
        let (block, place) = self.find_mut(row);
        let len = block.rows.len();
        block.rows.patch(place, scratch, change)?;
        block.changed.set(place, len, stamp);
        Some(())
    }

    fn stamps(&self, row: usize) -> (Stamp, Stamp) {
        let (block, place) = self.find(row);
        (block.added.get(place), block.changed.get(place))
    }

    fn first_after(&self, row: usize, since: Stamp, is_added: bool) -> usize {
        let mut row = row;
        while row < self.len() {
            let (block, place) = self.find(row);
            let stamps = if is_added {
                &block.added
            } else {
                &block.changed
            };
            let end = block.rows.len();
            if stamps.latest() > since {
                let mut places = place..end;
                if let Some(found) = places.find(|place| stamps.get(*place) > since) {
                    return row + found - place;
                }
            }
            row += end - place;
        }
        self.len()
    }

    fn push_differing(&self, other: &dyn AnyColumn, rows: &mut Vec<u32>) {
        let other = other
            .as_any()
            .downcast_ref::<Column<S>>()
            .expect("columns of one component have one type");
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for row in 0..self.len().min(other.len()) {
            let ((block, place), (other_block, other_place)) = (self.find(row), other.find(row));
            if core::ptr::eq(block, other_block) {
                continue;
            }
            left.clear();
            right.clear();
            block.rows.encode_row(place, &mut left);
            other_block.rows.encode_row(other_place, &mut right);
            if left != right || self.stamps(row) != other.stamps(row) {
                rows.push(row as u32);
            }
        }
        let (short, long) = (self.len().min(other.len()), self.len().max(other.len()));
        rows.extend(short as u32..long as u32);
    }

    fn unsettle(&mut self) {
        if S::HAS_FLOATS {
            for block in 0..self.block_count() {
                self.block_mut(block).rows.unsettle();
            }
        }
    }

    fn root(&mut self, scratch: &mut Scratch) -> Blake3Digest {
        self.root(scratch)
    }

    fn take_pages(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        self.take_pages(jobs);
    }

    fn give_pages(&mut self, jobs: &mut dyn Iterator<Item = Box<dyn Job>>) {
        self.give_pages(jobs);
    }

    fn known_root(&self) -> Option<Blake3Digest> {
        self.digest
    }

    fn save(&self, output: &mut Vec<u8>) {
        self.save(output);
    }

    fn load(&mut self, len: usize, stamp_max: Stamp, reader: &mut Reader<'_>) -> Option<()> {
        self.load(len, stamp_max, reader)
    }
}

/// A column of the same component.
#[inline]
fn same<S: Rows>(column: &mut dyn AnyColumn) -> &mut Column<S> {
    column
        .as_any_mut()
        .downcast_mut()
        .expect("columns of one component have one type")
}

/// The column for writing: a copy that shares the blocks where somebody else holds the column too.
#[inline]
pub(crate) fn unique(column: &mut Shared<dyn AnyColumn>) -> &mut dyn AnyColumn {
    // The borrow of a branch that returns lasts for the whole function, so the owner is asked twice.
    if !Shared::is_sole(column) {
        *column = column.share();
    }
    Shared::get_mut(column)
        .expect("a column has one owner: nobody else is there to take a second one")
}
