//! Globs: against the twin that tries everything, refusals with offsets, hostile patterns.

use crate::slow;
use gatos_values::{ErrorCode, Glob};
use proptest::prelude::*;

fn check(pattern: &str, matching: &[&str], other: &[&str]) {
    let glob = Glob::parse(pattern, '/').expect(pattern);
    for text in matching {
        assert!(glob.matches(text), "{pattern} matches {text}");
    }
    for text in other {
        assert!(!glob.matches(text), "{pattern} does not match {text}");
    }
}

#[test]
fn stars_and_double_stars() {
    check("a/b", &["a/b"], &["a", "a/b/c", "a/c", "", "a/b/"]);
    check("*", &["a", "abc", ""], &["a/b"]);
    check("a*c", &["ac", "abc", "accc"], &["acb", "a/c"]);
    check(
        "gatos/journal/finance/**",
        &[
            "gatos/journal/finance",
            "gatos/journal/finance/user/alice/00",
        ],
        &["gatos/journal/finances/x"],
    );
    check("**", &["", "a", "a/b/c"], &[]);
    check("**/c", &["c", "a/c", "a/b/c"], &["a/b", "c/d"]);
    check("a/**/z", &["a/z", "a/b/z", "a/z/b/z"], &["a", "z", "a/b"]);
    check(
        "**/a/**/b/**",
        &["a/b", "x/a/y/b/z", "a/a/b/b"],
        &["b/a", "a", "a/c"],
    );
    check("*.*", &["a.b", "."], &["a"]);
    check("a?[b]{c}\\*", &["a?[b]{c}\\", "a?[b]{c}\\x"], &["axb"]);
    assert!(
        Glob::parse("invoice.*", '.')
            .expect("a pattern")
            .matches("invoice.paid")
    );
    assert!(
        !Glob::parse("invoice.*", '.')
            .expect("a pattern")
            .matches("invoice.paid.late")
    );
}

#[test]
fn refusals_name_the_place() {
    let longest = "a".repeat(1024);
    assert!(Glob::parse(&longest, '/').is_ok());
    for (pattern, offset) in [
        ("", 0),
        ("a//b", 2),
        ("/a", 0),
        ("a/", 2),
        ("a**", 1),
        ("a/***", 2),
        ("**a", 0),
        (&*(longest + "a"), 1024),
    ] {
        let error = Glob::parse(pattern, '/').expect_err(pattern);
        assert_eq!(
            (error.offset, error.code()),
            (offset, ErrorCode::BadPattern),
            "{pattern}"
        );
    }
}

#[test]
fn hostile_patterns_do_not_blow_up() {
    let pattern = format!("{}b", "a*".repeat(500));
    assert!(
        !Glob::parse(&pattern, '/')
            .expect("a pattern")
            .matches(&"a".repeat(20_000))
    );
    let pattern = format!("{}b", "**/*a/".repeat(150));
    assert!(
        !Glob::parse(&pattern, '/')
            .expect("a pattern")
            .matches(&"a/".repeat(10_000))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_verdict_is_the_twin_s(
        pattern in prop::collection::vec(prop_oneof![2 => Just("**".to_owned()), 5 => "[ab*]{1,4}"], 1..6),
        text in prop::collection::vec("[ab]{0,3}", 0..7),
    ) {
        let (pattern, text) = (pattern.join("/"), text.join("/"));
        if let Ok(glob) = Glob::parse(&pattern, '/') {
            assert_eq!(glob.matches(&text), slow::glob_matches(&pattern, &text, '/'), "{} {}", pattern, text);
        }
    }
}
