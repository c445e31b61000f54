//! `string.format`: every directive by our own rules, so that no C library decides what is printed.
//!
//! Reading order: this file, `decimal`. Tests: `tests/it/language.rs`.

mod decimal;

use super::Arguments;
use crate::arithmetic;
use crate::machine::meaning::push_integer;
use crate::machine::{Fault, Vm};
use crate::profile::Profile;
use crate::syntax::number::Numeral;
use crate::value::Value;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// So many flags, digits and points before a conversion are refused, as in Lua.
const MODIFIER_COUNT_MAX: usize = 21;

/// A directive such as `%-5.2f`.
#[derive(Default)]
struct Directive {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

impl Directive {
    /// Whether nothing stands between `%` and the letter.
    const fn is_plain(&self) -> bool {
        let has_flag = self.left || self.plus || self.space || self.alternate || self.zero;
        !has_flag && self.width == 0 && self.precision.is_none()
    }
}

pub(super) fn format(vm: &mut Vm, arguments: Arguments) -> Result<usize, Fault> {
    let template = vm.check_text(arguments, 0, "format")?;
    let mut result = core::mem::take(&mut vm.host.scratch);
    result.clear();
    let outcome = format_into(vm, arguments, &template, &mut result);
    let count = vm
        .pay_for_failure(outcome, result.len())
        .and_then(|()| vm.give_text(arguments, &result));
    vm.host.scratch = result;
    count
}

fn format_into(
    vm: &mut Vm,
    arguments: Arguments,
    template: &[u8],
    result: &mut Vec<u8>,
) -> Result<(), Fault> {
    let mut argument = 0;
    let mut position = 0;
    while position < template.len() {
        let byte = template[position];
        position += 1;
        if byte != b'%' {
            result.push(byte);
            continue;
        }
        if template.get(position) == Some(&b'%') {
            result.push(b'%');
            position += 1;
            continue;
        }
        argument += 1;
        if argument >= arguments.count {
            return Err(vm.bad_argument(argument, "format", "no value"));
        }
        let start = position;
        let is_modifier = |byte: &&u8| b"-+#0 123456789.".contains(byte);
        let modifier_count = template[start..].iter().take_while(is_modifier).count();
        if modifier_count >= MODIFIER_COUNT_MAX {
            return Err(vm.raise("invalid format (too long)"));
        }
        let end = start + modifier_count;
        let conversion = template.get(end).copied().unwrap_or(0);
        let directive = read(&template[..end], &mut position).filter(|_| position == end);
        position = end + 1;
        let Some(directive) = directive.filter(|directive| allows(directive, conversion)) else {
            let shown = String::from_utf8_lossy(&template[start..position.min(template.len())]);
            let message = match conversion {
                b'q' => String::from("specifier '%q' cannot have modifiers"),
                conversion if is_conversion(conversion) => {
                    format!("invalid conversion specification: '%{shown}'")
                }
                _ => format!("invalid conversion '%{shown}' to 'format'"),
            };
            return Err(vm.raise(&message));
        };
        convert(vm, arguments, argument, &directive, conversion, result)?;
        vm.check_size(result.len())?;
    }
    Ok(())
}

/// Whether a letter is one of the conversions that `convert` knows.
const fn is_conversion(letter: u8) -> bool {
    matches!(
        letter,
        b'a' | b'A'
            | b'c'
            | b'd'
            | b'e'
            | b'E'
            | b'f'
            | b'g'
            | b'G'
            | b'i'
            | b'o'
            | b'p'
            | b'q'
            | b's'
            | b'u'
            | b'x'
            | b'X'
    )
}

fn read(template: &[u8], position: &mut usize) -> Option<Directive> {
    let mut directive = Directive::default();
    while let Some(byte) = template.get(*position) {
        match byte {
            b'-' => directive.left = true,
            b'+' => directive.plus = true,
            b' ' => directive.space = true,
            b'#' => directive.alternate = true,
            b'0' => directive.zero = true,
            _ => break,
        }
        *position += 1;
    }
    directive.width = digits(template, position)?;
    if template.get(*position) == Some(&b'.') {
        *position += 1;
        directive.precision = Some(digits(template, position)?);
    }
    Some(directive)
}

/// At most two digits.
fn digits(template: &[u8], position: &mut usize) -> Option<usize> {
    let mut value = 0;
    let start = *position;
    while let Some(byte) = template.get(*position).filter(|byte| byte.is_ascii_digit()) {
        value = value * 10 + usize::from(byte - b'0');
        *position += 1;
        if *position - start > 2 {
            return None;
        }
    }
    Some(value)
}

/// Whether a conversion takes the flags that were given, as in Lua.
fn allows(directive: &Directive, conversion: u8) -> bool {
    let Directive {
        plus,
        space,
        alternate,
        zero,
        precision,
        left,
        width,
    } = directive;
    match conversion {
        b'c' => !plus && !space && !alternate && !zero && precision.is_none(),
        b'd' | b'i' => !alternate,
        b'u' => !plus && !space && !alternate,
        b'o' | b'x' | b'X' => !plus && !space,
        b'a' | b'A' | b'f' | b'F' | b'e' | b'E' | b'g' | b'G' => conversion != b'F',
        b'p' => !plus && !space && !alternate && !zero && precision.is_none(),
        b'q' => {
            !plus && !space && !alternate && !zero && precision.is_none() && !left && *width == 0
        }
        b's' => !plus && !space && !alternate && !zero,
        _ => false,
    }
}

fn convert(
    vm: &mut Vm,
    arguments: Arguments,
    index: usize,
    directive: &Directive,
    conversion: u8,
    result: &mut Vec<u8>,
) -> Result<(), Fault> {
    match conversion {
        b'c' => {
            let code = vm.check_integer(arguments, index, "format")?;
            pad(directive, b"", &[code as u8], false, result);
        }
        b'd' | b'i' => {
            let integer = vm.check_integer(arguments, index, "format")?;
            if directive.is_plain() {
                push_integer(integer, result);
                return Ok(());
            }
            let mut text = Vec::new();
            push_integer(integer, &mut text);
            let digits = text.strip_prefix(b"-").unwrap_or(&text);
            integer_text(
                directive,
                sign(integer < 0, directive),
                digits,
                integer == 0,
                result,
            );
        }
        b'o' | b'u' | b'x' | b'X' => {
            let integer = vm.check_integer(arguments, index, "format")?;
            let (digits, prefix) = match conversion {
                b'u' => (format!("{}", integer.cast_unsigned()), ""),
                b'o' => (format!("{integer:o}"), "0"),
                b'x' => (format!("{integer:x}"), "0x"),
                _ => (format!("{integer:X}"), "0X"),
            };
            let prefix = if directive.alternate && integer != 0 {
                prefix
            } else {
                ""
            };
            integer_text(
                directive,
                prefix.as_bytes(),
                digits.as_bytes(),
                integer == 0,
                result,
            );
        }
        b'a' | b'A' | b'e' | b'E' | b'f' | b'g' | b'G' => {
            let number = vm.check_number(arguments, index, "format")?;
            float_text(vm, directive, conversion, number, result)?;
        }
        b'p' => {
            let value = vm.check_any(arguments, index, "format")?;
            let text = pointer_text(vm, value)?;
            pad(directive, b"", text.as_bytes(), false, result);
        }
        b'q' => quote(vm, arguments, index, result)?,
        _ => {
            let value = vm.check_any(arguments, index, "format")?;
            if let Value::String(id) = value
                && directive.is_plain()
            {
                result.extend_from_slice(vm.heap.bytes_of(id));
                return Ok(());
            }
            let mut text = vm.text_of(value)?;
            if let Some(precision) = directive.precision {
                text.truncate(precision);
            }
            if text.contains(&0) && directive.width > 0 {
                return Err(vm.bad_argument(index, "format", "string contains zeros"));
            }
            pad(directive, b"", &text, false, result);
        }
    }
    Ok(())
}

fn sign(is_negative: bool, directive: &Directive) -> &'static [u8] {
    if is_negative {
        b"-"
    } else if directive.plus {
        b"+"
    } else if directive.space {
        b" "
    } else {
        b""
    }
}

