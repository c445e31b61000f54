//! One pass over canonical JSON that builds nothing: is every byte the one the encoder would have written?
//!
//! No recursion and no allocation: open lists and maps lie on a fixed stack, a key is compared with the one before
//! it in place. The same pass tells a [`Visitor`] where the members of the outermost map are, which is how
//! event envelopes are read.
//!
//! NFC is checked on the runs between escapes. That is the same as checking the whole string: every escaped
//! character is a starter that composes with nothing.

use super::DEPTH_MAX;
use crate::text::is_nfc_assigned;
use core::cmp::Ordering;
use core::ops::Range;
use gatos_numbers::Number;

/// Is told the members of the outermost map, in order.
pub(crate) trait Visitor {
    /// A member: its raw key without quotes (escapes as they stand), and its value.
    fn member(&mut self, key: Range<usize>, value: Range<usize>);
}

/// A visitor for those who only want the verdict.
pub(crate) struct Ignore;

impl Visitor for Ignore {
    fn member(&mut self, _key: Range<usize>, _value: Range<usize>) {}
}

/// An open list or map.
#[derive(Clone, Copy)]
struct Frame {
    is_map: bool,
    /// The key last read, raw, without quotes.
    key_start: usize,
    key_end: usize,
}

/// Scans a whole document; the error is the offset where it stops being canonical.
pub(crate) fn document(bytes: &[u8], visitor: &mut impl Visitor) -> Result<(), usize> {
    let mut stack = [Frame {
        is_map: false,
        key_start: 0,
        key_end: 0,
    }; DEPTH_MAX];
    let mut depth = 0;
    let mut offset = 0;
    // Where the value of the current member of the outermost map starts.
    let mut member_start = 0;
    'value: loop {
        match byte_at(bytes, offset) {
            open @ (b'{' | b'[') => {
                // `}` and `]` lie two above their opening brackets.
                if byte_at(bytes, offset + 1) != open + 2 {
                    if depth == DEPTH_MAX {
                        return Err(offset);
                    }
                    let mut frame = Frame {
                        is_map: open == b'{',
                        key_start: 0,
                        key_end: 0,
                    };
                    offset += 1;
                    if frame.is_map {
                        offset = key(bytes, offset, &mut frame)?;
                        if depth == 0 {
                            member_start = offset;
                        }
                    }
                    stack[depth] = frame;
                    depth += 1;
                    continue 'value;
                }
                if depth == DEPTH_MAX {
                    return Err(offset);
                }
                offset += 2;
            }
            b'"' => offset = string(bytes, offset + 1)?,
            b'-' | b'0'..=b'9' => offset = number(bytes, offset)?,
            b't' => offset = word(bytes, offset, b"true")?,
            b'f' => offset = word(bytes, offset, b"false")?,
            b'n' => offset = word(bytes, offset, b"null")?,
            _ => return Err(offset),
        }
        // A value has ended at `offset`: close what closes, then go on with the next one.
        loop {
            if depth == 0 {
                return if offset == bytes.len() {
                    Ok(())
                } else {
                    Err(offset)
                };
            }
            let frame = &mut stack[depth - 1];
            if depth == 1 && frame.is_map {
                visitor.member(frame.key_start..frame.key_end, member_start..offset);
            }
            match byte_at(bytes, offset) {
                b',' if frame.is_map => {
                    let previous = frame.key_start..frame.key_end;
                    let key_start = offset + 1;
                    offset = key(bytes, key_start, frame)?;
                    if !rises(&bytes[previous], &bytes[frame.key_start..frame.key_end]) {
                        return Err(key_start);
                    }
                    if depth == 1 {
                        member_start = offset;
                    }
                    continue 'value;
                }
                b',' => {
                    offset += 1;
                    continue 'value;
                }
                b'}' if frame.is_map => {}
                b']' if !frame.is_map => {}
                _ => return Err(offset),
            }
            depth -= 1;
            offset += 1;
        }
    }
}

/// The byte at `offset`; NUL, which canonical JSON never holds, behind the end.
fn byte_at(bytes: &[u8], offset: usize) -> u8 {
    bytes.get(offset).copied().unwrap_or(0)
}

/// Reads `"key":` into the frame; the offset behind the colon.
fn key(bytes: &[u8], offset: usize, frame: &mut Frame) -> Result<usize, usize> {
    if byte_at(bytes, offset) != b'"' {
        return Err(offset);
    }
    let end = string(bytes, offset + 1)?;
    frame.key_start = offset + 1;
    frame.key_end = end - 1;
    if byte_at(bytes, end) != b':' {
        return Err(end);
    }
    Ok(end + 1)
}

fn word(bytes: &[u8], offset: usize, word: &[u8]) -> Result<usize, usize> {
    if bytes[offset..].starts_with(word) {
        Ok(offset + word.len())
    } else {
        Err(offset)
    }
}

