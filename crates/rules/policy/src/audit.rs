//! Decisions: what the gate answered, as signed documents in one chain.
//!
//! A decision says who asked for what, what the answer was and by which rules and roots. Each names the one
//! before it, so that none can be left out or changed later. Which requests deserve a record is the node's
//! word; keeping the chain in Git is the ledger's.
//!
//! INVARIANT: `decode` accepts exactly the bytes that `encode` gives.
//! Format: docs/formats/audit.md. Vectors: vectors/audit. Tests: tests/it/audit.rs.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use gatos_values::json::{self, JsonError};
use gatos_values::{
    Actor, Blake3Digest, ErrorCode, EventId, GovernanceId, KeyId, Map, RepositoryId, ResourceUri,
    Sha256Digest, Text, Ulid, Value,
};

use crate::fields::{FieldError, Reader};
use crate::language::Intent;

/// The largest decision, in bytes.
pub const DECISION_SIZE_MAX: usize = 64 * 1024;
/// The longest reason, in characters; a longer one is cut by [`Decision::encode`]'s caller.
pub const REASON_CHARACTER_COUNT_MAX: usize = 2000;

/// The largest [`Asked`] that a record holds, in bytes of its lists; what asks with more is recorded without it.
pub const ASKED_SIZE_MAX: usize = 16 * 1024;

/// The format version of a record without [`Asked`], and of one with it.
const FORMATS: [u64; 2] = [1, 2];
const KIND: &str = "decision";

/// By which door a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// An append of this node.
    Append,
    /// A push judged by the push gate.
    Push,
    /// A change of governance by this node.
    Change,
    /// Data on their way to another place.
    Export,
}

impl Door {
    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Door::Append => "append",
            Door::Push => "push",
            Door::Change => "change",
            Door::Export => "export",
        }
    }
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It may be.
    Allow,
    /// It may not be, with the code of the refusal.
    Deny(ErrorCode),
}

/// What the policy was asked with, beyond what the record says anyway: enough to ask again. The payload is left out,
/// for a record stays forever and what was refused may be what should not be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The capabilities that held: granted and claimed.
    pub caps: Vec<Text>,
    /// The labels of the event.
    pub labels: Vec<Text>,
    /// The other side.
    pub remote: Text,
    /// The address of the other side.
    pub remote_addr: Text,
    /// The epoch of the event.
    pub epoch: u64,
}

impl Asked {
    /// Bytes of its texts.
    #[must_use]
    pub fn size(&self) -> usize {
        let lists = self.caps.iter().chain(&self.labels);
        let texts = lists.chain([&self.remote, &self.remote_addr]);
        texts.map(|text| text.as_str().len() + 3).sum()
    }

    fn to_value(&self) -> Value {
        let list = |texts: &[Text]| Value::List(texts.iter().cloned().map(Value::Text).collect());
        Value::Map(
            Map::new()
                .with("caps", list(&self.caps))
                .with("epoch", self.epoch)
                .with("labels", list(&self.labels))
                .with("remote", Value::Text(self.remote.clone()))
                .with("remote_addr", Value::Text(self.remote_addr.clone())),
        )
    }
}

/// One decision of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Place in the chain, from 0 on.
    pub version: u64,
    /// The decision before it.
    pub prev: Option<Blake3Digest>,
    /// The repository.
    pub repo: RepositoryId,
    /// When the gate claims to have decided.
    pub ulid: Ulid,
    /// The answer.
    pub answer: Answer,
    /// What was wanted.
    pub intent: Intent,
    /// Who asked; the signature of the request held for this actor's key.
    pub actor: Actor,
    /// With which key.
    pub key: KeyId,
    /// The event it was about.
    pub event: Option<EventId>,
    /// The other signed document it was about.
    pub document: Option<Blake3Digest>,
    /// The ref it was about, without `refs/`.
    pub path: Text,
    /// The resource it was about.
    pub resource: Option<ResourceUri>,
    /// The rules that decided, lowest first.
    pub rule_ids: Vec<Text>,
    /// One sentence.
    pub reason: Text,
    /// By which door it came.
    pub via: Door,
    /// The governance version it was judged under.
    pub gov: GovernanceId,
    /// The policy root of that version.
    pub policy_root: Sha256Digest,
    /// The fold root of the namespace in that version.
    pub fold_root: Sha256Digest,
    /// What the policy was asked with, where it was asked.
    pub asked: Option<Asked>,
    /// Requests without a valid signature that were refused up to now, by code: they get no record of their own.
    pub counted: Vec<(ErrorCode, u64)>,
}

