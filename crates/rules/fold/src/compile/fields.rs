//! Maps with known keys: finds fields, and reports unknown keys with the nearest known one.

use super::Compiler;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_yaml::{Data, Entry, Finding, Fix, Node, Position};

/// A map whose keys have been checked against a list.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    place: Position,
    what: &'static str,
    entries: &'a [Entry],
}

impl<'a> Fields<'a> {
    /// The map in `node`. Keys outside `known` become findings; anything but a map gives `None`.
    pub(super) fn open(
        compiler: &mut Compiler,
        node: &'a Node,
        what: &'static str,
        known: &[&str],
    ) -> Option<Fields<'a>> {
        let fields = Fields::open_unchecked(compiler, node, what)?;
        fields.check_keys(compiler, known);
        Some(fields)
    }

    /// As [`Fields::open`], for maps whose known keys depend on one of the fields.
    pub(super) fn open_unchecked(
        compiler: &mut Compiler,
        node: &'a Node,
        what: &'static str,
    ) -> Option<Fields<'a>> {
        let Data::Map(entries) = &node.data else {
            compiler.wrong_type(node, what, "a map");
            return None;
        };
        Some(Fields {
            place: node.position,
            what,
            entries,
        })
    }

    pub(super) fn check_keys(&self, compiler: &mut Compiler, known: &[&str]) {
        for entry in self.entries {
            if !known.contains(&entry.key.as_str()) {
                let message = format!("unknown key `{}` in {}", entry.key, self.what);
                compiler.unknown(entry.position, "unknown-key", message, &entry.key, known);
            }
        }
    }

    pub(super) fn place(&self) -> Position {
        self.place
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|entry| entry.key.as_str() == key)
            .map(|entry| &entry.value)
    }

    /// The field, or a finding that it is missing.
    pub(super) fn require(&self, compiler: &mut Compiler, key: &str) -> Option<&'a Node> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("`{key}` is missing in {}", self.what);
            compiler.error(self.place, "missing-key", message, format!("add `{key}:`"));
        }
        found
    }
}

impl Compiler {
    /// A word that none of the known ones is; a near one becomes a fix.
    pub(super) fn unknown(
        &mut self,
        place: Position,
        rule: &'static str,
        message: String,
        word: &str,
        known: &[&str],
    ) {
        let fix = nearest(word, known).map(|near| Fix::new(word, near));
        let finding = Finding::error(place, rule, message, suggestion(word, known));
        self.findings.push(finding.with_fix(fix));
    }
}

/// "did you mean" for a word, or the list of words.
pub(super) fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// The known word that a slip may have made this one of.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let candidates = known
        .iter()
        .map(|candidate| (distance(word, candidate), *candidate));
    let (distance, candidate) = candidates.min()?;
    (distance <= 2).then_some(candidate)
}

/// Edits between two words (Levenshtein), cut off for words too long to be a slip.
fn distance(left: &str, right: &str) -> usize {
    const WORD_SIZE_MAX: usize = 32;
    if left.len() > WORD_SIZE_MAX {
        return usize::MAX;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, a) in left.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
