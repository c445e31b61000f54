//! `string`: bytes in, bytes out; nothing here knows a locale or an encoding.
//!
//! Tests: `tests/it/language.rs`.

use super::Arguments;
use crate::heap::STRING_SIZE_MAX;
use crate::machine::{Fault, STACK_SIZE_MAX, Vm};
use crate::value::Value;
use alloc::sync::Arc;
use alloc::vec::Vec;

impl Vm {
    /// A string argument that is read from end to end, which is paid for here; numbers are turned into their text.
    pub(crate) fn check_text(
        &mut self,
        arguments: Arguments,
        index: usize,
        function: &str,
    ) -> Result<Arc<[u8]>, Fault> {
        let bytes = self.check_text_unread(arguments, index, function)?;
        self.pay_for_reading(bytes.len())?;
        Ok(bytes)
    }

    /// A string argument of a function that looks at a part of it only, and pays for that part: a program that goes through a
    /// long text in many calls would else pay for the whole of it in each.
    pub(crate) fn check_text_unread(
        &mut self,
        arguments: Arguments,
        index: usize,
        function: &str,
    ) -> Result<Arc<[u8]>, Fault> {
        let value = self.argument(arguments, index);
        match value {
            Value::String(id) => Ok(self.heap.shared_bytes(id)),
            number if number.as_numeral().is_some() => Ok(Arc::from(self.plain_text(number))),
            _ => Err(self.bad_type(arguments, index, function, "string")),
        }
    }

    /// Takes the fuel for so many bytes that are looked at one by one.
    pub(crate) fn pay_for_reading(&mut self, bytes: usize) -> Result<(), Fault> {
        self.pay(bytes as u64 / 32)
    }

    /// Gives a string.
    pub(crate) fn give_text(&mut self, arguments: Arguments, bytes: &[u8]) -> Result<usize, Fault> {
        self.check_size(bytes.len())?;
        self.pay(bytes.len() as u64 / 16)?;
        let text = Value::String(self.heap.string(bytes));
        Ok(self.give(arguments, text))
    }

    /// Takes the fuel for text that was put together in vain, where the outcome is an error that a program can catch; text
    /// that is given is paid for with [`Vm::give_text`].
    pub(crate) fn pay_for_failure<T>(
        &mut self,
        outcome: Result<T, Fault>,
        bytes: usize,
    ) -> Result<T, Fault> {
        if let Err(Fault::Raised(_)) = outcome {
            self.pay(bytes as u64 / 16)?;
        }
        outcome
    }

    /// Refuses strings that are too long or leave the memory limit, before they are made.
    pub(crate) fn check_size(&mut self, size: usize) -> Result<(), Fault> {
        if size > STRING_SIZE_MAX {
            return Err(self.raise("resulting string too large"));
        }
        self.make_room(size)
    }

    /// Ends a call of the library that has itself added more than the memory limit since `before` bytes were in use: no
    /// collection happens inside it. What was in use before may be garbage, so that it does not count here.
    pub(crate) fn check_growth(&self, before: usize) -> Result<(), Fault> {
        if self.heap.bytes.saturating_sub(before) > self.heap.bytes_max {
            return Err(Fault::MemoryExhausted);
        }
        Ok(())
    }
}

/// A start position, from 1; negative ones count from the end.
pub(super) fn start_of(position: i64, length: usize) -> usize {
    if position > 0 {
        usize::try_from(position).unwrap_or(usize::MAX)
    } else if position == 0 {
        1
    } else {
        let back = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
        if back > length { 1 } else { length - back + 1 }
    }
}

/// An end position, from 0; negative ones count from the end.
fn end_of(position: i64, length: usize) -> usize {
    if position >= 0 {
        usize::try_from(position).unwrap_or(usize::MAX).min(length)
    } else {
        let back = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
        (length + 1).saturating_sub(back)
    }
}

pub(super) fn length(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    if let Value::String(id) = vm.argument(arguments, 0) {
        let length = vm.heap.bytes_of(id).len() as i64;
        return Ok(vm.give(arguments, Value::Integer(length)));
    }
    let text = vm.check_text(arguments, 0, "len")?;
    Ok(vm.give(arguments, Value::Integer(text.len() as i64)))
}

