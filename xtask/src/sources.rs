//! The house rules a text search can hold: postcards, crate attributes, no panics by habit.
//!
//! Reads `.rs` files and knows no Rust beyond lines; what needs a parser is clippy's work. Whether the tests a
//! postcard names are there is `postcard`'s. Each finding names the line and the cure. Tests: `sources/tests.rs`.

mod postcard;
#[cfg(test)]
mod tests;

use crate::report::{Complaint, Failure, Outcome};
use crate::shell;
use std::path::{Path, PathBuf};

/// Folders that hold Rust sources of ours.
const SOURCE_FOLDERS: &[&str] = &["crates", "xtask", "fuzz", "bench"];
/// The one file of the pure crates that may know the standard library: behind it threads run jobs.
const STD_FILE: &str = "crates/engine/echo/src/schedule/workers.rs";
/// The files that may use `unsafe`, each with a decision record. Their crates deny it where others forbid it.
const UNSAFE_FILES: &[&str] = &[
    "bench/echo/src/peers_flecs.rs",
    "crates/engine/echo/src/shared.rs",
    "crates/engine/echolua/src/heap/pages.rs",
    "crates/engine/echolua/src/machine/unchecked.rs",
    "crates/interfaces/cli/src/allocator.rs",
];
/// Folders whose crates must build without the standard library.
const PURE_FOLDERS: &[&str] = &["crates/base/", "crates/engine/", "crates/rules/"];

/// Every complaint about the sources below `root`.
pub fn check(root: &Path) -> Outcome<Vec<Complaint>> {
    let mut complaints = Vec::new();
    for path in files(root, SOURCE_FOLDERS, "rs")? {
        let text = shell::read(&root.join(&path))?;
        let name = path.to_string_lossy().replace('\\', "/");
        complaints.extend(check_file(&name, &text));
        let exists = |path: &str| root.join(path).exists();
        complaints.extend(postcard::check(&name, &text, &exists));
    }
    Ok(complaints)
}

/// The complaints about one file; `name` is its path from the root, with `/`.
fn check_file(name: &str, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    complaints.extend(check_postcard(name, text));
    complaints.extend(check_crate_attributes(name, text));
    complaints.extend(check_lines(name, text));
    complaints
}

/// Tests beside a file are introduced by that file's postcard.
fn check_postcard(name: &str, text: &str) -> Option<Complaint> {
    if text.starts_with("//!") || is_test_code(name) {
        return None;
    }
    Some(Complaint::new(
        format!("{name}:1"),
        "the file has no postcard",
        "open it with `//!` lines: what it is, what it leaves to whom, its invariant, where its tests are",
    ))
}

fn check_crate_attributes(name: &str, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if !is_crate_root(name) {
        return complaints;
    }
    let folder = name.trim_end_matches("lib.rs").trim_end_matches("main.rs");
    let has_unsafe = UNSAFE_FILES.iter().any(|file| file.starts_with(folder));
    let wanted = if has_unsafe {
        "#![deny(unsafe_code)]"
    } else {
        "#![forbid(unsafe_code)]"
    };
    if !has_line(text, wanted) {
        complaints.push(Complaint::new(
            name,
            "the crate does not forbid `unsafe`",
            format!("add `{wanted}` below the postcard"),
        ));
    }
    let pure = PURE_FOLDERS.iter().any(|folder| name.starts_with(folder));
    let freestanding =
        has_line(text, "#![no_std]") || has_line(text, "#![cfg_attr(not(test), no_std)]");
    if pure && !freestanding {
        complaints.push(Complaint::new(
            name,
            "a crate of the base or the rules can reach files, clocks and threads",
            "add `#![no_std]` (and `extern crate alloc;`) below the postcard",
        ));
    }
    complaints
}

/// `src/lib.rs` or `src/main.rs` of a crate; fuzz targets carry macros that expand to more.
fn is_crate_root(name: &str) -> bool {
    let root = name.ends_with("/src/lib.rs") || name.ends_with("/src/main.rs");
    root && !name.starts_with("fuzz/")
}

fn has_line(text: &str, wanted: &str) -> bool {
    text.lines().any(|line| line.trim() == wanted)
}

/// What is never written, and what is written instead. Spelled in halves, or this file would
/// complain about itself.
const BANNED: &[(&str, &str, &str)] = &[
    (
        "todo",
        "!(",
        "write the code, or leave it out and say so in SHORTCOMINGS.md",
    ),
    (
        "unimplemented",
        "!(",
        "return a typed error, or leave the code out",
    ),
    ("dbg", "!(", "delete the line"),
    (
        ".unwrap",
        "()",
        "return a typed error, or `.expect(\"why it holds\")` for a true invariant",
    ),
];

fn check_lines(name: &str, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let is_pure = PURE_FOLDERS.iter().any(|folder| name.starts_with(folder));
    for (index, line) in text.lines().enumerate() {
        if is_test_code(name) || line.trim() == "#[cfg(test)]" && !opens_module_file(text, index) {
            break;
        }
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        if is_pure && name != STD_FILE && code.starts_with("extern crate std") {
            complaints.push(Complaint::new(
                format!("{name}:{}", index + 1),
                "a pure crate reaches for the standard library",
                format!("have files, clocks and threads outside; jobs are run by {STD_FILE} alone"),
            ));
        }
        let allows = |word| code.contains(&format!("{word}(unsafe_code)"));
        if ["allow", "expect"].into_iter().any(allows) && !UNSAFE_FILES.contains(&name) {
            complaints.push(Complaint::new(
                format!("{name}:{}", index + 1),
                "a file allows itself `unsafe`",
                "write it without, or name the file in `UNSAFE_FILES` with a decision record",
            ));
        }
        for (head, tail, cure) in BANNED {
            let banned = format!("{head}{tail}");
            if code.contains(&banned) {
                let place = format!("{name}:{}", index + 1);
                complaints.push(Complaint::new(
                    place,
                    format!("`{banned}` in shipped code"),
                    *cure,
                ));
            }
        }
    }
    complaints
}

/// `#[cfg(test)]` before `mod tests;` or a `use` line: the shipped code goes on below it.
fn opens_module_file(text: &str, attribute_index: usize) -> bool {
    text.lines()
        .skip(attribute_index + 1)
        .find(|line| !line.trim_start().starts_with("#["))
        .is_some_and(|line| line.trim_end().ends_with(';'))
}

fn is_test_code(name: &str) -> bool {
    let folders = ["/tests/", "/testkit/", "/benches/", "/examples/"];
    name.ends_with("/tests.rs")
        || name.ends_with("_tests.rs")
        || folders.iter().any(|folder| name.contains(folder))
}

/// Every file with `extension` below the named folders of `root`, as paths from `root`, sorted.
pub fn files(root: &Path, folders: &[&str], extension: &str) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders {
        collect(root, Path::new(folder), extension, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(root: &Path, folder: &Path, extension: &str, found: &mut Vec<PathBuf>) -> Outcome {
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry.map_err(|error| {
            Failure::new(format!("cannot list `{}`: {error}", folder.display()))
        })?;
        let path = folder.join(entry.file_name());
        let name = entry.file_name();
        if entry.path().is_dir() {
            let skipped = ["target", "corpus", "artifacts", "node_modules", ".git"];
            if !skipped.iter().any(|folder| name == *folder) {
                collect(root, &path, extension, found)?;
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    Ok(())
}
