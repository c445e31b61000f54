//! Epoch anchors: signed documents that seal a stretch of a namespace's history.
//!
//! An anchor names the head and the count of every journal, the roots of what they hold, and the highest ULID. What comes
//! later has a ULID above it. Anchor N seals epoch N; each names the one before it. Counting and hashing what the journals
//! hold is the node's work; keeping the chain in Git is the ledger's.
//!
//! INVARIANT: `decode` accepts exactly the bytes that `encode` gives.
//! Format: docs/formats/epoch.md. Vectors: vectors/epoch. Tests: tests/it/epoch.rs.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use gatos_values::json::{self, JsonError};
use gatos_values::{
    Actor, Blake3Digest, ErrorCode, EventId, GovernanceId, JournalName, Map, Namespace,
    RepositoryId, Sha256Digest, SignatureNamespace, SshSignature, Text, Ulid, Value, sshsig,
};

use crate::fields::{FieldError, Reader};
use crate::governance::chain::{Chain, Requirement};
use crate::governance::operation::GovernedAction;

/// The largest anchor, in bytes.
pub const ANCHOR_SIZE_MAX: usize = 1024 * 1024;

/// The format version of this page.
const FORMAT: u64 = 1;
const KIND: &str = "anchor";

/// The newest event of a journal that an anchor covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorHead {
    /// Its id.
    pub event: EventId,
    /// Events up to and including it.
    pub count: u64,
}

/// What seals one epoch of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The repository.
    pub repo: RepositoryId,
    /// The namespace.
    pub ns: Namespace,
    /// The epoch it seals, from 0 on.
    pub epoch: u64,
    /// The anchor before it.
    pub prev: Option<Blake3Digest>,
    /// Journals of the namespace by their short names, each with the head it had.
    pub heads: BTreeMap<String, AnchorHead>,
    /// Events of all these journals.
    pub count: u64,
    /// The highest ULID among them; what comes later is above it.
    pub max_ulid: Ulid,
    /// Merkle root over their ids in canonical order.
    pub inputs_root: Blake3Digest,
    /// Merkle root over what a repeat of each would be recognised by, in canonical order.
    pub idem_root: Blake3Digest,
    /// Root of the namespace's state files; that of no files where it has no fold.
    pub state_root: Blake3Digest,
    /// Root of the policy in force.
    pub policy_root: Sha256Digest,
    /// Root of the namespace's fold.
    pub fold_root: Sha256Digest,
    /// The governance version in force.
    pub gov: GovernanceId,
    /// When it claims to be made.
    pub ulid: Ulid,
}

impl Anchor {
    /// The canonical JSON.
    ///
    /// # Errors
    /// [`AnchorError::Field`] when a field breaks a rule of the format.
    pub fn encode(&self) -> Result<Vec<u8>, AnchorError> {
        self.check()?;
        let mut heads = Map::new();
        for (journal, head) in &self.heads {
            let name = Text::new(journal).map_err(|error| field("heads", &error.to_string()))?;
            let head = Map::new()
                .with("count", head.count)
                .with("event", head.event.to_value());
            heads.insert(name, Value::Map(head));
        }
        let map = Map::new()
            .with("count", self.count)
            .with("epoch", self.epoch)
            .with("fold_root", self.fold_root.to_value())
            .with("gov", self.gov.to_value())
            .with("heads", Value::Map(heads))
            .with("idem_root", self.idem_root.to_value())
            .with("inputs_root", self.inputs_root.to_value())
            .with("kind", KIND)
            .with("max_ulid", self.max_ulid.to_value())
            .with("ns", self.ns.to_value())
            .with("policy_root", self.policy_root.to_value())
            .with(
                "prev",
                self.prev.map_or(Value::Null, |prev| prev.to_value()),
            )
            .with("repo", self.repo.to_value())
            .with("state_root", self.state_root.to_value())
            .with("ulid", self.ulid.to_value())
            .with("v", FORMAT);
        let bytes = json::encode_canonical(&Value::Map(map))
            .map_err(|error| field("the anchor", &error.to_string()))?;
        match bytes.len() <= ANCHOR_SIZE_MAX {
            true => Ok(bytes),
            false => Err(field("the anchor", "is larger than 1 MiB")),
        }
    }

