//! Logarithms: natural, binary, decimal; and the long binary one that `pow` needs.
//!
//! x = m·2^e with 1 ≤ m < 2. Two table factors bring m to 1 + w with w < 2^−13.9, exactly; the series of ln(1 + w)
//! is short then. The plain functions take 64 bits of it, `pow` 128.
//!
//! Errors of ln(m), in units of 2^−64: the tables 2, the series 3. Of the long one in units of 2^−128: the
//! tables 2, a step of Horner's rule 4, times w² < 2^−27 nothing, the first terms 6. Below 2^4 each.

use super::constants::{
    LN_2_128, LOG_COARSE, LOG_COARSE_FACTOR, LOG_FINE, LOG_FINE_FACTOR, LOG2_E_127, LOG10_2_64,
    LOG10_E_64, RECIPROCALS,
};
use super::multiply::{high_64, high_128, high_mixed};
use super::precise::Series;
use super::round::{nearest, settle};
use crate::NumberError;

const POINT: u32 = 64;

/// A positive argument taken apart: x = 2^exponent · (1 + w) / (c·d).
struct Parts {
    exponent: i32,
    coarse: usize,
    fine: usize,
    /// w, 95 bits behind the point.
    excess: u128,
}

/// `steps` is not zero.
#[inline]
fn take_apart(steps: u64) -> Parts {
    let zeros = steps.leading_zeros();
    let mantissa = steps << zeros;
    let coarse = (mantissa >> 56) as usize & 127;
    let product = u128::from(mantissa) * u128::from(LOG_COARSE_FACTOR[coarse]);
    let fine = ((product - (1 << 73)) >> 59) as usize;
    let product = product * u128::from(LOG_FINE_FACTOR[fine]);
    Parts {
        exponent: 31 - zeros.cast_signed(),
        coarse,
        fine,
        excess: product - (1 << 95),
    }
}

/// Exponent, and ln(m) with 64 bits behind the point.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "w < 2^−13")]
fn short(steps: u64) -> (i32, u64) {
    let parts = take_apart(steps);
    let excess = (parts.excess >> 31) as u64;
    // 1/2 − w/3 + w²/4; the next term of the logarithm is below 2^−71.
    let series = (1 << 63) - high_64(excess, u64::MAX / 3 - (excess >> 2));
    let rest = excess - high_64(high_64(excess, excess), series);
    let coarse = (LOG_COARSE[parts.coarse] >> 64) as u64;
    let fine = (LOG_FINE[parts.fine] >> 64) as u64;
    (parts.exponent, coarse + fine + rest)
}

/// log2 of a positive count of steps, 122 bits behind the point, off by less than 2^2 units.
#[inline]
pub(super) fn long_log2(steps: u64) -> i128 {
    let parts = take_apart(steps);
    let excess = parts.excess << 33;
    let [half, rest @ .., last] = &RECIPROCALS;
    let inner = rest
        .iter()
        .rev()
        .fold(*last, |sum, reciprocal| reciprocal - high_128(sum, excess));
    let series = half - high_128(inner, excess);
    let log = excess - high_128(high_128(excess, excess), series);
    let mantissa = LOG_COARSE[parts.coarse] + LOG_FINE[parts.fine] + log;
    let binary = high_128(mantissa, LOG2_E_127) >> 5;
    (i128::from(parts.exponent) << 122) + binary.cast_signed()
}

#[inline]
fn positive(steps: i64) -> Result<u64, NumberError> {
    match u64::try_from(steps) {
        Ok(0) | Err(_) => Err(NumberError::Domain),
        Ok(steps) => Ok(steps),
    }
}

#[inline]
pub(super) fn ln<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let (exponent, mantissa) = short(positive(steps)?);
    let value = i128::from(exponent) * (LN_2_128 >> 64).cast_signed() + i128::from(mantissa);
    settle::<F>(nearest::<F>(value, POINT, 64), Series::Ln, steps, 0)
}

#[inline]
pub(super) fn log2<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let (exponent, mantissa) = short(positive(steps)?);
    // mantissa · 1/ln 2; the constant has 127 bits behind the point, its upper half 63.
    let binary = high_mixed(LOG2_E_127, mantissa) >> 63;
    let value = (i128::from(exponent) << POINT) + binary.cast_signed();
    settle::<F>(nearest::<F>(value, POINT, 32), Series::Log2, steps, 0)
}

#[inline]
pub(super) fn log10<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let (exponent, mantissa) = short(positive(steps)?);
    let decimal = high_64(mantissa, LOG10_E_64);
    let value = i128::from(exponent) * i128::from(LOG10_2_64) + i128::from(decimal);
    settle::<F>(nearest::<F>(value, POINT, 64), Series::Log10, steps, 0)
}
