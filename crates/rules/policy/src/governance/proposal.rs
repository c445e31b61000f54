//! Proposals and approvals: how several people in several places come to sign one change.
//!
//! A proposal carries the exact change document that would become the next version. Whoever approves signs that document
//! and, around it, an approval that says until when the agreement holds; it can be withdrawn by a later one. Counting
//! them is `consensus`'s work.
//!
//! INVARIANT: decoding accepts exactly what encoding gives.
//! Format: docs/formats/proposal.md. Tests: tests/it/consensus.rs.

use alloc::string::ToString;
use alloc::vec::Vec;

use gatos_values::{
    Actor, Blake3Digest, Map, RepositoryId, SignatureNamespace, SshSignature, Text, Ulid, Value,
    json, sshsig,
};

use super::document::{Change, DOCUMENT_SIZE_MAX, GovernanceDocument, check_ulid};
use super::error::GovernanceError;
use super::fields::{Fields, bad};

const FORMAT: u64 = 1;
const KIND_PROPOSAL: &str = "governance.proposal";
const KIND_APPROVAL: &str = "governance.approval";
/// Room for a change of the largest size and what stands around it.
const PROPOSAL_SIZE_MAX: usize = DOCUMENT_SIZE_MAX + 64 * 1024;

/// Id of a proposal: BLAKE3 of its canonical JSON.
pub type ProposalId = Blake3Digest;

/// A change that waits for agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The next version, as it would be signed.
    pub change: Change,
    /// Who proposes.
    pub proposer: Actor,
    /// Why.
    pub reason: Text,
    /// Agreement reached at or after this ULID comes too late; `None` for no end.
    pub expires: Option<Ulid>,
    /// When it was made.
    pub ulid: Ulid,
}

/// What an actor says to a proposal. Of several by one actor the one with the highest ULID counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The repository.
    pub repo: RepositoryId,
    /// To which proposal.
    pub proposal: ProposalId,
    /// Who.
    pub actor: Actor,
    /// The signature over the proposal's change document; `None` takes an earlier approval back.
    pub change_signature: Option<SshSignature>,
    /// From this ULID on it no longer counts; `None` for no end.
    pub expires: Option<Ulid>,
    /// When it was given.
    pub ulid: Ulid,
}

/// Bytes and the one signature over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<T> {
    /// What is said.
    pub said: T,
    /// SSHSIG over its canonical JSON, namespace `gatos-grant`.
    pub signature: SshSignature,
}

impl Proposal {
    /// The canonical JSON.
    ///
    /// # Errors
    /// [`GovernanceError::Field`] when a part breaks a rule of its format.
    pub fn encode(&self) -> Result<Vec<u8>, GovernanceError> {
        self.change_bytes()?;
        check_ulid("ulid", self.ulid)?;
        encode(self.to_map())
    }

    /// The change document, as it is signed.
    ///
    /// # Errors
    /// As [`GovernanceDocument::encode`].
    pub fn change_bytes(&self) -> Result<Vec<u8>, GovernanceError> {
        GovernanceDocument::Change(self.change.clone()).encode()
    }

    /// The proposal's id.
    ///
    /// # Errors
    /// As [`Proposal::encode`].
    pub fn id(&self) -> Result<ProposalId, GovernanceError> {
        Ok(Blake3Digest::of(&self.encode()?))
    }

    /// Reads canonical JSON.
    ///
    /// # Errors
    /// As [`GovernanceDocument::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Proposal, GovernanceError> {
        let value = decode(bytes)?;
        let mut fields = Fields::top(&value)?;
        let proposal = Proposal::read(&mut fields)?;
        fields.end()?;
        Ok(proposal)
    }

    pub(super) fn to_map(&self) -> Map {
        let change = GovernanceDocument::Change(self.change.clone()).to_map();
        head(KIND_PROPOSAL, self.ulid, self.expires)
            .with("change", Value::Map(change))
            .with("proposer", self.proposer.to_value())
            .with("reason", Value::Text(self.reason.clone()))
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Proposal, GovernanceError> {
        let (ulid, expires) = read_head(fields, KIND_PROPOSAL)?;
        let change = fields.map("change", GovernanceDocument::read)?;
        let GovernanceDocument::Change(change) = change else {
            return Err(bad(&fields.name("change"), "is a genesis, not a change"));
        };
        Ok(Proposal {
            change,
            proposer: fields.parsed("proposer")?,
            reason: fields.any_text("reason")?,
            expires,
            ulid,
        })
    }
}

