//! Arc sine, arc cosine, arc tangent of one and of two arguments.
//!
//! All are angles of a point in the plane. The slope is at most one, by exchanging the axes; it is taken
//! apart as i/64, whose angle is in a table, and a rest of at most 1/64, whose angle is a short series.
//!
//! Errors, in units of 2^−64: the slope's rest 2, the series 4, the table 1, π 2; the root 2. Below 16 in all.

use super::constants::{ATAN_TABLE, HALF_PI_64};
use super::multiply::high_64;
use super::precise::Series;
use super::round::{nearest, settle};
use crate::NumberError;

const POINT: u32 = 64;
const ERROR: i128 = 16;
const ONE_STEPS: i64 = 1 << 32;
const HALF_TURN: i128 = (HALF_PI_64 << 1).cast_signed();

/// The angle of the point (x, y) in the first quarter, from 0 to π/2; not both are zero.
#[inline]
fn angle(y: u64, x: u64) -> i128 {
    if y <= x {
        slope_angle(y, x)
    } else {
        HALF_PI_64.cast_signed() - slope_angle(x, y)
    }
}

/// atan(small/big) for small ≤ big, big > 0.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "quotients below 2^64")]
fn slope_angle(small: u64, big: u64) -> i128 {
    let zeros = big.leading_zeros();
    let (small, big) = (small << zeros, big << zeros);
    // Never above the slope, and at most 63.
    let index = ((small >> 32) << 6) / ((big >> 32) + 1);
    let numerator = (u128::from(small) << 6) - u128::from(index) * u128::from(big);
    let denominator = (u128::from(big) << 6) + u128::from(index) * u128::from(small);
    let rest = ((numerator << 57) / u128::from((denominator >> 7) as u64)) as u64;
    let square = high_64(rest, rest);
    // 1/3 − s/5 + s²/7 − s³/9, and 1 minus s times that; the next term is below 2^−69.
    let series = THIRD
        - high_64(
            square,
            FIFTH - high_64(square, SEVENTH - high_64(square, NINTH)),
        );
    let arc = rest - high_64(rest, high_64(square, series));
    i128::from(ATAN_TABLE[index as usize]) + i128::from(arc)
}

const THIRD: u64 = u64::MAX / 3;
const FIFTH: u64 = u64::MAX / 5;
const SEVENTH: u64 = u64::MAX / 7;
const NINTH: u64 = u64::MAX / 9;

#[inline]
pub(super) fn atan2<const F: u32>(y: i64, x: i64) -> Result<i64, NumberError> {
    if y == 0 {
        return match x {
            0 => Err(NumberError::Domain),
            1.. => Ok(0),
            _ => decide::<F>(HALF_TURN, Series::Atan2, y, x),
        };
    }
    let angle = angle(y.unsigned_abs(), x.unsigned_abs());
    let angle = if x < 0 { HALF_TURN - angle } else { angle };
    let value = if y < 0 { -angle } else { angle };
    decide::<F>(value, Series::Atan2, y, x)
}

#[inline]
pub(super) fn asin<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let (x, y) = (cosine_of_arc(steps)?, steps.unsigned_abs() << 31);
    let angle = angle(y, x);
    let value = if steps < 0 { -angle } else { angle };
    decide::<F>(value, Series::Asin, steps, 0)
}

#[inline]
pub(super) fn acos<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let (y, x) = (cosine_of_arc(steps)?, steps.unsigned_abs() << 31);
    let angle = angle(y, x);
    let value = if steps < 0 { HALF_TURN - angle } else { angle };
    decide::<F>(value, Series::Acos, steps, 0)
}

#[inline]
fn decide<const F: u32>(
    value: i128,
    series: Series,
    first: i64,
    second: i64,
) -> Result<i64, NumberError> {
    settle::<F>(nearest::<F>(value, POINT, ERROR), series, first, second)
}

/// √(1 − x²), 63 bits behind the point.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "a root below 2^64")]
fn cosine_of_arc(steps: i64) -> Result<u64, NumberError> {
    if !(-ONE_STEPS..=ONE_STEPS).contains(&steps) {
        return Err(NumberError::Domain);
    }
    let steps = u128::from(steps.unsigned_abs());
    Ok((((1u128 << 64) - steps * steps) << 62).isqrt() as u64)
}
