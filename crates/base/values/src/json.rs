//! Canonical JSON: the text people and stock tools read, and the bytes that are hashed and signed.
//!
//! Three doors: [`encode_canonical`] writes, [`decode_strict`] reads any well-formed JSON of the value model,
//! [`is_canonical`] and [`decode_canonical`] accept exactly what the encoder writes. Values are `value`'s work,
//! number text is `gatos-numbers`', NFC is `text`'s.
//!
//! INVARIANT 1: `is_canonical(bytes)` holds exactly when `decode_strict` succeeds and encoding gives `bytes` again.
//! INVARIANT 2: nesting is at most [`DEPTH_MAX`], in and out.
//! Format page: `docs/formats/values.md`. Vectors: `vectors/values/values.tsv`, `refused-json.tsv`. Tests: `tests/it/json.rs`.

pub(crate) mod build;
mod decode;
mod encode;
pub(crate) mod scan;

pub(crate) use encode::check_assigned;

use crate::{ErrorCode, Text, Value};
use alloc::vec::Vec;

/// Most lists and maps that may lie around a value.
pub const DEPTH_MAX: usize = 128;

/// Why JSON was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (byte {offset})")]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Byte offset of the first byte that is wrong.
    pub offset: usize,
}

/// What is wrong with a JSON text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The document is larger than the caller allows.
    #[error("the document has {size} bytes, the limit is {size_max}")]
    TooLarge {
        /// Size of the document in bytes.
        size: usize,
        /// The caller's limit in bytes.
        size_max: usize,
    },
    /// The text ends inside a value.
    #[error("the text ends too early")]
    UnexpectedEnd,
    /// A byte that cannot stand here.
    #[error("unexpected byte 0x{0:02x}")]
    UnexpectedByte(u8),
    /// A string is not UTF-8.
    #[error("a string is not valid UTF-8")]
    InvalidUtf8,
    /// A `\u` escape of one half of a surrogate pair.
    #[error("a lone surrogate")]
    LoneSurrogate,
    /// An escape that JSON does not have.
    #[error("an unknown escape")]
    InvalidEscape,
    /// A control character that is not escaped.
    #[error("control character 0x{0:02x} must be escaped")]
    ControlCharacter(u8),
    /// A key that the map has already, after NFC.
    #[error("duplicate key `{}`", crate::excerpt::excerpt(.0))]
    DuplicateKey(Text),
    /// Something follows the document.
    #[error("something follows the document")]
    TrailingInput,
    /// A number with an exponent.
    #[error("numbers with an exponent are not part of the value model")]
    Exponent,
    /// A number beyond the range of integers or fixed values.
    #[error("the number is out of range")]
    NumberRange,
    /// More than [`DEPTH_MAX`] lists and maps around a value.
    #[error("nesting is deeper than {DEPTH_MAX}")]
    TooDeep,
    /// A code point that is unassigned in the pinned Unicode version.
    #[error("code point U+{0:04X} is not assigned")]
    Unassigned(u32),
    /// Well formed, but another text is the canonical one.
    #[error("the text is not canonical JSON")]
    NotCanonical,
}

impl JsonError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self.kind {
            JsonErrorKind::TooLarge { .. } => ErrorCode::TooLarge,
            JsonErrorKind::NumberRange => ErrorCode::BadNumber,
            JsonErrorKind::Unassigned(_) => ErrorCode::BadText,
            JsonErrorKind::NotCanonical => ErrorCode::NotCanonical,
            _ => ErrorCode::BadJson,
        }
    }

    /// Line and column of the error in `text`, both counted from 1, the column in bytes.
    #[must_use]
    pub fn line_and_column(&self, text: &[u8]) -> (usize, usize) {
        let before = &text[..self.offset.min(text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        (line, before.len() - line_start + 1)
    }
}

/// Why a value has no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Bytes have no JSON form.
    #[error("bytes have no JSON form")]
    Bytes,
    /// More than [`DEPTH_MAX`] lists and maps around a value.
    #[error("nesting is deeper than {DEPTH_MAX}")]
    TooDeep,
    /// A text holds a code point that is unassigned in the pinned Unicode version: [`decode_strict`] lets it pass, but
    /// it has no canonical form.
    #[error("code point U+{0:04X} is not assigned")]
    Unassigned(u32),
}

