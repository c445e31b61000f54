//! Changes of governance before a policy: what is asked, what an answer means, and who would be locked out.

use std::collections::BTreeSet;

use gatos_policy::governance::{Chain, ChangeOperation, GovernedAction};
use gatos_policy::governing::{can_still_govern, decide, questions};
use gatos_policy::language::{Intent, Policy, Request, compile};
use gatos_values::Actor;

use crate::fixture::{
    actor, board_chain, enrol_actor, extend, grant, install, issue, set_group, set_quorum,
    small_chain,
};

fn policy(rules: &str) -> Policy {
    compile(rules).expect("the policy compiles").policy
}

fn signers(names: &[&str]) -> BTreeSet<Actor> {
    names.iter().map(|name| actor(name)).collect()
}

/// Asks everything about a change, with no capabilities; the actors who are refused.
fn refused(policy: &Policy, chain: &Chain, operation: ChangeOperation, by: &[&str]) -> Vec<String> {
    let trust = chain.trust_snapshot_at(chain.version());
    let (operations, signers) = ([operation], signers(by));
    let asked = questions(chain, &operations, &signers);
    let refused = asked.filter(|question| {
        let resource = question.resource.to_string();
        let request = Request {
            actor: Some(question.actor.as_str()),
            caps: Some(&[]),
            labels: Some(&[]),
            remote: Some("none"),
            epoch: Some(3),
            path: Some("gatos/governance"),
            resource: Some(&resource),
            payload: Some(&question.payload),
            ..Request::new(Intent::Govern, &trust)
        };
        !decide(policy, &request).is_allow()
    });
    refused.map(|question| question.actor.to_string()).collect()
}

#[test]
fn a_question_holds_the_operation_flat_and_who_else_signs() {
    let chain = board_chain();
    let issued = issue(
        &grant(&chain, "user:alice", "service:ci", &["deploy"], "**"),
        1,
    );
    let operations = [install("finance", 7), issued, enrol_actor("user:dave")];
    let signers = signers(&["user:alice", "user:bob"]);
    let asked: Vec<_> = questions(&chain, &operations, &signers).collect();
    let shown = |index: usize, name: &str| {
        let value = asked[index].payload.get(name).cloned();
        value.map(|value| {
            String::from_utf8(gatos_values::json::encode_canonical(&value).expect("it has bytes"))
                .expect("text")
        })
    };
    assert_eq!(asked.len(), 6);
    let rows: [(usize, &str, Option<&str>); 9] = [
        (0, "op", Some("\"fold.install\"")),
        (0, "kind", Some("\"fold\"")),
        (0, "approvals", Some("[\"user:bob\"]")),
        (1, "approvals", Some("[\"user:alice\"]")),
        (2, "kind", Some("\"grant\"")),
        (2, "caps", Some("[\"deploy\"]")),
        (2, "expires_epoch", Some("null")),
        (2, "grant", None),
        (4, "kind", Some("\"trust\"")),
    ];
    for (index, name, expected) in rows {
        assert_eq!(shown(index, name).as_deref(), expected, "{index} {name}");
    }
    let resources: Vec<String> = asked.iter().map(|one| one.resource.to_string()).collect();
    assert_eq!(resources[0], "gatos://ledger/finance/governance");
    assert_eq!(resources[2], "gatos://ledger/governance/change");
    assert_eq!(asked[1].actor, actor("user:bob"));
}

#[test]
fn a_policy_that_says_nothing_of_governance_leaves_it_alone() {
    let chain = board_chain();
    let by = ["user:alice", "user:bob"];
    let rows: [(&str, &[&str]); 6] = [
        // Nothing allows `govern` and nothing denies it.
        ("when: { intent: write }\nallow_if: ['true']\n", &[]),
        // A deny line counts though nothing could allow.
        (
            "when: { intent: govern }\ndeny_if: [\"payload.kind == 'trust'\"]\n",
            &["user:alice", "user:bob"],
        ),
        (
            "when: {}\ndeny_if: [\"payload.amount > 1\"]\n",
            &["user:alice", "user:bob"],
        ),
        ("when: {}\ndeny_if: [\"remote == 'partner'\"]\n", &[]),
        // A rule that could allow makes its default count, for every signer.
        (
            "when: { intent: govern }\nallow_if: [\"actor == 'user:alice'\"]\n",
            &["user:bob"],
        ),
        (
            "when: {}\nallow_if: [\"quorum(payload.approvals, 'governors', 1)\"]\n",
            &[],
        ),
    ];
    for (rules, expected) in rows {
        let found = refused(&policy(rules), &chain, enrol_actor("user:dave"), &by);
        assert_eq!(found, expected, "{rules}");
    }
}

