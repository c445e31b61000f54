//! Journals that equivocated, until governance chose: the branch that counts goes on wherever it is, the other nowhere.

use std::path::PathBuf;

use gatos_fold::compile_yaml;
use gatos_ledger::receive::PushedRef;
use gatos_ledger::{Repository, refs};
use gatos_node::sync::SyncReport;
use gatos_node::{InitOptions, Node, VerifyScope};
use gatos_values::EventId;

use crate::world::{World, actor, append, code, intent, log_ids, ns, run};

const FOLD: &str = "version: 1\nreducers:\n  - kind: count-by\n    key: \"$.k\"\nemit:\n  - path: \"state/ops/counts.json\"\n";

/// Alice's key in two clones of one hub: each signs on the same event.
struct Twice {
    world: World,
    /// The event that went to the hub.
    here: EventId,
    /// The event that Alice's other machine signed in its place.
    there: EventId,
}

impl Twice {
    fn new() -> Twice {
        let world = World::new();
        run(world.folder(), "git", &["init", "--bare", "-q", "hub.git"]);
        let hub = world.folder().join("hub.git").display().to_string();
        world.git(&["remote", "add", "origin", &hub]);
        let node = world.node();
        let compiled = compile_yaml(FOLD).expect("the fold compiles");
        node.fold_install(&ns("ops"), &compiled.rgf, None)
            .expect("the fold installs");
        tick(&node, "common");
        folded(&node);
        sync(&node, "origin");
        let other = clone(&world, &hub, "other");
        let here = tick(&node, "here");
        sync(&node, "origin");
        let there = tick(&other, "there");
        tick(&other, "more");
        assert_eq!(folded(&other), 3);
        let report = sync(&other, "origin");
        assert_eq!(report.findings[0].code.as_str(), "EQUIVOCATION");
        Twice { world, here, there }
    }

    fn here(&self) -> Node {
        self.world.node()
    }

    fn other_path(&self) -> PathBuf {
        self.world.folder().join("other")
    }

    fn other(&self) -> Node {
        self.world.node_at(&self.other_path())
    }
}

fn clone(world: &World, from: &str, name: &str) -> Node {
    let directory = world.folder().join(name);
    Node::clone_from(from, &directory, None, world.options(), &mut |_| {}).expect("it clones");
    world.node_at(&directory)
}

fn sync(node: &Node, remote: &str) -> SyncReport {
    let report = node.sync(remote, true, &mut |_| {}).expect("it syncs");
    node.close_writer().expect("the writer closes");
    report
}

