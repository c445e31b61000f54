//! Cuts: what of each journal still counts when a version takes something away.
//!
//! A version that takes away a key, a right or a rule lists, for the journals it affects, the last event that is
//! accepted under older versions. An affected journal that is not listed keeps none. Events beyond the cut that name
//! an older version are never folded, so back-dating buys a thief nothing.
//!
//! Where one key signed two branches, a version chooses: it names the event at the first place where they differ, and
//! cuts the journal like any other that takes away. The other branch is no journal of this repository any more.
//!
//! INVARIANT: the verdict on an event depends on its journal, its place in it, the version it names and the chain.
//! Format: docs/formats/governance.md. Tests: tests/it/cuts.rs, with a slow twin.

use alloc::vec::Vec;

use gatos_values::{Actor, EventId, JournalName, KeyId, Map, Namespace, Text, Value};

use super::error::GovernanceError;
use super::fields::{Fields, bad};

/// The last accepted event of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutEntry {
    /// Which journal.
    pub journal: JournalName,
    /// How many events of it are accepted, from 1 on.
    pub count: u64,
    /// The id of the last of them.
    pub event: EventId,
}

/// Whose journals a version affects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CutScope {
    /// Every journal: a rule changed for all.
    All,
    /// One journal: of two branches one was chosen.
    Journal(JournalName),
    /// The journals of an actor: it lost a level, a group or a grant.
    Actor(Actor),
    /// The journals of a key: it ended.
    Key(KeyId),
    /// The journals of a namespace: it lost a mark.
    Namespace(Namespace),
}

impl CutScope {
    /// Whether a journal is affected.
    #[must_use]
    pub fn affects(&self, journal: &JournalName) -> bool {
        match self {
            CutScope::All => true,
            CutScope::Actor(actor) => journal.actor == *actor,
            CutScope::Journal(name) => journal == name,
            CutScope::Key(key) => journal.key == *key,
            CutScope::Namespace(ns) => journal.ns == *ns,
        }
    }
}

/// What a version cut: whom it affects, and what of them it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Whom it affects: sorted, unique, at least one.
    pub scopes: Vec<CutScope>,
    /// What it keeps: sorted by journal.
    pub entries: Vec<CutEntry>,
}

impl Cut {
    /// Whether a journal is affected.
    #[must_use]
    pub fn affects(&self, journal: &JournalName) -> bool {
        self.scopes.iter().any(|scope| scope.affects(journal))
    }

    /// What is kept of a journal.
    #[must_use]
    pub fn entry(&self, journal: &JournalName) -> Option<&CutEntry> {
        self.entries
            .binary_search_by(|entry| entry.journal.cmp(journal))
            .ok()
            .map(|index| &self.entries[index])
    }
}

/// The cuts of one journal, oldest first: what a reader asks while it walks the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalCuts {
    cuts: Vec<JournalCut>,
    choices: Vec<JournalChoice>,
}

/// One version's choice between the branches of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalChoice {
    /// The version that chose.
    pub version: u64,
    /// The first place at which the branches differ, from 1 on.
    pub count: u64,
    /// The event that counts there.
    pub event: EventId,
}

/// One version's cut of one journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalCut {
    /// The version that cut.
    pub version: u64,
    /// How many events of the journal it keeps for older versions.
    pub count: u64,
    /// The id of the last of them; `None` when it keeps none.
    pub event: Option<EventId>,
}

impl JournalCuts {
    pub(super) fn new(cuts: Vec<JournalCut>, choices: Vec<JournalChoice>) -> JournalCuts {
        JournalCuts { cuts, choices }
    }

