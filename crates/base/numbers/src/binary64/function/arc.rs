//! asin, acos, atan and atan2: all are the angle of a point (n, d).
//!
//! atan(n/d) = atan(i/64) ± atan(w) with i/64 near n/d and w = (64n − i·d)/(64d + i·n), |w| < 1/100; the quotient is
//! turned so that n ≤ d. Where the angle is tiny it is n/d less a little; there n/d itself may be a float or lie halfway
//! between two, and the bound from above is n/d.
//! atan of an algebraic number ≠ 0 is transcendental (Lindemann), and so are its sums with multiples of π.

use super::is_below_power;
use crate::binary64::approximation::{Approximation, decide};
use crate::binary64::bits::CANONICAL_NAN;
use crate::binary64::round::decompose;
use crate::binary64::table::STEPS;
use crate::binary64::wide::Wide;

/// A square root, a reciprocal, a series, a table entry and π: some tens of units.
const ERROR_BITS: u32 = 8;
/// Quotients below 2 to this power take the way for tiny angles.
const TINY_EXPONENT: i32 = -20;

/// The angle in −π/2 … π/2 with this sine. −0.0 stays; NaN outside −1 … 1.
#[must_use]
pub fn asin(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 1.0 {
        return CANONICAL_NAN;
    }
    // x·(1 + x²/6 + …): below 2^−27 the rest is less than half a unit in the last place.
    if x == 0.0 || is_below_power(x, -27) {
        return x;
    }
    decide!(asin_kernel(x))
}

/// The angle in 0 … π with this cosine. NaN outside −1 … 1.
#[must_use]
pub fn acos(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 1.0 {
        return CANONICAL_NAN;
    }
    if x == 1.0 {
        return 0.0;
    }
    if x == 0.0 {
        return decide!(turn_kernel(1, 2));
    }
    decide!(acos_kernel(x))
}

/// The angle in −π/2 … π/2 with this tangent. −0.0 stays; ±π/2 for ±∞.
#[must_use]
pub fn atan(x: f64) -> f64 {
    atan2(x, 1.0)
}

/// The angle of the point (x, y) in −π … π, by the signs of both, zeros included.
///
/// atan2(±0, x) is ±0 for x > 0 and +0.0, ±π for x < 0 and −0.0; infinities give multiples of π/4.
#[must_use]
pub fn atan2(y: f64, x: f64) -> f64 {
    if y.is_nan() || x.is_nan() {
        return CANONICAL_NAN;
    }
    let angle = if y == 0.0 || x == 0.0 || y.is_infinite() || x.is_infinite() {
        on_an_axis(y, x)
    } else if x > 0.0 && quotient_exponent(y, x) <= TINY_EXPONENT {
        decide!(tiny_kernel(y, x))
    } else {
        decide!(atan2_kernel(y, x))
    };
    angle.copysign(y)
}

/// |atan2| where a coordinate is zero or infinite.
fn on_an_axis(y: f64, x: f64) -> f64 {
    let is_left = x.is_sign_negative();
    let eighths = match (y.is_infinite(), x.is_infinite()) {
        (true, true) if is_left => 6,
        (true, true) => 2,
        (true, false) => 4,
        (false, true) if is_left => 8,
        (false, true) => 0,
        (false, false) if y != 0.0 => 4,
        (false, false) if is_left => 8,
        (false, false) => 0,
    };
    if eighths == 0 {
        return 0.0;
    }
    decide!(turn_kernel(eighths, 8))
}

/// π · part / whole, not zero.
pub(super) fn turn_kernel<const N: usize>(part: u64, whole: u64) -> Approximation<N> {
    let angle = Wide::<N>::PI.mul_small(part).div_small(whole);
    Approximation::new(false, angle, 0, ERROR_BITS)
}

/// e with |y/x| in 2^(e−1) … 2^(e+1).
fn quotient_exponent(y: f64, x: f64) -> i32 {
    decompose(y).1 - decompose(x).1
}

pub(super) fn asin_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let (n, d) = sine_and_cosine_of::<N>(x);
    Approximation::new(x < 0.0, angle_of(n, d), 0, ERROR_BITS)
}

pub(super) fn acos_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let (n, d) = sine_and_cosine_of::<N>(x);
    let angle = angle_of(d, n);
    let angle = if x < 0.0 { Wide::PI.sub(angle) } else { angle };
    Approximation::new(false, angle, 0, ERROR_BITS)
}

