//! Canonical JSON to values in one pass: what `scan` checks and what `decode` builds, for those who want both.
//!
//! Refusals are offsets alone, as `scan`'s are; why, is `explain`'s work.
//!
//! INVARIANT: a document is built exactly when `scan::document` accepts it, and refused at the same offset.
//! Tests: `tests/it/json.rs` compares the two on every input.

use super::{DEPTH_MAX, scan};
use crate::text::Text;
use crate::value::{Map, Value};
use alloc::string::String;
use alloc::vec::Vec;
use gatos_numbers::Number;

/// Most digits of an integer that is read without `Number`'s help: any so long fits 64 bits.
const DIGITS_SIMPLE_MAX: usize = 18;

/// Builds a whole document; the error is the offset where it stops being canonical.
pub(super) fn document(bytes: &[u8]) -> Result<Value, usize> {
    // Without the text there is no value; where it stops being canonical is the scan's to say.
    let Ok(text) = core::str::from_utf8(bytes) else {
        return Err(scan::document(bytes, &mut scan::Ignore).err().unwrap_or(0));
    };
    let mut builder = Builder { text, offset: 0 };
    let value = builder.value(0)?;
    if builder.offset < bytes.len() {
        return Err(builder.offset);
    }
    Ok(value)
}

/// Stands before the next thing to read.
pub(crate) struct Builder<'a> {
    pub(crate) text: &'a str,
    pub(crate) offset: usize,
}

impl<'a> Builder<'a> {
    /// The next byte; NUL, which canonical JSON never holds, at the end.
    pub(crate) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.offset).copied().unwrap_or(0)
    }

    /// Takes the text if it comes next.
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let rest = self.text.as_bytes().get(self.offset..);
        let found = rest.is_some_and(|rest| rest.starts_with(text.as_bytes()));
        self.offset += if found { text.len() } else { 0 };
        found
    }

    /// Any value with `depth` lists and maps around it.
    pub(crate) fn value(&mut self, depth: usize) -> Result<Value, usize> {
        match self.peek() {
            b'{' => self.map(depth).map(Value::Map),
            b'[' => self.list(depth).map(Value::List),
            b'"' => self.string().map(Value::Text),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => Err(self.offset),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, usize> {
        if self.take(word) {
            Ok(value)
        } else {
            Err(self.offset)
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, usize> {
        let mut list = Vec::new();
        if self.open(depth, b']')? {
            return Ok(list);
        }
        loop {
            list.push(self.value(depth + 1)?);
            if !self.goes_on(b']')? {
                return Ok(list);
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Map, usize> {
        let mut entries: Vec<(Text, Value)> = Vec::new();
        if self.open(depth, b'}')? {
            return Ok(Map::new());
        }
        loop {
            let key_start = self.offset;
            let key = self.string()?;
            if self.peek() != b':' {
                return Err(self.offset);
            }
            self.offset += 1;
            if entries.last().is_some_and(|(last, _)| *last >= key) {
                return Err(key_start);
            }
            let value = self.value(depth + 1)?;
            entries.push((key, value));
            if !self.goes_on(b'}')? {
                return Ok(Map::from_sorted(entries));
            }
        }
    }

    /// Takes the opening bracket, and the closing one if it follows; whether it did.
    fn open(&mut self, depth: usize, close: u8) -> Result<bool, usize> {
        if depth == DEPTH_MAX {
            return Err(self.offset);
        }
        self.offset += 1;
        let closes = self.peek() == close;
        self.offset += usize::from(closes);
        Ok(closes)
    }

    /// Takes `,` (true) or the closing bracket (false).
    fn goes_on(&mut self, close: u8) -> Result<bool, usize> {
        let byte = self.peek();
        if byte != b',' && byte != close {
            return Err(self.offset);
        }
        self.offset += 1;
        Ok(byte == b',')
    }

    /// A string, quotes included.
    pub(crate) fn string(&mut self) -> Result<Text, usize> {
        if self.peek() != b'"' {
            return Err(self.offset);
        }
        if let Some(text) = self.plain_string() {
            return Ok(Text::from_checked(String::from(text)));
        }
        let start = self.offset + 1;
        let behind = scan::string(self.text.as_bytes(), start)?;
        let raw = self.text.get(start..behind - 1).ok_or(start)?;
        self.offset = behind;
        if !raw.as_bytes().contains(&b'\\') {
            return Ok(Text::from_checked(String::from(raw)));
        }
        let bytes: Vec<u8> = scan::unescaped(raw.as_bytes()).collect();
        // Escapes stand for ASCII, so what they are put between stays UTF-8.
        String::from_utf8(bytes)
            .map(Text::from_checked)
            .map_err(|_| start)
    }

    /// What the string that starts here holds, if it is ASCII without escapes; else nothing is taken.
    pub(crate) fn plain_string(&mut self) -> Option<&'a str> {
        let start = self.offset + 1;
        let end = scan::plain_end(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        self.offset = end + 1;
        self.text.get(start..end)
    }

    fn number(&mut self) -> Result<Value, usize> {
        let bytes = self.text.as_bytes();
        if let Some((integer, end)) = simple_integer(bytes, self.offset) {
            self.offset = end;
            return Ok(Value::Integer(integer));
        }
        let start = self.offset;
        let end = scan::number(bytes, start)?;
        let number = Number::parse_bytes(&bytes[start..end]).map_err(|_| start)?;
        self.offset = end;
        Ok(Value::number(number))
    }
}

/// A canonical integer of a few digits without a sign, and the offset behind it.
fn simple_integer(bytes: &[u8], start: usize) -> Option<(i128, usize)> {
    let mut value = 0u64;
    let mut end = start;
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        if end - start == DIGITS_SIMPLE_MAX {
            return None;
        }
        value = value * 10 + u64::from(digit - b'0');
        end += 1;
    }
    let is_more = matches!(bytes.get(end), Some(b'.' | b'-'));
    let is_canonical = end > start && (bytes[start] != b'0' || end == start + 1);
    (is_canonical && !is_more).then_some((i128::from(value), end))
}
