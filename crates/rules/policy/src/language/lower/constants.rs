//! Computing constants.
//!
//! INVARIANT: folding keeps the value for every request, unknown included.
//! Tests: `tests.rs`.

use crate::language::evaluate::{Datum, evaluate};
use crate::language::expression::{Expression, Literal};
use crate::language::intent::Intent;
use crate::language::request::{Request, TrustSnapshot};
use alloc::vec::Vec;
use gatos_values::Text;

/// The same expression with its constants computed, for children that are folded already.
pub(super) fn folded(expression: Expression) -> Expression {
    let expression = match expression {
        Expression::And(operands) => return connective(operands, false),
        Expression::Or(operands) => return connective(operands, true),
        other => other,
    };
    // Who is in a group, or trusted how far, is the request's to say.
    if matches!(
        expression,
        Expression::Trust(..) | Expression::Quorum { .. }
    ) {
        return expression;
    }
    let has_children = expression.children().next().is_some();
    if !has_children || !expression.children().all(Expression::is_constant) {
        return expression;
    }
    match constant(&expression) {
        Some(literal) => Expression::Literal(literal),
        None => expression,
    }
}

/// What an expression without variables is worth; `None` if unknown, or not one value.
fn constant(expression: &Expression) -> Option<Literal> {
    let nobody = TrustSnapshot::EMPTY;
    let request = Request::new(Intent::Read, &nobody);
    match evaluate(expression, &request).ok()? {
        Datum::Null => Some(Literal::Null),
        Datum::Bool(value) => Some(Literal::Bool(value)),
        Datum::Number(number) => Some(Literal::Number(number.normalised())),
        // Changing case can leave normal form; such a text stays computed.
        Datum::Text(text) => Text::new(&text)
            .ok()
            .filter(|normal| *normal.as_str() == *text)
            .map(Literal::Text),
        _ => None,
    }
}

/// Flattens, drops operands that say nothing, and stops at one that says all. Operands that may be no truth value
/// keep a partner, so that they stay unknown in the same places.
fn connective(operands: Vec<Expression>, stop: bool) -> Expression {
    let mut flat = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand {
            Expression::And(inner) if !stop => flat.extend(inner),
            Expression::Or(inner) if stop => flat.extend(inner),
            other => flat.push(other),
        }
    }
    if flat.contains(&Expression::bool(stop)) {
        return Expression::bool(stop);
    }
    flat.retain(|operand| *operand != Expression::bool(!stop));
    match (flat.len(), flat.pop()) {
        (0, _) | (_, None) => Expression::bool(!stop),
        (1, Some(only)) if is_truth(&only) => only,
        (1, Some(only)) => rebuilt(Vec::from([Expression::bool(!stop), only]), stop),
        (_, Some(last)) => {
            flat.push(last);
            rebuilt(flat, stop)
        }
    }
}

fn rebuilt(operands: Vec<Expression>, stop: bool) -> Expression {
    if stop {
        Expression::Or(operands)
    } else {
        Expression::And(operands)
    }
}

/// Whether it is a truth value whenever it is known.
fn is_truth(expression: &Expression) -> bool {
    !matches!(
        expression,
        Expression::Literal(Literal::Null | Literal::Number(_) | Literal::Text(_))
            | Expression::List(_)
            | Expression::Variable(_)
            | Expression::Field(..)
            | Expression::Index(..)
            | Expression::Trust(..)
    )
}
