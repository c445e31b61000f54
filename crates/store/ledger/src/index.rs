//! The index as the writer and readers use it: position tables and the hash look-up together.
//!
//! Everything here can be rebuilt from Git; nothing here is believed over Git. `table` and `lookup` own the
//! bytes; this file keeps both in step with the refs, through `walk` and its admission.
//!
//! INVARIANT: a record is in a table only after its commit was admitted and its ref, on disk, contains it.
//! Format: docs/formats/index.md. Tests: index/tests.rs.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use gatos_values::{Actor, EventId, IdempotencyKey, JournalName, Namespace, SealedEvent, Ulid};

use crate::codec;
use crate::error::LedgerError;
use crate::git::Repository;
use crate::lookup::{self, Lookup};
use crate::object_id::ObjectId;
use crate::objects::Reader;
use crate::table::{Record, TableReader, TableWriter};
use crate::walk::{self, Admission, Step, WalkEnd};
use crate::writer::{StoredEvent, Tip};

impl Step {
    /// What is kept of an event that this writer itself has appended.
    pub fn of(event: &SealedEvent, commit: ObjectId) -> Step {
        Step {
            commit,
            id: event.id(),
            ulid: event.envelope().ulid,
            idem: event.envelope().idem.clone(),
        }
    }

    pub(crate) fn record(&self) -> Record {
        Record {
            ulid: self.ulid,
            event: self.id,
            commit: self.commit,
        }
    }
}

/// The index, open for writing under the writer's lock.
pub struct Index {
    directory: PathBuf,
    lookup: Lookup,
}

impl Index {
    /// Opens (or begins) the index in a folder.
    ///
    /// # Errors
    /// `IO`, `READ_ONLY`, `DISK_FULL`. A damaged file is no error: it is begun anew.
    pub fn open_for_writing(directory: &Path) -> Result<Index, LedgerError> {
        Ok(Index {
            directory: directory.to_owned(),
            lookup: Lookup::open(directory)?,
        })
    }

    /// Brings a journal's table up to its ref, judging what is new, and returns the journal's tip.
    ///
    /// # Errors
    /// `FF_VIOLATION` when the ref does not contain what was admitted before, or the refusal of a new event.
    pub fn catch_up(
        &mut self,
        repository: &Repository,
        journal: &JournalName,
        visible: Option<ObjectId>,
        admission: &dyn Admission,
    ) -> Result<Option<Tip>, LedgerError> {
        let mut table = TableWriter::open(&self.directory, journal)?;
        let reader = TableReader::open(&self.directory, journal)?;
        let caught = catch_up_from(repository, journal, reader.as_ref(), visible, admission)?;
        if caught.usable_count < table.count() {
            table.truncate(caught.usable_count)?;
        }
        // Before anything is added: coverage counts from the first event on, and what lies below must not
        // be taken for indexed because something above it is.
        self.index_missing(repository, journal, &table)?;
        if !caught.new_steps.is_empty() {
            self.append_to(&mut table, journal, &caught.new_steps)?;
            table.sync()?;
        }
        tip_of(&table)
    }

    /// Lets go of all but the first `count` events of a journal.
    ///
    /// # Errors
    /// What the disk said.
    pub fn keep_first(&mut self, journal: &JournalName, count: u64) -> Result<(), LedgerError> {
        let mut table = TableWriter::open(&self.directory, journal)?;
        table.truncate(count)?;
        if self.lookup.covered(journal)? > table.count() {
            self.lookup.cover(journal, table.count())?;
        }
        self.sync()
    }

    /// Notes events whose ref has moved.
    pub fn append(&mut self, journal: &JournalName, steps: &[Step]) -> Result<(), LedgerError> {
        let mut table = TableWriter::open(&self.directory, journal)?;
        self.append_to(&mut table, journal, steps)?;
        table.sync()?;
        Ok(())
    }

    fn append_to(
        &mut self,
        table: &mut TableWriter,
        journal: &JournalName,
        steps: &[Step],
    ) -> Result<(), LedgerError> {
        let first_position = table.count() + 1;
        let records: Vec<Record> = steps.iter().map(Step::record).collect();
        table.append(&records)?;
        for (offset, step) in steps.iter().enumerate() {
            let position = first_position + offset as u64;
            self.note(journal, position, step)?;
        }
        Ok(())
    }

