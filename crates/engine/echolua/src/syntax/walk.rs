//! Going through a syntax tree: every statement, expression and function in the order of the text.
//!
//! Scopes are not followed; who needs them keeps them itself. Depth is bounded by [`super::HEIGHT_MAX`] and
//! [`super::NESTING_MAX`].
//!
//! Tests: `tests/it/front.rs`.

use super::tree::{
    Block, Expression, ExpressionKind, Field, FunctionBody, Statement, StatementKind,
};

/// A part of the tree.
#[derive(Clone, Copy, Debug)]
pub enum Node<'t, 'a> {
    /// A statement, before what it consists of.
    Statement(&'t Statement<'a>),
    /// An expression, before what it consists of.
    Expression(&'t Expression<'a>),
    /// A function, before its body.
    Function(&'t FunctionBody<'a>),
}

/// Calls `visit` with every part of a function.
pub fn walk<'t, 'a>(function: &'t FunctionBody<'a>, visit: &mut dyn FnMut(Node<'t, 'a>)) {
    visit(Node::Function(function));
    block(&function.body, visit);
}

fn block<'t, 'a>(body: &'t Block<'a>, visit: &mut dyn FnMut(Node<'t, 'a>)) {
    for statement in &body.statements {
        visit(Node::Statement(statement));
        match &statement.kind {
            StatementKind::Local(_, values) | StatementKind::Return(values) => all(values, visit),
            StatementKind::LocalFunction(_, function) => walk(function, visit),
            StatementKind::Assign(targets, values) => {
                all(targets, visit);
                all(values, visit);
            }
            StatementKind::Call(call) => expression(call, visit),
            StatementKind::Do(body) => block(body, visit),
            StatementKind::While(condition, body) => {
                expression(condition, visit);
                block(body, visit);
            }
            StatementKind::Repeat(body, condition) => {
                block(body, visit);
                expression(condition, visit);
            }
            StatementKind::If(branches, otherwise) => {
                for (condition, body) in branches {
                    expression(condition, visit);
                    block(body, visit);
                }
                if let Some(body) = otherwise {
                    block(body, visit);
                }
            }
            StatementKind::NumericFor(_, bounds, step, body) => {
                all(&**bounds, visit);
                if let Some(step) = step {
                    expression(step, visit);
                }
                block(body, visit);
            }
            StatementKind::GenericFor(_, values, body) => {
                all(values, visit);
                block(body, visit);
            }
            StatementKind::Goto(_) | StatementKind::Label(_) | StatementKind::Break => {}
        }
    }
}

fn all<'t, 'a>(values: &'t [Expression<'a>], visit: &mut dyn FnMut(Node<'t, 'a>)) {
    for value in values {
        expression(value, visit);
    }
}

fn expression<'t, 'a>(value: &'t Expression<'a>, visit: &mut dyn FnMut(Node<'t, 'a>)) {
    visit(Node::Expression(value));
    match &value.kind {
        ExpressionKind::Index(table, key) => {
            expression(table, visit);
            expression(key, visit);
        }
        ExpressionKind::Call(function, arguments) => {
            expression(function, visit);
            all(arguments, visit);
        }
        ExpressionKind::Method(object, _, arguments) => {
            expression(object, visit);
            all(arguments, visit);
        }
        ExpressionKind::Function(function) => walk(function, visit),
        ExpressionKind::Table(fields) => {
            for field in fields {
                match field {
                    Field::Item(value) => expression(value, visit),
                    Field::Pair(key, value) => {
                        expression(key, visit);
                        expression(value, visit);
                    }
                }
            }
        }
        ExpressionKind::Unary(_, operand) | ExpressionKind::Parenthesised(operand) => {
            expression(operand, visit);
        }
        ExpressionKind::Binary(_, left, right) => {
            expression(left, visit);
            expression(right, visit);
        }
        _ => {}
    }
}
