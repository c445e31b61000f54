//! From expressions back to syntax: what `lower` undoes.
//!
//! Short forms do not come back: `has_cap('a')` is `caps includes 'a'` here.
//!
//! INVARIANT: lowering what [`raise`] makes of a lowered expression gives the expression again.
//! TWIN: expressions. Tests: `lower/tests.rs`.

use super::expression::{Expression, Literal};
use super::names::{Function, Relation};
use super::syntax::{Form, Node};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::{Number, Text};

/// The syntax of an expression, for printing and for checking what was read from a `.rgc`.
#[must_use]
pub fn raise(expression: &Expression) -> Node {
    let pair =
        |left: &Expression, right: &Expression| (Box::new(raise(left)), Box::new(raise(right)));
    let relation = |relation, left: &Expression, right: &Expression| {
        let (left, right) = pair(left, right);
        Form::Relation(relation, left, right)
    };
    let text_relation = |relation, left: &Expression, right: &str| {
        // Patterns and networks were texts, so they are again.
        let text = Text::new(right).unwrap_or_default();
        Form::Relation(relation, Box::new(raise(left)), node(Form::Text(text)))
    };
    let form = match expression {
        Expression::Literal(literal) => raise_literal(literal),
        Expression::List(items) => Form::List(
            items
                .iter()
                .map(|item| *node(raise_literal(item)))
                .collect(),
        ),
        Expression::Variable(variable) => Form::Name(variable.as_str().to_string()),
        Expression::Field(inner, name) if is_word(name) => {
            Form::Field(Box::new(raise(inner)), String::from(name.as_str()))
        }
        Expression::Field(inner, name) => {
            Form::Index(Box::new(raise(inner)), node(Form::Text(name.clone())))
        }
        Expression::Index(inner, index) => {
            let (inner, index) = pair(inner, index);
            Form::Index(inner, index)
        }
        Expression::Trust(actor, field) => {
            let trust = node(Form::Name("trust".to_string()));
            let entry = node(Form::Index(trust, Box::new(raise(actor))));
            Form::Field(entry, field.as_str().to_string())
        }
        Expression::Not(inner) => Form::Not(Box::new(raise(inner))),
        Expression::And(operands) => Form::And(operands.iter().map(raise).collect()),
        Expression::Or(operands) => Form::Or(operands.iter().map(raise).collect()),
        Expression::Compare(comparison, left, right) => {
            let (left, right) = pair(left, right);
            Form::Compare(*comparison, left, right)
        }
        Expression::Add(left, right) => {
            let (left, right) = pair(left, right);
            Form::Add(left, right)
        }
        Expression::Subtract(left, right) => {
            let (left, right) = pair(left, right);
            Form::Subtract(left, right)
        }
        Expression::Multiply(inner, factor) => Form::Multiply(
            Box::new(raise(inner)),
            node(Form::Number(Number::Integer(*factor))),
        ),
        Expression::Includes(list, item) => relation(Relation::Includes, list, item),
        Expression::Contains(whole, part) => relation(Relation::Contains, whole, part),
        Expression::StartsWith(whole, part) => relation(Relation::StartsWith, whole, part),
        Expression::EndsWith(whole, part) => relation(Relation::EndsWith, whole, part),
        Expression::AnyOf(list, wanted) => relation(Relation::AnyOf, list, wanted),
        Expression::AllOf(list, wanted) => relation(Relation::AllOf, list, wanted),
        Expression::MatchesGlob(inner, glob) => {
            text_relation(Relation::MatchesGlob, inner, glob.as_str())
        }
        Expression::InNetwork(inner, network) => {
            text_relation(Relation::InCidr, inner, &network.to_string())
        }
        Expression::Length(inner) => call(Function::Len, inner),
        Expression::Lower(inner) => call(Function::Lower, inner),
        Expression::Upper(inner) => call(Function::Upper, inner),
        Expression::Quorum {
            actors,
            group,
            count,
        } => {
            let group = *node(Form::Text(group.clone()));
            let count = *node(Form::Number(Number::Integer(i128::from(*count))));
            Form::Call(Function::Quorum, Vec::from([raise(actors), group, count]))
        }
    };
    Node { offset: 0, form }
}

fn node(form: Form) -> Box<Node> {
    Box::new(Node { offset: 0, form })
}

fn call(function: Function, inner: &Expression) -> Form {
    Form::Call(function, Vec::from([raise(inner)]))
}

fn raise_literal(literal: &Literal) -> Form {
    match literal {
        Literal::Null => Form::Null,
        Literal::Bool(value) => Form::Bool(*value),
        Literal::Number(number) => Form::Number(*number),
        Literal::Text(text) => Form::Text(text.clone()),
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
