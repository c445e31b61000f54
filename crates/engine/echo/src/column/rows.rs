//! How the rows of a block are kept: a vector of a Rust type, or the bytes of a record.
//!
//! INVARIANT: `decode(encode(rows))` gives the same rows, a NaN being itself.
//! Tests: `tests/it/twin.rs`, `tests/it/component.rs`.

use crate::component::{Component, Field, FieldKind, Schema};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The rows of a block.
pub trait Rows: Sized + Send + Sync + 'static {
    /// What must be known to make an empty block.
    type Layout: Clone + Send + Sync + 'static;
    type Row;
    /// Whether rows may hold floats.
    const HAS_FLOATS: bool;

    fn empty(layout: &Self::Layout) -> Self;
    /// Bytes of a row.
    fn stride(layout: &Self::Layout) -> usize;
    fn len(&self) -> usize;
    /// A copy with room for as many rows as the original has.
    fn copy(&self) -> Self;
    fn push(&mut self, row: Self::Row);
    /// Takes the last row; the block is not empty.
    fn pop(&mut self) -> Self::Row;
    fn replace(&mut self, place: usize, row: Self::Row) -> Self::Row;
    fn row(&self, place: usize) -> Self::Row;
    /// Appends a row of another block.
    fn push_from(&mut self, other: &Self, place: usize);
    fn truncate(&mut self, len: usize);
    fn encode(&self, output: &mut Vec<u8>);
    fn encode_row(&self, place: usize, output: &mut Vec<u8>);
    fn decode(layout: &Self::Layout, count: usize, bytes: &[u8]) -> Option<Self>;
    fn decode_row(layout: &Self::Layout, bytes: &[u8]) -> Option<Self::Row>;
    /// Whether every NaN is the one NaN.
    fn is_settled(&self) -> bool;
    /// Makes every NaN the one NaN.
    fn settle(&mut self);
    /// Makes every NaN another one.
    fn unsettle(&mut self);
}

impl<T: Component> Rows for Vec<T> {
    type Layout = ();
    type Row = T;
    const HAS_FLOATS: bool = has_floats(T::FIELDS);

    fn empty((): &()) -> Vec<T> {
        Vec::new()
    }

    fn stride((): &()) -> usize {
        T::SIZE
    }

    fn len(&self) -> usize {
        self.len()
    }

    fn copy(&self) -> Vec<T> {
        let mut copy = Vec::with_capacity(self.capacity());
        copy.extend_from_slice(self);
        copy
    }

    fn push(&mut self, row: T) {
        self.push(row);
    }

    fn pop(&mut self) -> T {
        self.pop().expect("a block in use has rows")
    }

    fn replace(&mut self, place: usize, row: T) -> T {
        core::mem::replace(&mut self[place], row)
    }

    fn row(&self, place: usize) -> T {
        self[place].clone()
    }

    #[inline]
    fn push_from(&mut self, other: &Vec<T>, place: usize) {
        self.push(other[place].clone());
    }

    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }

    fn encode(&self, output: &mut Vec<u8>) {
        if T::SIZE == 0 {
            return;
        }
        let start = output.len();
        output.resize(start + self.len() * T::SIZE, 0);
        for (row, place) in self.iter().zip(output[start..].chunks_exact_mut(T::SIZE)) {
            row.write(place);
        }
    }

    fn encode_row(&self, place: usize, output: &mut Vec<u8>) {
        let start = output.len();
        output.resize(start + T::SIZE, 0);
        self[place].write(&mut output[start..]);
    }

    fn decode((): &(), count: usize, bytes: &[u8]) -> Option<Vec<T>> {
        if T::SIZE == 0 {
            let row = T::read(bytes)?;
            return Some(alloc::vec![row; count]);
        }
        bytes.chunks_exact(T::SIZE).map(T::read).collect()
    }

    fn decode_row((): &(), bytes: &[u8]) -> Option<T> {
        T::read(bytes)
    }

    fn is_settled(&self) -> bool {
        // Not `all`: without an early end the loop runs over several rows at a time.
        self.iter()
            .fold(true, |settled, row| settled & row.is_settled())
    }

    fn settle(&mut self) {
        for row in self.iter_mut() {
            row.settle();
        }
    }

    fn unsettle(&mut self) {
        for row in self.iter_mut() {
            row.unsettle();
        }
    }
}

