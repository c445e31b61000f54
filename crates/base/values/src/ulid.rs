//! ULIDs: a 48-bit time in milliseconds, then 80 bits that keep ids apart; 26 Crockford characters.
//!
//! Making one needs a clock and randomness, which live above this crate; here are text, order and "the next one".
//!
//! INVARIANT: order by number, by bytes and by text agree.
//! Vectors: `vectors/values/ulids.tsv`. Tests: `tests/it/ulid.rs`.

use crate::{ErrorCode, Text, Value};
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

/// Length of the text form in characters.
pub const ULID_TEXT_SIZE: usize = 26;

/// First time in milliseconds that no longer fits the 48 bits.
const TIME_LIMIT_MS: u64 = 1 << 48;
const RANDOM_BITS: u32 = 80;
const RANDOM_MASK: u128 = (1 << RANDOM_BITS) - 1;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A ULID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ulid(u128);

/// Why a text is not a ULID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UlidError {
    /// The text has another length than 26.
    #[error("`{}` is not a ULID: it has {} bytes instead of 26", crate::excerpt::excerpt(.0), .0.len())]
    Length(String),
    /// A character is not an upper-case Crockford digit.
    #[error(
        "`{}` is not a ULID: byte {offset} is not an upper-case Crockford character",
        crate::excerpt::excerpt(text)
    )]
    Character {
        /// The text as given.
        text: String,
        /// Byte offset of the offending character.
        offset: usize,
    },
    /// The first character is above 7: more than 128 bits.
    #[error("`{}` is not a ULID: its first character is above 7", crate::excerpt::excerpt(.0))]
    Overflow(String),
}

impl UlidError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadUlid
    }
}

impl Ulid {
    /// The lowest ULID.
    pub const MIN: Ulid = Ulid(0);
    /// The highest ULID.
    pub const MAX: Ulid = Ulid(u128::MAX);

    /// A ULID of a time and 80 further bits; `None` where one of them does not fit.
    #[must_use]
    pub const fn from_parts(time_ms: u64, random: u128) -> Option<Ulid> {
        if time_ms >= TIME_LIMIT_MS || random > RANDOM_MASK {
            return None;
        }
        Some(Ulid(((time_ms as u128) << RANDOM_BITS) | random))
    }

    /// The ULID with these 128 bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Ulid {
        Ulid(bits)
    }

    /// The 128 bits.
    #[must_use]
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// The ULID with these 16 bytes, highest first.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Ulid {
        Ulid(u128::from_be_bytes(bytes))
    }

    /// The 16 bytes, highest first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// Milliseconds since 1970-01-01T00:00:00Z: a claim of the signer, not evidence.
    #[must_use]
    pub const fn time_ms(self) -> u64 {
        (self.0 >> RANDOM_BITS) as u64
    }

    /// The low 80 bits.
    #[must_use]
    pub const fn random(self) -> u128 {
        self.0 & RANDOM_MASK
    }

    /// The next higher ULID; `None` after the highest.
    #[must_use]
    pub const fn next(self) -> Option<Ulid> {
        match self.0.checked_add(1) {
            Some(bits) => Some(Ulid(bits)),
            None => None,
        }
    }

    /// Reads the text form; lower case is refused.
    ///
    /// # Errors
    /// [`UlidError`].
    pub fn parse(text: &str) -> Result<Ulid, UlidError> {
        if text.len() != ULID_TEXT_SIZE {
            return Err(UlidError::Length(String::from(text)));
        }
        let mut bits = 0u128;
        for (offset, character) in text.bytes().enumerate() {
            let Some(digit) = crockford_digit(character) else {
                return Err(UlidError::Character {
                    text: String::from(text),
                    offset,
                });
            };
            if offset == 0 && digit > 7 {
                return Err(UlidError::Overflow(String::from(text)));
            }
            bits = (bits << 5) | u128::from(digit);
        }
        Ok(Ulid(bits))
    }

    /// The text form as a value.
    #[must_use]
    pub fn to_value(self) -> Value {
        // Crockford text is ASCII, so it is text as it stands.
        Text::from_string(self.to_string()).map_or(Value::Null, Value::Text)
    }

    pub(crate) fn text_bytes(self) -> [u8; ULID_TEXT_SIZE] {
        let mut text = [0; ULID_TEXT_SIZE];
        let mut rest = self.0;
        for place in text.iter_mut().rev() {
            *place = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        text
    }
}

const fn crockford_digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'H' => Some(character - b'A' + 10),
        b'J' | b'K' => Some(character - b'J' + 18),
        b'M' | b'N' => Some(character - b'M' + 20),
        b'P'..=b'T' => Some(character - b'P' + 22),
        b'V'..=b'Z' => Some(character - b'V' + 27),
        _ => None,
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(core::str::from_utf8(&self.text_bytes()).unwrap_or_default())
    }
}

impl fmt::Debug for Ulid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for Ulid {
    type Err = UlidError;

    fn from_str(text: &str) -> Result<Ulid, UlidError> {
        Ulid::parse(text)
    }
}
