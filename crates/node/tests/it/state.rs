//! Questions about state over several checkpoints, and checkpoints that other hands changed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use gatos_fold::compile_yaml;
use gatos_node::{Fault, Node, Outcome, RunReport};
use gatos_values::Ulid;

use crate::world::{World, append, code, intent, ns, run};

/// One file a key, and a count of all.
const FOLD: &str = r#"
version: 1
reducers:
  - name: items
    kind: map-join-lww
    key: "$.id"
    where: {type: item.set}
  - name: count
    kind: counter-g
emit:
  - {path: "state/items/{key}.json", from: items, split: key}
  - {path: state/count.json, from: count}
"#;

/// A moment of the past: ULIDs of the test are its own.
fn at(tick: u64) -> Ulid {
    Ulid::from_parts(1_700_000_000_000 + tick, 0).expect("a ULID")
}

fn set(node: &Node, tick: u64, payload: &str) {
    let mut one = intent("shop", "item.set", payload);
    one.ulid = Some(at(tick));
    append(node, &[one]);
}

fn fold(node: &Node) -> RunReport {
    node.fold_run(&ns("shop"), &mut |_| {})
        .expect("the fold runs")
}

fn show(node: &Node, path: &str, moment: Option<Ulid>) -> Outcome<String> {
    let bytes = node.state_show(&ns("shop"), path, moment)?;
    Ok(String::from_utf8(bytes).expect("state is text"))
}

