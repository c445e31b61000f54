//! What may leave: labels that stay inside, kept namespaces, and the policy asked with `export`.

use gatos_ledger::receive::PushedRef;
use gatos_node::gate::export::{LeavingRef, LeavingRefusal};
use gatos_node::{Acknowledgement, InitOptions, Intent, LogQuery, Node};
use gatos_policy::audit::{Answer, Door};
use gatos_policy::governance::ChangeOperation;
use gatos_values::{ErrorCode, EventType, SealedEvent, SignatureNamespace};

use crate::gate::activate;
use crate::world::{World, actor, append, code, intent, ns, run};

fn labelled(namespace: &str, labels: &[&str]) -> Intent {
    let mut one = intent(namespace, "note", "1");
    one.labels = labels
        .iter()
        .map(|label| EventType::parse(label).expect("a label"))
        .collect();
    one
}

fn mark(node: &Node, namespace: &str, export: bool) {
    let ns = ns(namespace);
    node.govern(vec![ChangeOperation::NamespaceSet { ns, export }])
        .expect("it is marked");
}

/// Every ref of the ledger that would go to this remote.
fn leaving(world: &World, node: &Node, remote: &str) -> Vec<LeavingRefusal> {
    let listed = world.git(&[
        "for-each-ref",
        "--format=%(refname) %(objectname)",
        "refs/gatos/",
    ]);
    let refs: Vec<LeavingRef> = listed
        .lines()
        .filter(|line| !line.contains("/audit/"))
        .filter_map(|line| {
            let (name, id) = line.split_once(' ')?;
            let id = gatos_ledger::ObjectId::parse_bytes(id.as_bytes())?;
            Some(LeavingRef::same(name, id))
        })
        .collect();
    node.judge_leaving(remote, &refs).expect("an answer")
}

#[test]
fn a_label_that_limits_export_is_accepted_in_kept_namespaces_only() {
    let world = World::new();
    let node = world.node();
    mark(&node, "staff", false);
    mark(&node, "open", true);
    // Namespace, labels, whether it is accepted. Also the empty policy is no way round.
    let rows: [(&str, &[&str], bool); 7] = [
        ("staff", &["private", "urgent"], true),
        ("staff", &["pii.salary"], true),
        ("staff", &[], true),
        ("open", &["urgent"], true),
        ("open", &["private"], false),
        ("elsewhere", &["urgent", "secret"], false),
        ("elsewhere", &["no-export.yet"], false),
    ];
    for (namespace, labels, accepted) in rows {
        let outcome = node.append(&[labelled(namespace, labels)], Acknowledgement::Visible);
        assert_eq!(outcome.is_ok(), accepted, "{namespace} {labels:?}");
        if let Err(fault) = outcome {
            assert_eq!(fault.code, ErrorCode::PolicyDeny);
            assert!(fault.reason.contains("is not kept"), "{}", fault.reason);
            assert!(
                fault.hint.contains("gatos trust namespace"),
                "{}",
                fault.hint
            );
        }
    }
    let denied = node.audit_verify().expect("it verifies").denied_count;
    assert_eq!(denied, 3);
}

#[test]
fn a_push_gate_holds_pushed_events_to_their_labels() {
    let world = World::empty();
    let hub = world.folder().join("hub.git");
    Node::init(&InitOptions {
        directory: hub.clone(),
        bare: true,
        actor: Some(actor("user:alice")),
        profile: Some("push-gate".to_owned()),
        home: Some(world.home()),
        ..InitOptions::default()
    })
    .expect("the gate is made");
    let url = hub.display().to_string();
    Node::clone_from(&url, &world.path(), None, world.options(), &mut |_| {}).expect("a clone");
    let node = world.node();
    mark(&node, "staff", false);
    append(&node, &[labelled("staff", &["private"])]);
    // A writer that does not ask puts the same label beside what leaves.
    let first = append(&node, &[intent("ops", "tick", "1")]);
    let chain = node.governance().expect("governance");
    let acting = node.acting_key(&chain, None, None).expect("her key");
    let stored = node.log(LogQuery::all(ns("ops"))).expect("it opens").next();
    let mut envelope = stored
        .expect("one")
        .expect("it reads")
        .event
        .envelope()
        .clone();
    envelope.prev = Some(first[0].id);
    envelope.ulid = envelope.ulid.next().expect("ULIDs are left");
    envelope.labels = vec![EventType::parse("private").expect("a label")];
    let bytes = envelope.encode().expect("an envelope");
    let signature = acting
        .sign(SignatureNamespace::Event, &bytes)
        .expect("signed");
    let sealed = SealedEvent::from_parts(bytes, signature).expect("an event");
    let writer = node.writer().expect("a writer");
    writer
        .append(vec![sealed])
        .expect("the ledger judges no labels");
    writer.flush().expect("visible");

    let gate = world.node_at(&hub);
    let quarantine = world.path().join(".git/objects");
    let id = |folder: &std::path::Path, name: &str| {
        let printed = run(
            folder,
            "git",
            &["for-each-ref", "--format=%(objectname)", name],
        );
        gatos_ledger::ObjectId::parse_bytes(printed.trim().as_bytes())
    };
    let judge = |folder: &str| {
        let journal = world.git(&["for-each-ref", "--format=%(refname)", folder]);
        let pushed: Vec<PushedRef> = ["refs/gatos/governance", journal.trim()]
            .iter()
            .map(|name| PushedRef {
                old: id(&hub, name),
                new: id(&world.path(), name),
                name: (*name).to_owned(),
            })
            .collect();
        gate.judge_push(&pushed, Some(&quarantine))
            .expect("a verdict")
    };
    assert!(judge("refs/gatos/journal/staff/").refusals.is_empty());
    let verdict = judge("refs/gatos/journal/ops/");
    assert_eq!(verdict.refusals.len(), 1);
    let fault = &verdict.refusals[0].fault;
    assert_eq!(fault.code, ErrorCode::PolicyDeny);
    assert!(
        fault.reason.contains("label `private` limits export"),
        "{}",
        fault.reason
    );
    assert_eq!(verdict.records.len(), 1);
}

