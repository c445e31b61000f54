//! Plain scalars: which of null, boolean, number or text an unquoted word is (YAML 1.2.2 §10.3.2).
//!
//! The core schema's number forms are read exactly, as decimals; nothing passes through a float.
//! INVARIANT: text that the core schema calls a number is a number here or an error, never text.

use super::{Data, YamlErrorKind};
use alloc::format;
use alloc::string::{String, ToString};
use gatos_numbers::Number;
use gatos_values::Text;

/// Largest exponent taken, either sign; beyond it a value is out of range or rounds to zero anyway.
const EXPONENT_MAX: i32 = 60;

/// A quoted or block scalar is always text.
pub(super) fn quoted(text: &str) -> Result<Data, YamlErrorKind> {
    Text::new(text)
        .map(Data::Text)
        .map_err(|_| YamlErrorKind::Text)
}

/// What a plain scalar is.
pub(super) fn resolve(text: &str) -> Result<Data, YamlErrorKind> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Data::Null),
        "true" | "True" | "TRUE" => return Ok(Data::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Data::Bool(false)),
        _ => {}
    }
    if is_special_float(text) {
        return Err(YamlErrorKind::Number(text.to_string()));
    }
    match number_text(text) {
        None => quoted(text),
        Some(decimal) => decimal
            .and_then(|decimal| Number::parse(&decimal).ok())
            .map(Data::Number)
            .ok_or_else(|| YamlErrorKind::Number(text.to_string())),
    }
}

/// `.inf` with a sign or none, or `.nan`: floats without a place in the value model.
fn is_special_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// `None` if the text is no number of the core schema; `Some(None)` if it is one out of range; otherwise
/// the same value as a decimal that [`Number::parse`] reads.
fn number_text(text: &str) -> Option<Option<String>> {
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        None => (unsigned, None),
        Some(at) => (unsigned.get(..at)?, Some(unsigned.get(at + 1..)?)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !all_digits(whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let shift = match exponent {
        None => 0,
        Some(text) => match exponent_value(text)? {
            Some(shift) => shift,
            None => return Some(None),
        },
    };
    Some(Some(decimal(negative, whole, fraction, shift)))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn radix(digits: &str, radix: u32) -> Option<Option<String>> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some(
        i128::from_str_radix(digits, radix)
            .ok()
            .map(|value| value.to_string()),
    )
}

/// `None` if not an exponent, `Some(None)` if too large to follow.
fn exponent_value(text: &str) -> Option<Option<i32>> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !all_digits(digits) {
        return None;
    }
    let value: Option<i32> = digits.parse().ok().filter(|value| *value <= EXPONENT_MAX);
    Some(value.map(|value| if text.starts_with('-') { -value } else { value }))
}

/// Moves the decimal point by `shift` places and writes the value without exponent.
fn decimal(negative: bool, whole: &str, fraction: &str, shift: i32) -> String {
    let mut digits = format!("{whole}{fraction}");
    let mut point = whole.len().saturating_add_signed(shift as isize);
    if shift < 0 && shift.unsigned_abs() as usize > whole.len() {
        let missing = shift.unsigned_abs() as usize - whole.len();
        digits.insert_str(0, &"0".repeat(missing));
        point = 0;
    }
    while digits.len() < point {
        digits.push('0');
    }
    let (whole, fraction) = digits.split_at(point);
    let whole = whole.trim_start_matches('0');
    let sign = if negative { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}
