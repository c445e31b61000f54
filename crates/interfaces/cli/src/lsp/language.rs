//! Languages: what the server asks about a source, and who answers.
//!
//! A further language is one file beside `policy` and a row of `LANGUAGES`. Answers are functions of the text alone.
//!
//! Tests: `language/tests.rs`, tests/it/editor.rs.

mod fold;
mod lua;
mod lua_words;
mod outline;
mod policy;
#[cfg(test)]
mod tests;
mod words;

use super::source::{Source, Span};
use gatos_echolua::Profile;
use gatos_yaml::{Finding, Position};

/// Every language, the more particular ones first.
const LANGUAGES: [&dyn Language; 4] = [
    &policy::Policies,
    &fold::Folds,
    &lua::Programs {
        profile: Profile::Fold,
    },
    &lua::Programs {
        profile: Profile::Script,
    },
];

/// One language.
pub trait Language: Sync {
    /// The name at its diagnostics.
    fn name(&self) -> &'static str;

    /// Whether a document is written in it. `language_id` is the editor's word, `path` a path or URI.
    fn takes(&self, language_id: &str, path: &str, text: &str) -> bool;

    /// Everything the compiler has to say.
    fn findings(&self, text: &str) -> Vec<Finding>;

    /// What stands at a place.
    fn hover(&self, source: &Source, place: Position) -> Option<Hover>;

    /// Where the name at a place is given.
    fn definition(&self, source: &Source, place: Position) -> Option<Span>;

    /// What the source declares, in its order.
    fn symbols(&self, source: &Source) -> Vec<Symbol>;

    /// The source in the one layout, if there is one and it compiles.
    fn format(&self, source: &Source) -> Option<String>;
}

/// What stands at a place.
pub struct Hover {
    /// The word it is about.
    pub span: Span,
    /// What to say, in Markdown that reads well as plain text. No text of the source but checked names.
    pub markdown: String,
}

/// Something that a source declares.
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// A few words about it.
    pub detail: String,
    /// What editors draw beside it.
    pub kind: SymbolKind,
    /// All of it.
    pub span: Span,
    /// Its name, or where it starts.
    pub name_span: Span,
}

/// What editors draw beside a symbol, by its number in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A file that is written.
    File = 1,
    /// A rule.
    Function = 12,
    /// A reducer.
    Variable = 13,
}

/// The language of a document.
#[must_use]
pub fn of(language_id: &str, path: &str, text: &str) -> Option<&'static dyn Language> {
    LANGUAGES
        .into_iter()
        .find(|language| language.takes(language_id, path, text))
}