/// Whether one of the fields is a float.
const fn has_floats(fields: &[Field]) -> bool {
    let mut index = 0;
    while index < fields.len() {
        if matches!(fields[index].kind, FieldKind::F32 | FieldKind::F64) {
            return true;
        }
        index += 1;
    }
    false
}

/// The rows of a component that a script defined: their bytes, one after the other.
///
/// Whoever makes a row checks it against the schema first, so rows are canonical at all times.
pub(crate) struct RecordRows {
    schema: Arc<Schema>,
    len: usize,
    bytes: Vec<u8>,
}

/// The bytes of one row of a record.
pub(crate) type RecordRow = Box<[u8]>;

impl RecordRows {
    fn range(&self, place: usize) -> core::ops::Range<usize> {
        let stride = self.schema.size();
        place * stride..(place + 1) * stride
    }
}

impl Rows for RecordRows {
    type Layout = Arc<Schema>;
    type Row = RecordRow;
    const HAS_FLOATS: bool = false;

    fn empty(schema: &Arc<Schema>) -> RecordRows {
        RecordRows {
            schema: Arc::clone(schema),
            len: 0,
            bytes: Vec::new(),
        }
    }

    fn stride(schema: &Arc<Schema>) -> usize {
        schema.size()
    }

    fn len(&self) -> usize {
        self.len
    }

    fn copy(&self) -> RecordRows {
        let mut bytes = Vec::with_capacity(self.bytes.capacity());
        bytes.extend_from_slice(&self.bytes);
        RecordRows {
            schema: Arc::clone(&self.schema),
            len: self.len,
            bytes,
        }
    }

    fn push(&mut self, row: RecordRow) {
        self.bytes.extend_from_slice(&row);
        self.len += 1;
    }

    fn pop(&mut self) -> RecordRow {
        let row = self.row(self.len - 1);
        self.len -= 1;
        self.bytes.truncate(self.len * self.schema.size());
        row
    }

    fn replace(&mut self, place: usize, row: RecordRow) -> RecordRow {
        let old = self.row(place);
        let range = self.range(place);
        self.bytes[range].copy_from_slice(&row);
        old
    }

    fn row(&self, place: usize) -> RecordRow {
        Box::from(&self.bytes[self.range(place)])
    }

    fn push_from(&mut self, other: &RecordRows, place: usize) {
        self.bytes
            .extend_from_slice(&other.bytes[other.range(place)]);
        self.len += 1;
    }

    fn truncate(&mut self, len: usize) {
        self.len = len;
        self.bytes.truncate(len * self.schema.size());
    }

    fn encode(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.bytes);
    }

    fn encode_row(&self, place: usize, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.bytes[self.range(place)]);
    }

    fn decode(schema: &Arc<Schema>, count: usize, bytes: &[u8]) -> Option<RecordRows> {
        let stride = schema.size();
        let is_canonical = stride == 0 || bytes.chunks_exact(stride).all(|row| schema.accepts(row));
        is_canonical.then(|| RecordRows {
            schema: Arc::clone(schema),
            len: count,
            bytes: bytes.to_vec(),
        })
    }

    fn decode_row(schema: &Arc<Schema>, bytes: &[u8]) -> Option<RecordRow> {
        schema.accepts(bytes).then(|| Box::from(bytes))
    }

    fn is_settled(&self) -> bool {
        true
    }

    fn settle(&mut self) {}

    fn unsettle(&mut self) {}
}
