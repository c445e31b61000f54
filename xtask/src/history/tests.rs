use super::{Plan, make};
use crate::shell;
use std::process::Command;

fn git(folder: &std::path::Path, arguments: &[&str]) -> String {
    shell::output(Command::new("git").args(arguments).current_dir(folder)).expect("git answers")
}

#[test]
fn the_seed_decides_every_commit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tips: Vec<String> = ["a", "b"]
        .iter()
        .map(|name| {
            let repository = folder.path().join(name);
            let plan = Plan {
                commits: 120,
                paths: 60,
                seed: 3,
            };
            make(&plan, &repository).expect("the history is made");
            git(&repository, &["fsck", "--strict"]);
            git(&repository, &["rev-parse", "main"])
        })
        .collect();
    assert_eq!(tips[0], tips[1]);
    let repository = folder.path().join("a");
    assert_eq!(
        git(&repository, &["rev-list", "--count", "main"]).trim(),
        "120"
    );
    let files = git(&repository, &["ls-tree", "-r", "--name-only", "main"]);
    assert_eq!(files.lines().count(), 60);
    assert!(!git(&repository, &["rev-list", "--merges", "main"]).is_empty());
}
