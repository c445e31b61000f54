//! What each operation does and refuses: levels, groups, governors, quorums, keys, namespaces, policies.

use gatos_policy::governance::{
    ChangeOperation, GovernanceDocument, GovernanceError, GovernedAction, change,
};
use gatos_values::ErrorCode;
use gatos_values::roots::EMPTY_POLICY_ROOT;

use crate::fixture::*;

#[test]
fn levels_and_groups_hold_from_their_version_on() {
    let mut chain = board_chain();
    let (bob, dev) = (actor("user:bob"), group("dev"));
    extend(
        &mut chain,
        vec![
            set_level("user:bob", 3),
            set_group("dev", &["service:ci", "user:bob"]),
        ],
        &[1, 2],
    );
    extend_with_cut(
        &mut chain,
        vec![set_level("user:bob", 1), set_group("dev", &["service:ci"])],
        Vec::new(),
        &[1, 2],
    );
    let levels: Vec<u64> = (0..4)
        .map(|version| chain.level_at(&bob, version))
        .collect();
    assert_eq!(levels, [0, 3, 1, 1]);
    let sizes: Vec<usize> = (0..3)
        .map(|version| chain.members_at(&dev, version).len())
        .collect();
    assert_eq!(sizes, [0, 2, 1]);
    assert_eq!(chain.groups_of(&bob, 1), std::slice::from_ref(&dev));
    assert!(chain.groups_of(&bob, 2).is_empty());
    assert_eq!(chain.groups_at(2), [dev]);
    assert_eq!(chain.members_at(&group("governors"), 2).len(), 3);
}

