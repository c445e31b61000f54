use gatos_testkit::git_fixture::{FixtureGit, GitFixture};

use super::*;
use crate::git::GitProgram;

/// A server with our hook and a client with one journal of three commits pushed to it.
struct Pushed {
    server: GitFixture,
    client: GitFixture,
    commits: Vec<String>,
}

const JOURNAL: &str = "refs/gatos/journal/finance/user/alice/0123456789abcdef";

impl Pushed {
    fn new(git: &FixtureGit) -> Pushed {
        let server = GitFixture::empty(git.clone());
        let program = GitProgram::at(&git.path).expect("git is installed");
        Repository::init_with(server.path(), true, program).expect("a server");
        let client = GitFixture::with(git.clone(), false);
        let commits = client.chain(JOURNAL, "event", 3);
        client.run(&[
            "remote",
            "add",
            "origin",
            &server.path().display().to_string(),
        ]);
        client.run(&["push", "--quiet", "origin", &format!("{JOURNAL}:{JOURNAL}")]);
        Pushed {
            server,
            client,
            commits,
        }
    }

    /// Pushes with the given arguments and expects the hook's words in the refusal.
    fn refuse(&self, arguments: &[&str], words: &str) {
        let before = self.server.run(&["for-each-ref"]);
        let said = self
            .client
            .refuse(&[&["push", "origin"], arguments].concat());
        assert!(
            said.contains("FF_VIOLATION") && said.contains(words),
            "{arguments:?}: {said}"
        );
        assert_eq!(
            self.server.run(&["for-each-ref"]),
            before,
            "nothing may have moved"
        );
    }
}

#[test]
fn pushes_may_only_append() {
    for git in FixtureGit::all_installed() {
        let it = Pushed::new(&git);
        let (second, third) = (&it.commits[1], &it.commits[2]);
        let fourth = it.client.commit(&[third], "event 4");
        it.client
            .run(&["push", "--quiet", "origin", &format!("{fourth}:{JOURNAL}")]);
        assert_eq!(it.server.run(&["rev-parse", JOURNAL]), fourth);

        let other = it.client.commit(&[second], "another event 3");
        it.refuse(
            &["--force", &format!("{second}:{JOURNAL}")],
            "it would be rewritten",
        );
        it.refuse(
            &["--force", &format!("{other}:{JOURNAL}")],
            "it would be rewritten",
        );
        it.refuse(&["--delete", JOURNAL], "it cannot be deleted");

        let merge = it.client.commit(&[&fourth, &other], "a merge");
        it.refuse(&[&format!("{merge}:{JOURNAL}")], "is a merge");
        it.refuse(&[&format!("{merge}:{JOURNAL}-new")], "is a merge");
        it.server.run(&["fsck", "--strict", "--no-dangling"]);
    }
}

#[test]
fn every_kind_of_ref_that_only_grows_is_guarded() {
    let it = Pushed::new(&FixtureGit::default_git());
    let (first, third) = (&it.commits[0], &it.commits[2]);
    let names = [
        "refs/gatos/governance",
        "refs/gatos/state/finance/head",
        "refs/gatos/folds/finance/head",
        "refs/gatos/policies/active",
        "refs/gatos/attest/finance/user/alice/0123456789abcdef",
        "refs/gatos/audit/policy",
        "refs/gatos/epoch/finance/head",
        "refs/gatos/sessions/user/alice/01J00000000000000000000000/finance/0123456789abcdef",
    ];
    let pushed = |commit: &str| names.map(|name| format!("{commit}:{name}"));
    let push = |options: &[&str], refspecs: &[String]| {
        let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
        let arguments = [&["push"], options, &["origin"], &refspecs].concat();
        it.client.git().output(it.client.path(), &arguments)
    };
    assert!(push(&[], &pushed(third)).status.success());
    let before = it.server.run(&["for-each-ref"]);
    for (option, refspecs, words) in [
        ("--force", pushed(first), "it would be rewritten"),
        ("--delete", names.map(str::to_owned), "it cannot be deleted"),
    ] {
        let output = push(&[option], &refspecs);
        let said = String::from_utf8_lossy(&output.stderr);
        for name in names {
            let expected = format!("FF_VIOLATION: {name}: {words}");
            assert!(said.contains(&expected), "{name}: {said}");
        }
    }
    assert_eq!(it.server.run(&["for-each-ref"]), before);
    let blob = it.client.feed(&["hash-object", "-w", "--stdin"], b"a blob");
    it.refuse(&[&format!("{blob}:{JOURNAL}-blob")], "not a commit");
}

