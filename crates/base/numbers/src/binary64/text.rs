//! Decimal text of binary64: the shortest that reads back, and correctly rounded reading.
//!
//! Spelling (docs/formats/binary64.md): shortest digits, of those the nearest; plain notation for
//! 10^−5 ≤ |x| < 10^16, else one digit, its fraction and `e`. A float always shows `.`, `e`, `inf` or `nan`, so it
//! is never taken for an integer. The digits come from `core`, which prints shortest digits; the layout is ours.
//!
//! INVARIANT: `parse(shortest(x))` is x to the bit, canonical NaN and −0.0 included.
//! Vectors: `vectors/numbers/binary64.tsv`. Tests: `tests/it/binary64/text.rs`. Fuzz: `binary64_text`.

use super::bits::CANONICAL_NAN;
use super::general::Digits;
use crate::NumberError;
use core::fmt;

/// The longest text that this module makes.
const TEXT_SIZE: usize = 32;

/// Text of a float in a small buffer, so that printing allocates nothing.
#[derive(Clone, Copy)]
pub struct Binary64Text {
    buffer: [u8; TEXT_SIZE],
    size: usize,
}

impl Binary64Text {
    pub(super) const fn empty() -> Binary64Text {
        Binary64Text {
            buffer: [0; TEXT_SIZE],
            size: 0,
        }
    }

    /// Appends; what does not fit is dropped, and no caller has text that long.
    pub(super) fn push(&mut self, text: &[u8]) {
        let end = (self.size + text.len()).min(TEXT_SIZE);
        for (place, byte) in self.buffer[self.size..end].iter_mut().zip(text) {
            *place = *byte;
        }
        self.size = end;
    }

    pub(super) fn push_zeros(&mut self, count: usize) {
        for _ in 0..count {
            self.push(b"0");
        }
    }

    /// Appends an integer in decimal, with at least `digits_min` digits.
    pub(super) fn push_decimal(&mut self, mut value: u32, digits_min: usize) {
        let mut digits = [b'0'; 10];
        let mut start = digits.len();
        while value > 0 || digits.len() - start < digits_min {
            start -= 1;
            digits[start] = b'0' + (value % 10) as u8;
            value /= 10;
        }
        self.push(&digits[start..]);
    }

    /// The sign of a number that has one; all of the text where it is not finite.
    pub(super) fn opening(value: f64) -> Binary64Text {
        let mut text = Binary64Text::empty();
        if value.is_sign_negative() && !value.is_nan() {
            text.push(b"-");
        }
        if value.is_nan() {
            text.push(b"nan");
        } else if value.is_infinite() {
            text.push(b"inf");
        }
        text
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text as bytes; always ASCII.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.buffer[..self.size]
    }
}

impl fmt::Write for Binary64Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.size + text.len() > TEXT_SIZE {
            return Err(fmt::Error);
        }
        self.push(text.as_bytes());
        Ok(())
    }
}

impl fmt::Display for Binary64Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Debug for Binary64Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The canonical text: shortest round-trip digits, such as `0.1`, `-0.0`, `1e16`, `5e-324`, `-inf`, `nan`.
#[must_use]
pub fn shortest(value: f64) -> Binary64Text {
    let mut text = Binary64Text::opening(value);
    if !value.is_finite() {
        return text;
    }
    if push_whole(&mut text, value.abs()) {
        return text;
    }
    let digits = Digits::shortest(value);
    match digits.exponent {
        -5..=-1 => push_below_one(&mut text, &digits),
        0..=15 => push_plain(&mut text, &digits),
        _ => push_scientific(&mut text, &digits),
    }
    text
}

/// Whole numbers below 2^53 have no neighbour within one half, so their own digits are the shortest; whether it was one.
fn push_whole(text: &mut Binary64Text, magnitude: f64) -> bool {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    let whole = magnitude as u64;
    let is_whole = magnitude < LIMIT && whole as f64 == magnitude;
    if is_whole {
        let (high, low) = (whole / 1_000_000_000, whole % 1_000_000_000);
        if high > 0 {
            text.push_decimal(high as u32, 1);
        }
        text.push_decimal(low as u32, if high > 0 { 9 } else { 1 });
        text.push(b".0");
    }
    is_whole
}

