//! Trust at work: revoked keys, cuts, stale events, and a governance that cannot be rolled back.

use std::path::PathBuf;

use gatos_fold::compile_yaml;
use gatos_node::sync::SyncReport;
use gatos_node::{Fault, Node, VerifyScope};
use gatos_policy::governance::ChangeOperation;
use gatos_policy::language::compile;
use gatos_values::KeyId;

use crate::world::{World, actor, append, code, intent, ns, run};

const FOLD: &str = "version: 1\nreducers:\n  - kind: count-by\n    key: \"$.k\"\nemit:\n  - path: \"state/ops/counts.json\"\n";

/// Alice's repository with a hub, and Bob enrolled with a key of his own home.
struct Pair {
    world: World,
}

impl Pair {
    fn new() -> Pair {
        let world = World::new();
        let node = world.node();
        let public = world.keys_of("bob").generate().expect("a key");
        node.enrol(&actor("user:bob"), &public)
            .expect("bob is enrolled");
        drop(node);
        let hub = world.folder().join("hub.git");
        run(
            world.folder(),
            "git",
            &["init", "-q", "--bare", &hub.display().to_string()],
        );
        world.git(&["remote", "add", "origin", &hub.display().to_string()]);
        world.git(&["config", "remote.origin.gatosSide", "internal"]);
        let pair = Pair { world };
        sync(&pair.alice());
        pair
    }

    fn alice(&self) -> Node {
        self.world.node()
    }

    fn bob_path(&self) -> PathBuf {
        self.world.folder().join("bobs")
    }

    fn bob_clones(&self) -> Node {
        let hub = self.world.folder().join("hub.git").display().to_string();
        let mut options = self.world.options();
        options.home = Some(self.world.folder().join("bob"));
        Node::clone_from(&hub, &self.bob_path(), None, options.clone(), &mut |_| {})
            .expect("bob clones");
        Node::open(&self.bob_path(), options).expect("the clone opens")
    }

    fn bob_key(&self) -> KeyId {
        let listing = self.world.keys_of("bob").list().expect("keys");
        listing.keys[0].public.key_id()
    }
}

fn sync(node: &Node) -> SyncReport {
    node.sync("origin", true, &mut |_| {})
        .expect("the sync works")
}

fn revoke(key: KeyId) -> Vec<ChangeOperation> {
    vec![ChangeOperation::KeyRevoke { key }]
}

/// Puts a policy in force that allows everything; the number makes it one of a kind.
fn activate(node: &Node, number: u8) -> Result<(), Fault> {
    let source = format!(
        "version: 1\nrules:\n  - id: r{number}\n    when: {{ intent: write }}\n    allow_if: [\"true\"]\n"
    );
    let compiled = compile(&source).expect("the policy compiles");
    node.policy_activate(&compiled.rgc, &[]).map(drop)
}

fn tick(node: &Node, count: usize) {
    for _ in 0..count {
        append(node, &[intent("ops", "tick", "{\"k\":1}")]);
    }
}

fn install(node: &Node) {
    let compiled = compile_yaml(FOLD).expect("the fold compiles");
    node.fold_install(&ns("ops"), &compiled.rgf, None)
        .expect("the fold is installed");
}

fn folded(node: &Node) -> u64 {
    node.fold_run(&ns("ops"), &mut |_| {})
        .expect("the fold runs")
        .event_count
}

#[test]
fn what_a_thief_signs_after_the_cut_is_refused() {
    let pair = Pair::new();
    let bob = pair.bob_clones();
    tick(&bob, 3);
    sync(&bob);
    let alice = pair.alice();
    assert_eq!(sync(&alice).event_count, 3);
    alice
        .govern(revoke(pair.bob_key()))
        .expect("bob's key goes");
    // Whoever has the key goes on signing under the version in which it was live.
    tick(&bob, 2);
    bob.close_writer().expect("the writer closes");
    let hub = pair.world.folder().join("hub.git").display().to_string();
    run(
        &pair.bob_path(),
        "git",
        &[
            "push",
            "-q",
            &hub,
            "refs/gatos/journal/*:refs/gatos/journal/*",
        ],
    );
    let report = sync(&alice);
    assert_eq!(report.event_count, 0);
    let finding = &report.findings[0];
    assert_eq!(finding.code.as_str(), "STALE_GOV", "{finding:?}");
    assert!(finding.reason.contains("number 4"), "{}", finding.reason);
    // What was accepted before the cut still verifies, under the version it names.
    let verified = alice
        .verify(VerifyScope::All, None, &mut |_| {})
        .expect("all is well");
    assert_eq!((verified.event_count, verified.stale_count), (3, 0));
    // A clone comes to the same verdict from the hub, which holds the stale events.
    let fresh = pair.world.folder().join("fresh");
    let clone = Node::clone_from(&hub, &fresh, None, pair.world.options(), &mut |_| {});
    let clone = clone.expect("the clone comes");
    assert_eq!(clone.sync.findings[0].code.as_str(), "STALE_GOV");
    pair.world.fsck();
}

