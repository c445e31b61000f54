//! Writing canonical JSON. Maps are sorted and texts are NFC already, so this only prints.

use super::{DEPTH_MAX, EncodeError};
use crate::Value;
use crate::text::first_reserved;
use alloc::vec::Vec;
use gatos_numbers::NumberText;

pub(super) fn value(value: &Value, output: &mut Vec<u8>, depth: usize) -> Result<(), EncodeError> {
    match value {
        Value::Null => output.extend_from_slice(b"null"),
        Value::Bool(true) => output.extend_from_slice(b"true"),
        Value::Bool(false) => output.extend_from_slice(b"false"),
        Value::Integer(integer) => {
            output.extend_from_slice(NumberText::of_integer(*integer).as_bytes())
        }
        Value::Fixed(fixed) => output.extend_from_slice(NumberText::of_fixed(*fixed).as_bytes()),
        Value::Text(string) => checked_text(string, output)?,
        Value::Bytes(_) => return Err(EncodeError::Bytes),
        Value::List(list) => {
            check_depth(depth)?;
            output.push(b'[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    output.push(b',');
                }
                self::value(item, output, depth + 1)?;
            }
            output.push(b']');
        }
        Value::Map(map) => {
            check_depth(depth)?;
            output.push(b'{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    output.push(b',');
                }
                checked_text(key, output)?;
                output.push(b':');
                self::value(item, output, depth + 1)?;
            }
            output.push(b'}');
        }
    }
    Ok(())
}

const fn check_depth(depth: usize) -> Result<(), EncodeError> {
    if depth >= DEPTH_MAX {
        Err(EncodeError::TooDeep)
    } else {
        Ok(())
    }
}

fn checked_text(string: &str, output: &mut Vec<u8>) -> Result<(), EncodeError> {
    check_assigned(string)?;
    text(string, output);
    Ok(())
}

/// Texts from `decode_strict` may hold unassigned code points, which have no canonical form.
pub(crate) fn check_assigned(text: &str) -> Result<(), EncodeError> {
    match first_reserved(text) {
        None => Ok(()),
        Some((_, character)) => Err(EncodeError::Unassigned(u32::from(character))),
    }
}

/// A string with the shortest escapes.
pub(super) fn text(text: &str, output: &mut Vec<u8>) {
    output.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(plain) = rest.iter().position(|byte| needs_escape(*byte)) {
        output.extend_from_slice(&rest[..plain]);
        escape(rest[plain], output);
        rest = &rest[plain + 1..];
    }
    output.extend_from_slice(rest);
    output.push(b'"');
}

const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape(byte: u8, output: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' | b'\\' => output.extend_from_slice(&[b'\\', byte]),
        0x08 => output.extend_from_slice(b"\\b"),
        0x09 => output.extend_from_slice(b"\\t"),
        0x0A => output.extend_from_slice(b"\\n"),
        0x0C => output.extend_from_slice(b"\\f"),
        0x0D => output.extend_from_slice(b"\\r"),
        _ => {
            output.extend_from_slice(b"\\u00");
            output.push(HEX[usize::from(byte >> 4)]);
            output.push(HEX[usize::from(byte & 15)]);
        }
    }
}
