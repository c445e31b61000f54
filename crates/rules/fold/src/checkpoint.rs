//! `checkpoint.json`: which events, under which fold and policy, gave which state.
//!
//! The document is canonical JSON, signed as it stands; making the commit around it and signing are the node's work,
//! recomputing it is verification's.
//!
//! INVARIANT: `Checkpoint::decode` accepts exactly the bytes that [`Checkpoint::encode`] writes.
//!
//! Format: `docs/formats/checkpoint.md`. Tests: `checkpoint/tests.rs`.

#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::json::{self, JsonError};
use gatos_values::{
    Blake3Digest, ErrorCode, EventId, GovernanceId, JournalName, Map, Namespace, RepositoryId,
    ResourceUri, Sha256Digest, Text, Ulid, Value,
};

/// The engine that makes these checkpoints: runtime, fold language, numeric model, generator.
pub const ENGINE: &str = "echo@0.1.0+elc@0.1.0+num=q32.32+rng=pcg32@1";

/// Largest `checkpoint.json`, in bytes.
pub const CHECKPOINT_SIZE_MAX: usize = 16 * 1024 * 1024;

/// Longest engine id, in bytes.
const ENGINE_SIZE_MAX: usize = 128;

const FIELD_COUNT: usize = 14;

/// A checkpoint document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The repository.
    pub repo: RepositoryId,
    /// `gatos://<repository name>/<namespace>/state`.
    pub resource: ResourceUri,
    /// The namespace.
    pub ns: Namespace,
    /// The governance version it was made under.
    pub gov: GovernanceId,
    /// Merkle root of the state files.
    pub state_root: Blake3Digest,
    /// Merkle root of the event ids of the window.
    pub inputs_root: Blake3Digest,
    /// The policy of `gov`.
    pub policy_root: Sha256Digest,
    /// The fold of `gov`.
    pub fold_root: Sha256Digest,
    /// The engine, see [`ENGINE`].
    pub engine: Text,
    /// Which events it covers.
    pub window: Window,
    /// How many events did not fit, by reducer; reducers without such events are absent.
    pub skipped: BTreeMap<Text, u64>,
    /// Digest of `fold-state.cbor`.
    pub fold_state: Blake3Digest,
}

/// The events a checkpoint covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Where it stands in every journal, by name.
    pub heads: BTreeMap<String, Head>,
    /// The first event in canonical order.
    pub first: Option<Edge>,
    /// The last event in canonical order.
    pub last: Option<Edge>,
    /// How many events there are.
    pub count: u64,
}

/// How far a window reaches into one journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The last covered event.
    pub event: EventId,
    /// How many events of the journal are covered.
    pub count: u64,
}

/// The first or last event of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Its ULID.
    pub ulid: Ulid,
    /// Its id.
    pub event: EventId,
}

/// Why bytes are no checkpoint document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not canonical JSON.
    #[error("the checkpoint is not canonical JSON: {0}")]
    Json(#[from] JsonError),
    /// A field is missing, unknown or malformed.
    #[error("the checkpoint's field `{0}` is missing or malformed")]
    Field(&'static str),
    /// The fields contradict each other.
    #[error("the checkpoint contradicts itself: {0}")]
    Contradiction(&'static str),
}

impl CheckpointError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::CheckpointInvalid
    }
}

type Outcome<T> = Result<T, CheckpointError>;

impl Checkpoint {
    /// The canonical bytes.
    ///
    /// # Errors
    /// [`CheckpointError::Contradiction`] if [`Checkpoint::decode`] would refuse them.
    pub fn encode(&self) -> Outcome<Vec<u8>> {
        self.check()?;
        let mut skipped = Map::new();
        for (reducer, count) in &self.skipped {
            skipped.insert(reducer.clone(), (*count).into());
        }
        let map = Map::new()
            .with("v", 1_u8)
            .with("kind", "checkpoint")
            .with("repo", self.repo.to_value())
            .with("resource", self.resource.to_value())
            .with("ns", self.ns.to_value())
            .with("gov", self.gov.to_value())
            .with("state_root", self.state_root.to_value())
            .with("inputs_root", self.inputs_root.to_value())
            .with("policy_root", self.policy_root.to_value())
            .with("fold_root", self.fold_root.to_value())
            .with("engine", self.engine.clone())
            .with("window", self.window.to_value()?)
            .with("skipped", skipped)
            .with("fold_state", self.fold_state.to_value());
        json::encode_canonical(&map.into()).map_err(|_| CheckpointError::Field("window"))
    }

    /// Reads a checkpoint document.
    ///
    /// # Errors
    /// [`CheckpointError`] for any other bytes than [`Checkpoint::encode`] writes.
    pub fn decode(bytes: &[u8]) -> Outcome<Checkpoint> {
        let value = json::decode_canonical(bytes, CHECKPOINT_SIZE_MAX)?;
        let fields = Fields::open(&value, "checkpoint", FIELD_COUNT)?;
        if fields.get("v")? != &1_u8.into() {
            return Err(CheckpointError::Field("v"));
        }
        if fields.text("kind")? != "checkpoint" {
            return Err(CheckpointError::Field("kind"));
        }
        let checkpoint = Checkpoint {
            repo: fields.parsed("repo", RepositoryId::parse)?,
            resource: fields.parsed("resource", ResourceUri::parse)?,
            ns: fields.parsed("ns", Namespace::parse)?,
            gov: fields.parsed("gov", GovernanceId::parse)?,
            state_root: fields.parsed("state_root", Blake3Digest::parse)?,
            inputs_root: fields.parsed("inputs_root", Blake3Digest::parse)?,
            policy_root: fields.parsed("policy_root", Sha256Digest::parse)?,
            fold_root: fields.parsed("fold_root", Sha256Digest::parse)?,
            engine: fields.parsed("engine", Text::new)?,
            window: Window::from_value(fields.get("window")?)?,
            skipped: skipped(fields.get("skipped")?)?,
            fold_state: fields.parsed("fold_state", Blake3Digest::parse)?,
        };
        checkpoint.check()?;
        Ok(checkpoint)
    }

