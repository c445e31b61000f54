//! Epochs: what is sealed, what comes too late, what tampering shows, and how clones agree.

use gatos_ledger::{ObjectKind, Repository, codec, objects};
use gatos_node::{Node, VerifyScope};
use gatos_policy::epoch::Anchor;
use gatos_policy::governance::{ChangeOperation, GovernedAction, QuorumRule};
use gatos_values::{SignatureNamespace, Ulid};

use crate::world::{World, actor, append, code, intent, log_ids, ns, run};

const FOLD: &str = "version: 1\nreducers:\n  - kind: count-by\n    key: \"$.k\"\nemit:\n  - path: \"state/ops/counts.json\"\n";

fn seal(node: &Node) -> gatos_node::epochs::EpochReport {
    node.epoch_new(&ns("ops"), &mut |_| {})
        .expect("it is sealed")
}

fn tick(k: &str) -> gatos_node::Intent {
    intent("ops", "tick", &format!(r#"{{"k":"{k}"}}"#))
}

fn verify(node: &Node) -> Result<gatos_node::epochs::EpochVerified, gatos_node::Fault> {
    node.epoch_verify(&ns("ops"), &mut |_| {})
}

#[test]
fn sealed_history_stays_a_prefix_and_later_events_rise_above_it() {
    let world = World::new();
    let node = world.node();
    let compiled = gatos_fold::compile_yaml(FOLD).expect("the fold compiles");
    node.fold_install(&ns("ops"), &compiled.rgf, None)
        .expect("the fold installs");
    assert_eq!(
        code(node.epoch_new(&ns("ops"), &mut |_| {})),
        "UNKNOWN_NAMESPACE"
    );
    assert_eq!(node.epoch_current(&ns("ops")).expect("a number"), 0);
    let first = append(&node, &[tick("a"), tick("b")]);
    let zero = seal(&node);
    assert_eq!((zero.sealed.anchor.epoch, zero.sealed.anchor.count), (0, 2));
    assert_eq!(zero.sealed.anchor.max_ulid, first[1].ulid);
    assert!(seal(&node).unchanged, "nothing new");
    assert_eq!(node.epoch_current(&ns("ops")).expect("a number"), 1);

    // At or below the sealed ULID comes too late; just above it does not.
    let dated = |ulid: Ulid| {
        let mut one = tick("late");
        one.ulid = Some(ulid);
        one.actor = Some(actor("user:bob"));
        one
    };
    let bob = node.keys().generate().expect("a key");
    node.enrol(&actor("user:bob"), &bob)
        .expect("bob is enrolled");
    let late = node.append(
        &[dated(first[0].ulid)],
        gatos_node::Acknowledgement::Visible,
    );
    assert_eq!(code(late), "EPOCH_SEALED");
    append(
        &node,
        &[dated(first[1].ulid.next().expect("ULIDs are left"))],
    );
    let second = append(&node, &[tick("c")]);
    assert!(second[0].ulid > first[1].ulid);
    let one = seal(&node);
    assert_eq!(one.sealed.anchor.prev, Some(zero.sealed.id));
    assert_eq!(one.sealed.anchor.heads.len(), 2);
    let verified = verify(&node).expect("it holds");
    assert_eq!((verified.anchor_count, verified.event_count), (2, 4));
    let report = node
        .verify(VerifyScope::All, None, &mut |_| {})
        .expect("everything verifies");
    assert_eq!(report.anchor_count, 2);
    assert_eq!(node.epoch_list(&ns("ops")).expect("a list").len(), 2);
    assert_eq!(node.epoch_namespaces().expect("a list"), [ns("ops")]);
    world.fsck();
}

/// A changed anchor in the place of the newest, signed by Alice.
fn forge(world: &World, node: &Node, change: impl FnOnce(&mut Anchor)) {
    let repository = Repository::open(&world.path()).expect("it opens");
    let newest = node.epoch_list(&ns("ops")).expect("a list").remove(0);
    let mut anchor = newest.anchor.clone();
    change(&mut anchor);
    let bytes = anchor.encode().expect("an anchor");
    let chain = node.governance().expect("governance");
    let alice = node.acting_key(&chain, None, None).expect("her key");
    let signature = alice
        .sign(SignatureNamespace::Anchor, &bytes)
        .expect("signed");
    let parent = codec::parent_of(
        &objects::Reader::new(&repository)
            .commit(newest.commit)
            .expect("it reads"),
    );
    let content = codec::encode_chained_commit(
        codec::DocumentForm::Anchor,
        &bytes,
        &[signature],
        parent.expect("a commit"),
    );
    let commit = objects::write_loose(&repository, ObjectKind::Commit, &content.expect("a commit"));
    let commit = commit.expect("writable").to_string();
    world.git(&["update-ref", "refs/gatos/epoch/ops/head", &commit]);
}

#[test]
fn an_anchor_that_lies_breaks_the_chain_and_is_named() {
    let world = World::new();
    let node = world.node();
    append(&node, &[tick("a")]);
    seal(&node);
    append(&node, &[tick("b")]);
    let good = seal(&node).sealed.commit.to_string();
    type Change = fn(&mut Anchor);
    let digest = gatos_values::Blake3Digest::of(b"a lie");
    let rows: [(&str, Change); 8] = [
        ("EPOCH_BROKEN", |anchor| {
            anchor.inputs_root = gatos_values::Blake3Digest::of(b"a lie")
        }),
        ("EPOCH_BROKEN", |anchor| {
            anchor.idem_root = gatos_values::Blake3Digest::of(b"a lie")
        }),
        ("EPOCH_BROKEN", |anchor| {
            anchor.state_root = gatos_values::Blake3Digest::of(b"a lie")
        }),
        ("EPOCH_BROKEN", |anchor| {
            anchor.max_ulid = anchor.max_ulid.next().expect("one")
        }),
        ("EPOCH_BROKEN", |anchor| anchor.epoch = 7),
        ("EPOCH_BROKEN", |anchor| anchor.prev = None),
        ("BAD_SIGNATURE", |anchor| {
            anchor.policy_root = gatos_values::Sha256Digest::of(b"a lie")
        }),
        ("EPOCH_BROKEN", |anchor| {
            anchor.repo = gatos_values::GovernanceId::from_bytes([3; 32])
        }),
    ];
    for (index, (expected, change)) in rows.into_iter().enumerate() {
        forge(&world, &node, change);
        assert_eq!(code(verify(&node)), expected, "row {index}, {digest}");
        world.git(&["update-ref", "refs/gatos/epoch/ops/head", &good]);
    }
    verify(&node).expect("the true chain holds");
    // A link left out.
    forge(&world, &node, |anchor| anchor.epoch += 1);
    let report = node.doctor().expect("a report");
    assert!(
        report
            .findings
            .iter()
            .any(|one| one.check == "epochs" && one.evidence.contains("EPOCH_BROKEN"))
    );
}

#[test]
fn a_quorum_of_governance_seals_together_or_not_at_all() {
    let world = World::new();
    let node = world.node();
    append(&node, &[tick("a")]);
    let bob = node.keys().generate().expect("a key");
    node.enrol(&actor("user:bob"), &bob)
        .expect("bob is enrolled");
    let rule = QuorumRule::parse("user:alice and user:bob").expect("a rule");
    node.govern(vec![ChangeOperation::QuorumSet {
        action: GovernedAction::Epoch,
        rule: Some(rule),
    }])
    .expect("both agree");
    let file = world.home().join("keys").join(bob.key_id().to_string());
    std::fs::rename(&file, file.with_extension("away")).expect("the key is a file");
    let node = world.node_after(node);
    assert_eq!(
        code(node.epoch_new(&ns("ops"), &mut |_| {})),
        "QUORUM_NOT_MET"
    );
    // With both keys at hand both sign.
    std::fs::rename(file.with_extension("away"), &file).expect("it comes back");
    let sealed = seal(&world.node_after(node)).sealed;
    assert_eq!(sealed.signatures.len(), 2);
    verify(&world.node()).expect("it holds");
}

#[test]
fn clones_take_anchors_over_and_report_what_came_too_late() {
    let world = World::new();
    run(world.folder(), "git", &["init", "--bare", "-q", "hub.git"]);
    let hub = world.folder().join("hub.git").display().to_string();
    world.git(&["remote", "add", "origin", &hub]);
    let alice = world.node();
    let bob = alice.keys().generate().expect("a key");
    alice
        .enrol(&actor("user:bob"), &bob)
        .expect("bob is enrolled");
    append(&alice, &[tick("a")]);
    alice
        .sync("origin", true, &mut |_| {})
        .expect("the sync works");
    let clone = |name: &str| {
        let directory = world.folder().join(name);
        Node::clone_from(&hub, &directory, None, world.options(), &mut |_| {})
            .expect("the clone works");
        world.node_at(&directory)
    };
    let late = clone("late");
    let mut by_bob = tick("late");
    by_bob.actor = Some(actor("user:bob"));
    append(&late, &[by_bob]);
    // Alice goes on and seals; Bob's event is below and not among what she sealed.
    append(&alice, &[tick("b")]);
    seal(&alice);
    alice
        .sync("origin", true, &mut |_| {})
        .expect("the sync works");
    let report = late
        .sync("origin", false, &mut |_| {})
        .expect("the sync works");
    let codes: Vec<&str> = report
        .findings
        .iter()
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!(codes, ["EPOCH_SEALED"], "{:?}", report.findings);
    assert!(
        late.epoch_list(&ns("ops")).expect("a list").is_empty(),
        "an anchor that leaves events out is not taken"
    );
    // A clone that has nothing of its own takes the anchor, and what comes above it.
    let other = clone("other");
    assert_eq!(other.epoch_list(&ns("ops")).expect("a list").len(), 1);
    append(&alice, &[tick("c")]);
    alice
        .sync("origin", true, &mut |_| {})
        .expect("the sync works");
    let report = other
        .sync("origin", true, &mut |_| {})
        .expect("the sync works");
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert_eq!(log_ids(&other, "ops").len(), 3);
    // Bob's late journal reaches the hub by hand; nobody who has the anchor takes it over.
    run(
        &world.folder().join("late"),
        "git",
        &[
            "push",
            "-q",
            "origin",
            "refs/gatos/journal/ops/user/bob/*:refs/gatos/journal/ops/user/bob/*",
        ],
    );
    let report = other
        .sync("origin", false, &mut |_| {})
        .expect("the sync works");
    assert_eq!(report.findings[0].code.as_str(), "EPOCH_SEALED");
    assert_eq!(log_ids(&other, "ops").len(), 3);
}
