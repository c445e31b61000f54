//! The trust fold: what is accepted, what is refused, and what each version answers.

use gatos_policy::governance::{Chain, ChangeOperation, GovernanceError, SignedDocument, change};
use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{ErrorCode, Map, Sha256Digest, SignatureNamespace, Value, cbor};

use crate::fixture::*;

/// The document is refused, and the chain stays as it was.
fn refused(chain: &Chain, document: &SignedDocument) -> GovernanceError {
    let mut copy = chain.clone();
    let error = copy.apply(document).unwrap_err();
    assert_eq!(&copy, chain, "a refused document changed the chain");
    error
}

#[test]
fn a_genesis_answers_for_version_zero() {
    let chain = small_chain();
    let genesis = small_genesis();
    assert_eq!(chain.repository_id(), genesis.id());
    assert_eq!(
        (chain.head(), chain.version(), chain.ulid()),
        (genesis.id(), 0, ulid(0))
    );
    assert_eq!(chain.repository_name().as_str(), "ledger");
    assert_eq!(chain.actors_at(0), [actor("user:alice"), actor("user:bob")]);
    assert_eq!(
        chain.keys_of(&actor("user:bob"), 0),
        [key(2).public().key_id()]
    );
    assert_eq!(chain.governors_at(0), [actor("user:alice")]);
    assert_eq!(chain.threshold_at(0), 1);
    assert_eq!(chain.policy_root_at(0), EMPTY_POLICY_ROOT);
    assert_eq!(
        chain.fold_root_at(&namespace("finance"), 0),
        EMPTY_FOLD_ROOT
    );
    assert_eq!(chain.version_of(&genesis.id()), Some(0));
    assert_eq!((chain.id_of(0), chain.id_of(1)), (Some(genesis.id()), None));
}

#[test]
fn the_root_of_the_empty_policy_is_that_of_its_bytes() {
    let map = Map::new()
        .with("v", 1u64)
        .with("kind", "policy")
        .with("rules", Vec::new());
    let bytes = cbor::encode(&Value::Map(map)).unwrap();
    assert_eq!(bytes, gatos_values::roots::EMPTY_POLICY_BYTES);
    assert_eq!(Sha256Digest::of(&bytes), EMPTY_POLICY_ROOT);
}

#[test]
fn old_versions_stay_answerable() {
    let mut chain = small_chain();
    let (ci, finance) = (actor("service:ci"), namespace("finance"));
    extend(
        &mut chain,
        vec![enrol_actor("service:ci"), install("finance", 1)],
        &[1],
    );
    extend(
        &mut chain,
        vec![enrol_key("service:ci", 3), install("finance", 2)],
        &[1],
    );
    extend(
        &mut chain,
        vec![enrol_key("service:ci", 4), install("ops/deploy", 9)],
        &[1],
    );
    let (third, fourth) = (key(3).public().key_id(), key(4).public().key_id());
    let by_version = |version| chain.keys_of(&ci, version);
    assert_eq!(
        (0..=3).map(by_version).collect::<Vec<_>>(),
        [vec![], vec![], vec![third], vec![third, fourth]]
    );
    assert_eq!(
        (0..=3)
            .map(|version| chain.has_actor_at(&ci, version))
            .collect::<Vec<_>>(),
        [false, true, true, true]
    );
    assert!(chain.key_at(&third, 1).is_none());
    let record = chain.key_at(&third, 2).unwrap();
    assert_eq!(
        (record.actor.clone(), record.public, record.since_version),
        (ci, key(3).public(), 2)
    );
    let roots: Vec<_> = (0..=3)
        .map(|version| chain.fold_root_at(&finance, version))
        .collect();
    assert_eq!(
        roots,
        [EMPTY_FOLD_ROOT, fold_root(1), fold_root(2), fold_root(2)]
    );
    let since: Vec<_> = (0..=3)
        .map(|version| chain.fold_since(&finance, version))
        .collect();
    assert_eq!(since, [None, Some(1), Some(2), Some(2)]);
    let folds: Vec<_> = chain
        .folds()
        .map(|(ns, root)| (ns.to_string(), root))
        .collect();
    assert_eq!(
        folds,
        [
            ("finance".into(), fold_root(2)),
            ("ops/deploy".into(), fold_root(9))
        ]
    );
}

#[test]
fn operations_take_effect_in_their_order() {
    let chain = small_chain();
    let late = vec![enrol_key("service:ci", 3), enrol_actor("service:ci")];
    let error = change(&chain, ulid(1), late).unwrap_err();
    assert_eq!(error, GovernanceError::ActorUnknown(actor("service:ci")));
}