    /// Reads canonical JSON, every field checked.
    ///
    /// # Errors
    /// [`AnchorError`] naming the field.
    pub fn decode(bytes: &[u8]) -> Result<Anchor, AnchorError> {
        let value = json::decode_canonical(bytes, ANCHOR_SIZE_MAX).map_err(AnchorError::Json)?;
        let reader = Reader::top(&value, "the anchor")?;
        if reader.text("kind")? != KIND || reader.unsigned("v")? != FORMAT {
            return Err(field("kind", "or `v` is of another format"));
        }
        let anchor = Anchor {
            repo: reader.parsed("repo")?,
            ns: reader.parsed("ns")?,
            epoch: reader.unsigned("epoch")?,
            prev: match reader.required("prev")? {
                Value::Null => None,
                _ => Some(reader.parsed("prev")?),
            },
            heads: read_heads(&reader)?,
            count: reader.unsigned("count")?,
            max_ulid: reader.parsed("max_ulid")?,
            inputs_root: reader.parsed("inputs_root")?,
            idem_root: reader.parsed("idem_root")?,
            state_root: reader.parsed("state_root")?,
            policy_root: reader.parsed("policy_root")?,
            fold_root: reader.parsed("fold_root")?,
            gov: reader.parsed("gov")?,
            ulid: reader.parsed("ulid")?,
        };
        if anchor.encode()? != bytes {
            return Err(field("the anchor", "has a field that anchors do not have"));
        }
        Ok(anchor)
    }

    /// Checks that this anchor stands right behind `before` (its id and itself), or begins the chain.
    ///
    /// # Errors
    /// [`AnchorError::Field`] naming what does not continue.
    pub fn follows(&self, before: Option<(Blake3Digest, &Anchor)>) -> Result<(), AnchorError> {
        let (epoch, prev) = match before {
            None => (0, None),
            Some((id, anchor)) => (anchor.epoch + 1, Some(id)),
        };
        if self.epoch != epoch {
            return Err(field("epoch", &format!("is {}, not {epoch}", self.epoch)));
        }
        if self.prev != prev {
            return Err(field("prev", "does not name the anchor before it"));
        }
        let Some((_, before)) = before else {
            return Ok(());
        };
        if self.repo != before.repo || self.ns != before.ns {
            return Err(field("ns", "or `repo` is another one than before"));
        }
        if self.ulid <= before.ulid || self.max_ulid <= before.max_ulid {
            return Err(field("max_ulid", "or `ulid` does not rise"));
        }
        let shrinks = before.heads.iter().any(|(journal, head)| {
            let now = self.heads.get(journal);
            now.is_none_or(|now| now.count < head.count)
        });
        match shrinks {
            true => Err(field("heads", "leave out what was sealed before")),
            false => Ok(()),
        }
    }

    /// Checks the signatures: each by a live key of an enrolled actor, and of those who may seal an epoch.
    ///
    /// That is the quorum rule `epoch` where governance has one, else one governor. Gives who signed.
    ///
    /// # Errors
    /// [`AnchorError::Signature`] with what is missing.
    pub fn check_signers(
        &self,
        chain: &Chain,
        bytes: &[u8],
        signatures: &[SshSignature],
    ) -> Result<Vec<Actor>, AnchorError> {
        let wrong = |reason: String| AnchorError::Signature { reason };
        if self.repo != chain.repository_id() {
            return Err(wrong(
                "the anchor belongs to another repository".to_string(),
            ));
        }
        let version = chain
            .version_of(&self.gov)
            .ok_or_else(|| wrong(format!("governance version `{}` is unknown", self.gov)))?;
        if self.policy_root != chain.policy_root_at(version)
            || self.fold_root != chain.fold_root_at(&self.ns, version)
        {
            return Err(wrong(
                "its policy or fold root is not that of its governance version".to_string(),
            ));
        }
        let mut signers = BTreeSet::new();
        for signature in signatures {
            let key = signature.public.key_id();
            let record = chain
                .key_at(&key, version)
                .filter(|record| record.public == signature.public)
                .ok_or_else(|| {
                    wrong(format!(
                        "key `{key}` was not live at its governance version"
                    ))
                })?;
            sshsig::verify(SignatureNamespace::Anchor.as_str(), bytes, signature)
                .map_err(|error| wrong(format!("the signature of key `{key}`: {error}")))?;
            signers.insert(record.actor.clone());
        }
        match may_seal(chain, version, &signers) {
            true => Ok(signers.into_iter().collect()),
            false => Err(wrong(who_must_sign(chain, version))),
        }
    }

