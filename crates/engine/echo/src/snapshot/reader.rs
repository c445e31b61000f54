//! Reading little-endian numbers, stamps and rows from a snapshot. Nothing is reserved on the word of a length field.
//!
//! Tests: `tests/it/snapshot.rs`.

use crate::stamp::{Stamp, Stamps};
use alloc::vec::Vec;

/// A place in bytes.
pub(crate) struct Reader<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader {
            all: bytes,
            rest: bytes,
        }
    }

    /// Bytes read so far.
    pub(crate) const fn offset(&self) -> usize {
        self.all.len() - self.rest.len()
    }

    /// All bytes, read or not.
    pub(crate) const fn everything(&self) -> &'a [u8] {
        self.all
    }

    pub(crate) const fn rest_len(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(count)?;
        self.rest = tail;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A text behind one byte of size.
    pub(crate) fn name(&mut self) -> Option<&'a str> {
        let size = self.u8()?;
        core::str::from_utf8(self.take(size.into())?).ok()
    }

    /// The stamps of `count` rows, none later than `stamp_max`, in the one spelling.
    pub(crate) fn stamps(&mut self, count: usize, stamp_max: Stamp) -> Option<Stamps> {
        let is_each = match self.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let listed = if is_each { count } else { 1 };
        let bytes = self.take(listed.checked_mul(8)?)?;
        let rows: Vec<Stamp> = bytes
            .chunks_exact(8)
            .filter_map(|word| word.try_into().ok().map(u64::from_le_bytes).map(Stamp))
            .collect();
        let is_fine =
            rows.iter().all(|stamp| *stamp <= stamp_max) && !(is_each && Stamps::is_uniform(&rows));
        is_fine.then(|| Stamps::from_rows(rows))
    }
}
