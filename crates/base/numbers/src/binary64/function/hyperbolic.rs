//! sinh, cosh and tanh, from e^x and e^−x.
//!
//! Transcendental for algebraic x ≠ 0 (Lindemann), so only x = 0 is exact.

use super::exponential::exponential;
use super::is_below_power;
use crate::binary64::approximation::{Approximation, decide};
use crate::binary64::bits::CANONICAL_NAN;
use crate::binary64::round::decompose;
use crate::binary64::wide::Wide;

/// Two exponentials, each less than 2^12 units wrong, and a quotient of them.
const ERROR_BITS: u32 = 15;
/// From here on sinh and cosh overflow: ln(2·largest) < 710.5.
const OVERFLOW: f64 = 711.0;

/// (e^x − e^−x)/2. −0.0 stays; ±∞ beyond ±710.48.
#[must_use]
pub fn sinh(x: f64) -> f64 {
    if x.is_nan() {
        return CANONICAL_NAN;
    }
    // x·(1 + x²/6 + …): below 2^−27 the rest is less than half a unit in the last place.
    if x == 0.0 || is_below_power(x, -27) {
        return x;
    }
    if x.abs() > OVERFLOW {
        return f64::INFINITY.copysign(x);
    }
    decide!(sinh_kernel(x))
}

/// (e^x + e^−x)/2, at least 1; ∞ beyond ±710.48.
#[must_use]
pub fn cosh(x: f64) -> f64 {
    if x.is_nan() {
        return CANONICAL_NAN;
    }
    // 1 + x²/2 + …
    if x == 0.0 || is_below_power(x, -27) {
        return 1.0;
    }
    if x.abs() > OVERFLOW {
        return f64::INFINITY;
    }
    decide!(cosh_kernel(x))
}

/// sinh/cosh, within ±1. −0.0 stays.
#[must_use]
pub fn tanh(x: f64) -> f64 {
    if x.is_nan() {
        return CANONICAL_NAN;
    }
    // x·(1 − x²/3 + …)
    if x == 0.0 || is_below_power(x, -27) {
        return x;
    }
    // 1 − 2·e^−2x: half a unit in the last place below 1 is 2^−54.
    if x.abs() >= 20.0 {
        return 1f64.copysign(x);
    }
    decide!(tanh_kernel(x))
}

/// e^|x| and, scaled alike, e^−|x|; and the scale.
fn pair<const N: usize>(x: f64) -> (Wide<N>, Wide<N>, i32) {
    let (mantissa, exponent) = decompose(x);
    let magnitude = Wide::<N>::from_scaled(mantissa, exponent);
    let (large, scale) = exponential(magnitude, false);
    let (small, small_scale) = exponential(magnitude, true);
    let small = small.shift_right((scale - small_scale).unsigned_abs());
    (large, small, scale)
}

pub(super) fn sinh_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let (large, small, scale) = pair::<N>(x);
    Approximation::new(x < 0.0, large.sub(small), scale - 1, ERROR_BITS)
}

pub(super) fn cosh_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let (large, small, scale) = pair::<N>(x);
    Approximation::new(false, large.add(small), scale - 1, ERROR_BITS)
}

pub(super) fn tanh_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let (large, small, _) = pair::<N>(x);
    // The sum lies in 1 … 3.
    let quotient = large.sub(small).mul(large.add(small).reciprocal());
    Approximation::new(x < 0.0, quotient, 0, ERROR_BITS)
}
