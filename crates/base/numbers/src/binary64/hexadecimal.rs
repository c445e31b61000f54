//! Hexadecimal float text, C's `%a` and Lua's `0x1.8p3`: exact to read and to write.
//!
//! Reading takes `0x` digits with at most one point, one digit at least, and an optional `p` with a decimal exponent;
//! any number of digits, rounded once to nearest even. Writing gives the mantissa without trailing zeros.
//! INVARIANT: `parse_hexadecimal(hexadecimal(x))` is x for every finite x. Tests: `tests/it/binary64/hexadecimal.rs`.

use super::round::{compose, decompose};
use super::text::Binary64Text;
use crate::NumberError;

/// Exponents beyond this give zero or infinity whatever the mantissa of a text that fits memory.
const EXPONENT_LIMIT: i64 = 1 << 60;

/// C's `%a`: such as `0x1.8p+3`, `-0x0p+0`, `0x1p-1074`, `inf`, `nan`. Subnormal numbers are normalised.
#[must_use]
pub fn hexadecimal(value: f64) -> Binary64Text {
    let mut text = Binary64Text::opening(value);
    if value == 0.0 {
        text.push(b"0x0p+0");
    } else if value.is_finite() {
        push_finite(&mut text, value);
    }
    text
}

fn push_finite(text: &mut Binary64Text, value: f64) {
    let (mantissa, exponent) = decompose(value);
    text.push(b"0x1");
    let mut fraction = mantissa << 12;
    if fraction != 0 {
        text.push(b".");
    }
    while fraction != 0 {
        text.push(&[b"0123456789abcdef"[(fraction >> 60) as usize]]);
        fraction <<= 4;
    }
    let exponent = exponent + 52;
    text.push(if exponent < 0 { b"p-" } else { b"p+" });
    text.push_decimal(exponent.unsigned_abs(), 1);
}

/// Reads `-?0[xX](hex*)(\.hex*)?([pP][+-]?[0-9]+)?` with at least one hex digit, rounded once to nearest even.
///
/// Too large gives an infinity, too small a zero with the sign of the text.
///
/// # Errors
/// [`NumberError::Syntax`] with the offset of the first byte that does not fit the grammar.
pub fn parse_hexadecimal(text: &str) -> Result<f64, NumberError> {
    let text = text.as_bytes();
    let is_negative = text.first() == Some(&b'-');
    let start = usize::from(is_negative);
    if text.get(start) != Some(&b'0') {
        return Err(NumberError::Syntax { offset: start });
    }
    if !matches!(text.get(start + 1), Some(b'x' | b'X')) {
        return Err(NumberError::Syntax { offset: start + 1 });
    }
    let mut mantissa = Mantissa::default();
    let whole_end = mantissa.read(text, start + 2, false);
    let mut end = whole_end;
    let mut digits = whole_end - start - 2;
    if text.get(end) == Some(&b'.') {
        end = mantissa.read(text, whole_end + 1, true);
        digits += end - whole_end - 1;
    }
    if digits == 0 {
        return Err(NumberError::Syntax { offset: end });
    }
    let (exponent, end) = read_exponent(text, end)?;
    if end != text.len() {
        return Err(NumberError::Syntax { offset: end });
    }
    // Clamping keeps the sum inside i32 and on the same side of every limit.
    let exponent = (mantissa.exponent + exponent).clamp(-5000, 5000) as i32;
    Ok(compose(
        is_negative,
        mantissa.bits,
        exponent,
        mantissa.is_more,
    ))
}

/// The first 60 to 64 significant bits, what they are worth, and whether anything but zeros came after.
#[derive(Default)]
struct Mantissa {
    bits: u64,
    exponent: i64,
    is_more: bool,
}

impl Mantissa {
    /// Reads hex digits from `start`; gives where they end.
    fn read(&mut self, text: &[u8], start: usize, is_fraction: bool) -> usize {
        let mut end = start;
        while let Some(digit) = text.get(end).and_then(|byte| (*byte as char).to_digit(16)) {
            if self.bits >> 60 == 0 {
                self.bits = self.bits << 4 | u64::from(digit);
                self.exponent -= if is_fraction { 4 } else { 0 };
            } else {
                self.is_more |= digit != 0;
                self.exponent += if is_fraction { 0 } else { 4 };
            }
            end += 1;
        }
        end
    }
}

/// The exponent after `p`, 0 where there is none, and where it ends.
fn read_exponent(text: &[u8], start: usize) -> Result<(i64, usize), NumberError> {
    if !matches!(text.get(start), Some(b'p' | b'P')) {
        return Ok((0, start));
    }
    let sign = text.get(start + 1);
    let digits_start = start + 1 + usize::from(matches!(sign, Some(b'+' | b'-')));
    let mut end = digits_start;
    let mut value = 0i64;
    while let Some(digit) = text.get(end).filter(|byte| byte.is_ascii_digit()) {
        value = (value * 10 + i64::from(digit - b'0')).min(EXPONENT_LIMIT / 16);
        end += 1;
    }
    if end == digits_start {
        return Err(NumberError::Syntax { offset: end });
    }
    Ok((if sign == Some(&b'-') { -value } else { value }, end))
}
