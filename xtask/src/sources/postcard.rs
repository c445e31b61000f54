//! Where a postcard says its tests are: every path in its `Tests:` sentence is there.
//!
//! A word of the sentence is a path if it holds a `/` or ends in `.rs`, in backticks or not. It counts from
//! the file's own folder, from its crate or from the root of the repository; `tests.rs` is the one beside the
//! file. The sentence ends with a full stop before a space, or with the paragraph. What the tests test is for
//! readers to judge.
//!
//! INVARIANT: a path that is there under none of the three is complained about, with its line.
//! Tests: `tests.rs` beside this file.

use crate::report::Complaint;

/// The word that opens the sentence.
const OPENING: &str = "Tests:";

/// The complaints about the postcard of one file; `name` is its path from the root, with `/`, and `exists`
/// tells whether a path from the root is there.
pub(super) fn check(name: &str, text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<Complaint> {
    let folder = parent_of(name);
    let bases = [folder, crate_of(folder, exists), ""];
    named_paths(text)
        .into_iter()
        .filter(|(_, path)| {
            let found = |base: &&str| join(base, path).is_some_and(|joined| exists(&joined));
            !bases.iter().any(found)
        })
        .map(|(line, path)| {
            Complaint::new(
                format!("{name}:{line}"),
                format!("the postcard says the tests are in `{path}`, and nothing is there"),
                "write the tests, or name the file that holds them: from this file's folder, its crate or the root of the repository",
            )
        })
        .collect()
}

/// The paths that the `Tests:` sentences of a postcard name, each with its line, from 1.
fn named_paths(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut is_inside = false;
    for (index, line) in text.lines().enumerate() {
        let Some(words) = line.strip_prefix("//!") else {
            break;
        };
        // An empty line ends the paragraph, and the sentence with it.
        is_inside &= !words.trim().is_empty();
        for word in words.split_whitespace() {
            if word == OPENING {
                is_inside = true;
                continue;
            }
            if is_inside {
                found.extend(path_of(word).map(|path| (index + 1, path)));
                is_inside = !word.ends_with('.');
            }
        }
    }
    found
}

/// The path in a word with its brackets, quotes and punctuation taken off.
fn path_of(word: &str) -> Option<String> {
    let path = word
        .trim_start_matches(['(', '`'])
        .trim_end_matches(['.', ',', ';', ':', ')', '`']);
    let is_path = path.ends_with(".rs") || path.contains('/');
    is_path.then(|| path.to_owned())
}

/// The nearest folder with a manifest, from the file's folder upwards; the root where there is none.
fn crate_of<'a>(folder: &'a str, exists: &dyn Fn(&str) -> bool) -> &'a str {
    let mut crate_folder = folder;
    while !crate_folder.is_empty() && !exists(&format!("{crate_folder}/Cargo.toml")) {
        crate_folder = parent_of(crate_folder);
    }
    crate_folder
}

fn parent_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// `path` as seen from `base`, without `..`; `None` where it leads out of the repository.
fn join(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
