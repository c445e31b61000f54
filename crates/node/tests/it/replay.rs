//! Replays: events and refusals decided again, in their own time, and what no record holds.

use gatos_node::audit::AuditRequest;
use gatos_node::replay::ReplayReport;
use gatos_node::{Acknowledgement, Intent, Node};
use gatos_policy::audit::{Answer, Door};
use gatos_policy::language::{self, Policy, compile};
use gatos_policy::replay::Turn;
use gatos_values::roots::EMPTY_FOLD_ROOT;
use gatos_values::{EventId, Text};

use crate::gate::{activate, grant};
use crate::world::{World, actor, intent, ns};

const POLICY: &str = "version: 1
rules:
  - id: append
    when: { intent: \"write\", path: \"gatos/journal/ops/**\" }
    allow_if: [\"caps includes 'journal:append'\"]
    audit: true
  - id: large
    when: { path: \"gatos/journal/ops/**\" }
    deny_if: [\"payload.amount > 100\"]
";

fn policy(source: &str) -> Policy {
    compile(source).expect("the policy compiles").policy
}

fn amount(amount: &str) -> Intent {
    let mut one = intent("ops", "payment", &format!(r#"{{"amount":{amount}}}"#));
    one.caps = vec![Text::from_ascii("journal:append")];
    one
}

fn append(node: &Node, one: Intent) -> bool {
    node.append(&[one], Acknowledgement::Visible).is_ok()
}

fn replayed(node: &Node, source: &str) -> ReplayReport {
    node.what_if(&policy(source), None, &mut |_| {})
        .expect("a replay")
}

fn counts(report: &ReplayReport) -> [u64; 4] {
    [
        report.same_count,
        report.newly_allowed_count,
        report.newly_denied_count,
        report.untold_count,
    ]
}

/// Two events that were let in, one under a grant that has ended since, and two that were refused.
fn scene(world: &World) -> Node {
    let node = world.node();
    activate(&node, POLICY);
    grant(&node, Some(1));
    assert!(append(&node, amount("5")) && append(&node, amount("50")));
    assert!(!append(&node, amount("500")));
    let mut unclaimed = amount("1");
    unclaimed.caps.clear();
    assert!(!append(&node, unclaimed));
    node.epoch_new(&ns("ops"), &mut |_| {}).expect("sealed");
    node
}

#[test]
fn the_same_rules_under_other_names_change_nothing() {
    let world = World::new();
    let node = scene(&world);
    let report = replayed(&node, &POLICY.replace("id: large", "id: huge"));
    assert_eq!(counts(&report), [4, 0, 0, 0], "{report:?}");
    assert_eq!((report.event_count, report.record_count), (2, 2));
    assert!(report.is_unchanged() && report.changes.is_empty());
    // The very policy, too.
    assert_eq!(counts(&replayed(&node, POLICY)), [4, 0, 0, 0]);
}

#[test]
fn events_are_asked_about_as_of_their_own_time() {
    let world = World::new();
    let node = scene(&world);
    // Epoch 0, though the namespace is in epoch 1 now and the grant has ended.
    let early = POLICY.replace("'journal:append'\"", "'journal:append'\", \"epoch == 0\"");
    assert_eq!(counts(&replayed(&node, &early)), [4, 0, 0, 0]);
    let late = POLICY.replace("'journal:append'\"", "'journal:append'\", \"epoch == 1\"");
    let report = replayed(&node, &late);
    assert_eq!(counts(&report), [2, 0, 2, 0]);
    assert_eq!(report.changes.len(), 1, "one actor, one path, one rule");
    assert_eq!(report.changes[0].count, 2);
    assert_eq!(report.changes[0].before, "allow (append)");
    // Nobody was in a group at that version, though somebody is now.
    let ops = vec![actor("user:alice")];
    let group = gatos_policy::governance::ChangeOperation::GroupSet {
        group: "ops".parse().expect("a name"),
        members: ops,
    };
    node.govern(vec![group]).expect("a group");
    let grouped = POLICY.replace(
        "\"caps includes 'journal:append'\"",
        "\"trust[actor].groups includes 'ops'\"",
    );
    assert_eq!(replayed(&node, &grouped).newly_denied_count, 2);
}

#[test]
fn a_refusal_is_decided_by_what_its_record_holds() {
    let world = World::new();
    let node = scene(&world);
    // Whoever asks, unless it is large: the payload is not on record.
    let open = POLICY.replace("\"caps includes 'journal:append'\"", "\"true\"");
    let report = replayed(&node, &open.replace("100", "1000"));
    assert_eq!(counts(&report), [2, 0, 0, 2], "{report:?}");
    assert!(
        report
            .changes
            .iter()
            .all(|change| change.turn == Turn::Untold)
    );
    // The rule that denied stands as it was: its refusal stands, and only the other one is open.
    assert_eq!(counts(&replayed(&node, &open)), [3, 0, 0, 1]);
    // No rule looks at the payload: both are told.
    let (first, _) = open.split_once("  - id: large").expect("two rules");
    let report = replayed(&node, first);
    assert_eq!(counts(&report), [2, 2, 0, 0]);
    assert_eq!(
        report
            .changes
            .iter()
            .map(|change| change.before.as_str())
            .collect::<Vec<_>>(),
        ["deny (default-deny)", "deny (large)"]
    );
}

#[test]
fn old_records_and_allows_without_an_event_are_told_as_far_as_they_go() {
    let world = World::new();
    let node = scene(&world);
    let chain = node.governance().expect("governance");
    let alice = actor("user:alice");
    let request = AuditRequest {
        answer: Answer::Allow,
        intent: language::Intent::Write,
        key: chain.keys_of(&alice, chain.version())[0],
        actor: alice,
        event: Some(EventId::of_envelope(b"an event that never arrived")),
        document: None,
        reference: "refs/gatos/journal/ops/user/alice/0123456789abcdef".to_owned(),
        resource: None,
        rule_ids: vec!["append".to_owned()],
        reason: "allowed".to_owned(),
        via: Door::Push,
        governance_version: chain.version(),
        fold_root: EMPTY_FOLD_ROOT,
        asked: None,
    };
    node.record(vec![request]).expect("a record");
    let open = "id: a\nwhen: { intent: write }\nallow_if: [\"actor == 'user:alice'\"]\n";
    assert_eq!(counts(&replayed(&node, open)), [3, 2, 0, 0]);
    let capable = "id: a\nwhen: { intent: write }\nallow_if: [\"has_cap('journal:append')\"]\n";
    let report = replayed(&node, capable);
    // The new record says which capabilities held, the old one does not.
    assert_eq!(counts(&report), [3, 1, 0, 1]);
    let closed = "id: a\nwhen: { intent: read }\nallow_if: ['true']\n";
    assert_eq!(counts(&replayed(&node, closed)), [2, 0, 3, 0]);
}

#[test]
fn a_namespace_is_replayed_alone() {
    let world = World::new();
    let node = scene(&world);
    let closed = policy("id: a\nwhen: { intent: read }\nallow_if: ['true']\n");
    let other = node
        .what_if(&closed, Some(&ns("notes")), &mut |_| {})
        .expect("a replay");
    assert_eq!(counts(&other), [0; 4]);
    let ops = node.what_if(&closed, Some(&ns("ops")), &mut |_| {});
    assert_eq!(counts(&ops.expect("a replay")), [2, 0, 2, 0]);
}
