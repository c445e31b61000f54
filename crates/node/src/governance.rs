//! The governance chain in Git: reading it, verifying it, adding a version.
//!
//! What a document means is `gatos_policy::governance`; which bytes a commit has is the ledger's codec. This
//! file joins the two on `refs/gatos/governance`.
//!
//! INVARIANT: a version is visible (ref moved, on disk) before anything is judged by it.
//! Tests: ../tests/it/governance.rs.

use std::sync::Arc;

use gatos_ledger::codec;
use gatos_ledger::{ObjectId, ObjectKind, RefChange, Repository, objects, refs};
use gatos_policy::governance::{Chain, ChangeOperation, SignedDocument};
use gatos_values::{Actor, ErrorCode, GovernanceId, KeyId, SignatureNamespace, Ulid};

use crate::clock;
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
    /// Adds one governance version with these operations, signed by the governors' keys at hand.
    ///
    /// # Errors
    /// `UNKNOWN_KEY` when too few governors' keys are at hand, `BAD_GOVERNANCE` when an operation does not
    /// fit the chain, `GOV_FORK` when another version arrived meanwhile.
    pub fn govern(&self, operations: Vec<ChangeOperation>) -> Outcome<GovernanceId> {
        let writer = self.writer()?;
        let head = head(self.repository())?;
        let chain = self.governance()?;
        let ulid = next_ulid(&chain)?;
        let bytes = gatos_policy::governance::change(&chain, ulid, operations)?;
        let signers = self.governors_at_hand(&chain)?;
        let mut signatures = Vec::new();
        for signer in &signers {
            signatures.push(signer.sign(SignatureNamespace::Grant, &bytes)?);
        }
        let document = SignedDocument { bytes, signatures };
        let mut next = (*chain).clone();
        let id = next.apply(&document)?;
        let content = encode_commit(&document, Some(head))?;
        let commit = objects::write_loose(self.repository(), ObjectKind::Commit, &content)?;
        writer.move_refs(&[RefChange {
            name: GOVERNANCE_REF.to_owned(),
            expected: Some(head),
            new: commit,
        }])?;
        // Later events are judged by the new version: looking at the ref makes the writer's admission follow.
        self.governance()?;
        Ok(id)
    }

    /// One key at hand for each governor, as many as the threshold asks for.
    fn governors_at_hand(&self, chain: &Chain) -> Outcome<Vec<Arc<ActingKey>>> {
        let version = chain.version();
        let mut found = Vec::new();
        let mut missing: Vec<Actor> = Vec::new();
        for governor in chain.governors_at(version) {
            if found.len() as u64 == chain.threshold_at(version) {
                break;
            }
            match self.acting_key_of(chain, &governor) {
                Ok(key) => found.push(key),
                Err(_) => missing.push(governor),
            }
        }
        if (found.len() as u64) < chain.threshold_at(version) {
            let names: Vec<&str> = missing.iter().map(Actor::as_str).collect();
            return Err(Fault::new(
                ErrorCode::UnknownKey,
                GOVERNANCE_REF,
                format!(
                    "governance needs {} governor(s) to sign; no key at hand for {}",
                    chain.threshold_at(version),
                    names.join(", ")
                ),
            )
            .with_hint("ask a governor to run this command, or `ssh-add` the governor's key"));
        }
        Ok(found)
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