/// Three checkpoints: at tick 10, 20 and 30.
fn shop() -> (World, Node, Vec<RunReport>) {
    let world = World::new();
    let node = world.node();
    let compiled = compile_yaml(FOLD).expect("the fold compiles");
    node.fold_install(&ns("shop"), &compiled.rgf, None)
        .expect("it installs");
    set(&node, 10, r#"{"id":"a","n":1}"#);
    let first = fold(&node);
    set(&node, 15, r#"{"id":"b","n":2}"#);
    set(&node, 20, r#"{"id":"a","n":3}"#);
    let second = fold(&node);
    set(&node, 30, r#"{"id":"c","n":4}"#);
    let third = fold(&node);
    (world, node, vec![first, second, third])
}

#[test]
fn state_is_shown_as_it_was_at_a_moment() {
    let (_world, node, _) = shop();
    let count = |moment| show(&node, "state/count.json", moment);
    assert_eq!(count(None).expect("the newest"), "4");
    // A checkpoint counts from the ULID of its last event on.
    for (tick, want) in [
        (10, "1"),
        (19, "1"),
        (20, "3"),
        (29, "3"),
        (30, "4"),
        (99, "4"),
    ] {
        assert_eq!(
            count(Some(at(tick))).expect("there is one"),
            want,
            "at {tick}"
        );
    }
    assert_eq!(code(count(Some(at(9)))), "NO_CHECKPOINT");
    let a = |moment| show(&node, "state/items/a.json", moment).expect("it is there");
    assert_eq!(a(Some(at(10))), r#"{"id":"a","n":1}"#);
    assert_eq!(a(None), r#"{"id":"a","n":3}"#);
    let list = |moment| node.state_list(&ns("shop"), moment).expect("it lists");
    assert_eq!(
        list(Some(at(10))),
        ["state/count.json", "state/items/a.json"]
    );
    assert_eq!(list(None).len(), 4);
}

#[test]
fn what_is_no_state_file_is_not_shown() {
    let (_world, node, _) = shop();
    for path in [
        "state/none.json",
        "checkpoint.json",
        "fold-state.cbor",
        "state",
        "",
        "../state/count.json",
    ] {
        let fault = show(&node, path, None).expect_err("it is no state file");
        assert_eq!(fault.code.as_str(), "UNKNOWN_PATH", "{path}");
        assert!(fault.hint.contains("4 file(s)"), "{}", fault.hint);
    }
}

#[test]
fn differences_are_those_of_the_files() {
    let (_world, node, _) = shop();
    // The slow twin: list and show both moments, and compare.
    let twin = |from: Ulid, to: Ulid| {
        let list = |moment| {
            node.state_list(&ns("shop"), Some(moment))
                .expect("it lists")
        };
        let mut paths = [list(from), list(to)].concat();
        paths.sort();
        paths.dedup();
        let bytes = |path: &str, moment| node.state_show(&ns("shop"), path, Some(moment)).ok();
        paths
            .into_iter()
            .map(|path| (bytes(&path, from), bytes(&path, to), path))
            .filter(|(before, after, _)| before != after)
            .collect::<Vec<_>>()
    };
    let diff = |from, to| {
        let found = node.state_diff(&ns("shop"), from, to).expect("it compares");
        found
            .into_iter()
            .map(|change| (change.before, change.after, change.path))
            .collect::<Vec<_>>()
    };
    for from in [10, 20, 30] {
        for to in [10, 20, 30] {
            assert_eq!(
                diff(Some(at(from)), Some(at(to))),
                twin(at(from), at(to)),
                "{from} to {to}"
            );
        }
    }
    // Without a beginning it is the checkpoint before, and before the first there is nothing.
    assert_eq!(diff(None, None), twin(at(20), at(30)));
    let changes = node
        .state_diff(&ns("shop"), None, Some(at(10)))
        .expect("it compares");
    assert!(
        changes.iter().all(|change| change.kind() == "added"),
        "{changes:?}"
    );
    assert_eq!(changes.len(), 2);
    let changes = node
        .state_diff(&ns("shop"), Some(at(20)), Some(at(10)))
        .expect("it compares");
    let kinds: Vec<_> = changes
        .iter()
        .map(|change| (change.path.as_str(), change.kind()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("state/count.json", "changed"),
            ("state/items/a.json", "changed"),
            ("state/items/b.json", "removed"),
        ]
    );
}

#[test]
fn the_log_of_states_is_the_log_of_the_ref() {
    let (world, node, runs) = shop();
    let commits = |limit| -> Vec<String> {
        let found = node.state_log(&ns("shop"), limit).expect("it reads");
        found.iter().map(|read| read.commit.to_string()).collect()
    };
    let twin = world.git(&[
        "log",
        "--first-parent",
        "--format=%H",
        "refs/gatos/state/shop/head",
    ]);
    assert_eq!(commits(9), twin.lines().collect::<Vec<_>>());
    assert_eq!(commits(1), [runs[2].checkpoint.to_string()]);
    assert!(commits(0).is_empty());
    assert!(
        node.state_log(&ns("nowhere"), 9)
            .expect("it reads")
            .is_empty()
    );
    assert_eq!(node.state_namespaces().expect("they list"), [ns("shop")]);
    let chain = node.governance().expect("it is good");
    for (read, run) in node
        .state_log(&ns("shop"), 9)
        .expect("it reads")
        .iter()
        .zip(runs.iter().rev())
    {
        node.judge_checkpoint(&chain, read).expect("it is good");
        assert_eq!(read.checkpoint.state_root, run.roots.state_root);
        assert_eq!(read.checkpoint.window.count, run.event_count);
    }
}

/// Feeds `input` to git and gives what it prints.
fn feed(world: &World, arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(world.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input).expect("git reads");
    drop(stdin);
    let output = child.wait_with_output().expect("git ends");
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout)
        .expect("an id")
        .trim()
        .to_owned()
}

/// Replaces (or, without content, removes) one file of the newest checkpoint, as somebody with disk access could.
fn replace(world: &World, path: &str, content: Option<&str>) {
    let head = "refs/gatos/state/shop/head";
    run(&world.path(), "git", &["read-tree", head]);
    match content {
        Some(content) => {
            let blob = feed(world, &["hash-object", "-w", "--stdin"], content.as_bytes());
            let entry = format!("100644,{blob},{path}");
            world.git(&["update-index", "--add", "--cacheinfo", &entry]);
        }
        None => drop(world.git(&["update-index", "--force-remove", path])),
    }
    let tree = world.git(&["write-tree"]);
    let commit = world.git(&["commit-tree", "-m", "forged", "-p", head, tree.trim()]);
    world.git(&["update-ref", head, commit.trim()]);
}

fn judge_newest(node: &Node) -> Result<(), Fault> {
    let chain = node.governance()?;
    let read = node.checkpoint_at(&ns("shop"), None)?;
    node.judge_checkpoint(&chain, &read)
}

#[test]
fn a_checkpoint_changed_by_other_hands_is_not_believed() {
    let (world, node, runs) = shop();
    let head = runs[2].checkpoint.to_string();
    let document = world.git(&["show", &format!("{head}:checkpoint.json")]);
    let older = world.git(&["show", &format!("{}:checkpoint.json", runs[1].checkpoint)]);
    let signature = world.git(&[
        "show",
        &format!("{}:checkpoint.json.sig", runs[1].checkpoint),
    ]);
    let counted = document.replace("\"count\":4", "\"count\":5");
    let spaced = document.replace("\"v\":1", "\"v\": 1");
    let forgeries: [(&str, &str, Option<&str>); 9] = [
        ("a changed file", "state/count.json", Some("5")),
        ("a file more", "state/items/d.json", Some("{}")),
        ("a file less", "state/items/a.json", None),
        ("a changed document", "checkpoint.json", Some(&counted)),
        ("another spelling", "checkpoint.json", Some(&spaced)),
        ("the document of before", "checkpoint.json", Some(&older)),
        ("no document", "checkpoint.json", None),
        (
            "the signature of before",
            "checkpoint.json.sig",
            Some(&signature),
        ),
        ("no signature", "checkpoint.json.sig", None),
    ];
    drop(node);
    for (name, path, content) in forgeries {
        replace(&world, path, content);
        let refused = judge_newest(&world.node()).expect_err(name);
        assert_eq!(
            refused.code.as_str(),
            "CHECKPOINT_INVALID",
            "{name}: {}",
            refused.reason
        );
        assert!(
            world
                .node()
                .fold_verify(&ns("shop"), None, &mut |_| {})
                .is_err(),
            "{name}"
        );
        world.git(&["update-ref", "refs/gatos/state/shop/head", &head]);
        judge_newest(&world.node()).expect("the good one is back");
    }
}

#[test]
fn a_damaged_fold_state_costs_a_run_and_changes_nothing() {
    let (world, node, _) = shop();
    drop(node);
    let want = {
        let node = world.node();
        set(&node, 40, r#"{"id":"b","n":9}"#);
        let head = world.git(&["rev-parse", "refs/gatos/state/shop/head"]);
        let run = fold(&node);
        // Back to before that run, so that others can be compared with it.
        world.git(&["update-ref", "refs/gatos/state/shop/head", head.trim()]);
        run.roots
    };
    let head = world.git(&["rev-parse", "refs/gatos/state/shop/head"]);
    let chunk = world.git(&["ls-tree", "-r", "--name-only", head.trim(), "fold-state/"]);
    let chunk = chunk.lines().next().expect("a chunk").to_owned();
    for (path, content) in [
        ("fold-state.cbor", Some("damaged")),
        ("fold-state.cbor", None),
        (chunk.as_str(), Some("damaged")),
        (chunk.as_str(), None),
    ] {
        replace(&world, path, content);
        let run = fold(&world.node());
        assert_eq!(run.roots, want, "{path} {content:?}");
        let node = world.node();
        node.fold_verify(&ns("shop"), None, &mut |_| {})
            .expect("it verifies");
        assert_eq!(
            show(&node, "state/items/b.json", None).expect("it is there"),
            r#"{"id":"b","n":9}"#
        );
        world.git(&["update-ref", "refs/gatos/state/shop/head", head.trim()]);
    }
}
