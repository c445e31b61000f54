//! Making repositories: names, keys, hooks of others, and runs that were cut short.

use std::fs;

use gatos_node::{InitOptions, InitReport, Node, NodeOptions, Outcome};

use crate::world::{World, actor, append, code, intent, log_ids, run};

/// Begins a repository in a folder of this name.
fn init_in(world: &World, folder: &str, change: impl Fn(&mut InitOptions)) -> Outcome<InitReport> {
    let mut options = InitOptions {
        directory: world.folder().join(folder),
        actor: Some(actor("user:alice")),
        home: Some(world.home()),
        ..InitOptions::default()
    };
    change(&mut options);
    Node::init(&options)
}

#[test]
fn the_name_comes_from_the_folder_as_near_as_letters_allow() {
    let world = World::empty();
    for (folder, want) in [
        ("ledger", "ledger"),
        ("My Ledger", "my-ledger"),
        ("books.git", "books"),
        ("-x_1.2-", "x_1.2"),
        ("Grün", "gr-n"),
    ] {
        let report = init_in(&world, folder, |_| {}).expect("it begins");
        assert_eq!(report.name.as_str(), want);
    }
    for folder in ["日本", "...x".trim_end_matches('x'), "con"] {
        let folder = format!("deep/{folder}");
        let outcome = init_in(&world, &folder, |_| {});
        assert_eq!(code(outcome), "BAD_NAME", "{folder}");
        // Refused before anything is made.
        assert!(
            !world.folder().join(&folder).join(".git").exists(),
            "{folder}"
        );
    }
}

#[test]
fn a_second_init_changes_nothing() {
    let world = World::new();
    append(&world.node(), &[intent("ops", "a", "1")]);
    let refs = world.git(&["for-each-ref"]);
    let config = fs::read(world.path().join(".git/config")).expect("a config");
    let again = init_in(&world, "repo", |options| {
        options.actor = Some(actor("user:mallory"))
    });
    assert_eq!(code(again), "REPO_EXISTS");
    assert_eq!(world.git(&["for-each-ref"]), refs);
    assert_eq!(
        fs::read(world.path().join(".git/config")).expect("a config"),
        config
    );
    let keys = fs::read_dir(world.home().join("keys"))
        .expect("keys")
        .count();
    assert_eq!(keys, 2, "the private and the public half of the one key");
}

#[test]
fn an_init_that_was_cut_short_is_simply_repeated() {
    let world = World::new();
    // Everything is there but the genesis, which is written last.
    world.git(&["update-ref", "-d", "refs/gatos/governance"]);
    assert_eq!(
        code(Node::open(&world.path(), world.options()).map(|_| ())),
        "NO_REPOSITORY"
    );
    let report = init_in(&world, "repo", |_| {}).expect("it begins");
    assert!(report.key_made);
    append(&world.node(), &[intent("ops", "a", "1")]);
    assert_eq!(log_ids(&world.node(), "ops").len(), 1);
    world.fsck();
}

#[test]
fn a_repository_with_a_history_keeps_it() {
    let world = World::empty();
    let site = world.folder().join("site");
    fs::create_dir(&site).expect("a folder");
    run(&site, "git", &["init", "-q", "-b", "main"]);
    fs::write(site.join("page"), "words").expect("a file");
    run(&site, "git", &["add", "."]);
    run(&site, "git", &["commit", "-q", "-m", "page"]);
    // A hook of the owner's own, and a setting.
    let hook = site.join(".git/hooks/update");
    fs::write(&hook, "#!/bin/sh\nexit 0\n").expect("a hook");
    run(&site, "git", &["config", "user.name", "Owner"]);
    let head = run(&site, "git", &["rev-parse", "HEAD"]);
    let report = init_in(&world, "site", |_| {}).expect("it begins");
    assert_eq!(
        fs::read_to_string(&hook).expect("the hook"),
        "#!/bin/sh\nexit 0\n"
    );
    assert!(
        report.remarks.iter().any(|remark| remark.contains("hook")),
        "{:?}",
        report.remarks
    );
    assert_eq!(run(&site, "git", &["rev-parse", "HEAD"]), head);
    assert_eq!(run(&site, "git", &["status", "--porcelain"]), "");
    assert_eq!(run(&site, "git", &["config", "user.name"]), "Owner\n");
    append(&world.node_at(&site), &[intent("ops", "a", "1")]);
    assert_eq!(run(&site, "git", &["log", "--oneline"]).lines().count(), 1);
}

#[test]
fn a_bare_repository_and_a_folder_below_one_work() {
    let world = World::empty();
    init_in(&world, "bare.git", |options| options.bare = true).expect("it begins");
    let node = world.node_at(&world.folder().join("bare.git"));
    append(&node, &[intent("ops", "a", "1")]);
    drop(node);
    init_in(&world, "tree", |_| {}).expect("it begins");
    let below = world.folder().join("tree/a/b");
    fs::create_dir_all(&below).expect("folders");
    append(&world.node_at(&below), &[intent("ops", "a", "1")]);
    assert_eq!(
        log_ids(&world.node_at(&world.folder().join("tree")), "ops").len(),
        1
    );
}

#[test]
fn a_key_named_by_its_file_stays_there_and_is_found_again() {
    let world = World::empty();
    // A key made in one home, used from another that has none.
    let public = world.keys_of("elsewhere").generate().expect("a key");
    let file = world
        .folder()
        .join("elsewhere/keys")
        .join(public.key_id().to_string());
    let named = file.to_string_lossy().into_owned();
    let report =
        init_in(&world, "repo", |options| options.key = Some(named.clone())).expect("it begins");
    assert!(!report.key_made);
    assert_eq!(report.key, public.key_id());
    assert!(!world.home().join("keys").exists());
    append(&world.node(), &[intent("ops", "a", "1")]);
    // No byte of it went into the repository.
    let secret = fs::read_to_string(&file).expect("the key");
    let body = secret.lines().nth(2).expect("a line of the key");
    let (found, said) = crate::world::try_run(&world.path(), "grep", &["-rF", body, "."]);
    assert!(!found, "{said}");
    // Taken away, it is missed by its name; put back, it works.
    fs::rename(&file, world.folder().join("away")).expect("moved");
    let refused = world.node().append(
        &[intent("ops", "a", "2")],
        gatos_node::Acknowledgement::Visible,
    );
    assert_eq!(code(refused), "UNKNOWN_KEY");
    fs::rename(world.folder().join("away"), &file).expect("moved");
    append(&world.node(), &[intent("ops", "a", "2")]);
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_made() {
    let world = World::empty();
    let profile = init_in(&world, "a", |options| {
        options.profile = Some("saas".to_owned())
    });
    assert_eq!(code(profile), "USAGE");
    assert!(!world.folder().join("a").exists());
    let key = init_in(&world, "b", |options| {
        options.key = Some("0123456789abcdef".to_owned())
    });
    assert_eq!(code(key), "UNKNOWN_KEY");
    // Without a genesis it is no repository of ours yet, and the next try works.
    let nothing = Node::open(&world.folder().join("b"), NodeOptions::default());
    assert_eq!(code(nothing.map(|_| ())), "NO_REPOSITORY");
    init_in(&world, "b", |_| {}).expect("it begins");
}
