//! The slow paths of the loop: what an operation means is asked of `meaning`, and metamethods are called by frames.
//!
//! Tests: `tests/it/language.rs`.

use super::super::call::Delivery;
use super::super::meaning::{Counting, Decision, Store, Wrong};
use super::super::op::MULTIPLE;
use super::super::{After, Fault, Vm};
use crate::arithmetic::Operator;
use crate::library;
use crate::value::Value;

impl Vm {
    /// Stores a decision's value in a register, or calls its metamethod so that the result goes there.
    fn decide(
        &mut self,
        base: usize,
        a: u8,
        decision: Result<Decision, Wrong>,
    ) -> Result<(), Fault> {
        match decision {
            Ok(Decision::Value(value)) => {
                self.stack[base + usize::from(a)] = value;
                Ok(())
            }
            Ok(Decision::Call(handler, first, second)) => self.call_handler_for(
                handler,
                &[first, second],
                base + usize::from(a),
                1,
                After::Nothing,
            ),
            Err(wrong) => Err(self.raise_named(wrong)),
        }
    }

    /// Calls a metamethod above the running function's registers.
    fn call_handler_for(
        &mut self,
        handler: Value,
        arguments: &[Value],
        to: usize,
        want: u8,
        after: After,
    ) -> Result<(), Fault> {
        let slot = self.stack_end();
        self.make_window(slot + arguments.len())?;
        self.stack[slot] = handler;
        self.stack[slot + 1..=slot + arguments.len()].copy_from_slice(arguments);
        self.begin_call(slot, arguments.len(), Delivery { to, want, after })
    }

    #[cold]
    #[inline(never)]
    pub(super) fn slow_index(
        &mut self,
        base: usize,
        a: u8,
        object: Value,
        key: Value,
    ) -> Result<(), Fault> {
        let decision = self.meant_index(object, key);
        self.decide(base, a, decision)
    }

