//! Changes of governance before the policy in force: refused, recorded, left alone, and never locked out.

use gatos_ledger::Repository;
use gatos_ledger::receive::PushedRef;
use gatos_node::Node;
use gatos_node::proposals::Standing;
use gatos_node::trust::GrantWish;
use gatos_policy::audit::{Answer, Door};
use gatos_policy::governance::ChangeOperation;
use gatos_policy::language::Intent;
use gatos_values::{ErrorCode, Text};

use crate::gate::activate;
use crate::world::{World, actor, append, code, intent, ns, run};

/// Levels rise to 2 at most; a fold needs a capability; everything else is Alice's.
const POLICY: &str = "version: 1
rules:
  - id: append
    when: { intent: write }
    allow_if: [\"trust[actor].level >= 0\"]
  - id: folds
    when: { intent: govern }
    deny_if: [\"payload.kind == 'fold' and not has_cap('fold')\"]
  - id: levels
    when: { intent: govern }
    deny_if: [\"payload.kind == 'trust' and payload.op == 'actor.level' and payload.level > 2\"]
    reason: Nobody is trusted further than 2.
  - id: govern
    when: { intent: govern, path: \"gatos/governance\" }
    allow_if: [\"trust[actor].groups includes 'governors'\", \"remote == 'none'\"]
    audit: true
";

fn level(name: &str, level: u64) -> Vec<ChangeOperation> {
    let actor = actor(name);
    vec![ChangeOperation::ActorLevel { actor, level }]
}

fn fold(namespace: &str) -> Vec<ChangeOperation> {
    vec![ChangeOperation::FoldInstall {
        ns: ns(namespace),
        fold_root: gatos_values::Sha256Digest::of(b"some fold"),
    }]
}

fn give(node: &Node, cap: &str, resource: &str, expires_epoch: Option<u64>) {
    let wish = GrantWish {
        subject: actor("user:alice"),
        caps: vec![Text::new(cap).expect("text")],
        resource: resource.parse().expect("a pattern"),
        not_before_epoch: 0,
        expires_epoch,
        prev: None,
        revokes: Vec::new(),
    };
    let grant = node.prepare_grant(wish).expect("a grant");
    node.govern(vec![grant]).expect("it is given");
}

#[test]
fn a_change_that_the_policy_refuses_is_not_made_and_goes_on_record() {
    let world = World::new();
    let node = world.node();
    activate(&node, POLICY);
    let before = node.governance().expect("governance").version();
    let fault = node.govern(level("user:alice", 3)).expect_err("refused");
    assert_eq!(fault.code, ErrorCode::PolicyDeny);
    for words in [
        "rule `levels` denies it",
        "payload.level > 2",
        "Nobody is trusted further than 2.",
    ] {
        assert!(fault.reason.contains(words), "{}", fault.reason);
    }
    assert_eq!(node.governance().expect("governance").version(), before);
    // Nor is it proposed, since whoever signs it is refused; that stands on record beside.
    let proposed = node.propose(level("user:alice", 3), "why not", None);
    let fault = proposed.expect_err("hopeless");
    assert_eq!(fault.code, ErrorCode::PolicyDeny);
    assert!(
        fault.reason.contains("nobody who may sign"),
        "{}",
        fault.reason
    );
    assert_eq!(node.audit_log().expect("it opens").count(), 2);
    let record = node
        .audit_log()
        .expect("it opens")
        .next()
        .expect("one")
        .expect("it reads");
    assert_eq!(record.decision.answer, Answer::Deny(ErrorCode::PolicyDeny));
    assert_eq!(
        (record.decision.intent, record.decision.via),
        (Intent::Govern, Door::Change)
    );
    assert!(record.decision.document.is_some() && record.decision.event.is_none());
    assert_eq!(record.decision.path.as_str(), "gatos/governance");

    // What it allows is made, and recorded where a rule wants it.
    node.govern(level("user:alice", 2)).expect("allowed");
    let record = node
        .audit_log()
        .expect("it opens")
        .next()
        .expect("one")
        .expect("it reads");
    assert_eq!(record.decision.answer, Answer::Allow);
    assert_eq!(record.decision.rule_ids[0].as_str(), "govern");
    node.audit_verify().expect("the record verifies");

    // Capabilities on what the change is about, in an epoch that passes.
    assert_eq!(code(node.govern(fold("ops"))), "POLICY_DENY");
    give(&node, "fold", "gatos://repo/ops/**", Some(1));
    assert_eq!(code(node.govern(fold("finance"))), "POLICY_DENY");
    node.govern(fold("ops"))
        .expect("the fold of this namespace");
    append(&node, &[intent("notes", "note", "1")]);
    node.epoch_new(&ns("notes"), &mut |_| {}).expect("sealed");
    let again = vec![ChangeOperation::FoldInstall {
        ns: ns("ops"),
        fold_root: gatos_values::Sha256Digest::of(b"another fold"),
    }];
    assert_eq!(code(node.govern(again)), "CAP_EXPIRED");
    node.verify(gatos_node::VerifyScope::All, None, &mut |_| {})
        .expect("it verifies");
}

#[test]
fn a_policy_without_a_word_on_governance_leaves_it_to_signatures() {
    let world = World::new();
    let node = world.node();
    activate(
        &node,
        "when: { intent: write }\nallow_if: [\"has_cap('journal:append')\"]\n",
    );
    node.govern(level("user:alice", 9))
        .expect("nobody forbids it");
    assert!(node.audit_log().expect("it opens").next().is_none());
}

#[test]
fn nobody_can_lock_everybody_out() {
    let world = World::new();
    let node = world.node();
    let capability = "rules:\n  - id: a\n    when: { intent: write }\n    allow_if: [\"true\"]\n  - id: g\n    when: { intent: govern }\n    allow_if: [\"has_cap('govern')\"]\n";
    let compiled = gatos_policy::language::compile(capability).expect("it compiles");
    let fault = node
        .policy_activate(&compiled.rgc, &[])
        .expect_err("it locks out");
    assert_eq!(fault.code, ErrorCode::BadGovernance);
    assert!(
        fault.reason.contains("nobody change anything again"),
        "{}",
        fault.reason
    );
    // A grant that ends would take governance with it.
    give(&node, "govern", "gatos://repo/**", Some(5));
    assert_eq!(
        code(node.policy_activate(&compiled.rgc, &[])),
        "BAD_GOVERNANCE"
    );
    give(&node, "govern", "gatos://repo/governance/**", None);
    node.policy_activate(&compiled.rgc, &[])
        .expect("now somebody can go on");
    node.govern(level("user:alice", 1)).expect("she can");
    // Nor can the last grant be taken away.
    let chain = node.governance().expect("governance");
    let last = chain
        .grants_of(&actor("user:alice"), chain.version())
        .find(|(_, record)| record.signed.grant.expires_epoch.is_none())
        .map(|(id, _)| id);
    let revoke = vec![ChangeOperation::GrantRevoke {
        grant: last.expect("it is live"),
    }];
    assert_eq!(code(node.govern(revoke)), "BAD_GOVERNANCE");
}

#[test]
fn approvals_of_others_count_and_a_proposal_waits_for_them() {
    let world = World::new();
    let node = world.node();
    let mut changes = Vec::new();
    for name in ["user:bob", "user:carol"] {
        let public = node.keys().generate().expect("a key");
        changes.push(ChangeOperation::ActorEnrol { actor: actor(name) });
        changes.push(ChangeOperation::KeyEnrol {
            actor: actor(name),
            public,
        });
    }
    let governors = ["user:alice", "user:bob", "user:carol"].map(actor).to_vec();
    changes.push(ChangeOperation::GovernorsSet {
        governors,
        threshold: 1,
    });
    node.govern(changes).expect("a board of three");
    let two_others = "rules:\n  - id: a\n    when: { intent: write }\n    allow_if: [\"true\"]\n  - id: g\n    when: { intent: govern }\n    allow_if: [\"quorum(payload.approvals, 'governors', 2)\"]\n";
    activate(&node, two_others);
    // One signature is enough for the chain, and too few for the policy.
    assert_eq!(code(node.govern(level("user:alice", 1))), "POLICY_DENY");
    let id = node
        .propose(level("user:alice", 1), "earned", None)
        .expect("a proposal");
    for (name, outcome) in [
        ("user:alice", Err("POLICY_DENY")),
        ("user:bob", Err("POLICY_DENY")),
        ("user:carol", Ok(())),
    ] {
        let options = gatos_node::NodeOptions {
            actor: Some(actor(name)),
            ..world.options()
        };
        node.close_writer().expect("it closes");
        let theirs = Node::open(&world.path(), options).expect("it opens");
        theirs.approve(id, None, false).expect("they approve");
        let made = theirs.carry_out_proposal(id);
        theirs.close_writer().expect("it closes");
        match outcome {
            Ok(()) => assert!(made.expect("allowed").is_some(), "{name}"),
            Err(expected) => assert_eq!(code(made), expected, "{name}"),
        }
    }
    let stored = node.proposal(id).expect("it reads");
    assert!(matches!(stored.standing, Standing::Made(_)));
}

#[test]
fn the_push_gate_asks_about_every_pushed_version() {
    let world = World::empty();
    let hub = world.folder().join("hub.git");
    Node::init(&gatos_node::InitOptions {
        directory: hub.clone(),
        bare: true,
        actor: Some(actor("user:alice")),
        profile: Some("push-gate".to_owned()),
        home: Some(world.home()),
        ..gatos_node::InitOptions::default()
    })
    .expect("the gate is made");
    let clone = |path: &std::path::Path| {
        Node::clone_from(
            &hub.display().to_string(),
            path,
            None,
            world.options(),
            &mut |_| {},
        )
        .expect("the clone works");
        world.node_at(path)
    };
    let node = clone(&world.path());
    activate(&node, POLICY);
    run(
        &hub,
        "git",
        &[
            "fetch",
            "-q",
            &world.path().display().to_string(),
            "refs/gatos/governance:refs/gatos/governance",
            "refs/gatos/policies/active:refs/gatos/policies/active",
        ],
    );
    // A writer whose program does not ask: the change is made where the policy cannot be found fault with.
    let head = world.git(&["rev-parse", "refs/gatos/governance"]);
    let forged = forge(&node, level("user:alice", 3));
    let pushed = |old: &str, new: &str| PushedRef {
        old: gatos_ledger::ObjectId::parse_bytes(old.trim().as_bytes()),
        new: gatos_ledger::ObjectId::parse_bytes(new.trim().as_bytes()),
        name: "refs/gatos/governance".to_owned(),
    };
    let quarantine = world.path().join(".git/objects");
    let gate = world.node_at(&hub);
    let verdict = gate
        .judge_push(&[pushed(&head, &forged)], Some(&quarantine))
        .expect("a verdict");
    assert_eq!(verdict.refusals[0].fault.code, ErrorCode::PolicyDeny);
    assert_eq!(verdict.records.len(), 1);
    let decision = &verdict.records[0].decision;
    assert_eq!(
        (decision.intent, decision.via),
        (Intent::Govern, Door::Push)
    );
    assert_eq!(decision.rule_ids[0].as_str(), "levels");
    // A good version passes, and its allow is on record because the rule wants it.
    node.govern(level("user:alice", 2)).expect("allowed");
    let good = world.git(&["rev-parse", "refs/gatos/governance"]);
    let verdict = gate
        .judge_push(&[pushed(&head, &good)], Some(&quarantine))
        .expect("a verdict");
    assert!(verdict.refusals.is_empty());
    assert_eq!(verdict.records[0].decision.answer, Answer::Allow);
}

/// A signed next version that nobody put to the policy, as a commit that no ref holds.
fn forge(node: &Node, operations: Vec<ChangeOperation>) -> String {
    use gatos_policy::governance::{SignedDocument, change};
    let chain = node.governance().expect("governance");
    let ulid = chain.ulid().next().expect("ULIDs are left");
    let bytes = change(&chain, ulid, operations).expect("it fits the chain");
    let acting = node.acting_key(&chain, None, None).expect("her key");
    let signature = acting
        .sign(gatos_values::SignatureNamespace::Grant, &bytes)
        .expect("signed");
    let document = SignedDocument {
        bytes,
        signatures: vec![signature],
    };
    let repository = Repository::open(node.repository().git_dir()).expect("it opens");
    let head = gatos_node::governance::head(&repository).expect("a head");
    let content = gatos_node::governance::encode_commit(&document, Some(head)).expect("a commit");
    gatos_ledger::objects::write_loose(&repository, gatos_ledger::ObjectKind::Commit, &content)
        .expect("it is written")
        .to_string()
}
