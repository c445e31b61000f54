//! High halves of products: how the fast paths multiply fractions.
//!
//! Numbers are unsigned with a point that only the caller knows. Everything is cut off, never rounded up.

/// The high 64 bits of the product.
#[inline]
pub(super) const fn high_64(left: u64, right: u64) -> u64 {
    ((left as u128 * right as u128) >> 64) as u64
}

/// The high 128 bits of the product, too low by at most two units.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "halves")]
pub(super) const fn high_128(left: u128, right: u128) -> u128 {
    let (left_high, left_low) = ((left >> 64) as u64, left as u64);
    let (right_high, right_low) = ((right >> 64) as u64, right as u64);
    left_high as u128 * right_high as u128
        + high_64(left_high, right_low) as u128
        + high_64(left_low, right_high) as u128
}

/// `left · right / 2^64` for a narrow factor, too low by less than two units.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "halves")]
pub(super) const fn high_mixed(left: u128, right: u64) -> u128 {
    (left >> 64) * right as u128 + high_64(left as u64, right) as u128
}
