//! Keys from numbers, and a chain that is easy to extend.

use gatos_policy::governance::{
    Chain, ChangeOperation, CutEntry, GenesisActor, GovernanceError, GovernedAction, Grant,
    GrantId, KeyRotation, QuorumRule, ResourcePattern, SignedDocument, SignedGrant, change,
    change_with_cut, genesis, rotation_bytes,
};
use gatos_values::{
    Actor, DottedName, EventId, GovernanceId, JournalName, Namespace, Segment, Sha256Digest,
    SignatureNamespace, SigningKey, Text, Ulid,
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

pub fn group(text: &str) -> DottedName {
    DottedName::parse(text).unwrap()
}

pub fn set_level(name: &str, level: u64) -> ChangeOperation {
    ChangeOperation::ActorLevel {
        actor: actor(name),
        level,
    }
}

pub fn set_group(name: &str, members: &[&str]) -> ChangeOperation {
    ChangeOperation::GroupSet {
        group: group(name),
        members: members.iter().map(|name| actor(name)).collect(),
    }
}

pub fn set_governors(governors: &[&str], threshold: u64) -> ChangeOperation {
    ChangeOperation::GovernorsSet {
        governors: governors.iter().map(|name| actor(name)).collect(),
        threshold,
    }
}

pub fn set_quorum(action: GovernedAction, rule: &str) -> ChangeOperation {
    ChangeOperation::QuorumSet {
        action,
        rule: Some(QuorumRule::parse(rule).unwrap()),
    }
}

pub fn revoke_key(number: u8) -> ChangeOperation {
    ChangeOperation::KeyRevoke {
        key: key(number).public().key_id(),
    }
}

pub fn set_namespace(ns: &str, export: bool) -> ChangeOperation {
    ChangeOperation::NamespaceSet {
        ns: namespace(ns),
        export,
    }
}

/// A root that stands for some compiled policy.
pub fn policy_root(number: u8) -> Sha256Digest {
    Sha256Digest::of(&[number, number])
}

pub fn activate(number: u8) -> ChangeOperation {
    ChangeOperation::PolicyActivate {
        policy_root: policy_root(number),
    }
}

/// Key `new` takes the place of `old`; the old key signs unless it is lost.
pub fn rotate(chain: &Chain, name: &str, old: u8, new: u8, is_lost: bool) -> ChangeOperation {
    let (actor, public) = (actor(name), key(new).public());
    let old_id = key(old).public().key_id();
    let bytes = rotation_bytes(chain.repository_id(), &actor, old_id, &public);
    let sign = |number: u8| key(number).sign(SignatureNamespace::Grant, &bytes);
    ChangeOperation::KeyRotate(KeyRotation {
        actor,
        old: old_id,
        public,
        new_signature: sign(new),
        old_signature: (!is_lost).then(|| sign(old)),
    })
}

/// A grant from one actor to another under the chain's newest rules: everything from epoch 0 on, for ever.
pub fn grant(chain: &Chain, issuer: &str, subject: &str, caps: &[&str], path: &str) -> Grant {
    let resource = ResourcePattern::parse(&format!("gatos://ledger/{path}")).unwrap();
    Grant {
        repo: chain.repository_id(),
        ulid: ulid(chain.version() + 1),
        issuer: actor(issuer),
        subject: actor(subject),
        caps: caps.iter().map(|cap| Text::new(cap).unwrap()).collect(),
        fold_root: chain.fold_root_of(&resource, chain.version()),
        resource,
        not_before_epoch: 0,
        expires_epoch: None,
        prev: None,
        revokes: Vec::new(),
        policy_root: chain.policy_root_at(chain.version()),
    }
}

pub fn issue(grant: &Grant, number: u8) -> ChangeOperation {
    let bytes = grant.encode().unwrap();
    ChangeOperation::GrantIssue {
        grant: SignedGrant {
            grant: grant.clone(),
            signature: key(number).sign(SignatureNamespace::Grant, &bytes),
        },
    }
}

pub fn revoke_grant(grant: &GrantId) -> ChangeOperation {
    ChangeOperation::GrantRevoke { grant: *grant }
}

pub fn journal(ns: &str, name: &str, number: u8) -> JournalName {
    JournalName {
        ns: namespace(ns),
        actor: actor(name),
        key: key(number).public().key_id(),
    }
}

/// Of the branches of a journal, the one with its event at a place, or a rival's.
pub fn choose(journal: &JournalName, count: u64, is_rival: bool) -> ChangeOperation {
    let branch = if is_rival { 100 } else { 0 };
    ChangeOperation::JournalChoose {
        journal: journal.clone(),
        count,
        event: event_id(journal, branch + count),
    }
}

/// An event id that stands for the event at a place of some journal.
pub fn event_id(journal: &JournalName, position: u64) -> EventId {
    let text = format!("{journal} {position}");
    EventId::from_digest(gatos_values::Blake3Digest::of(text.as_bytes()))
}

pub fn cut_entry(ns: &str, name: &str, number: u8, count: u64) -> CutEntry {
    let journal = journal(ns, name, number);
    CutEntry {
        event: event_id(&journal, count),
        journal,
        count,
    }
}

/// The next version with a cut, signed by these keys.
pub fn next_with_cut(
    chain: &Chain,
    operations: Vec<ChangeOperation>,
    cut: Vec<CutEntry>,
    signers: &[u8],
) -> SignedDocument {
    let bytes = change_with_cut(chain, ulid(chain.version() + 1), operations, cut).unwrap();
    signed(bytes, signers)
}

/// Applies [`next_with_cut`].
pub fn extend_with_cut(
    chain: &mut Chain,
    operations: Vec<ChangeOperation>,
    cut: Vec<CutEntry>,
    signers: &[u8],
) -> GovernanceId {
    let document = next_with_cut(chain, operations, cut, signers);
    chain.apply(&document).unwrap()
}

/// Why the operations cannot be the next version, whoever signs.
pub fn misfit(chain: &Chain, operations: Vec<ChangeOperation>) -> GovernanceError {
    change_with_cut(chain, ulid(chain.version() + 1), operations, Vec::new()).unwrap_err()
}
