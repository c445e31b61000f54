//! `docs/SPEC.md`: every requirement has a number of its own and names tests that exist.
//!
//! A test is named `package: function` or by the path of a script. The check looks for the
//! function in the package's sources; that it passes is `cargo test`'s to say.
//! Tests: `requirements/tests.rs`.

#[cfg(test)]
mod tests;

use super::Page;
use crate::markdown::{self, Row};
use crate::report::{Complaint, Outcome};
use crate::{shell, sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const PAGE: &str = "docs/SPEC.md";
const CURE_TEST: &str = "name a test as `package: function`, or a script by its path";

/// Every requirement without a number of its own or without a test that is there.
pub fn check(root: &Path, pages: &[Page]) -> Outcome<Vec<Complaint>> {
    let Some(page) = pages.iter().find(|page| page.path == PAGE) else {
        return Ok(vec![Complaint::new(
            PAGE,
            "the page is missing",
            "write it: one table row a requirement",
        )]);
    };
    let tests = tests_by_package(root)?;
    let exists = |path: &str| root.join(path).exists();
    Ok(check_page(&page.text, &tests, &exists))
}

/// Function names by package.
type Tests = BTreeMap<String, BTreeSet<String>>;

fn check_page(text: &str, tests: &Tests, exists: &dyn Fn(&str) -> bool) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut numbers = BTreeSet::new();
    for row in requirement_rows(text) {
        let place = format!("{PAGE}:{}", row.line);
        let number = row.cell("id").to_owned();
        if !numbers.insert(number.clone()) {
            complaints.push(Complaint::new(
                &place,
                format!("`{number}` is given twice"),
                "give the later one the next free number",
            ));
        }
        let named = row.codes("test");
        if named.is_empty() {
            complaints.push(Complaint::new(
                &place,
                format!("`{number}` names no test"),
                CURE_TEST,
            ));
        }
        for test in named.iter().filter(|test| !is_there(test, tests, exists)) {
            complaints.push(Complaint::new(
                &place,
                format!("`{number}` names `{test}`, which is not there"),
                CURE_TEST,
            ));
        }
    }
    complaints
}

/// The rows of every table marked as requirements; there is one a chapter.
fn requirement_rows(text: &str) -> Vec<Row> {
    let names = text.lines().filter_map(|line| {
        let name = line
            .trim()
            .strip_prefix("<!-- table: ")?
            .strip_suffix(" -->")?;
        name.starts_with("requirements").then_some(name)
    });
    names
        .filter_map(|name| markdown::table(text, name))
        .flatten()
        .collect()
}

fn is_there(test: &str, tests: &Tests, exists: &dyn Fn(&str) -> bool) -> bool {
    match test.split_once(": ") {
        Some((package, function)) => tests
            .get(package)
            .is_some_and(|known| known.contains(function)),
        None => exists(test),
    }
}

/// Every function of every package of the workspace; finer than that, the name must be honest.
fn tests_by_package(root: &Path) -> Outcome<Tests> {
    let mut found = Tests::new();
    let metadata = shell::metadata()?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let (Some(name), Some(manifest)) =
            (package["name"].as_str(), package["manifest_path"].as_str())
        else {
            continue;
        };
        let folder = Path::new(manifest)
            .parent()
            .and_then(|folder| folder.strip_prefix(root).ok());
        let Some(folder) = folder.and_then(Path::to_str) else {
            continue;
        };
        let mut functions = BTreeSet::new();
        for path in sources::files(root, &[folder], "rs")? {
            functions.extend(functions_in(&shell::read(&root.join(path))?));
        }
        found.insert(name.to_owned(), functions);
    }
    Ok(found)
}

fn functions_in(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| {
        let (before, after) = line.split_once("fn ")?;
        let is_item = before.is_empty() || before.ends_with(' ');
        let name: String = after
            .chars()
            .take_while(|character| character.is_alphanumeric() || *character == '_')
            .collect();
        (is_item && !name.is_empty()).then_some(name)
    });
    names.collect()
}
