//! Canonical CBOR: the bytes that machines run or restore, RFC 8949 §4.2.1 core deterministic encoding.
//!
//! Heads, integers and strings are read and written by `minicbor`; this layer keeps the canonical rules: shortest
//! heads, definite lengths, keys in bytewise order of their encoding, bignums only beyond 64 bits, fixed values
//! as tag 5 with exponent −32, NFC text, nothing else.
//!
//! INVARIANT: `decode(bytes)` succeeds exactly when `bytes` is what [`encode`] writes for some value.
//! Format page: `docs/formats/values.md`. Vectors: `vectors/values/cbor.tsv`, `rfc8949.tsv`. Tests: `tests/it/cbor.rs`.

mod items;

pub use items::{
    Item, Items, encode_bytes_into, encode_list_head_into, encode_map_head_into, encode_text_into,
};

use crate::json::{DEPTH_MAX, EncodeError, check_assigned};
use crate::text::{Text, is_nfc_assigned};
use crate::value::Map;
use crate::{ErrorCode, Fixed, Value};
use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::convert::Infallible;
use minicbor::data::{Int, Tag};
use minicbor::{Decoder, Encoder};

/// Tags of the canonical form.
const TAG_POSITIVE_BIGNUM: u64 = 2;
const TAG_NEGATIVE_BIGNUM: u64 = 3;
const TAG_BIGFLOAT: u64 = 5;

/// The one exponent of fixed values.
const FIXED_EXPONENT: i128 = -32;

/// The one byte of null.
const NULL: u8 = 0xF6;

/// Never reserve room for more entries than this on the word of a length field.
const RESERVE_MAX: usize = 64;

/// Why CBOR was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (byte {offset})")]
pub struct CborError {
    /// What is wrong.
    pub kind: CborErrorKind,
    /// Byte offset of the item that is wrong.
    pub offset: usize,
}

/// What is wrong with a CBOR item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CborErrorKind {
    /// The document is larger than the caller allows.
    #[error("the document has {size} bytes, the limit is {size_max}")]
    TooLarge {
        /// Size of the document in bytes.
        size: usize,
        /// The caller's limit in bytes.
        size_max: usize,
    },
    /// The bytes end inside an item.
    #[error("the bytes end too early")]
    UnexpectedEnd,
    /// Not a well-formed item, or one outside the value model (float, `undefined`, simple value, other tag).
    #[error("an item outside the value model")]
    Unsupported,
    /// A head that is not the shortest, or an indefinite length.
    #[error("the head is not the shortest one")]
    NotShortest,
    /// A bignum that fits a 64-bit head, has leading zeros or is out of range, or a fixed value not in its one form.
    #[error("the number is not in its one form")]
    NumberForm,
    /// A string is not UTF-8.
    #[error("a string is not valid UTF-8")]
    InvalidUtf8,
    /// A string is not NFC or holds an unassigned code point.
    #[error("a string is not in normal form C or holds an unassigned code point")]
    TextForm,
    /// A map key that is not a string.
    #[error("a map key is not a string")]
    KeyKind,
    /// A map key that is not above the one before it.
    #[error("map keys are not in order, or one occurs twice")]
    KeyOrder,
    /// More than [`DEPTH_MAX`] lists and maps around a value.
    #[error("nesting is deeper than {DEPTH_MAX}")]
    TooDeep,
    /// Something follows the document.
    #[error("something follows the document")]
    TrailingInput,
}

impl CborError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self.kind {
            CborErrorKind::TooLarge { .. } => ErrorCode::TooLarge,
            CborErrorKind::TextForm => ErrorCode::BadText,
            _ => ErrorCode::BadCbor,
        }
    }
}

/// The canonical CBOR of a value.
///
/// # Errors
/// [`EncodeError::TooDeep`] or [`EncodeError::Unassigned`].
pub fn encode(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut output = Vec::new();
    encode_into(value, &mut output)?;
    Ok(output)
}

/// Appends the canonical CBOR of a value; on an error `output` keeps a part of it.
///
/// # Errors
/// [`EncodeError::TooDeep`] or [`EncodeError::Unassigned`].
pub fn encode_into(value: &Value, output: &mut Vec<u8>) -> Result<(), EncodeError> {
    encode_value(value, &mut Encoder::new(output), 0)
}

type Output<'a> = Encoder<&'a mut Vec<u8>>;