#[test]
fn what_an_honest_writer_signed_meanwhile_is_kept_but_not_folded() {
    let pair = Pair::new();
    let alice = pair.alice();
    install(&alice);
    sync(&alice);
    let bob = pair.bob_clones();
    tick(&bob, 3);
    sync(&bob);
    sync(&alice);
    assert_eq!(folded(&alice), 3);
    // Bob writes on, while a new policy cuts all journals where Alice saw them.
    tick(&bob, 2);
    activate(&alice, 1).expect("the policy is activated");
    assert_eq!(folded(&alice), 3);
    sync(&alice);
    sync(&bob);
    let report = sync(&alice);
    assert_eq!(
        (report.event_count, report.stale_count),
        (2, 2),
        "{report:?}"
    );
    assert!(report.findings.is_empty(), "{report:?}");
    assert_eq!(folded(&alice), 3, "stale events are never folded");
    let verified = alice
        .verify(VerifyScope::All, None, &mut |_| {})
        .expect("all is well");
    assert_eq!((verified.event_count, verified.stale_count), (5, 2));
    // Under the new version Bob's journal goes on, and both come to the same state.
    append(&bob, &[intent("ops", "tick", "{\"k\":1}")]);
    sync(&bob);
    sync(&alice);
    assert_eq!(folded(&alice), 4);
    assert_eq!(folded(&bob), 4);
    alice
        .verify(VerifyScope::All, None, &mut |_| {})
        .expect("all is well");
    bob.verify(VerifyScope::All, None, &mut |_| {})
        .expect("all is well");
}

#[test]
fn a_state_that_holds_events_beyond_a_later_cut_is_computed_anew() {
    let pair = Pair::new();
    let alice = pair.alice();
    install(&alice);
    sync(&alice);
    let bob = pair.bob_clones();
    tick(&bob, 2);
    sync(&bob);
    sync(&alice);
    tick(&bob, 3);
    assert_eq!(folded(&bob), 5);
    activate(&alice, 1).expect("the policy is activated");
    sync(&alice);
    sync(&bob);
    assert_eq!(folded(&bob), 2, "in the process that kept the state");
    tick(&bob, 1);
    drop(bob);
    let mut options = pair.world.options();
    options.home = Some(pair.world.folder().join("bob"));
    let bob = Node::open(&pair.bob_path(), options).expect("the clone opens");
    assert_eq!(folded(&bob), 3, "and from the checkpoints on disk");
    bob.verify(VerifyScope::All, None, &mut |_| {})
        .expect("all is well");
}

#[test]
fn a_governance_that_was_seen_is_never_undercut() {
    let pair = Pair::new();
    let alice = pair.alice();
    let old = pair.world.git(&["rev-parse", "refs/gatos/governance"]);
    activate(&alice, 1).expect("the policy is activated");
    drop(alice);
    // Somebody who can move refs brings the old governance back.
    pair.world
        .git(&["update-ref", "refs/gatos/governance", old.trim()]);
    let alice = pair.alice();
    assert_eq!(
        code(alice.verify(VerifyScope::All, None, &mut |_| {})),
        "GOV_BEHIND"
    );
    assert_eq!(code(activate(&alice, 2)), "GOV_BEHIND");
    drop(alice);
    // The hub still offers the old one: a clone on this machine is not taken in, elsewhere it would be.
    let hub = pair.world.folder().join("hub.git").display().to_string();
    let fresh = pair.world.folder().join("fresh");
    let clone = |home: PathBuf| {
        let mut options = pair.world.options();
        options.home = Some(home);
        Node::clone_from(&hub, &fresh, None, options, &mut |_| {})
    };
    assert_eq!(code(clone(pair.world.home())), "GOV_BEHIND");
    assert!(!fresh.exists(), "what was refused is not left behind");
    clone(pair.world.folder().join("elsewhere")).expect("first use elsewhere");
}

#[test]
fn another_governance_than_the_one_seen_is_a_fork() {
    let pair = Pair::new();
    let alice = pair.alice();
    let old = pair.world.git(&["rev-parse", "refs/gatos/governance"]);
    activate(&alice, 1).expect("the policy is activated");
    drop(alice);
    pair.world
        .git(&["update-ref", "refs/gatos/governance", old.trim()]);
    // The governor's keys elsewhere, without the memory: a second valid successor.
    let elsewhere = pair.world.folder().join("elsewhere");
    run(pair.world.folder(), "cp", &["-r", "home", "elsewhere"]);
    std::fs::remove_dir_all(elsewhere.join("trust")).expect("the memory is elsewhere");
    let mut options = pair.world.options();
    options.home = Some(elsewhere);
    let rival = Node::open(&pair.world.path(), options).expect("the repository opens");
    activate(&rival, 2).expect("a second successor");
    drop(rival);
    let alice = pair.alice();
    assert_eq!(
        code(alice.verify(VerifyScope::All, None, &mut |_| {})),
        "GOV_FORK"
    );
}
