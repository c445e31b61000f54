//! Hover: what stands under the pointer, in a few lines. Tests: tests/it/editor.rs.

use super::documents::Document;
use super::server::Client;
use super::source::Source;
use gatos_yaml::Position;
use serde_json::{Value, json};

/// The answer to `textDocument/hover`.
#[must_use]
pub fn answer(document: &Document, source: &Source, place: Position, client: Client) -> Value {
    let hover = document
        .language
        .and_then(|language| language.hover(source, place));
    let Some(hover) = hover else {
        return Value::Null;
    };
    let kind = if client.markdown {
        "markdown"
    } else {
        "plaintext"
    };
    json!({"contents": {"kind": kind, "value": hover.markdown}, "range": source.range(hover.span)})
}
