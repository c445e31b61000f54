use std::io::{self, BufRead};
use std::path::Path;

use gatos_testkit::git_fixture::{FixtureGit, GitFixture};
use gatos_values::ErrorCode;

use super::*;
use crate::hooks::{self, HookState};
use crate::object_id::{ObjectId, ObjectKind};
use crate::objects::Reader;

fn program(git: &FixtureGit) -> GitProgram {
    GitProgram::at(&git.path).expect("the installed git is new enough")
}

#[test]
fn versions_are_read_as_git_prints_them() {
    let check = |text: &str, expected: Option<(u32, u32, u32)>| {
        let version = GitVersion::parse(text);
        assert_eq!(
            version.map(|it| (it.major, it.minor, it.patch)),
            expected,
            "`{text}`"
        );
    };
    check("git version 2.39.5\n", Some((2, 39, 5)));
    check("git version 2.39.5 (Apple Git-154)\n", Some((2, 39, 5)));
    check("git version 2.47.3.windows.1", Some((2, 47, 3)));
    check("git version 2.50.0.rc1", Some((2, 50, 0)));
    check("git version 3.0-rc0", None);
    check("git version 3.0", Some((3, 0, 0)));
    check("hello", None);
    assert!(GitVersion::new(2, 9, 5) < GIT_VERSION_MIN);
    assert!(GitVersion::new(3, 0, 0) > GIT_VERSION_MIN);
}

#[test]
fn a_missing_git_and_an_old_git_are_told_apart() {
    let missing = GitProgram::at(Path::new("/nonexistent/git")).expect_err("no program there");
    assert_eq!(missing.code(), ErrorCode::GitMissing);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let old = script(folder.path(), "old", "echo git version 2.30.2");
    let error = GitProgram::at(&old).expect_err("too old");
    assert_eq!(error.code(), ErrorCode::GitTooOld);
    assert_eq!(
        error.to_string(),
        "git 2.30.2 is too old: 2.39.0 or newer is needed"
    );

    let odd = script(folder.path(), "odd", "echo hub 1.0");
    assert_eq!(
        GitProgram::at(&odd).expect_err("no version").code(),
        ErrorCode::GitTooOld
    );
}

/// An executable shell script, as a stand-in for `git`.
fn script(folder: &Path, name: &str, body: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("a script can be written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("it can be made executable");
    }
    path
}

#[test]
fn input_and_output_flow_at_the_same_time() {
    let git = GitProgram::find().expect("git is installed");
    let fixture = GitFixture::new();
    let line_count = 4_000;
    let mut ids = 0;
    // Far more than a pipe holds in either direction: it would hang if one side waited.
    git.command()
        .directory(fixture.path())
        .arguments(["cat-file", "--batch-check"])
        .stream_with_input(
            |input| (0..line_count).try_for_each(|_| writeln!(input, "{}", ObjectId::ZERO)),
            |output| {
                for line in output.lines() {
                    assert!(line?.ends_with("missing"));
                    ids += 1;
                }
                Ok(())
            },
        )
        .expect("git answers every line");
    assert_eq!(ids, line_count);
}

#[test]
fn failures_carry_the_words_of_git() {
    let git = GitProgram::find().expect("git is installed");
    let fixture = GitFixture::new();
    let error = git
        .command()
        .directory(fixture.path())
        .arguments(["rev-parse", "--verify", "nothing"])
        .run()
        .expect_err("no such revision");
    assert_eq!(error.code(), ErrorCode::GitFailed);
    assert_eq!(
        error.to_string(),
        "`git rev-parse --verify nothing` failed with exit code 128: fatal: Needed a single revision"
    );
}

#[test]
fn output_beyond_the_limit_and_a_reader_that_gives_up_stop_git() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The first call is for the version, the second would print without end.
    let endless = script(
        folder.path(),
        "endless",
        r#"case $1 in --version) echo git version 2.47.3;; *) while :; do echo more; done;; esac"#,
    );
    let git = GitProgram::at(&endless).expect("it says so");
    let error = git
        .command()
        .argument("spin")
        .stdout_size_max(1000)
        .run()
        .expect_err("too much");
    assert!(
        matches!(error, GitError::TooMuchOutput { size_max: 1000, .. }),
        "{error}"
    );
    let error = git
        .command()
        .argument("spin")
        .stream(|output| {
            output.read_exact(&mut [0; 10])?;
            Err(io::Error::other("seen enough"))
        })
        .expect_err("the reader's error comes back");
    assert!(error.to_string().ends_with("seen enough"), "{error}");
}