    fn check(&self) -> Result<(), AnchorError> {
        if self.heads.is_empty() {
            return Err(field("heads", "name no journal: there is nothing to seal"));
        }
        let mut count: u64 = 0;
        for (name, head) in &self.heads {
            let journal = JournalName::parse_short(name)
                .map_err(|error| field("heads", &error.to_string()))?;
            if journal.ns != self.ns || head.count == 0 {
                return Err(field(
                    "heads",
                    "name an empty journal, or one of another namespace",
                ));
            }
            count = count.saturating_add(head.count);
        }
        if count != self.count {
            return Err(field("count", "is not the sum of the heads"));
        }
        Ok(())
    }
}

/// Whether these actors may seal an epoch together.
#[must_use]
pub fn may_seal(chain: &Chain, version: u64, signers: &BTreeSet<Actor>) -> bool {
    match chain.quorum_at(GovernedAction::Epoch, version) {
        Some(rule) => {
            let requirement = Requirement {
                action: GovernedAction::Epoch,
                rule: rule.clone(),
                version,
            };
            chain.meets(&requirement, &signers.iter().collect())
        }
        None => chain
            .governors_at(version)
            .iter()
            .any(|governor| signers.contains(governor)),
    }
}

/// Who must sign an anchor, in words.
#[must_use]
pub fn who_must_sign(chain: &Chain, version: u64) -> String {
    match chain.quorum_at(GovernedAction::Epoch, version) {
        Some(rule) => {
            let rule = json::encode_canonical(&rule.to_value()).unwrap_or_default();
            format!(
                "an anchor must be signed by the quorum {}",
                String::from_utf8_lossy(&rule)
            )
        }
        None => "an anchor must be signed by a governor".to_string(),
    }
}

fn read_heads(reader: &Reader<'_>) -> Result<BTreeMap<String, AnchorHead>, AnchorError> {
    let map = reader
        .required("heads")?
        .as_map()
        .ok_or_else(|| field("heads", "is not a map"))?;
    let mut heads = BTreeMap::new();
    for (journal, head) in map {
        let head = Reader::top(head, "heads")?;
        heads.insert(
            journal.as_str().to_string(),
            AnchorHead {
                event: head.parsed("event")?,
                count: head.unsigned("count")?,
            },
        );
    }
    Ok(heads)
}

fn field(name: &str, reason: &str) -> AnchorError {
    FieldError::new(name, reason).into()
}

/// Why bytes are no anchor, or an anchor does not stand where it does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The bytes are not canonical JSON, or too many.
    #[error("the anchor is not canonical JSON: {0}")]
    Json(JsonError),
    /// A field is missing, unknown, of the wrong kind or has a value it cannot have.
    #[error("anchor {0}")]
    Field(#[from] FieldError),
    /// A signature does not hold, or too few of the right ones are there.
    #[error("{reason}")]
    Signature {
        /// What is wrong.
        reason: String,
    },
}

impl AnchorError {
    /// The code of the published table.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            AnchorError::Json(_) | AnchorError::Field(_) => ErrorCode::EpochBroken,
            AnchorError::Signature { .. } => ErrorCode::BadSignature,
        }
    }
}
