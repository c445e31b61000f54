//! What the architecture check says about pages and crates that disagree.

use super::{check_named, compare, crates_of};
use serde_json::{Value, json};

const PAGE: &str = "\
<!-- table: crates -->
| crate | folder | floor | uses |
|---|---|---|---|
| `low` | `crates/low` | 0 | |
| `high` | `crates/high` | 1 | `low` |
| `testkit` | `crates/testkit` | 1 | `low` |

<!-- table: outside -->
| crate | used by |
|---|---|
| `hash` | `low` |
";

/// A dependency as `cargo metadata` writes it; ours have a path.
fn dependency(name: &str, kind: Option<&str>, is_ours: bool) -> Value {
    let path = is_ours.then(|| format!("/r/crates/{name}"));
    json!({ "name": name, "kind": kind, "path": path })
}

fn package(name: &str, dependencies: Vec<Value>) -> Value {
    json!({ "name": name, "manifest_path": format!("/r/crates/{name}/Cargo.toml"), "dependencies": dependencies })
}

/// What is said about `high` with these dependencies, beside crates that fit.
fn said(high: Vec<Value>) -> Vec<String> {
    let packages = vec![
        package("low", vec![dependency("hash", None, false)]),
        package("high", high),
        package("testkit", vec![dependency("low", None, true)]),
    ];
    let crates = crates_of(&json!({ "packages": packages }), "/r");
    let complaints = compare(PAGE, &crates).expect("both tables are there");
    complaints
        .into_iter()
        .map(|complaint| complaint.what)
        .collect()
}

#[test]
fn a_page_that_tells_the_truth_is_left_alone() {
    assert!(said(vec![dependency("low", None, true)]).is_empty());
    let with_tests = vec![
        dependency("low", None, true),
        dependency("testkit", Some("dev"), true),
        dependency("oracle", Some("dev"), false),
    ];
    assert!(said(with_tests).is_empty());
}

#[test]
fn a_written_use_that_is_not_there_is_named() {
    assert_eq!(
        said(vec![]),
        ["`high` does not depend on `low`, though the table says so"]
    );
}

#[test]
fn an_outside_crate_behind_its_wall_is_named() {
    let dependencies = vec![
        dependency("low", None, true),
        dependency("hash", None, false),
    ];
    assert_eq!(
        said(dependencies),
        ["`high` uses the outside crate `hash`, which the table does not allow"]
    );
}

#[test]
fn shipped_code_may_not_use_the_testkit_nor_its_own_floor() {
    let complaints = said(vec![
        dependency("low", None, true),
        dependency("testkit", None, true),
    ]);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[1].contains("does not lie below it"));
}

#[test]
fn a_crate_without_a_row_and_a_row_without_a_crate_are_named() {
    let crates = crates_of(&json!({ "packages": [package("other", vec![])] }), "/r");
    let complaints = compare(PAGE, &crates).expect("both tables are there");
    let text: Vec<String> = complaints
        .into_iter()
        .map(|complaint| complaint.what)
        .collect();
    assert!(
        text.iter()
            .any(|what| what == "`low` is no crate of the workspace"),
        "{text:?}"
    );
    assert!(
        text.iter()
            .any(|what| what == "the table of crates has no row for `other`"),
        "{text:?}"
    );
}

#[test]
fn a_page_without_its_marker_says_so() {
    let failure = compare("# nothing\n", &Default::default()).expect_err("there is no table");
    assert!(failure.to_string().contains("<!-- table: crates -->"));
}

#[test]
fn a_dependency_that_no_source_names_is_named() {
    let used = package("used-up", vec![dependency("two-words", None, false)]);
    let crates = crates_of(&json!({ "packages": [used] }), "/r");
    let said = |text: &'static str| {
        check_named(&crates, &|_| Ok(text.to_owned()))
            .expect("the text is there")
            .len()
    };
    assert_eq!(said("use two_words::Thing;"), 0);
    assert_eq!(said("use three_words::Thing;"), 1);
}