#[test]
fn long_words_of_git_are_kept_at_both_ends() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let wordy = script(
        folder.path(),
        "wordy",
        r#"case $1 in --version) echo git version 2.47.3;; *) echo first >&2
           i=0; while [ $i -lt 20000 ]; do echo filler >&2; i=$((i+1)); done; echo last >&2; exit 1;; esac"#,
    );
    let git = GitProgram::at(&wordy).expect("it says so");
    let Err(GitError::Failed { words, .. }) = git.command().argument("talk").run() else {
        panic!("it fails");
    };
    assert!(words.starts_with("first\n") && words.ends_with("last") && words.len() < 64 << 10);
}

#[test]
fn what_git_leaves_running_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // As an ssh that shares its connection: it outlives git and keeps standard error open.
    let lingering = script(
        folder.path(),
        "lingering",
        r#"case $1 in --version) echo git version 2.47.3;; *) sleep 30 >/dev/null & echo words >&2; exit 1;; esac"#,
    );
    let git = GitProgram::at(&lingering).expect("it says so");
    let started = std::time::Instant::now();
    let error = git.command().argument("fetch").run().expect_err("it fails");
    assert!(error.to_string().ends_with("words"), "{error}");
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn variables_that_point_elsewhere_do_not_reach_git() {
    let git = GitProgram::find().expect("git is installed");
    let mut command = std::process::Command::new("unused");
    let names = [
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_NAMESPACE",
        "GIT_SSH_COMMAND",
        "HOME",
    ];
    super::command::clean_environment(&mut command, names.iter().map(Into::into));
    let changed: Vec<(String, bool)> = command
        .get_envs()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.is_some()))
        .collect();
    let removed = |name: &str| changed.contains(&(name.to_owned(), false));
    assert!(removed("GIT_DIR") && removed("GIT_INDEX_FILE") && removed("GIT_OBJECT_DIRECTORY"));
    assert!(removed("GIT_NAMESPACE") && !removed("GIT_SSH_COMMAND") && !removed("HOME"));
    assert!(changed.contains(&("GIT_NO_REPLACE_OBJECTS".to_owned(), true)));
    assert!(git.version() >= GIT_VERSION_MIN);
}

#[test]
fn init_makes_a_sound_repository_with_every_git() {
    for git in FixtureGit::all_installed() {
        for bare in [false, true] {
            let fixture = GitFixture::empty(git.clone());
            let (repository, report) = Repository::init_with(fixture.path(), bare, program(&git))
                .expect("a new repository");
            assert!(
                report.created && report.remarks.is_empty(),
                "{:?}",
                report.remarks
            );
            assert_eq!(
                hooks::look(&repository).expect("readable").0,
                HookState::Present
            );
            assert_eq!(repository.work_dir().is_none(), bare);
            assert!(repository.gatos_dir().is_dir());
            assert_eq!(
                fixture.run(&["cat-file", "-t", &ObjectId::EMPTY_TREE.to_string()]),
                "tree"
            );
            assert_eq!(fixture.run(&["config", "core.fsync"]), "all");
            fixture.run(&["fsck", "--strict"]);
            let header = Reader::new(&repository)
                .header(ObjectId::EMPTY_TREE)
                .expect("it can be read");
            assert_eq!(
                header.map(|it| (it.kind, it.size)),
                Some((ObjectKind::Tree, 0))
            );

            let (_, again) = Repository::init_with(fixture.path(), bare, program(&git))
                .expect("init may be repeated");
            assert!(!again.created && again.remarks.is_empty());
        }
    }
}

#[test]
fn init_adopts_what_is_there_and_leaves_it_alone() {
    let fixture = GitFixture::new();
    let commit = fixture.commit(&[], "theirs");
    fixture.run(&["update-ref", "refs/heads/main", &commit]);
    std::fs::write(
        fixture.path().join(".git/hooks/update"),
        "#!/bin/sh\nexit 0\n",
    )
    .expect("a hook of theirs");
    let (repository, report) = Repository::init(fixture.path(), true).expect("it is adopted");
    assert!(
        !report.created && report.remarks[0].contains("a hook of your own"),
        "{report:?}"
    );
    assert!(
        repository.work_dir().is_some(),
        "it stays a repository with a work tree"
    );
    assert_eq!(fixture.run(&["rev-parse", "main"]), commit);
    let output = fixture
        .git()
        .output(fixture.path(), &["config", "receive.denyDeletes"]);
    assert!(
        !output.status.success(),
        "how branches are pushed stays as it was"
    );
}

#[test]
fn a_repository_inside_another_is_a_new_one() {
    let fixture = GitFixture::new();
    let inner = fixture.path().join("inner");
    let (repository, report) = Repository::init(&inner, false).expect("a new repository");
    assert!(report.created);
    assert!(repository.common_dir().ends_with("inner/.git"));
}

