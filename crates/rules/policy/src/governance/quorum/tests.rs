//! Quorum rules: their one text, and "met" beside a count over all subsets of approvers.

use alloc::collections::BTreeSet;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use gatos_values::{Actor, DottedName};
use proptest::prelude::*;

use super::QuorumRule;

fn actors(names: &[&str]) -> Vec<Actor> {
    names
        .iter()
        .map(|name| Actor::parse(&alloc::format!("user:{name}")).unwrap())
        .collect()
}

struct Groups {
    dev: Vec<Actor>,
    security: Vec<Actor>,
}

fn groups() -> Groups {
    Groups {
        dev: actors(&["ann", "bob", "cyd"]),
        security: actors(&["cyd", "dan"]),
    }
}

fn is_met(rule: &str, approvers: &[&str]) -> bool {
    let (groups, approvers) = (groups(), actors(approvers));
    let members = |group: &DottedName| match group.as_str() {
        "dev" => &groups.dev[..],
        "security" => &groups.security[..],
        _ => &[],
    };
    let approvers: BTreeSet<&Actor> = approvers.iter().collect();
    QuorumRule::parse(rule)
        .unwrap()
        .is_met(&approvers, &members)
}

#[test]
fn rules_count_members() {
    let both = "2 of dev and 1 of security";
    assert!(is_met(both, &["ann", "bob", "dan"]));
    assert!(is_met(both, &["ann", "cyd"]), "cyd counts in both groups");
    assert!(!is_met(both, &["ann", "bob"]));
    assert!(!is_met(both, &["ann", "dan"]));
    assert!(!is_met("1 of nobody", &["ann", "bob", "cyd", "dan"]));
    assert!(is_met("user:zoe or 1 of dev", &["bob"]));
    assert!(is_met("user:zoe or 1 of dev", &["zoe"]));
    let two = "2 of (1 of dev, 1 of security, user:zoe)";
    assert!(is_met(two, &["ann", "zoe"]));
    assert!(!is_met(two, &["zoe"]));
    assert!(is_met(
        "(user:ann or user:bob) and user:dan",
        &["bob", "dan"]
    ));
}

#[test]
fn what_is_no_rule_is_refused_with_its_place() {
    let cases = [
        ("", 0),
        ("dev", 0),
        ("0 of dev", 0),
        ("01 of dev", 0),
        ("2 dev", 1),
        ("2 of Dev", 5),
        ("2 of dev ", 8),
        ("2 of dev and", 8),
        ("1 of a and 1 of b or 1 of c", 17),
        ("(1 of dev)", 9),
        ("1 of (1 of dev)", 15),
        ("3 of (1 of dev, user:ann)", 25),
        ("99999999999999999999 of dev", 0),
        ("1 of dev,1 of ops", 8),
    ];
    for (text, offset) in cases {
        let error = QuorumRule::parse(text).unwrap_err();
        assert_eq!(error.offset, offset, "{text}: {error}");
    }
    let deep = |depth: usize| {
        let open = "(user:a and ".repeat(depth);
        alloc::format!("{open}user:b{}", ")".repeat(depth))
    };
    assert!(QuorumRule::parse(&deep(8)).is_ok());
    assert!(QuorumRule::parse(&deep(9)).is_err());
    assert!(QuorumRule::parse(&"1 of dev and ".repeat(200)).is_err());
}

fn any_rule() -> impl Strategy<Value = QuorumRule> {
    let group = prop_oneof![Just("dev"), Just("security"), Just("of"), Just("and")];
    let leaf = prop_oneof![
        (1..4u64, group).prop_map(|(count, group)| QuorumRule::Members {
            count,
            group: DottedName::parse(group).unwrap()
        }),
        prop_oneof![Just("user:ann"), Just("user:dan")]
            .prop_map(|name| QuorumRule::Actor(Actor::parse(name).unwrap())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let many = || proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            many().prop_map(QuorumRule::All),
            many().prop_map(QuorumRule::Any),
            (1..3u64, many()).prop_map(|(count, rules)| QuorumRule::Some { count, rules }),
        ]
    })
}

proptest! {
    #[test]
    fn a_rule_has_one_text(rule in any_rule()) {
        let text = rule.to_string();
        prop_assert_eq!(QuorumRule::parse(&text), Ok(rule));
    }

    #[test]
    fn parsing_accepts_only_what_is_printed(text in "[0-9a-z:(), ]{0,40}") {
        if let Ok(rule) = QuorumRule::parse(&text) {
            prop_assert_eq!(rule.to_string(), text);
        }
    }

    #[test]
    fn more_approvers_never_unmeet_a_rule(rule in any_rule(), mask in 0..16u32, more in 0..16u32) {
        let names = ["ann", "bob", "cyd", "dan"];
        let pick = |mask: u32| -> Vec<&str> {
            (0..4).filter(|bit| mask & (1 << bit) != 0).map(|bit| names[bit]).collect()
        };
        let text = rule.to_string();
        if is_met(&text, &pick(mask)) {
            prop_assert!(is_met(&text, &pick(mask | more)));
        }
    }
}
