//! Governance documents: one canonical JSON text each, and its typed form.
//!
//! A genesis fixes name, first actors, keys, governors and threshold; a change lists operations (`operation`). What
//! they mean together is `chain`'s work; here a document is well formed or refused, field by field.
//!
//! INVARIANT: `decode` accepts exactly the bytes that `encode` gives.
//! Format: docs/formats/governance.md. Tests: tests/it/document.rs.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use gatos_values::json;
use gatos_values::roots::EMPTY_POLICY_ROOT;
use gatos_values::{
    Actor, GovernanceId, KeyId, Map, PublicKey, RepositoryId, Segment, Sha256Digest, SshSignature,
    Text, Ulid, Value,
};

use super::cut::{self, CutEntry};
use super::error::{GovernanceError, id_of};
use super::fields::{Fields, bad, check_rising};
use super::operation::ChangeOperation;

/// The largest governance document, in bytes.
pub const DOCUMENT_SIZE_MAX: usize = 1024 * 1024;

/// The format version of this page.
const FORMAT: u64 = 1;
const KIND_GENESIS: &str = "governance.genesis";
const KIND_CHANGE: &str = "governance.change";

/// A document as it is kept: exact bytes and the governors' signatures over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDocument {
    /// Canonical JSON.
    pub bytes: Vec<u8>,
    /// SSH signatures with namespace `gatos-grant`, in any order.
    pub signatures: Vec<SshSignature>,
}

impl SignedDocument {
    /// The document's id: BLAKE3 of its bytes.
    #[must_use]
    pub fn id(&self) -> GovernanceId {
        id_of(&self.bytes)
    }
}

/// A governance document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GovernanceDocument {
    /// The first of a chain.
    Genesis(Genesis),
    /// Every later one.
    Change(Change),
}

/// The document that founds a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The repository's name in resource URIs.
    pub name: Segment,
    /// The first actors with their keys.
    pub actors: Vec<GenesisActor>,
    /// Who governs: actors of the list above.
    pub governors: Vec<Actor>,
    /// How many governors must sign a change.
    pub threshold: u64,
    /// The policy in force.
    pub policy_root: Sha256Digest,
    /// When it claims to be made.
    pub ulid: Ulid,
}

/// An actor of the genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisActor {
    /// Who.
    pub actor: Actor,
    /// With which keys.
    pub keys: Vec<PublicKey>,
}

/// A change of governance: version N, made from version N − 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The repository: the id of its genesis.
    pub repo: RepositoryId,
    /// N, from 1 on.
    pub version: u64,
    /// The id of version N − 1.
    pub prev: GovernanceId,
    /// What changes, in this order.
    pub changes: Vec<ChangeOperation>,
    /// What of each affected journal still counts: present exactly when the change takes something away.
    pub cut: Option<Vec<CutEntry>>,
    /// The policy in force from here on.
    pub policy_root: Sha256Digest,
    /// When it claims to be made.
    pub ulid: Ulid,
}

/// The bytes of a genesis with the empty policy, ready to be signed. Lists may come in any order.
///
/// # Errors
/// An actor, key or governor listed twice; a governor without a key; a threshold nobody can meet.
pub fn genesis(
    name: Segment,
    ulid: Ulid,
    mut actors: Vec<GenesisActor>,
    mut governors: Vec<Actor>,
    threshold: u64,
) -> Result<Vec<u8>, GovernanceError> {
    actors.sort_by(|left, right| left.actor.cmp(&right.actor));
    for actor in &mut actors {
        actor.keys.sort_by_key(PublicKey::key_id);
    }
    governors.sort();
    let policy_root = EMPTY_POLICY_ROOT;
    let genesis = Genesis {
        name,
        actors,
        governors,
        threshold,
        policy_root,
        ulid,
    };
    genesis.check()?;
    GovernanceDocument::Genesis(genesis).encode()
}

