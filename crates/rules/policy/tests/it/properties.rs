//! Random chains: equal to the slow twin at every version, equal when replayed, closed to tampering.

use gatos_policy::governance::{
    Chain, ChangeOperation, GovernanceDocument, SignedDocument, change,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::fixture::*;
use crate::twin::Twin;

const ACTORS: [&str; 5] = [
    "user:alice",
    "user:bob",
    "service:ci",
    "agent:x",
    "user:zoe",
];
const NAMESPACES: [&str; 3] = ["finance", "ops/deploy", "a"];

fn operation() -> impl Strategy<Value = ChangeOperation> {
    prop_oneof![
        (0..ACTORS.len()).prop_map(|index| enrol_actor(ACTORS[index])),
        (0..ACTORS.len(), 1..12u8).prop_map(|(index, number)| enrol_key(ACTORS[index], number)),
        (0..NAMESPACES.len(), 1..5u8)
            .prop_map(|(index, number)| install(NAMESPACES[index], number)),
    ]
}

/// Grows a chain by whatever fits and gives the documents that did.
fn grow(changes: Vec<Vec<ChangeOperation>>) -> (Chain, Vec<SignedDocument>) {
    let mut documents = vec![small_genesis()];
    let mut chain = small_chain();
    for operations in changes {
        if let Ok(bytes) = change(&chain, ulid(chain.version() + 1), operations) {
            let document = signed(bytes, &[1]);
            chain.apply(&document).unwrap();
            documents.push(document);
        }
    }
    (chain, documents)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_version_answers_as_the_twin_does(changes in vec(vec(operation(), 1..4), 0..10)) {
        let (chain, documents) = grow(changes);
        prop_assert_eq!(chain.version() as usize, documents.len() - 1);
        for version in 0..documents.len() {
            let twin = Twin::at(&documents, version).unwrap();
            let at = version as u64;
            let actors: Vec<String> = chain.actors_at(at).iter().map(ToString::to_string).collect();
            prop_assert_eq!(&actors, &twin.actors);
            for name in ACTORS {
                let keys = chain.keys_of(&actor(name), at);
                let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
                prop_assert_eq!(keys, twin.keys_of(name));
            }
            for number in 1..12 {
                let id = key(number).public().key_id();
                let owner = chain.key_at(&id, at).map(|record| record.actor.to_string());
                let expected = twin.keys.iter().find(|(key, _)| *key == id.to_string());
                prop_assert_eq!(owner, expected.map(|(_, owner)| owner.clone()));
            }
            for ns in NAMESPACES {
                let root = chain.fold_root_at(&namespace(ns), at).to_string();
                prop_assert_eq!(root, twin.fold_root(ns));
            }
            prop_assert_eq!(chain.id_of(at), Some(documents[version].id()));
            prop_assert_eq!(chain.version_of(&documents[version].id()), Some(at));
        }
    }

    #[test]
    fn a_replayed_chain_equals_the_one_that_grew(changes in vec(vec(operation(), 1..4), 0..8)) {
        let (chain, documents) = grow(changes);
        let mut replayed = Chain::from_genesis(&documents[0]).unwrap();
        for document in &documents[1..] {
            replayed.apply(document).unwrap();
        }
        prop_assert_eq!(replayed, chain);
    }

    /// The twin takes operations one by one: what the plan refuses as a whole, it refuses somewhere, folds aside.
    #[test]
    fn enrolments_fit_exactly_when_the_twin_takes_them(operations in vec(operation(), 1..5)) {
        let enrolments: Vec<_> = operations
            .into_iter()
            .filter(|operation| !matches!(operation, ChangeOperation::FoldInstall { .. }))
            .collect();
        prop_assume!(!enrolments.is_empty());
        let chain = small_chain();
        let document = gatos_policy::governance::Change {
            repo: chain.repository_id(),
            version: 1,
            prev: chain.head(),
            changes: enrolments,
            cut: None,
            policy_root: chain.policy_root_at(0),
            ulid: ulid(1),
        };
        let document = signed(GovernanceDocument::Change(document).encode().unwrap(), &[1]);
        let twin = Twin::at(&[small_genesis(), document.clone()], 1);
        prop_assert_eq!(chain.clone().apply(&document).is_ok(), twin.is_ok());
    }

    #[test]
    fn decoding_never_panics_and_never_changes_bytes(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(document) = GovernanceDocument::decode(&bytes) {
            prop_assert_eq!(document.encode().unwrap(), bytes);
        }
    }
}

/// Every single-bit change of every byte of a signed document is refused.
#[test]
fn no_bit_of_a_signed_document_can_be_changed() {
    let mut chain = small_chain();
    let operations = vec![
        enrol_actor("user:zoe"),
        enrol_key("user:zoe", 5),
        install("a", 1),
    ];
    let document = next(&chain, operations, &[1]);
    for index in 0..document.bytes.len() {
        for bit in 0..8 {
            let mut bytes = document.bytes.clone();
            bytes[index] ^= 1 << bit;
            if let Ok(decoded) = GovernanceDocument::decode(&bytes) {
                assert_eq!(decoded.encode().unwrap(), bytes);
            }
            // Verifying each bit takes long; decoding tells nearly all apart.
            if bit == index % 8 {
                let mutated = SignedDocument {
                    bytes,
                    signatures: document.signatures.clone(),
                };
                assert!(
                    chain.clone().apply(&mutated).is_err(),
                    "byte {index} bit {bit}"
                );
            }
        }
    }
    let genesis = small_genesis();
    for index in 0..genesis.bytes.len() {
        let mut bytes = genesis.bytes.clone();
        bytes[index] ^= 1 << (index % 8);
        let mutated = SignedDocument {
            bytes,
            signatures: genesis.signatures.clone(),
        };
        assert!(Chain::from_genesis(&mutated).is_err(), "byte {index}");
    }
    chain.apply(&document).unwrap();
}
