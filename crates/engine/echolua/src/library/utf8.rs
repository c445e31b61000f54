//! `utf8`: UTF-8 as Lua reads it, strict or lax.
//!
//! Tests: `tests/it/language.rs`.

use super::{Arguments, UTF8_STEP_LAX, UTF8_STEP_STRICT};
use crate::machine::{Fault, STACK_SIZE_MAX, Vm};
use crate::syntax::lexer::push_utf8;
use crate::value::Value;
use alloc::vec::Vec;

/// What `utf8.charpattern` is.
pub(super) const CHARACTER_PATTERN: &[u8] = b"[\x00-\x7F\xC2-\xFD][\x80-\xBF]*";

/// The code at the start of the bytes and its size; none if they are not valid.
fn decode(bytes: &[u8], is_strict: bool) -> Option<(u32, usize)> {
    const LIMITS: [u32; 6] = [u32::MAX, 0x80, 0x800, 0x1_0000, 0x20_0000, 0x400_0000];
    let first = u32::from(*bytes.first()?);
    if first < 0x80 {
        return Some((first, 1));
    }
    let (mut lead, mut code, mut count) = (first, 0u32, 0);
    while lead & 0x40 != 0 {
        count += 1;
        let next = u32::from(*bytes.get(count)?);
        if next & 0xC0 != 0x80 {
            return None;
        }
        code = code << 6 | (next & 0x3F);
        lead <<= 1;
    }
    if count == 0 || count > 5 {
        return None;
    }
    code |= (lead & 0x7F) << (count * 5);
    if code > 0x7FFF_FFFF || code < LIMITS[count] {
        return None;
    }
    if is_strict && (code > 0x10_FFFF || (0xD800..=0xDFFF).contains(&code)) {
        return None;
    }
    Some((code, count + 1))
}

fn is_continuation(bytes: &[u8], index: usize) -> bool {
    bytes.get(index).is_some_and(|byte| byte & 0xC0 == 0x80)
}

/// A position from 1, negative ones from the end; 0 where it lies before the start.
fn position_of(position: i64, length: usize) -> i64 {
    if position >= 0 {
        position
    } else if position.unsigned_abs() > length as u64 {
        0
    } else {
        length as i64 + position + 1
    }
}

pub(super) fn char(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let mut text = Vec::new();
    for index in 0..arguments.count {
        let code = vm.check_integer(arguments, index, "char")?;
        match u32::try_from(code) {
            Ok(code) if code <= 0x7FFF_FFFF => push_utf8(code, &mut text),
            _ => return Err(vm.bad_argument(index, "char", "value out of range")),
        }
    }
    vm.give_text(arguments, &text)
}

pub(super) fn codepoint(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text_unread(arguments, 0, "codepoint")?;
    let first = vm.optional_integer(arguments, 1, "codepoint", 1)?;
    let first = position_of(first, text.len());
    let last = vm.optional_integer(arguments, 2, "codepoint", first)?;
    let last = position_of(last, text.len());
    let is_strict = !vm.argument(arguments, 3).is_true();
    if first < 1 {
        return Err(vm.bad_argument(1, "codepoint", "out of bounds"));
    }
    if last > text.len() as i64 {
        return Err(vm.bad_argument(2, "codepoint", "out of bounds"));
    }
    vm.pay_for_reading(usize::try_from(last - first + 1).unwrap_or(0))?;
    let mut values = Vec::new();
    let mut index = first as usize - 1;
    while (index as i64) < last {
        let Some((code, size)) = decode(&text[index..], is_strict) else {
            return Err(vm.raise("invalid UTF-8 code"));
        };
        values.push(Value::Integer(i64::from(code)));
        index += size;
        if values.len() > STACK_SIZE_MAX {
            // No stack takes them, and giving them says so.
            break;
        }
    }
    vm.give_all(arguments, &values)
}

