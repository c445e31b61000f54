//! Requests: the closed context a decision is about, and the trust snapshot in it.
//!
//! The caller fills it: the gate from an envelope and the governance version it names, the command line from a file.
//! A part that is `None` is missing, and what reads it is unknown.
//!
//! INVARIANT: a [`TrustSnapshot`] is sorted by actor without repeats, and the groups of an entry by name.
//! Tests: tests/it/language/decides.rs.

use super::intent::Intent;
use alloc::vec::Vec;
use gatos_values::{Text, Value};

/// What is asked, by whom, about what.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What is asked for.
    pub intent: Intent,
    /// Who asks, for example `user:alice`.
    pub actor: Option<&'a str>,
    /// The capabilities that hold: granted by the trust state and claimed by the envelope.
    pub caps: Option<&'a [&'a str]>,
    /// The labels of the data.
    pub labels: Option<&'a [&'a str]>,
    /// The other side as the door names it: `none`, `internal`, or the name of a remote.
    pub remote: Option<&'a str>,
    /// The address of the other side, IPv4 or IPv6.
    pub remote_addr: Option<&'a str>,
    /// The epoch of the event.
    pub epoch: Option<u64>,
    /// The target's path, for example `gatos/journal/finance/user:alice/00112233aabbccdd`.
    pub path: Option<&'a str>,
    /// The resource URI.
    pub resource: Option<&'a str>,
    /// The payload.
    pub payload: Option<&'a Value>,
    /// Who is trusted how far, at the governance version the request is judged under.
    pub trust: &'a TrustSnapshot,
}

impl<'a> Request<'a> {
    /// A request of which only the intent is known, and the trust.
    #[must_use]
    pub const fn new(intent: Intent, trust: &'a TrustSnapshot) -> Request<'a> {
        Request {
            intent,
            actor: None,
            caps: None,
            labels: None,
            remote: None,
            remote_addr: None,
            epoch: None,
            path: None,
            resource: None,
            payload: None,
            trust,
        }
    }
}

/// Actors with their levels and groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustSnapshot {
    entries: Vec<(Text, TrustEntry)>,
}

/// What is known of one actor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustEntry {
    /// How far it is trusted; what a level means is the policy's to say.
    pub level: i64,
    /// The groups it belongs to, sorted by name.
    pub groups: Vec<Text>,
}

impl TrustSnapshot {
    /// Nobody.
    pub const EMPTY: TrustSnapshot = TrustSnapshot {
        entries: Vec::new(),
    };

    /// A snapshot of these actors, in any order; of two entries for one actor the later counts.
    #[must_use]
    pub fn from_entries(entries: impl IntoIterator<Item = (Text, TrustEntry)>) -> TrustSnapshot {
        let mut snapshot = TrustSnapshot::EMPTY;
        for (actor, entry) in entries {
            snapshot.insert(actor, entry);
        }
        snapshot
    }

    /// Sets what is known of an actor.
    pub fn insert(&mut self, actor: Text, mut entry: TrustEntry) {
        entry.groups.sort();
        entry.groups.dedup();
        match self.position(&actor) {
            Ok(index) => self.entries[index].1 = entry,
            Err(index) => self.entries.insert(index, (actor, entry)),
        }
    }

    /// What is known of an actor.
    #[must_use]
    pub fn get(&self, actor: &str) -> Option<&TrustEntry> {
        self.position(actor)
            .ok()
            .map(|index| &self.entries[index].1)
    }

    /// The actors in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &TrustEntry)> {
        self.entries.iter().map(|(actor, entry)| (actor, entry))
    }

    fn position(&self, actor: &str) -> Result<usize, usize> {
        self.entries
            .binary_search_by(|(known, _)| known.as_str().cmp(actor))
    }
}

impl TrustEntry {
    /// Whether the actor belongs to the group.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups
            .binary_search_by(|known| known.as_str().cmp(group))
            .is_ok()
    }
}
