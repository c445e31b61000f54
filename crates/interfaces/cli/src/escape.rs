//! Escaping: making text from events, file names and arguments safe to look at.
//!
//! A terminal obeys control characters and reorders text at bidirectional marks, so a hostile event
//! could repaint the screen or show one path and mean another. Every foreign text that reaches a
//! person goes through here; documents for programs (`--json`, raw bytes into a pipe) do not.
//!
//! INVARIANT: the output holds no control character and no invisible format character but the two
//! joiners that ordinary words need (U+200C, U+200D).
//! Tests: escape/tests.rs.

use std::fmt;

#[cfg(test)]
mod tests;

/// How an unsafe character is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    /// `\n`, `\t`, `\r` and `\u{202e}`, for prose.
    Prose,
    /// `\u202e`, in pairs of surrogates where needed, so that JSON text stays the same JSON value.
    Json,
}

/// Text that displays with every unsafe character, line feeds included, written out as `\u{…}`.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a> {
    text: &'a str,
    line_feed_kept: bool,
    notation: Notation,
}

/// Foreign text within a line: line feeds are written out too.
pub fn escaped(text: &str) -> Escaped<'_> {
    Escaped {
        text,
        line_feed_kept: false,
        notation: Notation::Prose,
    }
}

/// Our own prose around foreign text: line feeds stay, nothing else unsafe does.
pub fn escaped_lines(text: &str) -> Escaped<'_> {
    Escaped {
        text,
        line_feed_kept: true,
        notation: Notation::Prose,
    }
}

/// Lines of JSON text: line feeds between them stay, everything else unsafe becomes a JSON escape.
///
/// In well-formed JSON such characters stand only inside strings, so the value is unchanged.
pub fn escaped_json(text: &str) -> Escaped<'_> {
    Escaped {
        text,
        line_feed_kept: true,
        notation: Notation::Json,
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut safe_from = 0;
        for (index, character) in self.text.char_indices() {
            if !is_unsafe(character) || (self.line_feed_kept && character == '\n') {
                continue;
            }
            f.write_str(&self.text[safe_from..index])?;
            write_escape(f, character, self.notation)?;
            safe_from = index + character.len_utf8();
        }
        f.write_str(&self.text[safe_from..])
    }
}

fn write_escape(f: &mut fmt::Formatter<'_>, character: char, notation: Notation) -> fmt::Result {
    match (notation, character) {
        (Notation::Prose, '\n') => f.write_str("\\n"),
        (Notation::Prose, '\t') => f.write_str("\\t"),
        (Notation::Prose, '\r') => f.write_str("\\r"),
        (Notation::Prose, _) => write!(f, "\\u{{{:x}}}", u32::from(character)),
        (Notation::Json, _) => {
            let mut units = [0u16; 2];
            for unit in character.encode_utf16(&mut units) {
                write!(f, "\\u{unit:04x}")?;
            }
            Ok(())
        }
    }
}

/// Whether a terminal could act on the character, or a reader be misled by it.
///
/// Control characters (category Cc); marks that change direction (the Bidi_Control property); line
/// and paragraph separators; and invisible format characters, tags and fillers that make two texts
/// look alike.
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00ad}'                       // soft hyphen
            | '\u{034f}'                     // combining grapheme joiner
            | '\u{061c}'                     // arabic letter mark
            | '\u{115f}' | '\u{1160}'        // hangul fillers
            | '\u{17b4}' | '\u{17b5}'        // khmer inherent vowels
            | '\u{180b}'..='\u{180f}'        // mongolian selectors and vowel separator
            | '\u{200b}'                     // zero width space
            | '\u{200e}' | '\u{200f}'        // left-to-right and right-to-left marks
            | '\u{2028}'..='\u{202e}'        // line, paragraph separators; embeddings, overrides
            | '\u{2060}'..='\u{206f}'        // word joiner, invisible operators, isolates
            | '\u{3164}'                     // hangul filler
            | '\u{feff}'                     // byte order mark
            | '\u{ffa0}'                     // half-width hangul filler
            | '\u{fff0}'..='\u{fffb}'        // interlinear annotation
            | '\u{1bca0}'..='\u{1bca3}'      // shorthand format controls
            | '\u{1d173}'..='\u{1d17a}'      // musical format controls
            | '\u{e0000}'..='\u{e0fff}'      // tags and supplementary variation selectors
        )
}
