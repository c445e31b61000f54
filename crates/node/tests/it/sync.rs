//! Clones that write, fetch, push and disagree, over real Git.

use std::path::PathBuf;

use gatos_fold::compile_yaml;
use gatos_node::{Node, VerifyScope};

use crate::world::{World, actor, append, intent, log_ids, ns, run};

const FOLD: &str = "version: 1\nreducers:\n  - kind: count-by\n    key: \"$.k\"\nemit:\n  - path: \"state/ops/counts.json\"\n";

/// A bare repository in the middle, and two clones of it.
struct Team {
    world: World,
}

impl Team {
    fn new() -> Team {
        let world = World::new();
        let hub = world.folder().join("hub.git");
        run(world.folder(), "git", &["init", "--bare", "-q", "hub.git"]);
        world.git(&["remote", "add", "origin", &hub.display().to_string()]);
        let node = world.node();
        let bob = node.keys().generate().expect("a key");
        node.enrol(&actor("user:bob"), &bob)
            .expect("bob is enrolled");
        let compiled = compile_yaml(FOLD).expect("the fold compiles");
        node.fold_install(&ns("ops"), &compiled.rgf, None)
            .expect("the fold installs");
        sync(&node);
        Team { world }
    }

    fn hub(&self) -> String {
        self.world.folder().join("hub.git").display().to_string()
    }

    fn clone(&self, name: &str) -> PathBuf {
        let directory = self.world.folder().join(name);
        Node::clone_from(
            &self.hub(),
            &directory,
            None,
            self.world.options(),
            &mut |_| {},
        )
        .expect("the clone works");
        directory
    }
}

fn sync(node: &Node) -> gatos_node::sync::SyncReport {
    node.sync("origin", true, &mut |_| {})
        .expect("the sync works")
}

