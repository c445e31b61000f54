//! Reading any well-formed JSON text of the value model.
//!
//! Recursive, one level of nesting per call, at most [`DEPTH_MAX`] levels. Errors carry the offset of the first
//! thing that is wrong, in document order; a duplicate key is found when its map ends.

use super::scan::{foreign_end, plain_end};
use super::{DEPTH_MAX, JsonError, JsonErrorKind};
use crate::text::Text;
use crate::value::Map;
use crate::{Number, NumberError, Value};
use alloc::string::String;
use alloc::vec::Vec;

pub(super) fn document(bytes: &[u8]) -> Result<Value, JsonError> {
    let mut decoder = Decoder {
        bytes,
        offset: 0,
        key_offsets: Vec::new(),
    };
    let value = decoder.value(0)?;
    decoder.skip_space();
    if decoder.offset < bytes.len() {
        return Err(decoder.error(JsonErrorKind::TrailingInput));
    }
    Ok(value)
}

struct Decoder<'a> {
    bytes: &'a [u8],
    offset: usize,
    /// Offsets of the keys of all open maps, the innermost last: one allocation for the whole document.
    key_offsets: Vec<usize>,
}

impl Decoder<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.text().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true", Value::Bool(true)),
            Some(b'f') => self.literal(b"false", Value::Bool(false)),
            Some(b'n') => self.literal(b"null", Value::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.open(depth)?;
        let mut list = Vec::new();
        if self.closes(b']') {
            return Ok(Value::List(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            if !self.goes_on(b']')? {
                return Ok(Value::List(list));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, JsonError> {
        self.open(depth)?;
        let keys_start = self.key_offsets.len();
        let mut entries: Vec<(Text, Value)> = Vec::new();
        let mut is_sorted = true;
        if self.closes(b'}') {
            return Ok(Value::Map(Map::new()));
        }
        loop {
            self.skip_space();
            self.key_offsets.push(self.offset);
            let key = self.text()?;
            is_sorted &= entries.last().is_none_or(|(last, _)| *last < key);
            self.skip_space();
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            entries.push((key, value));
            if !self.goes_on(b'}')? {
                break;
            }
        }
        if !is_sorted {
            entries = self.sort(entries, keys_start)?;
        }
        self.key_offsets.truncate(keys_start);
        Ok(Value::Map(Map::from_sorted(entries)))
    }

    /// Sorts the entries of a map, or names the first key that repeats an earlier one.
    fn sort(
        &self,
        entries: Vec<(Text, Value)>,
        keys_start: usize,
    ) -> Result<Vec<(Text, Value)>, JsonError> {
        let offsets = &self.key_offsets[keys_start..];
        let mut order: Vec<((Text, Value), usize)> =
            entries.into_iter().zip(offsets.iter().copied()).collect();
        order.sort_by(|((left, _), _), ((right, _), _)| left.cmp(right));
        // The sort is stable: of two equal keys the later one comes second.
        let repeated = order
            .windows(2)
            .filter(|pair| pair[0].0.0 == pair[1].0.0)
            .map(|pair| &pair[1]);
        if let Some(((key, _), offset)) = repeated.min_by_key(|(_, offset)| *offset) {
            return Err(JsonError {
                kind: JsonErrorKind::DuplicateKey(key.clone()),
                offset: *offset,
            });
        }
        Ok(order.into_iter().map(|(entry, _)| entry).collect())
    }

    fn text(&mut self) -> Result<Text, JsonError> {
        self.expect(b'"')?;
        let content = self.offset;
        let mut end = content;
        loop {
            end = plain_end(self.bytes, end);
            match self.bytes.get(end) {
                Some(byte) if *byte >= 0x80 => end = foreign_end(self.bytes, end),
                _ => break,
            }
        }
        if self.bytes.get(end) == Some(&b'"') {
            let text = str_at(self.bytes, content, end)?;
            self.offset = end + 1;
            return Ok(Text::normalise(text));
        }
        self.escaped(end).map(Text::normalise_string)
    }

    /// A string with at least one escape, or a broken one; everything before `plain` is plain.
    fn escaped(&mut self, plain: usize) -> Result<String, JsonError> {
        let mut text = String::from(str_at(self.bytes, self.offset, plain)?);
        self.offset = plain;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.offset += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(byte) if byte < 0x20 => {
                    return Err(self.error(JsonErrorKind::ControlCharacter(byte)));
                }
                Some(_) => {
                    let start = self.offset;
                    while self
                        .peek()
                        .is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
                    {
                        self.offset += 1;
                    }
                    text.push_str(str_at(self.bytes, start, self.offset)?);
                }
                None => return Err(self.unexpected()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.offset;
        let Some(letter) = self.bytes.get(start + 1) else {
            self.offset = self.bytes.len();
            return Err(self.unexpected());
        };
        self.offset = start + 2;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(start),
            _ => {
                return Err(JsonError {
                    kind: JsonErrorKind::InvalidEscape,
                    offset: start,
                });
            }
        })
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, JsonError> {
        let lone = JsonError {
            kind: JsonErrorKind::LoneSurrogate,
            offset: start,
        };
        let first = self.hex_quad()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first).ok_or(lone);
        }
        if self.bytes.get(self.offset..self.offset + 2) != Some(b"\\u") {
            return Err(lone);
        }
        self.offset += 2;
        let second = self.hex_quad()?;
        if !(0xDC00..0xE000).contains(&second) {
            return Err(lone);
        }
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)).ok_or(lone)
    }

    fn hex_quad(&mut self) -> Result<u32, JsonError> {
        let mut value = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return Err(match self.peek() {
                    None => self.unexpected(),
                    Some(_) => self.error(JsonErrorKind::InvalidEscape),
                });
            };
            value = value * 16 + digit;
            self.offset += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.offset;
        let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'.');
        let size = self.bytes[start..]
            .iter()
            .take_while(|byte| is_number(byte))
            .count();
        let parsed = Number::parse_bytes(&self.bytes[start..start + size]);
        if let Err(NumberError::Syntax { offset }) = parsed {
            self.offset = start + offset;
            return Err(self.unexpected());
        }
        self.offset = start + size;
        if matches!(self.peek(), Some(b'e' | b'E')) {
            return Err(self.error(JsonErrorKind::Exponent));
        }
        parsed.map(Value::number).map_err(|_| JsonError {
            kind: JsonErrorKind::NumberRange,
            offset: start,
        })
    }

    fn literal(&mut self, word: &[u8], value: Value) -> Result<Value, JsonError> {
        for byte in word {
            self.expect(*byte)?;
        }
        Ok(value)
    }

    /// Takes the opening bracket.
    fn open(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth >= DEPTH_MAX {
            return Err(self.error(JsonErrorKind::TooDeep));
        }
        self.offset += 1;
        Ok(())
    }

    /// Takes the closing bracket of an empty list or map.
    fn closes(&mut self, close: u8) -> bool {
        self.skip_space();
        let closes = self.peek() == Some(close);
        self.offset += usize::from(closes);
        closes
    }

    /// Takes `,` (true) or the closing bracket (false).
    fn goes_on(&mut self, close: u8) -> Result<bool, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.offset += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.offset += 1;
                Ok(false)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.unexpected());
        }
        self.offset += 1;
        Ok(())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.offset += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.offset).copied()
    }

    fn unexpected(&self) -> JsonError {
        self.error(
            self.peek()
                .map_or(JsonErrorKind::UnexpectedEnd, JsonErrorKind::UnexpectedByte),
        )
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError {
            kind,
            offset: self.offset,
        }
    }
}

fn str_at(bytes: &[u8], start: usize, end: usize) -> Result<&str, JsonError> {
    core::str::from_utf8(&bytes[start..end]).map_err(|error| JsonError {
        kind: JsonErrorKind::InvalidUtf8,
        offset: start + error.valid_up_to(),
    })
}