impl EncodeError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            EncodeError::Unassigned(_) => ErrorCode::BadText,
            EncodeError::Bytes | EncodeError::TooDeep => ErrorCode::BadJson,
        }
    }
}

/// The canonical JSON of a value.
///
/// # Errors
/// [`EncodeError`].
pub fn encode_canonical(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut output = Vec::new();
    encode_canonical_into(value, &mut output)?;
    Ok(output)
}

/// Appends the canonical JSON of a value; on an error `output` keeps a part of it.
///
/// # Errors
/// [`EncodeError`].
pub fn encode_canonical_into(value: &Value, output: &mut Vec<u8>) -> Result<(), EncodeError> {
    encode::value(value, output, 0)
}

/// Appends a value that lies inside one map of the caller's, so that the whole keeps to [`DEPTH_MAX`].
pub(crate) fn encode_nested_into(value: &Value, output: &mut Vec<u8>) -> Result<(), EncodeError> {
    encode::value(value, output, 1)
}

/// Appends a canonical JSON string, quotes included. `text` must be text already: NFC and assigned.
pub fn encode_text_into(text: &str, output: &mut Vec<u8>) {
    encode::text(text, output);
}

/// Reads any well-formed JSON text of the value model, white space and key order free.
///
/// Code points that are unassigned in the pinned Unicode version pass here; encoders and canonical readers refuse them.
///
/// # Errors
/// [`JsonError`] with the offset of the first thing that is wrong.
pub fn decode_strict(bytes: &[u8], size_max: usize) -> Result<Value, JsonError> {
    check_size(bytes, size_max)?;
    decode::document(bytes)
}

/// Reads canonical JSON and nothing else.
///
/// # Errors
/// [`JsonError`]; where the text is well formed, the offset is that of the first byte which differs from the
/// canonical text.
pub fn decode_canonical(bytes: &[u8], size_max: usize) -> Result<Value, JsonError> {
    check_size(bytes, size_max)?;
    build::document(bytes).map_err(|offset| explain(bytes, offset))
}

/// Whether the text is canonical JSON: one pass, nothing is built or allocated unless it is not.
///
/// # Errors
/// [`JsonError`] as for [`decode_canonical`].
pub fn is_canonical(bytes: &[u8]) -> Result<(), JsonError> {
    scan::document(bytes, &mut scan::Ignore).map_err(|offset| explain(bytes, offset))
}

/// Turns "refused at `offset`" into the reason. The answer is no already, so time matters little here.
#[cold]
pub(crate) fn explain(bytes: &[u8], offset: usize) -> JsonError {
    let value = match decode::document(bytes) {
        Ok(value) => value,
        Err(error) => return error,
    };
    let canonical = match encode_canonical(&value) {
        Ok(canonical) => canonical,
        Err(EncodeError::Unassigned(code_point)) => return unassigned(bytes, code_point, offset),
        // What was read is neither too deep nor bytes.
        Err(_) => Vec::new(),
    };
    let same = bytes
        .iter()
        .zip(&canonical)
        .take_while(|(left, right)| left == right)
        .count();
    // The scanner refused, so the texts differ; its own offset is the answer should they ever not.
    let offset = if same == bytes.len() && same == canonical.len() {
        offset
    } else {
        same
    };
    JsonError {
        kind: JsonErrorKind::NotCanonical,
        offset,
    }
}

/// Names the place of an unassigned code point; where it is written as an escape, the place where the scanner stopped.
fn unassigned(bytes: &[u8], code_point: u32, stopped: usize) -> JsonError {
    let text = core::str::from_utf8(bytes).unwrap_or_default();
    let found = text
        .char_indices()
        .find(|(_, character)| u32::from(*character) == code_point);
    let offset = found.map_or(stopped, |(offset, _)| offset);
    JsonError {
        kind: JsonErrorKind::Unassigned(code_point),
        offset,
    }
}

const fn check_size(bytes: &[u8], size_max: usize) -> Result<(), JsonError> {
    if bytes.len() > size_max {
        let kind = JsonErrorKind::TooLarge {
            size: bytes.len(),
            size_max,
        };
        return Err(JsonError {
            kind,
            offset: size_max,
        });
    }
    Ok(())
}
