//! Arguments that several verbs share, and what they open.

use crate::moment::{self, MomentError};
use crate::verbs;
use gatos_node::at_least::PATIENCE_DEFAULT;
use gatos_node::gate::reading::Reading;
use gatos_node::{Node, NodeOptions, Outcome};
use gatos_values::{Actor, EventId, Glob, GlobError, Namespace, SealedEvent, Ulid};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Which namespace.
#[derive(Clone, Debug, clap::Args)]
pub struct NamespaceArgument {
    /// Namespace: 1 to 8 names joined by `/`
    #[arg(short, long, value_name = "NS", value_parser = Namespace::parse)]
    pub ns: Namespace,
}

/// Who signs, and with which key.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Signing {
    /// Who acts: `user:NAME`, `agent:NAME` or `service:NAME` [default: this clone's `gatos.actor`]
    #[arg(long, value_name = "ACTOR", value_parser = Actor::parse)]
    pub actor: Option<Actor>,
    /// With which key.
    #[command(flatten)]
    pub key: KeyArgument,
}

/// The environment variable that stands in for `--key`.
const KEY_VARIABLE: &str = "GATOS_KEY";

/// With which key.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct KeyArgument {
    /// Private key file, or id of a key at hand [default: one enrolled for the actor]
    #[arg(long, value_name = "KEY", env = KEY_VARIABLE, hide_env_values = true)]
    pub key: Option<String>,
}

/// The repository here, to be read, or written by those who usually do.
///
/// # Errors
/// As [`Node::open`].
pub fn open() -> Outcome<Node> {
    open_as(&unnamed())
}

/// The repository here, whatever state its governance is in.
///
/// # Errors
/// As [`Node::open_to_examine`].
pub fn open_to_examine() -> Outcome<Node> {
    Node::open_to_examine(&here(), options(&unnamed()))
}

/// Nobody named on the command line; the environment may name a key.
fn unnamed() -> Signing {
    let named = std::env::var(KEY_VARIABLE)
        .ok()
        .filter(|key| !key.is_empty());
    Signing {
        actor: None,
        key: KeyArgument { key: named },
    }
}

/// The repository here, with the wishes of somebody who is going to sign.
///
/// # Errors
/// As [`Node::open`].
pub fn open_as(signing: &Signing) -> Outcome<Node> {
    Node::open(&here(), options(signing))
}

fn options(signing: &Signing) -> NodeOptions {
    NodeOptions {
        actor: signing.actor.clone(),
        key: signing.key.key.clone(),
        ..NodeOptions::default()
    }
}

/// The full path, so that messages say more than `.`.
fn here() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from(verbs::HERE))
}

/// Which event a read must see.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AtLeast {
    /// Answer only once this event is seen: the `token` of an append, to read your own write
    #[arg(long, value_name = "TOKEN", value_parser = event_id)]
    at_least: Option<EventId>,
}

impl AtLeast {
    /// Waits until the event is visible.
    ///
    /// # Errors
    /// As [`Node::await_event`].
    pub fn await_event(&self, node: &Node) -> Outcome<()> {
        match &self.at_least {
            Some(token) => node.await_event(token, PATIENCE_DEFAULT).map(drop),
            None => Ok(()),
        }
    }

    /// Waits until the event is visible, and makes sure that the state covers it.
    ///
    /// # Errors
    /// As [`Node::await_state`].
    pub fn await_state(&self, node: &Node, ns: &Namespace) -> Outcome<()> {
        match &self.at_least {
            Some(token) => node.await_state(ns, token, PATIENCE_DEFAULT),
            None => Ok(()),
        }
    }
}

/// For whom a read is done.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Serving {
    /// Answer as if this actor asked: what the policy in force does not let it read is left out
    #[arg(long = "for", value_name = "ACTOR", value_parser = Actor::parse)]
    served: Option<Actor>,
}

impl Serving {
    /// What whoever is served may see; none where the clone's own user reads.
    ///
    /// # Errors
    /// As [`Node::reading_for`].
    pub fn reading<'n>(&self, node: &'n Node) -> Outcome<Option<Reading<'n>>> {
        self.served
            .as_ref()
            .map(|actor| node.reading_for(actor))
            .transpose()
    }

    /// Refuses an event that whoever is served may not see.
    ///
    /// # Errors
    /// `POLICY_DENY`, `CAP_EXPIRED`.
    pub fn check_event(&self, node: &Node, event: &SealedEvent) -> Outcome<()> {
        let refusal = match self.reading(node)? {
            Some(reading) => reading.refuse_event(event.envelope())?,
            None => None,
        };
        refusal.map_or(Ok(()), Err)
    }
}

/// A point in a history: a ULID, or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// This very ULID.
    Ulid(Ulid),
    /// Milliseconds since 1970.
    TimeMs(u64),
}

impl Moment {
    /// Reads a ULID or a time; ages count back from now.
    ///
    /// # Errors
    /// [`MomentError`].
    pub fn parse(text: &str) -> Result<Moment, MomentError> {
        match Ulid::parse(text) {
            Ok(ulid) => Ok(Moment::Ulid(ulid)),
            Err(_) => moment::parse_time_ms(text, now_ms()).map(Moment::TimeMs),
        }
    }

    /// The lowest ULID at or after this point.
    pub fn first_ulid(self) -> Ulid {
        match self {
            Moment::Ulid(ulid) => ulid,
            // Times a moment can have fit the 48 bits of a ULID.
            Moment::TimeMs(time_ms) => Ulid::from_parts(time_ms, 0).unwrap_or(Ulid::from_bits(0)),
        }
    }

    /// The highest ULID at or before this point.
    pub fn last_ulid(self) -> Ulid {
        let first = self.first_ulid();
        match self {
            Moment::Ulid(_) => first,
            Moment::TimeMs(_) => Ulid::from_bits(first.bits() | ULID_RANDOM_BITS),
        }
    }
}

/// The low 80 bits of a ULID.
const ULID_RANDOM_BITS: u128 = (1 << 80) - 1;

fn now_ms() -> u64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// A glob over event types.
///
/// # Errors
/// [`GlobError`].
pub fn type_glob(text: &str) -> Result<Glob, GlobError> {
    Glob::parse(text, '.')
}

/// An event id as typed.
///
/// # Errors
/// As [`EventId::parse`].
pub fn event_id(text: &str) -> Result<EventId, gatos_values::DigestError> {
    EventId::parse(text)
}
