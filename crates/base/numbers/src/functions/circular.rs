//! Sine, cosine, tangent.
//!
//! The angle is counted in quarter turns, with 96 bits behind the point: x·(2/π), whose error is below two
//! units also for the largest x. Inside a quarter the series of sine and cosine run in 64 bits.
//!
//! Errors, in units of 2^−62: a step of Horner's rule cuts two values (2 units) and takes over a quarter of
//! the error before it, so a series is off by less than 4; the angle has 64 bits, cut (1 unit). Below 8 in all.

use super::constants::{COS_SERIES, SIN_SERIES, TWO_OVER_PI};
use super::multiply::high_64;
use super::precise::Series;
use super::round::{nearest, settle};
use crate::NumberError;

const SERIES_POINT: u32 = 62;
const SERIES_ERROR: i128 = 8;

/// An angle from 0 in quarter turns.
struct Turn {
    quarters: u64,
    /// What is over, 96 bits behind the point.
    rest: u128,
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "halves of numbers")]
fn turn(steps: u64) -> Turn {
    let high = u128::from(steps) * (TWO_OVER_PI >> 64);
    let low = high_64(steps, TWO_OVER_PI as u64);
    let turns = high + u128::from(low);
    Turn {
        quarters: (turns >> 96) as u64,
        rest: turns & ((1 << 96) - 1),
    }
}

/// The series of the sine over the angle, for 0 ≤ f ≤ 1/2 quarter turns with f² given in 64 bits.
#[inline]
fn sine_series(square: u64) -> u64 {
    horner(&SIN_SERIES, square)
}

#[inline]
fn horner(series: &[u64; 10], square: u64) -> u64 {
    let [first, rest @ .., last] = series;
    let inner = rest
        .iter()
        .rev()
        .fold(*last, |sum, coefficient| coefficient - high_64(sum, square));
    first - high_64(inner, square)
}

/// The sine of `quarters` + `rest` quarter turns, 62 bits behind the point.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the rest has 96 bits")]
fn sine(turn: &Turn) -> i128 {
    let rest = (turn.rest >> 32) as u64;
    let is_past_middle = rest > 1 << 63;
    let angle = if is_past_middle {
        rest.wrapping_neg()
    } else {
        rest
    };
    let square = high_64(angle, angle);
    let is_cosine = (turn.quarters & 1 == 1) != is_past_middle;
    let value = if is_cosine {
        horner(&COS_SERIES, square)
    } else {
        high_64(sine_series(square), angle)
    };
    let value = i128::from(value);
    if turn.quarters & 2 == 2 {
        -value
    } else {
        value
    }
}

#[inline]
pub(super) fn sin<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let value = sine(&turn(steps.unsigned_abs()));
    let value = if steps < 0 { -value } else { value };
    settle::<F>(
        nearest::<F>(value, SERIES_POINT, SERIES_ERROR),
        Series::Sin,
        steps,
        0,
    )
}

#[inline]
pub(super) fn cos<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let turn = turn(steps.unsigned_abs());
    let value = sine(&Turn {
        quarters: turn.quarters + 1,
        ..turn
    });
    settle::<F>(
        nearest::<F>(value, SERIES_POINT, SERIES_ERROR),
        Series::Cos,
        steps,
        0,
    )
}

/// The tangent as a quotient of the two series; next to a pole the denominator keeps its leading bits.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "values below 2^64")]
pub(super) fn tan<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let turn = turn(steps.unsigned_abs());
    let is_past_middle = turn.rest > 1 << 95;
    let angle = if is_past_middle {
        (1 << 96) - turn.rest
    } else {
        turn.rest
    };
    let narrow = (angle >> 32) as u64;
    let square = high_64(narrow, narrow);
    let (series, cosine) = (sine_series(square), horner(&COS_SERIES, square));
    let is_odd = turn.quarters & 1 == 1;
    let (magnitude, point) = if is_odd == is_past_middle {
        let sine = high_64(series, narrow);
        (quotient(cosine, sine), SERIES_POINT)
    } else {
        // The angle's leading 64 bits; the count is that of a number of 96 bits.
        let zeros = angle.leading_zeros() - 32;
        if zeros > 33 {
            // The cotangent of less than 2^−33 quarter turns.
            return Err(NumberError::Overflow);
        }
        let leading = ((angle << zeros) >> 32) as u64;
        let sine = high_64(series, leading);
        (quotient(sine, cosine), SERIES_POINT - zeros)
    };
    let value = if (steps < 0) == is_odd {
        magnitude
    } else {
        -magnitude
    };
    // Relative to the quotient, at most √2, numerator and denominator are off by 8 units of 0.7 each; one for the cut.
    let fast = if point > F + 1 {
        nearest::<F>(value, point, 40)
    } else {
        None
    };
    settle::<F>(fast, Series::Tan, steps, 0)
}

/// `numerator / denominator` with 62 bits behind the point.
#[inline]
fn quotient(denominator: u64, numerator: u64) -> i128 {
    let quotient = (u128::from(numerator) << SERIES_POINT) / u128::from(denominator);
    i128::try_from(quotient).unwrap_or(i128::MAX)
}
