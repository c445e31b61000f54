//! The demo on a history small enough to count by hand.

use std::fs;
use std::path::{Path, PathBuf};

use gatos_node::demo::{self, DemoOptions, DemoReport};
use gatos_node::{Node, NodeOptions, Outcome, VerifyScope};

use crate::world::{World, code, ns, run};

/// Four commits of two people; `b` is removed by the last.
fn history(world: &World) -> PathBuf {
    let folder = world.folder().join("source");
    fs::create_dir(&folder).expect("a folder");
    run(&folder, "git", &["init", "-q", "-b", "main"]);
    commit(&folder, "Ada", 1_700_000_000, "echo 1 > a");
    commit(&folder, "Grace", 1_700_000_100, "echo 1 > b");
    commit(
        &folder,
        "Ada",
        1_700_000_200,
        "echo 2 > a; mkdir c; echo 1 > c/d",
    );
    commit(&folder, "Ada", 1_700_000_300, "rm b");
    folder
}

fn commit(folder: &Path, author: &str, seconds: u64, change: &str) {
    let script = format!(
        "{change}; git add -A && \
         GIT_AUTHOR_NAME={author} GIT_AUTHOR_DATE='@{seconds} +0000' GIT_COMMITTER_DATE='@{seconds} +0000' \
         git commit -q -m '{change}'"
    );
    run(folder, "sh", &["-c", &script]);
}

fn show(world: &World, directory: &str, from: &Path) -> Outcome<DemoReport> {
    let options = DemoOptions {
        directory: world.folder().join(directory),
        from: from.to_owned(),
        home: world.folder().join("demo-home"),
    };
    demo::run(&options, &mut |_| {})
}

#[test]
fn the_demo_tells_what_is_in_the_history() {
    let world = World::empty();
    let source = history(&world);
    let report = show(&world, "demo", &source).expect("the demo works");
    assert_eq!((report.import.appended, report.import.duplicates), (4, 0));
    assert_eq!((report.run.event_count, report.verify.event_count), (4, 4));
    assert_eq!(
        report.authors,
        [("Ada".to_owned(), 3), ("Grace".to_owned(), 1)]
    );
    assert_eq!((report.author_count, report.path_count), (2, 3));
    let rows: Vec<(&str, &str)> = report
        .paths
        .iter()
        .map(|(path, author, _)| (path.as_str(), author.as_str()))
        .collect();
    // Newest first; a path that was removed was touched by whoever removed it.
    assert_eq!(rows, [("b", "Ada"), ("a", "Ada"), ("c/d", "Ada")]);
    assert_eq!(report.paths[0].2, "2023-11-14T22:18:20Z");
    run(&world.folder().join("demo"), "git", &["fsck", "--strict"]);
    // What it leaves behind is an ordinary repository that goes on.
    let options = NodeOptions {
        home: Some(report.home.clone()),
        ..NodeOptions::default()
    };
    let node = Node::open(&report.directory, options).expect("it opens");
    node.verify(VerifyScope::All, None, &mut |_| {})
        .expect("everything holds");
    let again = node
        .fold_run(&ns(demo::DEMO_NAMESPACE), &mut |_| {})
        .expect("the fold runs");
    assert!(again.unchanged);
}

#[test]
fn two_demos_of_one_history_give_the_same_state() {
    let world = World::empty();
    let source = history(&world);
    let left = show(&world, "left", &source).expect("the demo works");
    let right = show(&world, "right", &source).expect("the demo works");
    // Other keys and another genesis, so other events; the state is that of the history.
    assert_ne!(left.run.roots.inputs_root, right.run.roots.inputs_root);
    assert_eq!(left.run.roots.state_root, right.run.roots.state_root);
    assert_eq!(left.run.roots.fold_root, right.run.roots.fold_root);
}

#[test]
fn a_used_folder_and_a_source_that_is_none_are_refused() {
    let world = World::empty();
    let source = history(&world);
    let used = world.folder().join("used");
    fs::create_dir(&used).expect("a folder");
    fs::write(used.join("mine"), "words").expect("a file");
    assert_eq!(code(show(&world, "used", &source)), "USAGE");
    let names: Vec<_> = fs::read_dir(&used).expect("a folder").collect();
    assert_eq!(names.len(), 1, "nothing was added");
    assert!(show(&world, "new", &world.folder().join("nowhere")).is_err());
    // An empty folder is as good as none.
    fs::create_dir(world.folder().join("empty")).expect("a folder");
    show(&world, "empty", &source).expect("the demo works");
}

#[test]
fn a_history_without_a_commit_is_a_short_demo() {
    let world = World::empty();
    let folder = world.folder().join("source");
    fs::create_dir(&folder).expect("a folder");
    run(&folder, "git", &["init", "-q", "-b", "main"]);
    let report = show(&world, "demo", &folder).expect("nothing is wrong with it");
    assert_eq!((report.import.appended, report.run.event_count), (0, 0));
    assert!(report.authors.is_empty() && report.paths.is_empty());
}