    fn note(
        &mut self,
        journal: &JournalName,
        position: u64,
        step: &Step,
    ) -> Result<(), LedgerError> {
        self.lookup
            .insert(lookup::event_key(&step.id), journal, position)?;
        if let Some(idem) = &step.idem {
            let key = lookup::idempotency_key(&journal.ns, &journal.actor, idem);
            self.lookup.insert(key, journal, position)?;
        }
        // Above a gap nothing is covered; the next catching up begins at the gap.
        if self.lookup.covered(journal)? + 1 == position {
            self.lookup.cover(journal, position)?;
        }
        Ok(())
    }

    /// Adds to the hash look-up what a crash kept from it, and takes back what the table no longer holds.
    fn index_missing(
        &mut self,
        repository: &Repository,
        journal: &JournalName,
        table: &TableWriter,
    ) -> Result<(), LedgerError> {
        let covered = self.lookup.covered(journal)?;
        if covered > table.count() {
            self.lookup.cover(journal, table.count())?;
        }
        let reader = Reader::new(repository);
        for position in covered + 1..=table.count() {
            let Some(record) = table.reader().record(position)? else {
                break;
            };
            let stored = read_event(&reader, record.commit)?;
            self.note(journal, position, &Step::of(&stored.event, stored.commit))?;
        }
        Ok(())
    }

    /// Makes what was noted durable as far as the index needs it.
    pub fn sync(&mut self) -> Result<(), LedgerError> {
        self.lookup.flush()?;
        Ok(())
    }

    /// Looks an event up by its id.
    pub fn find_id(
        &mut self,
        repository: &Repository,
        id: &EventId,
    ) -> Result<Option<StoredEvent>, LedgerError> {
        self.find(repository, lookup::event_key(id), &|event| {
            event.id() == *id
        })
    }

    /// Looks an actor's event up by its idempotency key.
    pub fn find_idempotency_key(
        &mut self,
        repository: &Repository,
        ns: &Namespace,
        actor: &Actor,
        idem: &IdempotencyKey,
    ) -> Result<Option<StoredEvent>, LedgerError> {
        let key = lookup::idempotency_key(ns, actor, idem);
        self.find(repository, key, &|event| {
            let envelope = event.envelope();
            envelope.ns == *ns && envelope.actor == *actor && envelope.idem.as_ref() == Some(idem)
        })
    }

