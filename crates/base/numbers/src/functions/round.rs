//! The one rounding: from an approximation with a proven error, or from an exact value, to steps.
//!
//! `F` is the number of fraction bits of the format: 32 in the product, fewer in exhaustive tests. Such a format
//! has 2·F bits in all, as Q32.32 has.
//!
//! INVARIANT: a decision is the exact result rounded once, to nearest, ties to even, or none is made.
//! Ziv's method: A. Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded
//! last bit", ACM TOMS 17 (1991). Tests: `tests.rs` beside this file.

use super::precise::{Series, evaluate};
use super::wide::Wide;
use crate::NumberError;

/// The nearest step count, if every number within `error` of `value` has the same one.
///
/// `value` and `error` count units of 2^−`point`; the true error must be smaller than `error`.
#[inline]
pub(super) const fn nearest<const F: u32>(value: i128, point: u32, error: i128) -> Option<i128> {
    let shift = point - F;
    let half = 1i128 << (shift - 1);
    let low = (value + (half - error)) >> shift;
    let high = (value + (half + error)) >> shift;
    if low == high { Some(low) } else { None }
}

/// The step count nearest to exactly `value · 2^−point`, ties to even.
#[inline]
pub(super) const fn nearest_exact<const F: u32>(value: i128, point: u32) -> i128 {
    let shift = point - F;
    let floor = value >> shift;
    let rest = value - (floor << shift);
    let half = 1i128 << (shift - 1);
    if rest > half || (rest == half && floor & 1 == 1) {
        floor + 1
    } else {
        floor
    }
}

/// The step count as a result, if the format has it.
#[inline]
pub(super) fn fit<const F: u32>(steps: i128) -> Result<i64, NumberError> {
    let limit = 1i128 << (2 * F - 1);
    if steps < -limit || steps >= limit {
        return Err(NumberError::Overflow);
    }
    i64::try_from(steps).map_err(|_| NumberError::Overflow)
}

/// What the fast path decided, or else what the slow one does.
#[inline]
pub(super) fn settle<const F: u32>(
    fast: Option<i128>,
    series: Series,
    first: i64,
    second: i64,
) -> Result<i64, NumberError> {
    match fast {
        Some(steps) => fit::<F>(steps),
        None => fit::<F>(slow::<F>(series, first, second)),
    }
}

/// 192 bits behind the point, then 448.
#[cold]
#[inline(never)]
pub(super) fn slow<const F: u32>(series: Series, first: i64, second: i64) -> i128 {
    let narrow = evaluate::<4>(series, first, second);
    let steps = match nearest_wide::<4, F>(narrow.magnitude, Some(104)) {
        Some(steps) => return signed(narrow.is_negative, steps),
        None => evaluate::<8>(series, first, second),
    };
    // A value that 448 bits cannot tell from a midpoint is taken as it stands; see docs/formats/numbers.md.
    let magnitude = nearest_wide::<8, F>(steps.magnitude, None).unwrap_or(0);
    signed(steps.is_negative, magnitude)
}

fn signed(is_negative: bool, magnitude: u128) -> i128 {
    let magnitude = i128::try_from(magnitude).unwrap_or(i128::MAX);
    if is_negative { -magnitude } else { magnitude }
}

/// The nearest step count of a wide number that is off by less than 2^`error_bits` units, or exact.
fn nearest_wide<const N: usize, const F: u32>(
    value: Wide<N>,
    error_bits: Option<u32>,
) -> Option<u128> {
    let fraction = value.fraction();
    let floor = (u128::from(value.integer_part()) << F) | (fraction >> (128 - F));
    // The rest in units of 2^−128 of a step, one half of it being 2^127.
    let (rest, half) = (fraction << F, 1u128 << 127);
    if let Some(error_bits) = error_bits {
        let unit_bits = 64 * (N as u32 - 1) - F;
        // Rounded up, and once more for what `rest` leaves out.
        let error = (1u128 << (error_bits + 128 - unit_bits)) + (1 << F);
        if rest.abs_diff(half) <= error {
            return None;
        }
    }
    let is_above = rest > half || (rest == half && (value.has_tail() || floor & 1 == 1));
    Some(floor + u128::from(is_above))
}
