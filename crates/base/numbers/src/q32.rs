//! Q32.32: what folds and policies compute in. An `i64` count of 2^−32 steps, ±2^31.
//!
//! Sums and differences are exact or an error; products, quotients and square roots round to the
//! nearest step, ties to even. There is no NaN, no infinity and no negative zero.

use crate::{FRACTION_BITS, Fixed, Function, Number, NumberError};
use core::fmt;
use core::str::FromStr;

/// A signed Q32.32 fixed-point number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Q32(i64);

impl Q32 {
    /// Zero.
    pub const ZERO: Q32 = Q32(0);
    /// One.
    pub const ONE: Q32 = Q32(1 << FRACTION_BITS);
    /// The lowest value, −2^31.
    pub const MIN: Q32 = Q32(i64::MIN);
    /// The highest value, 2^31 − 2^−32.
    pub const MAX: Q32 = Q32(i64::MAX);

    /// The value `steps · 2^−32`.
    #[inline]
    #[must_use]
    pub const fn from_steps(steps: i64) -> Q32 {
        Q32(steps)
    }

    /// How many steps of 2^−32 the value has.
    #[inline]
    #[must_use]
    pub const fn steps(self) -> i64 {
        self.0
    }

    /// The integer as Q32.32.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] outside −2^31 … 2^31 − 1.
    #[inline]
    pub fn from_integer(integer: i64) -> Result<Q32, NumberError> {
        integer
            .checked_mul(1 << FRACTION_BITS)
            .map(Q32)
            .ok_or(NumberError::Overflow)
    }

    /// The number as Q32.32, exactly.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] outside ±2^31.
    pub fn from_number(number: Number) -> Result<Q32, NumberError> {
        let fixed = number.to_fixed().ok_or(NumberError::Overflow)?;
        i64::try_from(fixed.steps())
            .map(Q32)
            .map_err(|_| NumberError::Overflow)
    }

    /// The same value as wide fixed point.
    #[must_use]
    pub const fn to_fixed(self) -> Fixed {
        Fixed::from_steps(self.0 as i128)
    }

    /// The same value as a normalised number.
    #[must_use]
    pub const fn to_number(self) -> Number {
        Number::from_fixed(self.to_fixed())
    }

