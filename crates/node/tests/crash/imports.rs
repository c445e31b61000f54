//! An import killed midway and begun again: each line is one event in the end.

use std::process::{Command, Stdio};
use std::time::Duration;

use gatos_node::LogQuery;
use gatos_values::Namespace;

use crate::dice::{self, Dice, tell};
use crate::scene::{self, Scene};
use crate::stock;

const LINE_COUNT: u64 = 6_000;
/// Tells the child process which repository to import into, and with which keys.
const IMPORT_VARIABLE: &str = "GATOS_CRASH_IMPORT";

fn lines() -> String {
    (0..LINE_COUNT)
        .map(|number| {
            format!("{{\"type\":\"crash.line\",\"payload\":{{\"n\":{number}}},\"idem\":\"line-{number}\"}}\n")
        })
        .collect()
}

#[test]
#[ignore = "a child process of the other tests; by itself it does nothing"]
fn import_process() {
    let Ok(text) = std::env::var(IMPORT_VARIABLE) else {
        return;
    };
    let (repository, home) = text.split_once('\n').expect("two paths");
    let node = scene::open(repository.as_ref(), home.as_ref()).expect("the repository opens");
    import(&node);
}

fn import(node: &gatos_node::Node) -> gatos_node::ImportReport {
    let ns = Namespace::parse("lines").expect("a namespace of the test");
    node.import_jsonl(&ns, None, &mut lines().as_bytes(), &mut |_| {})
        .expect("the lines are good")
}

#[test]
fn an_import_that_was_killed_is_finished_by_the_next_one() {
    let seed = dice::seed();
    tell(&format!("imports killed midway, seed {seed}"));
    let mut dice = Dice::new(seed);
    let scene = Scene::new();
    let orders = format!(
        "{}\n{}",
        scene.repository().display(),
        scene.home().display()
    );
    for _ in 0..8 {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["imports::import_process", "--exact", "--ignored"])
            .env(IMPORT_VARIABLE, &orders)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("this program starts");
        std::thread::sleep(Duration::from_millis(dice.below(600)));
        let _ = child.kill();
        let _ = child.wait();
    }
    let node = scene.node();
    let report = import(&node);
    assert_eq!(report.appended + report.duplicates, LINE_COUNT);
    let again = import(&node);
    assert_eq!((again.appended, again.duplicates), (0, LINE_COUNT));
    node.close_writer().expect("the writer closes");
    let ns = Namespace::parse("lines").expect("a namespace of the test");
    let numbers: Vec<i128> = node
        .log(LogQuery::all(ns))
        .expect("the log opens")
        .map(|entry| {
            let entry = entry.expect("the entry reads");
            let number = entry
                .event
                .envelope()
                .payload
                .get("n")
                .and_then(|value| value.as_integer());
            number.expect("every line has a number")
        })
        .collect();
    let wanted: Vec<i128> = (0..i128::from(LINE_COUNT)).collect();
    assert_eq!(numbers, wanted, "seed {seed}");
    stock::git(scene.repository(), &["fsck", "--strict", "--no-progress"])
        .expect("git finds nothing wrong");
}