fn push_below_one(text: &mut Binary64Text, digits: &Digits) {
    text.push(b"0.");
    text.push_zeros(digits.exponent.unsigned_abs() as usize - 1);
    text.push(digits.as_bytes());
}

fn push_plain(text: &mut Binary64Text, digits: &Digits) {
    let whole_size = digits.exponent.unsigned_abs() as usize + 1;
    let bytes = digits.as_bytes();
    let split = whole_size.min(bytes.len());
    text.push(&bytes[..split]);
    text.push_zeros(whole_size - split);
    text.push(b".");
    text.push(if split < bytes.len() {
        &bytes[split..]
    } else {
        b"0"
    });
}

fn push_scientific(text: &mut Binary64Text, digits: &Digits) {
    let (first, rest) = digits.as_bytes().split_at(1);
    text.push(first);
    if !rest.is_empty() {
        text.push(b".");
        text.push(rest);
    }
    text.push(if digits.exponent < 0 { b"e-" } else { b"e" });
    text.push_decimal(digits.exponent.unsigned_abs(), 1);
}

/// Reads `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`, `inf`, `-inf` or `nan`, of any length.
///
/// The result is the exact decimal rounded once, to nearest, ties to even: too large gives an infinity, too small a
/// zero with the sign of the text, as IEEE 754 says.
///
/// # Errors
/// [`NumberError::Syntax`] with the offset of the first byte that does not fit the grammar.
pub fn parse(text: &str) -> Result<f64, NumberError> {
    match text {
        "nan" => return Ok(CANONICAL_NAN),
        "inf" => return Ok(f64::INFINITY),
        "-inf" => return Ok(f64::NEG_INFINITY),
        _ => {}
    }
    scan(text.as_bytes(), Grammar::Strict)?;
    read(text)
}

/// Reads a decimal number as Lua writes it: as [`parse`], and also `5.`, `.5` and leading zeros; no `inf`, no `nan`.
///
/// No sign other than `-`, no white space, no hexadecimal: the caller deals with these.
///
/// # Errors
/// [`NumberError::Syntax`] with the offset of the first byte that does not fit the grammar.
pub fn parse_lua(text: &str) -> Result<f64, NumberError> {
    scan(text.as_bytes(), Grammar::Lua)?;
    read(text)
}

/// Whether the bytes are what [`shortest`] prints for some value.
#[must_use]
pub fn is_canonical_text(text: &[u8]) -> bool {
    // The printer is the definition.
    core::str::from_utf8(text)
        .is_ok_and(|text| parse(text).is_ok_and(|value| shortest(value).as_str() == text))
}

fn read(text: &str) -> Result<f64, NumberError> {
    // `core` rounds correctly for any number of digits; `scan` has accepted a subset of what it reads.
    text.parse()
        .map_err(|_| NumberError::Syntax { offset: text.len() })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grammar {
    Strict,
    Lua,
}

fn scan(text: &[u8], grammar: Grammar) -> Result<(), NumberError> {
    let start = usize::from(text.first() == Some(&b'-'));
    let whole_end = digits_end(text, start);
    let mut digits = whole_end - start;
    if grammar == Grammar::Strict {
        if digits == 0 {
            return Err(NumberError::Syntax { offset: start });
        }
        if text[start] == b'0' && digits > 1 {
            return Err(NumberError::Syntax { offset: start + 1 });
        }
    }
    let mut end = whole_end;
    if text.get(end) == Some(&b'.') {
        let fraction_end = digits_end(text, end + 1);
        let fraction_digits = fraction_end - end - 1;
        digits += fraction_digits;
        if grammar == Grammar::Strict && fraction_digits == 0 {
            return Err(NumberError::Syntax {
                offset: fraction_end,
            });
        }
        end = fraction_end;
    }
    if digits == 0 {
        return Err(NumberError::Syntax { offset: end });
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent_start = end + 1 + sign;
        end = digits_end(text, exponent_start);
        if end == exponent_start {
            return Err(NumberError::Syntax { offset: end });
        }
    }
    if end == text.len() {
        Ok(())
    } else {
        Err(NumberError::Syntax { offset: end })
    }
}

fn digits_end(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}
