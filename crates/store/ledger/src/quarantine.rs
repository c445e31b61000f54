//! Quarantine: events that were acknowledged or received but do not fit are pinned and reported, never dropped.
//!
//! A quarantine ref points at a commit whose tree holds `report.json` and whose parents are the branches set
//! aside, so `git gc` keeps them and `git log` shows them. An *equivocation* (two signed events of one key with
//! one `prev`) also makes the journal stand still until governance picks a branch. Which one, and putting the journal
//! on it, is the node's work; here it is noted that it was done, and both branches stay pinned.
//!
//! INVARIANT: after a call returns, every commit set aside is reachable from a ref on disk.
//! Format: docs/formats/repository.md. Tests: ../tests/it/quarantine.rs.

use gatos_values::{EventId, JournalName, Map, Text, Ulid, Value, json};

use crate::codec;
use crate::commit;
use crate::error::LedgerError;
use crate::git::Repository;
use crate::object_id::{ObjectId, ObjectKind};
use crate::objects;
use crate::pack::{self, PackObject};
use crate::refs::{self, RefChange};

/// Where acknowledged events go whose journal was moved by other hands.
const DISPLACED: &str = "refs/gatos/quarantine/displaced/";
/// Where both branches of an equivocation go.
const EQUIVOCATION: &str = "refs/gatos/quarantine/equivocation/";
/// Where it is noted that an equivocation is settled, by the same name.
const SETTLED: &str = "refs/gatos/quarantine/settled/";

/// What was set aside and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineReport {
    /// The journal concerned.
    pub journal: JournalName,
    /// The ref that pins it.
    pub reference: String,
    /// Events set aside, oldest first.
    pub events: Vec<EventId>,
    /// Why.
    pub reason: String,
}

/// An equivocation that is not settled: its journal stands still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenEquivocation {
    /// The journal concerned.
    pub journal: JournalName,
    /// The ref that pins both branches.
    pub reference: String,
    /// The newest commits of the branches.
    pub tips: Vec<ObjectId>,
}

/// A branch to pin: its newest commit, its oldest event beyond the fork, and its newest ULID.
#[derive(Clone, Copy, Debug)]
pub struct Branch {
    /// Newest commit.
    pub tip: ObjectId,
    /// First event beyond the fork.
    pub first: EventId,
    /// ULID of that event.
    pub first_ulid: Ulid,
}

/// Pins acknowledged events of a journal whose ref now holds `found`.
///
/// `ours` are the events with the contents of their commits, oldest first; they are written again, so the
/// call does not depend on what became of an earlier pack.
///
/// # Errors
/// What the disk said; the events are then still in the log.
pub fn set_aside_displaced(
    repository: &Repository,
    journal: &JournalName,
    ours: &[(EventId, Ulid, &[u8])],
    found: Option<ObjectId>,
    reason: &str,
) -> Result<QuarantineReport, LedgerError> {
    let objects: Vec<PackObject<'_>> = ours
        .iter()
        .map(|(_, _, content)| PackObject::new(ObjectKind::Commit, content))
        .collect();
    let kept = pack::write_pack(&repository.pack_dir(), objects)?;
    let (Some(first), Some(last)) = (ours.first(), ours.last()) else {
        return Err(LedgerError::Internal("nothing to set aside"));
    };
    let events: Vec<EventId> = ours.iter().map(|(id, _, _)| *id).collect();
    let report = pin(
        repository,
        DISPLACED,
        journal,
        &[codec::commit_id(last.2)],
        found,
        first.0,
        first.1,
        &events,
        reason,
    )?;
    kept.release()?;
    Ok(report)
}

/// Pins both branches of an equivocation. The journal's own ref stays where it is.
///
/// # Errors
/// What the disk said.
pub fn set_aside_equivocation(
    repository: &Repository,
    journal: &JournalName,
    ours: Branch,
    theirs: Branch,
) -> Result<QuarantineReport, LedgerError> {
    // Both clones must come to the same ref and bytes, so the branches are ordered by their events.
    let (low, high) = if ours.first <= theirs.first {
        (ours, theirs)
    } else {
        (theirs, ours)
    };
    pin(
        repository,
        EQUIVOCATION,
        journal,
        &[low.tip, high.tip],
        None,
        low.first,
        low.first_ulid.max(high.first_ulid),
        &[low.first, high.first],
        "two signed events of one key name the same event before them",
    )
}

#[allow(
    clippy::too_many_arguments,
    reason = "one private function serves both kinds of quarantine"
)]
fn pin(
    repository: &Repository,
    root: &str,
    journal: &JournalName,
    parents: &[ObjectId],
    found: Option<ObjectId>,
    name: EventId,
    date: Ulid,
    events: &[EventId],
    reason: &str,
) -> Result<QuarantineReport, LedgerError> {
    let document = report_json(journal, parents, found, events, reason)?;
    let blob = objects::write_loose(repository, ObjectKind::Blob, &document)?;
    let mut tree = b"100644 report.json\0".to_vec();
    tree.extend_from_slice(blob.as_bytes());
    let tree = objects::write_loose(repository, ObjectKind::Tree, &tree)?;
    let person = codec::system_person_line("quarantine", date);
    let mut content = format!("tree {tree}\n");
    for parent in parents {
        content.push_str(&format!("parent {parent}\n"));
    }
    content.push_str(&format!(
        "author {person}\ncommitter {person}\n\nquarantine {}\n\n{reason}\n",
        journal.short()
    ));
    let commit = objects::write_loose(repository, ObjectKind::Commit, content.as_bytes())?;
    let reference = format!("{}{}", prefix(root, journal), short_name(&name));
    let expected = refs::read(repository, &reference)?;
    if expected != Some(commit) {
        refs::update(
            repository,
            &[RefChange {
                name: reference.clone(),
                expected,
                new: commit,
            }],
        )?;
    }
    Ok(QuarantineReport {
        journal: journal.clone(),
        reference,
        events: events.to_vec(),
        reason: reason.to_owned(),
    })
}

