//! Arithmetic on numbers of either profile: one definition for constant folding, the machine's slow path and the twin.
//!
//! Scripts: integers wrap, floats are binary64, a NaN is canonical. Folds: integers and Q32.32 trap on overflow. What
//! the bits are is decided by `gatos-numbers`. Strings, metamethods and messages are the callers' work.
//!
//! Tests: `tests/it/arithmetic.rs`.

use crate::elc::Binary;
use crate::profile::Profile;
use crate::syntax::number::Numeral;
use core::cmp::Ordering;
use gatos_numbers::{FoldNumber, Function, NumberError, Q32, binary64};

/// The arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `//`
    FloorDivide,
    /// `%`
    Modulo,
    /// `^`
    Power,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `~`
    BitXor,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
}

/// Why two numbers have no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// A fold's result has no form.
    Overflow,
    /// `//` of integers by zero, or any division of a fold.
    DivideByZero,
    /// `%` of integers by zero.
    ModuloByZero,
    /// A function is not defined here.
    Domain,
    /// A bit operator met a number that is no integer.
    NoInteger,
}

impl From<NumberError> for Trap {
    fn from(error: NumberError) -> Trap {
        match error {
            NumberError::DivideByZero => Trap::DivideByZero,
            NumberError::Domain => Trap::Domain,
            NumberError::Overflow | NumberError::Range | NumberError::Syntax { .. } => {
                Trap::Overflow
            }
        }
    }
}

impl Operator {
    /// The arithmetic operator of an ELC operation, if it is one.
    #[must_use]
    pub const fn of(binary: Binary) -> Option<Operator> {
        Some(match binary {
            Binary::Add => Operator::Add,
            Binary::Subtract => Operator::Subtract,
            Binary::Multiply => Operator::Multiply,
            Binary::Divide => Operator::Divide,
            Binary::FloorDivide => Operator::FloorDivide,
            Binary::Modulo => Operator::Modulo,
            Binary::Power => Operator::Power,
            Binary::BitAnd => Operator::BitAnd,
            Binary::BitOr => Operator::BitOr,
            Binary::BitXor => Operator::BitXor,
            Binary::ShiftLeft => Operator::ShiftLeft,
            Binary::ShiftRight => Operator::ShiftRight,
            _ => return None,
        })
    }

    /// Whether the operands must be integers.
    #[must_use]
    pub const fn is_bitwise(self) -> bool {
        matches!(
            self,
            Operator::BitAnd
                | Operator::BitOr
                | Operator::BitXor
                | Operator::ShiftLeft
                | Operator::ShiftRight
        )
    }
}

/// The result of an operator on two numbers.
///
/// # Errors
/// [`Trap`].
pub fn compute(
    operator: Operator,
    left: Numeral,
    right: Numeral,
    profile: Profile,
) -> Result<Numeral, Trap> {
    if operator.is_bitwise() {
        let (left, right) = (to_integer(left), to_integer(right));
        let (Some(left), Some(right)) = (left, right) else {
            return Err(Trap::NoInteger);
        };
        return Ok(Numeral::Integer(bitwise(operator, left, right)));
    }
    match profile {
        Profile::Fold => fold_compute(operator, left, right),
        Profile::Script => script_compute(operator, left, right),
    }
}

/// The number with the other sign.
///
/// # Errors
/// [`Trap::Overflow`] for a fold's lowest integer.
pub fn negate(value: Numeral, profile: Profile) -> Result<Numeral, Trap> {
    match (value, profile) {
        (Numeral::Integer(integer), Profile::Script) => {
            Ok(Numeral::Integer(integer.wrapping_neg()))
        }
        (Numeral::Float(float), _) => Ok(Numeral::Float(binary64::canonical(-float))),
        _ => Ok(from_fold(fold_number(value).checked_neg()?)),
    }
}

fn bitwise(operator: Operator, left: i64, right: i64) -> i64 {
    match operator {
        Operator::BitAnd => left & right,
        Operator::BitOr => left | right,
        Operator::BitXor => left ^ right,
        Operator::ShiftLeft => shift_left(left, right),
        _ => shift_left(left, right.wrapping_neg()),
    }
}

/// A logical shift; a negative count shifts right, and 64 or more give zero.
#[must_use]
pub const fn shift_left(value: i64, count: i64) -> i64 {
    if count <= -64 || count >= 64 {
        0
    } else if count >= 0 {
        (value.cast_unsigned() << count).cast_signed()
    } else {
        (value.cast_unsigned() >> -count).cast_signed()
    }
}

fn script_compute(operator: Operator, left: Numeral, right: Numeral) -> Result<Numeral, Trap> {
    if let (Numeral::Integer(left), Numeral::Integer(right)) = (left, right) {
        let result = match operator {
            Operator::Add => left.wrapping_add(right),
            Operator::Subtract => left.wrapping_sub(right),
            Operator::Multiply => left.wrapping_mul(right),
            Operator::FloorDivide if right == 0 => return Err(Trap::DivideByZero),
            Operator::Modulo if right == 0 => return Err(Trap::ModuloByZero),
            Operator::FloorDivide => floor_div(left, right),
            Operator::Modulo => floor_mod(left, right),
            _ => {
                return Ok(Numeral::Float(float_compute(
                    operator,
                    left as f64,
                    right as f64,
                )));
            }
        };
        return Ok(Numeral::Integer(result));
    }
    Ok(Numeral::Float(float_compute(
        operator,
        to_float(left),
        to_float(right),
    )))
}

