//! Cube root and hypotenuse: exact integer roots with what is left over, so no error bound is needed.

use crate::binary64::bits::CANONICAL_NAN;
use crate::binary64::round::{compose, decompose};

/// The cube root. Zeros, infinities keep their sign; exact cubes give exact roots.
#[must_use]
pub fn cbrt(x: f64) -> f64 {
    if x.is_nan() {
        return CANONICAL_NAN;
    }
    if x == 0.0 || x.is_infinite() {
        return x;
    }
    let (mantissa, exponent) = decompose(x);
    // |x| = m · 2^(3q) with m of 169 … 171 bits, so that the root has 57 bits.
    let remainder = exponent.rem_euclid(3);
    let quotient = (exponent - remainder) / 3 - 39;
    let cube = shifted(mantissa << remainder, 117);
    let (root, is_more) = cube_root(cube);
    compose(x < 0.0, root, quotient, is_more)
}

/// √(x² + y²) without overflow in the middle. ∞ if either is infinite, even beside NaN.
#[must_use]
pub fn hypot(x: f64, y: f64) -> f64 {
    if x.is_infinite() || y.is_infinite() {
        return f64::INFINITY;
    }
    if x.is_nan() || y.is_nan() {
        return CANONICAL_NAN;
    }
    let (large, small) = if x.abs() < y.abs() { (y, x) } else { (x, y) };
    if small == 0.0 {
        return large.abs();
    }
    let (large_mantissa, exponent) = decompose(large);
    let (small_mantissa, small_exponent) = decompose(small);
    let difference = exponent - small_exponent;
    // large·(1 + q²/2 + …) with q < 2^−27: the rest is less than half a unit in the last place.
    if difference >= 28 {
        return large.abs();
    }
    // Squares in units of 2^(2·exponent − 10): the larger has at least 115 bits, so the root has at least 58.
    let large_square = (u128::from(large_mantissa) * u128::from(large_mantissa)) << 10;
    let small_square = (u128::from(small_mantissa) * u128::from(small_mantissa)) << 10;
    let cut = 2 * difference.unsigned_abs();
    let sum = large_square + (small_square >> cut);
    let is_cut = small_square & ((1 << cut) - 1) != 0;
    let root = sum.isqrt();
    let is_more = is_cut || root * root != sum;
    compose(false, root as u64, exponent - 5, is_more)
}

/// `value · 2^count` as three limbs from the lowest; count is below 128.
fn shifted(value: u64, count: u32) -> [u64; 3] {
    let wide = u128::from(value) << (count % 64);
    [0, wide as u64, (wide >> 64) as u64]
}

/// The largest root whose cube is not above, and whether its cube is below; for roots below 2^58.
fn cube_root(cube: [u64; 3]) -> (u64, bool) {
    let mut root = 0u64;
    for bit in (0..58).rev() {
        let next = root | 1 << bit;
        if is_not_above(cube_of(next), cube) {
            root = next;
        }
    }
    (root, cube_of(root) != cube)
}

fn cube_of(root: u64) -> [u64; 3] {
    let square = u128::from(root) * u128::from(root);
    let low = (square as u64) as u128 * u128::from(root);
    let high = (square >> 64) * u128::from(root) + (low >> 64);
    [low as u64, high as u64, (high >> 64) as u64]
}

fn is_not_above(left: [u64; 3], right: [u64; 3]) -> bool {
    left.iter().rev().le(right.iter().rev())
}
