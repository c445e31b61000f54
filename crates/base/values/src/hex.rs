//! Lower-case hexadecimal text of bytes. Upper case is refused: one value, one text.

use alloc::string::String;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// What is no digit; bits that no digit has.
const NO_DIGIT: u8 = 0xF0;

/// The value of each byte as a digit, or [`NO_DIGIT`].
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < DIGITS.len() {
        values[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    values
}

/// Two lower-case digits for each byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    encode_into(bytes, &mut text);
    text
}

/// Bytes that are encoded at a time: a digest.
const BLOCK_SIZE_BYTES: usize = 32;

/// Appends two lower-case digits for each byte.
pub(crate) fn encode_into(bytes: &[u8], text: &mut String) {
    for block in bytes.chunks(BLOCK_SIZE_BYTES) {
        let mut digits = [0; BLOCK_SIZE_BYTES * 2];
        text.push_str(encode_block(block, &mut digits));
    }
}

/// Two digits for each byte of a block, in the caller's buffer.
pub(crate) fn encode_block<'a>(
    block: &[u8],
    digits: &'a mut [u8; BLOCK_SIZE_BYTES * 2],
) -> &'a str {
    for (byte, pair) in block.iter().zip(digits.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    let length = (block.len() * 2).min(digits.len());
    // Digits are ASCII.
    core::str::from_utf8(&digits[..length]).unwrap_or_default()
}

/// Exactly `SIZE` bytes from `2 · SIZE` lower-case digits, or `None`.
#[must_use]
pub fn decode<const SIZE: usize>(text: &str) -> Option<[u8; SIZE]> {
    let digits = text.as_bytes();
    if digits.len() != SIZE * 2 {
        return None;
    }
    let mut bytes = [0; SIZE];
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
        seen |= high | low;
        *byte = (high << 4) | low;
    }
    (seen & NO_DIGIT == 0).then_some(bytes)
}
