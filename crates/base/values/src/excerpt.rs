//! A short, printable excerpt of offending input for error messages.
//!
//! Control characters are escaped and long input is cut, so that a hostile name cannot flood or
//! redraw a terminal through an error message.

use alloc::string::String;

const EXCERPT_CHARS_MAX: usize = 80;

/// The first 80 characters of `input`, escaped as in Rust literals, with `…` where it was cut.
pub(crate) fn excerpt(input: &str) -> String {
    let mut text = String::new();
    for (index, character) in input.chars().enumerate() {
        if index == EXCERPT_CHARS_MAX {
            text.push('…');
            break;
        }
        if character == '`' || character == '\'' || character == '"' {
            text.push(character);
        } else {
            text.extend(character.escape_debug());
        }
    }
    text
}