impl Decision {
    /// The canonical JSON.
    ///
    /// # Errors
    /// [`AuditError::Field`] when a field breaks a rule of the format.
    pub fn encode(&self) -> Result<Vec<u8>, AuditError> {
        self.check()?;
        let mut map = Map::new()
            .with("actor", self.actor.to_value())
            .with("fold_root", self.fold_root.to_value())
            .with("gov", self.gov.to_value())
            .with("intent", self.intent.as_str())
            .with("key", self.key.to_value())
            .with("kind", KIND)
            .with("path", Value::Text(self.path.clone()))
            .with("policy_root", self.policy_root.to_value())
            .with(
                "prev",
                self.prev.map_or(Value::Null, |prev| prev.to_value()),
            )
            .with("reason", Value::Text(self.reason.clone()))
            .with("repo", self.repo.to_value())
            .with("ulid", self.ulid.to_value())
            .with("v", FORMATS[usize::from(self.asked.is_some())])
            .with("version", self.version)
            .with("via", self.via.as_str());
        map = match self.answer {
            Answer::Allow => map.with("decision", "allow"),
            Answer::Deny(code) => map.with("decision", "deny").with("code", code.as_str()),
        };
        if let Some(event) = self.event {
            map = map.with("event", event.to_value());
        }
        if let Some(document) = self.document {
            map = map.with("document", document.to_value());
        }
        if let Some(asked) = &self.asked {
            map = map.with("asked", asked.to_value());
        }
        if let Some(resource) = &self.resource {
            map = map.with("resource", resource.to_value());
        }
        if !self.rule_ids.is_empty() {
            let ids = self.rule_ids.iter().cloned().map(Value::Text).collect();
            map = map.with("rule_ids", Value::List(ids));
        }
        if !self.counted.is_empty() {
            let mut counted = Map::new();
            for (code, count) in &self.counted {
                counted = counted.with(code.as_str(), *count);
            }
            map = map.with("counted", Value::Map(counted));
        }
        let bytes = json::encode_canonical(&Value::Map(map))
            .map_err(|error| field("the decision", &error.to_string()))?;
        match bytes.len() <= DECISION_SIZE_MAX {
            true => Ok(bytes),
            false => Err(field("the decision", "is larger than 64 KiB")),
        }
    }

    /// Reads canonical JSON, every field checked.
    ///
    /// # Errors
    /// [`AuditError`] naming the field.
    pub fn decode(bytes: &[u8]) -> Result<Decision, AuditError> {
        let value = json::decode_canonical(bytes, DECISION_SIZE_MAX).map_err(AuditError::Json)?;
        let reader = Reader::top(&value, "the decision")?;
        if reader.text("kind")? != KIND || !FORMATS.contains(&reader.unsigned("v")?) {
            return Err(field("kind", "or `v` is of another format"));
        }
        let decision = Decision {
            version: reader.unsigned("version")?,
            prev: match reader.required("prev")? {
                Value::Null => None,
                _ => Some(reader.parsed("prev")?),
            },
            repo: reader.parsed("repo")?,
            ulid: reader.parsed("ulid")?,
            answer: reader.answer()?,
            intent: reader.intent()?,
            actor: reader.parsed("actor")?,
            key: reader.parsed("key")?,
            event: reader.optional("event")?,
            document: reader.optional("document")?,
            path: reader.value_text("path")?,
            resource: reader.optional("resource")?,
            rule_ids: reader.rule_ids()?,
            reason: reader.value_text("reason")?,
            via: reader.door()?,
            gov: reader.parsed("gov")?,
            policy_root: reader.parsed("policy_root")?,
            fold_root: reader.parsed("fold_root")?,
            asked: reader.asked()?,
            counted: reader.counted()?,
        };
        // What was not read, or could be written in two ways, makes other bytes.
        if decision.encode()? != bytes {
            return Err(field(
                "the decision",
                "has a field that decisions do not have",
            ));
        }
        Ok(decision)
    }

    /// Checks that this decision stands right behind `before` (its id and itself), or begins the chain.
    ///
    /// # Errors
    /// [`AuditError::Field`] naming what does not continue.
    pub fn follows(&self, before: Option<(Blake3Digest, &Decision)>) -> Result<(), AuditError> {
        let (version, prev) = match before {
            None => (0, None),
            Some((id, decision)) => (decision.version + 1, Some(id)),
        };
        if self.version != version {
            return Err(field(
                "version",
                &format!("is {}, not {version}", self.version),
            ));
        }
        if self.prev != prev {
            return Err(field("prev", "does not name the decision before it"));
        }
        let Some((_, before)) = before else {
            return Ok(());
        };
        if self.repo != before.repo {
            return Err(field("repo", "is another one than before"));
        }
        if self.ulid <= before.ulid {
            return Err(field("ulid", "does not rise"));
        }
        let falls = before.counted.iter().any(|(code, count)| {
            let now = self.counted.iter().find(|(known, _)| known == code);
            now.is_none_or(|(_, now)| now < count)
        });
        match falls {
            true => Err(field("counted", "falls")),
            false => Ok(()),
        }
    }

