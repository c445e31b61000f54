//! Lua patterns: matching, and `find`, `match`, `gmatch`, `gsub` on top.
//!
//! A matcher backtracks, so every step costs fuel and depth is bounded as in Lua.
//!
//! Tests: `tests/it/language.rs`.

mod matcher;

use super::text::start_of;
use super::{Arguments, GMATCH_STEP};
use crate::machine::{Fault, Vm};
use crate::value::Value;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
pub(super) use matcher::{Capture, Matcher, PatternError};

impl Vm {
    fn pattern_error(&mut self, error: PatternError) -> Fault {
        match error {
            PatternError::Malformed(text) => self.raise(text),
            PatternError::InvalidCapture(number) => {
                self.raise(&format!("invalid capture index %{number} in pattern"))
            }
            PatternError::Fuel => {
                self.fuel = 0;
                Fault::FuelExhausted
            }
        }
    }

    fn try_match(
        &mut self,
        matcher: &mut Matcher<'_>,
        start: usize,
        pattern: usize,
    ) -> Result<Option<usize>, Fault> {
        matcher.fuel = self.fuel;
        let result = matcher.run(start, pattern);
        self.fuel = matcher.fuel;
        result.map_err(|error| self.pattern_error(error))
    }

    /// The value of a capture, or of the whole match where there is none.
    fn capture_value(
        &mut self,
        matcher: &Matcher<'_>,
        index: usize,
        start: usize,
        end: usize,
    ) -> Result<Value, Fault> {
        match matcher.capture(index) {
            None if index == 0 => Ok(Value::String(self.heap.string(&matcher.text[start..end]))),
            None => Err(self.raise(&format!("invalid capture index %{}", index + 1))),
            Some(Capture::Position(position)) => Ok(Value::Integer(position as i64 + 1)),
            Some(Capture::Range(start, end)) => {
                Ok(Value::String(self.heap.string(&matcher.text[start..end])))
            }
            Some(Capture::Open) => Err(self.raise("unfinished capture")),
        }
    }

    /// A text argument as a string of the heap: the one that was given, which need not be looked for.
    fn text_value(&mut self, arguments: Arguments, index: usize, text: &[u8]) -> Value {
        match self.argument(arguments, index) {
            given @ Value::String(_) => given,
            _ => Value::String(self.heap.string(text)),
        }
    }

    fn all_captures(
        &mut self,
        matcher: &Matcher<'_>,
        start: usize,
        end: usize,
        with_whole: bool,
    ) -> Result<Vec<Value>, Fault> {
        let count = matcher.level.max(usize::from(with_whole));
        let before = self.heap.bytes;
        let mut values = Vec::with_capacity(count);
        // One range may be captured again and again.
        let captured: usize = (1..matcher.level)
            .map(|index| match matcher.capture(index) {
                Some(Capture::Range(start, end)) => end - start,
                _ => 0,
            })
            .sum();
        self.pay(captured as u64 / 64)?;
        for index in 0..count {
            values.push(self.capture_value(matcher, index, start, end)?);
            self.check_growth(before)?;
        }
        Ok(values)
    }
}

pub(super) fn find(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    search(vm, arguments, "find")
}

pub(super) fn match_(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    search(vm, arguments, "match")
}

fn search(vm: &mut Vm, arguments: Arguments, function: &str) -> Result<usize, Fault> {
    let is_find = function == "find";
    let text = vm.check_text_unread(arguments, 0, function)?;
    let pattern = vm.check_text(arguments, 1, function)?;
    let start = vm.optional_integer(arguments, 2, function, 1)?;
    let start = start_of(start, text.len()) - 1;
    if start > text.len() {
        return Ok(vm.give(arguments, Value::Nil));
    }
    let is_plain = is_find
        && (vm.argument(arguments, 3).is_true()
            || !pattern.iter().any(|byte| SPECIALS.contains(byte)));
    if is_plain {
        let found = find_plain(vm, &text[start..], &pattern)?;
        let rest = text.len() - start;
        let passed = found.unwrap_or(rest).max(LOOKED_AT_MIN).min(rest);
        vm.pay(passed as u64 / 8)?;
        return match found {
            Some(found) => {
                let first = (start + found) as i64;
                let last = first + pattern.len() as i64;
                vm.give_all(
                    arguments,
                    &[Value::Integer(first + 1), Value::Integer(last)],
                )
            }
            None => Ok(vm.give(arguments, Value::Nil)),
        };
    }
    let is_anchored = pattern.first() == Some(&b'^');
    let mut matcher = Matcher::new(&text, &pattern);
    for start in start..=text.len() {
        if let Some(end) = vm.try_match(&mut matcher, start, usize::from(is_anchored))? {
            let mut values = Vec::new();
            if is_find {
                values.push(Value::Integer(start as i64 + 1));
                values.push(Value::Integer(end as i64));
            }
            values.extend(vm.all_captures(&matcher, start, end, !is_find)?);
            return vm.give_all(arguments, &values);
        }
        if is_anchored {
            break;
        }
    }
    Ok(vm.give(arguments, Value::Nil))
}

