//! x^y, as e^(y·ln x).
//!
//! Exact and halfway results are answered first. With x = m·2^e, m odd, and y = n/2^k in lowest terms, x^y is
//! rational only if m and 2^e are perfect 2^k-th powers, and dyadic only if then n ≥ 0 or m = 1; a dyadic power u^n is a
//! float or halfway between two only if u^n has at most 54 bits. Everything else is decided by enough limbs.

use super::exponential::exponential;
use super::logarithm::of_float;
use crate::binary64::approximation::{Approximation, decide};
use crate::binary64::bits::CANONICAL_NAN;
use crate::binary64::round::{compose, decompose};
use crate::binary64::wide::Wide;

/// The logarithm's relative error, 2^13 units, times the largest exponent 2^11, and the exponential's own.
const ERROR_BITS: u32 = 26;
/// |y·ln x| below 2 to this power gives 1, from [`HUGE_EXPONENT`] on 0 or ∞.
const TINY_EXPONENT: i32 = -60;
const HUGE_EXPONENT: i32 = 11;

/// x raised to y, with C's special values: x^0 and 1^y are 1 even for NaN, (−1)^±∞ is 1, a negative x with a y that is no
/// integer gives NaN, and the sign is x's where y is an odd integer.
#[must_use]
pub fn pow(x: f64, y: f64) -> f64 {
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if x.is_nan() || y.is_nan() {
        return CANONICAL_NAN;
    }
    if y.is_infinite() {
        return infinite_exponent(x, y > 0.0);
    }
    let is_negative = x.is_sign_negative() && is_odd(y);
    let sign = if is_negative { -1.0 } else { 1.0 };
    if x == 0.0 || x.is_infinite() {
        let is_large = x.is_infinite() == (y > 0.0);
        return sign * if is_large { f64::INFINITY } else { 0.0 };
    }
    if x < 0.0 && libm::trunc(y) != y {
        return CANONICAL_NAN;
    }
    if x == -1.0 {
        return sign;
    }
    sign * positive_power(x.abs(), y)
}

/// x^±∞: 1 for −1, else by whether |x| is above 1.
fn infinite_exponent(x: f64, is_positive: bool) -> f64 {
    if x == -1.0 {
        return 1.0;
    }
    if (x.abs() > 1.0) == is_positive {
        f64::INFINITY
    } else {
        0.0
    }
}

/// Whether a finite y is an odd integer.
fn is_odd(y: f64) -> bool {
    // Beyond 2^53 every float is even.
    if y == 0.0 || y.abs() >= 9_007_199_254_740_992.0 || libm::trunc(y) != y {
        return false;
    }
    (y.abs() as u64) & 1 == 1
}

/// x^y for finite x > 0, not 1, and finite y, not 0.
fn positive_power(x: f64, y: f64) -> f64 {
    if let Some(exact) = exact_power(x, y) {
        return exact;
    }
    let exponent = product_exponent(x, y);
    if exponent < TINY_EXPONENT {
        return 1.0;
    }
    if exponent > HUGE_EXPONENT {
        return if (x > 1.0) == (y > 0.0) {
            f64::INFINITY
        } else {
            0.0
        };
    }
    decide!(power_kernel(x, y))
}

/// x^y where it is dyadic with at most 54 bits, or a power of two.
fn exact_power(x: f64, y: f64) -> Option<f64> {
    let (mantissa, exponent) = odd_parts(x);
    let (count, halvings) = odd_parts(y);
    let (mut base, mut power) = (mantissa, i64::from(exponent));
    // y = ±count · 2^halvings: roots first, where the exponent of two is negative.
    for _ in halvings..0 {
        let root = base.isqrt();
        if root * root != base || power % 2 != 0 {
            return None;
        }
        (base, power) = (root, power / 2);
        // 1^y is left alone by further roots, and its exponent becomes odd after ten.
    }
    let count = if halvings > 0 {
        // Integers of 64 bits and more overflow or underflow, unless the base is 1 and the exponent 0.
        count
            .checked_shl(halvings.unsigned_abs())
            .filter(|_| halvings < 11)?
    } else {
        count
    };
    if base == 1 {
        // Far outside the range of floats any clamped value says as much.
        let power = i128::from(power) * i128::from(count) * if y < 0.0 { -1 } else { 1 };
        let power = power.clamp(-5000, 5000) as i32;
        return Some(compose(false, 1, power, false));
    }
    if y < 0.0 || count > 34 {
        return None;
    }
    let exact = (0..count).try_fold(1u64, |product, _| product.checked_mul(base))?;
    if exact >> 54 != 0 {
        return None;
    }
    // 34 · 1074 fits.
    Some(compose(false, exact, power as i32 * count as i32, false))
}

/// A finite value that is not zero as (odd mantissa, exponent).
fn odd_parts(value: f64) -> (u64, i32) {
    let (mantissa, exponent) = decompose(value);
    let zeros = mantissa.trailing_zeros();
    (mantissa >> zeros, exponent + zeros.cast_signed())
}

/// e with |y·ln x| in 2^(e−1) … 2^e or very near.
fn product_exponent(x: f64, y: f64) -> i32 {
    let logarithm = of_float::<3>(x);
    let (_, exponent) = decompose(y);
    let length =
        logarithm.magnitude.length().cast_signed() - Wide::<3>::FRACTION_BITS.cast_signed();
    length + logarithm.exponent + exponent + 53
}

pub(super) fn power_kernel<const N: usize>(x: f64, y: f64) -> Approximation<N> {
    let logarithm = of_float::<N>(x);
    let (mantissa, exponent) = decompose(y);
    // Below 2^10 · 2^53; what it is scaled by is below 1, because the product is below 2^11.
    let product = logarithm.magnitude.mul_small(mantissa);
    let shift = -(logarithm.exponent + exponent);
    let product = product.shift_right(shift.max(0).unsigned_abs());
    let (power, scale) = exponential(product, logarithm.is_negative ^ (y < 0.0));
    Approximation::new(false, power, scale, ERROR_BITS)
}