    /// A hash may belong to several events, so each candidate is read and compared.
    fn find(
        &mut self,
        repository: &Repository,
        key: u64,
        is_wanted: &dyn Fn(&SealedEvent) -> bool,
    ) -> Result<Option<StoredEvent>, LedgerError> {
        let reader = Reader::new(repository);
        for (journal, position) in self.lookup.find(key)? {
            let Some(table) = TableReader::open(&self.directory, &journal)? else {
                continue;
            };
            let Some(record) = table.record(position)? else {
                continue;
            };
            let stored = read_event(&reader, record.commit)?;
            if is_wanted(&stored.event) {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    /// Looks an event of a journal up by its ULID.
    pub fn find_ulid(
        &mut self,
        repository: &Repository,
        journal: &JournalName,
        ulid: Ulid,
    ) -> Result<Option<StoredEvent>, LedgerError> {
        let Some(table) = TableReader::open(&self.directory, journal)? else {
            return Ok(None);
        };
        let position = table.first_position_at_or_after(ulid)?;
        match table.record(position)? {
            Some(record) if record.ulid == ulid => {
                Ok(Some(read_event(&Reader::new(repository), record.commit)?))
            }
            _ => Ok(None),
        }
    }
}

/// Reads and decodes one event; its admission is a matter of the past.
pub(crate) fn read_event(reader: &Reader, commit: ObjectId) -> Result<StoredEvent, LedgerError> {
    let content = reader.commit(commit)?;
    let decoded = codec::decode_event_commit(&content)?;
    Ok(StoredEvent {
        event: decoded.event,
        commit,
    })
}

fn tip_of(table: &TableWriter) -> Result<Option<Tip>, LedgerError> {
    let count = table.count();
    Ok(table.reader().record(count)?.map(|record| Tip {
        id: record.event,
        ulid: record.ulid,
        commit: record.commit,
        count,
    }))
}

/// How far a table can be used, and what stands beyond it.
pub(crate) struct CaughtUp {
    /// Records of the table that the ref contains.
    pub(crate) usable_count: u64,
    /// Admitted events beyond them, oldest first.
    pub(crate) new_steps: Vec<Step>,
}

/// Compares a table with a ref and judges what the table does not hold.
pub(crate) fn catch_up_from(
    repository: &Repository,
    journal: &JournalName,
    table: Option<&TableReader>,
    visible: Option<ObjectId>,
    admission: &dyn Admission,
) -> Result<CaughtUp, LedgerError> {
    let table_count = table.map_or(0, TableReader::count);
    let last = match table {
        Some(table) => table.record(table_count)?,
        None => None,
    };
    let Some(tip) = visible else {
        return match last {
            None => Ok(CaughtUp {
                usable_count: 0,
                new_steps: Vec::new(),
            }),
            Some(known) => Err(LedgerError::Rewritten {
                journal: journal.clone(),
                tip: None,
                known: known.commit,
            }),
        };
    };
    if last.is_some_and(|last| last.commit == tip) {
        return Ok(CaughtUp {
            usable_count: table_count,
            new_steps: Vec::new(),
        });
    }
    if let Some(last) = last {
        // A tip that is not above the last admitted event cannot continue it; there is no need to walk.
        let tip_event = read_event(&Reader::new(repository), tip);
        if tip_event.is_ok_and(|stored| stored.event.envelope().ulid <= last.ulid) {
            return Err(LedgerError::Rewritten {
                journal: journal.clone(),
                tip: Some(tip),
                known: last.commit,
            });
        }
    }
    let known = |commit: ObjectId| last.is_some_and(|last| last.commit == commit);
    let mut steps = Vec::new();
    let end = walk::walk(repository, journal, tip, &known, admission, |step| {
        steps.push(step.clone());
    });
    settle(journal, table_count, last, tip, end, steps)
}

/// Decides what a walk from the ref towards the table's last record means.
fn settle(
    journal: &JournalName,
    table_count: u64,
    last: Option<Record>,
    tip: ObjectId,
    end: WalkEnd,
    mut steps: Vec<Step>,
) -> Result<CaughtUp, LedgerError> {
    if let Some(bad) = end.bad {
        return Err(LedgerError::BadCommit {
            journal: journal.clone(),
            bad,
        });
    }
    let rewritten = |known: ObjectId| LedgerError::Rewritten {
        journal: journal.clone(),
        tip: Some(tip),
        known,
    };
    match (end.joined, last) {
        (Some(joined), Some(last)) => {
            if let Some(oldest) = end.oldest {
                walk::link(
                    oldest.prev,
                    oldest.ulid,
                    None,
                    Some((last.event, last.ulid, None)),
                )
                .map_err(|refusal| LedgerError::BadCommit {
                    journal: journal.clone(),
                    bad: walk::BadCommit {
                        commit: joined,
                        refusal,
                    },
                })?;
            }
            steps.reverse();
            Ok(CaughtUp {
                usable_count: table_count,
                new_steps: steps,
            })
        }
        (None, Some(last)) => {
            // The walk reached the root without meeting the last record. Either the table is ahead of the ref
            // (a crash between the two leaves it so only for records whose ref never moved, which a synced
            // table cannot hold), or the journal was rewritten.
            Err(rewritten(last.commit))
        }
        (_, None) => {
            steps.reverse();
            Ok(CaughtUp {
                usable_count: 0,
                new_steps: steps,
            })
        }
    }
}

/// Looks an event up by its id without the writer's lock; none also when the index does not know it (yet).
pub(crate) fn find_id_read_only(
    repository: &Repository,
    id: &EventId,
) -> Result<Option<StoredEvent>, LedgerError> {
    let directory = crate::reading::index_directory(repository);
    let Some(lookup) = Lookup::open_read_only(&directory)? else {
        return Ok(None);
    };
    let reader = Reader::new(repository);
    for (journal, position) in lookup.find(lookup::event_key(id))? {
        let Some(table) = TableReader::open(&directory, &journal)? else {
            continue;
        };
        if let Some(record) = table.record(position)?
            && record.event == *id
        {
            return Ok(Some(read_event(&reader, record.commit)?));
        }
    }
    Ok(None)
}
