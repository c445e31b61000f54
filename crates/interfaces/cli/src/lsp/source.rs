//! A source as editors see it: lines, and places that they count in UTF-16 code units from 0.
//!
//! Compilers count lines and characters from 1 ([`Position`]); here one becomes the other.
//!
//! INVARIANT: no place, however far outside, does more than name the nearest one inside.
//! Tests: `source/tests.rs`.

#[cfg(test)]
mod tests;

use gatos_yaml::{Finding, Position};
use serde_json::{Value, json};

/// A source and where its lines start.
#[derive(Clone, Debug)]
pub struct Source {
    text: String,
    line_starts: Vec<usize>,
}

/// A part of a source; the end is the first character behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first character.
    pub start: Position,
    /// The first one behind it.
    pub end: Position,
}

impl Span {
    /// Whether the place lies inside or at the end, where a caret behind a word stands.
    #[must_use]
    pub fn touches(&self, place: Position) -> bool {
        self.start <= place && place <= self.end
    }
}

impl Source {
    /// A source of this text.
    #[must_use]
    pub fn new(text: String) -> Source {
        let mut line_starts = vec![0];
        let bytes = text.as_bytes();
        for (index, byte) in bytes.iter().enumerate() {
            let is_end = *byte == b'\n' || (*byte == b'\r' && bytes.get(index + 1) != Some(&b'\n'));
            if is_end {
                line_starts.push(index + 1);
            }
        }
        Source { text, line_starts }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A line without its end; lines count from 1.
    #[must_use]
    pub fn line(&self, line: u32) -> &str {
        let index = (line as usize).saturating_sub(1);
        let Some(start) = self.line_starts.get(index) else {
            return "";
        };
        let end = self
            .line_starts
            .get(index + 1)
            .copied()
            .unwrap_or(self.text.len());
        let line = self.text.get(*start..end).unwrap_or_default();
        line.trim_end_matches(['\r', '\n'])
    }

    /// What stands at a place and behind it in its line.
    #[must_use]
    pub fn rest(&self, place: Position) -> &str {
        let line = self.line(place.line);
        let skipped = (place.column as usize).saturating_sub(1);
        let start = line
            .char_indices()
            .nth(skipped)
            .map_or(line.len(), |(index, _)| index);
        line.get(start..).unwrap_or_default()
    }

    /// The place behind the last character.
    #[must_use]
    pub fn end(&self) -> Position {
        let line = count(self.line_starts.len());
        self.end_of_line(line)
    }

    /// The place behind the last character of a line.
    #[must_use]
    pub fn end_of_line(&self, line: u32) -> Position {
        let column = count(self.line(line).chars().count()).saturating_add(1);
        Position { line, column }
    }

    /// The place of a byte offset.
    #[must_use]
    pub fn at_offset(&self, offset: usize) -> Position {
        let index = self
            .line_starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        let start = self.line_starts.get(index).copied().unwrap_or_default();
        let before = self
            .text
            .get(start..offset)
            .unwrap_or_default()
            .chars()
            .count();
        Position {
            line: count(index).saturating_add(1),
            column: count(before).saturating_add(1),
        }
    }

    /// A place as editors write it.
    #[must_use]
    pub fn to_editor(&self, place: Position) -> Value {
        let last = count(self.line_starts.len());
        let place = if place.line > last { self.end() } else { place };
        let before = (place.column as usize).saturating_sub(1);
        let units: usize = self
            .line(place.line)
            .chars()
            .take(before)
            .map(char::len_utf16)
            .sum();
        json!({"line": place.line.saturating_sub(1), "character": units})
    }

    /// A place that an editor wrote; `None` if it is none.
    #[must_use]
    pub fn from_editor(&self, place: &Value) -> Option<Position> {
        let part = |name| place.get(name).and_then(Value::as_u64);
        let (line, units) = (part("line")?, part("character")?);
        if line >= self.line_starts.len() as u64 {
            return Some(self.end());
        }
        let line = count(usize::try_from(line).ok()?).saturating_add(1);
        let (mut column, mut passed) = (1_u32, 0_u64);
        for character in self.line(line).chars() {
            passed += character.len_utf16() as u64;
            if passed > units {
                break;
            }
            column = column.saturating_add(1);
        }
        Some(Position { line, column })
    }

    /// A span as editors write it.
    #[must_use]
    pub fn range(&self, span: Span) -> Value {
        json!({"start": self.to_editor(span.start), "end": self.to_editor(span.end)})
    }

    /// The span of so many characters from a place on.
    #[must_use]
    pub fn span(&self, start: Position, characters: usize) -> Span {
        let column = start.column.saturating_add(count(characters));
        Span {
            start,
            end: Position { column, ..start },
        }
    }

    /// What a finding is about: the text its fix replaces, else the word, quoted text or sign at its place.
    #[must_use]
    pub fn span_of(&self, finding: &Finding) -> Span {
        let start = finding.position();
        match self.span_of_fix(finding) {
            Some(span) => span,
            None => self.span(start, token_size(self.rest(start))),
        }
    }

    /// Where the fix of a finding applies, if it does.
    #[must_use]
    pub fn span_of_fix(&self, finding: &Finding) -> Option<Span> {
        let fix = finding
            .fix
            .as_ref()
            .filter(|fix| !fix.replaces.is_empty())?;
        let start = finding.position();
        let rest = self.rest(start);
        let quote = u32::from(rest.starts_with(['\'', '"']) && !rest.starts_with(&fix.replaces));
        let start = Position {
            column: start.column.saturating_add(quote),
            ..start
        };
        self.rest(start)
            .starts_with(&fix.replaces)
            .then(|| self.span(start, fix.replaces.chars().count()))
    }
}

/// Characters of the quoted text, word or sign that a text starts with.
#[must_use]
pub fn token_size(rest: &str) -> usize {
    let is_word = |character: char| {
        character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '$' | '/')
    };
    match rest.chars().next() {
        None => 0,
        Some(quote @ ('\'' | '"')) => {
            let mut size = 1;
            let mut is_escaped = false;
            for character in rest.chars().skip(1) {
                size += 1;
                if character == quote && !is_escaped {
                    break;
                }
                is_escaped = character == '\\' && !is_escaped && quote == '"';
            }
            size
        }
        Some(first) if is_word(first) => rest
            .chars()
            .take_while(|character| is_word(*character))
            .count(),
        Some(_) => 1,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
