//! The slow path: every transcendental function by its plain series, at any width.
//!
//! Arguments are counts of 2^−32 steps inside the function's domain, and not so large that the
//! result leaves 2^33; the fast paths see to that. Exact and midpoint cases are not noticed here.
//!
//! INVARIANT: with `N` limbs a result is off by less than 2^(104 − 64(N−1)). The worst are the tangent next
//! to a pole, where one unit of π/2 counts 2^31 times and is magnified 2^66 times, and `pow`, where one
//! unit of the logarithm counts 2^31 times and is magnified 2^32 times; a series adds less than 2^9 units.
//! Tests: `tests.rs` beside this file, against the fast paths.

use super::constants::{ATAN_EIGHTHS, HALF_PI, LN_2, LOG2_E, LOG10_E, TWO_OVER_PI};
use super::wide::Wide;

/// A function of one or two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    Exp,
    Ln,
    Log2,
    Log10,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    /// Of `y` and `x`, in this order.
    Atan2,
    Sinh,
    Cosh,
    Tanh,
    /// The magnitude of the base, and the exponent.
    Pow,
}

/// A wide number with a sign.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<const N: usize> {
    pub(super) is_negative: bool,
    pub(super) magnitude: Wide<N>,
}

/// The function's value.
pub(super) fn evaluate<const N: usize>(series: Series, first: i64, second: i64) -> Signed<N> {
    let is_negative = first < 0;
    let magnitude = Wide::from_steps(first.unsigned_abs());
    match series {
        Series::Exp => positive(exp(Signed {
            is_negative,
            magnitude,
        })),
        Series::Ln => ln(first.unsigned_abs()),
        Series::Log2 => ln(first.unsigned_abs()).times(Wide::constant(&LOG2_E)),
        Series::Log10 => ln(first.unsigned_abs()).times(Wide::constant(&LOG10_E)),
        Series::Sin => sin(is_negative, first.unsigned_abs(), 0),
        Series::Cos => sin(false, first.unsigned_abs(), 1),
        Series::Tan => tan(first),
        Series::Asin => Signed {
            is_negative,
            magnitude: angle(magnitude, cosine_of_arc(first)),
        },
        Series::Acos => turned(angle(cosine_of_arc(first), magnitude), is_negative),
        Series::Atan2 => Signed {
            is_negative,
            ..turned(
                angle(magnitude, Wide::from_steps(second.unsigned_abs())),
                second < 0,
            )
        },
        Series::Sinh | Series::Cosh | Series::Tanh => hyperbolic(series, is_negative, magnitude),
        Series::Pow => {
            let exponent = ln(first.unsigned_abs()).times(Wide::from_steps(second.unsigned_abs()));
            positive(exp(Signed {
                is_negative: exponent.is_negative != (second < 0),
                ..exponent
            }))
        }
    }
}

fn positive<const N: usize>(magnitude: Wide<N>) -> Signed<N> {
    Signed {
        is_negative: false,
        magnitude,
    }
}

impl<const N: usize> Signed<N> {
    fn times(self, factor: Wide<N>) -> Signed<N> {
        Signed {
            magnitude: self.magnitude.times(factor),
            ..self
        }
    }

    fn plus(self, other: Signed<N>) -> Signed<N> {
        if self.is_negative == other.is_negative {
            return Signed {
                magnitude: self.magnitude.plus(other.magnitude),
                ..self
            };
        }
        if self.magnitude >= other.magnitude {
            Signed {
                magnitude: self.magnitude.minus(other.magnitude),
                ..self
            }
        } else {
            Signed {
                magnitude: other.magnitude.minus(self.magnitude),
                ..other
            }
        }
    }
}

/// e^v: with v = k·ln 2 + r, the series of e^r, moved by k bits.
fn exp<const N: usize>(value: Signed<N>) -> Wide<N> {
    let count = value
        .magnitude
        .times(Wide::constant(&LOG2_E))
        .integer_part();
    let rest = value
        .magnitude
        .minus(Wide::constant(&LN_2).times_integer(count));
    let (mut even, mut odd, mut term) = (Wide::ZERO, Wide::ZERO, Wide::ONE);
    let mut index = 0;
    while !term.is_zero() {
        if index % 2 == 0 {
            even = even.plus(term);
        } else {
            odd = odd.plus(term);
        }
        index += 1;
        term = term.times(rest).over_integer(index);
    }
    if value.is_negative {
        even.minus(odd).shifted_right(count)
    } else {
        even.plus(odd).shifted_left(count)
    }
}

/// ln(steps · 2^−32): with steps = m·2^t and m near 1, t − 32 times ln 2 and 2·atanh((m−1)/(m+1)).
fn ln<const N: usize>(steps: u64) -> Signed<N> {
    let floor = steps.ilog2();
    // m stays between 3/4 and 3/2.
    let is_upper = steps >= 3 << (floor.max(1) - 1);
    let exponent = if is_upper { floor + 1 } else { floor };
    let power = 1u64 << exponent;
    let (is_negative, distance) = (steps < power, steps.abs_diff(power));
    let half = |integer| Wide::from_integer(integer).shifted_right(1);
    let quotient = half(distance).over(half(steps).plus(half(power)));
    let square = quotient.times(quotient);
    let (mut sum, mut term) = (Wide::ZERO, quotient);
    let mut divisor = 1;
    while !term.is_zero() {
        sum = sum.plus(term.over_integer(divisor));
        term = term.times(square);
        divisor += 2;
    }
    let mantissa = Signed {
        is_negative,
        magnitude: sum.plus(sum),
    };
    let whole = Signed {
        is_negative: exponent < 32,
        magnitude: Wide::constant(&LN_2).times_integer(u64::from(exponent.abs_diff(32))),
    };
    whole.plus(mantissa)
}