impl Approval {
    /// The canonical JSON.
    ///
    /// # Errors
    /// [`GovernanceError::Field`] when a part breaks a rule of its format.
    pub fn encode(&self) -> Result<Vec<u8>, GovernanceError> {
        check_ulid("ulid", self.ulid)?;
        encode(self.to_map())
    }

    /// Reads canonical JSON.
    ///
    /// # Errors
    /// As [`GovernanceDocument::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Approval, GovernanceError> {
        let value = decode(bytes)?;
        let mut fields = Fields::top(&value)?;
        let approval = Approval::read(&mut fields)?;
        fields.end()?;
        Ok(approval)
    }

    pub(super) fn to_map(&self) -> Map {
        let signature = self.change_signature.as_ref();
        head(KIND_APPROVAL, self.ulid, self.expires)
            .with("actor", self.actor.to_value())
            .with(
                "change_sig",
                signature.map_or(Value::Null, SshSignature::to_value),
            )
            .with("proposal", self.proposal.to_value())
            .with("repo", self.repo.to_value())
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Approval, GovernanceError> {
        let (ulid, expires) = read_head(fields, KIND_APPROVAL)?;
        Ok(Approval {
            repo: fields.parsed("repo")?,
            proposal: fields.parsed("proposal")?,
            actor: fields.parsed("actor")?,
            change_signature: fields.optional("change_sig", Fields::signature)?,
            expires,
            ulid,
        })
    }
}

impl Signed<Approval> {
    /// Whether the signature is over the approval, by whichever key it names.
    ///
    /// # Errors
    /// [`GovernanceError::BadSignature`].
    pub fn verify(&self) -> Result<(), GovernanceError> {
        verify(&self.said.encode()?, &self.signature)
    }
}

impl Signed<Proposal> {
    /// Whether the signature is over the proposal, by whichever key it names.
    ///
    /// # Errors
    /// [`GovernanceError::BadSignature`].
    pub fn verify(&self) -> Result<(), GovernanceError> {
        verify(&self.said.encode()?, &self.signature)
    }
}

pub(super) fn verify(bytes: &[u8], signature: &SshSignature) -> Result<(), GovernanceError> {
    let key = signature.public.key_id();
    sshsig::verify(SignatureNamespace::Grant.as_str(), bytes, signature)
        .map_err(|error| GovernanceError::BadSignature { key, error })
}

fn head(kind: &'static str, ulid: Ulid, expires: Option<Ulid>) -> Map {
    Map::new()
        .with(
            "expires",
            expires.map_or(Value::Null, |ulid| ulid.to_value()),
        )
        .with("kind", kind)
        .with("ulid", ulid.to_value())
        .with("v", FORMAT)
}

fn read_head(
    fields: &mut Fields<'_>,
    kind: &'static str,
) -> Result<(Ulid, Option<Ulid>), GovernanceError> {
    if fields.unsigned("v")? != FORMAT {
        return Err(bad(&fields.name("v"), "is not 1"));
    }
    if fields.text("kind")? != kind {
        return Err(bad(
            &fields.name("kind"),
            &alloc::format!("is not `{kind}`"),
        ));
    }
    let ulid = fields.parsed("ulid")?;
    check_ulid(&fields.name("ulid"), ulid)?;
    Ok((ulid, fields.optional("expires", Fields::parsed)?))
}

pub(super) fn encode(map: Map) -> Result<Vec<u8>, GovernanceError> {
    json::encode_canonical(&Value::Map(map))
        .map_err(|error| bad("the document", &error.to_string()))
}

fn decode(bytes: &[u8]) -> Result<Value, GovernanceError> {
    json::decode_canonical(bytes, PROPOSAL_SIZE_MAX).map_err(GovernanceError::Json)
}