#[test]
fn checkpoints_and_folds_may_be_joined_and_other_refs_are_free() {
    let it = Pushed::new(&FixtureGit::default_git());
    let third = &it.commits[2];
    let other = it.client.commit(&[&it.commits[0]], "their checkpoint");
    let join = it.client.commit(&[third, &other], "joined");
    for name in [
        "refs/gatos/state/finance/head",
        "refs/gatos/folds/finance/head",
    ] {
        it.client
            .run(&["push", "--quiet", "origin", &format!("{third}:{name}")]);
        it.client
            .run(&["push", "--quiet", "origin", &format!("{join}:{name}")]);
        assert_eq!(it.server.run(&["rev-parse", name]), join);
    }

    for name in ["refs/gatos/cache/x", "refs/tags/x"] {
        it.client
            .run(&["push", "--quiet", "origin", &format!("{third}:{name}")]);
        it.client.run(&[
            "push",
            "--quiet",
            "--force",
            "origin",
            &format!("{other}:{name}"),
        ]);
        it.client
            .run(&["push", "--quiet", "--delete", "origin", name]);
    }
}

#[test]
fn replacements_are_refused_and_have_no_say() {
    let it = Pushed::new(&FixtureGit::default_git());
    let (second, third) = (&it.commits[1], &it.commits[2]);
    let rewritten = it.client.commit(&[second], "rewritten");
    it.refuse(
        &[&format!("{rewritten}:refs/replace/{third}")],
        "replace refs are not accepted",
    );

    // Even a replacement made on the server itself cannot make a rewrite look like an append.
    it.client.run(&[
        "push",
        "--quiet",
        "origin",
        &format!("{rewritten}:refs/heads/carrier"),
    ]);
    let grafted = it.client.commit(&[third], "rewritten");
    it.client.run(&[
        "push",
        "--quiet",
        "origin",
        &format!("{grafted}:refs/heads/carrier2"),
    ]);
    it.server.run(&["replace", &rewritten, &grafted]);
    it.refuse(
        &["--force", &format!("{rewritten}:{JOURNAL}")],
        "it would be rewritten",
    );
}

#[test]
fn hooks_of_others_are_reported_and_old_ones_of_ours_replaced() {
    let server = GitFixture::new_bare();
    let repository = Repository::open(server.path()).expect("a repository");
    let path = repository.common_dir().join("hooks").join("update");
    let state = || look(&repository).expect("readable");
    let install = || install(&repository).expect("no error");
    let findings = || inspect(&repository).expect("readable");

    assert_eq!(state(), (HookState::Absent, path.clone()));
    assert_eq!(findings().len(), 1);
    assert_eq!(
        install(),
        HookReport {
            installed: true,
            remarks: Vec::new()
        }
    );
    assert_eq!(state().0, HookState::Present);
    assert_eq!(findings(), []);
    assert_eq!(
        install(),
        HookReport {
            installed: false,
            remarks: Vec::new()
        }
    );

    std::fs::write(&path, "#!/bin/sh\n# gatos update hook, version 0\nexit 0\n")
        .expect("an old one");
    assert_eq!(state().0, HookState::Outdated);
    assert!(findings()[0].evidence.contains("older version") && findings()[0].mend == "gatos init");
    assert!(install().installed);
    assert_eq!(
        std::fs::read_to_string(&path).expect("readable"),
        UPDATE_HOOK
    );

    std::fs::write(&path, "#!/bin/sh\nexec my-own-check\n").expect("a hook of theirs");
    let report = install();
    assert!(
        !report.installed && report.remarks[0].contains("a hook of your own"),
        "{report:?}"
    );
    assert!(
        std::fs::read_to_string(&path)
            .expect("readable")
            .contains("my-own-check")
    );

    server.run(&["config", "core.hooksPath", "/nonexistent/hooks"]);
    assert_eq!(
        state(),
        (HookState::Elsewhere, "/nonexistent/hooks/update".into())
    );
    assert!(install().remarks[0].contains("core.hooksPath"));
}