/// The floor of the quotient; `right` is not zero. The lowest integer by −1 wraps.
#[must_use]
pub const fn floor_div(left: i64, right: i64) -> i64 {
    let quotient = left.wrapping_div(right);
    if left.wrapping_rem(right) != 0 && (left ^ right) < 0 {
        quotient - 1
    } else {
        quotient
    }
}

/// The remainder with the sign of `right`, which is not zero.
#[must_use]
pub const fn floor_mod(left: i64, right: i64) -> i64 {
    let remainder = left.wrapping_rem(right);
    if remainder != 0 && (remainder ^ right) < 0 {
        remainder + right
    } else {
        remainder
    }
}

/// An operator on two floats.
#[must_use]
pub fn float_compute(operator: Operator, left: f64, right: f64) -> f64 {
    match operator {
        Operator::Add => binary64::add(left, right),
        Operator::Subtract => binary64::sub(left, right),
        Operator::Multiply => binary64::mul(left, right),
        Operator::Divide => binary64::div(left, right),
        Operator::FloorDivide => binary64::floor_div(left, right),
        Operator::Modulo => binary64::floor_mod(left, right),
        _ => power(left, right),
    }
}

/// The power; a square is a product, as in Lua.
fn power(left: f64, right: f64) -> f64 {
    if right == 2.0 {
        binary64::mul(left, left)
    } else {
        binary64::pow(left, right)
    }
}

fn fold_compute(operator: Operator, left: Numeral, right: Numeral) -> Result<Numeral, Trap> {
    let (left, right) = (fold_number(left), fold_number(right));
    let result = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::FloorDivide => left.floor_div(right),
        Operator::Modulo => left.floor_mod(right),
        _ => return fold_power(left, right),
    };
    match result {
        Err(NumberError::DivideByZero) if operator == Operator::Modulo => Err(Trap::ModuloByZero),
        result => Ok(from_fold(result?)),
    }
}

/// An integer to a whole power that is not negative is exact; anything else is the function of Q32.32.
fn fold_power(base: FoldNumber, exponent: FoldNumber) -> Result<Numeral, Trap> {
    if let (Some(base), Some(exponent)) = (base.as_integer(), exponent.as_integer())
        && exponent >= 0
    {
        let power = match (base, u32::try_from(exponent)) {
            (0, _) => (exponent == 0).then_some(1).or(Some(0)),
            (1, _) => Some(1),
            (-1, _) => Some(if exponent % 2 == 0 { 1 } else { -1 }),
            (base, Ok(exponent)) => base.checked_pow(exponent),
            _ => None,
        };
        return power.map(Numeral::Integer).ok_or(Trap::Overflow);
    }
    Ok(from_fold(FoldNumber::apply(Function::Pow, base, exponent)?))
}

/// The number as a fold sees it; a float has no place there and counts as zero.
#[must_use]
pub fn fold_number(value: Numeral) -> FoldNumber {
    match value {
        Numeral::Integer(integer) => FoldNumber::Integer(integer),
        Numeral::Fixed(steps) => FoldNumber::from_q32(Q32::from_steps(steps)),
        Numeral::Float(_) => FoldNumber::ZERO,
    }
}

/// The number of a fold.
#[must_use]
pub fn from_fold(value: FoldNumber) -> Numeral {
    match value {
        FoldNumber::Integer(integer) => Numeral::Integer(integer),
        FoldNumber::Fixed(fixed) => Numeral::Fixed(fixed.steps()),
    }
}

/// The nearest float.
#[must_use]
pub fn to_float(value: Numeral) -> f64 {
    match value {
        Numeral::Integer(integer) => binary64::from_i64(integer),
        Numeral::Float(float) => float,
        Numeral::Fixed(steps) => binary64::from_q32(Q32::from_steps(steps)),
    }
}

/// The integer that the number is, if it is one.
#[must_use]
pub fn to_integer(value: Numeral) -> Option<i64> {
    match value {
        Numeral::Integer(integer) => Some(integer),
        Numeral::Float(float) => binary64::to_i64_exact(float).ok(),
        Numeral::Fixed(_) => None,
    }
}

/// The order of two numbers by value, exactly; none where one is a NaN.
#[must_use]
pub fn compare(left: Numeral, right: Numeral) -> Option<Ordering> {
    match (left, right) {
        (Numeral::Integer(left), Numeral::Integer(right)) => Some(left.cmp(&right)),
        (Numeral::Float(left), Numeral::Float(right)) => left.partial_cmp(&right),
        (Numeral::Integer(left), Numeral::Float(right)) => compare_mixed(left, right),
        (Numeral::Float(left), Numeral::Integer(right)) => {
            compare_mixed(right, left).map(Ordering::reverse)
        }
        _ => Some(fold_number(left).cmp(&fold_number(right))),
    }
}

fn compare_mixed(integer: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // 2^63 is exact as a float.
    if float >= 9_223_372_036_854_775_808.0 {
        return Some(Ordering::Less);
    }
    if float < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    let floor = binary64::floor(float);
    let whole = binary64::to_i64_truncated(floor).unwrap_or(0);
    let order = integer.cmp(&whole);
    // An integer equal to the floor lies below a float with a fraction.
    Some(if order == Ordering::Equal && floor < float {
        Ordering::Less
    } else {
        order
    })
}

/// The integer that a value is, if it is a number that is one.
pub(crate) fn to_integer_of(value: crate::value::Value) -> Option<i64> {
    value.as_numeral().and_then(to_integer)
}
