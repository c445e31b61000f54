//! Which key acts for whom, and what happens when the key at hand is not what it should be.

use std::fs;
use std::path::PathBuf;

use gatos_node::{Acknowledgement, Intent, Node, NodeOptions, Outcome};
use gatos_values::{KeyId, PublicKey};

use crate::world::{World, actor, append, code, intent, log_ids};

/// Appends one event and tells which actor and key signed it.
fn signed_by(node: &Node, intent: Intent) -> Outcome<(String, KeyId)> {
    let appended = node.append(&[intent], Acknowledgement::Visible)?.remove(0);
    let stored = node.find_event(&appended.id)?;
    let envelope = stored.event.envelope();
    Ok((envelope.actor.to_string(), envelope.key))
}

fn tick() -> Intent {
    intent("ops", "tick", "1")
}

fn default_key(world: &World) -> KeyId {
    KeyId::parse(world.git(&["config", "gatos.key"]).trim()).expect("a key id")
}

fn file_of(world: &World, key: KeyId) -> PathBuf {
    world.home().join("keys").join(key.to_string())
}

fn enrolled(world: &World, who: &str) -> PublicKey {
    let node = world.node();
    let public = node.keys().generate().expect("a key");
    node.enrol(&actor(who), &public).expect("it is enrolled");
    public
}

fn node_with(world: &World, change: impl Fn(&mut NodeOptions)) -> Node {
    let mut options = world.options();
    change(&mut options);
    Node::open(&world.path(), options).expect("it opens")
}

#[test]
fn the_clone_s_own_key_acts_unless_another_is_named() {
    let world = World::new();
    let first = default_key(&world);
    let second = enrolled(&world, "user:alice").key_id();
    let build = enrolled(&world, "service:build").key_id();
    let alice = "user:alice".to_owned();
    let node = world.node();
    assert_eq!(
        signed_by(&node, tick()).expect("it signs"),
        (alice.clone(), first)
    );
    // By the intent: an actor, or a key of the same actor.
    let mut by_build = tick();
    by_build.actor = Some(actor("service:build"));
    assert_eq!(signed_by(&node, by_build).expect("it signs").1, build);
    let mut by_second = tick();
    by_second.key = Some(second.to_string());
    assert_eq!(
        signed_by(&node, by_second).expect("it signs"),
        (alice.clone(), second)
    );
    drop(node);
    // By whoever opens the node: the key alone tells the actor.
    let node = node_with(&world, |options| options.key = Some(build.to_string()));
    assert_eq!(
        signed_by(&node, tick()).expect("it signs"),
        ("service:build".to_owned(), build)
    );
    drop(node);
    let node = node_with(&world, |options| {
        options.actor = Some(actor("service:build"))
    });
    assert_eq!(signed_by(&node, tick()).expect("it signs").1, build);
    drop(node);
    // By its file, wherever that lies.
    let moved = world.folder().join("my key");
    fs::rename(file_of(&world, second), &moved).expect("moved");
    let node = node_with(&world, |options| {
        options.key = Some(moved.to_string_lossy().into_owned());
    });
    assert_eq!(signed_by(&node, tick()).expect("it signs"), (alice, second));
}

#[test]
fn where_the_default_key_is_missing_another_of_the_actor_acts() {
    let world = World::new();
    let first = default_key(&world);
    let second = enrolled(&world, "user:alice").key_id();
    fs::rename(file_of(&world, first), world.folder().join("away")).expect("moved");
    let (_, key) = signed_by(&world.node(), tick()).expect("the second signs");
    assert_eq!(key, second);
    fs::remove_file(file_of(&world, second)).expect("removed");
    let refused = signed_by(&world.node(), tick()).expect_err("no key is left");
    assert_eq!(refused.code.as_str(), "UNKNOWN_KEY");
    for key in [first, second] {
        assert!(
            refused.reason.contains(&key.to_string()),
            "{}",
            refused.reason
        );
    }
}

