//! The same history gives the same bytes: any Git, any configuration, any environment, any place.

use super::*;

use gatos_values::Blake3Digest;
use std::process::Command;

fn digest(path: &Path, options: &GitLogOptions) -> String {
    Blake3Digest::of(lines(path, options).join("\n").as_bytes()).to_string()
}

fn default_digest(path: &Path) -> String {
    digest(path, &GitLogOptions::default())
}

/// A history whose diffs differ by algorithm, attributes, renames and whitespace rules.
fn sensitive() -> GitFixture {
    let fixture = ordinary();
    let run = |arguments: &[&str]| fixture.run(arguments);
    run(&["reset", "--hard", "-q", "HEAD"]);
    let write = |name: &str, text: &str| std::fs::write(fixture.path().join(name), text).unwrap();
    // Myers and histogram disagree about moved blocks.
    let before = "a\nb\nc\na\nb\nb\na\nx\ny\nz\nx\n{\n}\n\n{\n}\n";
    let after = "c\nb\na\nb\na\nc\n{\n}\ny\nx\nz\n\n{\n}\nx\n";
    write("moved.txt", before);
    write(".gitattributes", "*.txt diff=odd\nbinary.txt -diff\n");
    write("binary.txt", "text\n");
    run(&["add", "-A"]);
    run(&["commit", "-q", "-m", "before"]);
    write("moved.txt", after);
    std::fs::rename(fixture.path().join("run"), fixture.path().join("ran")).unwrap();
    write("space.txt", "  x  \n");
    run(&["add", "-A"]);
    run(&["commit", "-q", "-m", "after"]);
    fixture
}

#[test]
fn every_git_says_the_same() {
    let fixture = sensitive();
    let gits = FixtureGit::all_installed();
    let digests: Vec<String> = gits
        .iter()
        .map(|git| {
            digest(
                fixture.path(),
                &GitLogOptions {
                    program: git.path.clone(),
                    ..GitLogOptions::default()
                },
            )
        })
        .collect();
    assert!(
        digests.iter().all(|digest| *digest == digests[0]),
        "{gits:?}: {digests:?}"
    );
    if digests.len() < 2 {
        eprintln!("only one version of git is installed: nothing to compare");
    }
}

#[test]
fn the_repositorys_own_settings_do_not_matter() {
    let fixture = sensitive();
    let plain = default_digest(fixture.path());
    let shown = fixture.run(&["show", "--numstat", "--format=", "HEAD"]);
    for (name, value) in [
        ("diff.algorithm", "histogram"),
        ("diff.renames", "copies"),
        ("diff.orderFile", "order"),
        ("diff.odd.binary", "true"),
        ("diff.odd.textconv", "tr a-z A-Z <"),
        ("diff.odd.command", "false"),
        ("diff.external", "false"),
        ("diff.ignoreSubmodules", "all"),
        ("diff.noprefix", "true"),
        ("core.attributesFile", "more-attributes"),
        ("core.quotePath", "true"),
        ("core.bigFileThreshold", "1"),
        ("i18n.logOutputEncoding", "UTF-16"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("log.showSignature", "true"),
        ("color.ui", "always"),
        ("core.pager", "false"),
    ] {
        fixture.run(&["config", name, value]);
    }
    let write = |name: &str, text: &str| std::fs::write(fixture.path().join(name), text).unwrap();
    write("more-attributes", "* -diff\n");
    write(".git/info/attributes", "* -diff\n");
    write(".gitattributes", "* -diff\n");
    write("order", "space*\n*\n");
    assert_eq!(default_digest(fixture.path()), plain);
    // The settings are not harmless: Git itself answers otherwise with them.
    let now = fixture
        .git()
        .output(fixture.path(), &["show", "--numstat", "--format=", "HEAD"]);
    assert_ne!(String::from_utf8_lossy(&now.stdout).trim_end(), shown);
}

#[test]
fn replaced_and_grafted_history_is_read_as_it_was_written() {
    let fixture = ordinary();
    let plain = default_digest(fixture.path());
    let head = fixture.run(&["rev-parse", "HEAD"]);
    let other = fixture.commit(&[], "replacement");
    fixture.run(&["replace", &head, &other]);
    std::fs::create_dir_all(fixture.path().join(".git/info")).unwrap();
    std::fs::write(fixture.path().join(".git/info/grafts"), format!("{head}\n")).unwrap();
    assert_eq!(default_digest(fixture.path()), plain);
}

#[test]
fn packing_and_commit_graphs_do_not_matter() {
    let fixture = sensitive();
    let plain = default_digest(fixture.path());
    fixture.run(&["repack", "-adfq"]);
    fixture.run(&["commit-graph", "write", "--reachable", "--changed-paths"]);
    assert_eq!(default_digest(fixture.path()), plain);
}

/// The variables are set for a child process that runs the ignored test below.
#[test]
fn the_callers_environment_does_not_matter() {
    let fixture = sensitive();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "git_log::tests::environment::child",
            "--ignored",
            "--nocapture",
        ])
        .env("GATOS_TEST_HISTORY", fixture.path())
        .env("GIT_DIR", "/nowhere")
        .env("GIT_WORK_TREE", "/nowhere")
        .env("GIT_OBJECT_DIRECTORY", "/nowhere")
        .env("GIT_EXTERNAL_DIFF", "false")
        .env("GIT_DIFF_OPTS", "-u99")
        .env("GIT_CONFIG_COUNT", "2")
        .env("GIT_CONFIG_KEY_0", "diff.algorithm")
        .env("GIT_CONFIG_VALUE_0", "patience")
        .env("GIT_CONFIG_KEY_1", "core.attributesFile")
        .env("GIT_CONFIG_VALUE_1", "/nowhere")
        .env("GIT_CONFIG_PARAMETERS", "'diff.algorithm=histogram'")
        .env("GIT_ATTR_SOURCE", "HEAD")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("GIT_TRACE", "1")
        .env("GIT_DEFAULT_HASH", "sha256")
        .env("LC_ALL", "tr_TR.UTF-8")
        .env("TZ", "Pacific/Kiritimati")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let expected = default_digest(fixture.path());
    assert!(said.contains(&format!("digest {expected}")), "{said}");
}

