//! Imports: JSON lines with bad ones among them, resumed and repeated; Git histories that grow.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use gatos_node::{Fault, GitLogOptions, ImportReport, LogQuery, Node, Outcome};
use gatos_values::Value;

use crate::world::{World, actor, log_ids, ns, run};

fn import(node: &Node, lines: &str) -> Outcome<ImportReport> {
    node.import_jsonl(&ns("people"), None, &mut lines.as_bytes(), &mut |_| {})
}

fn line(number: usize) -> String {
    format!("{{\"type\":\"seen\",\"payload\":{number},\"idem\":\"u-{number}\"}}\n")
}

fn detail(fault: &Fault, name: &str) -> Option<i128> {
    let found = fault.details.iter().find(|(known, _)| *known == name);
    found.and_then(|(_, value)| value.as_integer())
}

fn payloads(node: &Node) -> Vec<i128> {
    node.log(LogQuery::all(ns("people")))
        .expect("the log opens")
        .map(|entry| {
            let entry = entry.expect("the entry reads");
            entry
                .event
                .envelope()
                .payload
                .as_integer()
                .expect("a number")
        })
        .collect()
}

fn refs(world: &World) -> String {
    world.git(&["for-each-ref", "refs/gatos"])
}

#[test]
fn an_import_with_a_bad_line_is_mended_and_resumed() {
    let world = World::new();
    let node = world.node();
    let mut lines: Vec<String> = (1..=1500).map(line).collect();
    let good = lines[1199].clone();
    lines[1199] = "{\"type\":\"seen\",\"payload\":1200,\"colour\":\"red\"}\n".to_owned();
    let fault = import(&node, &lines.concat()).expect_err("line 1200 is bad");
    assert_eq!(fault.code.as_str(), "BAD_EVENT");
    assert!(
        fault.reason.starts_with("line 1200: ") && fault.reason.contains("colour"),
        "{}",
        fault.reason
    );
    // Whole batches before it are in, its own is not.
    assert_eq!(
        (detail(&fault, "line"), detail(&fault, "appended")),
        (Some(1200), Some(1024))
    );
    node.close_writer().expect("the writer closes");
    assert_eq!(payloads(&node), (1..=1024).collect::<Vec<_>>());
    lines[1199] = good;
    let report = import(&world.node(), &lines.concat()).expect("all lines are good");
    assert_eq!((report.appended, report.duplicates), (476, 1024));
    assert_eq!(payloads(&world.node()), (1..=1500).collect::<Vec<_>>());
    // Once more is nothing: no ref moves.
    let before = refs(&world);
    let again = import(&world.node(), &lines.concat()).expect("all lines are good");
    assert_eq!((again.appended, again.duplicates), (0, 1500));
    assert_eq!(refs(&world), before);
    world.fsck();
}

#[test]
fn lines_that_are_no_events_are_refused_with_their_number() {
    let world = World::new();
    let node = world.node();
    let long = format!("{{\"type\":\"a\",\"payload\":\"{}\"}}", "x".repeat(1 << 20));
    let rows: [(&str, &str); 12] = [
        ("[]", "BAD_EVENT"),
        ("{}", "BAD_EVENT"),
        ("{\"type\":\"a\"}", "BAD_EVENT"),
        ("{\"payload\":1}", "BAD_EVENT"),
        ("{\"type\":1,\"payload\":1}", "BAD_EVENT"),
        ("{\"type\":\"a\",\"payload\":1,\"idem\":null}", "BAD_EVENT"),
        ("{\"type\":\"A b\",\"payload\":1}", "BAD_NAME"),
        ("{\"type\":\"a\",\"payload\":1,\"ulid\":\"x\"}", "BAD_ULID"),
        (
            "{\"type\":\"a\",\"payload\":1,\"actor\":\"alice\"}",
            "BAD_NAME",
        ),
        ("{\"type\":\"a\",\"payload\":1,\"payload\":2}", "BAD_JSON"),
        ("{\"type\":\"a\",\"payload\":1} {}", "BAD_JSON"),
        (&long, "TOO_LARGE"),
    ];
    for (bad, want) in rows {
        let shown: String = bad.chars().take(60).collect();
        let fault = import(&node, &format!("{}\n{bad}\n{}", line(1), line(2)))
            .expect_err("the third line is bad");
        // The empty line counts.
        assert_eq!(fault.code.as_str(), want, "{shown}");
        assert_eq!(detail(&fault, "line"), Some(3), "{shown}");
        assert_eq!(detail(&fault, "appended"), Some(0), "{shown}");
        assert!(log_ids(&node, "people").is_empty(), "{shown}");
    }
}

#[test]
fn white_space_and_a_missing_line_end_do_not_matter() {
    let world = World::new();
    let node = world.node();
    let text = format!(
        "\r\n  {}\n\n \t \n{}",
        line(1).replace('\n', "\r\n"),
        line(2).trim_end()
    );
    assert_eq!(import(&node, &text).expect("it imports").appended, 2);
    assert_eq!(payloads(&node), [1, 2]);
    assert_eq!(
        import(&node, "").expect("nothing is fine"),
        ImportReport::default()
    );
}

#[test]
fn a_batch_that_is_refused_names_its_lines() {
    let world = World::new();
    let node = world.node();
    let old = "01BX5ZZKBKACTAV9WEVGEMMVS0";
    let mut text: String = (1..=1030).map(line).collect();
    writeln!(text, "{{\"type\":\"a\",\"payload\":0,\"ulid\":\"{old}\"}}").expect("a text");
    let fault = import(&node, &text).expect_err("the ULID lies before the others");
    assert_eq!(fault.code.as_str(), "ULID_NOT_RISING");
    assert!(
        fault.reason.starts_with("lines 1025 to 1031: "),
        "{}",
        fault.reason
    );
    assert_eq!(
        (detail(&fault, "line"), detail(&fault, "appended")),
        (Some(1025), Some(1024))
    );
    node.close_writer().expect("the writer closes");
    assert_eq!(payloads(&node).len(), 1024);
}

