//! Wide fixed point: a 128-bit count of 2^−32 steps.
//!
//! Wide enough that sums of very many Q32.32 values always have a form. Computing with fractions is
//! [`crate::Q32`]'s work; mixing with integers is [`crate::Number`]'s.

use crate::{FRACTION_BITS, NumberError};
use core::fmt;

/// A count of 2^−32 steps; any `i128` is a valid count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed(i128);

impl Fixed {
    /// Zero.
    pub const ZERO: Fixed = Fixed(0);

    /// The value `steps · 2^−32`.
    #[must_use]
    pub const fn from_steps(steps: i128) -> Fixed {
        Fixed(steps)
    }

    /// How many steps of 2^−32 the value has.
    #[must_use]
    pub const fn steps(self) -> i128 {
        self.0
    }

    /// The integer as fixed point, or `None` outside −2^95 … 2^95 − 1.
    #[must_use]
    pub const fn from_integer(integer: i128) -> Option<Fixed> {
        match integer.checked_mul(1 << FRACTION_BITS) {
            Some(steps) => Some(Fixed(steps)),
            None => None,
        }
    }

    /// Whether the fraction is zero.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        self.fraction_steps() == 0
    }

    /// The largest integer not above the value.
    #[must_use]
    pub const fn floor(self) -> i128 {
        self.0 >> FRACTION_BITS
    }

    /// The steps above [`Fixed::floor`], 0 … 2^32 − 1.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low 32 bits are what is asked for"
    )]
    pub const fn fraction_steps(self) -> u32 {
        self.0 as u32
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] outside the range of the type.
    pub const fn checked_add(self, other: Fixed) -> Result<Fixed, NumberError> {
        wrap(self.0.checked_add(other.0))
    }

    /// The exact difference.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] outside the range of the type.
    pub const fn checked_sub(self, other: Fixed) -> Result<Fixed, NumberError> {
        wrap(self.0.checked_sub(other.0))
    }

    /// The exact multiple, for weights and counts.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] outside the range of the type.
    pub const fn checked_multiple(self, count: i128) -> Result<Fixed, NumberError> {
        wrap(self.0.checked_mul(count))
    }

    /// The value with the other sign.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] for the lowest value, which has no opposite.
    pub const fn checked_neg(self) -> Result<Fixed, NumberError> {
        wrap(self.0.checked_neg())
    }
}

const fn wrap(steps: Option<i128>) -> Result<Fixed, NumberError> {
    match steps {
        Some(steps) => Ok(Fixed(steps)),
        None => Err(NumberError::Overflow),
    }
}

impl fmt::Display for Fixed {
    /// Canonical decimal text; a zero fraction prints as the integer.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::NumberText::of_fixed(*self).fmt(formatter)
    }
}