#[test]
fn a_key_that_is_not_the_actor_s_is_refused() {
    let world = World::new();
    let build = enrolled(&world, "service:build").key_id();
    let stranger = world.node().keys().generate().expect("a key").key_id();
    let node = world.node();
    for (who, key, want) in [
        (Some("user:alice"), Some(build), "UNKNOWN_KEY"),
        (Some("user:alice"), Some(stranger), "UNKNOWN_KEY"),
        (Some("user:mallory"), None, "UNKNOWN_ACTOR"),
        (Some("user:mallory"), Some(stranger), "UNKNOWN_ACTOR"),
    ] {
        let mut intent = tick();
        intent.actor = who.map(actor);
        intent.key = key.map(|key| key.to_string());
        assert_eq!(code(signed_by(&node, intent)), want, "{who:?} {key:?}");
    }
    drop(node);
    let node = node_with(&world, |options| options.key = Some(stranger.to_string()));
    assert_eq!(code(signed_by(&node, tick())), "UNKNOWN_KEY");
    assert!(log_ids(&node, "ops").is_empty());
}

#[test]
fn without_a_default_somebody_must_be_named() {
    let world = World::new();
    world.git(&["config", "--unset", "gatos.actor"]);
    let node = world.node();
    assert_eq!(code(signed_by(&node, tick())), "UNKNOWN_ACTOR");
    let mut named = tick();
    named.actor = Some(actor("user:alice"));
    signed_by(&node, named).expect("it signs");
}

/// What somebody may have done to the key file or its folder, and the code of the refusal.
type Harm = fn(&World, PathBuf);

#[test]
fn a_key_file_that_is_not_what_it_should_be_signs_nothing() {
    let harms: [(&str, Harm, &str); 6] = [
        (
            "others may read it",
            |_, file| set_mode(&file, 0o644),
            "BAD_KEY",
        ),
        (
            "others may write the folder",
            |world, _| set_mode(&world.home().join("keys"), 0o777),
            "BAD_KEY",
        ),
        ("it is empty", |_, file| write(&file, b""), "BAD_KEY"),
        (
            "it is cut",
            |_, file| {
                let text = fs::read(&file).expect("the key");
                write(&file, &text[..text.len() / 2]);
            },
            "BAD_KEY",
        ),
        (
            "it is another key",
            |world, file| {
                let other = world.keys_of("other").generate().expect("a key").key_id();
                let path = world.folder().join("other/keys").join(other.to_string());
                write(&file, &fs::read(path).expect("the other key"));
            },
            "BAD_KEY",
        ),
        (
            "it is gone",
            |_, file| fs::remove_file(file).expect("removed"),
            "UNKNOWN_KEY",
        ),
    ];
    for (name, harm, want) in harms {
        let world = World::new();
        append(&world.node(), &[tick()]);
        harm(&world, file_of(&world, default_key(&world)));
        let refused = signed_by(&world.node(), tick()).expect_err("it cannot sign");
        assert_eq!(refused.code.as_str(), want, "{name}: {}", refused.reason);
        assert!(!refused.hint.is_empty(), "{name}");
        // Reading needs no key, and nothing was written.
        assert_eq!(log_ids(&world.node(), "ops").len(), 1, "{name}");
    }
}

#[cfg(unix)]
fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode is set");
}

/// Keeps the file's mode.
fn write(path: &std::path::Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("it is written");
}

#[test]
fn a_key_enrolled_while_a_node_is_open_acts_at_once() {
    let world = World::new();
    let node = world.node();
    append(&node, &[tick()]);
    let public = node.keys().generate().expect("a key");
    let mut by_build = tick();
    by_build.actor = Some(actor("service:build"));
    assert_eq!(code(signed_by(&node, by_build.clone())), "UNKNOWN_ACTOR");
    node.enrol(&actor("service:build"), &public)
        .expect("it is enrolled");
    assert_eq!(
        signed_by(&node, by_build).expect("it signs").1,
        public.key_id()
    );
    // Enrolled twice is refused, for whomever.
    for who in ["service:build", "user:alice"] {
        assert_eq!(code(node.enrol(&actor(who), &public)), "BAD_GOVERNANCE");
    }
}
