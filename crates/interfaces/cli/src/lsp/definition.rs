//! Definition: from where a name is used to where it is given. Tests: tests/it/editor.rs.

use super::documents::Document;
use super::source::Source;
use gatos_yaml::Position;
use serde_json::{Value, json};

/// The answer to `textDocument/definition`.
#[must_use]
pub fn answer(uri: &str, document: &Document, source: &Source, place: Position) -> Value {
    let span = document
        .language
        .and_then(|language| language.definition(source, place));
    span.map_or(
        Value::Null,
        |span| json!({"uri": uri, "range": source.range(span)}),
    )
}
