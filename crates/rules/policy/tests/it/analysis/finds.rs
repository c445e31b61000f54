//! Differences that must be found, and what cannot be decided and says so.

use gatos_policy::analysis::{
    Answer, Condition, Demand, Verdict, allowed, compare, compare_audits, implies,
};
use gatos_policy::language::{Expression, Intent, IntentSet, Policy, compile};
use gatos_values::json;

pub fn policy(source: &str) -> Policy {
    match compile(source) {
        Ok(compiled) => compiled.policy,
        Err(findings) => panic!("{}\n{source}", findings[0]),
    }
}

/// A policy of one rule with these lines.
pub fn allow(lines: &[&str]) -> Policy {
    let quoted: Vec<String> = lines.iter().map(|line| format!("\"{line}\"")).collect();
    policy(&format!(
        "id: a\nwhen: {{}}\nallow_if: [{}]\n",
        quoted.join(", ")
    ))
}

/// The line as it is compiled.
pub fn line(text: &str) -> Expression {
    allow(&[text]).rules()[0]
        .allow_if
        .clone()
        .expect("lines")
        .remove(0)
}

/// The request of a counterexample as JSON, or the word of the verdict.
fn shown(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Equivalent => "equivalent".to_string(),
        Verdict::Undecided(_) => "undecided".to_string(),
        Verdict::Differs(found) => {
            let bytes = json::encode_canonical(&found.request.to_value()).expect("no bytes");
            String::from_utf8(bytes).expect("UTF-8")
        }
    }
}

#[test]
fn a_difference_is_a_small_request() {
    for (first, second, expected) in [
        (
            "caps includes 'a'",
            "caps includes 'b'",
            r#"{"caps":["b"],"intent":"read"}"#,
        ),
        ("epoch < 5", "epoch <= 5", r#"{"epoch":5,"intent":"read"}"#),
        (
            "trust[actor].level >= 2",
            "trust[actor].level >= 3",
            r#"{"actor":"user:alice","intent":"read","trust":{"user:alice":{"groups":[],"level":2}}}"#,
        ),
        (
            "payload.amount < 100",
            "payload.amount <= 100",
            r#"{"intent":"read","payload":{"amount":100}}"#,
        ),
        (
            "in_cidr(remote_addr, '10.0.0.0/8')",
            "in_cidr(remote_addr, '10.0.0.0/9')",
            r#"{"intent":"read","remote_addr":"10.128.0.0"}"#,
        ),
        (
            "quorum(payload.ok, 'dev', 2)",
            "quorum(payload.ok, 'dev', 1)",
            r#"{"intent":"read","payload":{"ok":["user:dev-1"]},"trust":{"user:dev-1":{"groups":["dev"],"level":1}}}"#,
        ),
    ] {
        assert_eq!(
            shown(&compare(&allow(&[first]), &allow(&[second]))),
            expected,
            "{first} | {second}"
        );
    }
}

#[test]
fn relations_between_parts_are_found_and_named_when_they_are_not_decided() {
    let found = compare(
        &allow(&["actor == payload.owner"]),
        &allow(&["actor != payload.owner"]),
    );
    assert!(matches!(found, Verdict::Differs(_)), "{found:?}");
    let found = compare(
        &allow(&["payload.a < payload.b"]),
        &allow(&["payload.a <= payload.b"]),
    );
    assert!(matches!(found, Verdict::Differs(_)), "{found:?}");
    // The same relation, written the other way round.
    let same = compare(
        &allow(&["payload.a < payload.b"]),
        &allow(&["not (payload.b <= payload.a)"]),
    );
    assert_eq!(same, Verdict::Equivalent);
    // True, but nothing here knows that a sum is greater than its parts.
    let sums = compare(
        &allow(&["payload.a > 0 and payload.b > 0 and payload.a + payload.b <= 1 and payload.c"]),
        &allow(&["payload.a > 0 and payload.b > 0 and payload.a + payload.b <= 0 and payload.c"]),
    );
    assert!(
        matches!(&sums, Verdict::Differs(_) | Verdict::Undecided(_)),
        "{sums:?}"
    );
    let never = compare(
        &allow(&[
            "payload.a > 5",
            "payload.b > 5",
            "payload.a + payload.b < 5",
        ]),
        &allow(&["false"]),
    );
    let Verdict::Undecided(undecided) = &never else {
        panic!("{never:?}");
    };
    let lines: Vec<&str> = undecided
        .clauses
        .iter()
        .map(|clause| clause.line.as_str())
        .collect();
    assert_eq!(lines, ["payload.a + payload.b < 5"]);
}

#[test]
fn one_side_of_a_difference_can_be_asked() {
    let (narrow, wide) = (
        allow(&["caps includes 'a'", "epoch > 3"]),
        allow(&["caps includes 'a'"]),
    );
    assert_eq!(implies(&wide, &narrow), Verdict::Equivalent);
    let Verdict::Differs(found) = implies(&narrow, &wide) else {
        panic!("the wide one allows more");
    };
    assert!(!found.decisions[0].is_allow() && found.decisions[1].is_allow());
}

#[test]
fn a_policy_is_asked_whether_it_ever_allows() {
    let policy = policy(
        "rules:\n\
         - {id: a, when: {intent: [read, write]}, allow_if: [\"actor starts_with 'user:'\"]}\n\
         - {id: b, when: {intent: export}, allow_if: [\"caps includes 'export'\"], deny_if: [\"remote != 'internal'\"]}\n",
    );
    let export = |lines: Vec<(Expression, Demand)>| Condition {
        intents: IntentSet::NONE.with(Intent::Export),
        lines,
    };
    let answer = allowed(
        &policy,
        &export(vec![(line("remote == 'internal'"), Demand::NotTrue)]),
    );
    assert_eq!(answer, Answer::Never);
    let answer = allowed(
        &policy,
        &export(vec![(line("remote == 'internal'"), Demand::True)]),
    );
    assert!(matches!(answer, Answer::Example(_)), "{answer:?}");
    let govern = Condition {
        intents: IntentSet::NONE.with(Intent::Govern),
        lines: Vec::new(),
    };
    assert_eq!(allowed(&policy, &govern), Answer::Never);
}

#[test]
fn records_are_compared_apart_from_verdicts() {
    let with = policy("{id: a, when: {path: 'gatos/**'}, allow_if: [\"epoch > 1\"], audit: true}");
    let without = policy("{id: a, when: {path: 'gatos/**'}, allow_if: [\"epoch > 1\"]}");
    assert_eq!(compare(&with, &without), Verdict::Equivalent);
    assert!(matches!(
        compare_audits(&with, &without),
        Verdict::Differs(_)
    ));
}

#[test]
fn no_allow_that_takes_more_than_the_bound_is_called_equivalent() {
    let line = |sign: &str| {
        let parts = (0..40).map(|number| format!("payload.t contains '{number}-{number}'"));
        format!(
            "({}) and epoch {sign} 7",
            parts.collect::<Vec<_>>().join(" or ")
        )
    };
    let verdict = compare(&allow(&[&line("<")]), &allow(&[&line("<=")]));
    assert_ne!(verdict, Verdict::Equivalent);
}
