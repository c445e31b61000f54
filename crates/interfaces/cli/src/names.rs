//! Names: the program answers to the name it is called by.
//!
//! A link `git-gatos` makes `git gatos …` work. Further names stand for the first words of a command
//! line; this table is the one place to add them. Tests: names/tests.rs.

use std::ffi::{OsStr, OsString};
use std::path::Path;

#[cfg(test)]
mod tests;

/// A file name of the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    /// Name of the file, without folder and `.exe`.
    pub file: &'static str,
    /// How help and messages call the program.
    pub shown: &'static str,
    /// Words put in front of the arguments.
    pub words: &'static [&'static str],
}

/// The names we answer to. The first is also taken for names that are not here.
const NAMES: &[Name] = &[
    Name {
        file: "gatos",
        shown: "gatos",
        words: &[],
    },
    Name {
        file: "git-gatos",
        shown: "git gatos",
        words: &[],
    },
];

/// The entry for the path the program was called by.
pub fn called_by(program: &OsStr) -> &'static Name {
    let file = Path::new(program).file_name().unwrap_or_default();
    let stem = match Path::new(file).extension() {
        Some(extension) if extension.eq_ignore_ascii_case("exe") => Path::new(file).file_stem(),
        _ => Some(file),
    };
    let known = NAMES
        .iter()
        .find(|name| stem == Some(OsStr::new(name.file)));
    known.unwrap_or(&NAMES[0])
}

/// The arguments with the words of the name put in front.
pub fn with_words(name: &Name, arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    name.words
        .iter()
        .map(OsString::from)
        .chain(arguments)
        .collect()
}
