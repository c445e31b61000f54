//! The one number type that programs of the fold profile see: an integer of 64 bits, or a Q32.32 with a fraction.
//!
//! Its operations are those of the language: `+ − * / // %`, comparison, and the functions. An integer that
//! meets a fixed value is promoted to Q32.32. A result whose fraction is zero is an integer at once, and then has the
//! integer's range. Q32.32 itself is [`Q32`]'s work; numbers of events, which may be wider, are [`Number`]'s.
//!
//! INVARIANT: `FoldNumber::Fixed` never holds a zero fraction, so equality of numbers is equality of values.
//!
//! Format page: `docs/formats/numbers.md`. Vectors: `vectors/numbers/fold.tsv`. Tests: `tests/it/fold_number.rs`.

use crate::{Fixed, Function, Number, NumberError, Q32};
use core::cmp::Ordering;
use core::fmt;

/// A number of the fold profile. [`FoldNumber::from_q32`] keeps the invariant; do not build `Fixed` from a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FoldNumber {
    /// An integer, −2^63 … 2^63 − 1.
    Integer(i64),
    /// A value whose fraction is not zero.
    Fixed(Q32),
}

use FoldNumber::Integer;

impl FoldNumber {
    /// Zero.
    pub const ZERO: FoldNumber = Integer(0);

    /// The value; a zero fraction becomes the integer.
    #[must_use]
    #[inline]
    pub const fn from_q32(value: Q32) -> FoldNumber {
        if value.is_integer() {
            Integer(value.floor())
        } else {
            FoldNumber::Fixed(value)
        }
    }

    /// A number of an event, exactly.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] for integers outside 64 bits and fractions outside ±2^31.
    pub fn from_number(number: Number) -> Result<FoldNumber, NumberError> {
        match number.normalised() {
            Number::Integer(integer) => i64::try_from(integer)
                .map(Integer)
                .map_err(|_| NumberError::Overflow),
            fixed @ Number::Fixed(_) => Q32::from_number(fixed).map(FoldNumber::Fixed),
        }
    }

    /// The same value as a number of the value model.
    #[must_use]
    pub const fn to_number(self) -> Number {
        match self {
            Integer(integer) => Number::Integer(integer as i128),
            FoldNumber::Fixed(value) => Number::Fixed(value.to_fixed()),
        }
    }

    /// The value as Q32.32: integers are promoted.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] for integers outside −2^31 … 2^31 − 1.
    #[inline]
    pub fn to_q32(self) -> Result<Q32, NumberError> {
        match self {
            Integer(integer) => Q32::from_integer(integer),
            FoldNumber::Fixed(value) => Ok(value),
        }
    }

    /// The exact sum.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] where the sum has no form, or a promoted integer has none.
    #[inline]
    pub fn checked_add(self, other: FoldNumber) -> Result<FoldNumber, NumberError> {
        match (self, other) {
            (Integer(left), Integer(right)) => integer(left.checked_add(right)),
            _ => from_steps(wide(self)? + wide(other)?),
        }
    }

    /// The exact difference.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] where the difference has no form, or a promoted integer has none.
    #[inline]
    pub fn checked_sub(self, other: FoldNumber) -> Result<FoldNumber, NumberError> {
        match (self, other) {
            (Integer(left), Integer(right)) => integer(left.checked_sub(right)),
            _ => from_steps(wide(self)? - wide(other)?),
        }
    }

    /// The number with the other sign.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] for −2^63.
    #[inline]
    pub fn checked_neg(self) -> Result<FoldNumber, NumberError> {
        Integer(0).checked_sub(self)
    }

    /// The product: exact for two integers, else rounded to the nearest step, ties to even.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] where the product has no form, or a promoted integer has none.
    #[inline]
    pub fn checked_mul(self, other: FoldNumber) -> Result<FoldNumber, NumberError> {
        match (self, other) {
            (Integer(left), Integer(right)) => integer(left.checked_mul(right)),
            _ => {
                let product = wide(self)? * wide(other)?;
                from_steps(round_product(product))
            }
        }
    }

    /// The quotient: the exact integer where there is one, else rounded to the nearest step, ties to even. Two
    /// integers are divided as they are, without promotion.
    ///
    /// # Errors
    /// [`NumberError::DivideByZero`]; [`NumberError::Overflow`] where the quotient has no form, or a promoted
    /// integer has none.
    #[inline]
    pub fn checked_div(self, other: FoldNumber) -> Result<FoldNumber, NumberError> {
        let (dividend, divisor) = operands(self, other)?;
        match dividend.steps().checked_rem(divisor.steps()) {
            // Only −2^63 / −1 has no remainder.
            None => Err(NumberError::Overflow),
            Some(0) => integer(dividend.steps().checked_div(divisor.steps())),
            // In one unit both, so that the quotient is the same. Beyond ±2^31 it never rounds to an integer:
            // the divisor has fewer than 2^32 units then, and the fraction is a step or more.
            Some(_) => dividend.checked_div(divisor).map(FoldNumber::from_q32),
        }
    }

