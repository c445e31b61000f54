//! Reading numbers as Lua writes them, for the lexer and for `tonumber`.
//!
//! A script reads integers and binary64; a fold reads integers and Q32.32. The bits come from `gatos-numbers`.
//! Tests: `tests/it/front.rs`.

use crate::profile::Profile;
use gatos_numbers::{FoldNumber, Number, binary64};

/// A number of either profile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Numeral {
    /// An integer.
    Integer(i64),
    /// A float of a script; a NaN is canonical.
    Float(f64),
    /// A fraction of a fold, in steps of 2^−32.
    Fixed(i64),
}

/// Longest text that is read as a number, in bytes: reading one costs no fuel of its own. `%.99f` of the largest float has 410.
pub const NUMERAL_SIZE_MAX: usize = 4096;

/// The number that `text` is, with blanks around it and a sign, as `tonumber` reads; `None` if it is none.
#[must_use]
pub fn parse_numeral(text: &[u8], profile: Profile) -> Option<Numeral> {
    let text = core::str::from_utf8(trim(text)).ok()?;
    if text.len() > NUMERAL_SIZE_MAX {
        return None;
    }
    match profile {
        Profile::Script => script_numeral(text),
        Profile::Fold => fold_numeral(text),
    }
}

/// Without the blanks of C's `isspace`.
fn trim(mut text: &[u8]) -> &[u8] {
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r');
    while let [first, rest @ ..] = text
        && is_blank(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_blank(*last)
    {
        text = rest;
    }
    text
}

fn fold_numeral(text: &str) -> Option<Numeral> {
    let number = Number::parse(text).ok()?;
    match FoldNumber::from_number(number).ok()? {
        FoldNumber::Integer(integer) => Some(Numeral::Integer(integer)),
        FoldNumber::Fixed(fixed) => Some(Numeral::Fixed(fixed.steps())),
    }
}

fn script_numeral(text: &str) -> Option<Numeral> {
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = |magnitude: f64| if is_negative { -magnitude } else { magnitude };
    if digits.starts_with("0x") || digits.starts_with("0X") {
        if let Some(integer) = hexadecimal_integer(&digits.as_bytes()[2..]) {
            let integer = if is_negative {
                integer.wrapping_neg()
            } else {
                integer
            };
            return Some(Numeral::Integer(integer));
        }
        let float = binary64::parse_hexadecimal(digits).ok()?;
        return Some(Numeral::Float(signed(float)));
    }
    if !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Some(integer) = decimal_integer(digits.as_bytes(), is_negative)
    {
        return Some(Numeral::Integer(integer));
    }
    if digits.starts_with('-') {
        return None;
    }
    let float = binary64::parse_lua(digits).ok()?;
    Some(Numeral::Float(signed(float)))
}

fn decimal_integer(digits: &[u8], is_negative: bool) -> Option<i64> {
    let mut value = 0i64;
    for digit in digits {
        let digit = i64::from(digit - b'0');
        value = value.checked_mul(10)?;
        value = if is_negative {
            value.checked_sub(digit)?
        } else {
            value.checked_add(digit)?
        };
    }
    Some(value)
}

/// Hexadecimal integers wrap around, as in Lua.
fn hexadecimal_integer(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for digit in digits {
        let digit = (*digit as char).to_digit(16)?;
        value = (value << 4) | u64::from(digit);
    }
    Some(value.cast_signed())
}
