//! Q32.32: what folds and policies compute in. An `i64` count of 2^−32 steps, ±2^31.
//!
//! Sums and differences are exact or an error; products, quotients and square roots round to the
//! nearest step, ties to even. There is no NaN, no infinity and no negative zero.

use crate::{FRACTION_BITS, Fixed, Number, NumberError};
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
    #[must_use]
    pub const fn from_steps(steps: i64) -> Q32 {
        Q32(steps)
    }

    /// How many steps of 2^−32 the value has.
    #[must_use]
    pub const fn steps(self) -> i64 {
        self.0
    }

    /// The integer as Q32.32.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] outside −2^31 … 2^31 − 1.
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
    pub fn checked_neg(self) -> Result<Q32, NumberError> {
        self.0.checked_neg().map(Q32).ok_or(NumberError::Overflow)
    }

    /// The product, rounded to the nearest step, ties to even.
    ///
    /// # Errors
    /// [`NumberError::Overflow`].
    pub fn checked_mul(self, other: Q32) -> Result<Q32, NumberError> {
        let product = i128::from(self.0) * i128::from(other.0);
        narrow(divide_to_even(product, 1 << FRACTION_BITS))
    }

    /// The quotient, rounded to the nearest step, ties to even.
    ///
    /// # Errors
    /// [`NumberError::DivideByZero`] or [`NumberError::Overflow`].
    pub fn checked_div(self, other: Q32) -> Result<Q32, NumberError> {
        if other.0 == 0 {
            return Err(NumberError::DivideByZero);
        }
        narrow(divide_to_even(
            i128::from(self.0) << FRACTION_BITS,
            i128::from(other.0),
        ))
    }

    /// The largest integer not above the exact quotient. It is an integer, so it may exceed ±2^31.
    ///
    /// # Errors
    /// [`NumberError::DivideByZero`], or [`NumberError::Overflow`] outside `i64`.
    pub fn floor_div(self, other: Q32) -> Result<i64, NumberError> {
        if other.0 == 0 {
            return Err(NumberError::DivideByZero);
        }
        let (quotient, _) = floor_divide(i128::from(self.0), i128::from(other.0));
        i64::try_from(quotient).map_err(|_| NumberError::Overflow)
    }

    /// `self − other · floor(self / other)`, exact; it has the sign of `other`.
    ///
    /// # Errors
    /// [`NumberError::DivideByZero`].
    pub fn floor_mod(self, other: Q32) -> Result<Q32, NumberError> {
        if other.0 == 0 {
            return Err(NumberError::DivideByZero);
        }
        let (_, remainder) = floor_divide(i128::from(self.0), i128::from(other.0));
        narrow(remainder)
    }

    /// The square root, rounded to the nearest step (a tie cannot occur).
    ///
    /// # Errors
    /// [`NumberError::Domain`] below zero.
    pub fn checked_sqrt(self) -> Result<Q32, NumberError> {
        let steps = u64::try_from(self.0).map_err(|_| NumberError::Domain)?;
        let square = u128::from(steps) << FRACTION_BITS;
        let root = square.isqrt();
        // (root + ½)² = root² + root + ¼, and `square` is whole: above the middle means remainder > root.
        let rounded = if square - root * root > root {
            root + 1
        } else {
            root
        };
        i64::try_from(rounded)
            .map(Q32)
            .map_err(|_| NumberError::Overflow)
    }
}

fn narrow(steps: i128) -> Result<Q32, NumberError> {
    i64::try_from(steps)
        .map(Q32)
        .map_err(|_| NumberError::Overflow)
}

/// Floored quotient and remainder; `divisor` is not zero and both are far from the limits of `i128`.
fn floor_divide(dividend: i128, divisor: i128) -> (i128, i128) {
    let (quotient, remainder) = (dividend / divisor, dividend % divisor);
    if remainder != 0 && (remainder < 0) != (divisor < 0) {
        (quotient - 1, remainder + divisor)
    } else {
        (quotient, remainder)
    }
}

/// The quotient rounded to nearest, ties to even; `divisor` is not zero.
fn divide_to_even(dividend: i128, divisor: i128) -> i128 {
    let (floor, remainder) = floor_divide(dividend, divisor);
    let twice = 2 * remainder.unsigned_abs();
    let whole = divisor.unsigned_abs();
    if twice > whole || (twice == whole && floor & 1 == 1) {
        floor + 1
    } else {
        floor
    }
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