fn tick(node: &Node, key: &str) -> EventId {
    let one = intent("ops", "tick", &format!(r#"{{"k":"{key}"}}"#));
    append(node, &[one]).remove(0).id
}

fn folded(node: &Node) -> u64 {
    node.fold_run(&ns("ops"), &mut |_| {})
        .expect("the fold runs")
        .event_count
}

fn settle(node: &Node, event: &EventId) {
    let choice = node.prepare_choice(event).expect("a branch has it");
    node.govern(vec![choice]).expect("the governors choose");
}

fn verified(node: &Node) -> u64 {
    node.verify(VerifyScope::All, None, &mut |_| {})
        .expect("all is well")
        .event_count
}

#[test]
fn a_clone_is_put_on_the_branch_that_was_chosen_and_goes_on() {
    let twice = Twice::new();
    let other = twice.other();
    let frozen = other.append(
        &[intent("ops", "tick", r#"{"k":"x"}"#)],
        gatos_node::Acknowledgement::Visible,
    );
    assert_eq!(code(frozen), "JOURNAL_FROZEN");
    let left = other
        .log(gatos_node::LogQuery::all(ns("ops")))
        .expect("it opens");
    let left: Vec<String> = left
        .map(|entry| entry.expect("it reads").commit.to_string())
        .collect();
    settle(&other, &twice.here);
    // The hub's branch stands here now and goes on; the state is computed from it alone.
    tick(&other, "on");
    assert_eq!(folded(&other), 3);
    let state = other
        .state_show(&ns("ops"), "state/ops/counts.json", None)
        .expect("a file");
    assert_eq!(
        String::from_utf8_lossy(&state),
        r#"{"common":1,"here":1,"on":1}"#
    );
    assert_eq!(verified(&other), 3);
    let report = sync(&other, "origin");
    assert!(report.findings.is_empty(), "{report:?}");
    let here = twice.here();
    let report = sync(&here, "origin");
    assert!(report.findings.is_empty(), "{report:?}");
    assert_eq!(log_ids(&here, "ops"), log_ids(&other, "ops"));
    assert_eq!(verified(&here), 3);
    // What was left is pinned, and nobody is told to mend it.
    drop(other);
    let pinned = run(
        &twice.other_path(),
        "git",
        &["log", "--format=%H", "--glob=refs/gatos/quarantine/*"],
    );
    assert!(
        left.iter().all(|commit| pinned.contains(commit)),
        "{left:?}"
    );
    let report = twice.other().doctor().expect("it examines");
    assert!(report.is_healthy(), "{:?}", report.findings);
    run(
        &twice.other_path(),
        "git",
        &["fsck", "--strict", "--no-progress"],
    );
    // A new index comes to the same.
    std::fs::remove_dir_all(twice.other_path().join(".git/gatos/index")).expect("it is a cache");
    assert_eq!(folded(&twice.other()), 3);
}

#[test]
fn the_branch_that_others_do_not_have_is_fetched_where_it_is() {
    let twice = Twice::new();
    let here_path = twice.world.path().display().to_string();
    let peer = clone(&twice.world, &here_path, "peer");
    assert_eq!(log_ids(&peer, "ops").len(), 2);
    drop(peer);
    settle(&twice.other(), &twice.there);
    // The hub keeps what it has: a push never rewrites.
    for _ in 0..2 {
        let report = sync(&twice.other(), "origin");
        let codes: Vec<&str> = report
            .findings
            .iter()
            .map(|one| one.code.as_str())
            .collect();
        assert_eq!(codes, ["EQUIVOCATION"], "{report:?}");
    }
    // Whoever asks the clone that has it is put on it, also over what it fetched before.
    twice.world.git(&[
        "remote",
        "add",
        "other",
        &twice.other_path().display().to_string(),
    ]);
    let here = twice.here();
    tick(&here, "too late");
    here.sync("origin", false, &mut |_| {}).expect("it syncs");
    let refused = here.append(
        &[intent("ops", "tick", r#"{"k":"x"}"#)],
        gatos_node::Acknowledgement::Visible,
    );
    assert_eq!(code(refused), "EQUIVOCATION", "nobody would take it");
    let report = here.sync("other", false, &mut |_| {}).expect("it syncs");
    assert!(report.findings.is_empty(), "{report:?}");
    assert_eq!(report.settled_count, 1);
    assert_eq!(folded(&here), 3);
    assert_eq!(verified(&here), 3);
    here.close_writer().expect("the writer closes");
    let peer = twice.world.node_at(&twice.world.folder().join("peer"));
    let report = peer.sync("origin", false, &mut |_| {}).expect("it syncs");
    assert!(report.findings.is_empty(), "{report:?}");
    assert_eq!(log_ids(&peer, "ops"), log_ids(&twice.other(), "ops"));
    assert_eq!(verified(&peer), 3);
    assert_eq!(folded(&peer), 3);
}

#[test]
fn what_is_no_branch_or_is_sealed_is_not_chosen() {
    let twice = Twice::new();
    let other = twice.other();
    let common: EventId = log_ids(&other, "ops")[0].parse().expect("an id");
    let elsewhere = EventId::parse(&format!("blake3:{}", "0".repeat(64))).expect("an id");
    for event in [common, elsewhere] {
        assert_eq!(code(other.prepare_choice(&event)), "UNKNOWN_EVENT");
    }
    let choice = other.prepare_choice(&twice.here).expect("a branch has it");
    other
        .epoch_new(&ns("ops"), &mut |_| {})
        .expect("it is sealed");
    assert_eq!(code(other.prepare_choice(&twice.here)), "EPOCH_BROKEN");
    // Whoever chooses it elsewhere leaves this clone standing still, and everything else at work.
    other
        .govern(vec![choice])
        .expect("governance knows no anchors");
    append(&other, &[intent("finance", "tick", r#"{"k":"y"}"#)]);
    let frozen = other.append(
        &[intent("ops", "tick", r#"{"k":"x"}"#)],
        gatos_node::Acknowledgement::Visible,
    );
    assert_eq!(code(frozen), "JOURNAL_FROZEN");
}

#[test]
fn a_push_gate_keeps_its_branch_and_lets_no_other_one_be_chosen() {
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
    let hub_text = hub.display().to_string();
    let here = clone(&world, &hub_text, "here");
    let other = clone(&world, &hub_text, "other");
    let (kept, rival) = (tick(&here, "here"), tick(&other, "there"));
    here.close_writer().expect("the writer closes");
    let names = run(
        &world.folder().join("here"),
        "git",
        &["for-each-ref", "--format=%(refname)", "refs/gatos/journal/"],
    );
    let journal = names.trim().to_owned();
    // What a push brought; the hook itself is the red team's.
    run(
        &hub,
        "git",
        &[
            "fetch",
            "-q",
            &world.folder().join("here").display().to_string(),
            &format!("{journal}:{journal}"),
        ],
    );
    let report = other.sync("origin", false, &mut |_| {}).expect("it syncs");
    assert_eq!(report.findings[0].code.as_str(), "EQUIVOCATION");
    other.close_writer().expect("the writer closes");
    let before = Repository::open(&world.folder().join("other")).expect("it opens");
    let governance = "refs/gatos/governance";
    let start = refs::read(&before, governance)
        .expect("it reads")
        .expect("a genesis");
    let judge = |event: &EventId| {
        settle(&other, event);
        other.close_writer().expect("the writer closes");
        let new = refs::read(&before, governance).expect("it reads");
        let pushed = PushedRef {
            old: Some(start),
            new,
            name: governance.to_owned(),
        };
        let objects = world.folder().join("other/.git/objects");
        let node = world.node_at(&hub);
        let verdict = node
            .judge_push(&[pushed], Some(&objects))
            .expect("a verdict");
        let codes: Vec<&str> = verdict
            .refusals
            .iter()
            .map(|one| one.fault.code.as_str())
            .collect();
        assert_eq!(
            verdict.records.len(),
            codes.len(),
            "what a governor signed goes on record"
        );
        codes.join(" ")
    };
    assert_eq!(judge(&rival), "EQUIVOCATION");
    // Set back to before that choice, the governors choose what the gate holds.
    let start_text = start.to_string();
    let back = world.folder().join("other");
    run(&back, "git", &["update-ref", governance, &start_text]);
    for name in run(
        &back,
        "git",
        &[
            "for-each-ref",
            "--format=%(refname)",
            "refs/gatos/quarantine/settled",
        ],
    )
    .lines()
    {
        run(&back, "git", &["update-ref", "-d", name]);
    }
    std::fs::remove_dir_all(world.home().join("trust")).expect("what was seen");
    assert_eq!(judge(&kept), "");
}