/// |x| and √(1 − x²).
fn sine_and_cosine_of<const N: usize>(x: f64) -> (Wide<N>, Wide<N>) {
    let (mantissa, exponent) = decompose(x);
    let n = Wide::<N>::from_scaled(mantissa, exponent);
    // Where x² loses bits it is small, and the root's error stays near half of the square's.
    let rest = Wide::ONE.sub(n.mul(n));
    let d = if rest.whole() == 1 {
        Wide::ONE
    } else {
        rest.square_root()
    };
    (n, d)
}

pub(super) fn atan2_kernel<const N: usize>(y: f64, x: f64) -> Approximation<N> {
    let (y_mantissa, y_exponent) = decompose(y);
    let (x_mantissa, x_exponent) = decompose(x);
    // Both are scaled by the larger exponent, so that the larger number lies in 1 … 2.
    let scale = y_exponent.max(x_exponent) + 52;
    let n = Wide::<N>::from_scaled(y_mantissa, y_exponent - scale);
    let d = Wide::<N>::from_scaled(x_mantissa, x_exponent - scale);
    let angle = angle_of(n, d);
    let angle = if x < 0.0 { Wide::PI.sub(angle) } else { angle };
    Approximation::new(false, angle, 0, ERROR_BITS)
}

/// The angle in 0 … π/2 of the point (d, n); the larger of both must lie in 1/2 … 2.
fn angle_of<const N: usize>(n: Wide<N>, d: Wide<N>) -> Wide<N> {
    if d.is_below(&n) {
        Wide::HALF_PI.sub(below_one(d, n))
    } else {
        below_one(n, d)
    }
}

/// atan(n/d) for n ≤ d.
fn below_one<const N: usize>(n: Wide<N>, d: Wide<N>) -> Wide<N> {
    // The table's step nearest to the quotient, from the leading bits; near enough is enough.
    let leading = |wide: &Wide<N>| wide.whole() << 40 | wide.0[N - 2] >> 24;
    let step = ((leading(&n) * 2 * STEPS / leading(&d)).div_ceil(2)).min(STEPS);
    let (top, is_negative) = n.mul_small(STEPS).distance(d.mul_small(step));
    // (64d + i·n)/64 lies in 1/2 … 4.
    let inverse = d
        .mul_small(STEPS)
        .add(n.mul_small(step))
        .shift_right(STEPS.ilog2())
        .reciprocal();
    let w = top.mul(inverse).shift_right(STEPS.ilog2());
    let series = w.mul(alternating_odds(w.mul(w)));
    let entry = Wide::<N>::ARCTANGENTS[step as usize];
    if is_negative {
        entry.sub(series)
    } else {
        entry.add(series)
    }
}

/// 1 − s/3 + s²/5 − …: atan(w)/w for s = w².
fn alternating_odds<const N: usize>(square: Wide<N>) -> Wide<N> {
    let odds = Wide::<N>::ODDS;
    let mut sum = odds[Wide::<N>::ODD_TERMS];
    for index in (0..Wide::<N>::ODD_TERMS).rev() {
        sum = odds[index].sub(sum.mul(square));
    }
    sum
}

/// atan(y/x) for a tiny quotient: q less q³/3, a bound on either side.
pub(super) fn tiny_kernel<const N: usize>(y: f64, x: f64) -> Approximation<N> {
    let (y_mantissa, y_exponent) = decompose(y);
    let (x_mantissa, x_exponent) = decompose(x);
    let exponent = y_exponent - x_exponent;
    let (quotient, is_exact) = divide::<N>(y_mantissa, x_mantissa);
    let mut unit = Wide::ZERO;
    unit.0[0] = 1;
    let square = quotient
        .mul(quotient)
        .shift_right(2 * exponent.unsigned_abs());
    // What the angle lacks: q·(1 − atan(q)/q).
    let lack = quotient.mul(Wide::ONE.sub(alternating_odds(square)));
    let slack = unit.shift_left(ERROR_BITS);
    // The angle is below q, and q is below its rounded value and a unit.
    let quotient_above = if is_exact {
        quotient
    } else {
        quotient.add(unit)
    };
    let low = quotient.sub(lack).sub(slack);
    let high = quotient.sub(lack).add(slack);
    let high = if high.is_below(&quotient_above) {
        high
    } else {
        quotient_above
    };
    Approximation {
        is_negative: false,
        low,
        high,
        exponent,
    }
}

/// The quotient of two mantissas, rounded down, and whether it is exact.
fn divide<const N: usize>(top: u64, bottom: u64) -> (Wide<N>, bool) {
    let mut limbs = [0; N];
    let mut part = u128::from(top);
    for limb in limbs.iter_mut().rev() {
        *limb = (part / u128::from(bottom)) as u64;
        part = (part % u128::from(bottom)) << 64;
    }
    (Wide(limbs), part == 0)
}
