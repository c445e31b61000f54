//! Equivalences that must be proved.

use super::finds::{allow, policy};
use gatos_policy::analysis::{Verdict, compare};
use gatos_policy::language::Policy;
use gatos_values::roots::EMPTY_POLICY_BYTES;

#[test]
fn the_same_in_other_words_is_proved() {
    for (first, second) in [
        ("epoch < 5", "not (epoch >= 5)"),
        ("epoch < 5", "epoch <= 4"),
        ("epoch * 2 + 1 > 9", "epoch > 4"),
        ("trust[actor].level > 1", "trust[actor].level >= 2"),
        (
            "caps includes 'a' or caps includes 'b'",
            "any_of(caps, ['b', 'a'])",
        ),
        (
            "caps includes 'a' and caps includes 'b'",
            "all_of(caps, ['a', 'b'])",
        ),
        ("len(labels) == 0", "len(labels) < 1"),
        (
            "remote in ['none', 'internal']",
            "remote == 'none' or remote == 'internal'",
        ),
        (
            "path starts_with 'gatos/' and path matches_glob '*/*'",
            "path matches_glob 'gatos/*'",
        ),
        (
            "in_cidr(remote_addr, '10.0.0.0/8')",
            "in_cidr(remote_addr, '10.0.0.0/9') or in_cidr(remote_addr, '10.128.0.0/9')",
        ),
        ("lower(actor) == 'a'", "actor in ['a', 'A']"),
        ("payload.n > 3", "payload.n >= 3 and payload.n != 3"),
        ("payload.ok", "payload.ok == true"),
        (
            "quorum(payload.l, 'g', 2)",
            "quorum(payload.l, 'g', 2) and quorum(payload.l, 'g', 1)",
        ),
        ("intent == 'read' or intent != 'read'", "true"),
        ("actor == payload.owner", "payload.owner == actor"),
        (
            "payload.l includes actor and epoch < 3",
            "not (epoch >= 3 or not (payload.l includes actor))",
        ),
        ("actor < 'b' or actor >= 'b'", "actor == actor"),
    ] {
        let verdict = compare(&allow(&[first]), &allow(&[second]));
        assert_eq!(verdict, Verdict::Equivalent, "{first} | {second}");
    }
}

/// A deny line fires on unknown, an allow line does not hold: what differs only where something is missing differs.
#[test]
fn a_missing_part_is_seen() {
    let with = |line: &str| {
        policy(&format!(
            "{{id: a, when: {{}}, allow_if: ['true'], deny_if: [\"{line}\"]}}"
        ))
    };
    let tautology = with("not (epoch < 5 or epoch >= 5)");
    assert!(matches!(
        compare(&tautology, &allow(&["true"])),
        Verdict::Differs(_)
    ));
    assert_eq!(
        compare(&tautology, &allow(&["epoch == epoch"])),
        Verdict::Equivalent
    );
}

#[test]
fn rules_may_be_split_joined_and_turned_round() {
    let one = policy(
        "rules:\n\
         - {id: a, when: {intent: [read, write], path: 'gatos/**'}, allow_if: [\"caps includes 'x'\", \"epoch > 1\"]}\n\
         - {id: b, when: {}, deny_if: [\"labels contains 'p'\", \"remote == 'y'\"]}\n",
    );
    let other = policy(
        "rules:\n\
         - {id: z, when: {}, deny_if: [\"remote == 'y'\"]}\n\
         - {id: w, when: {intent: write, path: 'gatos/**'}, allow_if: [\"caps includes 'x' and epoch > 1\"]}\n\
         - {id: q, when: {}, deny_if: [\"labels contains 'p'\"]}\n\
         - {id: r, when: {intent: read, path: ['gatos', 'gatos/*', 'gatos/*/**']}, allow_if: [\"epoch >= 2\", \"has_cap('x')\"]}\n",
    );
    assert_eq!(compare(&one, &other), Verdict::Equivalent);
}

#[test]
fn the_empty_policy_is_compared_like_any_other() {
    let empty = Policy::decode(EMPTY_POLICY_BYTES).expect("published");
    assert_eq!(compare(&empty, &empty), Verdict::Equivalent);
    let known = allow(&["trust[actor].level == trust[actor].level"]);
    assert_eq!(compare(&empty, &known), Verdict::Equivalent);
    assert!(matches!(
        compare(&empty, &allow(&["true"])),
        Verdict::Differs(_)
    ));
}

/// Twenty rules, each about its own namespace, capability and level, and a copy with the rules turned round.
#[test]
fn twenty_rules_are_proved() {
    let source = |numbers: &mut dyn Iterator<Item = usize>| {
        let mut source = String::from("rules:\n");
        for number in numbers {
            source.push_str(&format!(
                "- id: r{number}\n  when: {{intent: write, path: 'gatos/journal/ns{number}/**'}}\n  \
                 allow_if: [\"caps includes 'c{number}'\", \"trust[actor].level >= {number}\"]\n  \
                 deny_if: [\"labels contains 'l{number}' and remote != 'internal'\"]\n",
            ));
        }
        source
    };
    let (up, down) = (
        policy(&source(&mut (0..20))),
        policy(&source(&mut (0..20).rev())),
    );
    assert_eq!(compare(&up, &down), Verdict::Equivalent);
    let fewer = policy(&source(&mut (1..20)));
    assert!(matches!(compare(&up, &fewer), Verdict::Differs(_)));
}