    fn check(&self) -> Result<(), AuditError> {
        if self.reason.as_str().chars().count() > REASON_CHARACTER_COUNT_MAX {
            return Err(field("reason", "is longer than 2,000 characters"));
        }
        if self
            .asked
            .as_ref()
            .is_some_and(|asked| asked.size() > ASKED_SIZE_MAX)
        {
            return Err(field("asked", "is larger than 16 KiB"));
        }
        if self.path.as_str().is_empty() {
            return Err(field("path", "is empty"));
        }
        let rises = |pair: &[Text]| pair[0] < pair[1];
        if !self.rule_ids.windows(2).all(rises) {
            return Err(field("rule_ids", "do not rise"));
        }
        let by_text = |pair: &[(ErrorCode, u64)]| pair[0].0.as_str() < pair[1].0.as_str();
        if !self.counted.windows(2).all(by_text)
            || self.counted.iter().any(|(_, count)| *count == 0)
        {
            return Err(field("counted", "is not sorted, or holds a zero"));
        }
        Ok(())
    }
}

impl Reader<'_> {
    fn answer(&self) -> Result<Answer, AuditError> {
        match self.text("decision")? {
            "allow" => Ok(Answer::Allow),
            "deny" => Ok(Answer::Deny(code_of("code", self.text("code")?)?)),
            _ => Err(field("decision", "is neither `allow` nor `deny`")),
        }
    }

    fn intent(&self) -> Result<Intent, AuditError> {
        Intent::parse(self.text("intent")?)
            .ok_or_else(|| field("intent", "is not one of the seven"))
    }

    fn door(&self) -> Result<Door, AuditError> {
        match self.text("via")? {
            "append" => Ok(Door::Append),
            "push" => Ok(Door::Push),
            "change" => Ok(Door::Change),
            "export" => Ok(Door::Export),
            _ => Err(field(
                "via",
                "is none of `append`, `push`, `change`, `export`",
            )),
        }
    }

    fn rule_ids(&self) -> Result<Vec<Text>, AuditError> {
        match self.get("rule_ids") {
            Some(value) => texts("rule_ids", value),
            None => Ok(Vec::new()),
        }
    }

    fn asked(&self) -> Result<Option<Asked>, AuditError> {
        let Some(value) = self.get("asked") else {
            return Ok(None);
        };
        let map = value
            .as_map()
            .ok_or_else(|| field("asked", "is not a map"))?;
        let reader = Reader::of(map);
        Ok(Some(Asked {
            caps: texts("asked.caps", reader.required("caps")?)?,
            labels: texts("asked.labels", reader.required("labels")?)?,
            remote: reader.value_text("remote")?,
            remote_addr: reader.value_text("remote_addr")?,
            epoch: reader.unsigned("epoch")?,
        }))
    }

    fn counted(&self) -> Result<Vec<(ErrorCode, u64)>, AuditError> {
        let Some(value) = self.get("counted") else {
            return Ok(Vec::new());
        };
        let map = value
            .as_map()
            .ok_or_else(|| field("counted", "is not a map"))?;
        let mut counted = Vec::new();
        for (name, _) in map {
            let code = code_of("counted", name.as_str())?;
            counted.push((code, Reader::of(map).unsigned(name.as_str())?));
        }
        Ok(counted)
    }
}

fn texts(name: &str, value: &Value) -> Result<Vec<Text>, AuditError> {
    let list = value
        .as_list()
        .ok_or_else(|| field(name, "is not a list"))?;
    list.iter()
        .map(|value| match value {
            Value::Text(text) => Ok(text.clone()),
            _ => Err(field(name, "holds what is not a string")),
        })
        .collect()
}

/// A code of the published table.
fn code_of(name: &str, text: &str) -> Result<ErrorCode, AuditError> {
    let mut all = ErrorCode::ALL.iter();
    all.find(|code| code.as_str() == text)
        .copied()
        .ok_or_else(|| field(name, &format!("`{text}` is no code of this version")))
}

fn field(name: &str, reason: &str) -> AuditError {
    FieldError::new(name, reason).into()
}

/// Why bytes are no decision, or a decision does not stand where it does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The bytes are not canonical JSON, or too many.
    #[error("the decision is not canonical JSON: {0}")]
    Json(JsonError),
    /// A field is missing, unknown, of the wrong kind or has a value it cannot have.
    #[error("decision {0}")]
    Field(#[from] FieldError),
}

impl AuditError {
    /// The code of the published table.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::AuditBroken
    }
}
