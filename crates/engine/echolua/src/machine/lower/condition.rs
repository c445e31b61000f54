//! Conditions: code that jumps where an expression counts as true, or as false, and falls through else.
//!
//! Tests: `tests/it/language.rs`.

use super::{Constant, Lowerer};
use crate::elc::{Binary, Expression, Unary};
use crate::machine::op::Op;
use alloc::vec::Vec;

impl Lowerer<'_> {
    /// Emits jumps that are taken where the expression counts as `flag`; gives them to be patched.
    pub(super) fn jump_if(&mut self, expression: &Expression, flag: bool) -> Vec<usize> {
        if expression.is_constant_true() || expression.is_constant_false() {
            let is_taken = expression.is_constant_true() == flag;
            return if is_taken {
                Vec::from([self.emit(Op::Jump { target: 0 })])
            } else {
                Vec::new()
            };
        }
        match expression {
            Expression::Unary {
                operator: Unary::Not,
                operand,
                ..
            } => self.jump_if(operand, !flag),
            Expression::And(operands) => self.jump_if_both(operands, flag, true),
            Expression::Or(operands) => self.jump_if_both(operands, flag, false),
            Expression::Binary {
                operator,
                operands,
                line,
            } => match operator {
                Binary::Equal
                | Binary::Less
                | Binary::LessEqual
                | Binary::Greater
                | Binary::GreaterEqual => self.jump_compared(*operator, operands, flag, *line),
                _ => self.jump_tested(expression, flag),
            },
            _ => self.jump_tested(expression, flag),
        }
    }

    fn jump_tested(&mut self, expression: &Expression, flag: bool) -> Vec<usize> {
        let mark = self.free;
        let a = self.operand(expression);
        self.free = mark;
        Vec::from([self.emit(Op::Test { a, flag, target: 0 })])
    }

    /// `and` (`is_and`) or `or`.
    fn jump_if_both(
        &mut self,
        operands: &(Expression, Expression),
        flag: bool,
        is_and: bool,
    ) -> Vec<usize> {
        // `and` is false as soon as one side is; `or` is true as soon as one side is.
        if flag != is_and {
            let mut jumps = self.jump_if(&operands.0, flag);
            jumps.extend(self.jump_if(&operands.1, flag));
            return jumps;
        }
        let skips = self.jump_if(&operands.0, !flag);
        let jumps = self.jump_if(&operands.1, flag);
        self.patch_all(skips);
        jumps
    }

    pub(super) fn jump_compared(
        &mut self,
        operator: Binary,
        operands: &(Expression, Expression),
        flag: bool,
        line: u32,
    ) -> Vec<usize> {
        let mark = self.free;
        let jump = match operator {
            Binary::Equal => self.jump_equal(operands, flag, line),
            _ => self.jump_ordered(operator, operands, flag, line),
        };
        self.free = mark;
        Vec::from([jump])
    }

    fn jump_equal(&mut self, operands: &(Expression, Expression), flag: bool, line: u32) -> usize {
        let (left, right) = (&operands.0, &operands.1);
        let a = self.operand(left);
        if let Some(constant) = constant_of(right)
            && let Some(k) = self.short_constant(constant)
        {
            self.line = line;
            return self.emit(if flag {
                Op::EqualConstant { a, k, target: 0 }
            } else {
                Op::UnequalConstant { a, k, target: 0 }
            });
        }
        let b = self.operand(right);
        self.line = line;
        self.emit(Op::Equal {
            a,
            b,
            flag,
            target: 0,
        })
    }

    fn jump_ordered(
        &mut self,
        operator: Binary,
        operands: &(Expression, Expression),
        flag: bool,
        line: u32,
    ) -> usize {
        let (left, right) = (&operands.0, &operands.1);
        let a = self.operand(left);
        if let Expression::Integer(integer) = right
            && let Ok(i) = i16::try_from(*integer)
        {
            self.line = line;
            let target = 0;
            return self.emit(match (operator, flag) {
                (Binary::Less, true) => Op::LessInteger { a, i, target },
                (Binary::Less, false) => Op::NotLessInteger { a, i, target },
                (Binary::LessEqual, true) => Op::LessEqualInteger { a, i, target },
                (Binary::LessEqual, false) => Op::NotLessEqualInteger { a, i, target },
                (Binary::Greater, true) => Op::GreaterInteger { a, i, target },
                (Binary::Greater, false) => Op::NotGreaterInteger { a, i, target },
                (_, true) => Op::GreaterEqualInteger { a, i, target },
                (_, false) => Op::NotGreaterEqualInteger { a, i, target },
            });
        }
        let b = self.operand(right);
        self.line = line;
        let target = 0;
        self.emit(match operator {
            Binary::Less => Op::Less { a, b, flag, target },
            Binary::LessEqual => Op::LessEqual { a, b, flag, target },
            Binary::Greater => Op::Less {
                a: b,
                b: a,
                flag,
                target,
            },
            _ => Op::LessEqual {
                a: b,
                b: a,
                flag,
                target,
            },
        })
    }
}

/// The constant an expression is.
pub(super) fn constant_of(expression: &Expression) -> Option<Constant> {
    Some(match expression {
        Expression::Nil => Constant::Nil,
        Expression::Boolean(value) => Constant::Boolean(*value),
        Expression::Integer(integer) => Constant::Integer(*integer),
        Expression::Float(bits) => Constant::Float(*bits),
        Expression::Fixed(steps) => Constant::Fixed(*steps),
        Expression::Text(text) => Constant::Text(text.clone()),
        _ => return None,
    })
}