#[test]
fn a_kept_namespace_stays_and_a_remote_inside_gets_everything() {
    let world = World::new();
    let node = world.node();
    mark(&node, "staff", false);
    append(
        &node,
        &[labelled("staff", &["private"]), intent("ops", "tick", "1")],
    );
    world.git(&["init", "-q", "--bare", "../partner.git"]);
    world.git(&["remote", "add", "partner", "../partner.git"]);
    for remote in ["partner", "../partner.git", "https://elsewhere.example/x"] {
        let refused = leaving(&world, &node, remote);
        assert_eq!(refused.len(), 1, "{remote}");
        assert!(refused[0].reference.contains("/staff/"));
        assert_eq!(refused[0].fault.code, ErrorCode::PolicyDeny);
    }
    // A journal under another name is still a journal.
    let staff = world.git(&[
        "for-each-ref",
        "--format=%(objectname)",
        "refs/gatos/journal/staff/",
    ]);
    let disguised = LeavingRef {
        here: "refs/heads/main".to_owned(),
        there: "refs/heads/main".to_owned(),
        commit: gatos_ledger::ObjectId::parse_bytes(staff.trim().as_bytes()),
    };
    assert_eq!(
        node.judge_leaving("partner", &[disguised])
            .expect("an answer")
            .len(),
        1
    );
    let record = node
        .audit_log()
        .expect("it opens")
        .next()
        .expect("one")
        .expect("it reads");
    assert_eq!(record.decision.via, Door::Export);
    assert_eq!(record.decision.answer, Answer::Deny(ErrorCode::PolicyDeny));
    assert_eq!(
        record.decision.intent,
        gatos_policy::language::Intent::Export
    );

    // A sync takes the rest along and says what stayed.
    let report = node.sync("partner", true, &mut |_| {}).expect("it syncs");
    assert_eq!(report.findings.len(), 1);
    let there = run(
        &world.folder().join("partner.git"),
        "git",
        &["for-each-ref", "--format=%(refname)"],
    );
    assert!(
        there.contains("journal/ops/") && !there.contains("staff"),
        "{there}"
    );

    world.git(&["config", "remote.partner.gatosSide", "internal"]);
    for remote in ["partner", "../partner.git"] {
        assert!(leaving(&world, &node, remote).is_empty(), "{remote}");
    }
    let report = node.sync("partner", true, &mut |_| {}).expect("it syncs");
    assert!(report.findings.is_empty());
    // Marked for export it may leave whichever way.
    world.git(&["config", "--unset", "remote.partner.gatosSide"]);
    mark(&node, "staff", true);
    assert!(leaving(&world, &node, "partner").is_empty());
}

#[test]
fn the_policy_is_asked_with_export_for_every_ref() {
    let world = World::new();
    let node = world.node();
    append(
        &node,
        &[intent("ops", "tick", "1"), intent("open", "tick", "1")],
    );
    world.git(&["remote", "add", "partner", "../partner.git"]);
    world.git(&["remote", "add", "other", "../other.git"]);
    let rules = |export: &str| {
        format!(
            "rules:\n  - id: a\n    when: {{ intent: write }}\n    allow_if: [\"true\"]\n{export}"
        )
    };
    // Nothing allows it.
    activate(&node, &rules(""));
    assert_eq!(leaving(&world, &node, "partner").len(), 2);
    // What is asked: remote, path, capabilities, labels, approvals of the mark.
    activate(
        &node,
        &rules(
            "  - id: e\n    when: { intent: export, path: \"gatos/journal/ops/**\" }\n    allow_if: [\"remote == 'partner'\", \"actor == 'user:alice'\"]\n    audit: true\n",
        ),
    );
    let refused = leaving(&world, &node, "partner");
    assert_eq!(refused.len(), 1);
    assert!(refused[0].reference.contains("/open/"));
    assert_eq!(leaving(&world, &node, "other").len(), 2);
    let allowed = node
        .audit_log()
        .expect("it opens")
        .filter_map(Result::ok)
        .filter(|record| record.decision.answer == Answer::Allow)
        .count();
    assert_eq!(allowed, 1);
    activate(
        &node,
        &rules("  - id: e\n    when: { intent: export }\n    allow_if: [\"has_cap('export')\"]\n"),
    );
    assert_eq!(leaving(&world, &node, "partner").len(), 2);
    activate(
        &node,
        &rules(
            "  - id: e\n    when: { intent: export }\n    allow_if: [\"quorum(payload.approvals, 'governors', 1)\"]\n",
        ),
    );
    mark(&node, "open", true);
    // Her own agreement is no approval of others.
    assert_eq!(leaving(&world, &node, "partner").len(), 2);
    activate(
        &node,
        &rules("  - id: e\n    when: { intent: export }\n    allow_if: [\"labels == []\"]\n"),
    );
    assert!(leaving(&world, &node, "partner").is_empty());
    append(&node, &[labelled("ops", &["urgent"])]);
    let refused = leaving(&world, &node, "partner");
    assert_eq!(refused.len(), 1);
    assert!(refused[0].reference.contains("/ops/"));
    assert_eq!(
        code(node.judge_leaving_of_hook("partner", b"x\n")),
        "BAD_NAME"
    );
}
