//! Verifying finds what other hands did, and names it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use gatos_node::VerifyScope;

use crate::world::{World, append, intent, run};

/// Writes a commit object of any content and points the journal at it, as somebody with disk access could.
fn forge(world: &World, change: impl Fn(String) -> String) {
    let reference = world.git(&["for-each-ref", "--format=%(refname)", "refs/gatos/journal"]);
    let reference = reference.trim();
    let content = world.git(&["cat-file", "commit", reference]);
    let forged = change(content);
    let mut child = Command::new("git")
        .args(["hash-object", "-t", "commit", "-w", "--stdin"])
        .current_dir(world.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git runs");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(forged.as_bytes())
        .expect("git reads");
    let output = child.wait_with_output().expect("git ends");
    let id = String::from_utf8(output.stdout).expect("an id");
    run(&world.path(), "git", &["update-ref", reference, id.trim()]);
}

fn verdict(world: &World) -> String {
    match world.node().verify(VerifyScope::All, None, &mut |_| {}) {
        Ok(_) => "good".to_owned(),
        Err(fault) => format!("{} {}", fault.code.as_str(), fault.reason),
    }
}

#[test]
fn every_kind_of_tampering_is_named() {
    type Change = fn(String) -> String;
    let rows: [(&str, Change, &str); 6] = [
        (
            "payload",
            |content| content.replace("\"n\":2", "\"n\":3"),
            "BAD_COMMIT",
        ),
        (
            "author",
            |content| content.replacen("author user:alice", "author user:mallory", 1),
            "BAD_COMMIT",
        ),
        (
            "trailer",
            |content| content.replace("Event-Id: blake3:", "Event-Id: blake3:0"),
            "BAD_COMMIT",
        ),
        (
            "extra header",
            |content| content.replacen("\n\n", "\nencoding UTF-8\n\n", 1),
            "BAD_COMMIT",
        ),
        (
            "dropped parent",
            |content| {
                let start = content.find("parent ").expect("a parent");
                format!("{}{}", &content[..start], &content[start + 48..])
            },
            "PREV_MISMATCH",
        ),
        (
            "trailing text",
            |content| format!("{content}Signed-off-by: mallory\n"),
            "BAD_COMMIT",
        ),
    ];
    for (name, change, want) in rows {
        let world = World::new();
        let node = world.node();
        append(
            &node,
            &[
                intent("ops", "tick", r#"{"n":1}"#),
                intent("ops", "tick", r#"{"n":2}"#),
            ],
        );
        drop(node);
        assert_eq!(verdict(&world), "good");
        forge(&world, change);
        let said = verdict(&world);
        assert!(said.starts_with(want), "{name}: {said}");
    }
}

#[test]
fn a_rewritten_journal_stops_the_writer_and_is_named_by_doctor() {
    let world = World::new();
    let node = world.node();
    append(
        &node,
        &[intent("ops", "tick", "1"), intent("ops", "tick", "2")],
    );
    drop(node);
    let reference = world.git(&["for-each-ref", "--format=%(refname)", "refs/gatos/journal"]);
    let reference = reference.trim();
    world.git(&["update-ref", reference, &format!("{reference}~1")]);
    let node = world.node();
    let outcome = node.append(
        &[intent("ops", "tick", "3")],
        gatos_node::Acknowledgement::Visible,
    );
    assert_eq!(
        outcome
            .expect_err("the journal was rewritten")
            .code
            .as_str(),
        "FF_VIOLATION"
    );
    let report = node.doctor().expect("the doctor works");
    assert!(!report.is_healthy());
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.evidence.contains("FF_VIOLATION"))
        .expect("the doctor names it");
    // The cure it prints works.
    run(&world.path(), "sh", &["-c", &finding.mend]);
    drop(node);
    append(&world.node(), &[intent("ops", "tick", "3")]);
    assert_eq!(verdict(&world), "good");
}