    /// Whether no version cut this journal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cuts.is_empty()
    }

    /// The cuts, oldest first.
    #[must_use]
    pub fn cuts(&self) -> &[JournalCut] {
        &self.cuts
    }

    /// The choices between branches, oldest first. Each came with a cut.
    #[must_use]
    pub fn choices(&self) -> &[JournalChoice] {
        &self.choices
    }

    /// The cuts as they were when `version` was the newest.
    #[must_use]
    pub fn up_to(&self, version: u64) -> JournalCuts {
        let known = self.cuts.partition_point(|cut| cut.version <= version);
        let chosen = self
            .choices
            .partition_point(|choice| choice.version <= version);
        JournalCuts::new(self.cuts[..known].to_vec(), self.choices[..chosen].to_vec())
    }

    /// Whether a version after `version` cut the journal before its event number `count`, or chose between branches of
    /// it that differ by then: then what was folded of it by then need not count any more.
    #[must_use]
    pub fn disturb(&self, version: u64, count: u64) -> bool {
        let known = self.cuts.partition_point(|cut| cut.version <= version);
        let is_new = |choice: &&JournalChoice| choice.version > version;
        self.cuts[known..].iter().any(|cut| cut.count < count)
            || self
                .choices
                .iter()
                .filter(is_new)
                .any(|choice| choice.count <= count)
    }

    /// The first version that makes the event stale: it is newer than `gov_version`, which the event names, and cut
    /// the journal before the event. `position` counts from 1.
    #[must_use]
    pub fn stale_since(&self, position: u64, gov_version: u64) -> Option<u64> {
        let newer = self.cuts.partition_point(|cut| cut.version <= gov_version);
        self.cuts[newer..]
            .iter()
            .find(|cut| cut.count < position)
            .map(|cut| cut.version)
    }

    /// The first version whose cut or choice names another event at this place: then the journal is not the one that governance
    /// accepted.
    #[must_use]
    pub fn contradicts(&self, position: u64, event: &EventId) -> Option<u64> {
        self.names()
            .filter(|(_, count, named)| *count == position && named != event)
            .map(|(version, _, _)| version)
            .min()
    }

    /// Every event that a version names, with that version and its place: what a journal must hold to be the one that
    /// governance accepted.
    pub fn names(&self) -> impl Iterator<Item = (u64, u64, EventId)> + '_ {
        let kept = self.cuts.iter();
        let kept = kept.filter_map(|cut| Some((cut.version, cut.count, cut.event?)));
        let chosen = self.choices.iter();
        kept.chain(chosen.map(|choice| (choice.version, choice.count, choice.event)))
    }
}

/// A journal as documents name it.
pub(super) fn journal_value(journal: &JournalName) -> Value {
    Text::from_string(journal.short()).map_or(Value::Null, Value::Text)
}

/// The field `journal`.
pub(super) fn read_journal(fields: &mut Fields<'_>) -> Result<JournalName, GovernanceError> {
    let text = fields.text("journal")?;
    JournalName::parse_short(text).map_err(|error| {
        bad(
            &fields.name("journal"),
            &alloc::format!("is wrong: {error}"),
        )
    })
}

pub(super) fn to_value(entries: &[CutEntry]) -> Value {
    let entry = |entry: &CutEntry| {
        Value::Map(
            Map::new()
                .with("count", entry.count)
                .with("event", entry.event.to_value())
                .with("journal", journal_value(&entry.journal)),
        )
    };
    Value::List(entries.iter().map(entry).collect())
}

pub(super) fn read(fields: &mut Fields<'_>) -> Result<CutEntry, GovernanceError> {
    Ok(CutEntry {
        journal: read_journal(fields)?,
        count: fields.unsigned("count")?,
        event: fields.parsed("event")?,
    })
}

pub(super) fn check(entries: &[CutEntry]) -> Result<(), GovernanceError> {
    super::fields::check_rising("cut", entries.iter().map(|entry| &entry.journal))?;
    match entries.iter().position(|entry| entry.count == 0) {
        None => Ok(()),
        Some(index) => Err(bad(
            &alloc::format!("cut[{index}].count"),
            "is 0; a journal that keeps nothing is not listed",
        )),
    }
}