#[test]
fn the_policy_language_sees_levels_and_groups() {
    let mut chain = board_chain();
    let operations = vec![
        set_level("user:bob", 3),
        set_group("dev", &["service:ci", "user:bob"]),
    ];
    extend(&mut chain, operations, &[1, 2]);
    let snapshot = chain.trust_snapshot_at(1);
    let bob = snapshot.get("user:bob").unwrap();
    assert_eq!(bob.level, 3);
    assert!(bob.is_in("dev") && bob.is_in("governors") && !bob.is_in("ops"));
    let ci = snapshot.get("service:ci").unwrap();
    assert!(ci.is_in("dev") && !ci.is_in("governors") && ci.level == 0);
    assert_eq!(snapshot.iter().count(), 4);
    assert!(
        !chain
            .trust_snapshot_at(0)
            .get("user:bob")
            .unwrap()
            .is_in("dev")
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut chain = board_chain();
    extend(&mut chain, vec![set_level("user:bob", 2)], &[1, 2]);
    let nobody = GovernanceError::ActorUnknown(actor("user:eve"));
    for operation in [
        set_level("user:eve", 1),
        set_group("dev", &["user:eve"]),
        set_governors(&["user:eve"], 1),
    ] {
        assert_eq!(misfit(&chain, vec![operation]), nobody);
    }
    let unchanged = [
        set_level("user:bob", 2),
        set_level("user:alice", 0),
        set_group("dev", &[]),
        set_governors(&["user:alice", "user:bob", "user:carol"], 2),
        ChangeOperation::NamespaceCreation { governed: false },
        ChangeOperation::QuorumSet {
            action: GovernedAction::Policy,
            rule: None,
        },
    ];
    for operation in unchanged {
        let error = misfit(&chain, vec![operation]);
        assert!(
            matches!(error, GovernanceError::NothingChanges { .. }),
            "{error}"
        );
        assert_eq!(error.code(), ErrorCode::BadGovernance);
    }
    let twice = [
        vec![set_level("user:bob", 3), set_level("user:bob", 4)],
        vec![
            set_group("dev", &["user:bob"]),
            set_group("dev", &["user:alice"]),
        ],
        vec![activate(1), activate(2)],
        vec![set_namespace("a", true), set_namespace("a", false)],
        vec![enrol_key("user:bob", 8), revoke_key(8)],
        vec![
            set_quorum(GovernedAction::Policy, "1 of governors"),
            set_quorum(GovernedAction::Policy, "2 of governors"),
        ],
    ];
    for operations in twice {
        let error = misfit(&chain, operations);
        assert!(matches!(error, GovernanceError::SetTwice { .. }), "{error}");
    }
}

#[test]
fn the_empty_policy_never_comes_back() {
    let mut chain = small_chain();
    let empty = ChangeOperation::PolicyActivate {
        policy_root: EMPTY_POLICY_ROOT,
    };
    assert_eq!(
        misfit(&chain, vec![empty.clone()]),
        GovernanceError::PolicyEmpty
    );
    extend_with_cut(&mut chain, vec![activate(1)], Vec::new(), &[1]);
    assert_eq!(misfit(&chain, vec![empty]), GovernanceError::PolicyEmpty);
    assert!(matches!(
        misfit(&chain, vec![activate(1)]),
        GovernanceError::NothingChanges { .. }
    ));
    // An older policy comes back only as any other one does: by a version of its own, which cuts every journal.
    extend_with_cut(&mut chain, vec![activate(2)], Vec::new(), &[1]);
    extend_with_cut(&mut chain, vec![activate(1)], Vec::new(), &[1]);
    assert!(chain.cut_at(3).is_some());
    let roots: Vec<_> = (0..4)
        .map(|version| chain.policy_root_at(version))
        .collect();
    let expected = [
        EMPTY_POLICY_ROOT,
        policy_root(1),
        policy_root(2),
        policy_root(1),
    ];
    assert_eq!(roots, expected);
    assert_eq!((chain.policy_since(0), chain.policy_since(9)), (0, 3));
    assert_eq!(chain.policies().count(), 4);
    // A document cannot claim another policy than its operations leave in force.
    let document = next(&chain, vec![set_level("user:bob", 1)], &[1]);
    let (from, to) = (policy_root(1).to_string(), EMPTY_POLICY_ROOT.to_string());
    let forged = signed(with_text(&document.bytes, &from, &to), &[1]);
    assert!(matches!(
        chain.clone().apply(&forged),
        Err(GovernanceError::WrongPolicyRoot { .. })
    ));
}

#[test]
fn a_change_of_governors_is_signed_by_the_old_and_the_new() {
    let chain = board_chain();
    let operations = || vec![set_governors(&["service:ci", "user:carol"], 2)];
    let apply = |signers: &[u8]| chain.clone().apply(&next(&chain, operations(), signers));
    let too_few = |signed| Err(GovernanceError::TooFewSignatures { signed, needed: 2 });
    assert_eq!(apply(&[1, 2]), too_few(0));
    assert_eq!(apply(&[3, 4]), too_few(1));
    assert_eq!(apply(&[1, 3]), too_few(1));
    assert!(apply(&[1, 3, 4]).is_ok());
    let mut changed = chain.clone();
    extend(&mut changed, operations(), &[2, 3, 4]);
    assert_eq!(changed.governors_at(0).len(), 3);
    assert_eq!(
        changed.governors_at(1),
        [actor("service:ci"), actor("user:carol")]
    );
    assert_eq!((changed.threshold_at(0), changed.threshold_at(1)), (2, 2));
    let next = next(&changed, vec![enrol_actor("user:eve")], &[1, 2]);
    assert!(matches!(
        changed.apply(&next),
        Err(GovernanceError::NotAGovernor(_))
    ));
}

#[test]
fn nobody_who_governs_is_left_without_a_key() {
    let mut chain = board_chain();
    assert_eq!(
        misfit(&chain, vec![revoke_key(1)]),
        GovernanceError::GovernorWithoutKey(actor("user:alice"))
    );
    extend(&mut chain, vec![enrol_actor("user:eve")], &[1, 2]);
    assert_eq!(
        misfit(&chain, vec![set_governors(&["user:alice", "user:eve"], 1)]),
        GovernanceError::GovernorWithoutKey(actor("user:eve"))
    );
    // With a second key, or with another board, the key may go.
    let enrolled = vec![enrol_key("user:alice", 9), revoke_key(1)];
    extend_with_cut(&mut chain.clone(), enrolled, Vec::new(), &[2, 3]);
    let resigned = vec![set_governors(&["user:bob", "user:carol"], 2), revoke_key(1)];
    extend_with_cut(&mut chain, resigned, Vec::new(), &[2, 3]);
}

#[test]
fn a_revoked_key_signs_nothing_any_more() {
    let mut chain = board_chain();
    let id = key(1).public().key_id();
    extend(&mut chain, vec![enrol_key("user:alice", 5)], &[1, 2]);
    extend_with_cut(&mut chain, vec![revoke_key(1)], Vec::new(), &[1, 2, 5]);
    let live: Vec<bool> = (0..4)
        .map(|version| chain.key_at(&id, version).is_some())
        .collect();
    assert_eq!(live, [true, true, false, false]);
    assert_eq!(chain.key(&id).unwrap().until_version, Some(2));
    let document = next(&chain, vec![set_level("user:bob", 1)], &[1, 2]);
    assert_eq!(
        chain.apply(&document),
        Err(GovernanceError::NotAGovernor(id))
    );
    assert_eq!(
        misfit(&chain, vec![revoke_key(1)]),
        GovernanceError::KeyUnknown(id)
    );
    assert_eq!(
        misfit(&chain, vec![revoke_key(77)]),
        GovernanceError::KeyUnknown(key(77).public().key_id())
    );
    // A key id is never used again.
    assert_eq!(
        misfit(&chain, vec![enrol_key("user:alice", 1)]),
        GovernanceError::KeyEnrolled(id)
    );
}

#[test]
fn a_rotation_proves_possession_of_both_keys() {
    let mut chain = board_chain();
    let good = rotate(&chain, "user:bob", 2, 6, false);
    let ChangeOperation::KeyRotate(rotation) = good.clone() else {
        panic!("a rotation");
    };
    let with = |change: &dyn Fn(&mut gatos_policy::governance::KeyRotation)| {
        let mut rotation = rotation.clone();
        change(&mut rotation);
        misfit(&chain, vec![ChangeOperation::KeyRotate(rotation)])
    };
    let (old, new) = (key(2).public().key_id(), key(6).public().key_id());
    let stolen = with(&|rotation| rotation.new_signature = rotation.old_signature.clone().unwrap());
    assert_eq!(stolen, GovernanceError::PossessionUnproved(new));
    let other = with(&|rotation| rotation.old_signature = Some(rotation.new_signature.clone()));
    assert_eq!(other, GovernanceError::PossessionUnproved(old));
    let forged = with(&|rotation| rotation.new_signature.signature[0] ^= 1);
    assert_eq!(forged.code(), ErrorCode::BadSignature);
    let anothers = with(&|rotation| rotation.actor = actor("user:alice"));
    assert_eq!(anothers, GovernanceError::KeyUnknown(old));
    extend(&mut chain, vec![good], &[1, 2]);
    let bob = actor("user:bob");
    assert_eq!(
        chain.keys_of(&bob, 1),
        [old, new],
        "both live until the old one is revoked"
    );
    assert_eq!(chain.key(&new).unwrap().rotated_from, Some(old));
    extend_with_cut(&mut chain, vec![revoke_key(2)], Vec::new(), &[1, 3]);
    assert_eq!(chain.keys_of(&bob, 2), [new]);
    assert_eq!(chain.all_keys_of(&bob), [old, new]);
}

#[test]
fn a_lost_key_is_replaced_by_the_quorum_for_recovery() {
    let mut chain = board_chain();
    let rule = set_quorum(GovernedAction::Recovery, "2 of governors and service:ci");
    extend(&mut chain, vec![rule], &[1, 2, 4]);
    let lost = rotate(&chain, "user:carol", 3, 7, true);
    let document = |signers: &[u8]| next(&chain, vec![lost.clone()], signers);
    let error = chain.clone().apply(&document(&[1, 2])).unwrap_err();
    assert!(matches!(
        error,
        GovernanceError::QuorumNotMet {
            action: GovernedAction::Recovery,
            ..
        }
    ));
    assert_eq!(error.code(), ErrorCode::QuorumNotMet);
    assert!(chain.clone().apply(&document(&[1, 2, 4])).is_ok());
    // With the old key at hand it is no recovery, and the governors are enough.
    let known = rotate(&chain, "user:carol", 3, 7, false);
    extend(&mut chain, vec![known], &[1, 2]);
}

#[test]
fn quorum_rules_count_groups_of_the_version_before() {
    let mut chain = board_chain();
    extend(
        &mut chain,
        vec![
            set_group("dev", &["user:alice", "user:bob"]),
            set_group("security", &["service:ci"]),
        ],
        &[1, 2],
    );
    let rule = "2 of dev and 1 of security";
    let set = set_quorum(GovernedAction::Policy, rule);
    // Setting a rule needs the rule itself to be met.
    let unmet = next(&chain, vec![set.clone()], &[1, 2]);
    assert!(matches!(
        chain.clone().apply(&unmet),
        Err(GovernanceError::QuorumNotMet { .. })
    ));
    extend(&mut chain, vec![set], &[1, 2, 4]);
    assert_eq!(chain.quorum_at(GovernedAction::Policy, 1), None);
    assert_eq!(
        chain
            .quorum_at(GovernedAction::Policy, 2)
            .unwrap()
            .to_string(),
        rule
    );
    let document = |signers: &[u8]| next_with_cut(&chain, vec![activate(1)], Vec::new(), signers);
    for signers in [&[1, 2][..], &[1, 3, 4], &[2, 3, 4]] {
        let error = chain.clone().apply(&document(signers)).unwrap_err();
        assert!(
            matches!(error, GovernanceError::QuorumNotMet { .. }),
            "{error}"
        );
    }
    assert!(chain.clone().apply(&document(&[1, 2, 4])).is_ok());
    assert!(matches!(
        chain.clone().apply(&document(&[1, 2])),
        Err(GovernanceError::QuorumNotMet { .. })
    ));
    // Another action keeps to the governors, and a member of the rule's groups is nobody there.
    let level = |signers: &[u8]| next(&chain, vec![set_level("user:bob", 1)], signers);
    assert!(chain.clone().apply(&level(&[1, 3])).is_ok());
    assert!(matches!(
        chain.clone().apply(&level(&[1, 3, 4])),
        Err(GovernanceError::NotAGovernor(_))
    ));
    // Loosening a rule needs the rule as it was.
    let loosen = set_quorum(GovernedAction::Policy, "1 of dev");
    let loosened = next(&chain, vec![loosen], &[1, 2]);
    assert!(matches!(
        chain.clone().apply(&loosened),
        Err(GovernanceError::QuorumNotMet { .. })
    ));
    // Nobody may be taken out of a group that a rule then misses.
    assert!(matches!(
        misfit(&chain, vec![set_group("security", &[])]),
        GovernanceError::QuorumUnmeetable { .. }
    ));
    let requirements = chain.requirements(&[activate(1)]);
    assert_eq!(requirements.len(), 1);
    assert!(chain.counts_for(&requirements[0], &actor("service:ci")));
    assert!(!chain.counts_for(&requirements[0], &actor("user:carol")));
}

#[test]
fn namespaces_are_named_where_creating_them_is_governed() {
    let mut chain = small_chain();
    extend(
        &mut chain,
        vec![set_namespace("finance", true), set_namespace("ops", false)],
        &[1],
    );
    let governed = ChangeOperation::NamespaceCreation { governed: true };
    extend_with_cut(&mut chain, vec![governed], Vec::new(), &[1]);
    let (finance, other) = (namespace("finance"), namespace("other"));
    assert!(chain.admits_namespace_at(&other, 1) && !chain.admits_namespace_at(&other, 2));
    assert!(chain.admits_namespace_at(&finance, 2));
    assert!(chain.is_export_marked_at(&finance, 1) && !chain.is_export_marked_at(&finance, 0));
    assert!(!chain.is_export_marked_at(&namespace("ops"), 2));
    assert_eq!(chain.namespaces_at(2).len(), 2);
    extend_with_cut(
        &mut chain,
        vec![set_namespace("finance", false)],
        Vec::new(),
        &[1],
    );
    assert!(!chain.is_export_marked_at(&finance, 3));
    assert!(chain.admits_namespace_at(&finance, 3));
}

/// Every operation's document is read back as it was written, and one wrong letter is not.
#[test]
fn every_operation_has_one_text() {
    let mut chain = board_chain();
    let root = grant(&chain, "user:alice", "user:bob", &["journal:append"], "**");
    let operations = vec![
        issue(&root, 1),
        set_level("user:bob", 2),
        set_group("dev", &["user:bob"]),
        set_governors(&["user:alice", "user:bob"], 1),
        rotate(&chain, "user:bob", 2, 6, false),
        rotate(&chain, "user:carol", 3, 7, true),
        set_namespace("a", true),
        ChangeOperation::NamespaceCreation { governed: true },
        set_quorum(GovernedAction::Trust, "1 of (2 of dev, user:alice)"),
        ChangeOperation::GrantRevoke {
            grant: root.id().unwrap(),
        },
        revoke_key(4),
    ];
    let document = next_with_cut(
        &chain,
        operations,
        vec![
            cut_entry("a", "service:ci", 4, 3),
            cut_entry("a", "user:bob", 2, 1),
        ],
        &[1, 2],
    );
    let decoded = GovernanceDocument::decode(&document.bytes).unwrap();
    assert_eq!(decoded.encode().unwrap(), document.bytes);
    for (from, to, place) in [
        ("\"level\":2", "\"level\":-2", "changes[1].level"),
        (
            "\"level\":2",
            "\"level\":9223372036854775808",
            "changes[1].level",
        ),
        ("\"export\":true", "\"export\":1", "changes[6].export"),
        (
            "\"rule\":\"1 of (2",
            "\"rule\":\"1  of (2",
            "changes[8].rule",
        ),
        (
            "\"expires_epoch\":null",
            "\"expires_epoch\":0",
            "changes[0].grant.expires_epoch",
        ),
        (
            "\"caps\":[\"journal",
            "\"caps\":[\"\",\"journal",
            "changes[0].grant.caps[0]",
        ),
        (
            "\"kind\":\"governance.grant\"",
            "\"kind\":\"governance.gift\"",
            "changes[0].grant.kind",
        ),
        (
            "\"group\":\"dev\"",
            "\"group\":\"governors\"",
            "changes[2].group",
        ),
        ("\"threshold\":1", "\"threshold\":3", "changes[3].threshold"),
        ("\"count\":3", "\"count\":0", "cut[0].count"),
        (
            "\"journal\":\"gatos/journal/a/service",
            "\"journal\":\"gatos/journal/b/service",
            "cut[1]",
        ),
    ] {
        let bytes = with_text(&document.bytes, from, to);
        let error = GovernanceDocument::decode(&bytes).unwrap_err().to_string();
        assert!(error.contains(place), "{to}: {error}");
    }
    let rule = with_text(
        &document.bytes,
        "\"action\":\"trust\"",
        "\"action\":\"magic\"",
    );
    let error = GovernanceDocument::decode(&rule).unwrap_err();
    assert_eq!(error.code(), ErrorCode::GovUnsupported);
    // The governors of before and after sign; the set of rules asks for the new groups.
    chain.apply(&document).unwrap();
    assert!(change(&chain, ulid(9), vec![set_level("user:bob", 3)]).is_ok());
}
