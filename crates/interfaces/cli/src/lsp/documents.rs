//! The documents that the editor has open, with the language of each.
//!
//! INVARIANT: at most [`DOCUMENT_COUNT_MAX`] documents and [`TOTAL_SIZE_MAX`] bytes of text are kept. What does not fit is
//! known by name only, and says so in a finding.
//! Tests: tests/it/editor.rs.

use super::language::{self, Language};
use super::source::Source;
use gatos_yaml::{Finding, Position};
use serde_json::Value;
use std::collections::BTreeMap;

/// Documents that are kept.
pub const DOCUMENT_COUNT_MAX: usize = 1000;

/// Bytes of text that are kept, over all documents.
pub const TOTAL_SIZE_MAX: usize = 64 << 20;

/// One open document.
pub struct Document {
    /// What the editor calls its language.
    pub language_id: String,
    /// The version that the editor gave it.
    pub version: Value,
    /// Its text, if it is kept.
    pub source: Option<Source>,
    /// Who understands it.
    pub language: Option<&'static dyn Language>,
}

impl Document {
    /// What is wrong with it.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        match (&self.source, self.language) {
            (Some(source), Some(language)) => language.findings(source.text()),
            (None, _) => {
                let message = "this document is not checked: it is too large, or too many are open";
                let finding = Finding::warning(
                    Position::START,
                    "not-checked",
                    message.to_owned(),
                    "split it, or close some",
                );
                vec![finding]
            }
            (Some(_), None) => Vec::new(),
        }
    }
}

/// The open documents by URI.
#[derive(Default)]
pub struct Documents(BTreeMap<String, Document>);

impl Documents {
    /// Opens a document, or replaces the text of an open one. `None` if it is not open and does not fit.
    pub fn set(
        &mut self,
        uri: &str,
        language_id: Option<&str>,
        version: Value,
        text: String,
    ) -> Option<&Document> {
        let known = self.0.get(uri).map(|document| document.language_id.clone());
        let language_id = language_id.map(str::to_owned).or(known.clone())?;
        if known.is_none() && self.0.len() >= DOCUMENT_COUNT_MAX {
            return None;
        }
        let others = self.0.iter().filter(|(other, _)| *other != uri);
        let kept: usize = others
            .filter_map(|(_, document)| Some(document.source.as_ref()?.text().len()))
            .sum();
        let fits = text.len() <= gatos_yaml::SOURCE_SIZE_MAX && kept + text.len() <= TOTAL_SIZE_MAX;
        let language = language::of(&language_id, uri, &text);
        let source = fits.then(|| Source::new(text));
        let document = Document {
            language_id,
            version,
            source,
            language,
        };
        self.0.insert(uri.to_owned(), document);
        self.0.get(uri)
    }

    /// The document of this URI, if it is open.
    #[must_use]
    pub fn get(&self, uri: &str) -> Option<&Document> {
        self.0.get(uri)
    }

    /// Closes a document; says whether it was open.
    pub fn close(&mut self, uri: &str) -> bool {
        self.0.remove(uri).is_some()
    }

    /// A change of some document was missed: no text is known until its next change.
    pub fn forget_texts(&mut self) {
        self.0
            .values_mut()
            .for_each(|document| document.source = None);
    }

    /// Every open document, by URI.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Document)> {
        self.0.iter()
    }
}
