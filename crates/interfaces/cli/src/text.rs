//! Text for people: pieces with a tone, escaped as they enter, coloured as they leave.
//!
//! Verbs build a [`Text`]; the console decides whether it is printed and in colour. Words of ours
//! enter by [`Text::say`], everything from outside by [`Text::foreign`] or a toned sibling.
//!
//! INVARIANT: whatever enters, the rendered text holds no control character but line feeds of ours
//! and the colour codes of this file.
//! Tests: text/tests.rs.

use crate::escape::{escaped, escaped_lines};
use std::fmt::{Display, Write};
use std::path::Path;
use unicode_width::UnicodeWidthStr;

#[cfg(test)]
mod tests;

/// What a piece of text wants to tell by its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Tone {
    /// As the terminal has it.
    #[default]
    Plain,
    /// The word to look at: ids, headings.
    Strong,
    /// Aside: hints, units, repeated matter.
    Faint,
    /// It holds, it is done.
    Good,
    /// Look here, though it goes on.
    Warn,
    /// It does not hold.
    Bad,
}

impl Tone {
    /// The select-graphic-rendition parameters of ECMA-48 for this tone.
    fn code(self) -> Option<&'static str> {
        match self {
            Tone::Plain => None,
            Tone::Strong => Some("1"),
            Tone::Faint => Some("2"),
            Tone::Good => Some("32"),
            Tone::Warn => Some("33"),
            Tone::Bad => Some("1;31"),
        }
    }
}

/// Escaped pieces of text, each with its tone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pieces: Vec<(Tone, String)>,
}

impl Text {
    /// No text yet.
    pub fn new() -> Text {
        Text::default()
    }

    /// Adds words of our own; their line feeds stay.
    #[must_use]
    pub fn say(self, words: impl Display) -> Text {
        let words = escaped_lines(&words.to_string()).to_string();
        self.with(Tone::Plain, words)
    }

    /// Adds text from outside, on one line.
    #[must_use]
    pub fn foreign(self, text: impl Display) -> Text {
        self.toned(Tone::Plain, text)
    }

    /// Adds text from outside, on one line, in a tone.
    #[must_use]
    pub fn toned(self, tone: Tone, text: impl Display) -> Text {
        let text = escaped(&text.to_string()).to_string();
        self.with(tone, text)
    }

    /// Adds the word to look at.
    #[must_use]
    pub fn strong(self, text: impl Display) -> Text {
        self.toned(Tone::Strong, text)
    }

    /// Adds an aside.
    #[must_use]
    pub fn faint(self, text: impl Display) -> Text {
        self.toned(Tone::Faint, text)
    }

    /// Ends the line.
    #[must_use]
    pub fn end(self) -> Text {
        self.with(Tone::Plain, "\n".to_owned())
    }

    /// Adds a line `  label   value`, labels padded to one width so that values stand in a column.
    #[must_use]
    pub fn field(self, label: &str, value: impl Display) -> Text {
        self.say("  ")
            .faint(padded(label, FIELD_WIDTH))
            .foreign(value)
            .end()
    }

    /// Adds other text behind this.
    #[must_use]
    pub fn then(mut self, other: Text) -> Text {
        self.pieces.extend(other.pieces);
        self
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|(_, text)| text.is_empty())
    }

    /// The text as bytes for a terminal, with colour codes if asked for.
    pub fn render(&self, coloured: bool) -> String {
        let mut rendered = String::new();
        for (tone, text) in &self.pieces {
            match tone.code() {
                Some(code) if coloured && !text.is_empty() => {
                    write!(rendered, "\x1b[{code}m{text}\x1b[0m")
                        .expect("writing to a string cannot fail");
                }
                _ => rendered.push_str(text),
            }
        }
        rendered
    }

    fn with(mut self, tone: Tone, text: String) -> Text {
        self.pieces.push((tone, text));
        self
    }
}

/// Columns from the start of a field's label to its value.
const FIELD_WIDTH: usize = 14;

/// Columns a text takes in a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text with blanks behind it up to `columns`, and at least one.
fn padded(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text)).max(1);
    format!("{text}{}", " ".repeat(blanks))
}

/// A count with its digits in groups of three: `50,000`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 event`, `2 events`: a count and its noun.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A path as one word of a POSIX shell.
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