    /// Whether the fraction is zero.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        self.to_fixed().is_integer()
    }

    /// The largest integer not above the value.
    #[inline]
    #[must_use]
    pub const fn floor(self) -> i64 {
        self.0 >> FRACTION_BITS
    }

    /// Reads decimal text as [`Number::parse`] does.
    ///
    /// # Errors
    /// [`NumberError::Syntax`], or [`NumberError::Range`] outside ±2^31.
    pub fn parse(text: &str) -> Result<Q32, NumberError> {
        Q32::from_number(Number::parse(text)?).map_err(|_| NumberError::Range)
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    #[inline]
    pub fn checked_add(self, other: Q32) -> Result<Q32, NumberError> {
        self.0
            .checked_add(other.0)
            .map(Q32)
            .ok_or(NumberError::Overflow)
    }

    /// The exact difference.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    #[inline]
    pub fn checked_sub(self, other: Q32) -> Result<Q32, NumberError> {
        self.0
            .checked_sub(other.0)
            .map(Q32)
            .ok_or(NumberError::Overflow)
    }

    /// The value with the other sign.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] for [`Q32::MIN`].
    #[inline]
    pub fn checked_neg(self) -> Result<Q32, NumberError> {
        self.0.checked_neg().map(Q32).ok_or(NumberError::Overflow)
    }

    /// The product, rounded to the nearest step, ties to even.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves of the product"
    )]
    pub fn checked_mul(self, other: Q32) -> Result<Q32, NumberError> {
        let product = i128::from(self.0) * i128::from(other.0);
        let (high, low) = ((product >> 64) as i64, product as u64);
        // The floor fits exactly if the high half fits 32 bits.
        if i64::from(high as i32) != high {
            return Err(NumberError::Overflow);
        }
        let floor = (high << 32) | (low >> 32).cast_signed();
        // Carries where the fraction is above one half, or equal and the floor is odd. It needs the low half
        // only, so that it is ready when the floor is.
        let is_odd = (low >> 32) & 1;
        let carry = ((low & 0xffff_ffff) + is_odd + 0x7fff_ffff) >> 32;
        floor
            .checked_add(carry.cast_signed())
            .map(Q32)
            .ok_or(NumberError::Overflow)
    }

    /// The quotient, rounded to the nearest step, ties to even.
    ///
    /// # Errors
    /// [`NumberError::DivideByZero`] or [`NumberError::Overflow`].
    #[inline]
    pub fn checked_div(self, other: Q32) -> Result<Q32, NumberError> {
        if other.0 == 0 {
            return Err(NumberError::DivideByZero);
        }
        let (dividend, divisor) = (self.0.unsigned_abs(), other.0.unsigned_abs());
        let magnitude = divide_to_even(dividend, divisor)?;
        let is_negative = (self.0 < 0) != (other.0 < 0);
        signed(magnitude, is_negative).map(Q32)
    }

    /// The largest integer not above the exact quotient. It is an integer, so it may exceed ±2^31.
    ///
    /// # Errors
    /// [`NumberError::DivideByZero`], or [`NumberError::Overflow`] outside `i64`.
    #[inline]
    pub fn floor_div(self, other: Q32) -> Result<i64, NumberError> {
        if other.0 == 0 {
            return Err(NumberError::DivideByZero);
        }
        let quotient = self.0.checked_div(other.0).ok_or(NumberError::Overflow)?;
        let remainder = self.0.wrapping_rem(other.0);
        // Cut towards zero: one too high where the signs differ. It cannot be the lowest integer then.
        let is_above = remainder != 0 && (remainder < 0) != (other.0 < 0);
        Ok(quotient - i64::from(is_above))
    }

    /// `self − other · floor(self / other)`, exact; it has the sign of `other`.
    ///
    /// # Errors
    /// [`NumberError::DivideByZero`].
    #[inline]
    pub fn floor_mod(self, other: Q32) -> Result<Q32, NumberError> {
        if other.0 == 0 {
            return Err(NumberError::DivideByZero);
        }
        let remainder = self.0.wrapping_rem(other.0);
        let has_other_sign = remainder != 0 && (remainder < 0) != (other.0 < 0);
        Ok(Q32(if has_other_sign {
            remainder + other.0
        } else {
            remainder
        }))
    }

    /// The square root, rounded to the nearest step (a tie cannot occur).
    ///
    /// # Errors
    /// [`NumberError::Domain`] below zero.
    pub fn checked_sqrt(self) -> Result<Q32, NumberError> {
        Function::Sqrt.evaluate(self, Q32::ZERO)
    }
}

/// The magnitude with a sign, if it fits.
#[inline]
fn signed(magnitude: u64, is_negative: bool) -> Result<i64, NumberError> {
    let result = if is_negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    };
    result.ok_or(NumberError::Overflow)
}

/// `dividend · 2^32 / divisor` rounded to nearest, ties to even; `divisor` is not zero.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the quotient is below 2^64"
)]
fn divide_to_even(dividend: u64, divisor: u64) -> Result<u64, NumberError> {
    if dividend >> 32 >= divisor {
        return Err(NumberError::Overflow);
    }
    let wide = u128::from(dividend) << FRACTION_BITS;
    let floor = (wide / u128::from(divisor)) as u64;
    // Below the divisor, so its low half is all of it.
    let remainder = (wide as u64).wrapping_sub(floor.wrapping_mul(divisor));
    let rest = divisor - remainder;
    let is_up = remainder > rest || (remainder == rest && floor & 1 == 1);
    floor
        .checked_add(u64::from(is_up))
        .ok_or(NumberError::Overflow)
}

impl fmt::Display for Q32 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_fixed().fmt(formatter)
    }
}

impl FromStr for Q32 {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Q32, NumberError> {
        Q32::parse(text)
    }
}
