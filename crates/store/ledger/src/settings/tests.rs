use gatos_testkit::git_fixture::{FixtureGit, GitFixture};

use super::*;
use crate::git::GitProgram;

const JOURNAL: &str = "refs/gatos/journal/finance/user/alice/0123456789abcdef";

fn opened(fixture: &GitFixture) -> Repository {
    let program = GitProgram::at(&fixture.git().path).expect("git is installed");
    Repository::open_with(fixture.path(), program).expect("a repository")
}

fn initialised(git: &FixtureGit, bare: bool) -> (GitFixture, Repository) {
    let fixture = GitFixture::empty(git.clone());
    let program = GitProgram::at(&git.path).expect("git is installed");
    let (repository, _) =
        Repository::init_with(fixture.path(), bare, program).expect("a new repository");
    (fixture, repository)
}

#[test]
fn a_fresh_repository_needs_no_mending() {
    for git in FixtureGit::all_installed() {
        let (_fixture, repository) = initialised(&git, true);
        assert_eq!(inspect(&repository).expect("readable"), Vec::new());
    }
}

#[test]
fn findings_name_the_command_that_mends_them() {
    let fixture = GitFixture::new();
    fixture.run(&["remote", "add", "origin", "/nowhere"]);
    fixture.run(&["config", "gc.auto", "6700"]);
    fixture.run(&["config", "core.logAllRefUpdates", "always"]);
    fixture.run(&[
        "config",
        "--add",
        "remote.origin.fetch",
        "+refs/gatos/*:refs/gatos/*",
    ]);
    let repository = opened(&fixture);
    let findings = inspect(&repository).expect("readable");
    let find = |key: &str| {
        findings
            .iter()
            .find(|finding| finding.key == key)
            .expect("a finding")
    };
    assert_eq!(find("core.fsync").severity, Severity::Error);
    assert_eq!(find("core.fsync").have, None);
    assert_eq!(find("gc.auto").have.as_deref(), Some("6700"));
    assert_eq!(find("gc.auto").mend, "git config gc.auto 0");
    assert!(findings.is_sorted_by_key(|finding| std::cmp::Reverse(finding.severity)));

    // Every command can be run as it stands, and then nothing is left to say.
    for finding in &findings {
        let status = std::process::Command::new("sh")
            .args(["-c", &finding.mend])
            .current_dir(fixture.path())
            .status()
            .expect("a shell");
        assert!(status.success(), "{}", finding.mend);
    }
    assert_eq!(inspect(&repository).expect("readable"), Vec::new());
}

#[test]
fn apply_mends_and_does_so_once() {
    let fixture = GitFixture::new();
    fixture.run(&["remote", "add", "origin", "/nowhere"]);
    let repository = opened(&fixture);
    apply(&repository).expect("settings can be written");
    let config = std::fs::read(fixture.path().join(".git/config")).expect("readable");
    apply(&repository).expect("again");
    assert_eq!(
        std::fs::read(fixture.path().join(".git/config")).expect("readable"),
        config
    );
    assert_eq!(inspect(&repository).expect("readable"), Vec::new());
}

