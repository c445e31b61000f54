use gatos_testkit::git_fixture::{FixtureGit, GitFixture};

use super::*;
use crate::object_id::ObjectKind;
use crate::objects::Reader;

const JOURNAL: &str = "refs/gatos/journal/finance/user/alice/0123456789abcdef";
const FETCHED: &str = "refs/gatos/remotes/origin/journal/finance/user/alice/0123456789abcdef";

fn program(git: &FixtureGit) -> GitProgram {
    GitProgram::at(&git.path).expect("git is installed")
}

fn initialised(git: &FixtureGit, bare: bool) -> (GitFixture, Repository) {
    let fixture = GitFixture::empty(git.clone());
    let (repository, _) =
        Repository::init_with(fixture.path(), bare, program(git)).expect("a new repository");
    (fixture, repository)
}

/// A server and a client that knows it as `origin`.
struct Pair {
    server: GitFixture,
    client: GitFixture,
    repository: Repository,
}

impl Pair {
    fn new(git: &FixtureGit) -> Pair {
        let (server, _) = initialised(git, true);
        let (client, repository) = initialised(git, false);
        settings::add_remote(&repository, "origin", &server.path().display().to_string())
            .expect("a remote");
        Pair {
            server,
            client,
            repository,
        }
    }

    fn push(&self, names: &[&str]) -> Result<PushReport, TransferError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        push(&self.repository, "origin", &names)
    }
}

fn id(text: &str) -> ObjectId {
    ObjectId::parse(text).expect("an id")
}

#[test]
fn what_is_pushed_can_be_fetched_and_cloned() {
    for git in FixtureGit::all_installed() {
        let alice = Pair::new(&git);
        let commits = alice.client.chain(JOURNAL, "event", 3);
        alice
            .client
            .run(&["update-ref", "refs/gatos/governance", &commits[0]]);
        let report = alice
            .push(&[JOURNAL, "refs/gatos/governance"])
            .expect("accepted");
        let names: Vec<&str> = report.refs.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(
            names,
            ["refs/gatos/governance", JOURNAL],
            "governance goes first"
        );
        assert!(
            report
                .refs
                .iter()
                .all(|it| it.rejection.is_none() && !it.up_to_date)
        );
        assert_eq!(report.words, "");
        // The client now knows what the remote holds.
        assert_eq!(
            refs::read(&alice.repository, FETCHED).expect("readable"),
            Some(id(&commits[2]))
        );
        let again = alice.push(&[JOURNAL]).expect("accepted");
        assert!(again.refs[0].up_to_date);

        let folder = GitFixture::empty(git.clone());
        let directory = folder.path().join("copy");
        let url = alice.server.path().display().to_string();
        let copy = clone_with(&url, &directory, program(&git), TransferOptions::default())
            .expect("cloned");
        assert_eq!(
            refs::read(&copy, FETCHED).expect("readable"),
            Some(id(&commits[2]))
        );
        assert_eq!(
            refs::read(&copy, JOURNAL).expect("readable"),
            None,
            "nothing is forwarded unverified"
        );
        assert_eq!(
            Reader::new(&copy).walk_back(id(&commits[2]), None).count(),
            3
        );
        assert_eq!(settings::inspect(&copy).expect("readable"), []);

        let fourth = alice.client.commit(&[&commits[2]], "event 4");
        alice.client.run(&["update-ref", JOURNAL, &fourth]);
        alice.push(&[JOURNAL]).expect("accepted");
        let report = fetch(&copy, "origin").expect("fetched");
        let moved = FetchedRef {
            name: FETCHED.to_owned(),
            old: Some(id(&commits[2])),
            new: id(&fourth),
        };
        assert_eq!(
            report,
            FetchReport {
                prefix: "refs/gatos/remotes/origin/".to_owned(),
                moved: vec![moved],
                rejected: vec![]
            }
        );
        assert_eq!(fetch(&copy, "origin").expect("fetched").moved, []);
    }
}