#[test]
fn operations_that_do_not_fit_are_refused() {
    let mut chain = small_chain();
    extend(&mut chain, vec![install("finance", 1)], &[1]);
    let cases: Vec<(Vec<ChangeOperation>, &str)> = vec![
        (
            vec![enrol_actor("user:bob")],
            "`user:bob` is enrolled already",
        ),
        (
            vec![enrol_actor("user:eve"), enrol_actor("user:eve")],
            "`user:eve` is enrolled already",
        ),
        (vec![enrol_key("user:eve", 3)], "`user:eve` is not enrolled"),
        (vec![enrol_key("user:bob", 2)], "is enrolled already"),
        (vec![enrol_key("user:alice", 2)], "is enrolled already"),
        (
            vec![enrol_key("user:bob", 3), enrol_key("user:bob", 3)],
            "is enrolled already",
        ),
        (
            vec![install("finance", 1)],
            "is installed in `finance` already",
        ),
        (
            vec![install("a", 1), install("a", 2)],
            "installs two folds in `a`",
        ),
        (
            vec![ChangeOperation::FoldInstall {
                ns: namespace("b"),
                fold_root: EMPTY_FOLD_ROOT,
            }],
            "is installed in `b` already",
        ),
    ];
    for (operations, words) in cases {
        let error = change(&chain, ulid(2), operations).unwrap_err();
        assert_eq!(error.code(), ErrorCode::BadGovernance);
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// What `change` refuses to write, `apply` refuses to read: the same plan judges both.
#[test]
fn operations_that_do_not_fit_are_refused_from_others_too() {
    let mut chain = small_chain();
    let document = next(&chain, vec![enrol_actor("user:eve")], &[1]);
    let forged = with_text(&document.bytes, "user:eve", "user:bob");
    let error = refused(&chain, &signed(forged, &[1]));
    assert_eq!(error, GovernanceError::ActorEnrolled(actor("user:bob")));
    chain.apply(&document).unwrap();
}

#[test]
fn a_genesis_is_signed_by_its_governors() {
    let bytes = small_genesis().bytes;
    let error = |signers: &[u8]| Chain::from_genesis(&signed(bytes.clone(), signers)).unwrap_err();
    assert_eq!(
        error(&[]),
        GovernanceError::TooFewSignatures {
            signed: 0,
            needed: 1
        }
    );
    assert_eq!(
        error(&[2]),
        GovernanceError::NotAGovernor(key(2).public().key_id())
    );
    assert_eq!(
        error(&[1, 2]),
        GovernanceError::NotAGovernor(key(2).public().key_id())
    );
    assert_eq!(
        error(&[1, 1]),
        GovernanceError::SignedTwice(key(1).public().key_id())
    );
}

#[test]
fn signatures_are_counted_by_governor() {
    let mut chain = board_chain();
    extend(&mut chain, vec![enrol_key("user:alice", 5)], &[1, 3]);
    let document = |signers: &[u8]| next(&chain, vec![enrol_actor("user:dave")], signers);
    for (signers, found) in [(&[][..], 0), (&[1], 1), (&[1, 5], 1), (&[5], 1)] {
        let error = refused(&chain, &document(signers));
        assert_eq!(
            error,
            GovernanceError::TooFewSignatures {
                signed: found,
                needed: 2
            }
        );
        assert_eq!(error.code(), ErrorCode::BadSignature);
    }
    for signers in [&[1, 2][..], &[3, 5], &[1, 2, 3], &[1, 5, 2]] {
        chain.clone().apply(&document(signers)).unwrap();
    }
    assert_eq!(
        refused(&chain, &document(&[1, 2, 4])),
        GovernanceError::NotAGovernor(key(4).public().key_id())
    );
    assert_eq!(
        refused(&chain, &document(&[1, 2, 1])),
        GovernanceError::SignedTwice(key(1).public().key_id())
    );
}

#[test]
fn a_key_enrolled_by_the_document_does_not_make_its_threshold() {
    let chain = board_chain();
    let operations = || vec![enrol_key("user:bob", 6)];
    // Alice and a key that is Bob's only if this document counts: one governor of version 0 signed.
    let error = refused(&chain, &next(&chain, operations(), &[1, 6]));
    assert_eq!(
        error,
        GovernanceError::TooFewSignatures {
            signed: 1,
            needed: 2
        }
    );
    // As a further signature it is a welcome proof of possession.
    chain
        .clone()
        .apply(&next(&chain, operations(), &[1, 3, 6]))
        .unwrap();
    // A key of somebody who does not govern proves nothing here.
    let others = next(&chain, vec![enrol_key("service:ci", 6)], &[1, 3, 6]);
    assert_eq!(
        refused(&chain, &others),
        GovernanceError::NotAGovernor(key(6).public().key_id())
    );
}

#[test]
fn signers_missing_counts_governors() {
    let chain = board_chain();
    let missing = |numbers: &[u8]| {
        let keys: Vec<_> = numbers
            .iter()
            .map(|number| key(*number).public().key_id())
            .collect();
        chain.signers_missing(&keys)
    };
    assert_eq!(
        (
            missing(&[]),
            missing(&[1]),
            missing(&[1, 1, 4]),
            missing(&[2, 3])
        ),
        (2, 1, 1, 0)
    );
    assert_eq!(missing(&[1, 2, 3]), 0);
}

#[test]
fn a_signature_over_other_bytes_or_of_another_kind_is_refused() {
    let chain = small_chain();
    let good = next(&chain, vec![enrol_actor("user:eve")], &[1]);
    let with = |signature| SignedDocument {
        bytes: good.bytes.clone(),
        signatures: vec![signature],
    };
    for namespace in [
        SignatureNamespace::Event,
        SignatureNamespace::Checkpoint,
        SignatureNamespace::Git,
    ] {
        let error = refused(&chain, &with(key(1).sign(namespace, &good.bytes)));
        assert!(
            matches!(error, GovernanceError::BadSignature { .. }),
            "{error}"
        );
    }
    let other = key(1).sign(SignatureNamespace::Grant, b"other");
    assert!(matches!(
        refused(&chain, &with(other)),
        GovernanceError::BadSignature { .. }
    ));
    let mut claimed = key(2).sign(SignatureNamespace::Grant, &good.bytes);
    claimed.public = key(1).public();
    assert!(matches!(
        refused(&chain, &with(claimed)),
        GovernanceError::BadSignature { .. }
    ));
    for index in 0..64 {
        let mut flipped = good.signatures[0].clone();
        flipped.signature[index] ^= 1;
        assert!(matches!(
            refused(&chain, &with(flipped)),
            GovernanceError::BadSignature { .. }
        ));
    }
}

#[test]
fn a_change_has_one_place() {
    let mut chain = small_chain();
    let first = next(&chain, vec![enrol_actor("user:eve")], &[1]);
    let changed = |from: &str, to: &str| signed(with_text(&first.bytes, from, to), &[1]);
    let zeros = "blake3:0000000000000000000000000000000000000000000000000000000000000000";
    let head = chain.head().to_string();
    let prev = changed(
        &format!("\"prev\":\"{head}"),
        &format!("\"prev\":\"{zeros}"),
    );
    assert!(matches!(
        refused(&chain, &prev),
        GovernanceError::WrongPrevious { .. }
    ));
    let repo = changed(
        &format!("\"repo\":\"{head}"),
        &format!("\"repo\":\"{zeros}"),
    );
    let error = refused(&chain, &repo);
    assert!(matches!(error, GovernanceError::OtherRepository { .. }));
    assert_eq!(error.code(), ErrorCode::RepoMismatch);
    let version = changed("\"version\":1", "\"version\":2");
    assert_eq!(
        refused(&chain, &version),
        GovernanceError::NotNext {
            expected: 1,
            found: 2
        }
    );
    for late in [ulid(0), gatos_values::Ulid::MIN] {
        let late = changed(&ulid(1).to_string(), &late.to_string());
        assert!(matches!(
            refused(&chain, &late),
            GovernanceError::UlidNotRising { .. }
        ));
    }
    assert!(matches!(
        refused(&chain, &small_genesis()),
        GovernanceError::WrongKind { version: 1, .. }
    ));
    assert!(matches!(
        Chain::from_genesis(&first),
        Err(GovernanceError::WrongKind { version: 0, .. })
    ));
    chain.apply(&first).unwrap();
    assert_eq!(
        refused(&chain, &first),
        GovernanceError::NotNext {
            expected: 2,
            found: 1
        }
    );
}

#[test]
fn a_second_valid_successor_is_a_fork() {
    let mut chain = small_chain();
    let ours = next(&chain, vec![enrol_actor("user:eve")], &[1]);
    let theirs = next(&chain, vec![enrol_actor("user:mallory")], &[1]);
    let unsigned = signed(theirs.bytes.clone(), &[]);
    chain.apply(&ours).unwrap();
    let fork = GovernanceError::Fork {
        version: 1,
        ours: ours.id(),
        theirs: theirs.id(),
    };
    assert_eq!(refused(&chain, &theirs), fork);
    assert_eq!(fork.code(), ErrorCode::GovFork);
    extend(&mut chain, vec![enrol_actor("user:zoe")], &[1]);
    assert_eq!(
        refused(&chain, &theirs),
        fork,
        "also when the chain has grown"
    );
    // What follows another version is no second successor of ours.
    let prev = chain.repository_id().to_string();
    let elsewhere = prev.replacen("blake3:", "blake3:0", 1)[..prev.len()].to_owned();
    let from = format!("\"prev\":\"{prev}\"");
    let bytes = with_text(&theirs.bytes, &from, &format!("\"prev\":\"{elsewhere}\""));
    let error = refused(&chain, &signed(bytes, &[1]));
    assert_eq!(
        error,
        GovernanceError::NotNext {
            expected: 3,
            found: 1
        }
    );
    // What nobody signed is no rival, only noise.
    assert!(matches!(
        refused(&chain, &unsigned),
        GovernanceError::TooFewSignatures { .. }
    ));
}

#[test]
fn a_rival_is_judged_by_the_keys_of_its_time() {
    let mut chain = small_chain();
    let rival = next(&chain, vec![enrol_actor("user:mallory")], &[7]);
    extend(&mut chain, vec![enrol_key("user:alice", 7)], &[1]);
    // Key 7 governs now, but did not when version 1 was made.
    assert!(matches!(
        refused(&chain, &rival),
        GovernanceError::NotAGovernor(_)
    ));
}