    /// The largest integer not above the exact quotient, as Lua's `//`.
    ///
    /// # Errors
    /// As [`FoldNumber::checked_div`].
    #[inline]
    pub fn floor_div(self, other: FoldNumber) -> Result<FoldNumber, NumberError> {
        let (dividend, divisor) = operands(self, other)?;
        dividend.floor_div(divisor).map(Integer)
    }

    /// `self − other · (self // other)`, exact; it has the sign of `other`, as Lua's `%`.
    ///
    /// # Errors
    /// [`NumberError::DivideByZero`]; [`NumberError::Overflow`] where a promoted integer has no form.
    #[inline]
    pub fn floor_mod(self, other: FoldNumber) -> Result<FoldNumber, NumberError> {
        let (dividend, divisor) = operands(self, other)?;
        let remainder = dividend.floor_mod(divisor)?;
        Ok(match (self, other) {
            (Integer(_), Integer(_)) => Integer(remainder.steps()),
            _ => FoldNumber::from_q32(remainder),
        })
    }

    /// A function of Q32.32; arguments are promoted. `second` is not looked at where there is one argument.
    ///
    /// # Errors
    /// Those of the function; [`NumberError::Overflow`] where a promoted integer has no form.
    pub fn apply(
        function: Function,
        first: FoldNumber,
        second: FoldNumber,
    ) -> Result<FoldNumber, NumberError> {
        let second = if function.is_binary() {
            second.to_q32()?
        } else {
            Q32::ZERO
        };
        function
            .evaluate(first.to_q32()?, second)
            .map(FoldNumber::from_q32)
    }

    /// The integer, if it is one.
    #[must_use]
    #[inline]
    pub const fn as_integer(self) -> Option<i64> {
        match self {
            Integer(integer) => Some(integer),
            FoldNumber::Fixed(_) => None,
        }
    }
}

/// The steps of the value after promotion.
#[inline]
fn wide(number: FoldNumber) -> Result<i128, NumberError> {
    number.to_q32().map(|value| i128::from(value.steps()))
}

/// Dividend and divisor as counts of one unit: ones for two integers, else steps. The divisor is not zero.
#[inline]
fn operands(left: FoldNumber, right: FoldNumber) -> Result<(Q32, Q32), NumberError> {
    match (left, right) {
        (_, Integer(0)) => Err(NumberError::DivideByZero),
        (Integer(left), Integer(right)) => Ok((Q32::from_steps(left), Q32::from_steps(right))),
        _ => Ok((left.to_q32()?, right.to_q32()?)),
    }
}

#[inline]
fn integer(value: Option<i64>) -> Result<FoldNumber, NumberError> {
    value.map(Integer).ok_or(NumberError::Overflow)
}

#[inline]
fn whole(value: i128) -> Result<FoldNumber, NumberError> {
    integer(i64::try_from(value).ok())
}

/// The value of so many steps: an integer in the integer's range, or a fraction in that of Q32.32.
#[inline]
fn from_steps(steps: i128) -> Result<FoldNumber, NumberError> {
    let fixed = Fixed::from_steps(steps);
    if fixed.is_integer() {
        return whole(fixed.floor());
    }
    i64::try_from(steps)
        .map(|steps| FoldNumber::Fixed(Q32::from_steps(steps)))
        .map_err(|_| NumberError::Overflow)
}

/// A count of 2^−64 as steps, rounded to nearest, ties to even.
#[inline]
const fn round_product(product: i128) -> i128 {
    let floor = product >> 32;
    let rest = product & 0xffff_ffff;
    let is_up = rest > 1 << 31 || (rest == 1 << 31 && floor & 1 == 1);
    floor + is_up as i128
}

impl PartialOrd for FoldNumber {
    fn partial_cmp(&self, other: &FoldNumber) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FoldNumber {
    /// By value, exactly, without promotion.
    fn cmp(&self, other: &FoldNumber) -> Ordering {
        self.to_number().cmp(&other.to_number())
    }
}

impl From<i64> for FoldNumber {
    fn from(integer: i64) -> FoldNumber {
        Integer(integer)
    }
}

impl From<Q32> for FoldNumber {
    fn from(value: Q32) -> FoldNumber {
        FoldNumber::from_q32(value)
    }
}

impl From<FoldNumber> for Number {
    fn from(number: FoldNumber) -> Number {
        number.to_number()
    }
}

impl fmt::Display for FoldNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_number().fmt(formatter)
    }
}
