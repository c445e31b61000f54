//! Hyperbolic sine, cosine and tangent, from e^x and e^−x.
//!
//! INVARIANT: the errors of the two powers are those `exponential` proves; a sum adds them.

use super::exponential::{POINT, error, exp_value};
use super::precise::Series;
use super::round::{nearest, settle};
use crate::NumberError;

/// From e^23/2 on results have no form.
const ARGUMENT_MAX: u64 = 22 << 32;
/// From here on the tangent is within 2·e^−24 < 2^−33 of one.
const TANH_FLAT: u64 = 12 << 32;

/// e^|x| and e^−|x|, and the error of either; none where e^|x|/2 certainly has no form.
#[inline]
fn powers(steps: i64) -> Option<(i128, i128, i128)> {
    let magnitude = steps.unsigned_abs();
    if magnitude > ARGUMENT_MAX + (1 << 30) {
        return None;
    }
    let magnitude = magnitude.cast_signed();
    // e^22.25 exceeds 2^32: half of it is computed there.
    let (growing, falling) = (exp_value(magnitude), exp_value(-magnitude));
    Some((growing, falling, error(growing) + error(falling)))
}

#[inline]
pub(super) fn sinh<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let (growing, falling, error) = powers(steps).ok_or(NumberError::Overflow)?;
    let difference = growing - falling;
    let value = if steps < 0 { -difference } else { difference };
    settle::<F>(
        nearest::<F>(value, POINT + 1, error),
        Series::Sinh,
        steps,
        0,
    )
}

#[inline]
pub(super) fn cosh<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let (growing, falling, error) = powers(steps).ok_or(NumberError::Overflow)?;
    settle::<F>(
        nearest::<F>(growing + falling, POINT + 1, error),
        Series::Cosh,
        steps,
        0,
    )
}

/// (1 − u)/(1 + u) with u = e^(−2|x|).
#[inline]
pub(super) fn tanh<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let magnitude = steps.unsigned_abs();
    let sign = steps.signum();
    if magnitude >= TANH_FLAT {
        return Ok(sign << F);
    }
    let power = exp_value(-2 * magnitude.cast_signed()) >> (POINT - 63);
    let one = 1i128 << 63;
    // Both are below 2^64, and the quotient is at most one.
    let quotient = ((one - power).cast_unsigned() << 62) / (one + power).cast_unsigned();
    // The power is off by two units of 2^−63, which counts twice; the cut.
    let value = quotient.cast_signed() * i128::from(sign);
    settle::<F>(nearest::<F>(value, 62, 8), Series::Tanh, steps, 0)
}
