//! What the requirement check says about numbers and tests that do not hold.

use super::{Tests, check_page, functions_in};
use std::collections::{BTreeMap, BTreeSet};

fn said(rows: &str) -> Vec<String> {
    let page = format!(
        "<!-- table: requirements values -->\n| id | requirement | test |\n|---|---|---|\n{rows}"
    );
    let tests: Tests =
        BTreeMap::from([("low".to_owned(), BTreeSet::from(["it_holds".to_owned()]))]);
    let exists = |path: &str| path == "docs/scripts/test.sh";
    check_page(&page, &tests, &exists)
        .into_iter()
        .map(|complaint| complaint.what)
        .collect()
}

#[test]
fn a_test_or_a_script_that_is_there_is_enough() {
    assert!(
        said("| G-1 | holds | `low: it_holds` |\n| G-2 | runs | `docs/scripts/test.sh` |\n")
            .is_empty()
    );
}

#[test]
fn absent_tests_and_numbers_given_twice_are_named() {
    let rows = "| G-1 | a | `low: gone` |\n| G-1 | b | `low: it_holds` |\n| G-2 | c | |\n";
    assert_eq!(
        said(rows),
        [
            "`G-1` names `low: gone`, which is not there",
            "`G-1` is given twice",
            "`G-2` names no test"
        ]
    );
}

#[test]
fn functions_are_found_by_name() {
    assert_eq!(
        functions_in("pub const fn a(){}\n  fn b_2<T>() {}\nlet x = 1;"),
        ["a", "b_2"]
    );
}