#[test]
fn open_finds_the_repository_from_inside_and_through_work_trees() {
    let fixture = GitFixture::new();
    let commit = fixture.commit(&[], "one");
    fixture.run(&["update-ref", "refs/heads/main", &commit]);
    let deep = fixture.path().join("a/b");
    std::fs::create_dir_all(&deep).expect("folders");
    let main = Repository::open(&deep).expect("found above");
    fixture.run(&["worktree", "add", "--quiet", "--detach", "linked", &commit]);
    let linked = Repository::open(&fixture.path().join("linked")).expect("a linked work tree");
    assert_eq!(linked.common_dir(), main.common_dir());
    assert_ne!(linked.git_dir(), main.git_dir());
    assert_eq!(linked.gatos_dir(), main.gatos_dir());
    let outside = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(
        Repository::open(outside.path())
            .expect_err("nothing there")
            .code(),
        ErrorCode::NoRepository
    );
}

#[test]
fn formats_we_do_not_know_are_refused() {
    let check = |settings: &[(&str, &str)], expected: Option<&str>| {
        let fixture = GitFixture::new_bare();
        for (key, value) in settings {
            fixture
                .git()
                .run(fixture.path(), &["config", "--file", "config", key, value]);
        }
        match (Repository::open(fixture.path()), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(setting)) => {
                assert_eq!(error.code(), ErrorCode::UnsupportedRepository);
                let said = error.to_string().to_lowercase();
                assert!(said.contains(&setting.to_lowercase()), "{error}");
            }
            (outcome, expected) => panic!("{settings:?}: {outcome:?}, expected {expected:?}"),
        }
    };
    let version = ("core.repositoryFormatVersion", "1");
    check(&[], None);
    check(&[version], None);
    check(&[version, ("extensions.objectFormat", "sha1")], None);
    check(&[version, ("extensions.refStorage", "files")], None);
    check(&[version, ("extensions.worktreeConfig", "true")], None);
    check(
        &[("core.repositoryFormatVersion", "2")],
        Some("core.repositoryFormatVersion = 2"),
    );
    check(
        &[version, ("extensions.objectFormat", "sha256")],
        Some("extensions.objectformat = sha256"),
    );
    check(
        &[version, ("extensions.refStorage", "reftable")],
        Some("extensions.refstorage = reftable"),
    );
    check(
        &[version, ("extensions.refStorage", "")],
        Some("extensions.refstorage"),
    );
    check(
        &[version, ("extensions.compatObjectFormat", "sha256")],
        Some("compatobjectformat"),
    );
    check(
        &[version, ("extensions.fromTheFuture", "1")],
        Some("fromthefuture"),
    );
}

#[test]
fn repositories_git_itself_made_otherwise_are_refused() {
    for git in FixtureGit::all_installed() {
        for kind in ["--object-format=sha256", "--ref-format=reftable"] {
            let fixture = GitFixture::empty(git.clone());
            let made = git.output(fixture.path(), &["init", "--quiet", kind, "."]);
            if !made.status.success() {
                // An older git knows no reftable; the settings alone are tested above.
                continue;
            }
            let error = Repository::open(fixture.path()).expect_err("not one of ours");
            assert_eq!(error.code(), ErrorCode::UnsupportedRepository, "{error}");
            let error =
                Repository::init(fixture.path(), false).expect_err("not to be adopted either");
            assert_eq!(error.code(), ErrorCode::UnsupportedRepository);
        }
    }
}

#[test]
fn a_shallow_repository_is_refused_with_the_way_out() {
    let origin = GitFixture::new();
    let ids = origin.chain("refs/heads/main", "commit", 3);
    let url = format!("file://{}", origin.path().display());
    let copy = GitFixture::empty(origin.git().clone());
    copy.run(&["clone", "--quiet", "--depth=1", &url, "copy"]);
    let error = Repository::open(&copy.path().join("copy")).expect_err("it is shallow");
    assert_eq!(error.code(), ErrorCode::UnsupportedRepository);
    assert!(error.to_string().contains("git fetch --unshallow"));
    copy.git().run(
        &copy.path().join("copy"),
        &["fetch", "--quiet", "--unshallow"],
    );
    let repository = Repository::open(&copy.path().join("copy")).expect("whole now");
    let tip = ObjectId::parse(&ids[2]).expect("an id");
    assert_eq!(Reader::new(&repository).walk_back(tip, None).count(), 3);
}

#[test]
fn settings_that_cannot_be_read_are_named() {
    let fixture = GitFixture::new_bare();
    std::fs::write(fixture.path().join("config"), "[core\nbare = what").expect("a broken file");
    let error = Repository::open(fixture.path()).expect_err("unreadable settings");
    assert_eq!(error.code(), ErrorCode::UnsupportedRepository, "{error}");
}
