//! Which language a document has, and that no word is left without a line.

use super::*;
use std::collections::BTreeSet;

#[test]
fn documents_have_the_language_of_their_name_or_content() {
    for (language_id, path, text, expected) in [
        (
            "plaintext",
            "file:///a/finance.rgs",
            "",
            Some("gatos policy"),
        ),
        ("gatos-policy", "untitled:1", "", Some("gatos policy")),
        (
            "yaml",
            "file:///a/x.yaml",
            "version: 1\nreducers: []\n",
            Some("gatos fold"),
        ),
        ("gatos-fold", "untitled:1", "", Some("gatos fold")),
        ("yaml", "file:///a/ci.yaml", "jobs:\n  reducers: 1\n", None),
        ("lua", "file:///a/x.lua", "", None),
    ] {
        let found = of(language_id, path, text).map(Language::name);
        assert_eq!(found, expected, "{language_id} {path}");
    }
}

/// The compiler lists its kinds when none is near.
#[test]
fn every_kind_of_reducer_has_a_line() {
    let source = "version: 1\nreducers: [{kind: zzzzzzzz}]\nemit: []\n";
    let findings = fold::Folds.findings(source);
    let unknown = findings
        .iter()
        .find(|finding| finding.rule == "unknown-kind")
        .expect("it is unknown");
    let listed = unknown
        .hint
        .strip_prefix("known here: ")
        .expect("no kind is near");
    let listed: BTreeSet<&str> = listed.split(", ").collect();
    assert_eq!(listed, words::KINDS.iter().map(|(name, _)| *name).collect());
}

fn hover(language: &dyn Language, text: &str, line: u32, column: u32) -> String {
    let source = Source::new(text.to_owned());
    let found = language.hover(&source, Position { line, column });
    found.map_or_else(
        || "-".to_owned(),
        |hover| {
            format!(
                "{}:{} {}",
                hover.span.start.column, hover.span.end.column, hover.markdown
            )
        },
    )
}

#[test]
fn hovers_tell_words_from_texts_and_members() {
    let text = "when: { intent: write }\nallow_if:\n  - \"has_cap('caps') and payload.actor == 'x' or trust[actor].level > 1\"\n  - \"len(labels) \\u003c 4\"\n";
    for (line, column, expected) in [
        (3, 6, "6:13 `has_cap(c)`: short for `caps includes c`."),
        (3, 16, "-"),
        (
            3,
            23,
            "22:25 `a and b`: Kleene's and. False and unknown is false.",
        ),
        (3, 35, "-"),
        (4, 7, "-"),
        (1, 18, "17:22 `write`: append events."),
        (
            2,
            3,
            "1:9 Lines that must all be true for the rule to allow. A rule without them never allows.",
        ),
        (9, 1, "-"),
    ] {
        let found = hover(&policy::Policies, text, line, column);
        assert_eq!(found, expected, "{line}:{column}");
    }
    let level = u32::try_from(
        text.lines()
            .nth(2)
            .and_then(|line| line.find("level"))
            .expect("it is there"),
    )
    .expect("short");
    assert!(hover(&policy::Policies, text, 3, level + 2).contains("`trust[actor].level`: "));
}

#[test]
fn rules_without_an_id_show_the_one_they_get() {
    let text = "rules:\n  - when: {}\n    allow_if: [\"true\"]\n  - id: b\n    when: {intent: [read, export]}\n    deny_if: [\"epoch > 1\"]\n    audit: true\n";
    let found = hover(&policy::Policies, text, 2, 6);
    assert!(
        found.contains("Rule `auto-") && found.contains("every intent"),
        "{found}"
    );
    let found = hover(&policy::Policies, text, 4, 9);
    assert!(
        found.contains("Rule `b`: `read`, `export`, audited\n\nCost: at most "),
        "{found}"
    );
    let symbols = policy::Policies.symbols(&Source::new(text.to_owned()));
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    assert!(
        names[0].starts_with("auto-") && names[1] == "b",
        "{names:?}"
    );
    assert_eq!(symbols[1].detail, "denies, audits");
    assert_eq!(symbols[0].span.end.line, 3);
}

#[test]
fn sources_that_are_no_yaml_have_no_outline() {
    for text in ["", "[", "a: [1\nb: 2", "- - - -", "\0"] {
        let source = Source::new(text.to_owned());
        for language in LANGUAGES {
            assert!(
                language.hover(&source, Position::START).is_none(),
                "{text:?}"
            );
            assert!(language.symbols(&source).is_empty(), "{text:?}");
            assert!(
                language.definition(&source, Position::START).is_none(),
                "{text:?}"
            );
            assert!(language.format(&source).is_none(), "{text:?}");
            assert!(!language.findings(text).is_empty(), "{text:?}");
        }
    }
}
