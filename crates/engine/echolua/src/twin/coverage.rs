//! What the twin has executed: operations of ELC, and functions of the library by their number.
//!
//! An operation counts when it is executed, not when a program only has it. The counters are shared by the tests of one
//! process.
//!
//! Tests: `src/twin/random.rs` reads it.

use crate::elc::{Binary, Expression, Item, Statement, Target, Unary};
use crate::library;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};

/// Operations by the names of the format page, in the order of the numbers below.
pub(super) const OPERATIONS: [&str; 64] = [
    // Statements.
    "local",
    "close",
    "local function",
    "assign",
    "call statement",
    "do",
    "while",
    "repeat",
    "if",
    "numeric for",
    "generic for",
    "goto",
    "label",
    "break",
    "return",
    // Targets.
    "local :=",
    "upvalue :=",
    "export :=",
    "index :=",
    // Expressions.
    "nil",
    "boolean",
    "integer",
    "float",
    "fixed",
    "text",
    "rest",
    "local read",
    "upvalue read",
    "export read",
    "intrinsic",
    "function",
    "table",
    "call",
    "method",
    "concat",
    "and",
    "or",
    "index",
    // Items of tables.
    "listed",
    "keyed",
    // Operators.
    "negate",
    "not",
    "length",
    "bit not",
    "add",
    "subtract",
    "multiply",
    "divide",
    "floor divide",
    "modulo",
    "power",
    "bit and",
    "bit or",
    "bit xor",
    "shift left",
    "shift right",
    "equal",
    "less",
    "less or equal",
    "greater",
    "greater or equal",
    // Captures.
    "capture of a local",
    "capture of an upvalue",
    "goto taken",
];

static HIT: [AtomicBool; OPERATIONS.len()] = [const { AtomicBool::new(false) }; OPERATIONS.len()];

fn hit(index: usize) {
    HIT[index].store(true, Ordering::Relaxed);
}

pub(super) fn statement(statement: &Statement) {
    hit(match statement {
        Statement::Local { .. } => 0,
        Statement::Close { .. } => 1,
        Statement::LocalFunction { .. } => 2,
        Statement::Assign { .. } => 3,
        Statement::Call(_) => 4,
        Statement::Do(_) => 5,
        Statement::While { .. } => 6,
        Statement::Repeat { .. } => 7,
        Statement::If { .. } => 8,
        Statement::NumericFor { .. } => 9,
        Statement::GenericFor { .. } => 10,
        Statement::Goto { .. } => 11,
        Statement::Label { .. } => 12,
        Statement::Break => 13,
        Statement::Return { .. } => 14,
    });
}

pub(super) fn target(target: &Target) {
    hit(match target {
        Target::Local(_) => 15,
        Target::Upvalue(_) => 16,
        Target::Export(_) => 17,
        Target::Index { .. } => 18,
    });
}

pub(super) fn expression(expression: &Expression) {
    hit(match expression {
        Expression::Nil => 19,
        Expression::Boolean(_) => 20,
        Expression::Integer(_) => 21,
        Expression::Float(_) => 22,
        Expression::Fixed(_) => 23,
        Expression::Text(_) => 24,
        Expression::Rest => 25,
        Expression::Local(_) => 26,
        Expression::Upvalue(_) => 27,
        Expression::Export(_) => 28,
        Expression::Intrinsic(_) => 29,
        Expression::Function(_) => 30,
        Expression::Table { .. } => 31,
        Expression::Call { .. } => 32,
        Expression::Method { .. } => 33,
        Expression::Concat { .. } => 34,
        Expression::And(_) => 35,
        Expression::Or(_) => 36,
        Expression::Index { .. } => 37,
        Expression::Unary { operator, .. } => match operator {
            Unary::Negate => 40,
            Unary::Not => 41,
            Unary::Length => 42,
            Unary::BitNot => 43,
        },
        Expression::Binary { operator, .. } => match operator {
            Binary::Add => 44,
            Binary::Subtract => 45,
            Binary::Multiply => 46,
            Binary::Divide => 47,
            Binary::FloorDivide => 48,
            Binary::Modulo => 49,
            Binary::Power => 50,
            Binary::BitAnd => 51,
            Binary::BitOr => 52,
            Binary::BitXor => 53,
            Binary::ShiftLeft => 54,
            Binary::ShiftRight => 55,
            Binary::Equal => 56,
            Binary::Less => 57,
            Binary::LessEqual => 58,
            Binary::Greater => 59,
            Binary::GreaterEqual => 60,
        },
    });
}

pub(super) fn item(item: &Item) {
    hit(match item {
        Item::Listed(_) => 38,
        Item::Keyed(..) => 39,
    });
}

pub(super) fn capture(is_local: bool) {
    hit(if is_local { 61 } else { 62 });
}

pub(super) fn jump() {
    hit(63);
}

/// Operations that nothing has executed so far.
pub(super) fn missed_operations() -> Vec<&'static str> {
    let hits = HIT.iter().zip(OPERATIONS);
    let missed = hits.filter(|(hit, _)| !hit.load(Ordering::Relaxed));
    missed.map(|(_, name)| name).collect()
}

/// Functions of the library that nothing has called so far, and how many there are. Steps of iterators have no name.
pub(super) fn missed_functions() -> (Vec<&'static str>, usize) {
    let all: Vec<(&'static str, bool)> = library::calls_seen().collect();
    let missed = all.iter().filter(|(_, is_seen)| !is_seen);
    (missed.map(|(name, _)| *name).collect(), all.len())
}