#[test]
fn branches_come_along_with_a_clone() {
    let git = FixtureGit::default_git();
    let origin = GitFixture::with(git.clone(), false);
    let commit = origin.chain("refs/heads/main", "code", 2)[1].clone();
    origin.chain(JOURNAL, "event", 1);
    let folder = GitFixture::empty(git.clone());
    let url = format!("file://{}", origin.path().display());
    let copy = clone_with(
        &url,
        &folder.path().join("copy"),
        program(&git),
        TransferOptions::default(),
    )
    .expect("cloned");
    let work_dir = copy.work_dir().expect("not bare");
    assert_eq!(git.run(work_dir, &["rev-parse", "HEAD"]), commit);
    assert!(refs::read(&copy, FETCHED).expect("readable").is_some());
}

#[test]
fn a_remote_that_rewrites_is_reported_and_not_followed() {
    for git in FixtureGit::all_installed() {
        let pair = Pair::new(&git);
        let commits = pair.client.chain(JOURNAL, "event", 3);
        pair.push(&[JOURNAL]).expect("accepted");
        pair.server.run(&["update-ref", JOURNAL, &commits[1]]);
        let other = pair.server.chain("refs/gatos/governance", "document", 1);
        let report = fetch(&pair.repository, "origin").expect("the rest is fetched");
        assert_eq!(
            report.rejected,
            [RejectedRef {
                name: JOURNAL.to_owned(),
                reason: "non-fast-forward".to_owned()
            }]
        );
        assert_eq!(report.moved.len(), 1);
        assert_eq!(report.moved[0].new, id(&other[0]));
        assert_eq!(
            refs::read(&pair.repository, FETCHED).expect("readable"),
            Some(id(&commits[2]))
        );
    }
}

#[test]
fn refused_refs_carry_the_reason_and_spoil_only_their_batch() {
    for git in FixtureGit::all_installed() {
        let pair = Pair::new(&git);
        let commits = pair.client.chain(JOURNAL, "event", 3);
        pair.push(&[JOURNAL]).expect("accepted");
        pair.client.run(&["update-ref", JOURNAL, &commits[1]]);
        let other = format!("{JOURNAL}-other");
        pair.client.run(&["update-ref", &other, &commits[0]]);
        let report = pair.push(&[&other, JOURNAL]).expect("an answer for each");
        let find = |name: &str| {
            report
                .refs
                .iter()
                .find(|it| it.name == name)
                .expect("an answer")
                .rejection
                .clone()
        };
        assert_eq!(find(JOURNAL).as_deref(), Some("non-fast-forward"));
        assert_eq!(find(&other).as_deref(), Some("atomic push failed"));
        assert_eq!(pair.server.run(&["rev-parse", JOURNAL]), commits[2]);

        // In batches of one, the other ref gets through.
        let names = [other.clone(), JOURNAL.to_owned()];
        let options = PushOptions {
            ref_count_max: 1,
            ..PushOptions::default()
        };
        let report =
            push_with(&pair.repository, "origin", &names, options).expect("an answer for each");
        assert_eq!(
            report
                .refs
                .iter()
                .filter(|it| it.rejection.is_some())
                .count(),
            1
        );
        assert_eq!(pair.server.run(&["rev-parse", &other]), commits[0]);

        // Refused by the hook of the server, whose words are passed on.
        let merge = pair.client.commit(&[&commits[2], &commits[0]], "a merge");
        pair.client.run(&["update-ref", JOURNAL, &merge]);
        let report = pair.push(&[JOURNAL]).expect("an answer");
        assert_eq!(report.refs[0].rejection.as_deref(), Some("hook declined"));
        assert!(
            report.words.contains("FF_VIOLATION") && report.words.contains("is a merge"),
            "{}",
            report.words
        );
    }
}