fn prefix(root: &str, journal: &JournalName) -> String {
    let path = journal.short();
    let path = path.strip_prefix("gatos/journal/").unwrap_or(&path);
    format!("{root}{path}/")
}

/// The first 16 hex digits of an event id.
fn short_name(id: &EventId) -> String {
    id.to_string()
        .trim_start_matches("blake3:")
        .chars()
        .take(16)
        .collect()
}

fn report_json(
    journal: &JournalName,
    parents: &[ObjectId],
    found: Option<ObjectId>,
    events: &[EventId],
    reason: &str,
) -> Result<Vec<u8>, LedgerError> {
    let text = |content: &str| {
        Text::new(content)
            .map(Value::Text)
            .map_err(|_| LedgerError::Internal("our own words are in NFC"))
    };
    let mut commits = Vec::new();
    for parent in parents {
        commits.push(text(&parent.to_string())?);
    }
    let mut ids = Vec::new();
    for id in events {
        ids.push(text(&id.to_string())?);
    }
    let mut map = Map::new();
    map.insert(Text::from_ascii("commits"), Value::List(commits));
    map.insert(Text::from_ascii("events"), Value::List(ids));
    map.insert(
        Text::from_ascii("found"),
        match found {
            Some(found) => text(&found.to_string())?,
            None => Value::Null,
        },
    );
    map.insert(Text::from_ascii("journal"), text(&journal.short())?);
    map.insert(Text::from_ascii("reason"), text(reason)?);
    map.insert(Text::from_ascii("v"), Value::Integer(1));
    json::encode_canonical(&Value::Map(map))
        .map_err(|_| LedgerError::Internal("a report is a plain document"))
}

/// The equivocations that are not settled, by the names of their refs.
///
/// # Errors
/// What the ref store said, and commits that cannot be read.
pub fn open_equivocations(repository: &Repository) -> Result<Vec<OpenEquivocation>, LedgerError> {
    let mut found = Vec::new();
    for (reference, commit) in refs::list(repository, EQUIVOCATION)? {
        let path = &reference[EQUIVOCATION.len()..];
        let name = path.rsplit_once('/').map(|(journal, _)| journal);
        let journal =
            name.map(|name| JournalName::parse_ref(&format!("refs/gatos/journal/{name}")));
        let Some(Ok(journal)) = journal else { continue };
        if refs::read(repository, &settled_name(&reference))?.is_some() {
            continue;
        }
        let content = objects::Reader::new(repository).commit(commit)?;
        // What is no report of ours freezes its journal all the same; there is nothing to settle it by.
        let Ok((_, tips)) = commit::head_of(&content) else {
            continue;
        };
        found.push(OpenEquivocation {
            journal,
            reference,
            tips,
        });
    }
    Ok(found)
}

/// Notes that an equivocation is settled: its journal moves again. Both branches stay pinned.
///
/// # Errors
/// What the ref store said.
pub fn note_settled(
    repository: &Repository,
    equivocation: &OpenEquivocation,
) -> Result<(), LedgerError> {
    let Some(commit) = refs::read(repository, &equivocation.reference)? else {
        return Ok(());
    };
    let name = settled_name(&equivocation.reference);
    let expected = refs::read(repository, &name)?;
    let new = commit;
    refs::update(
        repository,
        &[RefChange {
            name,
            expected,
            new,
        }],
    )?;
    Ok(())
}

/// Whether a quarantine ref is about an equivocation that is settled, or says so of one.
///
/// # Errors
/// What the ref store said.
pub fn is_settled(repository: &Repository, reference: &str) -> Result<bool, LedgerError> {
    if reference.starts_with(SETTLED) {
        return Ok(true);
    }
    Ok(reference.starts_with(EQUIVOCATION)
        && refs::read(repository, &settled_name(reference))?.is_some())
}

fn settled_name(reference: &str) -> String {
    reference.replacen(EQUIVOCATION, SETTLED, 1)
}

/// Refuses to go on with a journal that stands still because of an equivocation.
///
/// # Errors
/// `JOURNAL_FROZEN` naming the quarantine ref.
pub fn refuse_if_frozen(repository: &Repository, journal: &JournalName) -> Result<(), LedgerError> {
    for (reference, _) in refs::list(repository, &prefix(EQUIVOCATION, journal))? {
        if refs::read(repository, &settled_name(&reference))?.is_none() {
            return Err(LedgerError::Frozen {
                journal: journal.clone(),
                reference,
            });
        }
    }
    Ok(())
}

/// Every quarantine ref with the commit that reports it.
///
/// # Errors
/// What the ref store said.
pub fn list(repository: &Repository) -> Result<Vec<(String, ObjectId)>, LedgerError> {
    Ok(refs::list(repository, "refs/gatos/quarantine/")?)
}
