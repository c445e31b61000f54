//! Consensus: whether those who must agree have agreed to a proposal, and a proof of it that needs nothing else.
//!
//! An approval counts while it is its actor's newest word, has not expired, and its key is live at the version the
//! proposal stands on. Whether what counts is enough is asked of the chain itself: the change, signed by what counts,
//! either is its next version or is not.
//!
//! INVARIANT: an expired, withdrawn or wrongly signed approval, or one by a key that is gone, never counts.
//! Format: docs/formats/proposal.md. Vectors: vectors/governance/consensus.json. Tests: tests/it/consensus.rs.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use gatos_values::{Actor, GovernanceId, Map, RepositoryId, SshSignature, Ulid, Value, json};

use super::chain::{Chain, Requirement};
use super::document::{DOCUMENT_SIZE_MAX, GovernanceDocument, SignedDocument};
use super::error::GovernanceError;
use super::fields::{Fields, bad};
use super::operation::ChangeOperation;
use super::proposal::{Approval, Proposal, ProposalId, Signed, encode, verify};

const FORMAT: u64 = 1;
const KIND: &str = "proof.consensus";
/// The largest proof, in bytes: a long chain of large documents.
pub const CONSENSUS_PROOF_SIZE_MAX: usize = 64 * DOCUMENT_SIZE_MAX;

/// How a proposal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What counts: sorted by actor, one each.
    pub counted: Vec<Signed<Approval>>,
    /// What does not count, and why.
    pub ignored: Vec<(Signed<Approval>, &'static str)>,
    /// What is still missing; `None` when the change may be made.
    pub missing: Option<GovernanceError>,
}

impl Tally {
    /// The change with the signatures of what counts.
    ///
    /// # Errors
    /// As [`Proposal::change_bytes`].
    pub fn document(&self, proposal: &Proposal) -> Result<SignedDocument, GovernanceError> {
        let signature = |approval: &Signed<Approval>| approval.said.change_signature.clone();
        Ok(SignedDocument {
            bytes: proposal.change_bytes()?,
            signatures: self.counted.iter().filter_map(signature).collect(),
        })
    }
}

/// Counts approvals as of `now` on the chain that the proposal continues.
///
/// # Errors
/// [`GovernanceError::ProposalExpired`], and what [`Chain::apply`] says of the change but for missing signatures: the
/// chain has moved on, or an operation does not fit.
pub fn tally(
    chain: &Chain,
    proposal: &Proposal,
    approvals: &[Signed<Approval>],
    now: Ulid,
) -> Result<Tally, GovernanceError> {
    if proposal.expires.is_some_and(|expires| expires <= now) {
        return Err(GovernanceError::ProposalExpired);
    }
    let (expected, found) = (chain.head(), proposal.change.prev);
    if found != expected {
        return Err(GovernanceError::WrongPrevious { expected, found });
    }
    let newest = newest_words(chain, proposal.id()?, approvals);
    let mut tally = Tally {
        counted: Vec::new(),
        ignored: Vec::new(),
        missing: None,
    };
    for approval in approvals {
        let is_newest = newest.get(&approval.said.actor) == Some(&approval.said.ulid);
        let counts_once = !tally
            .counted
            .iter()
            .any(|counted| counted.said.actor == approval.said.actor);
        match flaw(chain, proposal, approval, now)? {
            None if !is_newest => tally
                .ignored
                .push((approval.clone(), "a later word replaced it")),
            None if !counts_once => tally.ignored.push((approval.clone(), "it is there twice")),
            None => tally.counted.push(approval.clone()),
            Some(reason) => tally.ignored.push((approval.clone(), reason)),
        }
    }
    tally
        .counted
        .sort_by(|left, right| left.said.actor.cmp(&right.said.actor));
    tally.missing = match chain.clone().apply(&tally.document(proposal)?) {
        Ok(_) => None,
        Err(
            error @ (GovernanceError::TooFewSignatures { .. }
            | GovernanceError::QuorumNotMet { .. }),
        ) => Some(error),
        Err(error) => return Err(error),
    };
    Ok(tally)
}

/// The ULID of each actor's newest word on the proposal: what is signed by others replaces nothing.
fn newest_words<'a>(
    chain: &Chain,
    proposal: ProposalId,
    approvals: &'a [Signed<Approval>],
) -> BTreeMap<&'a Actor, Ulid> {
    let mut newest = BTreeMap::new();
    for approval in approvals {
        let said = &approval.said;
        let own = said.proposal == proposal && owner(chain, approval) == Some(&said.actor);
        if own && approval.verify().is_ok() {
            let ulid = newest.entry(&said.actor).or_insert(said.ulid);
            *ulid = said.ulid.max(*ulid);
        }
    }
    newest
}

