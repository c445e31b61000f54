//! Canonical CBOR item by item, for documents that are better not built as one [`Value`].
//!
//! Whoever writes with these functions must write whole lists and maps, the latter with their keys in order; then the
//! bytes are canonical, because each item is.
//! [`Items`] checks each item as [`super::decode`] does and hands out what it holds without copying.
//!
//! INVARIANT: a document read to its end by [`Items`] is canonical, if its maps were read by [`Items::value`] or their
//! reader insists on keys in order.
//! Tests: `tests/it/cbor.rs`.

use super::{CborError, CborErrorKind, DEPTH_MAX, Encoder, Reader, major, written};
use crate::{Fixed, Value};
use alloc::vec::Vec;
use minicbor::Decoder;

/// Appends the head of a list; exactly `count` items must follow.
pub fn encode_list_head_into(count: usize, output: &mut Vec<u8>) {
    written(Encoder::new(output).array(count as u64).map(|_| ()));
}

/// Appends the head of a map; exactly `count` pairs of a text and an item must follow, shorter keys first and those of
/// one length by their bytes.
pub fn encode_map_head_into(count: usize, output: &mut Vec<u8>) {
    written(Encoder::new(output).map(count as u64).map(|_| ()));
}

/// Appends a text item. `text` must be text already: NFC and assigned.
pub fn encode_text_into(text: &str, output: &mut Vec<u8>) {
    written(Encoder::new(output).str(text).map(|_| ()));
}

/// Appends a byte string.
pub fn encode_bytes_into(bytes: &[u8], output: &mut Vec<u8>) {
    written(Encoder::new(output).bytes(bytes).map(|_| ()));
}

/// One item of a document; of a list or map its head alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item<'a> {
    /// Null.
    Null,
    /// False or true.
    Bool(bool),
    /// An integer.
    Integer(i128),
    /// A fixed-point number whose fraction is not zero.
    Fixed(Fixed),
    /// A text, in normal form and assigned.
    Text(&'a str),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A list of so many items, which follow.
    List(usize),
    /// A map of so many pairs, which follow.
    Map(usize),
}

/// Reads the items of a canonical document one by one.
pub struct Items<'a> {
    reader: Reader<'a>,
}

impl<'a> Items<'a> {
    /// Starts before the first item.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Items<'a> {
        Items {
            reader: Reader {
                input: Decoder::new(bytes),
            },
        }
    }

    /// The next item, whatever it is. That lists and maps do not nest too deep, and the order of keys, is for the caller
    /// to see to.
    ///
    /// # Errors
    /// [`CborError`].
    pub fn item(&mut self) -> Result<Item<'a>, CborError> {
        Ok(match self.reader.peek()? >> 5 {
            major::TEXT => Item::Text(self.reader.str()?),
            major::LIST => Item::List(self.reader.open(0, 1)?),
            major::MAP => Item::Map(self.reader.open(0, 2)?),
            major::BYTES => Item::Bytes(self.reader.bytes()?),
            _ => match self.reader.value(0)? {
                Value::Bool(value) => Item::Bool(value),
                Value::Integer(integer) => Item::Integer(integer),
                Value::Fixed(fixed) => Item::Fixed(fixed),
                // Nothing else is left.
                _ => Item::Null,
            },
        })
    }

    /// The head of a list: how many items follow.
    ///
    /// # Errors
    /// [`CborError`]; [`CborErrorKind::Unsupported`] if the item is of another kind.
    pub fn list(&mut self) -> Result<usize, CborError> {
        self.expect(major::LIST)?;
        self.reader.open(0, 1)
    }

    /// A text item.
    ///
    /// # Errors
    /// As for [`Items::list`].
    pub fn text(&mut self) -> Result<&'a str, CborError> {
        self.expect(major::TEXT)?;
        self.reader.str()
    }

    /// A byte string.
    ///
    /// # Errors
    /// As for [`Items::list`].
    pub fn bytes(&mut self) -> Result<&'a [u8], CborError> {
        self.expect(major::BYTES)?;
        self.reader.bytes()
    }

    /// An integer from 0 to 2^64 − 1.
    ///
    /// # Errors
    /// As for [`Items::list`].
    pub fn count(&mut self) -> Result<u64, CborError> {
        self.expect(major::UNSIGNED)?;
        let integer = self.reader.integer()?;
        u64::try_from(integer).map_err(|_| self.reader.error(CborErrorKind::NumberForm))
    }

    /// Any item as a value; `depth` is how many lists and maps lie around it already.
    ///
    /// # Errors
    /// [`CborError`].
    pub fn value(&mut self, depth: usize) -> Result<Value, CborError> {
        self.reader.value(depth)
    }

    /// The bytes of any item, checked like [`Items::value`].
    ///
    /// # Errors
    /// [`CborError`].
    pub fn raw(&mut self, depth: usize) -> Result<&'a [u8], CborError> {
        let start = self.reader.input.position();
        if self.reader.peek()? >> 5 == major::TEXT {
            self.reader.str()?;
        } else {
            self.reader.value(depth.min(DEPTH_MAX))?;
        }
        let bytes = self.reader.input.input();
        let end = self.reader.input.position();
        bytes
            .get(start..end)
            .ok_or_else(|| self.reader.error(CborErrorKind::UnexpectedEnd))
    }

    /// Whether the next item is null; then it is read.
    ///
    /// # Errors
    /// [`CborErrorKind::UnexpectedEnd`].
    pub fn null(&mut self) -> Result<bool, CborError> {
        let found = self.reader.peek()? == super::NULL;
        if found {
            self.reader.next_byte()?;
        }
        Ok(found)
    }

    /// Byte offset of the next item.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.reader.input.position()
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// [`CborErrorKind::TrailingInput`].
    pub fn end(&self) -> Result<(), CborError> {
        if self.offset() < self.reader.input.input().len() {
            return Err(self.reader.error(CborErrorKind::TrailingInput));
        }
        Ok(())
    }

    fn expect(&self, kind: u8) -> Result<(), CborError> {
        if self.reader.peek()? >> 5 == kind {
            Ok(())
        } else {
            Err(self.reader.error(CborErrorKind::Unsupported))
        }
    }
}