    #[inline(never)]
    pub(super) fn slow_set_index(
        &mut self,
        object: Value,
        key: Value,
        value: Value,
    ) -> Result<(), Fault> {
        match self.meant_set_index(object, key, value) {
            Ok(Store::Done) => Ok(()),
            Ok(Store::Call(handler, object)) => {
                let slot = self.stack_end();
                self.call_handler_for(handler, &[object, key, value], slot, 0, After::Nothing)
            }
            Err(wrong) => Err(self.raise_named(wrong)),
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn slow_arithmetic(
        &mut self,
        base: usize,
        a: u8,
        operator: Operator,
        left: Value,
        right: Value,
    ) -> Result<(), Fault> {
        let decision = self.meant_arithmetic(operator, left, right);
        self.decide(base, a, decision)
    }

    #[cold]
    pub(super) fn slow_negate(&mut self, base: usize, a: u8, operand: Value) -> Result<(), Fault> {
        let decision = self.meant_negate(operand);
        self.decide(base, a, decision)
    }

    #[cold]
    pub(super) fn slow_bit_not(&mut self, base: usize, a: u8, operand: Value) -> Result<(), Fault> {
        let decision = self.meant_bit_not(operand);
        self.decide(base, a, decision)
    }

    pub(super) fn slow_length(&mut self, base: usize, a: u8, operand: Value) -> Result<(), Fault> {
        let decision = self.meant_length(operand);
        self.decide(base, a, decision)
    }

    /// Jumps by a decision, or calls the metamethod that decides.
    fn decide_jump(&mut self, decision: Decision, flag: bool, target: u32) -> Result<(), Fault> {
        match decision {
            Decision::Value(value) => {
                if value.is_true() == flag
                    && let Some(frame) = self.frames.last_mut()
                {
                    frame.pc = target;
                }
                Ok(())
            }
            Decision::Call(handler, left, right) => {
                let to = self.stack_end();
                self.call_handler_for(handler, &[left, right], to, 1, After::Test { flag, target })
            }
        }
    }

    #[cold]
    pub(super) fn slow_equal(
        &mut self,
        left: Value,
        right: Value,
        flag: bool,
        target: u32,
    ) -> Result<(), Fault> {
        let decision = self.meant_equal(left, right);
        self.decide_jump(decision, flag, target)
    }

    #[inline(never)]
    pub(super) fn slow_less(
        &mut self,
        left: Value,
        right: Value,
        or_equal: bool,
        flag: bool,
        target: u32,
    ) -> Result<(), Fault> {
        match self.meant_less(left, right, or_equal) {
            Ok(decision) => self.decide_jump(decision, flag, target),
            Err(wrong) => Err(self.raise_named(wrong)),
        }
    }

    /// Joins R[b] … from the right. A metamethod's result takes the place of the two values it joined, and the
    /// instruction is met again with as many values as are left.
    pub(super) fn concat(&mut self, base: usize, a: u8, b: u8, count: u8) -> Result<(), Fault> {
        let first = base + usize::from(b);
        let mut count = usize::from(count);
        if let Some(frame) = self.frames.last_mut()
            && frame.joined > 0
        {
            count = usize::from(core::mem::take(&mut frame.joined));
        }
        while count > 1 {
            if self.concat_texts(first, count)? {
                break;
            }
            let (left, right) = (self.stack[first + count - 2], self.stack[first + count - 1]);
            match self.meant_concat(left, right, (count - 2) as u8) {
                Ok(Decision::Value(value)) => self.stack[first + count - 2] = value,
                Ok(Decision::Call(handler, left, right)) => {
                    let after = After::Concat {
                        register: b,
                        count: count as u8 - 1,
                    };
                    let to = self.stack_end();
                    return self.call_handler_for(handler, &[left, right], to, 1, after);
                }
                Err(wrong) => return Err(self.raise_named(wrong)),
            }
            count -= 1;
        }
        self.stack[base + usize::from(a)] = self.stack[first];
        Ok(())
    }

    /// Joins all at once where all are texts; the fuel is that of joining them one by one.
    fn concat_texts(&mut self, first: usize, count: usize) -> Result<bool, Fault> {
        let values = &self.stack[first..first + count];
        let is_text =
            |value: &Value| matches!(value, Value::String(_)) || value.as_numeral().is_some();
        if count < 3 || !values.iter().all(is_text) {
            return Ok(false);
        }
        let mut bytes = core::mem::take(&mut self.host.scratch);
        bytes.clear();
        let mut ends = alloc::vec::Vec::with_capacity(count);
        for index in 0..count {
            self.push_text(self.stack[first + index], &mut bytes);
            ends.push(bytes.len());
        }
        let mut fuel = 0;
        for start in ends.iter().rev().skip(2).chain([&0]) {
            fuel += (bytes.len() - start) as u64 / 16;
        }
        let size = bytes.len();
        let result = self.pay(fuel).and_then(|()| {
            if size > crate::heap::STRING_SIZE_MAX {
                return Err(self.raise("string length overflow"));
            }
            self.make_room(size)?;
            self.stack[first] = Value::String(self.heap.string(&bytes));
            Ok(true)
        });
        self.host.scratch = bytes;
        result
    }

    pub(super) fn set_list(
        &mut self,
        base: usize,
        a: u8,
        b: u8,
        count: u8,
        start: u32,
    ) -> Result<(), Fault> {
        let from = base + usize::from(b);
        let start = start as usize;
        let count = if count == MULTIPLE {
            let count = self.top.saturating_sub(from);
            self.pay_for_list(start + count)?;
            count
        } else {
            usize::from(count)
        };
        if let Value::Table(id) = self.stack[base + usize::from(a)] {
            let values = &self.stack[from..from + count];
            self.heap.append_list(id, start, values);
        }
        Ok(())
    }

    pub(super) fn rest(&mut self, base: usize, a: u8, want: u8) -> Result<(), Fault> {
        let count = self
            .frames
            .last()
            .map_or(0, |frame| frame.rest_count as usize);
        let to = base + usize::from(a);
        let from = base - count;
        if want == MULTIPLE {
            self.pay_for_list(count)?;
            self.make_window(to + count)?;
            self.stack.copy_within(from..from + count, to);
            self.top = to + count;
            return Ok(());
        }
        for index in 0..usize::from(want) {
            self.stack[to + index] = if index < count {
                self.stack[from + index]
            } else {
                Value::Nil
            };
        }
        Ok(())
    }

    pub(super) fn prepare_loop(&mut self, base: usize, a: u8, target: u32) -> Result<(), Fault> {
        let at = base + usize::from(a);
        let (start, limit, step) = (self.stack[at], self.stack[at + 1], self.stack[at + 2]);
        match self.meant_loop(start, limit, step) {
            Ok(Counting::Never) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.pc = target;
                }
            }
            Ok(Counting::Integer(first, count, step)) => {
                self.stack[at] = Value::Integer(first);
                self.stack[at + 1] = Value::Integer(count.cast_signed());
                self.stack[at + 2] = Value::Integer(step);
                self.stack[at + 3] = Value::Integer(first);
            }
            Ok(Counting::Other(first, limit, step)) => {
                self.stack[at] = first;
                self.stack[at + 1] = limit;
                self.stack[at + 2] = step;
                self.stack[at + 3] = first;
            }
            Err(wrong) => return Err(self.raise_named(wrong)),
        }
        Ok(())
    }

    pub(super) fn step_loop(
        &mut self,
        base: usize,
        a: u8,
        fuel: u16,
        target: u32,
    ) -> Result<(), Fault> {
        let at = base + usize::from(a);
        match self.meant_loop_step(self.stack[at], self.stack[at + 1], self.stack[at + 2]) {
            Ok(None) => Ok(()),
            Ok(Some(next)) => {
                self.stack[at] = next;
                self.stack[at + 3] = next;
                self.pay(u64::from(fuel))?;
                if let Some(frame) = self.frames.last_mut() {
                    frame.pc = target;
                }
                Ok(())
            }
            Err(wrong) => Err(self.raise_named(wrong)),
        }
    }

    pub(super) fn prepare_each(&mut self, base: usize, a: u8, closes: bool) -> Result<(), Fault> {
        let at = base + usize::from(a);
        self.stack[at + 4] = Value::Nil;
        if let (Value::Native(library::NEXT), Value::Table(id), Value::Nil) =
            (self.stack[at], self.stack[at + 1], self.stack[at + 2])
        {
            self.stack[at + 4] = Value::Integer(i64::from(self.heap.table(id).additions) << 32);
        }
        if closes {
            self.mark_close(at + 3)
        } else {
            Ok(())
        }
    }

    pub(super) fn call_iterator(&mut self, base: usize, a: u8, count: u8) -> Result<(), Fault> {
        let at = base + usize::from(a);
        let slot = at + 5;
        self.stack.copy_within(at..at + 3, slot);
        let delivery = Delivery {
            to: slot,
            want: count,
            after: After::Nothing,
        };
        self.begin_call(slot, 2, delivery)
    }
}
