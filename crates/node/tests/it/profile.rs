//! Profiles: what init makes, and what the doctor of profiles finds.

use gatos_node::doctor::Severity;
use gatos_node::{InitOptions, Node};

use crate::world::{World, actor, code, run};

fn gate(world: &World) -> std::path::PathBuf {
    let directory = world.folder().join("hub.git");
    Node::init(&InitOptions {
        directory: directory.clone(),
        bare: true,
        actor: Some(actor("user:alice")),
        profile: Some("push-gate".to_owned()),
        home: Some(world.home()),
        ..InitOptions::default()
    })
    .expect("the gate is made");
    directory
}

/// What is wrong, by check.
fn wrong(node: &Node) -> Vec<(&'static str, String)> {
    let report = node.doctor_profile().expect("it can be examined");
    let findings = report.findings.into_iter();
    let mut wrong: Vec<_> = findings
        .filter(|finding| finding.severity != Severity::Info)
        .map(|finding| (finding.check, finding.resource))
        .collect();
    wrong.sort();
    wrong
}

#[test]
fn a_push_gate_is_made_whole_and_repeating_init_mends_it() {
    let world = World::empty();
    let hub = gate(&world);
    let node = world.node_at(&hub);
    assert_eq!(wrong(&node), []);
    let actors = node.actors().expect("actors");
    assert!(
        actors
            .iter()
            .any(|one| one.actor.as_str() == "service:gate" && !one.governor)
    );

    std::fs::remove_file(hub.join("hooks/pre-receive")).expect("it was there");
    run(&hub, "git", &["config", "--unset", "transfer.fsckObjects"]);
    run(&hub, "git", &["config", "gatos.program", "/nowhere/gatos"]);
    let found = [
        ("gate hook", "gatos.program".to_owned()),
        ("gate hook", "pre-receive".to_owned()),
        ("gate settings", "transfer.fsckObjects".to_owned()),
    ];
    assert_eq!(wrong(&world.node_at(&hub)), found);
    let again = Node::init(&InitOptions {
        directory: hub.clone(),
        bare: true,
        profile: Some("push-gate".to_owned()),
        home: Some(world.home()),
        ..InitOptions::default()
    });
    assert_eq!(code(again), "REPO_EXISTS");
    assert_eq!(wrong(&world.node_at(&hub)), []);
}

#[test]
fn a_local_clone_needs_nothing_more_and_other_profiles_are_refused() {
    let world = World::new();
    assert_eq!(wrong(&world.node()), []);
    let unknown = Node::init(&InitOptions {
        directory: world.folder().join("other"),
        profile: Some("saas".to_owned()),
        home: Some(world.home()),
        ..InitOptions::default()
    });
    assert_eq!(code(unknown), "USAGE");
    world.git(&["config", "gatos.profile", "nonsense"]);
    assert_eq!(code(world.node().doctor_profile()), "USAGE");
    world.git(&["config", "gatos.profile", "local"]);
    world.git(&["config", "gatos.policyLag", "some"]);
    assert_eq!(code(world.node().doctor_profile()), "USAGE");
}
