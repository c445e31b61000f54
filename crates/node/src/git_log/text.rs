//! Foreign bytes as payload text: kept as they are where they can be, as `base64:` where not.
//!
//! INVARIANT: the text tells which bytes it came from, exactly; only what is cut off is lost, and
//! its size is counted. A text that itself begins with `base64:` is written as base64 too, so the
//! prefix never lies. Tests: `tests.rs` beside this file.

use base64ct::{Base64, Encoding};
use gatos_values::Text;
use gatos_values::text::is_nfc_assigned;

const PREFIX: &str = "base64:";

/// `raw` as text whose JSON form (without quotes) has at most `json_size_max` bytes, and how many
/// of its bytes were cut off at the end.
pub(super) fn encode(raw: &[u8], json_size_max: usize) -> (Text, usize) {
    match plain(raw, json_size_max) {
        Some((text, kept)) => (text, raw.len() - kept),
        None => {
            let kept = raw
                .len()
                .min(json_size_max.saturating_sub(PREFIX.len()) / 4 * 3);
            let text = format!("{PREFIX}{}", Base64::encode_string(&raw[..kept]));
            let text = Text::from_string(text).expect("base64 is ASCII, and ASCII is NFC");
            (text, raw.len() - kept)
        }
    }
}

/// The longest start of `raw` that fits, if it is text an event can hold; with its size.
fn plain(raw: &[u8], json_size_max: usize) -> Option<(Text, usize)> {
    let cut = &raw[..raw.len().min(json_size_max)];
    let text = match std::str::from_utf8(cut) {
        Ok(text) => text,
        // The cut may have split the last character; anything else is not UTF-8.
        Err(error) if error.error_len().is_none() && cut.len() < raw.len() => {
            std::str::from_utf8(&cut[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.starts_with(PREFIX) || !is_nfc_assigned(text) {
        return None;
    }
    // A start of an NFC text is NFC.
    let kept = &text[..fitting_length(text, json_size_max)];
    Some((Text::new(kept).ok()?, kept.len()))
}

/// The size of `text` inside a canonical JSON string, in bytes.
pub(super) fn json_size(text: &str) -> usize {
    text.bytes().map(json_byte_size).sum()
}

fn fitting_length(text: &str, json_size_max: usize) -> usize {
    let mut size = 0;
    for (offset, character) in text.char_indices() {
        size += match character.len_utf8() {
            1 => json_byte_size(character as u8),
            more => more,
        };
        if size > json_size_max {
            return offset;
        }
    }
    text.len()
}

fn json_byte_size(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | 0x08 | 0x09 | 0x0a | 0x0c | 0x0d => 2,
        0x00..=0x1f => 6,
        _ => 1,
    }
}
