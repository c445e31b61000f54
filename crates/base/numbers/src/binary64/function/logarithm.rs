//! ln, log2, log10 and ln(1 + x).
//!
//! x = m · 2^k with √½ ≤ m < √2, m near i/64: ln x = k·ln 2 + ln(i/64) + 2·atanh(z) with
//! z = (64m − i)/(64m + i), |z| < 1/170. Near 1, where everything cancels, z is scaled, so that the error is relative.
//!
//! ln of an algebraic number ≠ 1 is transcendental; log2 is rational for powers of two only and log10 for powers of
//! ten, because 2^p = x^q and 10^p = x^q have no other solutions among the floats.

use super::is_below_power;
use crate::binary64::approximation::{Approximation, decide};
use crate::binary64::bits::CANONICAL_NAN;
use crate::binary64::round::decompose;
use crate::binary64::table::{LN_FIRST, STEPS};
use crate::binary64::wide::Wide;

/// Up to 1100 units of k·ln 2, and some more.
const ERROR_BITS: u32 = 12;
/// √2 · 2^52, about: where mantissas are halved. Any number near it would do.
const ROOT_TWO: u64 = 0x0016_a09e_667f_3bcd;

/// The natural logarithm. Of 0 it is −∞, of negative numbers NaN.
#[must_use]
pub fn ln(x: f64) -> f64 {
    match special(x) {
        Some(value) => value,
        None if x == 1.0 => 0.0,
        None => decide!(ln_kernel(x)),
    }
}

/// The logarithm to base 2, exact for powers of two. Of 0 it is −∞, of negative numbers NaN.
#[must_use]
pub fn log2(x: f64) -> f64 {
    if let Some(value) = special(x) {
        return value;
    }
    let (mantissa, exponent) = decompose(x);
    if mantissa == 1 << 52 {
        return f64::from(exponent + 52);
    }
    decide!(log2_kernel(x))
}

/// The logarithm to base 10, exact for the powers of ten 1 … 10^22 (larger ones are no floats). Of 0 it is −∞, of
/// negative numbers NaN.
#[must_use]
pub fn log10(x: f64) -> f64 {
    if let Some(value) = special(x) {
        return value;
    }
    if let Some(power) = power_of_ten(x) {
        return power;
    }
    decide!(log10_kernel(x))
}

/// ln(1 + x), precise where x is near 0. Of −1 it is −∞, below NaN; −0.0 stays.
#[must_use]
pub fn ln_1p(x: f64) -> f64 {
    if x.is_nan() || x < -1.0 {
        return CANONICAL_NAN;
    }
    if x == -1.0 {
        return f64::NEG_INFINITY;
    }
    // x·(1 − x/2 + …): below 2^−54 the rest is less than half a unit in the last place.
    if x == 0.0 || x == f64::INFINITY || is_below_power(x, -54) {
        return x;
    }
    decide!(ln_1p_kernel(x))
}

fn special(x: f64) -> Option<f64> {
    if x == 0.0 {
        return Some(f64::NEG_INFINITY);
    }
    if x.is_nan() || x < 0.0 {
        return Some(CANONICAL_NAN);
    }
    (x == f64::INFINITY).then_some(x)
}

/// n for x = 10^n, 0 ≤ n ≤ 22.
fn power_of_ten(x: f64) -> Option<f64> {
    // 10^n is exact as a float up to 22, so each product is.
    let (mut power, mut exponent) = (1.0, 0.0);
    while exponent <= 22.0 {
        if power == x {
            return Some(exponent);
        }
        power *= 10.0;
        exponent += 1.0;
    }
    None
}

pub(super) fn ln_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let logarithm = of_float::<N>(x);
    Approximation::new(
        logarithm.is_negative,
        logarithm.magnitude,
        logarithm.exponent,
        ERROR_BITS,
    )
}

pub(super) fn log2_kernel<const N: usize>(x: f64) -> Approximation<N> {
    scaled::<N>(x, Wide::INVERSE_LN2)
}

pub(super) fn log10_kernel<const N: usize>(x: f64) -> Approximation<N> {
    scaled::<N>(x, Wide::INVERSE_LN10)
}

fn scaled<const N: usize>(x: f64, factor: Wide<N>) -> Approximation<N> {
    let logarithm = of_float::<N>(x);
    Approximation::new(
        logarithm.is_negative,
        logarithm.magnitude.mul(factor),
        logarithm.exponent,
        ERROR_BITS,
    )
}

