//! The documents held to the truth: links, requirements, examples.
//!
//! Three checks in reading order: [`links`] (every target is there, every page can be reached),
//! [`requirements`] (every test that `docs/SPEC.md` names exists), [`examples`] (every fenced
//! `console` and `sh` block of the README and the guide runs and prints what the page shows).
//! `check-docs --no-examples` leaves the last one out and needs no build.

mod examples;
mod links;
mod requirements;

use crate::report::{self, Failure, Outcome};
use crate::{shell, sources};
use std::path::{Path, PathBuf};

/// A page of the repository: its path from the root, with `/`, and its text.
pub struct Page {
    /// Path from the root of the repository.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// `cargo xtask check-docs [--no-examples]`
pub fn run(arguments: &[String]) -> Outcome {
    let examples_wanted = match arguments {
        [] => true,
        [flag] if flag == "--no-examples" => false,
        _ => {
            return Err(Failure::new(
                "usage: cargo xtask check-docs [--no-examples]",
            ));
        }
    };
    let root = shell::root();
    let pages = pages(&root)?;
    let mut complaints = links::check(&root, &pages);
    complaints.extend(requirements::check(&root, &pages)?);
    if examples_wanted {
        complaints.extend(examples::check(&pages)?);
    }
    report::settle("check-docs", &complaints)
}

/// Every Markdown page: those at the root and those below the folders that hold words.
fn pages(root: &Path) -> Outcome<Vec<Page>> {
    let mut paths: Vec<PathBuf> = sources::files(
        root,
        &["docs", "vectors", "fuzz", "bench", "examples"],
        "md",
    )?;
    let entries = std::fs::read_dir(root)
        .map_err(|error| Failure::new(format!("cannot list the repository: {error}")))?;
    for entry in entries.flatten() {
        let path = PathBuf::from(entry.file_name());
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = shell::read(&root.join(&path))?;
        Ok(Page {
            path: path.to_string_lossy().replace('\\', "/"),
            text,
        })
    };
    paths.into_iter().map(read).collect()
}
