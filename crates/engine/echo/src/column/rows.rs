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
    /// As [`Rows::stride`].
    fn row_size(&self) -> usize;
    fn len(&self) -> usize;
    /// A copy with room for as many rows as the original has.
    fn copy(&self) -> Self;
    fn push(&mut self, row: Self::Row);
    /// Takes the last row; the block is not empty.
    fn pop(&mut self) -> Self::Row;
    fn replace(&mut self, place: usize, row: Self::Row) -> Self::Row;
    /// Changes the canonical bytes of a row; `None` and the row as before where they are none afterwards.
    fn patch(
        &mut self,
        place: usize,
        scratch: &mut Vec<u8>,
        change: &mut dyn FnMut(&mut [u8]),
    ) -> Option<()>;
    fn row(&self, place: usize) -> Self::Row;
    /// Appends a row of another block.
    fn push_from(&mut self, other: &Self, place: usize);
    fn truncate(&mut self, len: usize);
    fn encode(&self, output: &mut Vec<u8>);
    /// Writes the canonical bytes where every NaN is the one NaN; `false`, and any bytes, where not.
    fn encode_settled(&self, output: &mut [u8]) -> bool;
    fn encode_row(&self, place: usize, output: &mut Vec<u8>);
    fn decode(layout: &Self::Layout, count: usize, bytes: &[u8]) -> Option<Self>;
    fn decode_row(layout: &Self::Layout, bytes: &[u8]) -> Option<Self::Row>;
    /// Makes every NaN the one NaN.
    fn settle(&mut self);
    /// Makes every NaN another one.
    fn unsettle(&mut self);
}

impl<T: Component> Rows for Vec<T> {
    type Layout = ();
    type Row = T;
    const HAS_FLOATS: bool = !matches!(floats_of(T::FIELDS), Floats::None);

    fn empty((): &()) -> Vec<T> {
        Vec::new()
    }

    fn stride((): &()) -> usize {
        T::SIZE
    }

    fn row_size(&self) -> usize {
        T::SIZE
    }

    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    fn copy(&self) -> Vec<T> {
        let mut copy = Vec::with_capacity(self.capacity());
        copy.extend_from_slice(self);
        copy
    }

    #[inline]
    fn push(&mut self, row: T) {
        self.push(row);
    }

    #[inline]
    fn pop(&mut self) -> T {
        self.pop().expect("a block in use has rows")
    }

    #[inline]
    fn replace(&mut self, place: usize, row: T) -> T {
        core::mem::replace(&mut self[place], row)
    }

    fn patch(
        &mut self,
        place: usize,
        scratch: &mut Vec<u8>,
        change: &mut dyn FnMut(&mut [u8]),
    ) -> Option<()> {
        scratch.clear();
        Rows::encode_row(self, place, scratch);
        change(scratch);
        self[place] = T::read(scratch)?;
        Some(())
    }

    #[inline]
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

    fn encode_settled(&self, output: &mut [u8]) -> bool {
        if T::SIZE == 0 {
            return true;
        }
        for (row, place) in self.iter().zip(output.chunks_exact_mut(T::SIZE)) {
            row.write_settled(place);
        }
        // The bytes are in the nearest cache now, and of one kind: the compiler looks at several at a time.
        match const { floats_of(T::FIELDS) } {
            Floats::None => true,
            Floats::AllSingle => is_settled_single(output),
            Floats::AllDouble => is_settled_double(output),
            Floats::Some => self
                .iter()
                .fold(true, |settled, row| settled & row.is_settled()),
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
        // Where all fields are floats of one kind, a look at many at a time says whether every one of them is canonical.
        let all = match const { floats_of(T::FIELDS) } {
            Floats::None | Floats::Some => None,
            Floats::AllSingle => Some(is_settled_single(bytes)),
            Floats::AllDouble => Some(is_settled_double(bytes)),
        };
        let mut rows = Vec::with_capacity(count);
        for row in bytes.chunks_exact(T::SIZE) {
            rows.push(match all {
                None => T::read(row)?,
                Some(true) => T::read_settled(row)?,
                Some(false) => return None,
            });
        }
        Some(rows)
    }

    fn decode_row((): &(), bytes: &[u8]) -> Option<T> {
        T::read(bytes)
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

/// Which floats there are among fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Floats {
    None,
    AllSingle,
    AllDouble,
    Some,
}

const fn floats_of(fields: &[Field]) -> Floats {
    let (mut singles, mut doubles) = (0, 0);
    let mut index = 0;
    while index < fields.len() {
        match fields[index].kind {
            FieldKind::F32 => singles += 1,
            FieldKind::F64 => doubles += 1,
            _ => {}
        }
        index += 1;
    }
    if singles + doubles == 0 {
        Floats::None
    } else if singles == fields.len() {
        Floats::AllSingle
    } else if doubles == fields.len() {
        Floats::AllDouble
    } else {
        Floats::Some
    }
}

/// Whether no binary32 in the bytes is a NaN but the one.
fn is_settled_single(bytes: &[u8]) -> bool {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().fold(true, |settled, word| {
        let bits = u32::from_le_bytes(*word);
        settled & ((bits & 0x7fff_ffff <= 0x7f80_0000) | (bits == 0x7fc0_0000))
    })
}

/// Whether no binary64 in the bytes is a NaN but the one.
fn is_settled_double(bytes: &[u8]) -> bool {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().fold(true, |settled, word| {
        let bits = u64::from_le_bytes(*word);
        let magnitude = bits & 0x7fff_ffff_ffff_ffff;
        settled & ((magnitude <= 0x7ff0_0000_0000_0000) | (bits == 0x7ff8_0000_0000_0000))
    })
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

    fn row_size(&self) -> usize {
        self.schema.size()
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

    fn patch(
        &mut self,
        place: usize,
        _scratch: &mut Vec<u8>,
        change: &mut dyn FnMut(&mut [u8]),
    ) -> Option<()> {
        let range = self.range(place);
        let row = &mut self.bytes[range];
        change(row);
        debug_assert!(self.schema.accepts(row), "fields are written canonically");
        Some(())
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

    fn encode_settled(&self, output: &mut [u8]) -> bool {
        output.copy_from_slice(&self.bytes);
        true
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

    fn settle(&mut self) {}

    fn unsettle(&mut self) {}
}
