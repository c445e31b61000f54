//! A sheet of YAML that is read: what is expected where, and what was found instead.
//!
//! Tests: `tests/it/manifest.rs`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_numbers::{Number, binary64};
use gatos_yaml::{Data, Entry, Finding, Node, Position};

/// What is wrong with a file of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFinding {
    /// Its path in the world's folder.
    pub file: String,
    /// What is wrong.
    pub finding: Finding,
}

/// Findings as they are collected, and the text they are about.
pub(super) struct Sheet<'s> {
    pub source: &'s str,
    pub findings: Vec<Finding>,
}

impl<'s> Sheet<'s> {
    pub(super) const fn new(source: &'s str) -> Sheet<'s> {
        Sheet {
            source,
            findings: Vec::new(),
        }
    }

    pub(super) fn wrong(
        &mut self,
        position: Position,
        rule: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let finding = Finding::error(position, rule, message.into(), hint);
        self.findings.push(finding);
    }

    fn kind(&mut self, node: &Node, what: &str, wanted: &str, hint: &str) {
        let message = format!("{what} is {wanted}, not {}", node.data.kind());
        self.wrong(node.position, "kind", message, hint);
    }

    /// The entries of a map; nothing at all is an empty one.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str, hint: &str) -> &'n [Entry] {
        match &node.data {
            Data::Map(entries) => entries,
            Data::Null => &[],
            _ => {
                self.kind(node, what, "a map", hint);
                &[]
            }
        }
    }

    /// The items of a list; nothing at all is an empty one.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str, hint: &str) -> &'n [Node] {
        match &node.data {
            Data::List(items) => items,
            Data::Null => &[],
            _ => {
                self.kind(node, what, "a list", hint);
                &[]
            }
        }
    }

    pub(super) fn text(&mut self, node: &Node, what: &str, hint: &str) -> Option<String> {
        match &node.data {
            Data::Text(text) => Some(text.as_str().to_string()),
            _ => {
                self.kind(node, what, "text", hint);
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, node: &Node, what: &str, hint: &str) -> Vec<String> {
        let items = self.list(node, what, hint).iter();
        let items: Vec<&Node> = items.collect();
        items
            .into_iter()
            .filter_map(|item| self.text(item, what, hint))
            .collect()
    }

    /// An integer from `low` to `high`.
    pub(super) fn whole(&mut self, node: &Node, what: &str, low: u64, high: u64) -> Option<u64> {
        let found = match node.data {
            Data::Number(Number::Integer(integer)) => u64::try_from(integer).ok(),
            _ => None,
        };
        let found = found.filter(|value| (low..=high).contains(value));
        if found.is_none() {
            let message = format!("{what} is a whole number from {low} to {high}");
            self.wrong(node.position, "range", message, "write such a number");
        }
        found
    }

    /// A number as binary64: the nearest one to what is written, which the value model need not hold.
    pub(super) fn float(&mut self, node: &Node, what: &str) -> Option<f64> {
        let found = self.number(node);
        if found.is_none() {
            self.kind(node, what, "a number", "write a number");
        }
        found
    }

    fn number(&self, node: &Node) -> Option<f64> {
        let Data::Number(number) = node.data else {
            return None;
        };
        if let Ok(float) = binary64::parse(self.written(node.position)) {
            return Some(float);
        }
        match number {
            Number::Integer(integer) => i64::try_from(integer).ok().map(binary64::from_i64),
            Number::Fixed(_) => binary64::parse(&number.to_string()).ok(),
        }
    }

    /// The characters of a plain scalar.
    pub(super) fn written(&self, position: Position) -> &'s str {
        let line = self.source.lines().nth(position.line as usize - 1);
        let line = line.unwrap_or_default();
        let start = line.char_indices().nth(position.column as usize - 1);
        let rest = start.map_or("", |(start, _)| &line[start..]);
        let end = rest.find([' ', '\t', ',', ']', '}', '#']);
        &rest[..end.unwrap_or(rest.len())]
    }

    /// A key that has no meaning.
    pub(super) fn unknown(&mut self, entry: &Entry, what: &str, known: &[&str]) {
        let message = format!("{what} has no `{}`", entry.key.as_str());
        let hint = format!("it may have {}", known.join(", "));
        self.wrong(entry.position, "unknown-key", message, hint);
    }
}
