//! What a writer that was cut short leaves behind, and the next one makes of it.

use gatos_node::{Acknowledgement, Node};

use crate::world::{World, append, intent, log_ids};

/// Leaves durable events in the log without making them visible, as a killed process does: a writer without a
/// background thread flushes only when asked.
fn abandon(node: Node) {
    drop(node);
}

#[test]
fn durable_events_become_visible_by_the_next_writer() {
    let world = World::new();
    let node = world.node();
    append(&node, &[intent("ops", "tick", "1")]);
    let durable: Vec<_> = (2..6)
        .map(|number| {
            node.append(
                &[intent("ops", "tick", &number.to_string())],
                Acknowledgement::Durable,
            )
            .expect("the append works")
            .remove(0)
        })
        .collect();
    abandon(node);
    let node = world.node();
    append(&node, &[intent("ops", "tick", "6")]);
    let ids = log_ids(&node, "ops");
    assert_eq!(ids.len(), 6);
    for one in durable {
        assert!(ids.contains(&one.id.to_string()));
        // The commit id promised with the acknowledgement is the one in Git.
        world.git(&["cat-file", "-e", &one.commit]);
    }
    world.fsck();
}

#[test]
fn events_whose_journal_was_moved_meanwhile_go_to_quarantine() {
    let world = World::new();
    let node = world.node();
    append(
        &node,
        &[intent("ops", "tick", "1"), intent("ops", "tick", "2")],
    );
    let lost = node
        .append(&[intent("ops", "tick", "3")], Acknowledgement::Durable)
        .expect("the append works")
        .remove(0);
    let reference = world.git(&["for-each-ref", "--format=%(refname)", "refs/gatos/journal"]);
    let reference = reference.trim().to_owned();
    world.git(&["update-ref", &reference, &format!("{reference}~1")]);
    abandon(node);
    let node = world.node();
    let outcome = node.append(&[intent("ops", "tick", "4")], Acknowledgement::Visible);
    assert_eq!(
        outcome
            .expect_err("the journal was rewritten")
            .code
            .as_str(),
        "FF_VIOLATION"
    );
    let quarantine = world.git(&[
        "for-each-ref",
        "--format=%(refname)",
        "refs/gatos/quarantine",
    ]);
    let report = world.git(&["show", &format!("{}:report.json", quarantine.trim())]);
    assert!(report.contains(&lost.id.to_string()), "{report}");
    world.git(&["cat-file", "-e", &lost.commit]);
    world.fsck();
}