#[test]
fn plain_fetch_and_push_carry_our_refs() {
    for git in FixtureGit::all_installed() {
        let (server, _) = initialised(&git, true);
        let (alice, alice_repository) = initialised(&git, false);
        let (bob, bob_repository) = initialised(&git, false);
        let url = server.path().display().to_string();
        add_remote(&alice_repository, "origin", &url).expect("a remote");
        add_remote(&bob_repository, "origin", &url).expect("a remote");

        let commits = alice.chain(JOURNAL, "event", 3);
        alice.run(&["update-ref", "refs/gatos/governance", &commits[0]]);
        alice.run(&["update-ref", "refs/gatos/quarantine/x", &commits[0]]);
        alice.run(&["update-ref", "refs/gatos/cache/x", &commits[0]]);
        // Before the first commit on a branch, plain push must already work.
        alice.run(&["push", "--quiet"]);
        assert_eq!(
            server.run(&["for-each-ref", "--format=%(refname)"]),
            format!("refs/gatos/governance\n{JOURNAL}")
        );

        bob.run(&["fetch", "--quiet"]);
        let fetched = format!(
            "refs/gatos/remotes/origin/{}",
            JOURNAL.trim_start_matches("refs/gatos/")
        );
        assert_eq!(bob.run(&["rev-parse", &fetched]), commits[2]);
        assert!(
            bob.refuse(&["rev-parse", "--verify", JOURNAL])
                .contains("Needed a single revision")
        );

        // What was fetched goes nowhere by itself, and comes back from nobody.
        bob.run(&["push", "--quiet"]);
        alice.run(&["fetch", "--quiet"]);
        let names = alice.run(&["for-each-ref", "--format=%(refname)", "refs/gatos/remotes"]);
        assert!(
            !names.contains("remotes/origin/remotes") && !names.contains("quarantine"),
            "{names}"
        );
    }
}

#[test]
fn plain_fetch_and_push_never_rewrite() {
    let git = FixtureGit::default_git();
    let (server, server_repository) = initialised(&git, true);
    // The refspecs alone must hold, so the server's hook goes.
    std::fs::remove_file(server_repository.common_dir().join("hooks/update"))
        .expect("the hook was there");
    let (alice, alice_repository) = initialised(&git, false);
    let (bob, bob_repository) = initialised(&git, false);
    let url = server.path().display().to_string();
    add_remote(&alice_repository, "origin", &url).expect("a remote");
    add_remote(&bob_repository, "origin", &url).expect("a remote");
    let commits = alice.chain(JOURNAL, "event", 3);
    alice.run(&["push", "--quiet"]);
    bob.run(&["fetch", "--quiet"]);

    alice.run(&["update-ref", JOURNAL, &commits[1]]);
    assert!(alice.refuse(&["push", "--quiet"]).contains("rejected"));
    assert_eq!(server.run(&["rev-parse", JOURNAL]), commits[2]);

    server.run(&["update-ref", JOURNAL, &commits[0]]);
    assert!(bob.refuse(&["fetch"]).contains("rejected"));
    let fetched = JOURNAL.replacen("refs/gatos/", "refs/gatos/remotes/origin/", 1);
    assert_eq!(bob.run(&["rev-parse", &fetched]), commits[2]);
}

#[test]
fn branches_of_an_adopted_repository_are_pushed_as_before() {
    let (server, _) = initialised(&FixtureGit::default_git(), true);
    let fixture = GitFixture::new();
    let first = fixture.commit(&[], "one");
    fixture.run(&["update-ref", "refs/heads/main", &first]);
    fixture.run(&["update-ref", "refs/heads/private", &first]);
    fixture.run(&[
        "remote",
        "add",
        "origin",
        &server.path().display().to_string(),
    ]);
    let (_, report) = Repository::init(fixture.path(), false).expect("adopted");
    assert!(!report.created);
    fixture.run(&["push", "--quiet"]);
    assert_eq!(
        server.run(&["for-each-ref", "--format=%(refname)"]),
        "refs/heads/main"
    );
}

#[test]
fn mirrors_are_left_as_they_are() {
    let origin = GitFixture::new();
    origin.chain(JOURNAL, "event", 1);
    let mirror = GitFixture::empty(origin.git().clone());
    mirror.run(&[
        "clone",
        "--quiet",
        "--mirror",
        &origin.path().display().to_string(),
        "copy.git",
    ]);
    let path = mirror.path().join("copy.git");
    let (repository, _) = Repository::init(&path, true).expect("adopted");
    assert_eq!(
        mirror
            .git()
            .run(&path, &["config", "--get-all", "remote.origin.fetch"]),
        "+refs/*:refs/*"
    );
    let forced = inspect(&repository).expect("readable");
    assert!(
        forced
            .iter()
            .any(|finding| finding.have.as_deref() == Some("+refs/*:refs/*")),
        "{forced:?}"
    );
}
