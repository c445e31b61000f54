//! sin, cos and tan, for every finite angle.
//!
//! The angle times 2/π gives the quarter turn and what is left; of 2/π only the bits that matter are taken (Payne and
//! Hanek, "Radian reduction for trigonometric functions", SIGNUM 1983). What is left, r ≤ π/4, is i/64 + h, and
//! sin(i/64 + h), cos(i/64 + h) come from a table and two Taylor series.
//! Transcendental for algebraic x ≠ 0 (Lindemann), so only x = 0 is exact.

use super::is_below_power;
use crate::binary64::approximation::{Approximation, decide};
use crate::binary64::bits::CANONICAL_NAN;
use crate::binary64::round::decompose;
use crate::binary64::table::{STEPS, TWO_OVER_PI, VAST};
use crate::binary64::wide::Wide;

/// The reduction, the series and their products: some tens of units.
const ERROR_BITS: u32 = 8;

/// The sine. −0.0 stays; of ±∞ it is NaN.
#[must_use]
pub fn sin(x: f64) -> f64 {
    if !x.is_finite() {
        return CANONICAL_NAN;
    }
    // x·(1 − x²/6 + …): below 2^−27 the rest is less than half a unit in the last place.
    if x == 0.0 || is_below_power(x, -27) {
        return x;
    }
    decide!(sin_kernel(x))
}

/// The cosine. Of ±∞ it is NaN.
#[must_use]
pub fn cos(x: f64) -> f64 {
    if !x.is_finite() {
        return CANONICAL_NAN;
    }
    // 1 − x²/2 + …
    if x == 0.0 || is_below_power(x, -27) {
        return 1.0;
    }
    decide!(cos_kernel(x))
}

/// The tangent; no float is a pole. −0.0 stays; of ±∞ it is NaN.
#[must_use]
pub fn tan(x: f64) -> f64 {
    if !x.is_finite() {
        return CANONICAL_NAN;
    }
    // x·(1 + x²/3 + …)
    if x == 0.0 || is_below_power(x, -27) {
        return x;
    }
    decide!(tan_kernel(x))
}

pub(super) fn sin_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let angle = Angle::<N>::reduce(x);
    let (magnitude, is_negative) = if angle.quarter & 1 == 0 {
        (angle.sine, angle.is_below)
    } else {
        (angle.cosine, false)
    };
    let is_negative = is_negative ^ (angle.quarter & 2 != 0) ^ (x < 0.0);
    Approximation::new(is_negative, magnitude, 0, ERROR_BITS)
}

pub(super) fn cos_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let angle = Angle::<N>::reduce(x);
    let (magnitude, is_negative) = if angle.quarter & 1 == 0 {
        (angle.cosine, false)
    } else {
        (angle.sine, !angle.is_below)
    };
    let is_negative = is_negative ^ (angle.quarter & 2 != 0);
    Approximation::new(is_negative, magnitude, 0, ERROR_BITS)
}

pub(super) fn tan_kernel<const N: usize>(x: f64) -> Approximation<N> {
    let angle = Angle::<N>::reduce(x);
    let is_odd = angle.quarter & 1 == 1;
    let (top, bottom) = if is_odd {
        (angle.cosine, angle.sine)
    } else {
        (angle.sine, angle.cosine)
    };
    let is_negative = is_odd ^ angle.is_below ^ (x < 0.0);
    // The divisor is scaled to 1/2 … 1; its error grows as much.
    let shift = Wide::<N>::FRACTION_BITS - bottom.length().min(Wide::<N>::FRACTION_BITS);
    let quotient = top.mul(bottom.shift_left(shift).reciprocal());
    Approximation::new(
        is_negative,
        quotient,
        shift.cast_signed(),
        ERROR_BITS + 4 + shift,
    )
}

/// |x| = quarter·π/2 ± r with 0 ≤ r ≤ π/4.
struct Angle<const N: usize> {
    /// The nearest quarter turn, modulo 4.
    quarter: u64,
    /// Whether the angle lies below that quarter turn.
    is_below: bool,
    /// sin r
    sine: Wide<N>,
    /// cos r
    cosine: Wide<N>,
}

impl<const N: usize> Angle<N> {
    fn reduce(x: f64) -> Angle<N> {
        let turns = quarter_turns::<N>(x);
        let mut half = Wide::ZERO;
        half.0[N - 2] = 1 << 63;
        let fraction = turns.fraction();
        let is_below = !fraction.is_below(&half);
        let (quarter, rest) = if is_below {
            (turns.whole().wrapping_add(1), Wide::ONE.sub(fraction))
        } else {
            (turns.whole(), fraction)
        };
        let (sine, cosine) = sine_and_cosine(rest.mul(Wide::HALF_PI));
        Angle {
            quarter,
            is_below,
            sine,
            cosine,
        }
    }
}

/// |x| · 2/π modulo a multiple of 4, at most 3 units too small.
fn quarter_turns<const N: usize>(x: f64) -> Wide<N> {
    let (mantissa, exponent) = decompose(x);
    // Bits of 2/π worth 4 and more after multiplying only add full turns.
    let skip = (exponent - 2).max(0);
    let window = window::<N>(skip.unsigned_abs());
    let factor = mantissa << (exponent - skip).max(0);
    // The lowest limb of the window only gives its carry: it makes up for the 55 bits of the factor.
    let mut limbs = [0; N];
    let mut carry = 0u64;
    for (index, limb) in window.iter().enumerate() {
        let product = u128::from(*limb) * u128::from(factor) + u128::from(carry);
        if index > 0 {
            limbs[index - 1] = product as u64;
        }
        carry = (product >> 64) as u64;
    }
    limbs[N - 1] = carry;
    Wide(limbs).shift_right((skip - exponent).max(0).unsigned_abs())
}

/// 64·N bits of 2/π after the first `skip` ones behind the point, lowest limb first.
fn window<const N: usize>(skip: u32) -> [u64; N] {
    let (limbs, bits) = ((skip / 64) as usize, skip % 64);
    let mut window = [0; N];
    for (place, limb) in window.iter_mut().rev().enumerate() {
        // The first limb of the fraction is that below the whole part.
        let from = VAST - 2 - limbs - place;
        *limb = TWO_OVER_PI.0[from] << bits;
        if bits > 0 {
            *limb |= TWO_OVER_PI.0[from - 1] >> (64 - bits);
        }
    }
    window
}

/// sin r and cos r for 0 ≤ r ≤ π/4.
fn sine_and_cosine<const N: usize>(r: Wide<N>) -> (Wide<N>, Wide<N>) {
    let step = r.mul_small(STEPS).whole();
    let h = r.sub(Wide::from_integer(step).shift_right(STEPS.ilog2()));
    let square = h.mul(h);
    let sine = h.mul(alternating(square, 1));
    let cosine = alternating(square, 0);
    let (table_sine, table_cosine) = (
        Wide::<N>::SINES[step as usize],
        Wide::<N>::COSINES[step as usize],
    );
    (
        table_sine.mul(cosine).add(table_cosine.mul(sine)),
        table_cosine.mul(cosine).sub(table_sine.mul(sine)),
    )
}

/// 1/f! − s/(f+2)! + s²/(f+4)! − …; each term is smaller than the one before.
fn alternating<const N: usize>(square: Wide<N>, first: usize) -> Wide<N> {
    let factorials = Wide::<N>::FACTORIALS;
    let count = Wide::<N>::EXP_TERMS / 2;
    let mut sum = factorials[first + 2 * count];
    for index in (0..count).rev() {
        sum = factorials[first + 2 * index].sub(sum.mul(square));
    }
    sum
}
