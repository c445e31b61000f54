//! Expressions: values into registers.
//!
//! Tests: `tests/it/language.rs`.

use super::condition::constant_of;
use super::{Constant, Lowerer};
use crate::elc::{Binary, Expression, Item, Unary, Values};
use crate::machine::op::{Callee, Guess, MULTIPLE, Op};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Listed items that are kept in registers before they are stored.
const LISTED_MAX: u32 = 50;

impl Lowerer<'_> {
    /// A register that holds the value: the local's own, or a new one.
    pub(super) fn operand(&mut self, expression: &Expression) -> u8 {
        if let Expression::Local(slot) = expression {
            let place = self.place(*slot);
            if !place.is_cell {
                return place.register;
            }
        }
        self.next(expression)
    }

    /// Puts the value into the next free register.
    pub(super) fn next(&mut self, expression: &Expression) -> u8 {
        if matches!(
            expression,
            Expression::Call { .. } | Expression::Method { .. }
        ) {
            // The result is where the function was.
            self.call(expression, 1);
            return self.take(1);
        }
        let register = self.take(1);
        self.put(expression, register);
        register
    }

    /// Puts the value into a register that no operand of the expression lives in.
    pub(super) fn put(&mut self, expression: &Expression, a: u8) {
        let mark = self.free;
        self.put_inside(expression, a);
        self.free = mark;
    }

    /// Puts the value into a local's register, which operands of the expression may live in.
    pub(super) fn put_over(&mut self, expression: &Expression, a: u8) {
        let is_direct = !matches!(
            expression,
            Expression::Table { .. } | Expression::And(_) | Expression::Or(_) | Expression::Rest
        );
        if is_direct {
            return self.put(expression, a);
        }
        let mark = self.free;
        let b = self.next(expression);
        self.free = mark;
        self.emit(Op::Move { a, b });
    }

    fn put_inside(&mut self, expression: &Expression, a: u8) {
        match expression {
            Expression::Nil => {
                self.emit(Op::LoadNil { a, count: 1 });
            }
            Expression::Boolean(value) => {
                self.emit(Op::LoadBoolean { a, value: *value });
            }
            Expression::Integer(integer) => match i32::try_from(*integer) {
                Ok(value) => {
                    self.emit(Op::LoadInteger { a, value });
                }
                Err(_) => self.load_constant(a, Constant::Integer(*integer)),
            },
            Expression::Float(_) | Expression::Fixed(_) | Expression::Text(_) => {
                if let Some(constant) = constant_of(expression) {
                    self.load_constant(a, constant);
                }
            }
            Expression::Intrinsic(name) => self.load_constant(a, Constant::Intrinsic(name)),
            Expression::Rest => {
                self.emit(Op::Rest { a, want: 1 });
            }
            Expression::Local(slot) => {
                let place = self.place(*slot);
                let b = place.register;
                if place.is_cell {
                    self.emit(Op::GetCell { a, b });
                } else if a != b {
                    self.emit(Op::Move { a, b });
                }
            }
            Expression::Upvalue(index) => {
                let b = *index as u8;
                let is_cell = self.captures.is_upvalue_cell(self.index, *index);
                self.emit(if is_cell {
                    Op::GetUpvalueCell { a, b }
                } else {
                    Op::GetUpvalue { a, b }
                });
            }
            Expression::Export(index) => {
                let k = self.export(*index);
                self.emit(Op::GetExport { a, k });
            }
            Expression::Function(index) => {
                self.note_sources(*index, None);
                self.emit(Op::Closure {
                    a,
                    prototype: *index,
                });
            }
            Expression::Table { items, rest, line } => self.table(a, items, rest.as_deref(), *line),
            Expression::Unary {
                operator,
                operand,
                line,
            } => self.unary(a, *operator, operand, *line),
            Expression::Binary {
                operator,
                operands,
                line,
            } => self.binary(a, *operator, operands, *line),
            Expression::Concat { operands, line } => self.concat(a, operands, *line),
            Expression::And(operands) => self.choice(a, operands, false),
            Expression::Or(operands) => self.choice(a, operands, true),
            Expression::Index { operands, line } => self.index(a, operands, *line),
            Expression::Call { .. } | Expression::Method { .. } => {
                let b = self.call(expression, 1);
                if a != b {
                    self.emit(Op::Move { a, b });
                }
            }
        }
    }

    pub(super) fn load_constant(&mut self, a: u8, constant: Constant) {
        let k = self.constant(constant);
        self.emit(Op::LoadConstant { a, k });
    }

    pub(super) fn export(&mut self, index: u32) -> u32 {
        let name = crate::names::EXPORTS
            .get(index as usize)
            .copied()
            .unwrap_or_default();
        self.constant(Constant::Text(Box::from(name.as_bytes())))
    }

    /// `and` keeps a left value that counts as false, `or` one that counts as true.
    fn choice(&mut self, a: u8, operands: &(Expression, Expression), flag: bool) {
        self.put(&operands.0, a);
        let jump = self.emit(Op::Test { a, flag, target: 0 });
        self.put(&operands.1, a);
        self.patch(jump);
    }

    fn unary(&mut self, a: u8, operator: Unary, operand: &Expression, line: u32) {
        if operator == Unary::Not
            && matches!(
                operand,
                Expression::Binary { .. } | Expression::And(_) | Expression::Or(_)
            )
        {
            let jumps = self.jump_if(operand, true);
            return self.truth(a, jumps, false);
        }
        let b = self.operand(operand);
        self.line = line;
        self.emit(match operator {
            Unary::Negate => Op::Negate { a, b },
            Unary::Not => Op::Not { a, b },
            Unary::Length => Op::Length { a, b },
            Unary::BitNot => Op::BitNot { a, b },
        });
        self.hint(0, operand);
    }

    /// A boolean out of jumps: `jumped` where they are taken.
    fn truth(&mut self, a: u8, jumps: Vec<usize>, jumped: bool) {
        self.emit(Op::LoadBoolean { a, value: !jumped });
        let end = self.emit(Op::Jump { target: 0 });
        self.patch_all(jumps);
        self.emit(Op::LoadBoolean { a, value: jumped });
        self.patch(end);
    }

    fn binary(&mut self, a: u8, operator: Binary, operands: &(Expression, Expression), line: u32) {
        if matches!(
            operator,
            Binary::Equal
                | Binary::Less
                | Binary::LessEqual
                | Binary::Greater
                | Binary::GreaterEqual
        ) {
            let jumps = self.jump_compared(operator, operands, true, line);
            return self.truth(a, jumps, true);
        }
        let (left, right) = (&operands.0, &operands.1);
        let b = self.operand(left);
        if let Some(op) = self.with_constant(a, b, operator, right) {
            self.line = line;
            self.emit(op);
            self.hint(0, left);
            return;
        }
        let c = self.operand(right);
        self.line = line;
        self.emit(match operator {
            Binary::Add => Op::Add { a, b, c },
            Binary::Subtract => Op::Subtract { a, b, c },
            Binary::Multiply => Op::Multiply { a, b, c },
            Binary::Divide => Op::Divide { a, b, c },
            Binary::FloorDivide => Op::FloorDivide { a, b, c },
            Binary::Modulo => Op::Modulo { a, b, c },
            Binary::Power => Op::Power { a, b, c },
            Binary::BitAnd => Op::BitAnd { a, b, c },
            Binary::BitOr => Op::BitOr { a, b, c },
            Binary::BitXor => Op::BitXor { a, b, c },
            Binary::ShiftLeft => Op::ShiftLeft { a, b, c },
            _ => Op::ShiftRight { a, b, c },
        });
        self.hint(0, left);
        self.hint(1, right);
    }

    /// An operation whose right operand is a number that is written out.
    fn with_constant(&mut self, a: u8, b: u8, operator: Binary, right: &Expression) -> Option<Op> {
        if !matches!(
            right,
            Expression::Integer(_) | Expression::Float(_) | Expression::Fixed(_)
        ) {
            return None;
        }
        let is_short = matches!(
            operator,
            Binary::Add
                | Binary::Subtract
                | Binary::Multiply
                | Binary::Divide
                | Binary::FloorDivide
                | Binary::Modulo
        );
        if !is_short {
            return None;
        }
        // A small integer is a constant too, which saved machines list, although the instruction needs none.
        let k = self.short_constant(constant_of(right)?)?;
        if let Expression::Integer(integer) = right
            && let Ok(i) = i32::try_from(*integer)
        {
            match operator {
                Binary::Add => return Some(Op::AddInteger { a, b, i }),
                Binary::Subtract => return Some(Op::SubtractInteger { a, b, i }),
                _ => {}
            }
        }
        Some(match operator {
            Binary::Add => Op::AddConstant { a, b, k },
            Binary::Subtract => Op::SubtractConstant { a, b, k },
            Binary::Multiply => Op::MultiplyConstant { a, b, k },
            Binary::Divide => Op::DivideConstant { a, b, k },
            Binary::FloorDivide => Op::FloorDivideConstant { a, b, k },
            _ => Op::ModuloConstant { a, b, k },
        })
    }

    fn concat(&mut self, a: u8, operands: &[Expression], line: u32) {
        let first = self.free as u8;
        for operand in operands {
            self.next(operand);
        }
        self.line = line;
        self.emit(Op::Concat {
            a,
            b: first,
            count: operands.len().min(250) as u8,
        });
        for (position, operand) in operands.iter().enumerate() {
            self.hint(position.min(250) as u8, operand);
        }
    }

    fn index(&mut self, a: u8, operands: &(Expression, Expression), line: u32) {
        let (object, key) = (&operands.0, &operands.1);
        if let (Expression::Upvalue(index), Expression::Text(text)) = (object, key)
            && !self.captures.is_upvalue_cell(self.index, *index)
            && let Some(name) = self.name(text)
        {
            self.line = line;
            let (b, guess) = (*index as u8, Guess::default());
            self.emit(Op::GetEnvironment { a, b, guess, name });
            return self.hint(0, object);
        }
        let b = self.operand(object);
        match key {
            Expression::Text(text) => {
                if let Some(name) = self.name(text) {
                    self.line = line;
                    let guess = Guess::default();
                    self.emit(Op::GetField { a, b, guess, name });
                    return self.hint(0, object);
                }
            }
            Expression::Integer(integer) => {
                if let Ok(i) = i32::try_from(*integer) {
                    self.line = line;
                    self.emit(Op::GetInteger { a, b, i });
                    return self.hint(0, object);
                }
            }
            _ => {}
        }
        let c = self.operand(key);
        self.line = line;
        let guess = Guess::default();
        self.emit(Op::GetIndex { a, b, c, guess });
        self.hint(0, object);
    }

    /// Calls; the results start at the register that is returned, which is free again.
    pub(super) fn call(&mut self, expression: &Expression, want: u8) -> u8 {
        let mark = self.free;
        let (a, count, line, named) = self.prepare_call(expression);
        self.line = line;
        let callee = Callee::default();
        self.emit(Op::Call {
            a,
            count,
            want,
            callee,
        });
        self.hint(0, named);
        self.free = mark;
        a
    }

    /// Function and arguments in a row: first register, count of arguments, line, what messages name.
    pub(super) fn prepare_call<'e>(
        &mut self,
        expression: &'e Expression,
    ) -> (u8, u8, u32, &'e Expression) {
        match expression {
            Expression::Call {
                function,
                arguments,
                line,
            } => {
                let a = self.next(function);
                let count = self.row(arguments);
                (a, count, *line, function)
            }
            Expression::Method {
                object,
                name,
                arguments,
                line,
            } => {
                let a = self.take(2);
                let mark = self.free;
                let b = self.operand(object);
                self.free = mark;
                self.line = *line;
                match self.name(name) {
                    Some(name) => {
                        let guess = Guess::default();
                        self.emit(Op::SelfField { a, b, guess, name });
                    }
                    None => self.limit = Some("too many constants"),
                }
                self.hint(0, object);
                let count = self.row(arguments);
                let count = if count == MULTIPLE { count } else { count + 1 };
                (a, count, *line, expression)
            }
            other => (self.next(other), 0, self.line, other),
        }
    }

    /// Values into the next registers; how many, or MULTIPLE.
    pub(super) fn row(&mut self, values: &Values) -> u8 {
        for value in &values.single {
            self.next(value);
        }
        match &values.rest {
            Some(rest) => {
                self.multiple(rest);
                MULTIPLE
            }
            None => values.single.len().min(250) as u8,
        }
    }

    /// All values of an expression from the next free register on.
    pub(super) fn multiple(&mut self, expression: &Expression) {
        self.several(expression, MULTIPLE);
    }

    /// So many values of an expression from the next free register on.
    pub(super) fn several(&mut self, expression: &Expression, want: u8) {
        if let Expression::Rest = expression {
            let a = self.free.min(249) as u8;
            self.emit(Op::Rest { a, want });
        } else {
            self.call(expression, want);
        }
    }

    fn table(&mut self, a: u8, items: &[Item], rest: Option<&Expression>, line: u32) {
        self.line = line;
        let listed = items
            .iter()
            .filter(|item| matches!(item, Item::Listed(_)))
            .count();
        self.emit(Op::NewTable {
            a,
            entries: (items.len() - listed).min(4096) as u16,
            array: listed.min(1 << 16) as u32,
        });
        let mark = self.free;
        let (mut stored, mut pending) = (0u32, 0u32);
        for item in items {
            match item {
                Item::Listed(value) => {
                    self.next(value);
                    pending += 1;
                    if pending == LISTED_MAX {
                        self.store_list(a, mark, &mut pending, &mut stored);
                    }
                }
                Item::Keyed(key, value) => {
                    // A key that could be one of the listed must find them stored.
                    if !matches!(key, Expression::Text(_)) {
                        self.store_list(a, mark, &mut pending, &mut stored);
                    }
                    self.store_pair(a, key, value, line);
                }
            }
        }
        if let Some(rest) = rest {
            self.multiple(rest);
            self.emit(Op::SetList {
                a,
                b: mark.min(249) as u8,
                count: MULTIPLE,
                start: stored,
            });
        } else {
            self.store_list(a, mark, &mut pending, &mut stored);
        }
        self.free = mark;
    }

    fn store_list(&mut self, a: u8, mark: u32, pending: &mut u32, stored: &mut u32) {
        if *pending > 0 {
            self.emit(Op::SetList {
                a,
                b: mark as u8,
                count: *pending as u8,
                start: *stored,
            });
            *stored += *pending;
            *pending = 0;
        }
        self.free = mark;
    }

    fn store_pair(&mut self, a: u8, key: &Expression, value: &Expression, line: u32) {
        let mark = self.free;
        if let Expression::Text(text) = key
            && let Some(name) = self.name(text)
        {
            let c = self.operand(value);
            self.line = line;
            let guess = Guess::default();
            self.emit(Op::SetField { a, c, guess, name });
        } else {
            let b = self.operand(key);
            let c = self.operand(value);
            self.line = line;
            let guess = Guess::default();
            self.emit(Op::SetIndex { a, b, c, guess });
        }
        self.free = mark;
    }
}
