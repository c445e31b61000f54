//! e^x, 2^x and e^x − 1.
//!
//! x = k·ln 2 + r with 0 ≤ r ≤ ln 2, r = i/64 + h, e^r = e^(i/64) · Σ h^n/n!. The result is e^r · 2^k.
//! e^x is transcendental for algebraic x ≠ 0 (Lindemann), so only 2^x of integers and x = 0 are exact.

use super::is_below_power;
use crate::binary64::approximation::{Approximation, decide};
use crate::binary64::bits::CANONICAL_NAN;
use crate::binary64::round::{compose, decompose};
use crate::binary64::table::STEPS;
use crate::binary64::wide::Wide;

/// What the kernels below may be wrong, in bits of units: up to 1100 units of k·ln 2, doubled by e^r, and some more.
const ERROR_BITS: u32 = 12;

/// e^x. ∞ above 709.79, 0 below −745.14; e^−∞ = 0.
#[must_use]
pub fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return CANONICAL_NAN;
    }
    if x > 710.0 {
        return f64::INFINITY;
    }
    if x < -746.0 {
        return 0.0;
    }
    if x == 0.0 || is_below_power(x, -54) {
        return 1.0;
    }
    decide!(exp_kernel(x))
}

/// 2^x. Exact for integers; ∞ from 1024 on, 0 from −1075 down.
#[must_use]
pub fn exp2(x: f64) -> f64 {
    if x.is_nan() {
        return CANONICAL_NAN;
    }
    if x >= 1024.0 {
        return f64::INFINITY;
    }
    if x <= -1076.0 {
        return 0.0;
    }
    if libm::trunc(x) == x {
        return compose(false, 1, x as i32, false);
    }
    if is_below_power(x, -54) {
        return 1.0;
    }
    decide!(exp2_kernel(x))
}

/// e^x − 1, precise where x is near 0. −1 far below 0; −0.0 stays.
#[must_use]
pub fn exp_m1(x: f64) -> f64 {
    if x.is_nan() {
        return CANONICAL_NAN;
    }
    if x > 710.0 {
        return f64::INFINITY;
    }
    if x < -100.0 {
        return -1.0;
    }
    // e^x − 1 = x·(1 + x/2 + …): below 2^−54 the rest is less than half a unit in the last place.
    if x == 0.0 || is_below_power(x, -54) {
        return x;
    }
    decide!(exp_m1_kernel(x))
}

pub(super) fn exp_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let (mantissa, exponent) = decompose(x);
    let (power, scale) = exponential::<N>(Wide::from_scaled(mantissa, exponent), x < 0.0);
    Approximation::new(false, power, scale, ERROR_BITS)
}

pub(super) fn exp2_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let (mantissa, exponent) = decompose(x);
    let magnitude = Wide::<N>::from_scaled(mantissa, exponent);
    let whole = magnitude.whole() as i32;
    let fraction = magnitude.fraction();
    // x is no integer, so below zero the fraction counts from the integer below.
    let (fraction, scale) = if x < 0.0 {
        (Wide::ONE.sub(fraction), -whole - 1)
    } else {
        (fraction, whole)
    };
    Approximation::new(false, below_two(fraction.mul(Wide::LN2)), scale, ERROR_BITS)
}

pub(super) fn exp_m1_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let (mantissa, exponent) = decompose(x);
    let (power, scale) = exponential::<N>(Wide::from_scaled(mantissa, exponent), x < 0.0);
    if x < 0.0 {
        let rest = Wide::ONE.sub(power.shift_right(scale.unsigned_abs()));
        return Approximation::new(true, rest, 0, ERROR_BITS);
    }
    let one = Wide::ONE.shift_right(scale.unsigned_abs());
    Approximation::new(false, power.sub(one), scale, ERROR_BITS)
}

/// e^±x for 0 ≤ x < 2^20 as (a number of 1 … 2, power of two), less than 2·(x/ln 2) + 40 units wrong.
pub(super) fn exponential<const N: usize>(x: Wide<N>, is_negative: bool) -> (Wide<N>, i32) {
    let mut count = x.mul(Wide::INVERSE_LN2).whole();
    // The product may be a little too small, never too large.
    let mut rest = x.sub(Wide::LN2.mul_small(count));
    if !rest.is_below(&Wide::LN2) {
        rest = rest.sub(Wide::LN2);
        count += 1;
    }
    let count = count as i32;
    if is_negative {
        (below_two(Wide::LN2.sub(rest)), -count - 1)
    } else {
        (below_two(rest), count)
    }
}

/// e^r for 0 ≤ r ≤ ln 2.
fn below_two<const N: usize>(r: Wide<N>) -> Wide<N> {
    let step = r.mul_small(STEPS).whole();
    let h = r.sub(Wide::from_integer(step).shift_right(STEPS.ilog2()));
    let factorials = Wide::<N>::FACTORIALS;
    let mut sum = factorials[Wide::<N>::EXP_TERMS];
    for index in (0..Wide::<N>::EXP_TERMS).rev() {
        sum = sum.mul(h).add(factorials[index]);
    }
    Wide::<N>::EXPONENTIALS[step as usize].mul(sum)
}
