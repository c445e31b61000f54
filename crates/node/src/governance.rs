//! The governance chain in Git: reading it, verifying it, adding a version.
//!
//! What a document means is `gatos_policy::governance`; which bytes a commit has is the ledger's codec. This
//! file joins the two on `refs/gatos/governance`.
//!
//! INVARIANT: a version is visible (ref moved, on disk) before anything is judged by it.
//! Tests: ../tests/it/governance.rs.

use std::sync::Arc;

use gatos_ledger::codec;
use gatos_ledger::{ObjectId, ObjectKind, RefChange, Repository, Writer, objects, refs};
use gatos_policy::governance::{
    Chain, ChangeOperation, GovernanceError, SignedDocument, change, change_with_cut,
};
use gatos_values::{Actor, ErrorCode, GovernanceId, KeyId, SignatureNamespace, Ulid};

use crate::clock;
use crate::cuts;
use crate::fault::{Fault, Outcome};
use crate::node::Node;
use crate::signing::ActingKey;

/// The ref of the chain.
pub const GOVERNANCE_REF: &str = "refs/gatos/governance";

/// The newest governance commit.
///
/// # Errors
/// `NO_REPOSITORY` when there is none: this Git repository is not a GATOS one.
pub fn head(repository: &Repository) -> Outcome<ObjectId> {
    refs::read(repository, GOVERNANCE_REF)?.ok_or_else(|| {
        Fault::new(
            ErrorCode::NoRepository,
            repository.git_dir().display().to_string(),
            "this Git repository has no GATOS genesis",
        )
        .with_hint("make one here with `gatos init`, or get one with `gatos clone URL`")
    })
}

/// Reads and verifies the chain that ends in `head`.
///
/// # Errors
/// `BAD_GOVERNANCE`, `BAD_COMMIT`, `BAD_SIGNATURE`, `GOV_UNSUPPORTED` naming the commit.
pub fn load(repository: &Repository, head: ObjectId) -> Outcome<Chain> {
    let documents = read_documents(repository, head)?;
    let mut documents = documents.into_iter();
    let Some((commit, genesis)) = documents.next() else {
        return Err(Fault::new(
            ErrorCode::BadGovernance,
            GOVERNANCE_REF,
            "the chain is empty",
        ));
    };
    let mut chain = Chain::from_genesis(&genesis).map_err(|error| at(commit, error.into()))?;
    for (commit, document) in documents {
        chain
            .apply(&document)
            .map_err(|error| at(commit, error.into()))?;
    }
    Ok(chain)
}

/// All documents of the chain that ends in `head`, oldest first, with their commits.
pub fn read_documents(
    repository: &Repository,
    head: ObjectId,
) -> Outcome<Vec<(ObjectId, SignedDocument)>> {
    let reader = objects::Reader::new(repository);
    let mut documents = Vec::new();
    let mut next = Some(head);
    while let Some(commit) = next {
        let content = reader.commit(commit)?;
        let decoded =
            codec::decode_document_commit(&content).map_err(|error| at(commit, error.into()))?;
        next = decoded.parent;
        let document = SignedDocument {
            bytes: decoded.bytes,
            signatures: decoded.signatures,
        };
        documents.push((commit, document));
    }
    documents.reverse();
    Ok(documents)
}

fn at(commit: ObjectId, fault: Fault) -> Fault {
    Fault {
        reason: format!("governance commit {commit}: {}", fault.reason),
        resource: GOVERNANCE_REF.to_owned(),
        ..fault
    }
}

/// The commit of a document: a pure function of it, its signatures and the parent.
pub fn encode_commit(document: &SignedDocument, parent: Option<ObjectId>) -> Outcome<Vec<u8>> {
    Ok(codec::encode_document_commit(
        &document.bytes,
        &document.signatures,
        parent,
    )?)
}

impl Node {
    /// Adds one governance version with these operations, signed by the keys at hand of those who must agree. If the
    /// operations take something away, the cut keeps every journal as it stands here.
    ///
    /// # Errors
    /// `UNKNOWN_KEY` when too few governors' keys are at hand, `QUORUM_NOT_MET`, `BAD_GOVERNANCE` when an operation
    /// does not fit the chain, `GOV_BEHIND`, `GOV_FORK` when another version arrived meanwhile, `POLICY_DENY` and
    /// `CAP_EXPIRED` when the policy in force refuses it.
    pub fn govern(&self, operations: Vec<ChangeOperation>) -> Outcome<GovernanceId> {
        let writer = self.writer()?;
        writer.flush()?;
        let head = head(self.repository())?;
        let chain = self.newest_governance()?;
        let bytes = self.change_bytes(&chain, operations.clone())?;
        let mut signatures = Vec::new();
        for signer in self.signers_at_hand(&chain, &operations)? {
            signatures.push(signer.sign(SignatureNamespace::Grant, &bytes)?);
        }
        self.add_version(
            &writer,
            (head, &chain),
            SignedDocument { bytes, signatures },
        )
    }

    /// The bytes of the next version with these operations, with the cut they need.
    pub(crate) fn change_bytes(
        &self,
        chain: &Chain,
        operations: Vec<ChangeOperation>,
    ) -> Outcome<Vec<u8>> {
        let ulid = next_ulid(chain)?;
        let bytes = match change(chain, ulid, operations.clone()) {
            Err(GovernanceError::CutMissing) => {
                let mut heads = cuts::journal_heads(self.repository(), chain)?;
                for chosen in self.chosen_heads(&operations)? {
                    heads.retain(|head| head.journal != chosen.journal);
                    heads.push(chosen);
                }
                change_with_cut(chain, ulid, operations, heads)?
            }
            built => built?,
        };
        Ok(bytes)
    }

