//! The numbers of `status` against counting by hand.

use gatos_fold::compile_yaml;
use gatos_node::{Acknowledgement, NamespaceStatus};

use crate::world::{World, actor, append, intent, ns};

const FOLD: &str =
    "version: 1\nreducers:\n  - kind: counter-g\nemit:\n  - path: state/count.json\n";

fn row(found: &NamespaceStatus) -> (String, u64, u64, Option<u64>, bool) {
    (
        found.ns.to_string(),
        found.journal_count,
        found.event_count,
        found.checkpoint_event_count,
        found.has_fold,
    )
}

#[test]
fn a_new_repository_has_nothing_but_its_genesis() {
    let world = World::new();
    let status = world.node().status().expect("it looks");
    assert_eq!(status.governance_version, 0);
    assert_eq!(
        (status.actor_count, status.actor),
        (1, Some(actor("user:alice")))
    );
    assert!(status.namespaces.is_empty());
    assert_eq!((status.quarantine_count, status.writer), (0, None));
    assert_eq!(status.repository, status.gov);
    assert_eq!(status.name, "repo");
}

#[test]
fn namespaces_are_counted_each_by_itself() {
    let world = World::new();
    let node = world.node();
    let public = node.keys().generate().expect("a key");
    node.enrol(&actor("service:build"), &public)
        .expect("it is enrolled");
    let fold = compile_yaml(FOLD).expect("the fold compiles");
    // One namespace with a fold and events, one with a fold alone, one with events alone.
    for name in ["ops", "empty"] {
        node.fold_install(&ns(name), &fold.rgf, None)
            .expect("it installs");
    }
    append(
        &node,
        &[
            intent("ops", "a", "1"),
            intent("ops", "a", "2"),
            intent("ops/eu", "a", "3"),
        ],
    );
    node.fold_run(&ns("ops"), &mut |_| {})
        .expect("the fold runs");
    let mut third = intent("ops", "a", "4");
    third.actor = Some(actor("service:build"));
    append(&node, &[third]);
    // Durable and not yet visible events are not counted: nobody else sees them either.
    node.append(&[intent("ops", "a", "5")], Acknowledgement::Durable)
        .expect("the append works");
    let reader = world.node();
    let status = reader.status().expect("it looks beside the writer");
    let rows: Vec<_> = status.namespaces.iter().map(row).collect();
    assert_eq!(
        rows,
        [
            ("empty".to_owned(), 0, 0, None, true),
            ("ops".to_owned(), 2, 3, Some(2), true),
            ("ops/eu".to_owned(), 1, 1, None, false),
        ]
    );
    assert_eq!((status.governance_version, status.actor_count), (3, 2));
    let writer = status.writer.expect("the writer is at work");
    assert!(writer.contains(&std::process::id().to_string()), "{writer}");
    assert_eq!(reader.journals().expect("they list").len(), 3);
    node.close_writer().expect("the writer closes");
    drop(node);
    let status = reader.status().expect("it looks");
    assert_eq!(status.writer, None);
    assert_eq!(
        row(&status.namespaces[1]),
        ("ops".to_owned(), 2, 4, Some(2), true)
    );
}

#[test]
fn what_was_set_aside_is_counted() {
    let world = World::new();
    let node = world.node();
    append(&node, &[intent("ops", "a", "1"), intent("ops", "a", "2")]);
    node.append(&[intent("ops", "a", "3")], Acknowledgement::Durable)
        .expect("the append works");
    let journal = node.journals().expect("they list").remove(0).ref_name();
    // Other hands take the journal away; status says so instead of counting something else.
    world.git(&["update-ref", &journal, &format!("{journal}~1")]);
    assert!(node.close_writer().is_err(), "what waited is set aside");
    let refused = node.status().expect_err("the journal was rewritten");
    assert_eq!(refused.code.as_str(), "FF_VIOLATION");
    world.git(&["update-ref", "-d", &journal]);
    assert_eq!(world.node().status().expect("it looks").quarantine_count, 1);
}