#[test]
fn long_journals_of_large_repositories_go_in_steps() {
    let pair = Pair::new(&FixtureGit::default_git());
    let commits = pair.client.chain(JOURNAL, "event", 25);
    // A hook that notes each value the ref takes.
    let log = pair.server.path().join("moves");
    let hook = pair.server.path().join("hooks/post-receive");
    std::fs::write(&hook, format!("#!/bin/sh\ncat >> '{}'\n", log.display())).expect("a hook");
    std::process::Command::new("chmod")
        .args(["+x"])
        .arg(&hook)
        .status()
        .expect("it runs");
    let options = PushOptions {
        commit_count_max: 10,
        pack_size_max: 0,
        ..PushOptions::default()
    };
    let report =
        push_with(&pair.repository, "origin", &[JOURNAL.to_owned()], options).expect("accepted");
    assert_eq!(report.refs.len(), 1);
    assert_eq!(report.refs[0].rejection, None);
    let moves = std::fs::read_to_string(&log).expect("noted");
    let reached: Vec<&str> = moves
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(reached, [&commits[9], &commits[19], &commits[24]]);
}

#[test]
fn a_remote_may_be_given_by_its_address() {
    let pair = Pair::new(&FixtureGit::default_git());
    let commits = pair.server.chain(JOURNAL, "event", 2);
    let url = pair.server.path().display().to_string();
    let report = fetch(&pair.repository, &url).expect("fetched");
    assert!(report.prefix.starts_with("refs/gatos/remotes/url-"));
    assert_eq!(report.moved[0].new, id(&commits[1]));
    assert_eq!(
        refs::read(&pair.repository, FETCHED).expect("readable"),
        None
    );
}

#[test]
fn relative_addresses_count_from_the_work_tree() {
    let git = FixtureGit::default_git();
    let folder = GitFixture::empty(git.clone());
    let server = folder.path().join("server.git");
    Repository::init_with(&server, true, program(&git)).expect("a server");
    let client = folder.path().join("client");
    let (repository, _) = Repository::init_with(&client, false, program(&git)).expect("a client");
    settings::add_remote(&repository, "origin", "../server.git").expect("a remote");
    fetch(&repository, "origin").expect("as plain `git fetch` does");
}

#[test]
fn rooms_quarantine_and_caches_of_the_remote_stay_there() {
    let pair = Pair::new(&FixtureGit::default_git());
    let commit = pair.server.chain(JOURNAL, "event", 1)[0].clone();
    for name in ["remotes/other/journal/x", "quarantine/x", "cache/x"] {
        pair.server
            .run(&["update-ref", &format!("refs/gatos/{name}"), &commit]);
    }
    let report = fetch(&pair.repository, "origin").expect("fetched");
    assert_eq!(
        report
            .moved
            .iter()
            .map(|it| it.name.as_str())
            .collect::<Vec<_>>(),
        [FETCHED]
    );
}

#[test]
fn malformed_objects_are_not_taken_over() {
    let pair = Pair::new(&FixtureGit::default_git());
    let (_server, server) = (
        &pair.server,
        Repository::open(pair.server.path()).expect("a repository"),
    );
    let tree = ObjectId::EMPTY_TREE;
    let bad = format!("tree {tree}\nauthor nobody\ncommitter nobody\n\nno date\n");
    let commit =
        objects::write_loose(&server, ObjectKind::Commit, bad.as_bytes()).expect("written");
    pair.server
        .run(&["update-ref", JOURNAL, &commit.to_string()]);
    let error = fetch(&pair.repository, "origin").expect_err("git checks what it fetches");
    assert_eq!(error.code(), ErrorCode::RemoteRefused);
    assert!(error.to_string().contains("fsck error"), "{error}");
    assert_eq!(
        refs::list(&pair.repository, "refs/gatos/remotes/").expect("a list"),
        []
    );
}