fn tick(by: &str, key: &str) -> gatos_node::Intent {
    let mut one = intent("ops", "tick", &format!(r#"{{"k":"{key}"}}"#));
    one.actor = Some(actor(by));
    one
}

#[test]
fn two_clones_come_to_the_same_events_and_state() {
    let team = Team::new();
    let alice = team.world.node();
    let bob = team.world.node_at(&team.clone("bob"));
    append(&alice, &[tick("user:alice", "a")]);
    append(&bob, &[tick("user:bob", "b"), tick("user:bob", "a")]);
    // Both fold before they know of each other: the heads diverge and must be joined.
    alice
        .fold_run(&ns("ops"), &mut |_| {})
        .expect("the fold runs");
    bob.fold_run(&ns("ops"), &mut |_| {})
        .expect("the fold runs");
    assert!(sync(&alice).findings.is_empty());
    let report = sync(&bob);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(sync(&alice).findings.is_empty());
    assert_eq!(log_ids(&alice, "ops"), log_ids(&bob, "ops"));
    assert_eq!(log_ids(&alice, "ops").len(), 3);
    let heads = [&alice, &bob].map(|node| node.checkpoint_head(&ns("ops")).expect("a head"));
    assert_eq!(heads[0], heads[1]);
    let shown = alice
        .state_show(&ns("ops"), "state/ops/counts.json", None)
        .expect("a file");
    assert_eq!(String::from_utf8_lossy(&shown), r#"{"a":2,"b":1}"#);
    for node in [&alice, &bob] {
        node.verify(VerifyScope::All, None, &mut |_| {})
            .expect("everything verifies");
    }
    team.world.fsck();
}

#[test]
fn one_key_in_two_places_is_equivocation_and_both_branches_are_kept() {
    let team = Team::new();
    let alice = team.world.node();
    append(&alice, &[tick("user:alice", "common")]);
    sync(&alice);
    let thief = team.world.node_at(&team.clone("thief"));
    // Both hold Alice's key and sign on the same event.
    let ours = append(&alice, &[tick("user:alice", "ours")]).remove(0);
    let theirs = append(&thief, &[tick("user:alice", "theirs")]).remove(0);
    sync(&alice);
    let report = thief
        .sync("origin", false, &mut |_| {})
        .expect("the sync works");
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert_eq!(report.findings[0].code.as_str(), "EQUIVOCATION");
    let refused = thief.append(
        &[tick("user:alice", "more")],
        gatos_node::Acknowledgement::Visible,
    );
    assert_eq!(
        refused.expect_err("the journal stands still").code.as_str(),
        "JOURNAL_FROZEN"
    );
    let directory = team.world.folder().join("thief");
    let quarantine = run(
        &directory,
        "git",
        &["log", "--format=%H", "--glob=refs/gatos/quarantine/*"],
    );
    for commit in [&ours.commit, &theirs.commit] {
        assert!(
            quarantine.contains(commit.as_str()),
            "{commit} is not pinned"
        );
    }
    // Bob is not concerned.
    append(&thief, &[tick("user:bob", "b")]);
}

#[test]
fn plain_fetch_clone_and_push_move_everything() {
    let team = Team::new();
    let alice = team.world.node();
    append(&alice, &[tick("user:alice", "a")]);
    drop(alice);
    // A plain push uses the configured refspecs; a mirror clone brings every ref.
    team.world.git(&["push", "-q", "origin"]);
    run(
        team.world.folder(),
        "git",
        &["clone", "-q", "--mirror", &team.hub(), "mirror.git"],
    );
    let mirror = team.world.node_at(&team.world.folder().join("mirror.git"));
    assert_eq!(log_ids(&mirror, "ops").len(), 1);
    mirror
        .verify(VerifyScope::All, None, &mut |_| {})
        .expect("the mirror verifies");
    // A plain fetch lands below remotes and moves nothing of ours.
    let bob_directory = team.clone("bob");
    let alice = team.world.node();
    append(&alice, &[tick("user:alice", "b")]);
    sync(&alice);
    run(&bob_directory, "git", &["fetch", "-q"]);
    let bob = team.world.node_at(&bob_directory);
    assert_eq!(log_ids(&bob, "ops").len(), 1);
    sync(&bob);
    assert_eq!(log_ids(&bob, "ops").len(), 2);
}

#[test]
fn a_good_event_put_on_another_commit_freezes_nothing() {
    let team = Team::new();
    let alice = team.world.node();
    let made = append(
        &alice,
        &[
            tick("user:alice", "a"),
            tick("user:alice", "b"),
            tick("user:alice", "c"),
        ],
    );
    sync(&alice);
    let victim = team.world.node_at(&team.clone("victim"));
    // Without any key: Alice's third event on her first, served by a remote that rewrites.
    let git = |arguments: &[&str]| team.world.git(arguments);
    let content = git(&["cat-file", "commit", &made[2].commit]);
    let moved = content.replace(&made[1].commit, &made[0].commit);
    let file = team.world.folder().join("moved");
    std::fs::write(&file, moved).expect("writable");
    let commit = git(&[
        "hash-object",
        "-t",
        "commit",
        "-w",
        &file.display().to_string(),
    ]);
    let name = git(&[
        "for-each-ref",
        "--format=%(refname)",
        "refs/gatos/journal/ops/user/alice/",
    ]);
    let hostile = team
        .world
        .folder()
        .join("hostile.git")
        .display()
        .to_string();
    run(
        team.world.folder(),
        "git",
        &["clone", "-q", "--mirror", &team.hub(), "hostile.git"],
    );
    git(&[
        "push",
        "-q",
        "--force",
        &hostile,
        &format!("{}:{}", commit.trim(), name.trim()),
    ]);
    let directory = team.world.folder().join("victim");
    run(&directory, "git", &["remote", "add", "hostile", &hostile]);
    let report = victim
        .sync("hostile", false, &mut |_| {})
        .expect("the sync works");
    let codes: Vec<&str> = report
        .findings
        .iter()
        .map(|one| one.code.as_str())
        .collect();
    assert_eq!(codes, ["PREV_MISMATCH"], "{:?}", report.findings);
    append(&victim, &[tick("user:alice", "on")]);
}