/// A plain search, and the start of a `gmatch`, cost as if they had looked at so many bytes at least, where there are as many.
const LOOKED_AT_MIN: usize = 64;
const SPECIALS: &[u8] = b"^$*+?.([%-";

fn find_plain(vm: &mut Vm, text: &[u8], wanted: &[u8]) -> Result<Option<usize>, Fault> {
    let Some(first) = wanted.first() else {
        return Ok(Some(0));
    };
    let Some(last) = text.len().checked_sub(wanted.len()) else {
        return Ok(None);
    };
    let mut start = 0;
    while start <= last {
        let mut rest = text[start..=last].iter();
        let Some(next) = rest.position(|byte| byte == first) else {
            break;
        };
        start += next;
        if text[start..].starts_with(wanted) {
            return Ok(Some(start));
        }
        // Almost the whole of a long text may have been compared, and that at every place.
        if wanted.len() >= LONG_MIN {
            let pairs = text[start..].iter().zip(wanted);
            let same = pairs.take_while(|(left, right)| left == right).count();
            vm.pay(same as u64 / 32)?;
        }
        start += 1;
    }
    Ok(None)
}

/// Texts that are searched for cost more than the text they are searched in from this size on, in bytes.
const LONG_MIN: usize = 64;

/// The iterator keeps text, pattern and where it is in a table of its own.
pub(super) fn gmatch(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text_unread(arguments, 0, "gmatch")?;
    vm.pay_for_reading(text.len().min(LOOKED_AT_MIN))?;
    let pattern = vm.check_text(arguments, 1, "gmatch")?;
    let start = vm.optional_integer(arguments, 2, "gmatch", 1)?;
    let start = (start_of(start, text.len()) - 1).min(text.len() + 1);
    let state = vm.heap.new_table();
    let fields = [
        vm.text_value(arguments, 0, &text),
        vm.text_value(arguments, 1, &pattern),
        Value::Integer(start as i64),
        Value::Integer(-1),
    ];
    for (index, value) in fields.into_iter().enumerate() {
        vm.heap.set(state, Value::Integer(index as i64 + 1), value);
    }
    let iterator = vm.bind(GMATCH_STEP, Value::Table(state));
    Ok(vm.give(arguments, iterator))
}

pub(super) fn gmatch_step(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let Value::Table(state) = vm.argument(arguments, 0) else {
        return Ok(0);
    };
    let field = |vm: &Vm, index| vm.heap.table(state).get_integer(index);
    let (Value::String(text), Value::String(pattern)) = (field(vm, 1), field(vm, 2)) else {
        return Ok(0);
    };
    let (Value::Integer(start), Value::Integer(last_end)) = (field(vm, 3), field(vm, 4)) else {
        return Ok(0);
    };
    let (text, pattern) = (vm.heap.shared_bytes(text), vm.heap.shared_bytes(pattern));
    // Nothing is paid for the text as a whole: each place that is tried is a step of the matcher.
    let mut matcher = Matcher::new(&text, &pattern);
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    for start in start..=text.len() {
        if let Some(end) = vm.try_match(&mut matcher, start, 0)?
            && end as i64 != last_end
        {
            vm.heap
                .set(state, Value::Integer(3), Value::Integer(end as i64));
            vm.heap
                .set(state, Value::Integer(4), Value::Integer(end as i64));
            let values = vm.all_captures(&matcher, start, end, true)?;
            return vm.give_all(arguments, &values);
        }
    }
    vm.heap.set(
        state,
        Value::Integer(3),
        Value::Integer(text.len() as i64 + 1),
    );
    Ok(vm.give(arguments, Value::Nil))
}

