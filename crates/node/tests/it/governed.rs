//! Governed change: policies, grants, rotation, proposals that several clones approve.

use gatos_node::proposals::Standing;
use gatos_node::trust::GrantWish;
use gatos_node::{Node, VerifyScope};
use gatos_policy::governance::consensus::verify_proof;
use gatos_policy::governance::{ChangeOperation, GovernedAction, QuorumRule};
use gatos_values::{DottedName, ResourceUri, Sha256Digest, Text, Ulid};

use crate::world::{World, actor, append, code, intent, run};

const POLICY: &str = "version: 1\nrules:\n  - id: append\n    when: { intent: write, path: \"gatos/journal/**\" }\n    allow_if:\n      - \"trust[actor].level >= 0\"\n";

fn compiled(source: &str) -> Vec<u8> {
    let compiled = gatos_policy::language::compile(source);
    compiled.expect("the policy compiles").rgc
}

fn level(name: &str, level: u64) -> Vec<ChangeOperation> {
    let actor = actor(name);
    vec![ChangeOperation::ActorLevel { actor, level }]
}

fn journal() -> ResourceUri {
    ResourceUri::parse("gatos://repo/ops/journal").expect("a resource")
}

fn caps(node: &Node, name: &str) -> Vec<String> {
    let chain = node.governance().expect("governance");
    let found = chain.capabilities_at(&actor(name), chain.version(), 0, &journal());
    found
        .live
        .iter()
        .map(|cap| cap.as_str().to_owned())
        .collect()
}

fn give(node: &Node, subject: &str) -> ChangeOperation {
    let chain = node.governance().expect("governance");
    let wish = GrantWish {
        subject: actor(subject),
        caps: vec![Text::from_ascii("journal:append")],
        resource: format!("gatos://{}/**", chain.repository_name())
            .parse()
            .expect("a pattern"),
        not_before_epoch: 0,
        expires_epoch: None,
        prev: None,
        revokes: Vec::new(),
    };
    node.prepare_grant(wish).expect("alice gives")
}

#[test]
fn a_policy_is_kept_and_named_and_the_empty_one_never_returns() {
    let world = World::new();
    let node = world.node();
    let rgc = compiled(POLICY);
    let source = ("p.rgs".to_owned(), POLICY.as_bytes().to_vec());
    let activate = node.prepare_policy(&rgc, &[source]).expect("a policy");
    node.govern(vec![activate])
        .expect("the policy is activated");
    let kept = node.active_policy().expect("its bytes are here");
    assert_eq!(
        (kept.rgc.as_slice(), kept.sources.len()),
        (rgc.as_slice(), 1)
    );
    let records = node.policies().expect("the policies");
    assert_eq!(records.len(), 2);
    assert!(records[1].is_active && records[1].is_kept && !records[0].is_active);
    assert_eq!(code(node.prepare_policy(&rgc, &[])), "BAD_GOVERNANCE");
    assert_eq!(code(node.prepare_policy(b"\xa0", &[])), "BAD_POLICY");
    let empty = gatos_values::roots::EMPTY_POLICY_BYTES;
    assert_eq!(code(node.prepare_policy(empty, &[])), "BAD_GOVERNANCE");
    // Another repository takes it over by its digest.
    let other = World::new();
    let taken = other
        .node()
        .policy_from(&world.path(), Sha256Digest::of(&rgc), None);
    assert_eq!(taken.expect("the policy is found").rgc, rgc);
    let unknown = other
        .node()
        .policy_from(&world.path(), Sha256Digest::of(b"x"), None);
    assert_eq!(code(unknown), "BAD_POLICY");
    let elsewhere = other
        .node()
        .governance()
        .expect("governance")
        .repository_id();
    let pinned = other
        .node()
        .policy_from(&world.path(), Sha256Digest::of(&rgc), Some(&elsewhere));
    assert_eq!(code(pinned), "REPO_MISMATCH");
    world.fsck();
}