pub(super) fn length(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text(arguments, 0, "len")?;
    let first = vm.optional_integer(arguments, 1, "len", 1)?;
    let first = position_of(first, text.len());
    let last = vm.optional_integer(arguments, 2, "len", -1)?;
    let last = position_of(last, text.len());
    let is_strict = !vm.argument(arguments, 3).is_true();
    if first < 1 || first - 1 > text.len() as i64 {
        return Err(vm.bad_argument(1, "len", "initial position out of bounds"));
    }
    if last > text.len() as i64 {
        return Err(vm.bad_argument(2, "len", "final position out of bounds"));
    }
    let mut index = first as usize - 1;
    let mut count = 0;
    while (index as i64) < last {
        match decode(&text[index..], is_strict) {
            Some((_, size)) => index += size,
            None => return vm.give_all(arguments, &[Value::Nil, Value::Integer(index as i64 + 1)]),
        }
        count += 1;
    }
    Ok(vm.give(arguments, Value::Integer(count)))
}

pub(super) fn offset(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text_unread(arguments, 0, "offset")?;
    let mut count = vm.check_integer(arguments, 1, "offset")?;
    let default = if count >= 0 { 1 } else { text.len() as i64 + 1 };
    let start = vm.optional_integer(arguments, 2, "offset", default)?;
    let start = position_of(start, text.len());
    if start < 1 || start > text.len() as i64 + 1 {
        return Err(vm.bad_argument(2, "offset", "position out of bounds"));
    }
    let start = start as usize - 1;
    let mut index = start;
    if count == 0 {
        while index > 0 && is_continuation(&text, index) {
            index -= 1;
        }
        vm.pay_for_reading(start - index)?;
        return Ok(vm.give(arguments, Value::Integer(index as i64 + 1)));
    }
    if is_continuation(&text, index) {
        return Err(vm.raise("initial position is a continuation byte"));
    }
    if count < 0 {
        while count < 0 && index > 0 {
            index -= 1;
            while index > 0 && is_continuation(&text, index) {
                index -= 1;
            }
            count += 1;
        }
    } else {
        count -= 1;
        while count > 0 && index < text.len() {
            index += 1;
            while is_continuation(&text, index) {
                index += 1;
            }
            count -= 1;
        }
    }
    vm.pay_for_reading(start.abs_diff(index))?;
    let result = if count == 0 {
        Value::Integer(index as i64 + 1)
    } else {
        Value::Nil
    };
    Ok(vm.give(arguments, result))
}

pub(super) fn codes(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let text = vm.check_text_unread(arguments, 0, "codes")?;
    if is_continuation(&text, 0) {
        return Err(vm.bad_argument(0, "codes", "invalid UTF-8 code"));
    }
    let step = if vm.argument(arguments, 1).is_true() {
        UTF8_STEP_LAX
    } else {
        UTF8_STEP_STRICT
    };
    let text = vm.argument(arguments, 0);
    vm.give_all(arguments, &[Value::Native(step), text, Value::Integer(0)])
}

pub(super) fn step_strict(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    step(vm, arguments, true)
}

pub(super) fn step_lax(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    step(vm, arguments, false)
}

fn step(vm: &mut Vm, arguments: Arguments, is_strict: bool) -> Result<usize, Fault> {
    let text = vm.check_text_unread(arguments, 0, "codes")?;
    let index = vm.check_integer(arguments, 1, "codes")?;
    let mut index = usize::try_from(index).unwrap_or(usize::MAX);
    let before = index;
    // On from the character at `index`, which counts from 1: over its continuation bytes.
    if index < text.len() {
        while is_continuation(&text, index) {
            index += 1;
        }
    }
    // Few in a text that is valid; any number in one that is not.
    vm.pay_for_reading(index - before)?;
    if index >= text.len() {
        return Ok(0);
    }
    match decode(&text[index..], is_strict) {
        Some((code, size)) if !is_continuation(&text, index + size) => vm.give_all(
            arguments,
            &[
                Value::Integer(index as i64 + 1),
                Value::Integer(i64::from(code)),
            ],
        ),
        _ => Err(vm.raise("invalid UTF-8 code")),
    }
}
