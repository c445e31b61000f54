//! Warnings of the analysis with their places.

use gatos_policy::analysis::{KnownNames, LINTS, lint};
use gatos_policy::language::compile;
use std::collections::BTreeSet;

fn warnings(source: &str, known: &KnownNames) -> Vec<String> {
    let compiled = match compile(source) {
        Ok(compiled) => compiled,
        Err(findings) => panic!("{}\n{source}", findings[0]),
    };
    let found = lint(&compiled, known);
    for finding in &found {
        assert!(
            LINTS.iter().any(|(id, _)| *id == finding.rule),
            "{}",
            finding.rule
        );
        assert!(!finding.hint.is_empty());
    }
    let shown = found.iter();
    shown
        .map(|finding| {
            format!(
                "{}:{} {}: {}",
                finding.line, finding.column, finding.rule, finding.message
            )
        })
        .collect()
}

fn check(source: &str, expected: &[&str]) {
    assert_eq!(
        warnings(source, &KnownNames::default()),
        expected,
        "{source}"
    );
}

#[test]
fn what_is_fine_is_left_alone() {
    check(
        "rules:\n\
         - id: a\n  when: {intent: write, path: 'gatos/journal/**'}\n  allow_if: [\"caps includes 'x'\"]\n  \
         deny_if: [\"labels contains 'p'\"]\n  reason: no\n\
         - id: b\n  when: {intent: read}\n  allow_if: [\"trust[actor].level > 1\"]\n",
        &[],
    );
}

#[test]
fn each_warning_has_its_place() {
    check(
        "id: a\nwhen: {}\nallow_if:\n  - \"epoch < 3\"\n  - \"epoch > 5\"\n",
        &["4:5 never-allows: the lines of rule `a` are never true together"],
    );
    check(
        "id: a\nwhen: {}\nallow_if:\n  - \"caps includes 'x'\"\n  - \"actor starts_with 'a' and actor == 'b'\"\n",
        &[
            "5:5 constant-clause: `actor starts_with 'a' and actor == 'b'` is never true, so the rule never allows",
        ],
    );
    check(
        "id: a\nwhen: {intent: read}\nallow_if:\n  - \"intent != 'write'\"\n  - \"epoch > 5\"\n",
        &["4:5 constant-clause: `intent != 'write'` is true for whatever `when` matches"],
    );
    check(
        "id: a\nwhen: {intent: read}\ndeny_if: [\"intent == 'write'\"]\nreason: x\n",
        &["3:11 constant-clause: `intent == 'write'` never denies what `when` matches"],
    );
    check(
        "id: a\nwhen: {path: 'gatos/x'}\ndeny_if: [\"path starts_with 'gatos/'\"]\nreason: x\n",
        &["3:11 constant-clause: `path starts_with 'gatos/'` denies whatever `when` matches"],
    );
    check(
        "id: a\nwhen: {intent: [read, export]}\nallow_if: ['true']\n",
        &["1:1 allow-all: rule `a` allows every read and export, whoever asks"],
    );
    check(
        "id: a\nwhen: {}\nallow_if: ['true']\ndeny_if: [\"epoch > 4\"]\n",
        &[
            "1:1 deny-without-reason: rule `a` denies and does not say why",
            "1:1 allow-all: rule `a` allows everything, whoever asks",
        ],
    );
}

#[test]
fn a_rule_in_the_shadow_of_another_is_named() {
    check(
        "rules:\n\
         - {id: a, when: {path: 'gatos/x/**'}, allow_if: [\"caps includes 'x'\"]}\n\
         - {id: b, when: {path: 'gatos/**'}, deny_if: [\"path starts_with 'gatos/x'\"], reason: closed}\n",
        &["2:3 shadowed: whatever rule `a` allows is denied by rule `b`"],
    );
    check(
        "rules:\n\
         - {id: a, when: {}, allow_if: [\"epoch < 9\"]}\n\
         - {id: b, when: {}, deny_if: [\"epoch < 5\"], reason: early}\n\
         - {id: c, when: {}, deny_if: [\"epoch > 3\"], reason: late}\n",
        &["2:3 shadowed: whatever rule `a` allows is denied by several rules together"],
    );
    check(
        "{id: a, when: {}, allow_if: [\"epoch < 9\"], deny_if: [\"epoch < 20\"], reason: x}\n",
        &["1:1 shadowed: whatever rule `a` allows is denied by its own `deny_if`"],
    );
}

#[test]
fn names_are_checked_against_a_list_if_there_is_one() {
    let set = |names: &[&str]| {
        Some(
            names
                .iter()
                .map(ToString::to_string)
                .collect::<BTreeSet<_>>(),
        )
    };
    let known = KnownNames {
        capabilities: set(&["journal:append", "bus:read"]),
        labels: set(&["private"]),
    };
    let source = "id: a\nwhen: {}\nallow_if:\n  - \"caps includes 'journal:apend'\"\n  - \"labels any_of ['private', 'secret'] or has_cap('bus:read')\"\n";
    assert_eq!(
        warnings(source, &known),
        [
            "4:5 unknown-capability: `journal:apend` is no capability of this repository",
            "5:5 unknown-label: `secret` is no label of this repository",
        ]
    );
    assert_eq!(warnings(source, &KnownNames::default()), [""; 0]);
}
