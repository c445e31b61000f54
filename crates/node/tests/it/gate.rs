//! The gate in the writer: what a policy lets through, what a refusal says, and what goes on record.

use gatos_node::{Fault, Intent, Node};
use gatos_policy::audit::Answer;
use gatos_policy::governance::{ChangeOperation, Grant, SignedGrant};
use gatos_policy::language::compile;
use gatos_values::{ErrorCode, SignatureNamespace, Text, sshsig};

use crate::world::{World, actor, append, intent, log_ids, ns};

const POLICY: &str = "version: 1
rules:
  - id: ops-append
    when: { intent: \"write\", path: \"gatos/journal/ops/**\" }
    allow_if:
      - \"caps includes 'journal:append'\"
      - \"epoch >= 0\"
    deny_if:
      - \"payload.amount > 100\"
    reason: Large amounts go to finance.
  - id: notes-append
    when: { intent: \"write\", path: \"gatos/journal/notes/**\" }
    allow_if: [\"actor == 'user:alice'\", \"remote == 'none'\", \"in_cidr(remote_addr, '127.0.0.0/8')\"]
    audit: true
";

pub fn activate(node: &Node, source: &str) {
    let compiled = compile(source).expect("the policy compiles");
    node.policy_activate(
        &compiled.rgc,
        &[("policy.rgs".to_owned(), source.as_bytes().to_vec())],
    )
    .expect("it is activated");
}

/// Gives Alice `journal:append` on everything in `ops` from epoch 0 until an epoch.
pub fn grant(node: &Node, expires_epoch: Option<u64>) {
    let chain = node.governance().expect("governance");
    let alice = actor("user:alice");
    let grant = Grant {
        repo: chain.repository_id(),
        ulid: chain.ulid().next().expect("ULIDs are left"),
        issuer: alice.clone(),
        subject: alice.clone(),
        caps: vec![Text::from_ascii("journal:append")],
        resource: "gatos://repo/ops/**".parse().expect("a pattern"),
        not_before_epoch: 0,
        expires_epoch,
        prev: None,
        revokes: Vec::new(),
        policy_root: chain.policy_root_at(chain.version()),
        fold_root: chain.fold_root_at(&ns("ops"), chain.version()),
    };
    let bytes = grant.encode().expect("a grant");
    let key = node
        .acting_key(&chain, Some(&alice), None)
        .expect("her key");
    let signature = key.sign(SignatureNamespace::Grant, &bytes).expect("signed");
    assert!(sshsig::verify("gatos-grant", &bytes, &signature).is_ok());
    let grant = SignedGrant { grant, signature };
    node.govern(vec![ChangeOperation::GrantIssue { grant }])
        .expect("it enters");
}

fn amount(amount: &str) -> Intent {
    let mut one = intent("ops", "payment", &format!(r#"{{"amount":{amount}}}"#));
    one.caps = vec![Text::from_ascii("journal:append")];
    one
}

fn refused(node: &Node, one: Intent) -> Fault {
    node.append(&[one], gatos_node::Acknowledgement::Visible)
        .expect_err("the gate refuses")
}

#[test]
fn a_refusal_names_rule_line_and_whom_to_ask_and_is_recorded() {
    let world = World::new();
    let node = world.node();
    activate(&node, POLICY);
    let rows = [
        // The capability is claimed and not granted.
        (
            amount("1"),
            "no rule of the policy allows it; nearest is rule `ops-append`, which needs `caps includes 'journal:append'`",
        ),
        (
            amount("101"),
            "rule `ops-append` denies it with its line `payload.amount > 100`: Large amounts go to finance.",
        ),
        // What cannot be told denies: the payload has no amount.
        (
            intent("ops", "payment", "{}"),
            "rule `ops-append` denies it with its line `payload.amount > 100`: `payload.amount` has no value here (missing)",
        ),
        (
            intent("elsewhere", "payment", "{}"),
            "no rule of the policy allows it",
        ),
    ];
    for (count, (one, words)) in rows.into_iter().enumerate() {
        let fault = refused(&node, one.clone());
        assert_eq!(fault.code, ErrorCode::PolicyDeny);
        assert!(fault.reason.contains(words), "{}", fault.reason);
        assert!(fault.hint.contains("user:alice"), "{}", fault.hint);
        let record = node
            .audit_log()
            .expect("it opens")
            .next()
            .expect("one")
            .expect("it reads");
        assert_eq!(record.decision.version, count as u64);
        assert_eq!(record.decision.answer, Answer::Deny(ErrorCode::PolicyDeny));
        assert_eq!(record.decision.actor, actor("user:alice"));
        assert_eq!(record.decision.via.as_str(), "append");
        assert!(!record.decision.rule_ids.is_empty());
        let shown = fault.to_value();
        assert_eq!(
            shown.get("decision").and_then(|id| id.as_str()),
            Some(record.id.to_string().as_str())
        );
    }
    assert_eq!(log_ids(&node, "ops").len(), 0);
    node.audit_verify().expect("the record verifies");
}

#[test]
fn one_refused_event_refuses_the_call_and_an_import_asks_too() {
    let world = World::new();
    let node = world.node();
    activate(&node, POLICY);
    grant(&node, None);
    append(&node, &[amount("1")]);
    let batch = [amount("2"), amount("500"), amount("3")];
    let fault = node
        .append(&batch, gatos_node::Acknowledgement::Visible)
        .expect_err("refused");
    assert_eq!(fault.code, ErrorCode::PolicyDeny);
    assert_eq!(log_ids(&node, "ops").len(), 1);
    let lines = "{\"type\":\"payment\",\"payload\":{\"amount\":7}}\n";
    let fault = node
        .import_jsonl(&ns("ops"), None, &mut lines.as_bytes(), &mut |_| {})
        .expect_err("an import claims nothing, so it may nothing here");
    assert_eq!(fault.code, ErrorCode::PolicyDeny);
    assert_eq!(log_ids(&node, "ops").len(), 1);
}

#[test]
fn events_carry_the_policy_root_of_their_version_and_old_ones_stay() {
    let world = World::new();
    let node = world.node();
    append(&node, &[intent("ops", "note", "{}")]);
    activate(&node, POLICY);
    grant(&node, None);
    append(&node, &[amount("1")]);
    let chain = node.governance().expect("governance");
    let root = chain.policy_root_at(chain.version());
    let roots: Vec<_> = node
        .log(gatos_node::LogQuery::all(ns("ops")))
        .expect("it opens")
        .map(|entry| entry.expect("it reads").event.envelope().policy_root)
        .collect();
    assert_eq!(roots, [gatos_values::roots::EMPTY_POLICY_ROOT, root]);
    node.verify(gatos_node::VerifyScope::All, None, &mut |_| {})
        .expect("it verifies");
    world.fsck();
}

#[test]
fn an_allow_goes_on_record_where_a_rule_wants_it_and_only_there() {
    let world = World::new();
    let node = world.node();
    append(&node, &[intent("notes", "note", "{}")]);
    assert!(
        node.audit_log().expect("it opens").next().is_none(),
        "the empty policy records nothing"
    );
    activate(&node, POLICY);
    grant(&node, None);
    append(&node, &[amount("1")]);
    assert!(node.audit_log().expect("it opens").next().is_none());
    let made = append(
        &node,
        &[intent("notes", "note", "{}"), intent("notes", "note", "1")],
    );
    let records: Vec<_> = node
        .audit_log()
        .expect("it opens")
        .map(|one| one.expect("it reads"))
        .collect();
    assert_eq!(records.len(), 2);
    for (record, made) in records.iter().rev().zip(&made) {
        assert_eq!(record.decision.answer, Answer::Allow);
        assert_eq!(record.decision.event, Some(made.id));
        assert_eq!(record.decision.rule_ids[0].as_str(), "notes-append");
    }
    // The other side is a setting, and the policy sees it.
    world.git(&["config", "gatos.remote", "partner"]);
    let fault = refused(&node, intent("notes", "note", "{}"));
    assert!(
        fault.reason.contains("remote == 'none'"),
        "{}",
        fault.reason
    );
}

#[test]
fn a_grant_that_ended_is_told_apart_from_one_that_never_was() {
    let world = World::new();
    let node = world.node();
    activate(&node, POLICY);
    grant(&node, Some(1));
    append(&node, &[amount("1")]);
    node.epoch_new(&ns("ops"), &mut |_| {})
        .expect("epoch 0 is sealed");
    let fault = refused(&node, amount("2"));
    assert_eq!(fault.code, ErrorCode::CapExpired, "{}", fault.reason);
    assert!(
        fault
            .reason
            .contains("`journal:append` ended before epoch 1"),
        "{}",
        fault.reason
    );
    // What a deny line forbids is not the grant's fault.
    assert_eq!(refused(&node, amount("500")).code, ErrorCode::PolicyDeny);
    grant(&node, None);
    append(&node, &[amount("2")]);
}

#[test]
fn a_policy_whose_bytes_are_gone_stops_the_gate() {
    let world = World::new();
    let node = world.node();
    activate(&node, POLICY);
    world.git(&["update-ref", "-d", "refs/gatos/policies/active"]);
    let fault = refused(&world.node_after(node), amount("1"));
    assert_eq!(fault.code, ErrorCode::BadPolicy);
}
