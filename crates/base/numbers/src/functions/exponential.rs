//! Powers of two and e, the ground of `exp`, `sinh`, `cosh`, `tanh` and `pow`.
//!
//! 2^t with t = k + i/64 + j/4096 + s: two table values and the series of 2^s, s < 2^−12. A result may have
//! 63 bits, so this runs in 128.
//!
//! Relative error: a = s·ln 2 is off by 2^−126, the series leaves out a^7/7! < 2^−99 and has 62 good bits behind
//! a² < 2^−25, so 2^−87; tables and products 2^−124. Below 2^−86 in all.

use super::constants::{EXP2_COARSE, EXP2_FINE, LN_2_128, LOG2_E_127};
use super::multiply::{high_64, high_128};
use super::precise::Series;
use super::round::{nearest, settle};
use crate::NumberError;

/// Bits behind the point of a [`power_of_two`].
pub(super) const POINT: u32 = 94;
/// Results from e^22 on have no form.
const ARGUMENT_MAX: i64 = 22 << 32;
/// Results below e^−23 are less than half a step.
const ARGUMENT_MIN: i64 = -23 << 32;

/// 2^t for t < 33 with 120 bits behind the point; the result has [`POINT`]. The error is relative: see [`error`].
#[inline]
pub(super) fn power_of_two(exponent: i128) -> i128 {
    let whole = (exponent >> 120) as i32;
    let coarse = (exponent >> 114) as usize & 63;
    let fine = (exponent >> 108) as usize & 63;
    let rest = (exponent.cast_unsigned() << 20) >> 12;
    let table = high_128(EXP2_COARSE[coarse], EXP2_FINE[fine]) << 1;
    let mantissa = table + high_128(table, growth(rest));
    // The mantissa has 127 bits behind the point.
    match u32::try_from(33 - whole) {
        Ok(shift @ 0..=127) => (mantissa >> shift).cast_signed(),
        _ => 0,
    }
}

/// 2^s − 1 for s < 2^−12; both have 128 bits behind the point.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "halves of numbers")]
fn growth(rest: u128) -> u128 {
    let a = high_128(rest, LN_2_128);
    let narrow = (a >> 64) as u64;
    let tail = high_64(
        narrow,
        TWENTY_FOURTH + high_64(narrow, FACTORIAL_5 + high_64(narrow, FACTORIAL_6)),
    );
    let series = (1 << 63) + high_64(narrow, SIXTH + tail);
    let square = high_128(a, a);
    a + ((u128::from((square >> 39) as u64) * u128::from(series)) >> 25)
}

const SIXTH: u64 = u64::MAX / 6;
const TWENTY_FOURTH: u64 = u64::MAX / 24;
const FACTORIAL_5: u64 = u64::MAX / 120;
const FACTORIAL_6: u64 = u64::MAX / 720;

/// The error of a value of [`power_of_two`]: 2^−84 of it, and the cut.
#[inline]
pub(super) const fn error(value: i128) -> i128 {
    (value >> 84) + 2
}

/// e^x for −64 ≤ x < 22.8, with [`POINT`] bits behind the point.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
pub(super) fn exp_value(steps: i64) -> i128 {
    let high = i128::from(steps) * (LOG2_E_127 >> 64).cast_signed();
    let low = i128::from(steps) * i128::from(LOG2_E_127 as u64);
    power_of_two((high << 25) + (low >> 39))
}

#[inline]
pub(super) fn exp<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    if steps >= ARGUMENT_MAX {
        return Err(NumberError::Overflow);
    }
    if steps <= ARGUMENT_MIN {
        return Ok(0);
    }
    let value = exp_value(steps);
    settle::<F>(
        nearest::<F>(value, POINT, error(value)),
        Series::Exp,
        steps,
        0,
    )
}