    fn check(&self) -> Outcome<()> {
        if self.resource.path_in(&self.ns) != Some("state") {
            return Err(CheckpointError::Contradiction(
                "`resource` is not the state of `ns`",
            ));
        }
        if self.engine.is_empty() || self.engine.len() > ENGINE_SIZE_MAX {
            return Err(CheckpointError::Field("engine"));
        }
        if self.skipped.values().any(|count| *count == 0) {
            return Err(CheckpointError::Contradiction(
                "`skipped` names a reducer that skipped nothing",
            ));
        }
        self.window.check()
    }
}

impl Window {
    fn check(&self) -> Outcome<()> {
        let is_empty = self.count == 0;
        if is_empty != self.heads.is_empty()
            || is_empty != self.first.is_none()
            || is_empty != self.last.is_none()
        {
            return Err(CheckpointError::Contradiction(
                "an empty window has no heads and no edges, and only that one",
            ));
        }
        if self.first > self.last {
            return Err(CheckpointError::Contradiction(
                "the window ends before it starts",
            ));
        }
        if self.heads.values().any(|head| head.count == 0) {
            return Err(CheckpointError::Contradiction("a head without events"));
        }
        if self
            .heads
            .keys()
            .any(|journal| JournalName::parse_short(journal).is_err())
        {
            return Err(CheckpointError::Field("heads"));
        }
        Ok(())
    }

    fn to_value(&self) -> Outcome<Value> {
        let mut heads = Map::new();
        for (journal, head) in &self.heads {
            let name = Text::new(journal).map_err(|_| CheckpointError::Field("heads"))?;
            let value = Map::new()
                .with("event", head.event.to_value())
                .with("count", head.count);
            heads.insert(name, value.into());
        }
        Ok(Map::new()
            .with("heads", heads)
            .with("first", self.first.map(Edge::to_value))
            .with("last", self.last.map(Edge::to_value))
            .with("count", self.count)
            .into())
    }

    fn from_value(value: &Value) -> Outcome<Window> {
        let fields = Fields::open(value, "window", 4)?;
        let Value::Map(map) = fields.get("heads")? else {
            return Err(CheckpointError::Field("heads"));
        };
        let mut heads = BTreeMap::new();
        for (journal, head) in map {
            let head = Fields::open(head, "heads", 2)?;
            let head = Head {
                event: head.parsed("event", EventId::parse)?,
                count: head.count("count")?,
            };
            heads.insert(journal.to_string(), head);
        }
        let first = Edge::from_value(fields.get("first")?)?;
        let last = Edge::from_value(fields.get("last")?)?;
        Ok(Window {
            heads,
            first,
            last,
            count: fields.count("count")?,
        })
    }
}

impl Edge {
    fn to_value(self) -> Value {
        Map::new()
            .with("event", self.event.to_value())
            .with("ulid", self.ulid.to_value())
            .into()
    }

    fn from_value(value: &Value) -> Outcome<Option<Edge>> {
        if value.is_null() {
            return Ok(None);
        }
        let fields = Fields::open(value, "edge", 2)?;
        Ok(Some(Edge {
            ulid: fields.parsed("ulid", Ulid::parse)?,
            event: fields.parsed("event", EventId::parse)?,
        }))
    }
}

fn skipped(value: &Value) -> Outcome<BTreeMap<Text, u64>> {
    let Value::Map(map) = value else {
        return Err(CheckpointError::Field("skipped"));
    };
    let count = |value: &Value| {
        value
            .as_integer()
            .and_then(|integer| u64::try_from(integer).ok())
    };
    map.iter()
        .map(|(name, value)| Some((name.clone(), count(value)?)))
        .collect::<Option<_>>()
        .ok_or(CheckpointError::Field("skipped"))
}

/// A map of exactly the fields that are asked for.
struct Fields<'a>(&'a Map);

impl<'a> Fields<'a> {
    fn open(value: &'a Value, what: &'static str, field_count: usize) -> Outcome<Fields<'a>> {
        match value {
            Value::Map(map) if map.len() == field_count => Ok(Fields(map)),
            _ => Err(CheckpointError::Field(what)),
        }
    }

    fn get(&self, name: &'static str) -> Outcome<&'a Value> {
        self.0.get(name).ok_or(CheckpointError::Field(name))
    }

    fn text(&self, name: &'static str) -> Outcome<&'a str> {
        self.get(name)?.as_str().ok_or(CheckpointError::Field(name))
    }

    fn count(&self, name: &'static str) -> Outcome<u64> {
        let integer = self.get(name)?.as_integer();
        integer
            .and_then(|integer| u64::try_from(integer).ok())
            .ok_or(CheckpointError::Field(name))
    }

    fn parsed<T, E>(&self, name: &'static str, parse: impl Fn(&str) -> Result<T, E>) -> Outcome<T> {
        parse(self.text(name)?).map_err(|_| CheckpointError::Field(name))
    }
}
