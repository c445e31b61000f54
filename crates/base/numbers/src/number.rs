//! One visible number type: an integer, or a fixed value whose fraction is not zero.
//!
//! Equality, order and hash go by numeric value, exactly, so that a `Number::Fixed` built by hand
//! with a zero fraction still equals its integer. Text is `text`'s work.

use crate::{Fixed, NumberError, NumberText, Q32, text};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

/// An integer or a fixed-point value. Build fixed values with [`Number::from_fixed`], which normalises.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An integer, −2^127 … 2^127 − 1.
    Integer(i128),
    /// A value whose fraction is not zero.
    Fixed(Fixed),
}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number::Integer(0);

    /// The value as a number: a zero fraction becomes the integer.
    #[must_use]
    pub const fn from_fixed(fixed: Fixed) -> Number {
        if fixed.is_integer() {
            Number::Integer(fixed.floor())
        } else {
            Number::Fixed(fixed)
        }
    }

    /// The same number in normal form: never `Fixed` with a zero fraction.
    #[must_use]
    pub const fn normalised(self) -> Number {
        match self {
            Number::Integer(_) => self,
            Number::Fixed(fixed) => Number::from_fixed(fixed),
        }
    }

    /// Reads `-?(0|[1-9][0-9]*)(\.[0-9]+)?`; fractions round to steps of 2^−32, ties to even.
    ///
    /// # Errors
    /// [`NumberError::Syntax`] or [`NumberError::Range`].
    pub fn parse(text: &str) -> Result<Number, NumberError> {
        text::parse(text.as_bytes())
    }

    /// [`Number::parse`] for text that is still bytes.
    ///
    /// # Errors
    /// [`NumberError::Syntax`] or [`NumberError::Range`].
    pub fn parse_bytes(text: &[u8]) -> Result<Number, NumberError> {
        text::parse(text)
    }

    /// Whether `text` is exactly what this crate prints for some number.
    #[must_use]
    pub fn is_canonical_text(text: &[u8]) -> bool {
        text::is_canonical(text)
    }

    /// The canonical text, without allocation.
    #[must_use]
    pub fn to_text(self) -> NumberText {
        match self {
            Number::Integer(integer) => NumberText::of_integer(integer),
            Number::Fixed(fixed) => NumberText::of_fixed(fixed),
        }
    }

    /// The integer, if the fraction is zero.
    #[must_use]
    pub const fn as_integer(self) -> Option<i128> {
        match self.normalised() {
            Number::Integer(integer) => Some(integer),
            Number::Fixed(_) => None,
        }
    }

    /// The value as wide fixed point, or `None` for integers beyond its range.
    #[must_use]
    pub const fn to_fixed(self) -> Option<Fixed> {
        match self {
            Number::Integer(integer) => Fixed::from_integer(integer),
            Number::Fixed(fixed) => Some(fixed),
        }
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] where the sum has no form.
    pub fn checked_add(self, other: Number) -> Result<Number, NumberError> {
        match (self.normalised(), other.normalised()) {
            (Number::Integer(left), Number::Integer(right)) => integer(left.checked_add(right)),
            (Number::Fixed(left), Number::Fixed(right)) => {
                left.checked_add(right).map(Number::from_fixed)
            }
            // The sum keeps the fraction, so its integer part must fit the wide fixed form.
            (Number::Integer(left), Number::Fixed(right))
            | (Number::Fixed(right), Number::Integer(left)) => {
                let floor = left
                    .checked_add(right.floor())
                    .ok_or(NumberError::Overflow)?;
                let whole = Fixed::from_integer(floor).ok_or(NumberError::Overflow)?;
                whole
                    .checked_add(Fixed::from_steps(i128::from(right.fraction_steps())))
                    .map(Number::from_fixed)
            }
        }
    }

    /// The exact difference.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] where the difference has no form.
    pub fn checked_sub(self, other: Number) -> Result<Number, NumberError> {
        match (self.normalised(), other.normalised()) {
            (Number::Integer(left), Number::Integer(right)) => integer(left.checked_sub(right)),
            (Number::Fixed(left), Number::Fixed(right)) => {
                left.checked_sub(right).map(Number::from_fixed)
            }
            (left, right) => left.checked_add(right.checked_neg()?),
        }
    }

    /// The exact multiple, for weights and counts.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] where the multiple has no form. A fraction that the count makes whole has the wider range of
    /// integers, but only where the steps still fit 128 bits.
    pub fn checked_multiple(self, count: i128) -> Result<Number, NumberError> {
        match self.normalised() {
            Number::Integer(value) => integer(value.checked_mul(count)),
            Number::Fixed(fixed) => fixed.checked_multiple(count).map(Number::from_fixed),
        }
    }

    /// The exact sum of all, or the first refusal.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] where a partial sum has no form; the order of the numbers may decide that.
    pub fn checked_sum(numbers: impl IntoIterator<Item = Number>) -> Result<Number, NumberError> {
        numbers
            .into_iter()
            .try_fold(Number::ZERO, Number::checked_add)
    }

    /// The number with the other sign.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] for −2^127.
    pub fn checked_neg(self) -> Result<Number, NumberError> {
        match self.normalised() {
            Number::Integer(value) => integer(value.checked_neg()),
            Number::Fixed(fixed) => fixed.checked_neg().map(Number::from_fixed),
        }
    }

    /// The two parts that decide equality, order and hash: floor, then steps above it.
    const fn key(self) -> (i128, u32) {
        match self {
            Number::Integer(integer) => (integer, 0),
            Number::Fixed(fixed) => (fixed.floor(), fixed.fraction_steps()),
        }
    }
}

fn integer(value: Option<i128>) -> Result<Number, NumberError> {
    value.map(Number::Integer).ok_or(NumberError::Overflow)
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_text().fmt(formatter)
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Number, NumberError> {
        Number::parse(text)
    }
}

impl From<i128> for Number {
    fn from(integer: i128) -> Number {
        Number::Integer(integer)
    }
}

impl From<Fixed> for Number {
    fn from(fixed: Fixed) -> Number {
        Number::from_fixed(fixed)
    }
}

impl From<Q32> for Number {
    fn from(value: Q32) -> Number {
        Number::from_fixed(value.to_fixed())
    }
}