#[test]
fn each_line_may_name_its_actor() {
    let world = World::new();
    let node = world.node();
    let public = node.keys().generate().expect("a key");
    node.enrol(&actor("service:build"), &public)
        .expect("it is enrolled");
    let text = "{\"type\":\"a\",\"payload\":1}\n{\"type\":\"a\",\"payload\":2,\"actor\":\"service:build\"}\n";
    import(&node, text).expect("it imports");
    let mut actors: Vec<String> = node
        .log(LogQuery::all(ns("people")))
        .expect("the log opens")
        .map(|entry| {
            entry
                .expect("the entry reads")
                .event
                .envelope()
                .actor
                .to_string()
        })
        .collect();
    actors.sort();
    assert_eq!(actors, ["service:build", "user:alice"]);
    let stranger = "{\"type\":\"a\",\"payload\":3,\"actor\":\"user:mallory\"}\n";
    let fault = import(&node, stranger).expect_err("nobody knows mallory");
    assert_eq!(fault.code.as_str(), "UNKNOWN_ACTOR");
}

/// A Git repository with so many commits, each touching a file.
fn history(world: &World, name: &str) -> PathBuf {
    let folder = world.folder().join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    run(&folder, "git", &["init", "-q", "-b", "main"]);
    folder
}

fn commit(folder: &Path, file: &str, content: &str, seconds: u64) {
    std::fs::write(folder.join(file), content).expect("a file");
    run(folder, "git", &["add", "."]);
    let date = format!("@{seconds} +0000");
    let script = format!(
        "GIT_AUTHOR_DATE='{date}' GIT_COMMITTER_DATE='{date}' git commit -q -m '{file} {content}'"
    );
    run(folder, "sh", &["-c", &script]);
}

fn import_history(node: &Node, from: &Path) -> ImportReport {
    let options = GitLogOptions::default();
    node.import_git_log(from, &ns("people"), None, &options, &mut |_| {})
        .expect("the history imports")
}

/// Time and subject of each imported commit, in the log's order.
fn imported(node: &Node) -> Vec<(u64, String)> {
    node.log(LogQuery::all(ns("people")))
        .expect("the log opens")
        .map(|entry| {
            let entry = entry.expect("the entry reads");
            let envelope = entry.event.envelope();
            assert_eq!(envelope.event_type.as_str(), "git.commit");
            let subject = envelope.payload.get("subject").and_then(Value::as_str);
            (
                envelope.ulid.time_ms(),
                subject.unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[test]
fn a_history_that_grew_is_continued() {
    let world = World::new();
    let node = world.node();
    let source = history(&world, "source");
    for number in 0..5 {
        // The third commit claims an earlier time than the second: the journal rises all the same.
        let seconds = 1_700_000_000 + [0, 50, 10, 60, 70][number as usize];
        commit(&source, "file", &number.to_string(), seconds);
    }
    let report = import_history(&node, &source);
    assert_eq!((report.appended, report.duplicates), (5, 0));
    let first = imported(&node);
    assert!(
        first.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "{first:?}"
    );
    assert_eq!(first[0].0, 1_700_000_000_000);
    let before = refs(&world);
    let again = import_history(&world.node_after(node), &source);
    assert_eq!((again.appended, again.duplicates), (0, 5));
    assert_eq!(refs(&world), before);
    commit(&source, "other", "new", 1_700_000_100);
    let node = world.node();
    let report = import_history(&node, &source);
    assert_eq!((report.appended, report.duplicates), (1, 5));
    let all = imported(&node);
    assert_eq!(all[..5], first);
    assert_eq!(all[5].0, 1_700_000_100_000);
    world.fsck();
}

#[test]
fn the_same_history_gets_the_same_ulids_anywhere() {
    let (here, there) = (World::new(), World::new());
    let source = history(&here, "source");
    for number in 0..4 {
        commit(&source, "file", &number.to_string(), 1_700_000_000 + number);
    }
    let (left, right) = (here.node(), there.node());
    import_history(&left, &source);
    import_history(&right, &source);
    assert_eq!(imported(&left), imported(&right));
    assert_eq!(imported(&left).len(), 4);
}

#[test]
fn a_commit_from_the_future_is_taken_at_the_time_of_this_machine() {
    let world = World::new();
    let node = world.node();
    let source = history(&world, "source");
    commit(&source, "file", "1", 9_000_000_000);
    commit(&source, "file", "2", 1_700_000_000);
    assert_eq!(import_history(&node, &source).appended, 2);
    let times: Vec<u64> = imported(&node).iter().map(|(time, _)| *time).collect();
    let now = gatos_node::clock::now_ms();
    assert!(times[0] <= now && times[0] < times[1], "{times:?}");
}

#[test]
fn a_source_that_is_none_is_refused_and_nothing_is_written() {
    let world = World::new();
    let node = world.node();
    let nowhere = world.folder().join("nowhere");
    let options = GitLogOptions::default();
    let outcome = node.import_git_log(&nowhere, &ns("people"), None, &options, &mut |_| {});
    assert!(outcome.is_err());
    assert!(log_ids(&node, "people").is_empty());
    // A repository without a commit is empty, not wrong.
    let empty = history(&world, "empty");
    let report = import_history(&node, &empty);
    assert_eq!((report.appended, report.duplicates), (0, 0));
}
