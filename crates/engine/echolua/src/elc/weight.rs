//! Weights: how much fuel a stretch of ELC costs.
//!
//! A weight is a count of operations, so it is the same whatever runs them. A call of a function costs the weight of
//! its whole body; each time a loop goes round again it costs the loop's weight, and a jump back to a label costs the
//! weight of the block that holds the label. Bodies of inner functions count where they are called.
//!
//! TWIN: weights — charged in `machine/lower` and in `twin`. Tests: `tests/it/elc.rs`.

use super::{Block, Expression, Function, Item, Statement, Target, Values};

/// Highest weight; a heavier stretch costs this much.
pub const WEIGHT_MAX: u32 = 65_535;

/// What a call of the function costs.
#[must_use]
pub fn function_weight(function: &Function) -> u32 {
    capped(1 + block(&function.body))
}

/// What it costs to go round a loop again; 0 for other statements.
#[must_use]
pub fn back_edge_weight(statement: &Statement) -> u32 {
    match statement {
        Statement::While { condition, body } | Statement::Repeat { body, condition } => {
            capped(1 + expression(condition) + block(body))
        }
        Statement::NumericFor { body, .. } | Statement::GenericFor { body, .. } => {
            capped(1 + block(body))
        }
        _ => 0,
    }
}

/// What it costs to jump back to a label of the block.
#[must_use]
pub fn label_weight(body: &Block) -> u32 {
    capped(1 + block(body))
}

fn capped(weight: u64) -> u32 {
    u32::try_from(weight).unwrap_or(WEIGHT_MAX).min(WEIGHT_MAX)
}

fn block(statements: &Block) -> u64 {
    statements.iter().map(statement).sum()
}

fn statement(statement: &Statement) -> u64 {
    1 + match statement {
        Statement::Local { values: list, .. } | Statement::Return { values: list, .. } => {
            values(list)
        }
        Statement::Assign {
            targets,
            values: list,
        } => targets.iter().map(target).sum::<u64>() + values(list),
        Statement::Call(call) => expression(call),
        Statement::Do(body) => block(body),
        Statement::While { condition, body } | Statement::Repeat { body, condition } => {
            expression(condition) + block(body)
        }
        Statement::If {
            condition,
            then,
            otherwise,
        } => expression(condition) + block(then) + block(otherwise),
        Statement::NumericFor {
            start,
            limit,
            step,
            body,
            ..
        } => expression(start) + expression(limit) + expression(step) + block(body),
        Statement::GenericFor {
            values: list, body, ..
        } => values(list) + block(body),
        Statement::Close { .. }
        | Statement::LocalFunction { .. }
        | Statement::Goto { .. }
        | Statement::Label { .. }
        | Statement::Break => 0,
    }
}

fn target(target: &Target) -> u64 {
    match target {
        Target::Index { table, key, .. } => 1 + expression(table) + expression(key),
        _ => 1,
    }
}

fn values(list: &Values) -> u64 {
    list.single.iter().map(expression).sum::<u64>()
        + list.rest.as_ref().map_or(0, |rest| expression(rest))
}

fn expression(node: &Expression) -> u64 {
    1 + match node {
        Expression::Table { items, rest, .. } => {
            let items: u64 = items
                .iter()
                .map(|item| match item {
                    Item::Listed(value) => expression(value),
                    Item::Keyed(key, value) => expression(key) + expression(value),
                })
                .sum();
            items + rest.as_ref().map_or(0, |rest| expression(rest))
        }
        Expression::Unary { operand, .. } => expression(operand),
        Expression::Binary { operands, .. } | Expression::Index { operands, .. } => {
            expression(&operands.0) + expression(&operands.1)
        }
        Expression::And(operands) | Expression::Or(operands) => {
            expression(&operands.0) + expression(&operands.1)
        }
        Expression::Concat { operands, .. } => operands.iter().map(expression).sum(),
        Expression::Call {
            function,
            arguments,
            ..
        } => expression(function) + values(arguments),
        Expression::Method {
            object, arguments, ..
        } => expression(object) + values(arguments),
        _ => 0,
    }
}
