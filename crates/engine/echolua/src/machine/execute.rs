//! The loop that runs register code.
//!
//! Fast paths are written out here; whatever does not fit one is left to `slow`, after which the loop looks at the
//! topmost frame again. A dispatch loop is long because splitting it costs the speed it is for.
//!
//! INVARIANT: an operation's fast path and its slow path mean the same.
//! TWIN: opcodes — `op.rs`, `lower`. Tests: `tests/it/language.rs`, `src/twin/tests.rs`.

mod slow;

use super::call::Delivery;
use super::op::{MULTIPLE, Op};
use super::{After, Fault, Prototype, Vm, WINDOW};
use crate::arithmetic::{self, Operator};
use crate::library::{self, Native, native};
use crate::profile::Profile;
use crate::value::Value;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_numbers::binary64;

/// Registers of a frame: a byte always names one.
type Window = [Value; WINDOW];

fn window(stack: &mut [Value], base: usize) -> &mut Window {
    let registers = &mut stack[base..base + WINDOW];
    registers
        .try_into()
        .expect("the slice has the size of a window")
}

/// Whether an operation with a float or integer pair has a fast path, and its result.
macro_rules! arithmetic {
    ($left:expr, $right:expr, $fold:expr, $wrapping:ident, $checked:ident, $float:tt) => {
        match ($left, $right) {
            (Value::Integer(left), Value::Integer(right)) => {
                if $fold {
                    left.$checked(right).map(Value::Integer)
                } else {
                    Some(Value::Integer(left.$wrapping(right)))
                }
            }
            (Value::Float(left), Value::Float(right)) => Some(Value::Float(left $float right)),
            (Value::Integer(left), Value::Float(right)) => Some(Value::Float(left as f64 $float right)),
            (Value::Float(left), Value::Integer(right)) => Some(Value::Float(left $float right as f64)),
            _ => None,
        }
    };
}

impl Vm {
    /// Runs until the marker of the native function that called is on top.
    pub(super) fn run(&mut self, begun: Result<(), Fault>) -> Result<(), Fault> {
        let mut outcome = begun;
        loop {
            if let Err(fault) = outcome {
                self.unwind(fault)?;
            }
            outcome = match self.profile {
                Profile::Fold => self.execute::<true>(),
                Profile::Script => self.execute::<false>(),
            };
            if outcome.is_ok() {
                self.frames.pop();
                return Ok(());
            }
        }
    }

