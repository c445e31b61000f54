//! Lua's text of a float: C's `%.14g`, and the decimal digits that both printers need.
//!
//! `%.14g` has 14 significant digits of the exact value, rounded to nearest, ties to even, without trailing zeros;
//! plain notation where the decimal exponent lies in −4 … 13, else `e` with a sign and at least two digits.
//! Judge: C's `snprintf`, `cargo xtask judge-binary64`. Tests: `tests/it/binary64/general.rs`.

use super::text::Binary64Text;
use core::fmt::Write as _;

/// Significant digits of Lua's text.
const PRECISION: i32 = 14;

/// What Lua's `tostring` gives for a float: [`general_14`], and `.0` after what would look like an integer.
#[must_use]
pub fn lua_text(value: f64) -> Binary64Text {
    let mut text = general_14(value);
    let looks_like_an_integer = text
        .as_bytes()
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'-');
    if looks_like_an_integer {
        text.push(b".0");
    }
    text
}

/// The text that C's `printf("%.14g")` gives: such as `0.1`, `-0`, `1e+15`, `3.1415926535898`, `inf`.
///
/// A NaN is `nan`; C prints its sign on some machines, and ours has none.
#[must_use]
pub fn general_14(value: f64) -> Binary64Text {
    let mut text = Binary64Text::opening(value);
    if !value.is_finite() {
        return text;
    }
    let digits = Digits::rounded_14(value);
    let bytes = digits.as_bytes();
    if digits.exponent < -4 || digits.exponent >= PRECISION {
        push_scientific(&mut text, &digits);
    } else if digits.exponent < 0 {
        text.push(b"0.");
        text.push_zeros(digits.exponent.unsigned_abs() as usize - 1);
        text.push(bytes);
    } else {
        let whole_size = digits.exponent.unsigned_abs() as usize + 1;
        let split = whole_size.min(bytes.len());
        text.push(&bytes[..split]);
        text.push_zeros(whole_size - split);
        if split < bytes.len() {
            text.push(b".");
            text.push(&bytes[split..]);
        }
    }
    text
}

fn push_scientific(text: &mut Binary64Text, digits: &Digits) {
    let (first, rest) = digits.as_bytes().split_at(1);
    text.push(first);
    if !rest.is_empty() {
        text.push(b".");
        text.push(rest);
    }
    text.push(if digits.exponent < 0 { b"e-" } else { b"e+" });
    text.push_decimal(digits.exponent.unsigned_abs(), 2);
}

/// Significant decimal digits without trailing zeros: d.ddd · 10^exponent. Zero is one digit `0`, exponent 0.
pub(super) struct Digits {
    buffer: [u8; 20],
    count: usize,
    pub(super) exponent: i32,
}

impl Digits {
    /// The shortest digits that read back to the finite value.
    pub(super) fn shortest(value: f64) -> Digits {
        let mut scientific = Binary64Text::empty();
        // `{:e}` of a finite float has at most 17 digits, a point and `e-324`: it always fits.
        let _ = write!(scientific, "{:e}", value.abs());
        Digits::of_scientific(scientific.as_bytes())
    }

    /// Fourteen digits of the exact finite value, rounded to nearest even.
    fn rounded_14(value: f64) -> Digits {
        let mut scientific = Binary64Text::empty();
        let _ = write!(scientific, "{:.13e}", value.abs());
        Digits::of_scientific(scientific.as_bytes())
    }

    /// Takes `d.ddde-x` apart.
    fn of_scientific(text: &[u8]) -> Digits {
        let mut digits = Digits {
            buffer: [b'0'; 20],
            count: 0,
            exponent: 0,
        };
        let mut parts = text.split(|byte| *byte == b'e');
        let mantissa = parts.next().unwrap_or_default();
        for byte in mantissa.iter().filter(|byte| **byte != b'.') {
            if digits.count < digits.buffer.len() {
                digits.buffer[digits.count] = *byte;
                digits.count += 1;
            }
        }
        while digits.count > 1 && digits.buffer[digits.count - 1] == b'0' {
            digits.count -= 1;
        }
        let exponent = parts.next().unwrap_or_default();
        let magnitude = exponent
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .fold(0i32, |value, digit| value * 10 + i32::from(digit - b'0'));
        digits.exponent = if exponent.first() == Some(&b'-') {
            -magnitude
        } else {
            magnitude
        };
        digits
    }

    /// At least one digit.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.buffer[..self.count]
    }
}
