//! Constant folding with the profile's own arithmetic; what would be an error stays for the run.
//!
//! Tests: `tests/it/elc.rs`.

use crate::arithmetic::{self, Operator};
use crate::elc::{Binary, Expression, Unary};
use crate::profile::Profile;
use crate::syntax::number::Numeral;

pub(super) fn numeral_of(expression: &Expression) -> Option<Numeral> {
    match expression {
        Expression::Integer(integer) => Some(Numeral::Integer(*integer)),
        Expression::Float(bits) => Some(Numeral::Float(f64::from_bits(*bits))),
        Expression::Fixed(steps) => Some(Numeral::Fixed(*steps)),
        _ => None,
    }
}

pub(super) fn expression_of(numeral: Numeral) -> Expression {
    match numeral {
        Numeral::Integer(integer) => Expression::Integer(integer),
        Numeral::Float(float) => Expression::Float(gatos_numbers::binary64::canonical_bits(float)),
        Numeral::Fixed(steps) => Expression::Fixed(steps),
    }
}

pub(super) fn unary(operator: Unary, operand: &Expression, profile: Profile) -> Option<Expression> {
    match operator {
        Unary::Not if operand.is_constant_false() => Some(Expression::Boolean(true)),
        Unary::Not if operand.is_constant_true() => Some(Expression::Boolean(false)),
        Unary::Negate => arithmetic::negate(numeral_of(operand)?, profile)
            .ok()
            .map(expression_of),
        Unary::BitNot => match operand {
            Expression::Integer(integer) => Some(Expression::Integer(!integer)),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn binary(
    operator: Binary,
    left: &Expression,
    right: &Expression,
    profile: Profile,
) -> Option<Expression> {
    let operator = Operator::of(operator)?;
    let (left, right) = (numeral_of(left)?, numeral_of(right)?);
    arithmetic::compute(operator, left, right, profile)
        .ok()
        .map(expression_of)
}
