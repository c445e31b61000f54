//! Conversions between binary64 and integers, binary32 and Q32.32.
//!
//! From integers and to binary32 the result is rounded to nearest, ties to even. Towards integers the caller says how:
//! nearest, truncated or exact; a NaN, an infinity and a value out of range are errors, never saturated.
//! Judge: TestFloat's cases against SoftFloat. Tests: `tests/it/binary64/convert.rs`.

use super::arithmetic::{round_ties_even, trunc};
use super::bits::CANONICAL_NAN;
use crate::{NumberError, Q32};

/// The bits of the one NaN in binary32.
pub const CANONICAL_NAN_BITS_32: u32 = 0x7fc0_0000;

/// 2^32, the number of steps of one in Q32.32.
const STEPS_PER_ONE: f64 = 4_294_967_296.0;

/// The integer, exactly.
#[must_use]
pub fn from_i32(integer: i32) -> f64 {
    f64::from(integer)
}

/// The integer, exactly.
#[must_use]
pub fn from_u32(integer: u32) -> f64 {
    f64::from(integer)
}

/// The integer, rounded to nearest even beyond 2^53.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "rounding is what is documented")]
pub const fn from_i64(integer: i64) -> f64 {
    integer as f64
}

/// The integer, rounded to nearest even beyond 2^53.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "rounding is what is documented")]
pub const fn from_u64(integer: u64) -> f64 {
    integer as f64
}

/// The fixed value, rounded to nearest even where it has more than 53 significant bits.
#[must_use]
pub fn from_q32(fixed: Q32) -> f64 {
    // Dividing by a power of two is exact here: the smallest non-zero result is 2^−32.
    from_i64(fixed.steps()) / STEPS_PER_ONE
}

/// The nearest Q32.32 value, ties to even.
///
/// # Errors
/// [`NumberError::Domain`] for NaN, [`NumberError::Overflow`] outside ±2^31.
pub fn to_q32(value: f64) -> Result<Q32, NumberError> {
    // Multiplying by a power of two is exact, or infinite far outside the range.
    to_i64(value * STEPS_PER_ONE).map(Q32::from_steps)
}

macro_rules! to_integer {
    ($nearest:ident, $truncated:ident, $integer:ty, $low:expr, $high:expr) => {
        /// The nearest integer, ties to even.
        ///
        /// # Errors
        /// [`NumberError::Domain`] for NaN, [`NumberError::Overflow`] where the rounded value does not fit.
        pub fn $nearest(value: f64) -> Result<$integer, NumberError> {
            $truncated(round_ties_even(value))
        }

        /// The integer part, towards zero.
        ///
        /// # Errors
        /// [`NumberError::Domain`] for NaN, [`NumberError::Overflow`] where the integer part does not fit.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was checked; only the unsigned ones lose a sign"
        )]
        pub fn $truncated(value: f64) -> Result<$integer, NumberError> {
            if value.is_nan() {
                return Err(NumberError::Domain);
            }
            let whole = trunc(value);
            // Both bounds are exact: the lowest integer, and one above the highest.
            if ($low..$high).contains(&whole) {
                Ok(whole as $integer)
            } else {
                Err(NumberError::Overflow)
            }
        }
    };
}

to_integer!(
    to_i32,
    to_i32_truncated,
    i32,
    -2_147_483_648.0,
    2_147_483_648.0
);
to_integer!(to_u32, to_u32_truncated, u32, 0.0, 4_294_967_296.0);
to_integer!(
    to_i64,
    to_i64_truncated,
    i64,
    -9_223_372_036_854_775_808.0,
    9_223_372_036_854_775_808.0
);
to_integer!(
    to_u64,
    to_u64_truncated,
    u64,
    0.0,
    18_446_744_073_709_551_616.0
);

/// The integer a float *is*, as Lua converts floats to integers.
///
/// # Errors
/// [`NumberError::Domain`] for NaN and for a value with a fraction, [`NumberError::Overflow`] outside `i64`.
pub fn to_i64_exact(value: f64) -> Result<i64, NumberError> {
    if value.is_finite() && trunc(value) != value {
        return Err(NumberError::Domain);
    }
    to_i64_truncated(value)
}

/// The bits of the nearest binary32, ties to even; canonical for NaN. Beyond its range: infinity.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::disallowed_types,
    reason = "rounding is what is documented"
)]
pub const fn to_binary32_bits(value: f64) -> u32 {
    if value.is_nan() {
        CANONICAL_NAN_BITS_32
    } else {
        (value as f32).to_bits()
    }
}

/// The value of these binary32 bits, exactly; canonical for NaN.
#[must_use]
#[expect(clippy::disallowed_types, reason = "only to widen it")]
pub fn from_binary32_bits(bits: u32) -> f64 {
    let narrow = f32::from_bits(bits);
    if narrow.is_nan() {
        CANONICAL_NAN
    } else {
        f64::from(narrow)
    }
}
