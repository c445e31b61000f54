//! The trust fold: a chain of governance documents as "who had which key, level, group and right at which version".
//!
//! Version 0 is the genesis; each change is checked against the version before it and its signatures against the
//! governors and the quorum rules of that version and of its own. Nothing is copied per version: every item knows
//! since when it holds, so old versions stay answerable for ever.
//!
//! Reading order: this file (how a chain grows), `tables` (what it knows), `carry` and `grants` (what operations do),
//! `signers` (who must sign), `answers` (what may be asked).
//!
//! INVARIANT 1: a chain that was replayed equals the chain that grew one document at a time.
//! INVARIANT 2: a refused document leaves the chain as it was.
//! INVARIANT 3: once a policy is in force, the empty policy never is again.
//! Format: docs/formats/governance.md. Slow twin and tests: tests/it/chain.rs, tests/it/twin.rs.

mod answers;
mod carry;
mod grants;
mod signers;
mod tables;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use gatos_values::{GovernanceId, Segment, Ulid};

use self::tables::Tables;
use super::cut::{Cut, CutEntry, CutScope};
use super::document::{Change, Genesis, GovernanceDocument, SignedDocument};
use super::error::GovernanceError;
use super::operation::ChangeOperation;

pub use self::answers::Capabilities;
pub use self::grants::GrantRecord;
pub use self::signers::Requirement;
pub use self::tables::KeyRecord;

/// The state of governance at every version of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    name: Segment,
    /// By version.
    versions: Vec<VersionRecord>,
    ids: BTreeMap<GovernanceId, u64>,
    tables: Tables,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct VersionRecord {
    id: GovernanceId,
    ulid: Ulid,
    cut: Option<Cut>,
}

/// The bytes of the chain's next version with these operations, ready to be signed, when they take nothing away.
///
/// # Errors
/// As [`Chain::apply`], signatures aside; [`GovernanceError::CutMissing`] when they take something away.
pub fn change(
    chain: &Chain,
    ulid: Ulid,
    changes: Vec<ChangeOperation>,
) -> Result<Vec<u8>, GovernanceError> {
    build(chain, ulid, changes, None)
}

/// The same with a cut, which is written down if the operations take something away and dropped if they do not.
/// Entries of journals that the change does not affect are dropped as well, so a caller may list every journal it
/// knows.
///
/// # Errors
/// As [`Chain::apply`], signatures aside.
pub fn change_with_cut(
    chain: &Chain,
    ulid: Ulid,
    changes: Vec<ChangeOperation>,
    cut: Vec<CutEntry>,
) -> Result<Vec<u8>, GovernanceError> {
    build(chain, ulid, changes, Some(cut))
}

fn build(
    chain: &Chain,
    ulid: Ulid,
    changes: Vec<ChangeOperation>,
    cut: Option<Vec<CutEntry>>,
) -> Result<Vec<u8>, GovernanceError> {
    let mut next = chain.clone();
    let version = chain.version() + 1;
    let scopes = next.carry_out(version, &changes)?;
    let affected = |entry: &CutEntry| scopes.iter().any(|scope| scope.affects(&entry.journal));
    let cut = cut.filter(|_| !scopes.is_empty()).map(|mut entries| {
        entries.retain(affected);
        entries.sort_by(|left, right| left.journal.cmp(&right.journal));
        entries
    });
    let change = Change {
        repo: chain.repository_id(),
        version,
        prev: chain.head(),
        changes,
        cut,
        policy_root: next.policy_root_at(version),
        ulid,
    };
    chain.check_place(&change)?;
    next.check_outcome(&change, &scopes)?;
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
        chain.check_signatures(document, 0, &[])?;
        Ok(chain)
    }

    /// Checks and adds the next version, and returns its id.
    ///
    /// # Errors
    /// What [`GovernanceDocument::decode`] refuses; another repository, version or previous version; a ULID
    /// that does not rise; operations that do not fit; a cut that is missing, needless or of journals the change
    /// does not affect; wrong or too few signatures. A validly signed other document in the place of a known
    /// version is [`GovernanceError::Fork`].
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
        let newest = self.version();
        let entered = self.enter(change, document);
        if entered.is_err() {
            self.tables.truncate(newest);
        }
        entered
    }

    /// Carries out a change and judges the outcome; on error the tables hold half of it.
    fn enter(
        &mut self,
        change: Change,
        document: &SignedDocument,
    ) -> Result<GovernanceId, GovernanceError> {
        let scopes = self.carry_out(change.version, &change.changes)?;
        self.check_outcome(&change, &scopes)?;
        self.check_signatures(document, change.version, &change.changes)?;
        let id = document.id();
        let cut = change.cut.map(|entries| Cut { scopes, entries });
        self.push_version(id, change.ulid, cut);
        Ok(id)
    }

    fn found(genesis: Genesis, id: GovernanceId) -> Chain {
        let (name, ulid) = (genesis.name.clone(), genesis.ulid);
        let mut chain = Chain {
            name,
            versions: Vec::new(),
            ids: BTreeMap::new(),
            tables: Tables::found(genesis),
        };
        chain.push_version(id, ulid, None);
        chain
    }

    fn push_version(&mut self, id: GovernanceId, ulid: Ulid, cut: Option<Cut>) {
        self.ids.insert(id, self.versions.len() as u64);
        self.versions.push(VersionRecord { id, ulid, cut });
    }

    /// The chain as it was when `version` was its newest.
    #[must_use]
    pub fn up_to(&self, version: u64) -> Chain {
        let mut earlier = self.clone();
        let length =
            usize::try_from(version).map_or(usize::MAX, |version| version.saturating_add(1));
        earlier.versions.truncate(length);
        earlier.ids.retain(|_, known| *known <= version);
        earlier.tables.truncate(version);
        earlier
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
            return match self.up_to(version - 1).apply(document) {
                Ok(_) => GovernanceError::Fork {
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

    /// Whether what a change says of itself is what came out of its operations.
    fn check_outcome(&self, change: &Change, scopes: &[CutScope]) -> Result<(), GovernanceError> {
        let (expected, found) = (self.policy_root_at(change.version), change.policy_root);
        if found != expected {
            return Err(GovernanceError::WrongPolicyRoot { expected, found });
        }
        self.check_grants(change)?;
        self.check_reachable(change)?;
        self.check_choices(change)?;
        let Some(entries) = &change.cut else {
            return if scopes.is_empty() {
                Ok(())
            } else {
                Err(GovernanceError::CutMissing)
            };
        };
        if scopes.is_empty() {
            return Err(GovernanceError::CutNeedless);
        }
        let is_affected =
            |entry: &&CutEntry| scopes.iter().any(|scope| scope.affects(&entry.journal));
        match entries.iter().find(|entry| !is_affected(entry)) {
            None => Ok(()),
            Some(entry) => Err(GovernanceError::CutUnaffected(entry.journal.clone())),
        }
    }
}