fn encode_value(value: &Value, output: &mut Output<'_>, depth: usize) -> Result<(), EncodeError> {
    match value {
        Value::Null => written(output.null().map(|_| ())),
        Value::Bool(value) => written(output.bool(*value).map(|_| ())),
        Value::Integer(integer) => encode_integer(*integer, output),
        Value::Fixed(fixed) => encode_fixed(*fixed, output),
        Value::Text(text) => encode_text(text, output)?,
        Value::Bytes(bytes) => written(output.bytes(bytes).map(|_| ())),
        Value::List(list) => {
            check_depth(depth)?;
            written(output.array(list.len() as u64).map(|_| ()));
            for item in list {
                encode_value(item, output, depth + 1)?;
            }
        }
        Value::Map(map) => {
            check_depth(depth)?;
            written(output.map(map.len() as u64).map(|_| ()));
            let mut entries: Vec<&(Text, Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| encoded_order(key));
            for (key, item) in entries {
                encode_text(key, output)?;
                encode_value(item, output, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// Writing to memory cannot fail.
fn written(result: Result<(), minicbor::encode::Error<Infallible>>) {
    debug_assert!(result.is_ok());
}

const fn check_depth(depth: usize) -> Result<(), EncodeError> {
    if depth >= DEPTH_MAX {
        Err(EncodeError::TooDeep)
    } else {
        Ok(())
    }
}

fn encode_text(text: &Text, output: &mut Output<'_>) -> Result<(), EncodeError> {
    check_assigned(text)?;
    written(output.str(text).map(|_| ()));
    Ok(())
}

/// Order of the encodings of two strings: the head grows with the length, so the length comes first.
fn encoded_order(key: &str) -> (usize, &str) {
    (key.len(), key)
}

fn encode_integer(integer: i128, output: &mut Output<'_>) {
    if let Ok(small) = Int::try_from(integer) {
        return written(output.int(small).map(|_| ()));
    }
    let (tag, magnitude) = if integer < 0 {
        (TAG_NEGATIVE_BIGNUM, !integer as u128)
    } else {
        (TAG_POSITIVE_BIGNUM, integer as u128)
    };
    let bytes = magnitude.to_be_bytes();
    let zeros = magnitude.leading_zeros() as usize / 8;
    written(
        output
            .tag(Tag::new(tag))
            .and_then(|output| output.bytes(&bytes[zeros..]))
            .map(|_| ()),
    );
}

fn encode_fixed(fixed: Fixed, output: &mut Output<'_>) {
    if fixed.is_integer() {
        return encode_integer(fixed.floor(), output);
    }
    written(
        output
            .tag(Tag::new(TAG_BIGFLOAT))
            .and_then(|output| output.array(2))
            .map(|_| ()),
    );
    encode_integer(FIXED_EXPONENT, output);
    encode_integer(fixed.steps(), output);
}

/// Reads canonical CBOR and nothing else.
///
/// # Errors
/// [`CborError`].
pub fn decode(bytes: &[u8], size_max: usize) -> Result<Value, CborError> {
    if bytes.len() > size_max {
        let kind = CborErrorKind::TooLarge {
            size: bytes.len(),
            size_max,
        };
        return Err(CborError {
            kind,
            offset: size_max,
        });
    }
    let mut reader = Reader {
        input: Decoder::new(bytes),
    };
    let value = reader.value(0)?;
    if reader.input.position() < bytes.len() {
        return Err(reader.error(CborErrorKind::TrailingInput));
    }
    Ok(value)
}

/// Major types, the top three bits of an initial byte.
mod major {
    pub const UNSIGNED: u8 = 0;
    pub const NEGATIVE: u8 = 1;
    pub const BYTES: u8 = 2;
    pub const TEXT: u8 = 3;
    pub const LIST: u8 = 4;
    pub const MAP: u8 = 5;
    pub const TAG: u8 = 6;
}

struct Reader<'a> {
    input: Decoder<'a>,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, CborError> {
        let initial = self.peek()?;
        match initial >> 5 {
            major::UNSIGNED | major::NEGATIVE => self.integer().map(Value::Integer),
            major::BYTES => self.bytes().map(|bytes| Value::Bytes(bytes.to_vec())),
            major::TEXT => self.text().map(Value::Text),
            major::LIST => self.list(depth),
            major::MAP => self.map(depth),
            major::TAG => self.tagged(),
            _ => self.simple(initial),
        }
    }

    fn simple(&mut self, initial: u8) -> Result<Value, CborError> {
        let value = match initial {
            0xF4 => Value::Bool(false),
            0xF5 => Value::Bool(true),
            NULL => Value::Null,
            _ => return Err(self.error(CborErrorKind::Unsupported)),
        };
        self.input.set_position(self.input.position() + 1);
        Ok(value)
    }

    /// An integer within 64-bit heads.
    fn integer(&mut self) -> Result<i128, CborError> {
        let start = self.input.position();
        let integer = self
            .input
            .int()
            .map(i128::from)
            .map_err(|error| failed(&error, start))?;
        let magnitude = if integer < 0 { !integer } else { integer };
        self.check_head(start, magnitude as u64, 0)?;
        Ok(integer)
    }

    fn bytes(&mut self) -> Result<&'a [u8], CborError> {
        let start = self.input.position();
        let bytes = self.input.bytes().map_err(|error| failed(&error, start))?;
        self.check_head(start, bytes.len() as u64, bytes.len())?;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<Text, CborError> {
        self.str().map(|text| Text::from_checked(text.to_owned()))
    }

    fn str(&mut self) -> Result<&'a str, CborError> {
        let start = self.input.position();
        let text = match self.short_head(major::TEXT) {
            Some(size) => self.short_str(start, size)?,
            None => self.long_str(start)?,
        };
        if !is_nfc_assigned(text) {
            return Err(CborError {
                kind: CborErrorKind::TextForm,
                offset: start,
            });
        }
        Ok(text)
    }

    /// The text behind a head of one byte at `start`.
    fn short_str(&mut self, start: usize, size: usize) -> Result<&'a str, CborError> {
        let failed = |kind| CborError {
            kind,
            offset: start,
        };
        let end = start + 1 + size;
        let bytes = self.input.input().get(start + 1..end);
        let bytes = bytes.ok_or(failed(CborErrorKind::UnexpectedEnd))?;
        let text = core::str::from_utf8(bytes);
        let text = text.map_err(|_| failed(CborErrorKind::InvalidUtf8))?;
        self.input.set_position(end);
        Ok(text)
    }

    fn long_str(&mut self, start: usize) -> Result<&'a str, CborError> {
        let text = self
            .input
            .str()
            .map_err(|error| failed_text(&error, start))?;
        self.check_head(start, text.len() as u64, text.len())?;
        Ok(text)
    }

    /// Takes a head of one byte, if the next item is of this kind and has one: the shortest there is, so nothing about
    /// it is left to check. Nearly all heads are such.
    fn short_head(&mut self, kind: u8) -> Option<usize> {
        let position = self.input.position();
        let initial = *self.input.input().get(position)?;
        let argument = initial & 0x1F;
        if initial >> 5 != kind || argument > 23 {
            return None;
        }
        self.input.set_position(position + 1);
        Some(usize::from(argument))
    }

    fn list(&mut self, depth: usize) -> Result<Value, CborError> {
        let count = self.open(depth, 1)?;
        let mut list = Vec::with_capacity(count.min(RESERVE_MAX));
        for _ in 0..count {
            list.push(self.value(depth + 1)?);
        }
        Ok(Value::List(list))
    }

    fn map(&mut self, depth: usize) -> Result<Value, CborError> {
        let count = self.open(depth, 2)?;
        let mut entries: Vec<(Text, Value)> = Vec::with_capacity(count.min(RESERVE_MAX));
        for _ in 0..count {
            let start = self.input.position();
            if self.peek()? >> 5 != major::TEXT {
                return Err(self.error(CborErrorKind::KeyKind));
            }
            let key = self.text()?;
            let is_above = entries
                .last()
                .is_none_or(|(last, _)| encoded_order(last) < encoded_order(&key));
            if !is_above {
                return Err(CborError {
                    kind: CborErrorKind::KeyOrder,
                    offset: start,
                });
            }
            entries.push((key, self.value(depth + 1)?));
        }
        // In order by encoding means unique; values want them in order of the strings themselves.
        entries.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        Ok(Value::Map(Map::from_sorted(entries)))
    }

    /// Reads the head of a list or map; every entry takes at least `entry_size_min` bytes, which bounds the count.
    fn open(&mut self, depth: usize, entry_size_min: usize) -> Result<usize, CborError> {
        let start = self.input.position();
        if depth >= DEPTH_MAX {
            return Err(self.error(CborErrorKind::TooDeep));
        }
        let kind = if entry_size_min == 1 {
            major::LIST
        } else {
            major::MAP
        };
        let count = match self.short_head(kind) {
            Some(count) => count as u64,
            None => self.long_count(start, kind)?,
        };
        let rest = self.input.input().len() - self.input.position();
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= rest / entry_size_min)
            .ok_or(CborError {
                kind: CborErrorKind::UnexpectedEnd,
                offset: start,
            })
    }

    fn long_count(&mut self, start: usize, kind: u8) -> Result<u64, CborError> {
        let count = if kind == major::LIST {
            self.input.array()
        } else {
            self.input.map()
        };
        let count = count.map_err(|error| failed(&error, start))?;
        let Some(count) = count else {
            return Err(CborError {
                kind: CborErrorKind::NotShortest,
                offset: start,
            });
        };
        self.check_head(start, count, 0)?;
        Ok(count)
    }

    fn tagged(&mut self) -> Result<Value, CborError> {
        let start = self.input.position();
        let tag = self
            .input
            .tag()
            .map_err(|error| failed(&error, start))?
            .as_u64();
        self.check_head(start, tag, 0)?;
        match tag {
            TAG_POSITIVE_BIGNUM | TAG_NEGATIVE_BIGNUM => {
                self.bignum(start, tag).map(Value::Integer)
            }
            TAG_BIGFLOAT => self.fixed(start).map(Value::Fixed),
            _ => Err(CborError {
                kind: CborErrorKind::Unsupported,
                offset: start,
            }),
        }
    }

    /// An integer beyond 64-bit heads; the tag has been read.
    fn bignum(&mut self, start: usize, tag: u64) -> Result<i128, CborError> {
        let form = CborError {
            kind: CborErrorKind::NumberForm,
            offset: start,
        };
        if self.peek()? >> 5 != major::BYTES {
            return Err(form);
        }
        let bytes = self.bytes()?;
        if bytes.len() <= 8 || bytes.len() > 16 || bytes[0] == 0 {
            return Err(form);
        }
        let magnitude = bytes
            .iter()
            .fold(0u128, |value, byte| (value << 8) | u128::from(*byte));
        let magnitude = i128::try_from(magnitude).map_err(|_| form)?;
        Ok(if tag == TAG_NEGATIVE_BIGNUM {
            !magnitude
        } else {
            magnitude
        })
    }

    /// A fixed value; tag 5 has been read.
    fn fixed(&mut self, start: usize) -> Result<Fixed, CborError> {
        let form = CborError {
            kind: CborErrorKind::NumberForm,
            offset: start,
        };
        let pair = [self.next_byte()?, self.next_byte()?, self.next_byte()?];
        // A list of two whose first is −32.
        if pair != [0x82, 0x38, 0x1F] {
            return Err(form);
        }
        let mantissa_start = self.input.position();
        let steps = match self.peek()? >> 5 {
            major::UNSIGNED | major::NEGATIVE => self.integer()?,
            major::TAG => match self.tagged_integer(mantissa_start)? {
                Some(steps) => steps,
                None => return Err(form),
            },
            _ => return Err(form),
        };
        let fixed = Fixed::from_steps(steps);
        if fixed.is_integer() {
            Err(form)
        } else {
            Ok(fixed)
        }
    }

    fn tagged_integer(&mut self, start: usize) -> Result<Option<i128>, CborError> {
        let tag = self
            .input
            .tag()
            .map_err(|error| failed(&error, start))?
            .as_u64();
        self.check_head(start, tag, 0)?;
        match tag {
            TAG_POSITIVE_BIGNUM | TAG_NEGATIVE_BIGNUM => self.bignum(start, tag).map(Some),
            _ => Ok(None),
        }
    }

    fn peek(&self) -> Result<u8, CborError> {
        let position = self.input.position();
        self.input
            .input()
            .get(position)
            .copied()
            .ok_or_else(|| self.error(CborErrorKind::UnexpectedEnd))
    }

    fn next_byte(&mut self) -> Result<u8, CborError> {
        let byte = self.peek()?;
        self.input.set_position(self.input.position() + 1);
        Ok(byte)
    }

    /// Whether the head that was read from `start` on, with `content_size` bytes behind it, is the shortest one.
    fn check_head(
        &self,
        start: usize,
        argument: u64,
        content_size: usize,
    ) -> Result<(), CborError> {
        let size = self.input.position() - start - content_size;
        if size == head_size(argument) {
            Ok(())
        } else {
            Err(CborError {
                kind: CborErrorKind::NotShortest,
                offset: start,
            })
        }
    }

    fn error(&self, kind: CborErrorKind) -> CborError {
        CborError {
            kind,
            offset: self.input.position(),
        }
    }
}

/// Size in bytes of the shortest head with this argument.
const fn head_size(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xFF => 2,
        0x100..=0xFFFF => 3,
        0x1_0000..=0xFFFF_FFFF => 5,
        _ => 9,
    }
}

fn failed(error: &minicbor::decode::Error, offset: usize) -> CborError {
    let kind = if error.is_end_of_input() {
        CborErrorKind::UnexpectedEnd
    } else {
        CborErrorKind::Unsupported
    };
    CborError { kind, offset }
}

/// For strings, what is neither the end nor the wrong type is wrong UTF-8.
fn failed_text(error: &minicbor::decode::Error, offset: usize) -> CborError {
    if error.is_end_of_input() || error.is_type_mismatch() {
        return failed(error, offset);
    }
    CborError {
        kind: CborErrorKind::InvalidUtf8,
        offset,
    }
}
