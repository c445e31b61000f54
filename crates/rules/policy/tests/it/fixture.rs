//! Keys from numbers, and a chain that is easy to extend.

use gatos_policy::governance::{
    Chain, ChangeOperation, GenesisActor, GovernanceError, SignedDocument, change, genesis,
};
use gatos_values::{
    Actor, GovernanceId, Namespace, Segment, Sha256Digest, SignatureNamespace, SigningKey, Ulid,
};

/// A key that is the same in every run.
pub fn key(number: u8) -> SigningKey {
    SigningKey::from_seed([number; 32])
}

pub fn actor(text: &str) -> Actor {
    Actor::parse(text).unwrap()
}

pub fn namespace(text: &str) -> Namespace {
    Namespace::parse(text).unwrap()
}

/// A root that stands for some compiled fold.
pub fn fold_root(number: u8) -> Sha256Digest {
    Sha256Digest::of(&[number])
}

/// ULIDs one second apart, from 2026 on.
pub fn ulid(number: u64) -> Ulid {
    Ulid::from_parts(1_767_225_600_000 + number * 1000, u128::from(number)).unwrap()
}

pub fn enrol_actor(name: &str) -> ChangeOperation {
    ChangeOperation::ActorEnrol { actor: actor(name) }
}

pub fn enrol_key(name: &str, number: u8) -> ChangeOperation {
    ChangeOperation::KeyEnrol {
        actor: actor(name),
        public: key(number).public(),
    }
}

pub fn install(ns: &str, number: u8) -> ChangeOperation {
    ChangeOperation::FoldInstall {
        ns: namespace(ns),
        fold_root: fold_root(number),
    }
}

pub fn signed(bytes: Vec<u8>, signers: &[u8]) -> SignedDocument {
    let ns = SignatureNamespace::Grant;
    let signatures = signers
        .iter()
        .map(|number| key(*number).sign(ns, &bytes))
        .collect();
    SignedDocument { bytes, signatures }
}

pub fn genesis_bytes(actors: &[(&str, &[u8])], governors: &[&str], threshold: u64) -> Vec<u8> {
    try_genesis(actors, governors, threshold).unwrap()
}

pub fn try_genesis(
    actors: &[(&str, &[u8])],
    governors: &[&str],
    threshold: u64,
) -> Result<Vec<u8>, GovernanceError> {
    let entry = |(name, keys): &(&str, &[u8])| GenesisActor {
        actor: actor(name),
        keys: keys.iter().map(|number| key(*number).public()).collect(),
    };
    let name = Segment::parse("ledger").unwrap();
    let actors = actors.iter().map(entry).collect();
    let governors = governors.iter().map(|name| actor(name)).collect();
    genesis(name, ulid(0), actors, governors, threshold)
}

/// Alice (key 1) alone governs; Bob (key 2) may write.
pub fn small_genesis() -> SignedDocument {
    signed(
        genesis_bytes(
            &[("user:alice", &[1]), ("user:bob", &[2])],
            &["user:alice"],
            1,
        ),
        &[1],
    )
}

pub fn small_chain() -> Chain {
    Chain::from_genesis(&small_genesis()).unwrap()
}

/// Alice (1), Bob (2) and Carol (3) govern, two must sign; a service (4) may write.
pub fn board_chain() -> Chain {
    let actors: &[(&str, &[u8])] = &[
        ("user:alice", &[1]),
        ("user:bob", &[2]),
        ("user:carol", &[3]),
        ("service:ci", &[4]),
    ];
    let governors = ["user:alice", "user:bob", "user:carol"];
    Chain::from_genesis(&signed(genesis_bytes(actors, &governors, 2), &[1, 2])).unwrap()
}

/// The next version with these operations, signed by these keys.
pub fn next(chain: &Chain, operations: Vec<ChangeOperation>, signers: &[u8]) -> SignedDocument {
    let bytes = change(chain, ulid(chain.version() + 1), operations).unwrap();
    signed(bytes, signers)
}

/// Applies [`next`].
pub fn extend(chain: &mut Chain, operations: Vec<ChangeOperation>, signers: &[u8]) -> GovernanceId {
    let document = next(chain, operations, signers);
    chain.apply(&document).unwrap()
}

/// The document with one field of its JSON text replaced, not signed again.
pub fn with_text(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "`{from}` is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}