#[test]
#[ignore = "run by the test above in an environment of its own"]
fn child() {
    let path = std::env::var_os("GATOS_TEST_HISTORY").expect("set by the parent");
    println!("digest {}", default_digest(Path::new(&path)));
}

#[test]
fn any_place_in_the_repository_will_do() {
    let fixture = sensitive();
    let plain = default_digest(fixture.path());
    std::fs::create_dir_all(fixture.path().join("deep/er")).unwrap();
    assert_eq!(default_digest(&fixture.path().join("deep/er")), plain);
    assert_eq!(default_digest(&fixture.path().join(".git")), plain);
    let elsewhere = GitFixture::empty(fixture.git().clone());
    let from = fixture.path().to_str().unwrap();
    for (name, arguments) in [
        ("bare", &["clone", "-q", "--bare"][..]),
        ("mirror", &["clone", "-q", "--mirror"]),
        ("shared", &["clone", "-q", "--shared"]),
        ("odd 'name\n:", &["clone", "-q"]),
    ] {
        elsewhere.run(&[arguments, &[from, name]].concat());
        assert_eq!(
            default_digest(&elsewhere.path().join(name)),
            plain,
            "{name}"
        );
    }
    let tree = elsewhere.path().join("tree");
    fixture.run(&[
        "worktree",
        "add",
        "-q",
        "--detach",
        tree.to_str().unwrap(),
        "HEAD",
    ]);
    assert_eq!(default_digest(&tree), plain);
}

#[test]
fn a_shallow_boundary_is_said_so() {
    let fixture = GitFixture::new();
    let ids = fixture.chain("refs/heads/main", "message", 5);
    let elsewhere = GitFixture::empty(fixture.git().clone());
    let url = format!("file://{}", fixture.path().display());
    elsewhere.run(&["clone", "-q", "--bare", "--depth", "2", &url, "shallow"]);
    let shallow = lines(&elsewhere.path().join("shallow"), &GitLogOptions::default());
    let full = lines(fixture.path(), &GitLogOptions::default());
    assert_eq!(shallow.len(), 2);
    assert_eq!(
        shallow
            .iter()
            .filter(|line| line.contains("\"shallow\":true"))
            .count(),
        1
    );
    for id in &ids[3..] {
        let of = |lines: &[String]| {
            let own = format!("\"commit\":\"{id}\"");
            lines
                .iter()
                .find(|line| line.contains(&own))
                .unwrap()
                .clone()
        };
        // The boundary still names its parents; only its paths cannot be known.
        assert_eq!(of(&shallow).replace("\"shallow\":true,", ""), of(&full));
    }
}

#[test]
fn sha256_repositories_are_read_too() {
    let fixture = GitFixture::empty(FixtureGit::default_git());
    fixture.run(&[
        "init",
        "-q",
        "--object-format=sha256",
        "--initial-branch=main",
    ]);
    fixture.run(&["commit", "-q", "--allow-empty", "-m", "one"]);
    std::fs::write(fixture.path().join("a"), "1\n").unwrap();
    fixture.run(&["add", "a"]);
    fixture.run(&["commit", "-q", "-m", "two"]);
    let log = GitLog::open(fixture.path(), &GitLogOptions::default()).unwrap();
    let records: Vec<_> = log.map(Result::unwrap).collect();
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record.id.len() == 32));
    let second = records
        .iter()
        .find(|record| text(&record.payload, "message") == "two\n")
        .unwrap();
    assert_eq!(paths(&second.payload), ["1\t0\ta"]);
    assert_eq!(
        second
            .payload
            .get("parents")
            .unwrap()
            .as_list()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_repository_is_not_touched() {
    let fixture = sensitive();
    let listing = || {
        let mut files = Vec::new();
        let mut folders = vec![fixture.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let metadata = entry.metadata().unwrap();
                if metadata.is_dir() {
                    folders.push(entry.path());
                }
                files.push((entry.path(), metadata.len(), metadata.modified().unwrap()));
            }
        }
        files.sort();
        files
    };
    let before = listing();
    let scratch = tempfile::tempdir().unwrap();
    let options = GitLogOptions {
        scratch_parent: scratch.path().to_owned(),
        ..GitLogOptions::default()
    };
    lines(fixture.path(), &options);
    assert_eq!(listing(), before);
    assert_eq!(
        std::fs::read_dir(scratch.path()).unwrap().count(),
        0,
        "the scratch folder is gone"
    );
}
