//! `%.nf` of ordinary numbers in integers, exactly.
//!
//! A float is a whole number over a power of two. Where that, times a power of ten, fits into 128 bits, its decimals
//! are a shift away. Whatever does not fit is left to the standard library, which gives the same digits, only later.
//!
//! INVARIANT: what is written is what `format!("{magnitude:.precision$}")` gives.
//! Tests: `src/library/format/decimal/tests.rs`.

#[cfg(test)]
mod tests;

use crate::machine::meaning::push_integer;
use alloc::vec::Vec;

/// Digits behind the point; ten to this power times a mantissa stays far below 128 bits.
const PRECISION_MAX: usize = 15;
/// Bits of a mantissa below its leading one.
const MANTISSA_BITS: u32 = 52;

/// Appends a finite magnitude rounded to so many decimals, ties to even; writes nothing and says false where it is not of
/// the ordinary kind.
pub(super) fn push_decimals(magnitude: f64, precision: usize, text: &mut Vec<u8>) -> bool {
    let Some((whole, fraction)) = parts(magnitude, precision) else {
        return false;
    };
    push_integer(whole, text);
    if precision > 0 {
        let end = text.len() + 1 + precision;
        text.push(b'.');
        text.resize(end, b'0');
        let (mut rest, mut place) = (fraction, end);
        while rest > 0 {
            place -= 1;
            text[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }
    true
}

/// The whole part, and the decimals as an integer.
fn parts(magnitude: f64, precision: usize) -> Option<(i64, u64)> {
    if precision > PRECISION_MAX {
        return None;
    }
    let bits = magnitude.to_bits();
    let exponent = (bits >> MANTISSA_BITS) as u32;
    // From 2^-73 to 2^53: below that the shift leaves 128 bits, beyond it there are no decimals.
    if magnitude != 0.0 && !(950..1076).contains(&exponent) {
        return None;
    }
    if magnitude == 0.0 {
        return Some((0, 0));
    }
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1) | 1 << MANTISSA_BITS;
    let shift = 1075 - exponent;
    let ten_power = 10u64.pow(precision as u32);
    let scaled = u128::from(mantissa) * u128::from(ten_power);
    let mut steps = u64::try_from(scaled >> shift).ok()?;
    if shift > 0 {
        let (rest, half) = (scaled & ((1 << shift) - 1), 1u128 << (shift - 1));
        steps += u64::from(rest > half || rest == half && steps & 1 == 1);
    }
    let whole = i64::try_from(steps / ten_power).ok()?;
    Some((whole, steps % ten_power))
}
