//! The audit journal: records and counts, verification, and what tampering shows.

use gatos_ledger::{Repository, codec, refs};
use gatos_node::Node;
use gatos_node::audit::{AUDIT_REF, AuditRequest};
use gatos_policy::audit::{Answer, Door};
use gatos_policy::language::Intent;
use gatos_values::roots::EMPTY_FOLD_ROOT;
use gatos_values::{ErrorCode, EventId};

use crate::world::{World, actor, code};

fn request(node: &Node, mark: &[u8]) -> AuditRequest {
    let chain = node.governance().expect("governance");
    let alice = actor("user:alice");
    AuditRequest {
        answer: Answer::Deny(ErrorCode::PolicyDeny),
        intent: Intent::Write,
        key: chain.keys_of(&alice, chain.version())[0],
        actor: alice,
        event: Some(EventId::of_envelope(mark)),
        document: None,
        reference: "refs/gatos/journal/ops/user/alice/0123456789abcdef".to_owned(),
        resource: None,
        rule_ids: vec!["b".to_owned(), "a".to_owned(), "b".to_owned()],
        reason: "a reason with \u{202e} in it".to_owned(),
        via: Door::Append,
        governance_version: chain.version(),
        fold_root: EMPTY_FOLD_ROOT,
        asked: None,
    }
}

#[test]
fn records_form_a_chain_that_verifies_and_counts_stand_in_it() {
    let world = World::new();
    let node = world.node();
    assert_eq!(
        node.audit_verify()
            .expect("an empty journal holds")
            .record_count,
        0
    );
    let first = node.record(vec![request(&node, b"1")]).expect("a record");
    node.count_refused(&[
        ErrorCode::BadSignature,
        ErrorCode::BadCommit,
        ErrorCode::BadSignature,
    ])
    .expect("counts");
    let more = [request(&node, b"2"), request(&node, b"3")];
    let more = node.record(more.to_vec()).expect("two records");
    assert_eq!(more[0].decision.prev, Some(first[0].id));
    assert_eq!(more[1].decision.version, 2);
    let ids: Vec<&str> = more[0]
        .decision
        .rule_ids
        .iter()
        .map(|id| id.as_str())
        .collect();
    assert_eq!(ids, ["a", "b"]);
    let report = node.audit_verify().expect("it holds");
    assert_eq!((report.record_count, report.denied_count), (3, 3));
    let counts = [(ErrorCode::BadCommit, 1), (ErrorCode::BadSignature, 2)];
    assert_eq!(report.counted, counts);
    assert_eq!(more[1].decision.counted, counts);
    // A lost file takes nothing back.
    std::fs::remove_dir_all(world.path().join(".git/gatos/audit")).expect("it was there");
    assert_eq!(node.refused_counts().expect("counts"), counts);
    let shown = node
        .audit_show(&more[0].id.to_string())
        .expect("it is there");
    assert_eq!(shown.commit, more[0].commit);
    assert_eq!(code(node.audit_show("blake3:00")), "UNKNOWN_EVENT");
    world.fsck();
}

#[test]
fn records_are_kept_beside_a_writer_that_holds_the_repository() {
    let world = World::new();
    let writer = world.node();
    writer.writer().expect("the writer's lock is taken");
    let gate = world.node();
    gate.record(vec![request(&gate, b"1")])
        .expect("a record all the same");
    assert_eq!(writer.audit_verify().expect("it holds").record_count, 1);
}

#[test]
fn a_changed_cut_or_foreign_record_is_named() {
    let world = World::new();
    let node = world.node();
    let made = node
        .record(vec![
            request(&node, b"1"),
            request(&node, b"2"),
            request(&node, b"3"),
        ])
        .expect("records");
    let repository = Repository::open(&world.path()).expect("it opens");
    let head = refs::read(&repository, AUDIT_REF)
        .expect("it reads")
        .expect("a head");
    let point_at = |commit: &str| {
        world.git(&["update-ref", AUDIT_REF, commit]);
    };

    // The middle record left out: the third stands on the first.
    let third = &made[2];
    let bytes = third.decision.encode().expect("bytes");
    let form = codec::DocumentForm::Decision;
    let write = |bytes: &[u8], signature: &gatos_values::SshSignature, parent| {
        let content =
            codec::encode_chained_commit(form, bytes, std::slice::from_ref(signature), parent);
        let kind = gatos_ledger::ObjectKind::Commit;
        gatos_ledger::objects::write_loose(&repository, kind, &content.expect("a commit"))
            .expect("writable")
            .to_string()
    };
    point_at(&write(&bytes, &third.signature, Some(made[0].commit)));
    assert_eq!(code(node.audit_verify()), "AUDIT_BROKEN");

    // Another key signs.
    let stranger = gatos_values::SigningKey::from_seed([7; 32]).sign("gatos-decision", &bytes);
    point_at(&write(&bytes, &stranger, Some(made[1].commit)));
    assert_eq!(code(node.audit_verify()), "UNKNOWN_KEY");

    // The signature of another record.
    point_at(&write(&bytes, &made[1].signature, Some(made[1].commit)));
    assert_eq!(code(node.audit_verify()), "AUDIT_BROKEN");

    // Something else altogether.
    let tree = world.git(&["mktree"]);
    let plain = world.git(&["commit-tree", "-m", "x", tree.trim()]);
    point_at(plain.trim());
    assert_eq!(code(node.audit_verify()), "AUDIT_BROKEN");

    point_at(&head.to_string());
    assert_eq!(node.audit_verify().expect("it holds again").record_count, 3);
}
