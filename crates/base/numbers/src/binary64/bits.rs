//! The bits of a binary64 wherever they can be seen: hashes, snapshots, packs, host values, constants, columns.
//!
//! A NaN made by the hardware has a sign and a payload that differ between targets (0.0 ÷ 0.0 is negative on x86 and
//! positive on ARM). Programs cannot tell NaNs apart, so nothing is lost by keeping one.
//! Tests: `tests/it/binary64/bits.rs`.

use core::cmp::Ordering;

/// The bits of the one NaN: quiet, positive, no payload; what IEEE 754 calls the default and RISC-V always gives.
pub const CANONICAL_NAN_BITS: u64 = 0x7ff8_0000_0000_0000;

/// The one NaN.
pub const CANONICAL_NAN: f64 = f64::from_bits(CANONICAL_NAN_BITS);

/// The same value; a NaN of any sign and payload becomes the canonical one.
#[must_use]
pub const fn canonical(value: f64) -> f64 {
    if value.is_nan() { CANONICAL_NAN } else { value }
}

/// The bits of the value, canonical for NaN. −0.0 keeps its sign bit.
#[must_use]
pub const fn canonical_bits(value: f64) -> u64 {
    // Not `canonical(value).to_bits()`: on 32-bit x86 a float that travels through a register stack may change.
    if value.is_nan() {
        CANONICAL_NAN_BITS
    } else {
        value.to_bits()
    }
}

/// The value with these bits; bits of any NaN give the canonical one.
#[must_use]
pub const fn from_bits(bits: u64) -> f64 {
    canonical(f64::from_bits(bits))
}

/// The canonical bits, least significant byte first: the form of snapshots and columns.
#[must_use]
pub const fn to_le_bytes(value: f64) -> [u8; 8] {
    canonical_bits(value).to_le_bytes()
}

/// The value of eight bytes, least significant first, or `None` for a NaN that is not the canonical one.
#[must_use]
pub const fn from_le_bytes(bytes: [u8; 8]) -> Option<f64> {
    let bits = u64::from_le_bytes(bytes);
    let value = f64::from_bits(bits);
    if value.is_nan() && bits != CANONICAL_NAN_BITS {
        return None;
    }
    Some(value)
}

/// Whether two values are one and the same: NaN is itself, −0.0 is not 0.0.
#[must_use]
pub const fn is_same(left: f64, right: f64) -> bool {
    canonical_bits(left) == canonical_bits(right)
}

/// A total order for sorting and keys: −∞ … −0.0, 0.0 … ∞, NaN; equal exactly for [`is_same`] values.
#[must_use]
pub fn compare_bits(left: f64, right: f64) -> Ordering {
    order_key(left).cmp(&order_key(right))
}

/// Bits that rise with the value: negative numbers count backwards below zero.
fn order_key(value: f64) -> i64 {
    let bits = canonical_bits(value).cast_signed();
    bits ^ (((bits >> 63).cast_unsigned()) >> 1).cast_signed()
}