fn integer_text(
    directive: &Directive,
    prefix: &[u8],
    digits: &[u8],
    is_zero: bool,
    result: &mut Vec<u8>,
) {
    let mut text = Vec::new();
    match directive.precision {
        Some(0) if is_zero => {}
        Some(precision) => {
            text.resize(precision.saturating_sub(digits.len()), b'0');
            text.extend_from_slice(digits);
        }
        None => text.extend_from_slice(digits),
    }
    pad(
        directive,
        prefix,
        &text,
        directive.zero && directive.precision.is_none(),
        result,
    );
}

/// Appends prefix and text, filled up to the width.
fn pad(directive: &Directive, prefix: &[u8], text: &[u8], with_zeros: bool, result: &mut Vec<u8>) {
    let missing = directive.width.saturating_sub(prefix.len() + text.len());
    if directive.left {
        result.extend_from_slice(prefix);
        result.extend_from_slice(text);
        result.resize(result.len() + missing, b' ');
    } else if with_zeros {
        result.extend_from_slice(prefix);
        result.resize(result.len() + missing, b'0');
        result.extend_from_slice(text);
    } else {
        result.resize(result.len() + missing, b' ');
        result.extend_from_slice(prefix);
        result.extend_from_slice(text);
    }
}

fn float_text(
    vm: &mut Vm,
    directive: &Directive,
    conversion: u8,
    number: Numeral,
    result: &mut Vec<u8>,
) -> Result<(), Fault> {
    if vm.profile == Profile::Fold {
        return fixed_text(vm, directive, conversion, number, result);
    }
    let float = arithmetic::to_float(number);
    let is_negative = float.is_sign_negative() && !float.is_nan();
    let prefix = sign(is_negative, directive);
    if !float.is_finite() {
        let text: &[u8] = match (float.is_nan(), conversion.is_ascii_uppercase()) {
            (true, false) => b"nan",
            (true, true) => b"NAN",
            (false, false) => b"inf",
            (false, true) => b"INF",
        };
        pad(directive, prefix, text, false, result);
        return Ok(());
    }
    let magnitude = float.abs();
    if conversion == b'f' && !directive.alternate {
        let mut text = Vec::new();
        if decimal::push_decimals(magnitude, directive.precision.unwrap_or(6), &mut text) {
            pad(directive, prefix, &text, directive.zero, result);
            return Ok(());
        }
    }
    let mut text = match conversion.to_ascii_lowercase() {
        b'f' => format!("{magnitude:.*}", directive.precision.unwrap_or(6)),
        b'e' => exponent_text(magnitude, directive.precision.unwrap_or(6)),
        b'g' => general_text(
            magnitude,
            directive.precision.unwrap_or(6).max(1),
            directive.alternate,
        ),
        _ => hexadecimal_text(magnitude, directive.precision),
    };
    if directive.alternate && directive.precision == Some(0) && !text.contains('.') {
        let at = text.find('e').unwrap_or(text.len());
        text.insert(at, '.');
    }
    if conversion.is_ascii_uppercase() {
        text = text.to_ascii_uppercase();
    }
    pad(directive, prefix, text.as_bytes(), directive.zero, result);
    Ok(())
}

