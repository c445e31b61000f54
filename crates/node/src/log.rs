//! Reading events: by namespace, actor, type, ULID or time, in canonical order, in flat memory.
//!
//! The order is (ULID, event id) over all journals of the namespace. Which journals there are and what
//! stands at which position comes from the ledger's index, brought up to the refs and judged on the way.
//! Tests: ../tests/it/log.rs.

use std::collections::BTreeMap;

use gatos_ledger::reading::{EventReader, JournalView, Selection};
use gatos_ledger::{ObjectId, StoredEvent};
use gatos_values::{
    Actor, ErrorCode, EventId, Glob, JournalName, Namespace, SealedEvent, Ulid, Value,
};

use crate::fault::{Fault, Outcome};
use crate::node::{GovernedAdmission, Node};
use crate::reply;

/// What to read.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// Namespace.
    pub ns: Namespace,
    /// Only this actor's events.
    pub actor: Option<Actor>,
    /// Only types that match (`.` separates, `*` one segment, `**` any).
    pub event_type: Option<Glob>,
    /// From this ULID on, inclusive.
    pub since: Option<Ulid>,
    /// Up to this ULID, exclusive.
    pub until: Option<Ulid>,
    /// At most this many.
    pub limit: Option<u64>,
}

impl LogQuery {
    /// Everything of a namespace.
    pub fn all(ns: Namespace) -> LogQuery {
        LogQuery {
            ns,
            actor: None,
            event_type: None,
            since: None,
            until: None,
            limit: None,
        }
    }
}

/// One event as read.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// Commit that holds it.
    pub commit: ObjectId,
    /// The event.
    pub event: SealedEvent,
}

impl LogEntry {
    /// The `--json` line: `{id, commit, event}`.
    pub fn to_value(&self) -> Outcome<Value> {
        let envelope =
            gatos_values::json::decode_canonical(self.event.bytes(), self.event.bytes().len())?;
        Ok(reply::object(vec![
            ("id", reply::text(&self.event.id().to_string())),
            ("commit", reply::text(&self.commit.to_string())),
            ("event", envelope),
        ]))
    }
}

/// Yields the entries of a query, oldest first.
pub struct LogReader {
    reader: EventReader,
    query: LogQuery,
    given: u64,
}

impl Iterator for LogReader {
    type Item = Outcome<LogEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.query.limit.is_some_and(|limit| self.given >= limit) {
            return None;
        }
        loop {
            let stored = match self.reader.next()? {
                Ok(stored) => stored,
                Err(error) => return Some(Err(error.into())),
            };
            let envelope = stored.event.envelope();
            let wanted = self
                .query
                .event_type
                .as_ref()
                .is_none_or(|glob| glob.matches(envelope.event_type.as_str()));
            if wanted {
                self.given += 1;
                return Some(Ok(LogEntry {
                    commit: stored.commit,
                    event: stored.event,
                }));
            }
        }
    }
}

/// Reads on as journals grow.
///
/// A round is in canonical order; over rounds, an event of another clone may come later than its ULID says.
pub struct Follower<'a> {
    node: &'a Node,
    query: LogQuery,
    seen: BTreeMap<JournalName, u64>,
}

impl Follower<'_> {
    /// The events that have become visible since the last round, in the first round all there are;
    /// nothing where no journal has grown.
    ///
    /// # Errors
    /// As [`Node::log`].
    pub fn round(&mut self) -> Outcome<Option<LogReader>> {
        let views = self.node.views_of(&self.query)?;
        let grown = |view: &JournalView| self.seen.get(view.journal()) != Some(&view.count());
        if !views.iter().any(grown) {
            return Ok(None);
        }
        let mut after = Vec::with_capacity(views.len());
        for view in &views {
            let known = self.seen.insert(view.journal().clone(), view.count());
            after.push(known.unwrap_or(0));
        }
        Ok(Some(self.node.read_beyond(
            views,
            &after,
            self.query.clone(),
        )))
    }
}

impl Node {
    /// The journals whose short names (`gatos/journal/…`) `wanted` accepts, each with its index up to its ref.
    ///
    /// # Errors
    /// The refusal of the first event that may not stand, naming its commit.
    pub fn journal_views(&self, wanted: &dyn Fn(&str) -> bool) -> Outcome<Vec<JournalView>> {
        let admission = GovernedAdmission::new(self.governance()?);
        Ok(gatos_ledger::reading::views(
            self.repository(),
            wanted,
            &admission,
        )?)
    }

    /// Reads events in canonical order.
    ///
    /// # Errors
    /// As [`Node::journal_views`]; while reading, `BAD_COMMIT` and I/O errors.
    pub fn log(&self, query: LogQuery) -> Outcome<LogReader> {
        let views = self.views_of(&query)?;
        Ok(self.read_beyond(views, &[], query))
    }

    /// Starts to follow a query: every round reads what has become visible since the one before.
    pub fn follow(&self, query: LogQuery) -> Follower<'_> {
        Follower {
            node: self,
            query,
            seen: BTreeMap::new(),
        }
    }

    /// The journals a query reads.
    fn views_of(&self, query: &LogQuery) -> Outcome<Vec<JournalView>> {
        let prefix = match &query.actor {
            Some(actor) => {
                format!(
                    "gatos/journal/{}/{}/{}/",
                    query.ns,
                    actor.kind(),
                    actor.name()
                )
            }
            None => format!("gatos/journal/{}/", query.ns),
        };
        let depth = prefix.matches('/').count() + if query.actor.is_some() { 0 } else { 2 };
        // A namespace is a path: `finance` must not read `finance/eu`.
        self.journal_views(&|name| name.starts_with(&prefix) && name.matches('/').count() == depth)
    }

    /// Reads the views without the first `after[i]` events of view i.
    fn read_beyond(&self, views: Vec<JournalView>, after: &[u64], query: LogQuery) -> LogReader {
        let selection = Selection {
            since: query.since,
            until: query.until,
        };
        LogReader {
            reader: EventReader::from_positions(self.repository(), views, after, selection),
            query,
            given: 0,
        }
    }

    /// One event by its id.
    ///
    /// # Errors
    /// `UNKNOWN_EVENT`.
    pub fn find_event(&self, id: &EventId) -> Outcome<StoredEvent> {
        let admission = GovernedAdmission::new(self.governance()?);
        gatos_ledger::reading::find_event(self.repository(), id, &admission)?.ok_or_else(|| {
            Fault::new(
                ErrorCode::UnknownEvent,
                id.to_string(),
                format!("no journal of this repository holds event `{id}`"),
            )
            .with_hint(
                "`gatos event log --ns NS` lists events; `gatos sync` fetches those of others",
            )
        })
    }
}