/// Whose live key signed an approval.
fn owner<'a>(chain: &'a Chain, approval: &Signed<Approval>) -> Option<&'a Actor> {
    let key = approval.signature.public.key_id();
    let record = chain.key_at(&key, chain.version());
    record.map(|record| &record.actor)
}

/// Why an approval does not count, if it does not.
fn flaw(
    chain: &Chain,
    proposal: &Proposal,
    approval: &Signed<Approval>,
    now: Ulid,
) -> Result<Option<&'static str>, GovernanceError> {
    let said = &approval.said;
    let key = approval.signature.public.key_id();
    if said.proposal != proposal.id()? || said.repo != chain.repository_id() {
        return Ok(Some("it is about another proposal"));
    }
    if owner(chain, approval) != Some(&said.actor) {
        return Ok(Some("its key is no live key of its actor"));
    }
    if approval.verify().is_err() {
        return Ok(Some("its signature is invalid"));
    }
    let Some(signature) = &said.change_signature else {
        return Ok(Some("it takes an approval back"));
    };
    if signature.public.key_id() != key || verify(&proposal.change_bytes()?, signature).is_err() {
        return Ok(Some("its signature over the change is invalid"));
    }
    if said.expires.is_some_and(|expires| expires <= now) {
        return Ok(Some("it has expired"));
    }
    if !chain.has_say(&proposal.change.changes, &said.actor) {
        return Ok(Some(
            "its actor neither governs nor counts for a quorum rule",
        ));
    }
    Ok(None)
}

impl Chain {
    /// Whether an actor's agreement can matter to the next version with these operations.
    #[must_use]
    pub fn has_say(&self, changes: &[ChangeOperation], actor: &Actor) -> bool {
        let joins = |operation: &ChangeOperation| matches!(operation, ChangeOperation::GovernorsSet { governors, .. } if governors.contains(actor));
        self.governors_at(self.version()).contains(actor)
            || changes.iter().any(joins)
            || self
                .requirements(changes)
                .iter()
                .any(|requirement| self.counts_for(requirement, actor))
    }
}

/// What a proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsensusReport {
    /// The repository: whoever trusts the proof compares it with the genesis id it knows.
    pub repository: RepositoryId,
    /// The version that was agreed to.
    pub version: u64,
    /// Its id.
    pub change: GovernanceId,
    /// Who agreed, sorted.
    pub approvers: Vec<Actor>,
    /// How many governors had to.
    pub threshold: u64,
    /// Which quorum rules were met.
    pub rules: Vec<Requirement>,
}

/// The proof that a proposal was agreed to: the chain below it, the proposal, the rules and what counted, as one
/// canonical JSON text.
///
/// # Errors
/// What is missing, as in [`Tally::missing`]; as [`tally`].
pub fn prove(
    documents: &[SignedDocument],
    proposal: &Signed<Proposal>,
    approvals: &[Signed<Approval>],
) -> Result<Vec<u8>, GovernanceError> {
    let chain = replay(documents)?;
    let reached = reached(approvals);
    let tally = tally(&chain, &proposal.said, approvals, reached)?;
    if let Some(missing) = tally.missing {
        return Err(missing);
    }
    let rules = chain.requirements(&proposal.said.change.changes);
    let mut chained = Vec::with_capacity(documents.len());
    for document in documents {
        let map = GovernanceDocument::decode(&document.bytes)?.to_map();
        let signatures = document.signatures.iter().map(SshSignature::to_value);
        chained.push(Value::Map(
            Map::new()
                .with("document", Value::Map(map))
                .with("sigs", Value::List(signatures.collect())),
        ));
    }
    let approvals = tally
        .counted
        .iter()
        .map(|approval| signed_value("approval", approval.said.to_map(), &approval.signature));
    encode(
        Map::new()
            .with("approvals", Value::List(approvals.collect()))
            .with("chain", Value::List(chained))
            .with("kind", KIND)
            .with(
                "proposal",
                signed_value("proposal", proposal.said.to_map(), &proposal.signature),
            )
            .with("rules", rules_value(&rules))
            .with("threshold", chain.threshold_at(chain.version()))
            .with("v", FORMAT),
    )
}

