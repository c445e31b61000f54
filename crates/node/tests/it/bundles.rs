//! Policies between repositories: bundles that are made, named by digest, and brought into force by other governors.

use gatos_node::Node;
use gatos_values::{GovernanceId, Sha256Digest};

use crate::gate::activate;
use crate::world::{World, append, code, intent};

const POLICY: &str =
    "id: append\nwhen: { intent: write, path: \"gatos/journal/**\" }\nallow_if: [\"true\"]\n";

fn root_of(node: &Node) -> GovernanceId {
    node.governance().expect("governance").repository_id()
}

#[test]
fn a_policy_goes_to_another_repository_by_the_digest_of_its_bundle() {
    let world = World::new();
    let node = world.node();
    assert_eq!(code(node.policy_bundle(None)), "BAD_POLICY");
    activate(&node, POLICY);
    let made = node.policy_bundle(None).expect("a bundle");
    activate(&node, &POLICY.replace("append", "other"));
    let again = node
        .policy_bundle(Some(made.report.policy_root))
        .expect("of an earlier policy");
    assert_eq!(again.bytes, made.bytes, "what came later does not matter");
    assert_eq!(made.report.trust_root, root_of(&node));

    let file = world.folder().join("rules.bundle");
    std::fs::write(&file, &made.bytes).expect("writable");
    let other = World::new();
    let there = other.node();
    let trust_root = made.report.trust_root;
    for source in [file.clone(), world.path()] {
        let taken = there
            .policy_of_bundle(&source, made.digest, Some(&trust_root))
            .expect("a policy");
        assert_eq!(taken.kept.sources[0].1, POLICY.as_bytes());
        assert_eq!(taken.report, made.report);
    }
    let wrong = Sha256Digest::of(b"something else");
    assert_eq!(
        code(there.policy_of_bundle(&file, wrong, None)),
        "BAD_POLICY"
    );
    assert_eq!(
        code(there.policy_of_bundle(&world.path(), wrong, None)),
        "BAD_POLICY"
    );
    let elsewhere = root_of(&there);
    assert_eq!(
        code(there.policy_of_bundle(&file, made.digest, Some(&elsewhere))),
        "REPO_MISMATCH"
    );
    assert_eq!(
        code(there.policy_of_bundle(&world.folder().join("none"), made.digest, None)),
        "IO"
    );
    std::fs::write(&file, b"no bundle").expect("writable");
    let digest = Sha256Digest::of(b"no bundle");
    assert_eq!(
        code(there.policy_of_bundle(&file, digest, None)),
        "BAD_CBOR"
    );

    // It comes into force by the governance of the repository that takes it over.
    let taken = there
        .policy_of_bundle(&world.path(), made.digest, None)
        .expect("a policy");
    let operation = there
        .prepare_policy(&taken.kept.rgc, &taken.kept.sources)
        .expect("it can be activated");
    there.govern(vec![operation]).expect("it is in force");
    append(&there, &[intent("ops", "tick", "1")]);
    let chain = there.governance().expect("governance");
    assert_eq!(
        chain.policy_root_at(chain.version()),
        made.report.policy_root
    );
}
