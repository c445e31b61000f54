//! Document symbols: rules, reducers and emissions, as a tree or as a list. Tests: tests/it/editor.rs.

use super::documents::Document;
use super::language::Symbol;
use super::server::Client;
use super::source::Source;
use serde_json::{Value, json};

/// The answer to `textDocument/documentSymbol`.
#[must_use]
pub fn answer(uri: &str, document: &Document, source: &Source, client: Client) -> Value {
    let Some(language) = document.language else {
        return Value::Null;
    };
    let symbols = language.symbols(source);
    symbols
        .iter()
        .map(|symbol| shown(uri, source, symbol, client))
        .collect()
}

fn shown(uri: &str, source: &Source, symbol: &Symbol, client: Client) -> Value {
    let kind = symbol.kind as u8;
    let range = source.range(symbol.span);
    if client.symbol_trees {
        let chosen = source.range(symbol.name_span);
        json!({"name": symbol.name, "detail": symbol.detail, "kind": kind, "range": range, "selectionRange": chosen})
    } else {
        json!({"name": symbol.name, "kind": kind, "location": {"uri": uri, "range": range}})
    }
}