    pub(crate) fn add_version(
        &self,
        writer: &Writer,
        (head, chain): (ObjectId, &Arc<Chain>),
        document: SignedDocument,
    ) -> Outcome<GovernanceId> {
        let mut next = (**chain).clone();
        let id = next.apply(&document)?;
        self.pass_gate_to_govern(chain, &next, &document)?;
        let content = encode_commit(&document, Some(head))?;
        let commit = objects::write_loose(self.repository(), ObjectKind::Commit, &content)?;
        writer.move_refs(&[RefChange {
            name: GOVERNANCE_REF.to_owned(),
            expected: Some(head),
            new: commit,
        }])?;
        // Later events are judged by the new version: looking at the ref makes the writer's admission follow.
        let chain = self.governance()?;
        self.settle_journals(writer, &chain)?;
        Ok(id)
    }

    /// One key at hand for each of those who must sign: governors as many as both thresholds ask for, and whoever
    /// counts for a quorum rule.
    fn signers_at_hand(
        &self,
        chain: &Chain,
        operations: &[ChangeOperation],
    ) -> Outcome<Vec<Arc<ActingKey>>> {
        let version = chain.version();
        let (before, after) = (governors_before(chain), governors_after(chain, operations));
        let mut found: Vec<Arc<ActingKey>> = Vec::new();
        let mut missing: Vec<Actor> = Vec::new();
        for (governors, threshold) in [before, after] {
            let mut signing = 0;
            for governor in &governors {
                if found.iter().any(|key| key.actor == *governor) {
                    signing += 1;
                }
            }
            for governor in governors {
                if signing >= threshold {
                    break;
                }
                if found.iter().any(|key| key.actor == governor) {
                    continue;
                }
                match self.key_to_govern(chain, &governor, operations) {
                    Ok(key) => {
                        found.push(key);
                        signing += 1;
                    }
                    Err(_) => missing.push(governor),
                }
            }
            if signing < threshold {
                let names: Vec<&str> = missing.iter().map(Actor::as_str).collect();
                return Err(Fault::new(
                    ErrorCode::UnknownKey,
                    GOVERNANCE_REF,
                    format!(
                        "governance needs {threshold} governor(s) to sign; no key at hand for {}",
                        names.join(", ")
                    ),
                )
                .with_hint("ask a governor to run this command, or `ssh-add` the governor's key"));
            }
        }
        for requirement in chain.requirements(operations) {
            for actor in chain.actors_at(version) {
                let signs = |actors: &[Arc<ActingKey>]| {
                    let approvers = actors.iter().map(|key| &key.actor).collect();
                    chain.meets(&requirement, &approvers)
                };
                if signs(&found) {
                    break;
                }
                let counts = chain.counts_for(&requirement, &actor);
                if counts
                    && !found.iter().any(|key| key.actor == actor)
                    && let Ok(key) = self.key_to_govern(chain, &actor, operations)
                {
                    found.push(key);
                }
            }
        }
        Ok(found)
    }

    /// A key of an actor that is live before and after the operations and at hand.
    fn key_to_govern(
        &self,
        chain: &Chain,
        actor: &Actor,
        operations: &[ChangeOperation],
    ) -> Outcome<Arc<ActingKey>> {
        let ends = |key: &KeyId| {
            operations
                .iter()
                .any(|operation| matches!(operation, ChangeOperation::KeyRevoke { key: ending } if ending == key))
        };
        for key in chain.keys_of(actor, chain.version()) {
            if !ends(&key) && self.keys().find(&key)?.is_some() {
                return self.acting_key(chain, Some(actor), Some(&key.to_string()));
            }
        }
        self.acting_key_of(chain, actor)
    }

    fn acting_key_of(&self, chain: &Chain, actor: &Actor) -> Outcome<Arc<ActingKey>> {
        let live: Vec<KeyId> = chain.keys_of(actor, chain.version());
        for key in live {
            if self.keys().find(&key)?.is_some() {
                return self.acting_key(chain, Some(actor), Some(&key.to_string()));
            }
        }
        self.acting_key(chain, Some(actor), None)
    }
}

fn governors_before(chain: &Chain) -> (Vec<Actor>, u64) {
    let version = chain.version();
    (chain.governors_at(version), chain.threshold_at(version))
}

/// Who governs after the operations.
fn governors_after(chain: &Chain, operations: &[ChangeOperation]) -> (Vec<Actor>, u64) {
    let set = operations.iter().find_map(|operation| match operation {
        ChangeOperation::GovernorsSet {
            governors,
            threshold,
        } => Some((governors.clone(), *threshold)),
        _ => None,
    });
    set.unwrap_or_else(|| governors_before(chain))
}

/// A ULID above the chain's last one.
fn next_ulid(chain: &Chain) -> Outcome<Ulid> {
    let fresh = clock::fresh_ulid(clock::now_ms());
    if fresh > chain.ulid() {
        return Ok(fresh);
    }
    chain.ulid().next().ok_or_else(|| {
        Fault::new(
            ErrorCode::BadUlid,
            GOVERNANCE_REF,
            "the chain's ULIDs are used up",
        )
    })
}