#[test]
fn a_rotation_walks_the_checklist() {
    let world = World::new();
    let node = world.node();
    let public = node.keys().generate().expect("a key");
    node.enrol(&actor("user:bob"), &public)
        .expect("bob is enrolled");
    node.govern(vec![give(&node, "user:bob")])
        .expect("bob may append");
    append(&node, &[intent("ops", "tick", "1")]);
    let alice = actor("user:alice");
    let chain = node.governance().expect("governance");
    let old = chain.keys_of(&alice, chain.version())[0];
    let report = node.rotate(old, false).expect("alice rotates");
    assert_eq!(report.steps.len(), 9, "{:#?}", report.steps);
    let chain = node.governance().expect("governance");
    assert_eq!(chain.keys_of(&alice, chain.version()), [report.new]);
    assert_eq!(
        chain.grants_at(chain.version()).count(),
        1,
        "the grant was issued anew"
    );
    assert!(
        chain
            .cut_at(chain.version())
            .is_some_and(|cut| cut.entries.len() == 1)
    );
    drop(node);
    let node = world.node();
    append(&node, &[intent("ops", "tick", "2")]);
    assert_eq!(
        node.journals().expect("journals").len(),
        2,
        "the new key has a journal of its own"
    );
    let report = node
        .verify(VerifyScope::All, None, &mut |_| {})
        .expect("all is well");
    assert_eq!((report.event_count, report.stale_count), (2, 0));
    assert_eq!(code(node.rotate(old, false)), "UNKNOWN_KEY");
    let log = node.trust_log().expect("the log");
    assert!(
        log.last()
            .is_some_and(|version| version.changes[0].contains("may not sign any more"))
    );
}

#[test]
fn nobody_is_stranded() {
    let world = World::new();
    let node = world.node();
    let chain = node.governance().expect("governance");
    let only = chain.keys_of(&actor("user:alice"), 0)[0];
    let alone = node.govern(vec![ChangeOperation::KeyRevoke { key: only }]);
    assert_eq!(code(alone), "BAD_GOVERNANCE");
    let rule = QuorumRule::parse("1 of dev").expect("a rule");
    let unmeetable = node.govern(vec![ChangeOperation::QuorumSet {
        action: GovernedAction::Policy,
        rule: Some(rule),
    }]);
    assert_eq!(code(unmeetable), "BAD_GOVERNANCE");
    assert_eq!(node.governance().expect("governance").version(), 0);
}