impl GovernanceDocument {
    /// `governance.genesis` or `governance.change`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            GovernanceDocument::Genesis(_) => KIND_GENESIS,
            GovernanceDocument::Change(_) => KIND_CHANGE,
        }
    }

    /// The version it makes; a genesis is version 0.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            GovernanceDocument::Genesis(_) => 0,
            GovernanceDocument::Change(change) => change.version,
        }
    }

    /// Its ULID.
    #[must_use]
    pub const fn ulid(&self) -> Ulid {
        match self {
            GovernanceDocument::Genesis(genesis) => genesis.ulid,
            GovernanceDocument::Change(change) => change.ulid,
        }
    }

    /// The canonical JSON.
    ///
    /// # Errors
    /// [`GovernanceError::Field`] when the document breaks a rule of its own format, so that nothing is
    /// ever encoded that could not be decoded.
    pub fn encode(&self) -> Result<Vec<u8>, GovernanceError> {
        match self {
            GovernanceDocument::Genesis(genesis) => genesis.check()?,
            GovernanceDocument::Change(change) => change.check()?,
        }
        let encoded = json::encode_canonical(&Value::Map(self.to_map()));
        let bytes = encoded.map_err(|error| bad("the document", &error.to_string()))?;
        if bytes.len() > DOCUMENT_SIZE_MAX {
            return Err(bad("the document", "is larger than 1 MiB"));
        }
        Ok(bytes)
    }

    pub(super) fn to_map(&self) -> Map {
        let (map, policy_root) = match self {
            GovernanceDocument::Genesis(genesis) => (genesis.to_map(), genesis.policy_root),
            GovernanceDocument::Change(change) => (change.to_map(), change.policy_root),
        };
        map.with("kind", self.kind())
            .with("policy_root", policy_root.to_value())
            .with("ulid", self.ulid().to_value())
            .with("v", FORMAT)
            .with("version", self.version())
    }

    /// Reads canonical JSON, every field checked.
    ///
    /// # Errors
    /// [`GovernanceError::Json`], [`GovernanceError::Field`], [`GovernanceError::UnknownField`], and
    /// [`GovernanceError::Unsupported`] for what a newer version may know.
    pub fn decode(bytes: &[u8]) -> Result<GovernanceDocument, GovernanceError> {
        let value =
            json::decode_canonical(bytes, DOCUMENT_SIZE_MAX).map_err(GovernanceError::Json)?;
        let mut fields = Fields::top(&value)?;
        let document = GovernanceDocument::read(&mut fields)?;
        fields.end()?;
        Ok(document)
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Result<GovernanceDocument, GovernanceError> {
        let format = fields.unsigned("v")?;
        if format != FORMAT {
            return Err(unsupported("v", &format.to_string()));
        }
        match fields.text("kind")? {
            KIND_GENESIS => Ok(GovernanceDocument::Genesis(Genesis::read(fields)?)),
            KIND_CHANGE => Ok(GovernanceDocument::Change(Change::read(fields)?)),
            other => Err(unsupported("kind", other)),
        }
    }
}

pub(super) fn unsupported(field: &str, value: &str) -> GovernanceError {
    GovernanceError::Unsupported {
        field: field.to_string(),
        value: value.to_string(),
    }
}

impl Genesis {
    fn to_map(&self) -> Map {
        let actor = |actor: &GenesisActor| {
            let keys = actor
                .keys
                .iter()
                .map(|key| Value::Map(key_map(key)))
                .collect();
            Value::Map(
                Map::new()
                    .with("actor", actor.actor.to_value())
                    .with("keys", Value::List(keys)),
            )
        };
        Map::new()
            .with(
                "actors",
                Value::List(self.actors.iter().map(actor).collect()),
            )
            .with(
                "governors",
                Value::List(self.governors.iter().map(Actor::to_value).collect()),
            )
            .with("name", self.name.to_value())
            .with("threshold", self.threshold)
    }

    fn read(fields: &mut Fields<'_>) -> Result<Genesis, GovernanceError> {
        let actors = fields.maps("actors", |actor| {
            let name = actor.parsed("actor")?;
            Ok(GenesisActor {
                actor: name,
                keys: actor.maps("keys", read_key)?,
            })
        })?;
        let genesis = Genesis {
            name: fields.parsed("name")?,
            actors,
            governors: fields.parsed_list("governors")?,
            threshold: fields.unsigned("threshold")?,
            policy_root: fields.parsed("policy_root")?,
            ulid: fields.parsed("ulid")?,
        };
        if fields.unsigned("version")? != 0 {
            return Err(bad("version", "of a genesis is not 0"));
        }
        genesis.check()?;
        Ok(genesis)
    }