pub(super) fn ln_1p_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let (mantissa, exponent) = decompose(x);
    let logarithm = if x < 0.0 {
        let sum = Wide::<N>::ONE.sub(Wide::from_scaled(mantissa, exponent));
        let power = sum.length().cast_signed() - 1 - Wide::<N>::FRACTION_BITS.cast_signed();
        of_normalised(sum.shift_left(power.unsigned_abs()), power)
    } else if exponent + 52 <= 0 {
        of_normalised(Wide::ONE.add(Wide::from_scaled(mantissa, exponent)), 0)
    } else {
        // (1 + x) / 2^power with x < 2^(power + 1); rounding 2^−power down costs a unit at most.
        let power = exponent + 52;
        let one = Wide::<N>::ONE.shift_right(power.unsigned_abs());
        of_normalised(one.add(Wide::from_scaled(mantissa, -52)), power)
    };
    Approximation::new(
        logarithm.is_negative,
        logarithm.magnitude,
        logarithm.exponent,
        ERROR_BITS,
    )
}

/// `±magnitude · 2^exponent`; the error is ERROR_BITS, and at most 2^13 units a whole of the magnitude.
pub(super) struct Logarithm<const N: usize> {
    pub(super) is_negative: bool,
    pub(super) magnitude: Wide<N>,
    pub(super) exponent: i32,
}

/// ln |x| for a finite x other than 0 and ±1.
pub(super) fn of_float<const N: usize>(x: f64) -> Logarithm<N> {
    let (mantissa, exponent) = decompose(x);
    of_normalised(Wide::from_scaled(mantissa, -52), exponent + 52)
}

/// ln(m · 2^k) for 1 ≤ m < 4, not exactly 1.
fn of_normalised<const N: usize>(mut m: Wide<N>, mut k: i32) -> Logarithm<N> {
    let root_two = Wide::from_scaled(ROOT_TWO, -52);
    while !m.is_below(&root_two) {
        m = m.shift_right(1);
        k += 1;
    }
    let scaled = m.mul_small(STEPS);
    let nearest = scaled.mul_small(2).add(Wide::ONE).whole() / 2;
    let (top, is_negative) = scaled.distance(Wide::from_integer(nearest));
    // (64m + i)/128 lies in 0.7 … 1.42.
    let inverse = scaled
        .add(Wide::from_integer(nearest))
        .shift_right(7)
        .reciprocal();
    if nearest == STEPS && k == 0 {
        return near_one(top, inverse, is_negative);
    }
    let z = top.mul(inverse).shift_right(7);
    let series = z.mul(inverse_tangent_sum(z.mul(z))).shift_left(1);
    let entry = Wide::<N>::LOGARITHMS[nearest as usize - LN_FIRST];
    let whole = Signed::new(Wide::LN2.mul_small(u64::from(k.unsigned_abs())), k < 0);
    let sum = whole
        .add(Signed::new(entry, nearest < STEPS))
        .add(Signed::new(series, is_negative));
    Logarithm {
        is_negative: sum.is_negative,
        magnitude: sum.magnitude,
        exponent: 0,
    }
}

/// 2·atanh(z) where z is all there is: z is scaled to 1/3 … 1 first.
fn near_one<const N: usize>(top: Wide<N>, inverse: Wide<N>, is_negative: bool) -> Logarithm<N> {
    let shift = Wide::<N>::FRACTION_BITS - top.length();
    let z_scaled = top.shift_left(shift).mul(inverse);
    let square = z_scaled.mul(z_scaled).shift_right(2 * (shift + 7));
    Logarithm {
        is_negative,
        magnitude: z_scaled.mul(inverse_tangent_sum(square)),
        exponent: -(shift.cast_signed() + 6),
    }
}

/// Σ s^n/(2n+1): atanh(z)/z for s = z².
fn inverse_tangent_sum<const N: usize>(square: Wide<N>) -> Wide<N> {
    let odds = Wide::<N>::ODDS;
    let mut sum = odds[Wide::<N>::ODD_TERMS];
    for index in (0..Wide::<N>::ODD_TERMS).rev() {
        sum = sum.mul(square).add(odds[index]);
    }
    sum
}

/// A number with a sign, for sums of few terms.
struct Signed<const N: usize> {
    magnitude: Wide<N>,
    is_negative: bool,
}

impl<const N: usize> Signed<N> {
    const fn new(magnitude: Wide<N>, is_negative: bool) -> Signed<N> {
        Signed {
            magnitude,
            is_negative,
        }
    }

    fn add(self, other: Signed<N>) -> Signed<N> {
        if self.is_negative == other.is_negative {
            return Signed::new(self.magnitude.add(other.magnitude), self.is_negative);
        }
        let (magnitude, is_other_larger) = self.magnitude.distance(other.magnitude);
        Signed::new(magnitude, self.is_negative != is_other_larger)
    }
}