/// Quarter turns in the angle, and sine and cosine of the rest.
fn turn<const N: usize>(steps: u64) -> (u64, Wide<N>, Wide<N>) {
    let half_pi = Wide::constant(&HALF_PI);
    // A product of the leading bits is never too high, and too low by one at most.
    let estimate = (u128::from(steps) * (TWO_OVER_PI >> 64)) >> 96;
    let mut quarters = u64::try_from(estimate).unwrap_or(u64::MAX);
    let mut rest = Wide::from_steps(steps).minus(half_pi.times_integer(quarters));
    if rest >= half_pi {
        rest = rest.minus(half_pi);
        quarters += 1;
    }
    let complement = half_pi.minus(rest);
    if complement < rest {
        let (sine, cosine) = sine_and_cosine(complement);
        (quarters, cosine, sine)
    } else {
        let (sine, cosine) = sine_and_cosine(rest);
        (quarters, sine, cosine)
    }
}

/// The two series, for an angle of at most π/4.
fn sine_and_cosine<const N: usize>(angle: Wide<N>) -> (Wide<N>, Wide<N>) {
    let mut sums = [Wide::ZERO; 4];
    let mut term = Wide::ONE;
    let mut index = 0;
    while !term.is_zero() {
        let sum = &mut sums[index % 4];
        *sum = sum.plus(term);
        index += 1;
        term = term.times(angle).over_integer(index as u64);
    }
    (sums[1].minus(sums[3]), sums[0].minus(sums[2]))
}

/// The sine of the angle and `quarters_more` quarter turns.
fn sin<const N: usize>(is_negative: bool, steps: u64, quarters_more: u64) -> Signed<N> {
    let (quarters, sine, cosine) = turn(steps);
    let quarters = quarters + quarters_more;
    Signed {
        is_negative: is_negative != (quarters & 2 == 2),
        magnitude: if quarters & 1 == 1 { cosine } else { sine },
    }
}

fn tan<const N: usize>(first: i64) -> Signed<N> {
    let (quarters, sine, cosine) = turn(first.unsigned_abs());
    let is_odd = quarters & 1 == 1;
    Signed {
        is_negative: (first < 0) != is_odd,
        magnitude: if is_odd {
            cosine.over(sine)
        } else {
            sine.over(cosine)
        },
    }
}

/// √(1 − x²): the product under the root is a whole number of 2^−64.
fn cosine_of_arc<const N: usize>(first: i64) -> Wide<N> {
    let square = u128::from(first.unsigned_abs()).pow(2);
    Wide::from_64_bits((1u128 << 64) - square).square_root()
}

/// atan(y/x) in the first quarter turn; not both are zero.
fn angle<const N: usize>(y: Wide<N>, x: Wide<N>) -> Wide<N> {
    if y > x {
        Wide::constant(&HALF_PI).minus(slope_angle(x.over(y)))
    } else {
        slope_angle(y.over(x))
    }
}

/// atan(z) for 0 ≤ z ≤ 1, as atan(i/8) and the series of the angle between the two slopes.
fn slope_angle<const N: usize>(slope: Wide<N>) -> Wide<N> {
    let eighths = slope.shifted_left(3).integer_part();
    let near = Wide::from_integer(eighths).shifted_right(3);
    let rest = slope.minus(near).over(Wide::ONE.plus(slope.times(near)));
    let square = rest.times(rest);
    let (mut sums, mut term) = ([Wide::ZERO; 2], rest);
    let mut index = 0usize;
    while !term.is_zero() {
        let sum = &mut sums[index % 2];
        *sum = sum.plus(term.over_integer(2 * index as u64 + 1));
        term = term.times(square);
        index += 1;
    }
    let table = &ATAN_EIGHTHS[usize::try_from(eighths).unwrap_or(0)];
    Wide::constant(table).plus(sums[0].minus(sums[1]))
}

/// π − angle where the point lies on the left.
fn turned<const N: usize>(angle: Wide<N>, is_left: bool) -> Signed<N> {
    let half_turn = Wide::constant(&HALF_PI).shifted_left(1);
    positive(if is_left {
        half_turn.minus(angle)
    } else {
        angle
    })
}

fn hyperbolic<const N: usize>(series: Series, is_negative: bool, magnitude: Wide<N>) -> Signed<N> {
    let growing = exp(positive(magnitude));
    let falling = exp(Signed {
        is_negative: true,
        magnitude,
    });
    let (sum, difference) = (growing.plus(falling), growing.minus(falling));
    match series {
        Series::Cosh => positive(sum.shifted_right(1)),
        Series::Sinh => Signed {
            is_negative,
            magnitude: difference.shifted_right(1),
        },
        _ => Signed {
            is_negative,
            magnitude: difference.over(sum),
        },
    }
}
