//! The trust fold: a chain of governance documents as "who had which key at which version".
//!
//! Version 0 is the genesis; each change is checked against the version before it and its signatures against
//! the governors of that version. Nothing is copied per version: every item knows since when it holds, so
//! old versions stay answerable for ever.
//!
//! INVARIANT 1: a chain that was replayed equals the chain that grew one document at a time.
//! INVARIANT 2: a refused document leaves the chain as it was.
//! Format: docs/formats/governance.md. Slow twin and tests: tests/it/chain.rs.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{
    Actor, GovernanceId, KeyId, Namespace, PublicKey, RepositoryId, Segment, Sha256Digest,
    SignatureNamespace, SshSignature, Ulid, sshsig,
};

use super::document::{Change, ChangeOperation, Genesis, GovernanceDocument, SignedDocument};
use super::error::GovernanceError;

/// The state of governance at every version of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    name: Segment,
    /// By version.
    versions: Vec<VersionRecord>,
    ids: BTreeMap<GovernanceId, u64>,
    actors: BTreeMap<Actor, ActorRecord>,
    keys: BTreeMap<KeyId, KeyRecord>,
    /// Versions and what each installed, rising.
    folds: BTreeMap<Namespace, Vec<(u64, Sha256Digest)>>,
    /// Sorted. No operation changes governors or threshold yet.
    governors: Vec<Actor>,
    threshold: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct VersionRecord {
    id: GovernanceId,
    ulid: Ulid,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct ActorRecord {
    since_version: u64,
    /// In order of enrolment.
    keys: Vec<KeyId>,
}

/// An enrolled key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Whose it is.
    pub actor: Actor,
    /// The key itself.
    pub public: PublicKey,
    /// The version that enrolled it.
    pub since_version: u64,
}

/// The bytes of the chain's next version with these operations, ready to be signed.
///
/// # Errors
/// As [`Chain::apply`], signatures aside.
pub fn change(
    chain: &Chain,
    ulid: Ulid,
    changes: Vec<ChangeOperation>,
) -> Result<Vec<u8>, GovernanceError> {
    let change = Change {
        repo: chain.repository_id(),
        version: chain.version() + 1,
        prev: chain.head(),
        changes,
        policy_root: EMPTY_POLICY_ROOT,
        ulid,
    };
    chain.check_place(&change)?;
    chain.plan(&change.changes)?;
    GovernanceDocument::Change(change).encode()
}

impl Chain {
    /// Starts a chain. The genesis is signed by its own governors.
    ///
    /// # Errors
    /// What [`GovernanceDocument::decode`] refuses, a document that is no genesis, wrong signatures.
    pub fn from_genesis(document: &SignedDocument) -> Result<Chain, GovernanceError> {
        let decoded = GovernanceDocument::decode(&document.bytes)?;
        let GovernanceDocument::Genesis(genesis) = decoded else {
            let (found, expected) = ("a change", "a genesis");
            return Err(GovernanceError::WrongKind {
                version: 0,
                found,
                expected,
            });
        };
        let chain = Chain::found(genesis, document.id());
        let governing = chain.governing_keys_at(0);
        check_signatures(
            document,
            &[Quorum {
                governing,
                threshold: chain.threshold,
            }],
        )?;
        Ok(chain)
    }

    /// Checks and adds the next version, and returns its id.
    ///
    /// # Errors
    /// What [`GovernanceDocument::decode`] refuses; another repository, version or previous version; a ULID
    /// that does not rise; operations that do not fit; wrong or too few signatures. A validly signed other
    /// document in the place of a known version is [`GovernanceError::Fork`].
    pub fn apply(&mut self, document: &SignedDocument) -> Result<GovernanceId, GovernanceError> {
        let decoded = GovernanceDocument::decode(&document.bytes)?;
        let GovernanceDocument::Change(change) = decoded else {
            let (found, expected) = ("a genesis", "a change");
            return Err(GovernanceError::WrongKind {
                version: self.version() + 1,
                found,
                expected,
            });
        };
        if change.version <= self.version() {
            return Err(self.judge_rival(&change, document));
        }
        self.check_place(&change)?;
        let planned = self.plan(&change.changes)?;
        let before = self.governing_keys_at(self.version());
        let mut after = before.clone();
        let governs = |actor: &Actor| self.governors.binary_search(actor).is_ok();
        after.extend(planned.keys.iter().filter(|(_, actor)| governs(actor)));
        // Today's operations only add keys, so the first quorum implies the second; a signature by a key
        // that this very document enrols is welcome all the same.
        let quorum = |governing| Quorum {
            governing,
            threshold: self.threshold,
        };
        check_signatures(document, &[quorum(before), quorum(after)])?;
        let id = document.id();
        self.carry_out(change.changes);
        self.push_version(id, change.ulid);
        Ok(id)
    }

