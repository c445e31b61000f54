//! Decimal text of numbers: reading with exact rounding, printing the shortest text that reads back.
//!
//! Grammar: `-?(0|[1-9][0-9]*)(\.[0-9]+)?`, any number of digits. Canonical text is the shortest decimal
//! that reads back to the value; of those the nearest; of two equally near, the even last digit.
//!
//! INVARIANT: only the fraction's 32 bits decide the fraction digits, because the decimals that round to a
//! value with a non-zero fraction all share its integer part. Slow twin: `tests/it/slow.rs`.

use crate::{FRACTION_BITS, Fixed, Number, NumberError};
use core::fmt;

/// The longest canonical text: `-`, 39 integer digits; a fixed has `-`, 29 digits, `.`, 10 digits.
pub const TEXT_SIZE_MAX: usize = 41;

/// More fraction digits than this only say whether the rest is zero: a rounding boundary is a
/// multiple of 2^−33 and so has at most 33 fraction digits.
const DIGITS_DECIDING: usize = 33;

/// Canonical text in a small buffer, so that printing allocates nothing.
#[derive(Clone, Copy)]
pub struct NumberText {
    buffer: [u8; TEXT_SIZE_MAX],
    start: usize,
}

impl NumberText {
    /// The text of an integer.
    #[must_use]
    pub fn of_integer(integer: i128) -> NumberText {
        let mut text = NumberText::empty();
        text.prepend_whole(integer.unsigned_abs(), integer < 0);
        text
    }

    /// The text of a fixed value.
    #[must_use]
    pub fn of_fixed(fixed: Fixed) -> NumberText {
        if fixed.is_integer() {
            return NumberText::of_integer(fixed.floor());
        }
        let steps = fixed.steps().unsigned_abs();
        let mut text = NumberText::empty();
        let (mut digits, count) = shortest_fraction(fraction_of(steps));
        for _ in 0..count {
            text.prepend(decimal_digit(digits % 10));
            digits /= 10;
        }
        text.prepend(b'.');
        text.prepend_whole(steps >> FRACTION_BITS, fixed.steps() < 0);
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
        &self.buffer[self.start..]
    }

    const fn empty() -> NumberText {
        NumberText {
            buffer: [0; TEXT_SIZE_MAX],
            start: TEXT_SIZE_MAX,
        }
    }

    fn prepend(&mut self, byte: u8) {
        self.start -= 1;
        self.buffer[self.start] = byte;
    }

    fn prepend_whole(&mut self, mut magnitude: u128, negative: bool) {
        // 128-bit division is slow; most numbers fit 64 bits.
        while magnitude > u128::from(u64::MAX) {
            self.prepend(decimal_digit((magnitude % 10) as u64));
            magnitude /= 10;
        }
        let mut rest = magnitude as u64;
        loop {
            self.prepend(decimal_digit(rest % 10));
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if negative {
            self.prepend(b'-');
        }
    }
}

impl fmt::Display for NumberText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Debug for NumberText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

fn decimal_digit(digit: u64) -> u8 {
    b'0' + digit as u8
}

fn fraction_of(steps: u128) -> u32 {
    steps as u32
}

/// The fraction digits (as a number and their count) for a fraction of `fraction`/2^32, which is not zero.
fn shortest_fraction(fraction: u32) -> (u64, u32) {
    let mut power: u64 = 1;
    for count in 1..=10 {
        power *= 10;
        let scaled = u128::from(fraction) * u128::from(power);
        let digits = divide_by_step_to_even(scaled);
        if reads_back(digits, power, fraction) {
            return (digits, count);
        }
    }
    // Ten digits are finer than half a step (10^10 > 2^33), so the loop has returned.
    unreachable!("ten fraction digits always read back")
}

fn divide_by_step_to_even(scaled: u128) -> u64 {
    let floor = (scaled >> FRACTION_BITS) as u64;
    let remainder = scaled as u32;
    let half = 1u32 << 31;
    if remainder > half || (remainder == half && floor & 1 == 1) {
        floor + 1
    } else {
        floor
    }
}

/// Whether `digits`/`power` rounds to `fraction`: |digits/power − fraction/2^32| < ½ step, or = with an even fraction.
fn reads_back(digits: u64, power: u64, fraction: u32) -> bool {
    let decimal = u128::from(digits) << (FRACTION_BITS + 1);
    let exact = 2 * u128::from(fraction) * u128::from(power);
    let twice_distance = decimal.abs_diff(exact);
    let limit = u128::from(power);
    twice_distance < limit || (twice_distance == limit && fraction & 1 == 0)
}

/// The parts of a well-formed number.
struct Parts<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: Option<&'a [u8]>,
}