pub(super) fn sub(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = match vm.argument(arguments, 0) {
        Value::String(id) => id,
        _ => {
            let text = vm.check_text(arguments, 0, "sub")?;
            vm.heap.string(&text)
        }
    };
    let first = vm.check_integer(arguments, 1, "sub")?;
    let last = vm.optional_integer(arguments, 2, "sub", -1)?;
    let length = vm.heap.bytes_of(text).len();
    let (start, end) = (start_of(first, length), end_of(last, length));
    if start > end {
        return vm.give_text(arguments, b"");
    }
    vm.pay((end - start) as u64 / 16)?;
    let mut buffer = core::mem::take(&mut vm.host.scratch);
    buffer.clear();
    buffer.extend_from_slice(&vm.heap.bytes_of(text)[start - 1..end]);
    let piece = Value::String(vm.heap.string(&buffer));
    vm.host.scratch = buffer;
    Ok(vm.give(arguments, piece))
}

pub(super) fn upper(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text(arguments, 0, "upper")?.to_ascii_uppercase();
    vm.give_text(arguments, &text)
}

pub(super) fn lower(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text(arguments, 0, "lower")?.to_ascii_lowercase();
    vm.give_text(arguments, &text)
}

pub(super) fn reverse(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let mut text = vm.check_text(arguments, 0, "reverse")?.to_vec();
    text.reverse();
    vm.give_text(arguments, &text)
}

pub(super) fn repeat(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text(arguments, 0, "rep")?;
    let count = vm.check_integer(arguments, 1, "rep")?;
    let separator = if vm.argument(arguments, 2).is_nil() {
        Arc::from(&b""[..])
    } else {
        vm.check_text(arguments, 2, "rep")?
    };
    let Ok(count) = usize::try_from(count.max(0)) else {
        return Err(vm.raise("resulting string too large"));
    };
    if count == 0 {
        return vm.give_text(arguments, b"");
    }
    let size = text
        .len()
        .checked_mul(count)
        .and_then(|size| size.checked_add(separator.len().checked_mul(count - 1)?));
    let Some(size) = size else {
        return Err(vm.raise("resulting string too large"));
    };
    vm.check_size(size)?;
    vm.pay(size as u64 / 16)?;
    let mut result = Vec::with_capacity(size);
    if size > 0 {
        for index in 0..count {
            if index > 0 {
                result.extend_from_slice(&separator);
            }
            result.extend_from_slice(&text);
        }
    }
    let result = Value::String(vm.heap.string_of(result));
    Ok(vm.give(arguments, result))
}

pub(super) fn byte(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let first = vm.optional_integer(arguments, 1, "byte", 1)?;
    let last = vm.optional_integer(arguments, 2, "byte", first)?;
    // The usual question, for one byte, takes no copy.
    if let Value::String(id) = vm.argument(arguments, 0)
        && first == last
        && first >= 1
    {
        let index = usize::try_from(first - 1).unwrap_or(usize::MAX);
        let found = vm.heap.bytes_of(id).get(index).copied();
        return Ok(match found {
            Some(byte) => vm.give(arguments, Value::Integer(i64::from(byte))),
            None => 0,
        });
    }
    let text = vm.check_text_unread(arguments, 0, "byte")?;
    let (start, end) = (start_of(first, text.len()), end_of(last, text.len()));
    if start > end {
        return Ok(0);
    }
    if end - (start - 1) >= STACK_SIZE_MAX {
        return Err(vm.raise("string slice too long"));
    }
    vm.pay_for_reading(end - (start - 1))?;
    let values: Vec<Value> = text[start - 1..end]
        .iter()
        .map(|byte| Value::Integer(i64::from(*byte)))
        .collect();
    vm.give_all(arguments, &values)
}

pub(super) fn char(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let mut text = Vec::with_capacity(arguments.count);
    for index in 0..arguments.count {
        let code = vm.check_integer(arguments, index, "char")?;
        match u8::try_from(code) {
            Ok(byte) => text.push(byte),
            Err(_) => return Err(vm.bad_argument(index, "char", "value out of range")),
        }
    }
    vm.give_text(arguments, &text)
}