/// Checks a proof from its bytes alone.
///
/// # Errors
/// [`GovernanceError::Json`] and [`GovernanceError::Field`] for what is no proof, the chain's refusals,
/// [`GovernanceError::ProofFails`] when an approval in it does not count or the rules are others.
pub fn verify_proof(bytes: &[u8]) -> Result<ConsensusReport, GovernanceError> {
    let value =
        json::decode_canonical(bytes, CONSENSUS_PROOF_SIZE_MAX).map_err(GovernanceError::Json)?;
    let mut fields = Fields::top(&value)?;
    if fields.unsigned("v")? != FORMAT {
        return Err(bad("v", "is not 1"));
    }
    if fields.text("kind")? != KIND {
        return Err(bad("kind", "is not `proof.consensus`"));
    }
    let documents = fields.maps("chain", read_document)?;
    let proposal = fields.map("proposal", |fields| {
        read_signed(fields, "proposal", Proposal::read)
    })?;
    let approvals = fields.maps("approvals", |fields| {
        read_signed(fields, "approval", Approval::read)
    })?;
    let stated_rules = fields.any("rules")?;
    let stated_threshold = fields.unsigned("threshold")?;
    fields.end()?;

    proposal.verify()?;
    let mut chain = replay(&documents)?;
    let tally = tally(&chain, &proposal.said, &approvals, reached(&approvals))?;
    if let Some(missing) = tally.missing {
        return Err(missing);
    }
    if tally.counted != approvals {
        return Err(GovernanceError::ProofFails(
            "its approvals are not exactly those that count, in order",
        ));
    }
    let rules = chain.requirements(&proposal.said.change.changes);
    let threshold = chain.threshold_at(chain.version());
    if *stated_rules != rules_value(&rules) || stated_threshold != threshold {
        return Err(GovernanceError::ProofFails(
            "its rules are not those of the version it stands on",
        ));
    }
    let owner = |key| {
        chain
            .key_at(&key, chain.version())
            .map(|record| record.actor.clone())
    };
    if owner(proposal.signature.public.key_id()).as_ref() != Some(&proposal.said.proposer) {
        return Err(GovernanceError::ProofFails(
            "its proposal is not signed by its proposer",
        ));
    }
    let change = chain.apply(&tally.document(&proposal.said)?)?;
    Ok(ConsensusReport {
        repository: chain.repository_id(),
        version: chain.version(),
        change,
        approvers: approvals
            .iter()
            .map(|approval| approval.said.actor.clone())
            .collect(),
        threshold,
        rules,
    })
}

/// When agreement was reached: with the last approval.
fn reached(approvals: &[Signed<Approval>]) -> Ulid {
    let given = approvals.iter().map(|approval| approval.said.ulid);
    given.max().unwrap_or(Ulid::MIN)
}

fn replay(documents: &[SignedDocument]) -> Result<Chain, GovernanceError> {
    let Some((genesis, changes)) = documents.split_first() else {
        return Err(bad("chain", "is empty"));
    };
    let mut chain = Chain::from_genesis(genesis)?;
    for change in changes {
        chain.apply(change)?;
    }
    Ok(chain)
}

fn rules_value(rules: &[Requirement]) -> Value {
    let rule = |requirement: &Requirement| {
        Value::Map(
            Map::new()
                .with("action", requirement.action.as_str())
                .with("rule", requirement.rule.to_value())
                .with("version", requirement.version),
        )
    };
    Value::List(rules.iter().map(rule).collect())
}

fn signed_value(name: &'static str, said: Map, signature: &SshSignature) -> Value {
    Value::Map(
        Map::new()
            .with(name, Value::Map(said))
            .with("sig", signature.to_value()),
    )
}

fn read_signed<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    read: impl FnOnce(&mut Fields<'_>) -> Result<T, GovernanceError>,
) -> Result<Signed<T>, GovernanceError> {
    Ok(Signed {
        said: fields.map(name, read)?,
        signature: fields.signature("sig")?,
    })
}

fn read_document(fields: &mut Fields<'_>) -> Result<SignedDocument, GovernanceError> {
    let document = fields.map("document", GovernanceDocument::read)?;
    let texts: Vec<String> = fields.parsed_list("sigs")?;
    let mut signatures = Vec::with_capacity(texts.len());
    for text in texts {
        let signature = SshSignature::from_base64_line(&text)
            .map_err(|error| bad(&fields.name("sigs"), &error.to_string()))?;
        signatures.push(signature);
    }
    Ok(SignedDocument {
        bytes: document.encode()?,
        signatures,
    })
}