pub(crate) fn parse(text: &[u8]) -> Result<Number, NumberError> {
    let parts = split(text)?;
    let whole = parse_whole(parts.whole).ok_or(NumberError::Range)?;
    let (carry, steps) = parts.fraction.map_or((false, 0), round_fraction);
    let whole = whole
        .checked_add(u128::from(carry))
        .ok_or(NumberError::Range)?;
    if steps == 0 {
        return signed(whole, parts.negative)
            .map(Number::Integer)
            .ok_or(NumberError::Range);
    }
    let magnitude = whole
        .checked_mul(1 << FRACTION_BITS)
        .ok_or(NumberError::Range)?
        | u128::from(steps);
    signed(magnitude, parts.negative)
        .map(|steps| Number::Fixed(Fixed::from_steps(steps)))
        .ok_or(NumberError::Range)
}

pub(crate) fn is_canonical(text: &[u8]) -> bool {
    let Ok(parts) = split(text) else { return false };
    if parts.fraction.is_none() {
        let minus_zero = parts.negative && parts.whole == b"0";
        // 10^38 < 2^127: shorter integers are always in range.
        return !minus_zero && (parts.whole.len() <= 38 || parse(text).is_ok());
    }
    // The printer is the definition.
    text.len() <= TEXT_SIZE_MAX
        && parse(text).is_ok_and(|number| number.to_text().as_bytes() == text)
}

fn split(text: &[u8]) -> Result<Parts<'_>, NumberError> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let whole_end = digits_end(text, start);
    if whole_end == start {
        return Err(NumberError::Syntax { offset: start });
    }
    if text[start] == b'0' && whole_end > start + 1 {
        return Err(NumberError::Syntax { offset: start + 1 });
    }
    let whole = &text[start..whole_end];
    if whole_end == text.len() {
        return Ok(Parts {
            negative,
            whole,
            fraction: None,
        });
    }
    if text[whole_end] != b'.' {
        return Err(NumberError::Syntax { offset: whole_end });
    }
    let fraction_end = digits_end(text, whole_end + 1);
    if fraction_end == whole_end + 1 || fraction_end != text.len() {
        return Err(NumberError::Syntax {
            offset: fraction_end,
        });
    }
    Ok(Parts {
        negative,
        whole,
        fraction: Some(&text[whole_end + 1..]),
    })
}

fn digits_end(text: &[u8], start: usize) -> usize {
    let digits = text[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    start + digits
}

fn parse_whole(digits: &[u8]) -> Option<u128> {
    if digits.len() <= 19 {
        // 10^19 < 2^64.
        let value = digits
            .iter()
            .fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        return Some(u128::from(value));
    }
    digits.iter().try_fold(0u128, |value, digit| {
        value.checked_mul(10)?.checked_add(u128::from(digit - b'0'))
    })
}

fn signed(magnitude: u128, negative: bool) -> Option<i128> {
    if negative {
        0i128.checked_sub_unsigned(magnitude)
    } else {
        i128::try_from(magnitude).ok()
    }
}

/// Rounds `0.digits` to steps, ties to even: (whether it reached 1, steps).
fn round_fraction(digits: &[u8]) -> (bool, u32) {
    let deciding = &digits[..digits.len().min(DIGITS_DECIDING)];
    let beyond = digits[deciding.len()..].iter().any(|digit| *digit != b'0');
    let (halves, rest) = if deciding.len() <= 9 {
        half_steps_short(deciding)
    } else {
        half_steps(deciding)
    };
    let is_inexact = rest || beyond;
    let steps = halves >> 1;
    let round_up = halves & 1 == 1 && (is_inexact || steps & 1 == 1);
    let steps = steps + u64::from(round_up);
    (steps >> FRACTION_BITS == 1, steps as u32)
}

/// `0.digits` in half steps, rounded down, and whether something was left over.
fn half_steps(digits: &[u8]) -> (u64, bool) {
    let (mut value, mut power) = (0u128, 1u128);
    for digit in digits {
        value = value * 10 + u128::from(digit - b'0');
        power *= 10;
    }
    // floor(value / power · 2^33), bit by bit so that nothing exceeds 128 bits.
    let mut halves = 0u64;
    for _ in 0..=FRACTION_BITS {
        value *= 2;
        halves *= 2;
        if value >= power {
            value -= power;
            halves += 1;
        }
    }
    (halves, value != 0)
}

/// The same for at most nine digits: 10^9 · 2^33 < 2^63.
fn half_steps_short(digits: &[u8]) -> (u64, bool) {
    let (mut value, mut power) = (0u64, 1u64);
    for digit in digits {
        value = value * 10 + u64::from(digit - b'0');
        power *= 10;
    }
    value <<= FRACTION_BITS + 1;
    (value / power, !value.is_multiple_of(power))
}