    fn check(&self) -> Result<(), GovernanceError> {
        check_ulid("ulid", self.ulid)?;
        check_rising("actors", self.actors.iter().map(|actor| &actor.actor))?;
        for (index, actor) in self.actors.iter().enumerate() {
            check_rising(
                &format!("actors[{index}].keys"),
                actor.keys.iter().map(PublicKey::key_id),
            )?;
        }
        let mut keys: Vec<KeyId> = Vec::new();
        keys.extend(
            self.actors
                .iter()
                .flat_map(|actor| actor.keys.iter().map(PublicKey::key_id)),
        );
        keys.sort();
        if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(GovernanceError::KeyEnrolled(pair[0]));
        }
        check_rising("governors", self.governors.iter())?;
        for governor in &self.governors {
            let position = self
                .actors
                .binary_search_by(|actor| actor.actor.cmp(governor));
            match position.ok().map(|index| &self.actors[index]) {
                None => return Err(GovernanceError::ActorUnknown(governor.clone())),
                Some(actor) if actor.keys.is_empty() => {
                    return Err(GovernanceError::GovernorWithoutKey(governor.clone()));
                }
                Some(_) => {}
            }
        }
        if self.threshold == 0 || self.threshold > self.governors.len() as u64 {
            return Err(bad(
                "threshold",
                "is not between 1 and the number of governors",
            ));
        }
        Ok(())
    }
}

impl Change {
    fn to_map(&self) -> Map {
        let map = Map::new()
            .with(
                "changes",
                Value::List(self.changes.iter().map(ChangeOperation::to_value).collect()),
            )
            .with("prev", self.prev.to_value())
            .with("repo", self.repo.to_value());
        match &self.cut {
            None => map,
            Some(entries) => map.with("cut", cut::to_value(entries)),
        }
    }

    fn read(fields: &mut Fields<'_>) -> Result<Change, GovernanceError> {
        let change = Change {
            repo: fields.parsed("repo")?,
            version: fields.unsigned("version")?,
            prev: fields.parsed("prev")?,
            changes: fields.maps("changes", ChangeOperation::read)?,
            cut: fields.if_present("cut", |fields, name| fields.maps(name, cut::read))?,
            policy_root: fields.parsed("policy_root")?,
            ulid: fields.parsed("ulid")?,
        };
        change.check()?;
        Ok(change)
    }

    fn check(&self) -> Result<(), GovernanceError> {
        check_ulid("ulid", self.ulid)?;
        if self.version == 0 {
            return Err(bad("version", "of a change is 0; only a genesis is"));
        }
        if self.changes.is_empty() {
            return Err(bad("changes", "is empty"));
        }
        for (index, operation) in self.changes.iter().enumerate() {
            operation.check(&format!("changes[{index}]."))?;
        }
        self.cut.as_deref().map_or(Ok(()), cut::check)
    }
}

pub(super) fn key_map(key: &PublicKey) -> Map {
    let public = Text::from_string(key.openssh_text()).map_or(Value::Null, Value::Text);
    Map::new()
        .with("key", key.key_id().to_value())
        .with("public", public)
}

/// `key` says nothing that `public` does not; it is there for readers, so it must be right.
pub(super) fn read_key(fields: &mut Fields<'_>) -> Result<PublicKey, GovernanceError> {
    let written: KeyId = fields.parsed("key")?;
    let text = fields.text("public")?;
    let public = PublicKey::parse_openssh(text)
        .map_err(|error| bad(&fields.name("public"), &format!("is wrong: {error}")))?;
    if public.key_id() != written {
        return Err(bad(&fields.name("key"), "is not the id of `public`"));
    }
    Ok(public)
}

/// ULID times stay below 2^34 seconds, as in events.
pub(super) fn check_ulid(field: &str, ulid: Ulid) -> Result<(), GovernanceError> {
    if ulid.time_ms() / 1000 >= 1 << 34 {
        return Err(bad(field, "has a time of 2^34 seconds or more"));
    }
    Ok(())
}