    fn found(genesis: Genesis, id: GovernanceId) -> Chain {
        let mut chain = Chain {
            name: genesis.name,
            versions: Vec::new(),
            ids: BTreeMap::new(),
            actors: BTreeMap::new(),
            keys: BTreeMap::new(),
            folds: BTreeMap::new(),
            governors: genesis.governors,
            threshold: genesis.threshold,
        };
        for entry in genesis.actors {
            let mut keys = Vec::with_capacity(entry.keys.len());
            for public in entry.keys {
                keys.push(public.key_id());
                let record = KeyRecord {
                    actor: entry.actor.clone(),
                    public,
                    since_version: 0,
                };
                chain.keys.insert(record.public.key_id(), record);
            }
            chain.actors.insert(
                entry.actor,
                ActorRecord {
                    since_version: 0,
                    keys,
                },
            );
        }
        chain.push_version(id, genesis.ulid);
        chain
    }

    fn push_version(&mut self, id: GovernanceId, ulid: Ulid) {
        self.ids.insert(id, self.versions.len() as u64);
        self.versions.push(VersionRecord { id, ulid });
    }

    /// Whether a change belongs right behind the newest version.
    fn check_place(&self, change: &Change) -> Result<(), GovernanceError> {
        self.check_repository(change)?;
        let expected = self.version() + 1;
        if change.version != expected {
            return Err(GovernanceError::NotNext {
                expected,
                found: change.version,
            });
        }
        if change.prev != self.head() {
            return Err(GovernanceError::WrongPrevious {
                expected: self.head(),
                found: change.prev,
            });
        }
        if change.ulid <= self.ulid() {
            return Err(GovernanceError::UlidNotRising {
                newest: self.ulid(),
                found: change.ulid,
            });
        }
        Ok(())
    }

    fn check_repository(&self, change: &Change) -> Result<(), GovernanceError> {
        let (expected, found) = (self.repository_id(), change.repo);
        if found == expected {
            Ok(())
        } else {
            Err(GovernanceError::OtherRepository { expected, found })
        }
    }

    /// What is wrong with a document that takes the place of a version we have.
    fn judge_rival(&self, change: &Change, document: &SignedDocument) -> GovernanceError {
        if let Err(error) = self.check_repository(change) {
            return error;
        }
        let (version, theirs) = (change.version, document.id());
        let known = (self.id_of(version), self.id_of(version - 1));
        if let (Some(ours), Some(previous)) = known
            && ours != theirs
            && previous == change.prev
        {
            let governing = self.governing_keys_at(version - 1);
            let quorum = Quorum {
                governing,
                threshold: self.threshold,
            };
            return match check_signatures(document, &[quorum]) {
                Ok(()) => GovernanceError::Fork {
                    version,
                    ours,
                    theirs,
                },
                Err(error) => error,
            };
        }
        GovernanceError::NotNext {
            expected: self.version() + 1,
            found: version,
        }
    }

