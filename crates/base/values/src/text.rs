//! Text: Unicode in normal form C without reserved code points, by the tables of one pinned version.
//!
//! Reserved means general category Cn other than the 66 noncharacters, which are assigned to be what
//! they are for ever. A later version may assign a reserved code point and give it a decomposition, so
//! such text would not keep its form.
//!
//! INVARIANT: whatever a [`Text`] holds is NFC, so equal texts have equal bytes. It is also assigned, unless it came
//! from `json::decode_strict`, which reads any JSON; encoders and canonical readers refuse the rest.
//! Tests: `tests/it/text.rs`; the outside suite is Unicode's NormalizationTest.

use crate::ErrorCode;
use alloc::borrow::ToOwned;
use alloc::string::String;
use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc, is_nfc_quick};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The Unicode version whose tables define text, pinned by the format version.
pub const UNICODE_VERSION: (u8, u8, u8) = unicode_normalization::UNICODE_VERSION;

/// A string in NFC.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(String);

/// Why a string is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The string holds a code point that is unassigned in the pinned Unicode version.
    #[error("code point U+{:04X} at byte {offset} is not assigned in Unicode {}", *code_point, UNICODE_VERSION.0)]
    Unassigned {
        /// The code point.
        code_point: u32,
        /// Byte offset of its first byte in the string as given.
        offset: usize,
    },
}

impl TextError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadText
    }
}

impl Text {
    /// Normalises `text` to NFC.
    ///
    /// # Errors
    /// [`TextError::Unassigned`].
    pub fn new(text: &str) -> Result<Text, TextError> {
        refuse_reserved(text)?;
        Ok(Text::normalise(text))
    }

    /// Normalises `text` to NFC, without a copy where it is NFC already.
    ///
    /// # Errors
    /// [`TextError::Unassigned`].
    pub fn from_string(text: String) -> Result<Text, TextError> {
        refuse_reserved(&text)?;
        Ok(Text::normalise_string(text))
    }

    /// NFC alone; reserved code points stay. Only for reading JSON that need not be canonical.
    pub(crate) fn normalise(text: &str) -> Text {
        if is_simple(text) || is_nfc(text) {
            Text(text.to_owned())
        } else {
            Text(text.nfc().collect())
        }
    }

    /// [`Text::normalise`] without a copy where the string is NFC already.
    pub(crate) fn normalise_string(text: String) -> Text {
        if is_simple(&text) || is_nfc(&text) {
            Text(text)
        } else {
            Text(text.nfc().collect())
        }
    }

    /// What a reader has checked already with [`is_nfc_assigned`], or piece by piece in a way that amounts to it.
    pub(crate) fn from_checked(text: String) -> Text {
        debug_assert!(is_nfc_assigned(&text));
        Text(text)
    }

    /// A literal of the program as text.
    ///
    /// # Panics
    /// If the literal is not ASCII: a mistake in the program, not in its input.
    #[must_use]
    pub fn from_ascii(text: &'static str) -> Text {
        assert!(
            text.is_ascii(),
            "a text literal must be ASCII; use Text::new"
        );
        Text(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as an owned string.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Whether `text` is NFC and holds no reserved code point, that is, whether it is a [`Text`] as it stands.
#[must_use]
pub fn is_nfc_assigned(text: &str) -> bool {
    is_simple(text) || (first_reserved(text).is_none() && is_nfc_checked(text))
}

/// Whether the code point is reserved: unassigned, and not one of the 66 noncharacters.
#[must_use]
pub fn is_reserved(character: char) -> bool {
    if is_plain(character) {
        return false;
    }
    character.general_category() == GeneralCategory::Unassigned && !is_noncharacter(character)
}

fn is_noncharacter(character: char) -> bool {
    let code_point = u32::from(character);
    (0xFDD0..=0xFDEF).contains(&code_point) || code_point & 0xFFFE == 0xFFFE
}

/// The fast path, which nearly all text takes: only characters that need no tables.
fn is_simple(text: &str) -> bool {
    // U+0300 is 0xCC 0x80: every code point below it has a lead byte below 0xCC.
    text.is_ascii() || text.bytes().all(|byte| byte < 0xCC) || text.chars().all(is_plain)
}

/// Blocks whose every code point is assigned, has combining class 0 and the NFC quick check `Yes`: strings of such
/// characters are in NFC. The list is for speed and need not be complete; a test compares it with the tables.
const fn is_plain(character: char) -> bool {
    matches!(character,
        // Latin, IPA · Greek · Cyrillic · Armenian, Hebrew and Arabic letters
        '\0'..='\u{2ff}' | '\u{3a3}'..='\u{482}' | '\u{48a}'..='\u{52f}' | '\u{531}'..='\u{556}'
        | '\u{561}'..='\u{587}' | '\u{5d0}'..='\u{5ea}' | '\u{620}'..='\u{64a}' | '\u{660}'..='\u{66f}'
        // Devanagari letters · Thai letters · Latin and Greek extended
        | '\u{904}'..='\u{939}' | '\u{e01}'..='\u{e30}' | '\u{e40}'..='\u{e46}' | '\u{1e00}'..='\u{1eff}'
        // Punctuation · currency · arrows, mathematics, boxes, symbols
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{20a0}'..='\u{20bf}' | '\u{2190}'..='\u{2328}'
        | '\u{2500}'..='\u{27bf}'
        // Chinese, Japanese, Korean
        | '\u{3001}'..='\u{3029}' | '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ffbe}' | '\u{20000}'..='\u{2a6df}'
        // Emoji
        | '\u{1f300}'..='\u{1f64f}' | '\u{1f680}'..='\u{1f6c5}' | '\u{1f900}'..='\u{1f9ff}')
}

/// [`is_nfc`] allocates for its slow path only; the quick check decides nearly always.
fn is_nfc_checked(text: &str) -> bool {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => true,
        IsNormalized::No => false,
        IsNormalized::Maybe => text.chars().eq(text.nfc()),
    }
}

/// The first reserved code point and its byte offset.
pub(crate) fn first_reserved(text: &str) -> Option<(usize, char)> {
    if is_simple(text) {
        return None;
    }
    text.char_indices()
        .find(|(_, character)| is_reserved(*character))
}

fn refuse_reserved(text: &str) -> Result<(), TextError> {
    match first_reserved(text) {
        None => Ok(()),
        Some((offset, character)) => Err(TextError::Unassigned {
            code_point: u32::from(character),
            offset,
        }),
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.0
    }
}

#[cfg(test)]
mod tests;
