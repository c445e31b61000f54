//! Lines that lowering would leave as they are, known without building anything.
//!
//! Each arm asks of an expression what the same arm of `lower` asks of its syntax, and that there is nothing to fold.
//! Where that would take more than a look, the answer is no.
//!
//! INVARIANT: if [`is_settled`], then lowering what `raise` makes of the line gives the line again, but for the limit of
//! its parts. A no says only that somebody has to try.
//! TWIN: expressions. Tests: `tests.rs` tries both on random expressions, well typed and not.

use super::{QUORUM_COUNT_MAX, Type};
use crate::language::expression::{Comparison, Expression, Literal, TrustField, Variable};
use gatos_values::Number;

/// Whether the line is known to be what lowering makes of it. How many parts it has is the caller's to bound.
pub fn is_settled(line: &Expression) -> bool {
    settled(line).is_some_and(|kind| fits(kind, Type::Bool))
}

/// What is known of the values of a settled expression.
fn settled(expression: &Expression) -> Option<Type> {
    match expression {
        Expression::Literal(literal) => constant(literal),
        Expression::List(items) => list(items),
        Expression::Variable(variable) => Some(variable_type(*variable)),
        Expression::Field(inner, _) => (settled(inner)? == Type::Any).then_some(Type::Any),
        Expression::Index(inner, key) => {
            let is_name = matches!(**key, Expression::Literal(Literal::Text(_)));
            let fits = matches!(settled(key)?, Type::Text | Type::Number | Type::Any);
            (fits && !is_name && settled(inner)? == Type::Any).then_some(Type::Any)
        }
        Expression::Trust(actor, field) => {
            let kind = match field {
                TrustField::Level => Type::Number,
                TrustField::Groups => Type::Texts,
            };
            fits(settled(actor)?, Type::Text).then_some(kind)
        }
        Expression::And(operands) => {
            connective(operands, |operand| matches!(operand, Expression::And(_)))
        }
        Expression::Or(operands) => {
            connective(operands, |operand| matches!(operand, Expression::Or(_)))
        }
        Expression::Not(inner) => unary(inner, Type::Bool, Type::Bool),
        Expression::Multiply(inner, _) => unary(inner, Type::Number, Type::Number),
        Expression::MatchesGlob(inner, _) | Expression::InNetwork(inner, _) => {
            unary(inner, Type::Text, Type::Bool)
        }
        Expression::Lower(inner) | Expression::Upper(inner) => unary(inner, Type::Text, Type::Text),
        Expression::Length(inner) => {
            let kind = settled(inner)?;
            let fits = kind == Type::Text || fits(kind, Type::List);
            (fits && !inner.is_constant()).then_some(Type::Number)
        }
        Expression::Compare(comparison, left, right) => compared(*comparison, left, right),
        Expression::Add(left, right) | Expression::Subtract(left, right) => {
            binary(left, right, Type::Number, Type::Number)
        }
        Expression::StartsWith(left, right) | Expression::EndsWith(left, right) => {
            binary(left, right, Type::Text, Type::Bool)
        }
        Expression::AnyOf(left, right) | Expression::AllOf(left, right) => {
            binary(left, right, Type::List, Type::Bool)
        }
        Expression::Includes(list, item) => included(list, item),
        // Of a list it would have become `includes`.
        Expression::Contains(whole, part) => match (settled(whole)?, settled(part)?) {
            (Type::Any, _) => varies(whole, part),
            (Type::Text, kind) if fits(kind, Type::Text) => varies(whole, part),
            _ => None,
        },
        Expression::Quorum { actors, count, .. } => {
            let fits = fits(settled(actors)?, Type::List);
            (fits && (1..=QUORUM_COUNT_MAX).contains(count)).then_some(Type::Bool)
        }
    }
}

/// As `expect` of `lower` says it.
fn fits(kind: Type, wanted: Type) -> bool {
    kind == wanted || kind == Type::Any || (wanted == Type::List && kind.is_list())
}

const fn constant(literal: &Literal) -> Option<Type> {
    match literal {
        Literal::Null => Some(Type::Null),
        Literal::Bool(_) => Some(Type::Bool),
        Literal::Number(Number::Integer(_)) => Some(Type::Number),
        // It may be an integer in disguise.
        Literal::Number(Number::Fixed(_)) => None,
        Literal::Text(_) => Some(Type::Text),
    }
}

fn list(items: &[Literal]) -> Option<Type> {
    let mut kind = Type::Texts;
    for item in items {
        if constant(item)? != Type::Text {
            kind = Type::List;
        }
    }
    Some(kind)
}

pub(super) const fn variable_type(variable: Variable) -> Type {
    match variable {
        Variable::Caps | Variable::Labels => Type::Texts,
        Variable::Epoch => Type::Number,
        Variable::Payload => Type::Any,
        _ => Type::Text,
    }
}

/// Two or more truth values, none of them a constant or of the connective's own kind.
fn connective(operands: &[Expression], is_own: impl Fn(&Expression) -> bool) -> Option<Type> {
    for operand in operands {
        let is_fixed = matches!(operand, Expression::Literal(Literal::Bool(_)));
        if is_fixed || is_own(operand) || !fits(settled(operand)?, Type::Bool) {
            return None;
        }
    }
    (operands.len() >= 2).then_some(Type::Bool)
}

fn unary(inner: &Expression, wanted: Type, kind: Type) -> Option<Type> {
    (fits(settled(inner)?, wanted) && !inner.is_constant()).then_some(kind)
}

fn binary(left: &Expression, right: &Expression, wanted: Type, kind: Type) -> Option<Type> {
    let fits = fits(settled(left)?, wanted) && fits(settled(right)?, wanted);
    varies(left, right).filter(|_| fits).map(|_| kind)
}

/// A truth value that depends on the request.
fn varies(left: &Expression, right: &Expression) -> Option<Type> {
    (!left.is_constant() || !right.is_constant()).then_some(Type::Bool)
}

fn compared(comparison: Comparison, left: &Expression, right: &Expression) -> Option<Type> {
    let (left_kind, right_kind) = (settled(left)?, settled(right)?);
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    let has_order = |kind| matches!(kind, Type::Number | Type::Text | Type::Any);
    let have_order = has_order(left_kind) && has_order(right_kind);
    if !(is_equality || have_order) {
        return None;
    }
    let is_free = |kind| kind == Type::Any || (is_equality && kind == Type::Null);
    let fits = left_kind == right_kind
        || is_free(left_kind)
        || is_free(right_kind)
        || (left_kind.is_list() && right_kind.is_list());
    varies(left, right).filter(|_| fits)
}

fn included(list: &Expression, item: &Expression) -> Option<Type> {
    let (list_kind, item_kind) = (settled(list)?, settled(item)?);
    let fits = match list_kind {
        Type::Texts => matches!(item_kind, Type::Text | Type::Any | Type::Null),
        kind => fits(kind, Type::List),
    };
    varies(list, item).filter(|_| fits)
}