    #[expect(clippy::too_many_lines, reason = "see the postcard")]
    fn execute<const FOLD: bool>(&mut self) -> Result<(), Fault> {
        let mut program = Arc::clone(&self.program);
        'frame: loop {
            let Some(frame) = self.frames.last() else {
                return Ok(());
            };
            if !frame.is_program() {
                let marker = *frame;
                if self.settle_marker(marker)? {
                    return Ok(());
                }
                continue 'frame;
            }
            let closure_id = frame.closure;
            let base = frame.base as usize;
            let mut pc = frame.pc as usize;
            let Some(prototype) = program.prototypes.get(frame.prototype as usize) else {
                // A function that was loaded since the loop began.
                program = Arc::clone(&self.program);
                continue 'frame;
            };
            let prototype: &Prototype = prototype;
            let code = &prototype.code[..];
            let constants = &prototype.constants[..];
            let registers = window(&mut self.stack, base);

            /// Leaves the fast path: the frame knows where it is, and the loop begins anew.
            macro_rules! slow {
                ($call:expr) => {{
                    if let Some(frame) = self.frames.last_mut() {
                        frame.pc = pc as u32;
                    }
                    $call;
                    continue 'frame;
                }};
            }
            macro_rules! jump_if {
                ($condition:expr, $target:expr) => {
                    if $condition {
                        pc = $target as usize;
                    }
                };
            }

            loop {
                let op = code[pc];
                pc += 1;
                match op {
                    Op::Move { a, b } => registers[a as usize] = registers[b as usize],
                    Op::LoadNil { a, count } => {
                        for register in &mut registers[a as usize..a as usize + count as usize] {
                            *register = Value::Nil;
                        }
                    }
                    Op::LoadBoolean { a, value } => registers[a as usize] = Value::Boolean(value),
                    Op::LoadInteger { a, value } => {
                        registers[a as usize] = Value::Integer(i64::from(value))
                    }
                    Op::LoadConstant { a, k } => registers[a as usize] = constants[k as usize],
                    Op::GetUpvalue { a, b } => {
                        registers[a as usize] = self.heap.closure(closure_id).upvalues[b as usize];
                    }
                    Op::GetUpvalueCell { a, b } => {
                        if let Value::Cell(cell) =
                            self.heap.closure(closure_id).upvalues[b as usize]
                        {
                            registers[a as usize] = self.heap.cell(cell);
                        }
                    }
                    Op::SetUpvalueCell { a, b } => {
                        if let Value::Cell(cell) =
                            self.heap.closure(closure_id).upvalues[b as usize]
                        {
                            self.heap.set_cell(cell, registers[a as usize]);
                        }
                    }
                    Op::NewCell { a } => {
                        registers[a as usize] =
                            Value::Cell(self.heap.new_cell(registers[a as usize]));
                    }
                    Op::GetCell { a, b } => {
                        if let Value::Cell(cell) = registers[b as usize] {
                            registers[a as usize] = self.heap.cell(cell);
                        }
                    }
                    Op::SetCell { a, b } => {
                        if let Value::Cell(cell) = registers[a as usize] {
                            self.heap.set_cell(cell, registers[b as usize]);
                        }
                    }
                    Op::GetExport { a, k } => {
                        registers[a as usize] =
                            self.heap.table(self.globals).get(constants[k as usize]);
                    }
                    Op::SetExport { a, k } => {
                        let globals = self.globals;
                        self.heap
                            .set(globals, constants[k as usize], registers[a as usize]);
                    }
                    Op::GetEnvironment { a, b, k } => {
                        let environment = self.heap.closure(closure_id).upvalues[b as usize];
                        let key = constants[k as usize];
                        if let (Value::Table(table), Value::String(name)) = (environment, key) {
                            let value = self.heap.table(table).get_string(name);
                            if !value.is_nil() {
                                registers[a as usize] = value;
                                continue;
                            }
                        }
                        slow!(self.slow_index(base, a, environment, key)?);
                    }
                    Op::SetEnvironment { a, b, k } => {
                        let environment = self.heap.closure(closure_id).upvalues[b as usize];
                        let (key, value) = (constants[k as usize], registers[a as usize]);
                        slow!(self.slow_set_index(environment, key, value)?);
                    }
                    Op::GetField { a, b, k } => {
                        let object = registers[b as usize];
                        let key = constants[k as usize];
                        if let (Value::Table(id), Value::String(name)) = (object, key) {
                            let table = self.heap.table(id);
                            let value = table.get_string(name);
                            if !value.is_nil() || table.metatable.is_none() {
                                registers[a as usize] = value;
                                continue;
                            }
                        }
                        slow!(self.slow_index(base, a, object, key)?);
                    }
                    Op::GetIndex { a, b, c } => {
                        let (object, key) = (registers[b as usize], registers[c as usize]);
                        if let Value::Table(id) = object {
                            let table = self.heap.table(id);
                            let value = match key {
                                Value::Integer(integer) => table.get_integer(integer),
                                key => table.get(key),
                            };
                            if !value.is_nil() || table.metatable.is_none() {
                                registers[a as usize] = value;
                                continue;
                            }
                        }
                        slow!(self.slow_index(base, a, object, key)?);
                    }
                    Op::GetInteger { a, b, i } => {
                        let object = registers[b as usize];
                        if let Value::Table(id) = object {
                            let table = self.heap.table(id);
                            let value = table.get_integer(i64::from(i));
                            if !value.is_nil() || table.metatable.is_none() {
                                registers[a as usize] = value;
                                continue;
                            }
                        }
                        slow!(self.slow_index(base, a, object, Value::Integer(i64::from(i)))?);
                    }
                    Op::SetField { a, c, k } => {
                        let (object, value) = (registers[a as usize], registers[c as usize]);
                        let key = constants[k as usize];
                        if let (Value::Table(id), Value::String(name)) = (object, key) {
                            let table = self.heap.table_mut(id);
                            if let Some(position) = table.position_of_string(name)
                                && !value.is_nil()
                                && let Some(entry) = table.entries.get_mut(position)
                                && !entry.value.is_nil()
                            {
                                entry.value = value;
                                continue;
                            }
                            if table.metatable.is_none() {
                                self.heap.set(id, key, value);
                                continue;
                            }
                        }
                        slow!(self.slow_set_index(object, key, value)?);
                    }
                    Op::SetIndex { a, b, c } => {
                        let (object, key) = (registers[a as usize], registers[b as usize]);
                        let value = registers[c as usize];
                        if let (Value::Table(id), Value::Integer(integer)) = (object, key) {
                            let table = self.heap.table_mut(id);
                            if table.metatable.is_none() {
                                if !value.is_nil() && table.store_in_array(integer, value) {
                                    continue;
                                }
                                self.heap.set(id, key, value);
                                continue;
                            }
                        }
                        slow!(self.slow_set_index(object, key, value)?);
                    }
                    Op::SetInteger { a, c, i } => {
                        let (object, value) = (registers[a as usize], registers[c as usize]);
                        let key = Value::Integer(i64::from(i));
                        if let Value::Table(id) = object {
                            let table = self.heap.table_mut(id);
                            if table.metatable.is_none() {
                                if !value.is_nil() && table.store_in_array(i64::from(i), value) {
                                    continue;
                                }
                                self.heap.set(id, key, value);
                                continue;
                            }
                        }
                        slow!(self.slow_set_index(object, key, value)?);
                    }
                    Op::SetList { a, b, count, start } => {
                        slow!(self.set_list(base, a, b, count, start)?)
                    }
                    Op::SelfField { a, b, k } => {
                        let object = registers[b as usize];
                        let key = constants[k as usize];
                        registers[a as usize + 1] = object;
                        if let (Value::Table(id), Value::String(name)) = (object, key) {
                            let table = self.heap.table(id);
                            let value = table.get_string(name);
                            if !value.is_nil() {
                                registers[a as usize] = value;
                                continue;
                            }
                            // The usual class: the method lies in the table that `__index` names.
                            if let Some(class) = self
                                .heap
                                .class_of(table, self.words.events[super::event::INDEX])
                            {
                                let value = self.heap.table(class).get_string(name);
                                if !value.is_nil() {
                                    registers[a as usize] = value;
                                    continue;
                                }
                            }
                        }
                        slow!(self.slow_index(base, a, object, key)?);
                    }
                    Op::NewTable { a, entries, array } => {
                        if self.heap.bytes > self.heap.threshold {
                            slow!({
                                self.collect_now(base, prototype.register_count)?;
                                self.new_table(base, a, entries, array);
                            });
                        }
                        let id = self.heap.new_table();
                        if entries > 0 || array > 0 {
                            self.heap
                                .table_mut(id)
                                .reserve(array as usize, entries as usize);
                        }
                        registers[a as usize] = Value::Table(id);
                    }
                    Op::Add { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match arithmetic!(left, right, FOLD, wrapping_add, checked_add, +) {
                            Some(value) => registers[a as usize] = value,
                            None => {
                                slow!(self.slow_arithmetic(base, a, Operator::Add, left, right)?)
                            }
                        }
                    }
                    Op::Subtract { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match arithmetic!(left, right, FOLD, wrapping_sub, checked_sub, -) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::Subtract,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::Multiply { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match arithmetic!(left, right, FOLD, wrapping_mul, checked_mul, *) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::Multiply,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::AddConstant { a, b, k } => {
                        let (left, right) = (registers[b as usize], constants[k as usize]);
                        match arithmetic!(left, right, FOLD, wrapping_add, checked_add, +) {
                            Some(value) => registers[a as usize] = value,
                            None => {
                                slow!(self.slow_arithmetic(base, a, Operator::Add, left, right)?)
                            }
                        }
                    }
                    Op::SubtractConstant { a, b, k } => {
                        let (left, right) = (registers[b as usize], constants[k as usize]);
                        match arithmetic!(left, right, FOLD, wrapping_sub, checked_sub, -) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::Subtract,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::MultiplyConstant { a, b, k } => {
                        let (left, right) = (registers[b as usize], constants[k as usize]);
                        match arithmetic!(left, right, FOLD, wrapping_mul, checked_mul, *) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::Multiply,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::Divide { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match quotient(left, right) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::Divide,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::DivideConstant { a, b, k } => {
                        let (left, right) = (registers[b as usize], constants[k as usize]);
                        match quotient(left, right) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::Divide,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::FloorDivide { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match floor_quotient(left, right) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::FloorDivide,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::FloorDivideConstant { a, b, k } => {
                        let (left, right) = (registers[b as usize], constants[k as usize]);
                        match floor_quotient(left, right) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::FloorDivide,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::Modulo { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match remainder(left, right) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::Modulo,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::ModuloConstant { a, b, k } => {
                        let (left, right) = (registers[b as usize], constants[k as usize]);
                        match remainder(left, right) {
                            Some(value) => registers[a as usize] = value,
                            None => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::Modulo,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::Power { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        slow!(self.slow_arithmetic(base, a, Operator::Power, left, right)?);
                    }
                    Op::BitAnd { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match (left, right) {
                            (Value::Integer(x), Value::Integer(y)) => {
                                registers[a as usize] = Value::Integer(x & y)
                            }
                            _ => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::BitAnd,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::BitOr { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match (left, right) {
                            (Value::Integer(x), Value::Integer(y)) => {
                                registers[a as usize] = Value::Integer(x | y)
                            }
                            _ => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::BitOr,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::BitXor { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match (left, right) {
                            (Value::Integer(x), Value::Integer(y)) => {
                                registers[a as usize] = Value::Integer(x ^ y)
                            }
                            _ => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::BitXor,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::ShiftLeft { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match (left, right) {
                            (Value::Integer(x), Value::Integer(y)) => {
                                registers[a as usize] =
                                    Value::Integer(arithmetic::shift_left(x, y));
                            }
                            _ => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::ShiftLeft,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::ShiftRight { a, b, c } => {
                        let (left, right) = (registers[b as usize], registers[c as usize]);
                        match (left, right) {
                            (Value::Integer(x), Value::Integer(y)) => {
                                registers[a as usize] =
                                    Value::Integer(arithmetic::shift_left(x, y.wrapping_neg()));
                            }
                            _ => slow!(self.slow_arithmetic(
                                base,
                                a,
                                Operator::ShiftRight,
                                left,
                                right
                            )?),
                        }
                    }
                    Op::Negate { a, b } => match registers[b as usize] {
                        Value::Integer(integer) if !FOLD => {
                            registers[a as usize] = Value::Integer(integer.wrapping_neg())
                        }
                        Value::Float(float) => registers[a as usize] = Value::Float(-float),
                        operand => slow!(self.slow_negate(base, a, operand)?),
                    },
                    Op::Not { a, b } => {
                        registers[a as usize] = Value::Boolean(!registers[b as usize].is_true())
                    }
                    Op::Length { a, b } => {
                        let operand = registers[b as usize];
                        if let Value::Table(id) = operand {
                            let table = self.heap.table(id);
                            if table.metatable.is_none() {
                                registers[a as usize] = Value::Integer(table.length());
                                continue;
                            }
                        }
                        slow!(self.slow_length(base, a, operand)?);
                    }
                    Op::BitNot { a, b } => match registers[b as usize] {
                        Value::Integer(integer) => registers[a as usize] = Value::Integer(!integer),
                        operand => slow!(self.slow_bit_not(base, a, operand)?),
                    },
                    Op::Concat { a, b, count } => slow!({
                        self.collect_if_due(base, prototype.register_count)?;
                        self.concat(base, a, b, count)?;
                    }),
                    Op::Jump { target } => pc = target as usize,
                    Op::Loop { fuel, target } => {
                        match self.fuel.checked_sub(u64::from(fuel)) {
                            Some(rest) => self.fuel = rest,
                            None => slow!(self.pay(u64::from(fuel))?),
                        }
                        pc = target as usize;
                        if self.heap.bytes > self.heap.threshold {
                            slow!(self.collect_now(base, prototype.register_count)?);
                        }
                    }
                    Op::Test { a, flag, target } => {
                        jump_if!(registers[a as usize].is_true() == flag, target)
                    }
                    Op::Equal { a, b, flag, target } => {
                        let (left, right) = (registers[a as usize], registers[b as usize]);
                        if let (Value::Table(x), Value::Table(y)) = (left, right)
                            && x != y
                        {
                            slow!(self.slow_equal(left, right, flag, target)?);
                        }
                        jump_if!(left.raw_equal(right) == flag, target);
                    }
                    Op::EqualConstant { a, k, target } => {
                        jump_if!(
                            registers[a as usize].raw_equal(constants[k as usize]),
                            target
                        );
                    }
                    Op::UnequalConstant { a, k, target } => {
                        jump_if!(
                            !registers[a as usize].raw_equal(constants[k as usize]),
                            target
                        );
                    }
                    Op::Less { a, b, flag, target } => {
                        let (left, right) = (registers[a as usize], registers[b as usize]);
                        let is_less = match (left, right) {
                            (Value::Integer(left), Value::Integer(right)) => left < right,
                            (Value::Float(left), Value::Float(right)) => left < right,
                            _ => slow!(self.slow_less(left, right, false, flag, target)?),
                        };
                        jump_if!(is_less == flag, target);
                    }
                    Op::LessEqual { a, b, flag, target } => {
                        let (left, right) = (registers[a as usize], registers[b as usize]);
                        let is_less = match (left, right) {
                            (Value::Integer(left), Value::Integer(right)) => left <= right,
                            (Value::Float(left), Value::Float(right)) => left <= right,
                            _ => slow!(self.slow_less(left, right, true, flag, target)?),
                        };
                        jump_if!(is_less == flag, target);
                    }
                    Op::LessInteger { a, i, target } => match registers[a as usize] {
                        Value::Integer(left) => jump_if!(left < i64::from(i), target),
                        left => slow!(self.slow_less(left, integer(i), false, true, target)?),
                    },
                    Op::NotLessInteger { a, i, target } => match registers[a as usize] {
                        Value::Integer(left) => jump_if!(left >= i64::from(i), target),
                        left => slow!(self.slow_less(left, integer(i), false, false, target)?),
                    },
                    Op::LessEqualInteger { a, i, target } => match registers[a as usize] {
                        Value::Integer(left) => jump_if!(left <= i64::from(i), target),
                        left => slow!(self.slow_less(left, integer(i), true, true, target)?),
                    },
                    Op::NotLessEqualInteger { a, i, target } => match registers[a as usize] {
                        Value::Integer(left) => jump_if!(left > i64::from(i), target),
                        left => slow!(self.slow_less(left, integer(i), true, false, target)?),
                    },
                    Op::GreaterInteger { a, i, target } => match registers[a as usize] {
                        Value::Integer(left) => jump_if!(left > i64::from(i), target),
                        left => slow!(self.slow_less(integer(i), left, false, true, target)?),
                    },
                    Op::NotGreaterInteger { a, i, target } => match registers[a as usize] {
                        Value::Integer(left) => jump_if!(left <= i64::from(i), target),
                        left => slow!(self.slow_less(integer(i), left, false, false, target)?),
                    },
                    Op::GreaterEqualInteger { a, i, target } => match registers[a as usize] {
                        Value::Integer(left) => jump_if!(left >= i64::from(i), target),
                        left => slow!(self.slow_less(integer(i), left, true, true, target)?),
                    },
                    Op::NotGreaterEqualInteger { a, i, target } => match registers[a as usize] {
                        Value::Integer(left) => jump_if!(left < i64::from(i), target),
                        left => slow!(self.slow_less(integer(i), left, true, false, target)?),
                    },
                    Op::ForPrepare { a, target } => slow!(self.prepare_loop(base, a, target)?),
                    Op::ForLoop { a, fuel, target } => {
                        let at = a as usize;
                        if let (Value::Integer(count), Value::Integer(left), Value::Integer(step)) =
                            (registers[at], registers[at + 1], registers[at + 2])
                        {
                            if left == 0 {
                                continue;
                            }
                            let next = count.wrapping_add(step);
                            registers[at] = Value::Integer(next);
                            registers[at + 1] = Value::Integer(left.wrapping_sub(1));
                            registers[at + 3] = Value::Integer(next);
                            match self.fuel.checked_sub(u64::from(fuel)) {
                                Some(rest) => self.fuel = rest,
                                None => slow!(self.pay(u64::from(fuel))?),
                            }
                            pc = target as usize;
                            if self.heap.bytes > self.heap.threshold {
                                slow!(self.collect_now(base, prototype.register_count)?);
                            }
                            continue;
                        }
                        slow!(self.step_loop(base, a, fuel, target)?);
                    }
                    Op::ForEachPrepare { a, closes } => slow!(self.prepare_each(base, a, closes)?),
                    Op::ForEach { a, count, target } => {
                        let at = a as usize;
                        // Going through a table with the library's own iterators takes no call.
                        if let (Value::Native(iterator), Value::Table(id)) =
                            (registers[at], registers[at + 1])
                        {
                            if iterator == library::IPAIRS_STEP
                                && let Value::Integer(index) = registers[at + 2]
                            {
                                let table = self.heap.table(id);
                                let value = table.get_integer(index.wrapping_add(1));
                                if !value.is_nil() {
                                    registers[at + 2] = Value::Integer(index.wrapping_add(1));
                                    registers[at + 5] = Value::Integer(index.wrapping_add(1));
                                    registers[at + 6] = value;
                                    for register in &mut registers
                                        [at + 7..(at + 5 + count as usize).max(at + 7)]
                                    {
                                        *register = Value::Nil;
                                    }
                                    pc += 1;
                                    continue;
                                }
                                if table.metatable.is_none() {
                                    pc = target as usize;
                                    continue;
                                }
                            } else if iterator == library::NEXT
                                && let Value::Integer(state) = registers[at + 4]
                            {
                                let table = self.heap.table(id);
                                let (position, additions) = (state as u32, (state >> 32) as u32);
                                if table.additions == additions {
                                    match table.step(position) {
                                        Some((key, value, position)) => {
                                            let state =
                                                i64::from(additions) << 32 | i64::from(position);
                                            registers[at + 2] = key;
                                            registers[at + 4] = Value::Integer(state);
                                            registers[at + 5] = key;
                                            registers[at + 6] = value;
                                            let end = (at + 5 + count as usize).max(at + 7);
                                            for register in &mut registers[at + 7..end] {
                                                *register = Value::Nil;
                                            }
                                            pc += 1;
                                        }
                                        None => pc = target as usize,
                                    }
                                    continue;
                                }
                                slow!(self.refuse_change()?);
                            }
                        }
                        slow!(self.call_iterator(base, a, count)?);
                    }
                    Op::ForEachTest { a, target } => {
                        let at = a as usize;
                        let control = registers[at + 5];
                        if control.is_nil() {
                            pc = target as usize;
                        } else {
                            registers[at + 2] = control;
                        }
                    }
                    Op::Call { a, count, want } => {
                        let slot = base + a as usize;
                        if let (Value::Closure(id), true) =
                            (registers[a as usize], count != MULTIPLE)
                        {
                            slow!({
                                let delivery = Delivery {
                                    to: slot,
                                    want,
                                    after: After::Nothing,
                                };
                                self.push_frame(id, slot, count as usize, delivery)?;
                            });
                        }
                        slow!(self.call_register(
                            base,
                            a,
                            count,
                            want,
                            prototype.register_count
                        )?);
                    }
                    Op::TailCall { a, count } => {
                        slow!(self.tail_call(base, a, count, prototype.register_count)?)
                    }
                    Op::Return { a, count } => {
                        let from = base + a as usize;
                        let count = if count == MULTIPLE {
                            self.top - from
                        } else {
                            count as usize
                        };
                        self.return_values(from, count);
                        continue 'frame;
                    }
                    Op::ReturnNothing => {
                        self.return_values(base, 0);
                        continue 'frame;
                    }
                    Op::ReturnOne { a } => {
                        self.return_values(base + a as usize, 1);
                        continue 'frame;
                    }
                    Op::Rest { a, want } => slow!(self.rest(base, a, want)?),
                    Op::Closure {
                        a,
                        prototype: index,
                    } => {
                        let index = prototype.module_start + index;
                        if self.heap.bytes > self.heap.threshold {
                            slow!({
                                self.collect_now(base, prototype.register_count)?;
                                self.make_closure(base, a, index);
                            });
                        }
                        slow!(self.make_closure(base, a, index));
                    }
                    Op::MarkClose { a } => slow!(self.mark_close(base + a as usize)?),
                    Op::Close { a } => {
                        let level = base + a as usize;
                        if self
                            .to_close
                            .last()
                            .is_some_and(|place| *place as usize >= level)
                        {
                            slow!({
                                let top = self.top;
                                self.close_from(level, None)?;
                                self.top = top;
                            });
                        }
                    }
                }
            }
        }
    }

    #[inline]
    fn return_values(&mut self, from: usize, count: usize) {
        if let Some(frame) = self.frames.pop() {
            self.deliver(from, count, super::call::delivery_of(&frame));
        }
    }

    #[cold]
    fn refuse_change(&mut self) -> Result<(), Fault> {
        Err(self.raise_named(super::meaning::Wrong::Changed))
    }

    fn make_closure(&mut self, base: usize, a: u8, index: u32) {
        let program = Arc::clone(&self.program);
        let maker = self.frames.last().map(|frame| frame.closure);
        let sources = &program.prototypes[index as usize].sources;
        let mut upvalues: Vec<Value> = Vec::with_capacity(sources.len());
        let mut itself = None;
        for (position, source) in sources.iter().enumerate() {
            upvalues.push(match source {
                super::Source::Register(register) => self.stack[base + usize::from(*register)],
                super::Source::Upvalue(upvalue) => maker.map_or(Value::Nil, |maker| {
                    self.heap.closure(maker).upvalues[usize::from(*upvalue)]
                }),
                super::Source::Itself => {
                    itself = Some(position);
                    Value::Nil
                }
            });
        }
        let upvalues: Box<[Value]> = upvalues.into_boxed_slice();
        let id = self.heap.new_closure(index, upvalues);
        if let Some(position) = itself {
            self.heap.closures.get_mut(id.0).upvalues[position] = Value::Closure(id);
        }
        self.stack[base + usize::from(a)] = Value::Closure(id);
    }

    fn new_table(&mut self, base: usize, a: u8, entries: u16, array: u32) {
        let id = self.heap.new_table();
        self.heap
            .table_mut(id)
            .reserve(array as usize, entries as usize);
        self.stack[base + usize::from(a)] = Value::Table(id);
    }

    fn collect_if_due(&mut self, base: usize, register_count: u8) -> Result<(), Fault> {
        if self.heap.bytes > self.heap.threshold {
            return self.collect_now(base, register_count);
        }
        Ok(())
    }

    #[cold]
    fn collect_now(&mut self, base: usize, register_count: u8) -> Result<(), Fault> {
        self.collect((base + usize::from(register_count)).max(self.native_end))
    }

    /// Calls whatever is in R[a]; a collection that is due comes first, while every value is on the stack.
    fn call_register(
        &mut self,
        base: usize,
        a: u8,
        count: u8,
        want: u8,
        register_count: u8,
    ) -> Result<(), Fault> {
        let slot = base + usize::from(a);
        let count = if count == MULTIPLE {
            self.top - slot - 1
        } else {
            usize::from(count)
        };
        if self.heap.bytes > self.heap.threshold {
            let end = (base + usize::from(register_count))
                .max(slot + 1 + count)
                .max(self.native_end);
            self.collect(end)?;
        }
        let delivery = Delivery {
            to: slot,
            want,
            after: After::Nothing,
        };
        if let Value::Native(id) = self.stack[slot]
            && let Native::Plain(function) = native(id)
        {
            self.make_window(slot + count)?;
            let kept = core::mem::replace(&mut self.native_end, slot + 1 + count);
            let results = function(
                self,
                library::Arguments {
                    base: slot + 1,
                    count,
                },
            );
            self.native_end = kept;
            self.deliver(slot, results?, delivery);
            return Ok(());
        }
        self.begin_call(slot, count, delivery)
    }

    fn tail_call(
        &mut self,
        base: usize,
        a: u8,
        count: u8,
        register_count: u8,
    ) -> Result<(), Fault> {
        let slot = base + usize::from(a);
        let count = if count == MULTIPLE {
            self.top - slot - 1
        } else {
            usize::from(count)
        };
        if !matches!(self.stack[slot], Value::Closure(_)) {
            // Anything else returns at once: call it, then return what it gives.
            self.call_for_return(slot, count, base, register_count)?;
            return Ok(());
        }
        self.collect_if_due(base.max(slot + 1 + count), register_count)?;
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let target = frame.slot as usize;
        self.stack.copy_within(slot..=slot + count, target);
        self.begin_call(target, count, super::call::delivery_of(&frame))
    }

    /// A tail call of a library function or a table: an ordinary call, and the next instruction returns.
    fn call_for_return(
        &mut self,
        slot: usize,
        count: usize,
        base: usize,
        register_count: u8,
    ) -> Result<(), Fault> {
        if self.heap.bytes > self.heap.threshold {
            let end = (base + usize::from(register_count))
                .max(slot + 1 + count)
                .max(self.native_end);
            self.collect(end)?;
        }
        let delivery = Delivery {
            to: slot,
            want: MULTIPLE,
            after: After::Nothing,
        };
        self.begin_call(slot, count, delivery)
    }
}

#[inline]
fn integer(value: i16) -> Value {
    Value::Integer(i64::from(value))
}

#[inline]
fn quotient(left: Value, right: Value) -> Option<Value> {
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => Some(Value::Float(left / right)),
        (Value::Float(left), Value::Integer(right)) => Some(Value::Float(left / right as f64)),
        (Value::Integer(left), Value::Float(right)) => Some(Value::Float(left as f64 / right)),
        _ => None,
    }
}

#[inline]
fn floor_quotient(left: Value, right: Value) -> Option<Value> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) if right > 0 => {
            Some(Value::Integer(arithmetic::floor_div(left, right)))
        }
        (Value::Float(left), Value::Float(right)) => {
            Some(Value::Float(binary64::floor_div(left, right)))
        }
        _ => None,
    }
}

#[inline]
fn remainder(left: Value, right: Value) -> Option<Value> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) if right > 0 => {
            Some(Value::Integer(arithmetic::floor_mod(left, right)))
        }
        (Value::Float(left), Value::Float(right)) => {
            Some(Value::Float(binary64::floor_mod(left, right)))
        }
        _ => None,
    }
}
