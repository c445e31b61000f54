//! What operations mean: the one definition that the machine's slow path and the twin share.
//!
//! A function here answers with a value, or with the metamethod that has to be called; calling is the executor's work.
//!
//! Tests: `tests/it/language.rs`.

use super::{Fault, Vm, event};
use crate::arithmetic::{self, Operator, Trap};
use crate::profile::Profile;
use crate::syntax::number::{Numeral, parse_numeral};
use crate::value::Value;
use alloc::vec::Vec;
use core::cmp::Ordering;
use gatos_numbers::{Q32, binary64};

/// A chain of `__index` or `__newindex` longer than this is a loop.
const CHAIN_MAX: u32 = 2000;

/// A value, or a call that gives it.
pub(crate) enum Decision {
    Value(Value),
    /// Call the handler with the two values.
    Call(Value, Value, Value),
}

/// What a store comes to.
pub(crate) enum Store {
    Done,
    /// Call the handler with table, key and value.
    Call(Value, Value),
}

/// What is wrong with an operation; operands are counted from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrong {
    Index(Value, Value),
    /// An `__index` or `__newindex` that cannot be indexed.
    IndexHandler(Value),
    Call(Value),
    /// A metamethod that cannot be called, and its number.
    CallHandler(Value, usize),
    Arithmetic(u8, Value),
    /// A string that is no number: which operator, and both operands.
    TextArithmetic(&'static str, Value, Value),
    Bitwise(u8, Value),
    NoInteger(u8),
    Concat(u8, Value),
    Length(Value),
    Compare(Value, Value),
    Trap(Trap),
    ChainTooLong(&'static str),
    NilKey,
    NanKey,
    LoopValue(&'static str, Value),
    LoopStep,
    Changed,
    TooLong,
    Stop(Fault),
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Wrong {
        Wrong::Stop(fault)
    }
}

pub(crate) type Meant<T> = Result<T, Wrong>;

impl Vm {
    /// A metamethod of a value, or nil.
    pub(crate) fn metamethod(&mut self, value: Value, event: usize) -> Value {
        let metatable = match value {
            Value::Table(table) => self.heap.table(table).metatable,
            Value::String(_) => self.string_metatable,
            _ => None,
        };
        let Some(metatable) = metatable else {
            return Value::Nil;
        };
        let table = self.heap.table(metatable);
        let bit = 1u32 << event;
        if table.absent & bit != 0 {
            return Value::Nil;
        }
        let found = table.get_string(self.words.events[event]);
        if found.is_nil() {
            self.heap.table_mut(metatable).absent |= bit;
        }
        found
    }

    /// A metamethod has to be something that can be called.
    fn check_handler(&mut self, handler: Value, event: usize) -> Meant<()> {
        let is_function = matches!(handler, Value::Closure(_) | Value::Native(_));
        if is_function || !self.metamethod(handler, event::CALL).is_nil() {
            return Ok(());
        }
        Err(Wrong::CallHandler(handler, event))
    }

    /// The `__close` of a value that was marked when it had one.
    pub(crate) fn meant_close(&mut self, value: Value) -> Meant<Value> {
        let handler = self.metamethod(value, event::CLOSE);
        self.check_handler(handler, event::CLOSE)?;
        Ok(handler)
    }

    pub(crate) fn meant_index(&mut self, mut object: Value, key: Value) -> Meant<Decision> {
        for step in 0..CHAIN_MAX {
            let handler = if let Value::Table(table) = object {
                let found = self.heap.table(table).get(key);
                if !found.is_nil() || self.heap.table(table).metatable.is_none() {
                    return Ok(Decision::Value(found));
                }
                let handler = self.metamethod(object, event::INDEX);
                if handler.is_nil() {
                    return Ok(Decision::Value(Value::Nil));
                }
                handler
            } else {
                let handler = self.metamethod(object, event::INDEX);
                if handler.is_nil() {
                    return Err(if step == 0 {
                        Wrong::Index(object, key)
                    } else {
                        Wrong::IndexHandler(object)
                    });
                }
                handler
            };
            if matches!(handler, Value::Closure(_) | Value::Native(_)) {
                return Ok(Decision::Call(handler, object, key));
            }
            object = handler;
        }
        Err(Wrong::ChainTooLong("__index"))
    }

    pub(crate) fn meant_set_index(
        &mut self,
        mut object: Value,
        key: Value,
        value: Value,
    ) -> Meant<Store> {
        for step in 0..CHAIN_MAX {
            let handler = if let Value::Table(table) = object {
                let is_plain = self.heap.table(table).metatable.is_none()
                    || !self.heap.table(table).get(key).is_nil();
                let handler = if is_plain {
                    Value::Nil
                } else {
                    self.metamethod(object, event::NEW_INDEX)
                };
                if handler.is_nil() {
                    check_key(key)?;
                    self.heap.set(table, key, value);
                    return Ok(Store::Done);
                }
                handler
            } else {
                let handler = self.metamethod(object, event::NEW_INDEX);
                if handler.is_nil() {
                    return Err(if step == 0 {
                        Wrong::Index(object, key)
                    } else {
                        Wrong::IndexHandler(object)
                    });
                }
                handler
            };
            if matches!(handler, Value::Closure(_) | Value::Native(_)) {
                return Ok(Store::Call(handler, object));
            }
            object = handler;
        }
        Err(Wrong::ChainTooLong("__newindex"))
    }

    /// The number that a value is or that its text says.
    pub(crate) fn to_numeral(&self, value: Value) -> Option<Numeral> {
        match value {
            Value::String(id) => parse_numeral(self.heap.bytes_of(id), self.profile),
            value => value.as_numeral(),
        }
    }

    /// The integer that a value is or that its text says.
    pub(crate) fn to_integer(&self, value: Value) -> Option<i64> {
        self.to_numeral(value).and_then(arithmetic::to_integer)
    }

    /// Pays for reading a number out of a text.
    pub(crate) fn pay_for_number(&mut self, value: Value) -> Result<(), Fault> {
        match value {
            Value::String(id) => self.pay(self.heap.bytes_of(id).len() as u64 / 32),
            _ => Ok(()),
        }
    }

    pub(crate) fn meant_arithmetic(
        &mut self,
        operator: Operator,
        left: Value,
        right: Value,
    ) -> Meant<Decision> {
        for operand in [left, right] {
            self.pay_for_number(operand).map_err(Wrong::Stop)?;
        }
        let (first, second) = (self.to_numeral(left), self.to_numeral(right));
        if let (Some(first), Some(second)) = (first, second) {
            match arithmetic::compute(operator, first, second, self.profile) {
                Ok(result) => return Ok(Decision::Value(result.into())),
                Err(Trap::NoInteger) => {}
                Err(trap) => return Err(Wrong::Trap(trap)),
            }
        }
        let event = event::ADD + event_offset(operator);
        for operand in [left, right] {
            let handler = self.metamethod(operand, event);
            if !handler.is_nil() {
                self.check_handler(handler, event)?;
                return Ok(Decision::Call(handler, left, right));
            }
        }
        if operator.is_bitwise() {
            if let (Some(_), Some(_)) = (left.as_numeral(), right.as_numeral()) {
                let is_first = arithmetic::to_integer_of(left).is_none();
                return Err(Wrong::NoInteger(u8::from(!is_first)));
            }
            let is_first = left.as_numeral().is_none();
            let culprit = if is_first { left } else { right };
            return Err(Wrong::Bitwise(u8::from(!is_first), culprit));
        }
        // As in Lua, whose strings bring their own arithmetic.
        let is_text = |value: Value| matches!(value, Value::String(_));
        let is_plain = |value: Value| is_text(value) || value.as_numeral().is_some();
        if is_text(left) || (is_text(right) && is_plain(left)) {
            let name = super::EVENT_NAMES.get(event).map_or("", |name| &name[2..]);
            return Err(Wrong::TextArithmetic(name, left, right));
        }
        let is_first = first.is_none() && (left.as_numeral().is_none());
        let culprit = if is_first { left } else { right };
        Err(Wrong::Arithmetic(u8::from(!is_first), culprit))
    }

    pub(crate) fn meant_negate(&mut self, operand: Value) -> Meant<Decision> {
        self.pay_for_number(operand).map_err(Wrong::Stop)?;
        if let Some(number) = self.to_numeral(operand) {
            let result = arithmetic::negate(number, self.profile);
            return result
                .map(|result| Decision::Value(result.into()))
                .map_err(Wrong::Trap);
        }
        let handler = self.metamethod(operand, event::NEGATE);
        if handler.is_nil() {
            return Err(Wrong::Arithmetic(0, operand));
        }
        self.check_handler(handler, event::NEGATE)?;
        Ok(Decision::Call(handler, operand, operand))
    }

    pub(crate) fn meant_bit_not(&mut self, operand: Value) -> Meant<Decision> {
        self.pay_for_number(operand).map_err(Wrong::Stop)?;
        if let Some(integer) = self.to_integer(operand) {
            return Ok(Decision::Value(Value::Integer(!integer)));
        }
        let handler = self.metamethod(operand, event::BIT_NOT);
        if !handler.is_nil() {
            self.check_handler(handler, event::BIT_NOT)?;
            return Ok(Decision::Call(handler, operand, operand));
        }
        if operand.as_numeral().is_some() {
            return Err(Wrong::NoInteger(0));
        }
        Err(Wrong::Bitwise(0, operand))
    }

    pub(crate) fn meant_length(&mut self, operand: Value) -> Meant<Decision> {
        if let Value::String(id) = operand {
            return Ok(Decision::Value(Value::Integer(
                self.heap.bytes_of(id).len() as i64,
            )));
        }
        let handler = self.metamethod(operand, event::LENGTH);
        if !handler.is_nil() {
            self.check_handler(handler, event::LENGTH)?;
            return Ok(Decision::Call(handler, operand, operand));
        }
        match operand {
            Value::Table(table) => Ok(Decision::Value(Value::Integer(
                self.heap.table(table).length(),
            ))),
            _ => Err(Wrong::Length(operand)),
        }
    }

    pub(crate) fn meant_equal(&mut self, left: Value, right: Value) -> Decision {
        if left.raw_equal(right) {
            return Decision::Value(Value::Boolean(true));
        }
        if let (Value::Table(_), Value::Table(_)) = (left, right) {
            for operand in [left, right] {
                let handler = self.metamethod(operand, event::EQUAL);
                if !handler.is_nil() {
                    return Decision::Call(handler, left, right);
                }
            }
        }
        Decision::Value(Value::Boolean(false))
    }

    /// `left < right`, or `left <= right` with `or_equal`.
    pub(crate) fn meant_less(
        &mut self,
        left: Value,
        right: Value,
        or_equal: bool,
    ) -> Meant<Decision> {
        let order = match (left, right) {
            (Value::String(left), Value::String(right)) => {
                self.pay(self.heap.bytes_of(left).len() as u64 / 64)?;
                Some(self.heap.bytes_of(left).cmp(self.heap.bytes_of(right)))
            }
            _ => match (left.as_numeral(), right.as_numeral()) {
                (Some(left), Some(right)) => arithmetic::compare(left, right),
                _ => return self.meant_less_by_handler(left, right, or_equal),
            },
        };
        let is_less = match order {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => or_equal,
            _ => false,
        };
        Ok(Decision::Value(Value::Boolean(is_less)))
    }

    fn meant_less_by_handler(
        &mut self,
        left: Value,
        right: Value,
        or_equal: bool,
    ) -> Meant<Decision> {
        let event = if or_equal {
            event::LESS_EQUAL
        } else {
            event::LESS
        };
        for operand in [left, right] {
            let handler = self.metamethod(operand, event);
            if !handler.is_nil() {
                self.check_handler(handler, event)?;
                return Ok(Decision::Call(handler, left, right));
            }
        }
        Err(Wrong::Compare(left, right))
    }

    /// Joins two values; `position` is the left one's place among the operands.
    pub(crate) fn meant_concat(
        &mut self,
        left: Value,
        right: Value,
        position: u8,
    ) -> Meant<Decision> {
        let is_text =
            |value: Value| matches!(value, Value::String(_)) || value.as_numeral().is_some();
        if is_text(left) && is_text(right) {
            let mut bytes = Vec::new();
            self.push_text(left, &mut bytes);
            self.push_text(right, &mut bytes);
            self.pay(bytes.len() as u64 / 16)?;
            if bytes.len() > crate::heap::STRING_SIZE_MAX {
                return Err(Wrong::TooLong);
            }
            self.make_room(bytes.len()).map_err(Wrong::Stop)?;
            return Ok(Decision::Value(Value::String(self.heap.string_of(bytes))));
        }
        for operand in [left, right] {
            let handler = self.metamethod(operand, event::CONCAT);
            if !handler.is_nil() {
                self.check_handler(handler, event::CONCAT)?;
                return Ok(Decision::Call(handler, left, right));
            }
        }
        if is_text(left) {
            return Err(Wrong::Concat(position + 1, right));
        }
        Err(Wrong::Concat(position, left))
    }

    /// Appends the text of a string or number.
    pub(crate) fn push_text(&self, value: Value, bytes: &mut Vec<u8>) {
        match value {
            Value::String(id) => bytes.extend_from_slice(self.heap.bytes_of(id)),
            Value::Integer(integer) => push_integer(integer, bytes),
            Value::Float(float) => bytes.extend_from_slice(binary64::lua_text(float).as_bytes()),
            Value::Fixed(steps) => {
                let text = Q32::from_steps(steps).to_number().to_text();
                bytes.extend_from_slice(text.as_bytes());
            }
            _ => {}
        }
    }

    /// Text of a value without metamethods; tables and functions by their kind only.
    pub(crate) fn plain_text(&self, value: Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        match value {
            Value::Nil | Value::Cell(_) => bytes.extend_from_slice(b"nil"),
            Value::Boolean(true) => bytes.extend_from_slice(b"true"),
            Value::Boolean(false) => bytes.extend_from_slice(b"false"),
            Value::Null => bytes.extend_from_slice(b"null"),
            Value::Table(_) | Value::Closure(_) | Value::Native(_) | Value::Coroutine(_) => {
                bytes.extend_from_slice(value.type_name().as_bytes());
            }
            value => self.push_text(value, &mut bytes),
        }
        bytes
    }
}

/// Appends a decimal integer.
pub(crate) fn push_integer(integer: i64, bytes: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = integer.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if integer < 0 {
        bytes.push(b'-');
    }
    bytes.extend_from_slice(&digits[start..]);
}

/// What no key may be.
pub(crate) fn check_key(key: Value) -> Meant<()> {
    match key {
        Value::Nil => Err(Wrong::NilKey),
        Value::Float(float) if float.is_nan() => Err(Wrong::NanKey),
        _ => Ok(()),
    }
}

/// Place of an operator's metamethod behind `__add`.
const fn event_offset(operator: Operator) -> usize {
    match operator {
        Operator::Add => 0,
        Operator::Subtract => 1,
        Operator::Multiply => 2,
        Operator::Divide => 3,
        Operator::FloorDivide => 4,
        Operator::Modulo => 5,
        Operator::Power => 6,
        Operator::BitAnd => 7,
        Operator::BitOr => 8,
        Operator::BitXor => 9,
        Operator::ShiftLeft => 10,
        Operator::ShiftRight => 11,
    }
}

/// A counting loop that is ready to run.
pub(crate) enum Counting {
    /// No iteration.
    Never,
    /// First count, iterations after the first, step.
    Integer(i64, u64, i64),
    /// First count, limit, step.
    Other(Value, Value, Value),
}

impl Vm {
    /// Prepares a counting loop as Lua does: integers count their iterations first, other numbers add and compare.
    pub(crate) fn meant_loop(
        &mut self,
        start: Value,
        limit: Value,
        step: Value,
    ) -> Meant<Counting> {
        for bound in [start, limit, step] {
            self.pay_for_number(bound).map_err(Wrong::Stop)?;
        }
        // As in Lua, a script's text that says a number is one, but never an integer where the loop begins.
        let number = |value: Value| match (value, self.profile) {
            (Value::String(_), Profile::Script) => self.to_numeral(value),
            (value, _) => value.as_numeral(),
        };
        let limit = number(limit).map_or(limit, Value::from);
        if let (Value::Integer(first), Value::Integer(step)) = (start, step) {
            if step == 0 {
                return Err(Wrong::LoopStep);
            }
            return match integer_limit(first, limit, step)? {
                None => Ok(Counting::Never),
                Some(last) => {
                    let distance = if step > 0 {
                        last.wrapping_sub(first)
                    } else {
                        first.wrapping_sub(last)
                    };
                    let count = distance.cast_unsigned() / step.unsigned_abs();
                    Ok(Counting::Integer(first, count, step))
                }
            };
        }
        let needed = |value: Value, what| number(value).ok_or(Wrong::LoopValue(what, value));
        let limit_number = needed(limit, "limit")?;
        let step_number = needed(step, "step")?;
        let start_number = needed(start, "initial value")?;
        let to_value = |number: Numeral| match number {
            Numeral::Integer(integer) if self.profile == Profile::Script => {
                Value::Float(binary64::from_i64(integer))
            }
            number => number.into(),
        };
        let (start, limit, step) = (
            to_value(start_number),
            to_value(limit_number),
            to_value(step_number),
        );
        if step.raw_equal(Value::Integer(0)) {
            return Err(Wrong::LoopStep);
        }
        // As in Lua, a loop begins unless its limit lies on the wrong side, which a NaN does not.
        if lies_beyond(start, limit, step) {
            return Ok(Counting::Never);
        }
        Ok(Counting::Other(start, limit, step))
    }

    /// The next count of a loop over numbers that are no integers; none at its end.
    pub(crate) fn meant_loop_step(
        &self,
        count: Value,
        limit: Value,
        step: Value,
    ) -> Meant<Option<Value>> {
        let (Some(count), Some(by)) = (count.as_numeral(), step.as_numeral()) else {
            return Ok(None);
        };
        let next: Value = match arithmetic::compute(Operator::Add, count, by, self.profile) {
            Ok(next) => next.into(),
            Err(trap) => return Err(Wrong::Trap(trap)),
        };
        Ok(loop_goes_on(next, limit, step).then_some(next))
    }
}

/// Whether a loop's start lies beyond its limit.
fn lies_beyond(start: Value, limit: Value, step: Value) -> bool {
    let (Some(start), Some(limit), Some(step)) =
        (start.as_numeral(), limit.as_numeral(), step.as_numeral())
    else {
        return true;
    };
    let is_rising = arithmetic::compare(step, Numeral::Integer(0)) == Some(Ordering::Greater);
    let order = arithmetic::compare(start, limit);
    order
        == Some(if is_rising {
            Ordering::Greater
        } else {
            Ordering::Less
        })
}

fn loop_goes_on(count: Value, limit: Value, step: Value) -> bool {
    let (Some(count), Some(limit), Some(step)) =
        (count.as_numeral(), limit.as_numeral(), step.as_numeral())
    else {
        return false;
    };
    let is_rising = arithmetic::compare(step, Numeral::Integer(0)) == Some(Ordering::Greater);
    let order = arithmetic::compare(count, limit);
    match order {
        Some(Ordering::Equal) => true,
        Some(Ordering::Less) => is_rising,
        Some(Ordering::Greater) => !is_rising,
        None => false,
    }
}

/// The last integer a loop may reach; none where it does not run at all.
fn integer_limit(first: i64, limit: Value, step: i64) -> Meant<Option<i64>> {
    let last = match limit {
        Value::Integer(last) => last,
        Value::Float(float) => {
            if float.is_nan() {
                // As in Lua, where it counts as a limit below every integer.
                return Ok((step < 0).then_some(i64::MIN));
            }
            let whole = if step > 0 {
                binary64::floor(float)
            } else {
                binary64::ceil(float)
            };
            match binary64::to_i64_exact(whole) {
                Ok(last) => last,
                // Beyond the integers: the loop ends at their end, or does not begin.
                Err(_) if float > 0.0 && step < 0 => return Ok(None),
                Err(_) if float < 0.0 && step > 0 => return Ok(None),
                Err(_) if float > 0.0 => i64::MAX,
                Err(_) => i64::MIN,
            }
        }
        Value::Fixed(steps) => {
            let fixed = Q32::from_steps(steps);
            if step > 0 {
                fixed.floor()
            } else {
                fixed.floor() + 1
            }
        }
        other => return Err(Wrong::LoopValue("limit", other)),
    };
    let is_empty = if step > 0 { first > last } else { first < last };
    Ok((!is_empty).then_some(last))
}