/// C's `%e`: at least two digits of exponent.
fn exponent_text(magnitude: f64, precision: usize) -> String {
    let text = format!("{magnitude:.precision$e}");
    let Some((digits, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, exponent) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |rest| ('-', rest));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// C's `%g`.
fn general_text(magnitude: f64, precision: usize, keeps_zeros: bool) -> String {
    let scientific = format!("{magnitude:.*e}", precision - 1);
    let exponent: i64 = scientific
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or(0);
    let without_zeros = |text: &str| {
        if keeps_zeros || !text.contains('.') {
            return String::from(text);
        }
        String::from(text.trim_end_matches('0').trim_end_matches('.'))
    };
    if exponent < -4 || exponent >= precision as i64 {
        let text = exponent_text(magnitude, precision - 1);
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{exponent}", without_zeros(digits));
    }
    let decimals = usize::try_from(precision as i64 - 1 - exponent).unwrap_or(0);
    without_zeros(&format!("{magnitude:.decimals$}"))
}

/// `%a`: normal form, shortest digits or rounded to the precision, ties to even.
fn hexadecimal_text(magnitude: f64, precision: Option<usize>) -> String {
    let bits = magnitude.to_bits();
    let (mut exponent, mut fraction) = ((bits >> 52) as i64 - 1023, bits & ((1 << 52) - 1));
    if magnitude == 0.0 {
        exponent = 0;
    } else if exponent == -1023 {
        let shift = fraction.leading_zeros() - 11;
        fraction = (fraction << shift) & ((1 << 52) - 1);
        exponent = -1022 - i64::from(shift);
    }
    let mut lead = u64::from(magnitude != 0.0);
    let mut digits = format!("{fraction:013x}");
    match precision {
        None => digits = String::from(digits.trim_end_matches('0')),
        Some(precision) if precision < 13 => {
            let whole = (lead << 52) | fraction;
            let shift = 4 * (13 - precision) as u32;
            let (kept, rest, half) = (
                whole >> shift,
                whole & ((1 << shift) - 1),
                1u64 << (shift - 1),
            );
            let kept = kept + u64::from(rest > half || (rest == half && kept & 1 == 1));
            lead = kept >> (4 * precision);
            let rest = kept & ((1u64 << (4 * precision)) - 1);
            digits = if precision == 0 {
                String::new()
            } else {
                format!("{rest:0precision$x}")
            };
        }
        Some(precision) => digits = format!("{digits:0<precision$}"),
    }
    let point = if digits.is_empty() { "" } else { "." };
    format!("0x{lead}{point}{digits}p{exponent:+}")
}

/// A fold prints `%f` exactly rounded, ties to even, and knows no other form of a fraction.
fn fixed_text(
    vm: &mut Vm,
    directive: &Directive,
    conversion: u8,
    number: Numeral,
    result: &mut Vec<u8>,
) -> Result<(), Fault> {
    if conversion != b'f' {
        let letter = char::from(conversion);
        return Err(vm.raise(&format!(
            "a fold has no '%{letter}' in 'format'; use '%f', '%d' or '%s'"
        )));
    }
    let steps = match number {
        Numeral::Integer(integer) => i128::from(integer) << 32,
        Numeral::Fixed(steps) => i128::from(steps),
        Numeral::Float(_) => 0,
    };
    let precision = directive.precision.unwrap_or(6).min(32);
    let (mut whole, mut rest) = (
        steps.unsigned_abs() >> 32,
        steps.unsigned_abs() & 0xFFFF_FFFF,
    );
    let mut digits = Vec::new();
    for _ in 0..precision {
        rest *= 10;
        digits.push(b'0' + (rest >> 32) as u8);
        rest &= 0xFFFF_FFFF;
    }
    let half = 1u128 << 31;
    let is_odd = digits.last().map_or(whole & 1 == 1, |digit| digit & 1 == 1);
    if rest > half || (rest == half && is_odd) {
        let carried = digits.iter_mut().rev().all(|digit| {
            let carries = *digit == b'9';
            *digit = if carries { b'0' } else { *digit + 1 };
            carries
        });
        whole += u128::from(carried);
    }
    let mut text = format!("{whole}").into_bytes();
    if precision > 0 {
        text.push(b'.');
        text.extend_from_slice(&digits);
    }
    pad(
        directive,
        sign(steps < 0, directive),
        &text,
        directive.zero,
        result,
    );
    Ok(())
}

fn pointer_text(vm: &mut Vm, value: Value) -> Result<String, Fault> {
    match value {
        Value::Table(_)
        | Value::Closure(_)
        | Value::Native(_)
        | Value::Coroutine(_)
        | Value::String(_) => {
            if vm.profile == Profile::Fold {
                return Err(vm.raise("a fold has no '%p' in 'format'"));
            }
            Ok(format!("0x{:08x}", vm.serial_of(value)))
        }
        _ => Ok(String::from("(null)")),
    }
}

/// `%q`: text that reads back as the value.
fn quote(
    vm: &mut Vm,
    arguments: Arguments,
    index: usize,
    result: &mut Vec<u8>,
) -> Result<(), Fault> {
    match vm.check_any(arguments, index, "format")? {
        Value::String(id) => {
            let bytes = vm.heap.bytes_of(id);
            result.push(b'"');
            for (index, byte) in bytes.iter().enumerate() {
                match byte {
                    b'"' | b'\\' => result.extend_from_slice(&[b'\\', *byte]),
                    b'\n' => result.extend_from_slice(b"\\\n"),
                    byte if byte.is_ascii_control() => {
                        let digit_follows = bytes.get(index + 1).is_some_and(u8::is_ascii_digit);
                        let text = if digit_follows {
                            format!("\\{byte:03}")
                        } else {
                            format!("\\{byte}")
                        };
                        result.extend_from_slice(text.as_bytes());
                    }
                    byte => result.push(*byte),
                }
            }
            result.push(b'"');
        }
        Value::Integer(i64::MIN) => result.extend_from_slice(b"0x8000000000000000"),
        Value::Float(float) => {
            let text = if float == f64::INFINITY {
                String::from("1e9999")
            } else if float == f64::NEG_INFINITY {
                String::from("-1e9999")
            } else if float.is_nan() {
                String::from("(0/0)")
            } else {
                let sign = if float.is_sign_negative() { "-" } else { "" };
                format!("{sign}{}", hexadecimal_text(float.abs(), None))
            };
            result.extend_from_slice(text.as_bytes());
        }
        value @ (Value::Nil | Value::Boolean(_) | Value::Integer(_) | Value::Fixed(_)) => {
            let text = vm.plain_text(value);
            result.extend_from_slice(&text);
        }
        _ => return Err(vm.bad_argument(index, "format", "value has no literal form")),
    }
    Ok(())
}

impl Vm {
    pub(crate) fn check_number(
        &mut self,
        arguments: Arguments,
        index: usize,
        function: &str,
    ) -> Result<Numeral, Fault> {
        let value = self.argument(arguments, index);
        self.pay_for_number(value)?;
        match self.to_numeral(value) {
            Some(number) => Ok(number),
            None => Err(self.bad_type(arguments, index, function, "number")),
        }
    }
}