    /// Whether the operations fit, one after the other, behind the newest version.
    fn plan<'a>(&self, changes: &'a [ChangeOperation]) -> Result<Plan<'a>, GovernanceError> {
        let mut plan = Plan::default();
        for operation in changes {
            match operation {
                ChangeOperation::ActorEnrol { actor } => {
                    if self.actors.contains_key(actor) || !plan.actors.insert(actor) {
                        return Err(GovernanceError::ActorEnrolled(actor.clone()));
                    }
                }
                ChangeOperation::KeyEnrol { actor, public } => {
                    if !self.actors.contains_key(actor) && !plan.actors.contains(actor) {
                        return Err(GovernanceError::ActorUnknown(actor.clone()));
                    }
                    let key = public.key_id();
                    if self.keys.contains_key(&key) || plan.keys.insert(key, actor).is_some() {
                        return Err(GovernanceError::KeyEnrolled(key));
                    }
                }
                ChangeOperation::FoldInstall { ns, fold_root } => {
                    if !plan.namespaces.insert(ns) {
                        return Err(GovernanceError::FoldInstalledTwice(ns.clone()));
                    }
                    if self.fold_root_at(ns, self.version()) == *fold_root {
                        let (ns, fold_root) = (ns.clone(), *fold_root);
                        return Err(GovernanceError::FoldInstalled { ns, fold_root });
                    }
                }
            }
        }
        Ok(plan)
    }

    /// Carries out planned operations as of the version after the newest.
    fn carry_out(&mut self, changes: Vec<ChangeOperation>) {
        let since_version = self.version() + 1;
        for operation in changes {
            match operation {
                ChangeOperation::ActorEnrol { actor } => {
                    self.actors.insert(
                        actor,
                        ActorRecord {
                            since_version,
                            keys: Vec::new(),
                        },
                    );
                }
                ChangeOperation::KeyEnrol { actor, public } => {
                    let key = public.key_id();
                    if let Some(owner) = self.actors.get_mut(&actor) {
                        owner.keys.push(key);
                    }
                    self.keys.insert(
                        key,
                        KeyRecord {
                            actor,
                            public,
                            since_version,
                        },
                    );
                }
                ChangeOperation::FoldInstall { ns, fold_root } => {
                    self.folds
                        .entry(ns)
                        .or_default()
                        .push((since_version, fold_root));
                }
            }
        }
    }

    /// The repository: the id of its genesis.
    #[must_use]
    pub fn repository_id(&self) -> RepositoryId {
        self.versions[0].id
    }

    /// The repository's name in resource URIs.
    #[must_use]
    pub const fn repository_name(&self) -> &Segment {
        &self.name
    }

    /// The id of the newest version.
    #[must_use]
    pub fn head(&self) -> GovernanceId {
        self.newest().id
    }

    /// The newest version; 0 is the genesis.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.versions.len() as u64 - 1
    }

    /// The ULID of the newest version.
    #[must_use]
    pub fn ulid(&self) -> Ulid {
        self.newest().ulid
    }

    fn newest(&self) -> &VersionRecord {
        &self.versions[self.versions.len() - 1]
    }

    /// Which version has this id.
    #[must_use]
    pub fn version_of(&self, id: &GovernanceId) -> Option<u64> {
        self.ids.get(id).copied()
    }

    /// The id of a version, if the chain has it.
    #[must_use]
    pub fn id_of(&self, version: u64) -> Option<GovernanceId> {
        self.record(version).map(|record| record.id)
    }

    /// The ULID of a version, if the chain has it.
    #[must_use]
    pub fn ulid_of(&self, version: u64) -> Option<Ulid> {
        self.record(version).map(|record| record.ulid)
    }

    fn record(&self, version: u64) -> Option<&VersionRecord> {
        usize::try_from(version)
            .ok()
            .and_then(|index| self.versions.get(index))
    }

    /// The policy in force at a version. Later versions than the newest answer as the newest.
    #[must_use]
    pub const fn policy_root_at(&self, _version: u64) -> Sha256Digest {
        EMPTY_POLICY_ROOT
    }

    /// The fold of a namespace at a version; the empty fold where none is installed.
    #[must_use]
    pub fn fold_root_at(&self, ns: &Namespace, version: u64) -> Sha256Digest {
        let installs = self.folds.get(ns).map_or(&[][..], Vec::as_slice);
        let known = installs.partition_point(|(since, _)| *since <= version);
        installs[..known]
            .last()
            .map_or(EMPTY_FOLD_ROOT, |(_, fold_root)| *fold_root)
    }

    /// The version that installed the fold a namespace has at `version`; `None` for the empty fold of the
    /// beginning.
    #[must_use]
    pub fn fold_since(&self, ns: &Namespace, version: u64) -> Option<u64> {
        let installs = self.folds.get(ns)?;
        let known = installs.partition_point(|(since, _)| *since <= version);
        installs[..known].last().map(|(since, _)| *since)
    }

    /// The namespaces that have ever had a fold installed, with the newest one, in name order.
    pub fn folds(&self) -> impl Iterator<Item = (&Namespace, Sha256Digest)> {
        self.folds
            .keys()
            .map(|ns| (ns, self.fold_root_at(ns, self.version())))
    }

    /// A key, if it is enrolled at a version.
    #[must_use]
    pub fn key_at(&self, key: &KeyId, version: u64) -> Option<&KeyRecord> {
        self.keys
            .get(key)
            .filter(|record| record.since_version <= version)
    }

    /// Whether an actor is enrolled at a version.
    #[must_use]
    pub fn has_actor_at(&self, actor: &Actor, version: u64) -> bool {
        self.actors
            .get(actor)
            .is_some_and(|record| record.since_version <= version)
    }

    /// The actors enrolled at a version, in name order.
    #[must_use]
    pub fn actors_at(&self, version: u64) -> Vec<Actor> {
        let enrolled = self
            .actors
            .iter()
            .filter(|(_, record)| record.since_version <= version);
        enrolled.map(|(actor, _)| actor.clone()).collect()
    }

    /// The keys of an actor at a version, in order of enrolment; none for an unknown actor.
    #[must_use]
    pub fn keys_of(&self, actor: &Actor, version: u64) -> Vec<KeyId> {
        let keys = self
            .actors
            .get(actor)
            .map_or(&[][..], |record| &record.keys);
        keys.iter()
            .copied()
            .filter(|key| self.key_at(key, version).is_some())
            .collect()
    }

    /// Who governs at a version, in name order.
    #[must_use]
    pub fn governors_at(&self, _version: u64) -> Vec<Actor> {
        self.governors.clone()
    }

    /// How many governors must sign what follows a version.
    #[must_use]
    pub const fn threshold_at(&self, _version: u64) -> u64 {
        self.threshold
    }

    /// How many more governors must sign the next version when these keys do.
    #[must_use]
    pub fn signers_missing(&self, keys: &[KeyId]) -> u64 {
        let governing = self.governing_keys_at(self.version());
        self.threshold
            .saturating_sub(governors_among(&governing, keys))
    }

    fn governing_keys_at(&self, version: u64) -> BTreeMap<KeyId, &Actor> {
        let mut governing = BTreeMap::new();
        for governor in &self.governors {
            governing.extend(
                self.keys_of(governor, version)
                    .into_iter()
                    .map(|key| (key, governor)),
            );
        }
        governing
    }
}