#[test]
fn failures_say_what_to_try() {
    let pair = Pair::new(&FixtureGit::default_git());
    let check = |remote: &str, code: ErrorCode, words: &str, hint: &str| {
        let error = fetch(&pair.repository, remote).expect_err(remote);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.hint().contains(hint), "{}", error.hint());
        assert!(!error.to_string().contains("secret"), "{error}");
    };
    check(
        "/nonexistent/repository",
        ErrorCode::RemoteRefused,
        "does not appear to be a git repository",
        "git remote -v",
    );
    check(
        "file:///nonexistent",
        ErrorCode::RemoteRefused,
        "not",
        "git remote -v",
    );
    check(
        "https://user:secret@127.0.0.1:1/x.git",
        ErrorCode::RemoteRefused,
        "https://127.0.0.1:1/x.git",
        "check the network",
    );
    check("ext::sh -c true", ErrorCode::Usage, "transport helper", "");
    check(
        "--upload-pack=touch /tmp/x",
        ErrorCode::Usage,
        "begins with `-`",
        "",
    );
    check("", ErrorCode::Usage, "it is empty", "");
    let error = pair.push(&["refs/gatos/nothing"]).expect_err("no such ref");
    assert!(error.to_string().contains("does not match any"), "{error}");
}

#[test]
fn words_of_git_are_sorted_into_hints() {
    let check = |said: &str, part: &str| {
        let hint = words::hint(&words::of_git(said));
        assert!(hint.contains(part), "{said}: {hint}");
    };
    check(
        "fatal: could not read Username for 'https://example.org': terminal prompts disabled",
        "credential",
    );
    check(
        "git@example.org: Permission denied (publickey).\nfatal: Could not read from remote repository.",
        "ssh-add -l",
    );
    check("Host key verification failed.", "accept the host's key");
    check(
        "ssh: Could not resolve hostname x: Temporary failure in name resolution",
        "network",
    );
    check(
        "fatal: the receiving end does not support --atomic push",
        "receive.advertiseAtomic",
    );
    check("something new", "plain `git fetch`");
    assert_eq!(
        words::of_git("Cloning into 'x'...\nremote: 1%\rremote: 100%\n\nfatal: no"),
        "remote: 100%\nfatal: no"
    );
    assert_eq!(words::of_git(""), "git gave no reason");
    assert_eq!(
        words::without_secret("https://token@example.org/x"),
        "https://example.org/x"
    );
    assert_eq!(
        words::without_secret("ssh://git@example.org/x"),
        "ssh://git@example.org/x"
    );
    assert_eq!(
        words::without_secret("git@example.org:x"),
        "git@example.org:x"
    );
    assert_eq!(
        words::of_git("unable to access 'https://a:b@h/': no"),
        "unable to access 'https://h/': no"
    );
}

#[test]
fn lines_of_git_are_read_as_printed() {
    let said = "From /srv/x\n ! [rejected]        refs/gatos/a -> refs/gatos/remotes/o/a  (non-fast-forward)\n * [new ref] refs/gatos/b -> x\n ! [rejected] gatos/c -> y  (would clobber existing tag)\n";
    let rejected = porcelain::rejected_by_fetch(said);
    let shown: Vec<_> = rejected
        .iter()
        .map(|it| (it.name.as_str(), it.reason.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("refs/gatos/a", "non-fast-forward"),
            ("refs/gatos/c", "would clobber existing tag")
        ]
    );

    let printed = "To /srv/x\n*\trefs/gatos/a:refs/gatos/a\t[new reference]\n!\trefs/gatos/b:refs/gatos/b\t[remote rejected] (hook declined)\n \trefs/gatos/c:refs/gatos/c\t1..2\n=\tx:y\t[up to date]\n!\tm:n\t[rejected]\nDone\n";
    let lines = porcelain::push_lines(printed);
    let shown: Vec<_> = lines
        .iter()
        .map(|it| (it.flag, it.name.as_str(), it.reason.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ('*', "refs/gatos/a", None),
            ('!', "refs/gatos/b", Some("hook declined")),
            (' ', "refs/gatos/c", None),
            ('=', "y", None),
            ('!', "n", Some("rejected")),
        ]
    );
}
