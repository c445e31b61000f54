//! The outline of a YAML source: every key and scalar with its span and the keys around it.
//!
//! Nodes know where they start; where they end is read off the source again. A scalar that the source does not show as it
//! is (escapes, several lines) has no text to look into, only its first line's span.
//! Tests: `tests.rs`.

use crate::lsp::source::{Source, Span, token_size};
use gatos_yaml::{Data, Node, Position};

/// A key or scalar.
pub(super) struct Spot {
    /// Where it stands, quotes included.
    pub span: Span,
    /// The keys and list indexes around it; a key is the last of its own path.
    pub path: Vec<Step>,
    /// Whether it is a key.
    pub is_key: bool,
    /// The text inside, if it is text that the source shows as it is.
    pub text: Option<Shown>,
}

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// Text of a scalar and where it starts, behind the quote.
pub(super) struct Shown {
    pub start: Position,
    pub text: String,
}

impl Spot {
    /// The keys of the path, without indexes.
    pub fn keys(&self) -> Vec<&str> {
        let keys = self.path.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Item(_) => None,
        });
        keys.collect()
    }
}

/// Every key and scalar in the order of the source.
pub(super) fn spots(document: &Node, source: &Source) -> Vec<Spot> {
    let mut spots = Vec::new();
    walk(document, &mut Vec::new(), source, &mut spots);
    spots
}

/// The key or scalar at a place.
pub(super) fn spot_at(document: &Node, source: &Source, place: Position) -> Option<Spot> {
    spots(document, source)
        .into_iter()
        .find(|spot| spot.span.touches(place))
}

/// The YAML layer bounds the depth.
fn walk(node: &Node, path: &mut Vec<Step>, source: &Source, spots: &mut Vec<Spot>) {
    match &node.data {
        Data::Map(entries) => {
            for entry in entries {
                path.push(Step::Key(entry.key.to_string()));
                spots.push(spot(entry.position, Some(&entry.key), path, true, source));
                walk(&entry.value, path, source, spots);
                path.pop();
            }
        }
        Data::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(Step::Item(index));
                walk(item, path, source, spots);
                path.pop();
            }
        }
        Data::Text(text) => spots.push(spot(node.position, Some(text), path, false, source)),
        _ => spots.push(spot(node.position, None, path, false, source)),
    }
}

fn spot(start: Position, text: Option<&str>, path: &[Step], is_key: bool, source: &Source) -> Spot {
    let rest = source.rest(start);
    let is_quoted = rest.starts_with(['\'', '"']);
    let inner = Position {
        column: start.column.saturating_add(u32::from(is_quoted)),
        ..start
    };
    let shown = text.filter(|text| !text.is_empty() && source.rest(inner).starts_with(text));
    let size = match shown {
        Some(text) => text.chars().count() + if is_quoted { 2 } else { 0 },
        None => token_size(rest),
    };
    Spot {
        span: source.span(start, size),
        path: path.to_vec(),
        is_key,
        text: shown.map(|text| Shown {
            start: inner,
            text: text.to_owned(),
        }),
    }
}

/// The value of a key of a map.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match &node.data {
        Data::Map(entries) => entries
            .iter()
            .find(|entry| entry.key.as_str() == key)
            .map(|entry| &entry.value),
        _ => None,
    }
}

/// The items of a list; nothing else has any.
pub(super) fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.data) {
        Some(Data::List(items)) => items,
        _ => &[],
    }
}

/// The text of a node.
pub(super) fn text(node: Option<&Node>) -> Option<&str> {
    match node.map(|node| &node.data) {
        Some(Data::Text(text)) => Some(text.as_str()),
        _ => None,
    }
}

/// The span of a scalar.
pub(super) fn span_of(node: &Node, source: &Source) -> Span {
    spot(node.position, text(Some(node)), &[], false, source).span
}

/// From where a node starts to the end of its last line.
pub(super) fn whole_span(node: &Node, source: &Source) -> Span {
    let end = source.end_of_line(last_line(node));
    Span {
        start: node.position,
        end: end.max(node.position),
    }
}

fn last_line(node: &Node) -> u32 {
    let inner = match &node.data {
        Data::Map(entries) => entries
            .iter()
            .map(|entry| last_line(&entry.value).max(entry.position.line))
            .max(),
        Data::List(items) => items.iter().map(last_line).max(),
        _ => None,
    };
    inner.unwrap_or(0).max(node.position.line)
}
