//! Enrolment: who may sign, from when on.

use crate::world::{World, actor, append, code, intent, try_run};
use gatos_node::Acknowledgement;

#[test]
fn an_enrolled_actor_writes_its_own_journal() {
    let world = World::new();
    let node = world.node();
    let bob = actor("user:bob");
    let public = node.keys().generate().expect("a key");
    node.enrol(&bob, &public).expect("bob is enrolled");
    let mut one = intent("ops", "hello", "1");
    one.actor = Some(bob.clone());
    append(&node, &[one, intent("ops", "hello", "2")]);
    assert_eq!(node.journals().expect("the refs list").len(), 2);
    let actors = node.actors().expect("the actors list");
    assert_eq!(actors.len(), 2);
    assert!(
        actors
            .iter()
            .any(|record| record.actor == bob && !record.governor)
    );
    assert_eq!(
        code(node.enrol(&actor("user:carol"), &public)),
        "BAD_GOVERNANCE"
    );
    world.fsck();
}

#[test]
fn a_second_genesis_is_refused() {
    let world = World::new();
    let again = gatos_node::Node::init(&gatos_node::InitOptions {
        directory: world.path(),
        home: Some(world.home()),
        ..gatos_node::InitOptions::default()
    });
    assert_eq!(code(again), "REPO_EXISTS");
}

#[test]
fn a_key_file_named_at_init_serves_afterwards() {
    let world = World::empty();
    let file = world.folder().join("id_ed25519");
    let made = try_run(
        world.folder(),
        "ssh-keygen",
        &[
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-f",
            &file.display().to_string(),
        ],
    );
    if !made.0 {
        println!("skipped: ssh-keygen cannot make a key here: {}", made.1);
        return;
    }
    gatos_node::Node::init(&gatos_node::InitOptions {
        directory: world.path(),
        actor: Some(actor("user:alice")),
        key: Some(file.display().to_string()),
        home: Some(world.home()),
        ..gatos_node::InitOptions::default()
    })
    .expect("init works with a key of OpenSSH");
    append(&world.node(), &[intent("ops", "a", "1")]);
}

#[test]
fn a_key_that_is_not_at_hand_is_named() {
    let world = World::new();
    let node = world.node();
    std::fs::remove_dir_all(world.home()).expect("the key folder goes");
    let outcome = node.append(&[intent("ops", "a", "1")], Acknowledgement::Visible);
    let fault = outcome.expect_err("no key, no event");
    assert_eq!(fault.code.as_str(), "UNKNOWN_KEY");
    assert!(fault.hint.contains("--key"), "{}", fault.hint);
}
