//! Folds: installing, running, incremental against full.

use gatos_fold::compile_yaml;
use gatos_node::{Acknowledgement, Node};
use gatos_values::Ulid;

use crate::world::{World, actor, append, code, intent, ns};

const INVOICES: &str = r#"
version: 1
reducers:
  - name: invoices
    kind: map-join-lww
    key: "$.id"
  - name: totals
    kind: sum-by
    key: "$.customer"
    value: "$.amount"
emit:
  - path: "state/finance/invoices.json"
    from: invoices
  - path: "state/finance/totals.json"
    from: totals
"#;

fn install(node: &Node) {
    let compiled = compile_yaml(INVOICES).expect("the fold compiles");
    node.fold_install(
        &ns("finance"),
        &compiled.rgf,
        Some(("invoices.yaml", INVOICES.as_bytes())),
    )
    .expect("the fold installs");
}

fn invoice(id: u32, customer: &str, amount: &str) -> gatos_node::Intent {
    intent(
        "finance",
        "invoice",
        &format!(r#"{{"id":"{id}","customer":"{customer}","amount":{amount}}}"#),
    )
}

fn show(node: &Node, path: &str) -> String {
    String::from_utf8(
        node.state_show(&ns("finance"), path, None)
            .expect("the file is there"),
    )
    .expect("JSON is text")
}

#[test]
fn a_run_gives_state_that_verifies_and_that_git_holds() {
    let world = World::new();
    let node = world.node();
    install(&node);
    append(
        &node,
        &[
            invoice(1, "acme", "10.5"),
            invoice(2, "acme", "1"),
            invoice(1, "bolt", "3"),
        ],
    );
    let run = node
        .fold_run(&ns("finance"), &mut |_| {})
        .expect("the fold runs");
    assert_eq!((run.event_count, run.unchanged), (3, false));
    assert_eq!(
        show(&node, "state/finance/totals.json"),
        r#"{"acme":11.5,"bolt":3}"#
    );
    assert_eq!(
        show(&node, "state/finance/invoices.json"),
        r#"{"1":{"amount":3,"customer":"bolt","id":"1"},"2":{"amount":1,"customer":"acme","id":"2"}}"#
    );
    world.fsck();
    let shown = world.git(&[
        "show",
        "refs/gatos/state/finance/head:state/finance/totals.json",
    ]);
    assert_eq!(shown, r#"{"acme":11.5,"bolt":3}"#);
    let (roots, count) = node
        .fold_verify(&ns("finance"), None, &mut |_| {})
        .expect("the checkpoint verifies");
    assert_eq!((roots, count), (run.roots, 3));
    // Nothing new: no new checkpoint.
    let again = node
        .fold_run(&ns("finance"), &mut |_| {})
        .expect("the fold runs");
    assert!(again.unchanged);
    assert_eq!(again.checkpoint, run.checkpoint);
}

#[test]
fn an_incremental_run_equals_a_full_one_and_reads_only_what_is_new() {
    let world = World::new();
    let node = world.node();
    install(&node);
    node.close_writer().expect("the lock is given back");
    for round in 0..4_u32 {
        // Another process each time: the state is read back.
        let node = world.node();
        let intents: Vec<_> = (0..20)
            .map(|number| invoice(number * (round + 1) % 13, "acme", &format!("{number}.25")))
            .collect();
        append(&node, &intents);
        let run = node
            .fold_run(&ns("finance"), &mut |_| {})
            .expect("the fold runs");
        assert_eq!(run.read_count, 20, "round {round}");
        assert_eq!(run.event_count, u64::from(20 * (round + 1)));
        // verify recomputes from nothing and compares fold state, skipped, window and all roots.
        node.fold_verify(&ns("finance"), None, &mut |_| {})
            .expect("incremental equals full");
        node.close_writer().expect("the lock is given back");
    }
}

#[test]
fn a_late_event_falls_back_to_an_earlier_checkpoint() {
    let world = World::new();
    let node = world.node();
    install(&node);
    let bob = actor("user:bob");
    let key = node.keys().generate().expect("a key");
    node.enrol(&bob, &key).expect("bob is enrolled");
    let at = |ms: u64| Some(Ulid::from_parts(ms, 0).expect("a ULID"));
    let timed = |ms: u64, id: u32, by_bob: bool| {
        let mut one = invoice(id, "acme", "1");
        one.ulid = at(ms);
        if by_bob {
            one.actor = Some(bob.clone());
        }
        one
    };
    append(&node, &[timed(1000, 1, false)]);
    node.fold_run(&ns("finance"), &mut |_| {})
        .expect("the fold runs");
    append(&node, &[timed(3000, 2, false)]);
    node.fold_run(&ns("finance"), &mut |_| {})
        .expect("the fold runs");
    // Bob's event lies between: the second checkpoint's window is no prefix any more, the first one's is.
    append(&node, &[timed(2000, 1, true)]);
    let run = node
        .fold_run(&ns("finance"), &mut |_| {})
        .expect("the fold runs");
    assert_eq!((run.event_count, run.read_count), (3, 2));
    node.fold_verify(&ns("finance"), None, &mut |_| {})
        .expect("the state verifies");
    // Before everything: a full run.
    let mut first = timed(500, 9, true);
    first.actor = Some(actor("user:carol"));
    let carol_key = node.keys().generate().expect("a key");
    node.enrol(&actor("user:carol"), &carol_key)
        .expect("carol is enrolled");
    append(&node, &[first]);
    let run = node
        .fold_run(&ns("finance"), &mut |_| {})
        .expect("the fold runs");
    assert_eq!((run.event_count, run.read_count), (4, 4));
    node.fold_verify(&ns("finance"), None, &mut |_| {})
        .expect("the state verifies");
}

#[test]
fn without_a_fold_there_is_nothing_to_run() {
    let world = World::new();
    let node = world.node();
    append(&node, &[invoice(1, "acme", "1")]);
    assert_eq!(code(node.fold_run(&ns("finance"), &mut |_| {})), "BAD_FOLD");
    assert_eq!(
        code(node.state_show(&ns("finance"), "state/x.json", None)),
        "NO_CHECKPOINT"
    );
    assert_eq!(
        code(node.fold_install(&ns("finance"), b"no fold", None)),
        "BAD_FOLD"
    );
}

#[test]
fn events_carry_the_fold_of_their_governance() {
    let world = World::new();
    let node = world.node();
    let before = append(&node, &[invoice(1, "acme", "1")]).remove(0);
    install(&node);
    let after = append(&node, &[invoice(2, "acme", "1")]).remove(0);
    let root = |id| {
        node.find_event(id)
            .expect("the event is found")
            .event
            .envelope()
            .fold_root
    };
    assert_eq!(root(&before.id), gatos_values::roots::EMPTY_FOLD_ROOT);
    assert_eq!(
        root(&after.id),
        compile_yaml(INVOICES).expect("the fold compiles").fold_root
    );
    node.append(&[invoice(3, "acme", "1")], Acknowledgement::Visible)
        .expect("works");
    node.verify(gatos_node::VerifyScope::All, None, &mut |_| {})
        .expect("both verify");
}

/// A process that goes on from the state it keeps, one that reads it back each time, and `fold verify`, which
/// begins from nothing, agree on every byte; also when another process has moved the state meanwhile.
#[test]
fn a_kept_state_gives_what_one_read_back_gives() {
    let world = World::new();
    let node = world.node();
    install(&node);
    let elsewhere = || {
        let other = world.node();
        let run = other
            .fold_run(&ns("finance"), &mut |_| {})
            .expect("the fold runs");
        other.close_writer().expect("the lock is given back");
        run
    };
    for round in 0..6 {
        append(&node, &[invoice(round % 4, "acme", "1.25")]);
        node.close_writer().expect("the lock is given back");
        if round == 3 {
            // The kept state is now one checkpoint behind.
            elsewhere();
            append(&node, &[invoice(round, "bolt", "3")]);
        }
        let kept = node
            .fold_run(&ns("finance"), &mut |_| {})
            .expect("the fold runs");
        assert!(!kept.unchanged);
        node.close_writer().expect("the lock is given back");
        let read_back = elsewhere();
        assert!(read_back.unchanged, "round {round}");
        assert_eq!(read_back.roots, kept.roots);
        assert_eq!(read_back.checkpoint, kept.checkpoint);
        let (computed, count) = node
            .fold_verify(&ns("finance"), None, &mut |_| {})
            .expect("the checkpoint is what its events give");
        assert_eq!((computed, count), (kept.roots, kept.event_count));
    }
}
