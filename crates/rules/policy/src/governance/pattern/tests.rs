//! Patterns: what they match, and "within" beside all short resources.

use alloc::string::String;
use alloc::vec::Vec;

use gatos_values::ResourceUri;
use proptest::prelude::*;

use super::ResourcePattern;

fn pattern(path: &str) -> ResourcePattern {
    ResourcePattern::parse(&alloc::format!("gatos://ledger/{path}")).unwrap()
}

#[test]
fn within_is_decided_segment_by_segment() {
    let cases = [
        ("**", "**", true),
        ("a/**", "**", true),
        ("a/b", "a/*", true),
        ("a/*", "a/*", true),
        ("a/*", "a/b", false),
        ("a/**", "a/*", false),
        ("a/*/c", "a/**", true),
        ("a/x*y", "a/x*", true),
        ("a/x*", "a/x*y", false),
        ("a/*b*", "a/**/*b*", true),
        ("a/**/c", "a/**", true),
        ("a/**", "a/**/c", false),
        ("**/a", "a/**", false),
        ("a", "b", false),
    ];
    for (narrow, wide, expected) in cases {
        let found = pattern(narrow).is_within(&pattern(wide));
        assert_eq!(found, expected, "{narrow} within {wide}");
    }
    let elsewhere = ResourcePattern::parse("gatos://other/**").unwrap();
    assert!(!pattern("a/**").is_within(&elsewhere));
}

#[test]
fn a_pattern_names_repository_and_path() {
    for text in [
        "finance/**",
        "gatos://ledger",
        "gatos:///a",
        "gatos://Ledger/a",
        "gatos://ledger/a b",
        "gatos://ledger/a//b",
        "gatos://ledger/a**",
    ] {
        assert!(ResourcePattern::parse(text).is_err(), "{text}");
    }
    let resource = ResourceUri::parse("gatos://ledger/finance/journal").unwrap();
    assert!(pattern("finance/**").matches(&resource));
    assert!(!pattern("ops/**").matches(&resource));
    assert!(
        !ResourcePattern::parse("gatos://other/**")
            .unwrap()
            .matches(&resource)
    );
    let fixed: Vec<_> = pattern("ops/deploy/x*/y")
        .fixed_segments()
        .map(String::from)
        .collect();
    assert_eq!(fixed, ["ops", "deploy"]);
}

/// All paths of two to four segments over a small alphabet.
fn paths() -> Vec<String> {
    let segments = ["a", "b", "ab", "ba", "aab"];
    let mut paths: Vec<String> = segments
        .iter()
        .map(|segment| String::from(*segment))
        .collect();
    let mut all = Vec::new();
    for _ in 0..3 {
        paths = paths
            .iter()
            .flat_map(|path| {
                segments
                    .iter()
                    .map(move |segment| alloc::format!("{path}/{segment}"))
            })
            .collect();
        all.extend(paths.clone());
    }
    all
}

proptest! {
    #[test]
    fn what_is_within_matches_no_more(
        narrow in "(a|b|\\*|a\\*|\\*b|\\*\\*)(/(a|b|ab|\\*|a\\*|\\*\\*)){0,3}",
        wide in "(a|b|\\*|a\\*|\\*b|\\*\\*)(/(a|b|ab|\\*|a\\*|\\*\\*)){0,3}",
    ) {
        let (narrow, wide) = (pattern(&narrow), pattern(&wide));
        if narrow.is_within(&wide) {
            for path in paths() {
                let resource = ResourceUri::parse(&alloc::format!("gatos://ledger/{path}")).unwrap();
                prop_assert!(!narrow.matches(&resource) || wide.matches(&resource), "{path}");
            }
        }
        prop_assert!(narrow.is_within(&narrow));
        prop_assert!(narrow.is_within(&pattern("**")));
    }
}
