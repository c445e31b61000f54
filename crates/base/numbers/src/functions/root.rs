//! Square root, cube root and hypotenuse: whole-number roots, so exact without any approximation.
//!
//! A root is found with its remainder, which says on which side of the next half step it lies. No root of these
//! lies on a half step: (n + ½)² and (n + ½)³ are never whole.
//!
//! Tests: `tests/it/functions.rs`.

use super::constants::CBRT_SEED;
use super::multiply::high_64;
use super::round::{fit, nearest_exact};
use crate::NumberError;

/// Bits behind the point of a root with its two marks.
const POINT: u32 = 34;

/// The root's floor, four times, and a mark: 0 exact, 1 below the half step above it, 3 beyond it.
#[inline]
fn marked(floor: u128, is_exact: bool, is_beyond: bool) -> i128 {
    let mark = if is_beyond { 3 } else { i128::from(!is_exact) };
    (floor << 2).cast_signed() | mark
}

#[inline]
fn square_root<const F: u32>(square: u128) -> Result<i64, NumberError> {
    let root = square.isqrt();
    let remainder = square - root * root;
    // (root + ½)² = root² + root + ¼.
    let value = marked(root, remainder == 0, remainder > root);
    fit::<F>(nearest_exact::<F>(value, POINT))
}

#[inline]
pub(super) fn sqrt<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let steps = u64::try_from(steps).map_err(|_| NumberError::Domain)?;
    square_root::<F>(u128::from(steps) << 32)
}

/// The sum of the squares is at most 2^127.
#[inline]
pub(super) fn hypot<const F: u32>(first: i64, second: i64) -> Result<i64, NumberError> {
    let (first, second) = (
        u128::from(first.unsigned_abs()),
        u128::from(second.unsigned_abs()),
    );
    square_root::<F>(first * first + second * second)
}

#[inline]
pub(super) fn cbrt<const F: u32>(steps: i64) -> Result<i64, NumberError> {
    let cube = u128::from(steps.unsigned_abs()) << 64;
    let root = cube_root_floor(cube);
    let remainder = cube - root * root * root;
    // (root + ½)³ = root³ + (12·root² + 6·root + 1)/8.
    let is_beyond = 8 * remainder > 12 * root * root + 6 * root;
    let value = marked(root, remainder == 0, is_beyond);
    let value = if steps < 0 { -value } else { value };
    fit::<F>(nearest_exact::<F>(value, POINT))
}

/// The largest number whose cube is not above `cube` < 2^127.
///
/// With cube = M·2^(3q), 1/8 ≤ M < 1: Newton's iteration for M^(−1/3) doubles the seed's 6 good bits three
/// times, which is one bit more than a root of 43 bits has.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "fields of numbers")]
fn cube_root_floor(cube: u128) -> u128 {
    if cube == 0 {
        return 0;
    }
    let third = (128 - cube.leading_zeros()).div_ceil(3);
    // M with 64 bits behind the point.
    let mantissa = shifted(cube, 64 - 3 * third.cast_signed()) as u64;
    // 62 bits behind the point: 1 < y ≤ 2.
    let mut y = u64::from(CBRT_SEED[(mantissa >> 57) as usize - 16]) << 38;
    for _ in 0..3 {
        // y·(4 − M·y³)/3 with M·y³ near one.
        let square = high_64(y, y);
        let product = high_64(high_64(mantissa, y), square);
        // 62, 60, 58 bits behind the point, in turn.
        let factor = (4u64 << 58) - product;
        y = ((u128::from(y) * u128::from(factor) / 3) >> 58) as u64;
    }
    // The root is M·y²·2^q; M·y² < 1 has 60 bits behind the point.
    let root = high_64(mantissa, high_64(y, y));
    let mut root = shifted(u128::from(root), third.cast_signed() - 60);
    while root * root * root > cube {
        root -= 1;
    }
    while (root + 1) * (root + 1) * (root + 1) <= cube {
        root += 1;
    }
    root
}

#[inline]
const fn shifted(value: u128, count: i32) -> u128 {
    if count < 0 {
        value >> count.unsigned_abs()
    } else {
        value << count.unsigned_abs()
    }
}