#[test]
fn several_clones_agree_to_a_proposal() {
    let world = World::new();
    let node = world.node();
    let bob_key = world.keys_of("bob").generate().expect("a key");
    node.enrol(&actor("user:bob"), &bob_key)
        .expect("bob is enrolled");
    node.govern(vec![ChangeOperation::GroupSet {
        group: DottedName::parse("review").expect("a group"),
        members: vec![actor("user:bob")],
    }])
    .expect("bob reviews");
    // A rule that Alice alone cannot meet; setting it needs Bob as well, so it is proposed.
    let rule = QuorumRule::parse("1 of governors and 1 of review").expect("a rule");
    let set = ChangeOperation::QuorumSet {
        action: GovernedAction::Trust,
        rule: Some(rule),
    };
    assert_eq!(code(node.govern(vec![set.clone()])), "QUORUM_NOT_MET");
    let hub = world.folder().join("hub.git").display().to_string();
    run(world.folder(), "git", &["init", "-q", "--bare", &hub]);
    world.git(&["remote", "add", "origin", &hub]);
    let id = node
        .propose(vec![set], "two pairs of eyes", Some(3_600_000))
        .expect("a proposal");
    node.approve(id, None, false).expect("alice approves");
    assert_eq!(node.carry_out_proposal(id).expect("it waits"), None);
    node.sync("origin", true, &mut |_| {})
        .expect("the sync works");

    let bobs = world.folder().join("bobs");
    let mut options = world.options();
    options.home = Some(world.folder().join("bob"));
    Node::clone_from(&hub, &bobs, None, options.clone(), &mut |_| {}).expect("bob clones");
    let bob = Node::open(&bobs, options).expect("the clone opens");
    bob.approve(id, Some(3_600_000), false)
        .expect("bob approves");
    // Meanwhile Alice takes hers back and gives it again: both sides' words are kept.
    node.approve(id, None, true).expect("alice withdraws");
    std::thread::sleep(std::time::Duration::from_millis(2));
    node.approve(id, None, false).expect("alice approves again");
    bob.sync("origin", true, &mut |_| {})
        .expect("the sync works");
    node.sync("origin", true, &mut |_| {})
        .expect("the sync works");
    let stored = node.proposal(id).expect("the proposal");
    assert_eq!(stored.approvals.len(), 4);
    assert!(matches!(&stored.standing, Standing::Open(tally) if tally.counted.len() == 2));
    let proof = node.prove_consensus(id).expect("a proof");
    assert!(node.carry_out_proposal(id).expect("it is made").is_some());
    assert!(matches!(
        node.proposal(id).expect("the proposal").standing,
        Standing::Made(3)
    ));
    assert_eq!(code(node.carry_out_proposal(id)), "BAD_GOVERNANCE");
    let report = verify_proof(&proof).expect("the proof holds");
    assert_eq!(report.approvers, [actor("user:alice"), actor("user:bob")]);
    assert_eq!(node.prove_consensus(id).expect("also later"), proof);
    // From now on Alice alone changes nothing of trust.
    assert_eq!(code(node.govern(level("user:bob", 2))), "QUORUM_NOT_MET");
    bob.sync("origin", true, &mut |_| {})
        .expect("the sync works");
    assert_eq!(
        bob.governance().expect("governance").version(),
        2,
        "not pushed yet"
    );
    node.sync("origin", true, &mut |_| {})
        .expect("the sync works");
    bob.sync("origin", true, &mut |_| {})
        .expect("the sync works");
    assert_eq!(bob.governance().expect("governance").version(), 3);
    world.fsck();
}

#[test]
fn a_proposal_that_expired_or_was_overtaken_is_past() {
    let world = World::new();
    let node = world.node();
    let id = node
        .propose(level("user:alice", 2), "soon over", Some(1))
        .expect("a proposal");
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(code(node.approve(id, None, false)), "BAD_GOVERNANCE");
    let slow = node
        .propose(level("user:alice", 2), "overtaken", None)
        .expect("a proposal");
    node.govern(level("user:alice", 1))
        .expect("another version");
    assert!(matches!(
        node.proposal(slow).expect("it is there").standing,
        Standing::Past(_)
    ));
    assert_eq!(node.proposals().expect("all").len(), 2);
    assert_eq!(code(node.proposal(Ulid::MIN)), "BAD_GOVERNANCE");
    assert_eq!(caps(&node, "user:alice"), Vec::<String>::new());
}

/// However many policies there were, each is found, with the sources of its own time; names are made fit for a tree.
#[test]
fn every_policy_that_was_in_force_is_found_with_its_sources() {
    let world = World::new();
    let node = world.node();
    let mut roots = Vec::new();
    for level in 0..4 {
        let source = POLICY.replace(">= 0", &format!(">= {level}"));
        let rgc = compiled(&source);
        let name = format!("../rules of {level}.rgs");
        node.policy_activate(&rgc, &[(name, source.clone().into_bytes())])
            .expect("in force");
        roots.push((Sha256Digest::of(&rgc), source));
    }
    for (level, (root, source)) in roots.iter().enumerate() {
        let kept = node.find_policy(*root).expect("readable").expect("kept");
        let name = format!("rules_of_{level}.rgs");
        assert_eq!(kept.sources, [(name, source.clone().into_bytes())]);
    }
    let records = node.policies().expect("records");
    assert!(records.iter().all(|record| record.is_kept));
    assert_eq!(records.len(), 5, "and the empty one");
    // Folds and policies are kept in one form, trailers and all.
    let text = world.git(&["log", "--format=%B", "refs/gatos/policies/active"]);
    let (root, _) = &roots[0];
    assert!(
        text.contains(&format!(
            "policy.activate {root}\n\nPolicy-Root: {root}\nGov-Id: "
        )),
        "{text}"
    );
}
