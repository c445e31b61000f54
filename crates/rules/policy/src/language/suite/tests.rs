//! Suites: what is read, what fails with which words, what is covered, which mutants survive.

use super::*;
use crate::language::compile;

const POLICY: &str = r#"rules:
- id: append
  when: { intent: "write", path: "gatos/journal/**" }
  allow_if:
    - "caps includes 'journal:append'"
  deny_if:
    - "labels includes 'private'"
"#;

fn suite(cases: &str) -> Suite {
    let source = format!(
        "policy: append.rgs\nbase: {{intent: write, actor: user:a, caps: [journal:append], labels: [], path: gatos/journal/f}}\ncases:\n{cases}"
    );
    Suite::parse(&source).unwrap_or_else(|findings| panic!("{}\n{source}", findings[0]))
}

fn policy() -> Policy {
    compile(POLICY).expect("valid").policy
}

#[test]
fn cases_pass_or_say_what_differs() {
    for (case, expected) in [
        ("- {expect: allow}", ""),
        ("- {expect: allow, rule: append, audit: false}", ""),
        ("- {expect: deny}", "expected deny, got allow (append)"),
        (
            "- {expect: allow, rule: other}",
            "expected rule `other`, got allow (append)",
        ),
        (
            "- {expect: allow, audit: true}",
            "expected audit true, got false",
        ),
        (
            "- {request: {labels: [private]}, expect: deny, rule: append, reason: deny_rule}",
            "",
        ),
        (
            "- {request: {labels: null}, expect: deny, reason: deny_unknown, unknown: labels}",
            "",
        ),
        (
            "- {request: {labels: null}, expect: deny, reason: deny_rule}",
            "expected reason `deny_rule`, got deny (append, deny_unknown: labels missing)",
        ),
        (
            "- {request: {intent: read}, expect: allow}",
            "expected allow, got deny (default-deny, deny_default)",
        ),
    ] {
        let report = suite(case).run(&policy());
        let found = report
            .failures
            .first()
            .map_or("", |failure| failure.message.as_str());
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn what_is_no_suite_is_refused_at_its_place() {
    for (source, expected) in [
        (
            "",
            "1:1: error[suite]: a suite must be a map, not null (write a map)",
        ),
        (
            "cases: []",
            "1:1: error[suite]: `cases` has 0 items, not 1 to 10000 (write one case at least, or split the suite)",
        ),
        (
            "cases:\n- {request: {intent: read}}",
            "2:3: error[suite]: a case without `expect` (write `expect: allow` or `expect: deny`)",
        ),
        (
            "cases:\n- {request: {intent: read}, expect: maybe}",
            "2:3: error[suite]: `maybe` is no decision (write `expect: allow` or `expect: deny`)",
        ),
        (
            "cases:\n- {request: {intent: look}, expect: deny}",
            "2:13: error[suite]: `intent` must be one of read, write, exec, publish, subscribe, export, govern (see docs/formats/rgs.md for the parts of a request)",
        ),
        (
            "cases:\n- {requests: {}, expect: deny}",
            "2:4: error[unknown-key]: `requests` is not a key of a case (keys are name, request, expect, rule, reason, unknown, audit)",
        ),
    ] {
        let findings = Suite::parse(source).expect_err(source);
        assert_eq!(findings[0].to_string(), expected, "{source}");
    }
}

#[test]
fn coverage_counts_both_outcomes_of_rules_and_lines() {
    let report = suite("- {expect: allow}").run(&policy());
    assert_eq!(
        (report.coverage.seen(), report.coverage.percent()),
        ((5, 10), 50)
    );
    let full = "- {expect: allow}\n- {request: {intent: read}, expect: deny}\n- {request: {caps: []}, expect: deny}\n- {request: {labels: [private]}, expect: deny}";
    let report = suite(full).run(&policy());
    assert_eq!(report.coverage.percent(), 100);
    assert_eq!(report.coverage.missing().count(), 0);
    let unknown = suite("- {request: {labels: null}, expect: deny}").run(&policy());
    let missing: Vec<&str> = unknown.coverage.missing().map(|part| part.kind).collect();
    assert_eq!(missing, ["when", "allows", "denies", "allow_if", "deny_if"]);
}

#[test]
fn mutants_that_no_case_notices_survive() {
    let changes = |cases: &str| -> Vec<String> {
        suite(cases)
            .survivors(&policy())
            .into_iter()
            .map(|mutant| mutant.change)
            .collect()
    };
    assert_eq!(mutants(&policy()).len(), 6);
    assert_eq!(
        changes("- {expect: allow}"),
        [
            "match every path",
            "match every intent",
            "drop `caps includes 'journal:append'` of allow_if",
            "drop `labels includes 'private'` of deny_if"
        ]
    );
    let thorough = "- {expect: allow}\n- {request: {intent: read}, expect: deny}\n- {request: {path: gatos/state}, expect: deny}\n- {request: {caps: []}, expect: deny}\n- {request: {labels: [private]}, expect: deny}";
    assert_eq!(changes(thorough), [""; 0]);
}