/// What a change would enrol and install.
#[derive(Default)]
struct Plan<'a> {
    actors: BTreeSet<&'a Actor>,
    keys: BTreeMap<KeyId, &'a Actor>,
    namespaces: BTreeSet<&'a Namespace>,
}

/// A set of governors' keys and how many governors of it must sign.
struct Quorum<'a> {
    governing: BTreeMap<KeyId, &'a Actor>,
    threshold: u64,
}

fn governors_among(governing: &BTreeMap<KeyId, &Actor>, keys: &[KeyId]) -> u64 {
    let mut signed: Vec<&Actor> = keys
        .iter()
        .filter_map(|key| governing.get(key).copied())
        .collect();
    signed.sort();
    signed.dedup();
    signed.len() as u64
}

/// Every signature is valid, by a governor's key and by no key twice, and every quorum is met.
fn check_signatures(
    document: &SignedDocument,
    quorums: &[Quorum<'_>],
) -> Result<(), GovernanceError> {
    let mut keys: Vec<KeyId> = Vec::with_capacity(document.signatures.len());
    for signature in &document.signatures {
        let key = signature.public.key_id();
        if keys.contains(&key) {
            return Err(GovernanceError::SignedTwice(key));
        }
        if !quorums
            .iter()
            .any(|quorum| quorum.governing.contains_key(&key))
        {
            return Err(GovernanceError::NotAGovernor(key));
        }
        check_signature(document, signature, key)?;
        keys.push(key);
    }
    for quorum in quorums {
        let signed = governors_among(&quorum.governing, &keys);
        if signed < quorum.threshold {
            return Err(GovernanceError::TooFewSignatures {
                signed,
                needed: quorum.threshold,
            });
        }
    }
    Ok(())
}

fn check_signature(
    document: &SignedDocument,
    signature: &SshSignature,
    key: KeyId,
) -> Result<(), GovernanceError> {
    let namespace = SignatureNamespace::Grant.as_str();
    sshsig::verify(namespace, &document.bytes, signature)
        .map_err(|error| GovernanceError::BadSignature { key, error })
}
