//! `pow`: x^y as 2^(y·log2 x).
//!
//! The logarithm is off by less than 2^−120 and counts up to 2^31 times: 2^−89 in the exponent, less than the
//! error of the power of two itself. What the fast path cannot decide may lie on a midpoint: that is decided
//! by algebra before the slow path runs.
//!
//! Argument for the exact and midpoint cases: `docs/formats/numbers.md`. Tests: `tests/it/functions.rs`.

use super::exponential::{POINT, error, power_of_two};
use super::logarithm::long_log2;
use super::precise::Series;
use super::round::{fit, nearest, nearest_exact, slow};
use crate::NumberError;

const ONE_BITS: u32 = 32;

pub(super) fn pow<const F: u32>(base: i64, exponent: i64) -> Result<i64, NumberError> {
    let is_whole = exponent & ((1 << ONE_BITS) - 1) == 0;
    if exponent == 0 {
        return Ok(1 << F);
    }
    if base == 0 {
        return if exponent > 0 {
            Ok(0)
        } else {
            Err(NumberError::DivideByZero)
        };
    }
    if base < 0 && !is_whole {
        return Err(NumberError::Domain);
    }
    let is_negative = base < 0 && (exponent >> ONE_BITS) & 1 == 1;
    let magnitude = magnitude::<F>(base.unsigned_abs(), exponent)?;
    fit::<F>(if is_negative { -magnitude } else { magnitude })
}

/// |base|^exponent in steps.
#[inline]
fn magnitude<const F: u32>(base: u64, exponent: i64) -> Result<i128, NumberError> {
    let log = long_log2(base);
    // The product with 90 bits behind the point.
    let near = (log >> 64) * i128::from(exponent);
    // 2^(31 + 2^−10) is more than 2^31 + 1.
    if near >= (31 << 90) + (1 << 80) {
        return Err(NumberError::Overflow);
    }
    if near < -34 << 90 {
        return Ok(0);
    }
    let low = i128::from(log as u64) * i128::from(exponent);
    let value = power_of_two((near << 30) + (low >> 34));
    if let Some(steps) = nearest::<F>(value, POINT, error(value)) {
        return Ok(steps);
    }
    Ok(match exact_power(base, exponent) {
        Some((value, point)) => nearest_exact::<F>(value, point),
        None => slow::<F>(Series::Pow, base.cast_signed(), exponent),
    })
}

/// base^exponent and its bits behind the point, where it is a whole number of 2^−33 below 2^33.
///
/// base = m·2^t with m odd. With exponent = n/2^k, n odd, the power is rational only if base is the 2^k-th power of
/// a rational s; s^n has few bits only if s is a power of two, or n is positive and small.
fn exact_power(base: u64, exponent: i64) -> Option<(i128, u32)> {
    let twos = base.trailing_zeros();
    let (mut odd, mut binary) = (base >> twos, i64::from(twos) - i64::from(ONE_BITS));
    let zeros = exponent.trailing_zeros();
    let roots = ONE_BITS.saturating_sub(zeros);
    // n with its further factors of two.
    let n = exponent >> zeros.min(ONE_BITS);
    for _ in 0..roots {
        let root = odd.isqrt();
        if root * root != odd || binary % 2 != 0 {
            return None;
        }
        (odd, binary) = (root, binary / 2);
    }
    let power = if odd == 1 {
        1
    } else {
        u128::from(odd).checked_pow(u32::try_from(n).ok()?)?
    };
    let binary = binary.checked_mul(n)?;
    if !(-EXACT_POINT..=33).contains(&binary) || power >> 66 != 0 {
        return None;
    }
    let shift = u32::try_from(binary + EXACT_POINT).ok()?;
    let value = power.checked_mul(1 << shift)?;
    Some((
        i128::try_from(value).ok()?,
        EXACT_POINT.unsigned_abs() as u32,
    ))
}

/// One bit more than a half step has.
const EXACT_POINT: i64 = 34;
