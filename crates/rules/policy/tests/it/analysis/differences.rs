//! Differences as documents, and what becomes of policies that are too large together.

use super::finds::{allow, policy};
use gatos_policy::analysis::{
    Difference, Effort, KnownNames, Part, TOO_LARGE, Verdict, implies, lint_within,
};
use gatos_policy::language::{Policy, compile};
use gatos_values::json;
use std::fmt::Write;

fn document(difference: &Difference) -> String {
    let bytes = json::encode_canonical(&difference.to_value()).expect("no bytes in it");
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn each_direction_has_its_own_answer() {
    let (narrow, wide) = (allow(&["epoch > 3"]), allow(&["epoch > 2"]));
    let wider = Difference::between(&narrow, &wide);
    assert_eq!(wider.word(), "differs");
    assert_eq!(wider.newly_denied, Verdict::Equivalent);
    assert_eq!(
        document(&wider),
        r#"{"newly_allowed":{"answer":"example","decisions":[{"audit":false,"kind":"decision","reason":{"code":"deny_default"},"rule":"default-deny","rules":[],"v":1,"verdict":"deny"},{"audit":false,"kind":"decision","rules":["a"],"v":1,"verdict":"allow"}],"request":{"epoch":3,"intent":"read"}},"newly_denied":{"answer":"nothing"},"records":{"answer":"nothing"},"verdict":"differs"}"#
    );
    // The decisions stay in the order of the policies, whichever way the question was put.
    let narrower = Difference::between(&wide, &narrow);
    let Verdict::Differs(found) = narrower.verdict(Part::NewlyDenied) else {
        panic!("{narrower:?}");
    };
    assert!(found.decisions[0].is_allow() && !found.decisions[1].is_allow());
    assert_eq!(narrower.newly_allowed, Verdict::Equivalent);
}

#[test]
fn an_undecided_line_is_named_with_its_policy() {
    let ring = [
        "payload.a < payload.b",
        "payload.b < payload.c",
        "payload.c < payload.a",
    ];
    let closed = allow(&["false"]);
    for (first, second, part, number) in [
        (&closed, &allow(&ring), Part::NewlyAllowed, 1),
        (&allow(&ring), &closed, Part::NewlyDenied, 0),
    ] {
        let difference = Difference::between(first, second);
        assert_eq!(difference.word(), "undecided");
        let Verdict::Undecided(undecided) = difference.verdict(part) else {
            panic!("{difference:?}");
        };
        let clauses = undecided.clauses.iter();
        let named: Vec<(usize, &str)> = clauses
            .map(|clause| (clause.policy, clause.line.as_str()))
            .collect();
        assert_eq!(named, ring.map(|line| (number, line)));
    }
}

/// So many names that no diagram of them fits; the first rule stands alone or not at all.
fn large(has_first: bool) -> (String, Policy) {
    let mut source = String::from("rules:\n");
    for number in usize::from(!has_first)..1024 {
        writeln!(
            source,
            "- {{id: r{number:04}, when: {{}}, allow_if: [\"caps includes 'c{number}' and labels includes 'l{number}'\"]}}"
        )
        .expect("a string");
    }
    let compiled = policy(&source);
    (source, compiled)
}

#[test]
fn what_is_too_large_is_still_told_apart_by_single_rules() {
    let ((source, all), (_, fewer)) = (large(true), large(false));
    let Verdict::Differs(found) = implies(&fewer, &all) else {
        panic!("the first rule allows what the others do not");
    };
    assert!(!found.decisions[0].is_allow() && found.decisions[1].is_allow());
    let compiled = compile(&source).expect("it compiles");
    let findings = lint_within(&compiled, &KnownNames::default(), Effort::QUICK);
    let rules: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [TOO_LARGE]);
    // The same bytes decide alike, whatever their size.
    assert!(Difference::between(&all, &all).is_equivalent());
}
