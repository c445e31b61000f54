//! Formatting: the one layout of a source, as the smallest edit of whole lines. Tests: tests/it/editor.rs.

use super::documents::Document;
use super::source::{Source, Span};
use gatos_yaml::Position;
use serde_json::{Value, json};

/// The answer to `textDocument/formatting`; null where the language has no layout or the source does not compile.
#[must_use]
pub fn answer(document: &Document, source: &Source) -> Value {
    let formatted = document
        .language
        .and_then(|language| language.format(source));
    let Some(formatted) = formatted else {
        return Value::Null;
    };
    let formatted = with_line_ends_of(source, formatted);
    if formatted == source.text() {
        return json!([]);
    }
    json!([edit(source, &formatted)])
}

/// Sources keep the line ends they have.
fn with_line_ends_of(source: &Source, formatted: String) -> String {
    if source.text().contains("\r\n") {
        formatted.replace('\n', "\r\n")
    } else {
        formatted
    }
}

/// Equal lines at both ends stay as they are, so that carets there do.
fn edit(source: &Source, formatted: &str) -> Value {
    let old: Vec<&str> = source.text().split_inclusive('\n').collect();
    let new: Vec<&str> = formatted.split_inclusive('\n').collect();
    let head = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let rest = old.len().min(new.len()) - head;
    let pairs = old.iter().rev().zip(new.iter().rev()).take(rest);
    let tail = pairs.take_while(|(old, new)| old == new).count();
    let span = Span {
        start: place(source, &old, head),
        end: place(source, &old, old.len() - tail),
    };
    let text: String = new.get(head..new.len() - tail).unwrap_or_default().concat();
    json!({"range": source.range(span), "newText": text})
}

/// The place in front of a line of the list. A lone carriage return ends a line for editors but not for the list.
fn place(source: &Source, lines: &[&str], index: usize) -> Position {
    let before: usize = lines.iter().take(index).map(|line| line.len()).sum();
    source.at_offset(before)
}