pub(super) fn gsub(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text(arguments, 0, "gsub")?;
    let pattern = vm.check_text(arguments, 1, "gsub")?;
    let replacement = match vm.argument(arguments, 2) {
        table @ Value::Table(_) => Replacement::Table(table),
        function @ (Value::Closure(_) | Value::Native(_)) => Replacement::Function(function),
        value if matches!(value, Value::String(_)) || value.as_numeral().is_some() => {
            Replacement::Template(vm.check_text(arguments, 2, "gsub")?)
        }
        _ => return Err(vm.bad_type(arguments, 2, "gsub", "string/function/table")),
    };
    let limit = vm.optional_integer(arguments, 3, "gsub", i64::MAX)?;
    let is_anchored = pattern.first() == Some(&b'^');
    let mut matcher = Matcher::new(&text, &pattern);
    let mut result = Vec::new();
    let (mut start, mut count, mut last_end) = (0, 0, None);
    while count < limit {
        match vm.try_match(&mut matcher, start, usize::from(is_anchored))? {
            Some(end) if last_end != Some(end) => {
                count += 1;
                let outcome = replace(vm, &matcher, &replacement, start, end, &mut result);
                vm.pay_for_failure(outcome, result.len())?;
                vm.check_size(result.len())?;
                start = end;
                last_end = Some(end);
            }
            _ if start < text.len() => {
                result.push(text[start]);
                start += 1;
            }
            _ => break,
        }
        if is_anchored || start > text.len() {
            break;
        }
    }
    result.extend_from_slice(text.get(start..).unwrap_or_default());
    vm.check_size(result.len())?;
    vm.pay(result.len() as u64 / 16)?;
    let result = Value::String(vm.heap.string_of(result));
    vm.give_all(arguments, &[result, Value::Integer(count)])
}

/// What `gsub` puts in the place of a match. A template is kept as bytes: of a number, no value on the stack has its text.
enum Replacement {
    Template(Arc<[u8]>),
    Table(Value),
    Function(Value),
}

/// Appends what a match is replaced with.
fn replace(
    vm: &mut Vm,
    matcher: &Matcher<'_>,
    replacement: &Replacement,
    start: usize,
    end: usize,
    result: &mut Vec<u8>,
) -> Result<(), Fault> {
    let value = match replacement {
        Replacement::Template(template) => {
            // It is read anew for every match, however little comes of it.
            vm.pay(template.len() as u64 / 16)?;
            return replace_by_template(vm, matcher, template, start, end, result);
        }
        Replacement::Table(table) => {
            let key = vm.capture_value(matcher, 0, start, end)?;
            vm.index_value(*table, key)?
        }
        Replacement::Function(function) => {
            let values = vm.all_captures(matcher, start, end, true)?;
            vm.call_back_for_one(*function, &values)?
        }
    };
    match value {
        Value::Nil | Value::Boolean(false) => result.extend_from_slice(&matcher.text[start..end]),
        value if matches!(value, Value::String(_)) || value.as_numeral().is_some() => {
            vm.push_text(value, result)
        }
        value => {
            let kind = vm.type_of(value);
            return Err(vm.raise(&format!("invalid replacement value (a {kind})")));
        }
    }
    Ok(())
}

fn replace_by_template(
    vm: &mut Vm,
    matcher: &Matcher<'_>,
    template: &[u8],
    start: usize,
    end: usize,
    result: &mut Vec<u8>,
) -> Result<(), Fault> {
    let mut bytes = template.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'%' {
            result.push(*byte);
            continue;
        }
        match bytes.next() {
            Some(b'%') => result.push(b'%'),
            Some(b'0') => {
                vm.check_size(result.len() + (end - start))?;
                result.extend_from_slice(&matcher.text[start..end]);
            }
            Some(digit @ b'1'..=b'9') => {
                let index = usize::from(digit - b'1');
                if index > 0 && index >= matcher.level {
                    return Err(vm.raise(&format!("invalid capture index %{}", index + 1)));
                }
                let value = vm.capture_value(matcher, index, start, end)?;
                vm.push_text(value, result);
                vm.check_size(result.len())?;
            }
            _ => return Err(vm.raise("invalid use of '%' in replacement string")),
        }
    }
    Ok(())
}
