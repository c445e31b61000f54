//! Statements: stores, loops, jumps, returns.
//!
//! Tests: `tests/it/language.rs`.

use super::{Forward, Label, Loop, Lowerer};
use crate::elc::{self, Block, Expression, Statement, Target, Values};
use crate::machine::op::{Callee, Guess, MULTIPLE, Name, Op};
use crate::profile::Profile;
use alloc::vec::Vec;

/// Hidden registers of a loop over values: iterator, state, control, closing value, position.
const HIDDEN_COUNT: u32 = 5;

/// A target whose table and key are in registers.
enum Ready<'t> {
    Local(u32),
    Upvalue(u32),
    Export(u32),
    Field {
        table: u8,
        key: Key,
        line: u32,
        named: &'t Expression,
    },
}

enum Key {
    Constant(Name),
    Integer(i32),
    Register(u8),
    /// A member of an upvalue.
    Environment(u8, Name),
}

impl Lowerer<'_> {
    pub(super) fn statement(&mut self, statement: &Statement, label_weight: u32) {
        match statement {
            Statement::Local { count, values } => self.local(*count, values),
            Statement::Close { slot, line } => {
                self.line = *line;
                let a = self.place(*slot).register;
                self.emit(Op::MarkClose { a });
                self.hint(0, &Expression::Local(*slot));
                self.closers.push(a);
            }
            Statement::LocalFunction { function } => self.local_function(*function),
            Statement::Assign { targets, values } => self.assign(targets, values),
            Statement::Call(call) => {
                self.call(call, 0);
            }
            Statement::Do(body) => self.block(body),
            Statement::While { condition, body } => self.while_loop(statement, condition, body),
            Statement::Repeat { body, condition } => self.repeat_loop(statement, body, condition),
            Statement::If {
                condition,
                then,
                otherwise,
            } => {
                let skips = self.jump_if(condition, false);
                self.block(then);
                if otherwise.is_empty() {
                    return self.patch_all(skips);
                }
                let end = self.emit(Op::Jump { target: 0 });
                self.patch_all(skips);
                self.block(otherwise);
                self.patch(end);
            }
            Statement::NumericFor {
                start,
                limit,
                step,
                body,
                line,
            } => {
                let bounds = [start, limit, step];
                self.numeric_for(statement, bounds, body, *line);
            }
            Statement::GenericFor {
                count,
                values,
                body,
                line,
            } => {
                self.generic_for(statement, *count, values, body, *line);
            }
            Statement::Goto { label } => self.goto(*label),
            Statement::Label { label } => {
                let position = self.here();
                let found = Label {
                    position,
                    weight: label_weight,
                    closer_count: self.closers.len(),
                };
                self.labels.insert(*label, found);
            }
            Statement::Break => {
                let closer_count = self.loops.last().map_or(0, |open| open.closer_count);
                self.close_down_to(closer_count);
                let jump = self.emit(Op::Jump { target: 0 });
                if let Some(open) = self.loops.last_mut() {
                    open.breaks.push(jump);
                }
            }
            Statement::Return { values, line } => self.return_values(values, *line),
        }
    }

    /// A block: its locals' registers are free afterwards, and what it marked is closed.
    pub(super) fn block(&mut self, block: &Block) {
        let (locals, free, closers) = (self.locals.len(), self.free, self.closers.len());
        self.statements(block);
        self.leave(locals, free, closers);
    }

    fn leave(&mut self, locals: usize, free: u32, closers: usize) {
        self.close_down_to(closers);
        self.closers.truncate(closers);
        self.locals.truncate(locals);
        self.free = free;
    }

    /// Closes what was marked beyond the first `count` closers; they stay known, for code behind a jump.
    fn close_down_to(&mut self, count: usize) {
        if let Some(a) = self.closers.get(count) {
            self.emit(Op::Close { a: *a });
        }
    }

    fn local(&mut self, count: u32, values: &Values) {
        let first_local = self.locals.len();
        let first = self.free;
        self.row_of(values, count);
        // Registers beyond what a wrong count took are not used.
        self.free = first;
        for _ in 0..count {
            let register = self.take(1);
            self.declare(register);
        }
        self.make_cells(first_local);
    }

    /// Exactly `count` values into the next registers.
    fn row_of(&mut self, values: &Values, count: u32) {
        let first = self.free;
        for (position, value) in values.single.iter().enumerate() {
            self.next(value);
            if position as u32 >= count {
                // Computed for its effect.
                self.free -= 1;
            }
        }
        let given = (values.single.len() as u32).min(count);
        let missing = count - given;
        match &values.rest {
            Some(rest) => self.several(rest, missing.min(250) as u8),
            None if missing > 0 => {
                let a = (first + given).min(249) as u8;
                self.emit(Op::LoadNil {
                    a,
                    count: missing.min(250) as u8,
                });
            }
            None => {}
        }
        self.free = first;
        self.take(count);
    }

    fn local_function(&mut self, function: u32) {
        let a = self.take(1);
        let slot = self.locals.len() as u32;
        self.declare(a);
        let is_cell = self.place(slot).is_cell;
        if !is_cell {
            self.note_sources(function, Some(slot));
            self.emit(Op::Closure {
                a,
                prototype: function,
            });
            return;
        }
        self.emit(Op::LoadNil { a, count: 1 });
        self.emit(Op::NewCell { a });
        self.note_sources(function, None);
        let mark = self.free;
        let b = self.take(1);
        self.emit(Op::Closure {
            a: b,
            prototype: function,
        });
        self.emit(Op::SetCell { a, b });
        self.free = mark;
    }

    fn assign(&mut self, targets: &[Target], values: &Values) {
        let mark = self.free;
        if let ([target], [value], None) = (targets, &values.single[..], &values.rest) {
            self.assign_one(target, value);
            self.free = mark;
            return;
        }
        let assigns_local = targets
            .iter()
            .any(|target| matches!(target, Target::Local(_)));
        let ready: Vec<Ready<'_>> = targets
            .iter()
            .map(|target| self.ready(target, assigns_local))
            .collect();
        let first = self.free;
        self.row_of(values, targets.len() as u32);
        for (position, target) in ready.iter().enumerate().rev() {
            self.store(target, (first + position as u32).min(249) as u8);
        }
        self.free = mark;
    }

    fn assign_one(&mut self, target: &Target, value: &Expression) {
        if let Target::Local(slot) = target {
            let place = self.place(*slot);
            if !place.is_cell {
                return self.put_over(value, place.register);
            }
        }
        let ready = self.ready(target, false);
        let register = self.operand(value);
        self.store(&ready, register);
    }

    /// Computes a target's table and key. With `copies`, locals are copied, since the statement assigns some local.
    fn ready<'t>(&mut self, target: &'t Target, copies: bool) -> Ready<'t> {
        match target {
            Target::Local(slot) => Ready::Local(*slot),
            Target::Upvalue(index) => Ready::Upvalue(*index),
            Target::Export(index) => Ready::Export(*index),
            Target::Index { table, key, line } => {
                let (line, named) = (*line, table);
                if let (Expression::Upvalue(index), Expression::Text(text)) = (table, key)
                    && !self.captures.is_upvalue_cell(self.index, *index)
                    && let Some(name) = self.name(text)
                {
                    let key = Key::Environment(*index as u8, name);
                    return Ready::Field {
                        table: 0,
                        key,
                        line,
                        named,
                    };
                }
                let table = if copies {
                    self.next(table)
                } else {
                    self.operand(table)
                };
                let key = self.key(key, copies);
                Ready::Field {
                    table,
                    key,
                    line,
                    named,
                }
            }
        }
    }

    fn key(&mut self, key: &Expression, copies: bool) -> Key {
        match key {
            Expression::Text(text) => {
                if let Some(name) = self.name(text) {
                    return Key::Constant(name);
                }
            }
            Expression::Integer(integer) => {
                if let Ok(integer) = i32::try_from(*integer) {
                    return Key::Integer(integer);
                }
            }
            _ => {}
        }
        Key::Register(if copies {
            self.next(key)
        } else {
            self.operand(key)
        })
    }

    fn store(&mut self, target: &Ready<'_>, c: u8) {
        match target {
            Ready::Local(slot) => {
                let place = self.place(*slot);
                let a = place.register;
                self.emit(if place.is_cell {
                    Op::SetCell { a, b: c }
                } else {
                    Op::Move { a, b: c }
                });
            }
            Ready::Upvalue(index) => {
                let b = *index as u8;
                self.emit(Op::SetUpvalueCell { a: c, b });
            }
            Ready::Export(index) => {
                let k = self.export(*index);
                self.emit(Op::SetExport { a: c, k });
            }
            Ready::Field {
                table,
                key,
                line,
                named,
            } => {
                self.line = *line;
                let (a, guess) = (*table, Guess::default());
                self.emit(match *key {
                    Key::Constant(name) => Op::SetField { a, c, guess, name },
                    Key::Integer(i) => Op::SetInteger { a, c, i },
                    Key::Register(b) => Op::SetIndex { a, b, c, guess },
                    Key::Environment(b, name) => {
                        let a = c;
                        Op::SetEnvironment { a, b, guess, name }
                    }
                });
                self.hint(0, named);
            }
        }
    }

    fn open_loop(&mut self) {
        self.loops.push(Loop {
            breaks: Vec::new(),
            closer_count: self.closers.len(),
        });
    }

    fn close_loop(&mut self) {
        if let Some(open) = self.loops.pop() {
            self.patch_all(open.breaks);
        }
    }

    fn fuel(statement: &Statement) -> u16 {
        elc::back_edge_weight(statement).min(u32::from(u16::MAX)) as u16
    }

    fn while_loop(&mut self, statement: &Statement, condition: &Expression, body: &Block) {
        let target = self.here();
        let exits = self.jump_if(condition, false);
        self.open_loop();
        self.block(body);
        let fuel = Self::fuel(statement);
        self.emit(Op::Loop { fuel, target });
        self.patch_all(exits);
        self.close_loop();
    }

    fn repeat_loop(&mut self, statement: &Statement, body: &Block, condition: &Expression) {
        let target = self.here();
        self.open_loop();
        let (locals, free, closers) = (self.locals.len(), self.free, self.closers.len());
        self.statements(body);
        let exits = self.jump_if(condition, true);
        self.close_down_to(closers);
        let fuel = Self::fuel(statement);
        self.emit(Op::Loop { fuel, target });
        self.patch_all(exits);
        self.leave(locals, free, closers);
        self.close_loop();
    }

    fn numeric_for(
        &mut self,
        statement: &Statement,
        bounds: [&Expression; 3],
        body: &Block,
        line: u32,
    ) {
        let (locals, free, closers) = (self.locals.len(), self.free, self.closers.len());
        let a = self.free.min(249) as u8;
        for bound in bounds {
            self.next(bound);
        }
        self.line = line;
        let prepare = self.emit(Op::ForPrepare { a, target: 0 });
        let target = self.here();
        self.open_loop();
        let register = self.take(1);
        self.declare(register);
        self.make_cells(locals);
        self.statements(body);
        self.leave(locals, free, closers);
        self.line = line;
        let fuel = Self::fuel(statement);
        self.emit(Op::ForLoop { a, fuel, target });
        self.patch(prepare);
        self.close_loop();
    }

    fn generic_for(
        &mut self,
        statement: &Statement,
        count: u32,
        values: &Values,
        body: &Block,
        line: u32,
    ) {
        let (locals, free, closers) = (self.locals.len(), self.free, self.closers.len());
        let a = self.free.min(249) as u8;
        let closes = self.module.profile == Profile::Script;
        self.row_of(values, 4);
        self.take(HIDDEN_COUNT - 4);
        self.line = line;
        self.emit(Op::ForEachPrepare { a, closes });
        if closes {
            self.closers.push((u32::from(a) + 3).min(249) as u8);
        }
        let target = self.here();
        let count = count.min(200) as u8;
        // A call of the iterator needs three registers in the place of the variables.
        let mark = self.free;
        self.take(u32::from(count).max(3));
        self.free = mark;
        let each = self.emit(Op::ForEach {
            a,
            count,
            target: 0,
        });
        let test = self.emit(Op::ForEachTest { a, target: 0 });
        self.open_loop();
        let inner_closers = self.closers.len();
        for _ in 0..count {
            let register = self.take(1);
            self.declare(register);
        }
        self.make_cells(locals);
        self.statements(body);
        self.leave(locals, mark, inner_closers);
        self.line = line;
        let fuel = Self::fuel(statement);
        self.emit(Op::Loop { fuel, target });
        self.patch(each);
        self.patch(test);
        self.close_loop();
        self.leave(locals, free, closers);
    }

    fn goto(&mut self, label: u32) {
        if let Some(found) = self.labels.get(&label) {
            let (target, fuel) = (found.position, found.weight.min(u32::from(u16::MAX)) as u16);
            let closer_count = found.closer_count;
            self.close_down_to(closer_count);
            self.emit(Op::Loop { fuel, target });
            return;
        }
        // How much is closed is known at the label; until then nothing lies beyond register 255.
        let close = if self.closers.is_empty() {
            None
        } else {
            Some((self.emit(Op::Close { a: u8::MAX }), self.closers.clone()))
        };
        let jump = self.emit(Op::Jump { target: 0 });
        self.jumps.push(Forward { jump, label, close });
    }

    fn return_values(&mut self, values: &Values, line: u32) {
        let mark = self.free;
        let closes = !self.closers.is_empty();
        match (&values.single[..], &values.rest) {
            ([], None) => {
                self.close_down_to(0);
                self.line = line;
                self.emit(Op::ReturnNothing);
            }
            ([], Some(call)) if !closes && !matches!(**call, Expression::Rest) => {
                let (a, count, line, named) = self.prepare_call(call);
                self.line = line;
                let callee = Callee::default();
                self.emit(Op::TailCall { a, count, callee });
                self.hint(0, named);
                // Where the callee was no function of the program.
                let (count, pays) = (MULTIPLE, false);
                self.emit(Op::Return { a, count, pays });
            }
            ([value], None) if !closes => {
                let a = self.operand(value);
                self.line = line;
                self.emit(Op::ReturnOne { a });
            }
            _ => {
                let a = self.free.min(249) as u8;
                let count = self.row(values);
                self.close_down_to(0);
                self.line = line;
                let pays = count == MULTIPLE;
                self.emit(Op::Return { a, count, pays });
            }
        }
        self.free = mark;
    }
}