/// The offset behind a number.
pub(super) fn number(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'.');
    let size = bytes[start..]
        .iter()
        .take_while(|byte| is_number(byte))
        .count();
    if Number::is_canonical_text(&bytes[start..start + size]) {
        Ok(start + size)
    } else {
        Err(start)
    }
}

/// Reads the rest of a string whose opening quote lies before `start`; the offset behind the closing quote.
pub(super) fn string(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let mut offset = start;
    let mut run_start = start;
    let mut is_ascii = true;
    loop {
        offset = plain_end(bytes, offset);
        match byte_at(bytes, offset) {
            b'"' => {
                check_run(bytes, run_start, offset, is_ascii)?;
                return Ok(offset + 1);
            }
            b'\\' => {
                check_run(bytes, run_start, offset, is_ascii)?;
                offset = escape(bytes, offset)?;
                run_start = offset;
                is_ascii = true;
            }
            byte if byte >= 0x80 => {
                is_ascii = false;
                offset = foreign_end(bytes, offset);
            }
            _ => return Err(offset),
        }
    }
}

/// The first offset from `start` on that is `"`, `\`, a control character, not ASCII, or the end.
pub(super) fn plain_end(bytes: &[u8], start: usize) -> usize {
    let mut offset = start;
    while let Some(chunk) = bytes
        .get(offset..offset + 8)
        .and_then(|chunk| chunk.try_into().ok())
    {
        let special = special_bytes(u64::from_le_bytes(chunk));
        if special != 0 {
            return offset + (special.trailing_zeros() / 8) as usize;
        }
        offset += 8;
    }
    let is_plain = |byte: &u8| (0x20..0x80).contains(byte) && *byte != b'"' && *byte != b'\\';
    offset
        + bytes[offset.min(bytes.len())..]
            .iter()
            .take_while(|byte| is_plain(byte))
            .count()
}

/// The first offset from `start` on that is ASCII, or the end.
pub(super) fn foreign_end(bytes: &[u8], start: usize) -> usize {
    let foreign = bytes[start..].iter().take_while(|byte| **byte >= 0x80);
    start + foreign.count()
}

/// The top bit of every special byte, exact up to and including the lowest special one ("SIMD within a
/// register": a borrow runs only upwards, so what lies below the first hit is never wrong).
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let hits =
        quote.wrapping_sub(ONES) | backslash.wrapping_sub(ONES) | word.wrapping_sub(ONES * 0x20);
    // Bytes with the top bit set are special themselves.
    (hits | word) & TOPS
}

fn check_run(bytes: &[u8], start: usize, end: usize, is_ascii: bool) -> Result<(), usize> {
    if is_ascii {
        return Ok(());
    }
    match core::str::from_utf8(&bytes[start..end]) {
        Ok(text) if is_nfc_assigned(text) => Ok(()),
        Ok(_) => Err(start),
        Err(error) => Err(start + error.valid_up_to()),
    }
}

/// Only the shortest escape of a character is canonical.
fn escape(bytes: &[u8], offset: usize) -> Result<usize, usize> {
    match byte_at(bytes, offset + 1) {
        b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(offset + 2),
        b'u' => match unicode_escape(bytes, offset) {
            Some(_) => Ok(offset + 6),
            None => Err(offset),
        },
        _ => Err(offset),
    }
}

/// The control character of a canonical `\u00xx`.
fn unicode_escape(bytes: &[u8], offset: usize) -> Option<u8> {
    let [b'\\', b'u', b'0', b'0', high @ (b'0' | b'1'), low] = *bytes.get(offset..offset + 6)?
    else {
        return None;
    };
    let low = match low {
        b'0'..=b'9' => low - b'0',
        b'a'..=b'f' => low - b'a' + 10,
        _ => return None,
    };
    let character = ((high - b'0') << 4) | low;
    (!matches!(character, 0x08 | 0x09 | 0x0A | 0x0C | 0x0D)).then_some(character)
}

/// Whether the second raw key is above the first by the bytes they stand for.
fn rises(left: &[u8], right: &[u8]) -> bool {
    if !left.contains(&b'\\') && !right.contains(&b'\\') {
        return left < right;
    }
    unescaped(left).cmp(unescaped(right)) == Ordering::Less
}

/// The bytes a canonical raw string stands for.
pub(crate) fn unescaped(raw: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut offset = 0;
    core::iter::from_fn(move || {
        let byte = *raw.get(offset)?;
        if byte != b'\\' {
            offset += 1;
            return Some(byte);
        }
        let letter = byte_at(raw, offset + 1);
        if letter == b'u' {
            let character = unicode_escape(raw, offset);
            offset += 6;
            return character;
        }
        offset += 2;
        Some(match letter {
            b'b' => 0x08,
            b't' => 0x09,
            b'n' => 0x0A,
            b'f' => 0x0C,
            b'r' => 0x0D,
            other => other,
        })
    })
}