#[test]
fn the_regulated_template_asks_for_two_others_and_for_an_end_of_grants() {
    let chain = board_chain();
    let regulated = policy(include_str!("../../templates/regulated.rgs"));
    let all = ["user:alice", "user:bob", "user:carol"];
    let enrol = || enrol_actor("user:dave");
    assert_eq!(refused(&regulated, &chain, enrol(), &all[..2]), all[..2]);
    assert!(refused(&regulated, &chain, enrol(), &all).is_empty());
    let without_end = issue(
        &grant(&chain, "user:alice", "service:ci", &["deploy"], "**"),
        1,
    );
    assert_eq!(refused(&regulated, &chain, without_end, &all), all);
    let mut given = grant(&chain, "user:alice", "service:ci", &["deploy"], "**");
    given.expires_epoch = Some(103);
    assert!(refused(&regulated, &chain, issue(&given, 1), &all).is_empty());
    given.expires_epoch = Some(104);
    assert_eq!(refused(&regulated, &chain, issue(&given, 1), &all), all);
}

#[test]
fn who_could_never_change_it_again_is_known_beforehand() {
    let capability = "when: { intent: govern }\nallow_if: [\"has_cap('govern')\"]\n";
    let rows: [(&str, bool, bool); 6] = [
        // Policy, whether one governor could go on, whether a board of three could.
        ("when: { intent: write }\nallow_if: ['true']\n", true, true),
        (capability, false, false),
        (
            "when: { intent: govern }\nallow_if: [\"quorum(payload.approvals, 'governors', 2)\"]\n",
            false,
            true,
        ),
        // Two of the board are enough for its threshold.
        (
            "when: { intent: govern }\nallow_if: [\"actor in ['user:alice', 'user:bob']\"]\n",
            true,
            true,
        ),
        (
            "when: { intent: govern }\nallow_if: [\"actor == 'user:alice'\"]\n",
            true,
            false,
        ),
        (
            "when: {}\ndeny_if: [\"payload.amount > 1\"]\n",
            false,
            false,
        ),
    ];
    for (rules, one, board) in rows {
        let policy = policy(rules);
        assert_eq!(can_still_govern(&small_chain(), &policy), one, "{rules}");
        assert_eq!(can_still_govern(&board_chain(), &policy), board, "{rules}");
    }

    // A grant of the capability opens the door, and one that ends does not.
    let capability = policy(capability);
    for (expires_epoch, expected) in [(Some(9), false), (None, true)] {
        let mut chain = small_chain();
        let mut given = grant(&chain, "user:alice", "user:alice", &["govern"], "**");
        given.expires_epoch = expires_epoch;
        extend(&mut chain, vec![issue(&given, 1)], &[1]);
        assert_eq!(can_still_govern(&chain, &capability), expected);
    }

    // Who must agree by a quorum rule is asked as well.
    let mut chain = small_chain();
    let changes = vec![
        set_group("review", &["user:bob"]),
        set_quorum(GovernedAction::Policy, "1 of review and 1 of governors"),
    ];
    extend(&mut chain, changes, &[1, 2]);
    let alone = policy("when: { intent: govern }\nallow_if: [\"actor == 'user:alice'\"]\n");
    assert!(!can_still_govern(&chain, &alone));
    let both =
        policy("when: { intent: govern }\nallow_if: [\"actor in ['user:alice', 'user:bob']\"]\n");
    assert!(can_still_govern(&chain, &both));
}
