//! The hash look-up: from a hash of an event id or idempotency key to where the event may stand.
//!
//! A cache over all journals of a repository: entries (hash → journal, position) in a short log and in
//! sorted runs that are merged geometrically, as in a log-structured merge tree. Several entries may
//! have one hash; comparing the events themselves is the caller's work, and so is adding what
//! [`Lookup::covered`] says is missing.
//!
//! INVARIANT 1: after a crash the look-up covers less than it did, and says so; what it says it covers
//! it finds. INVARIANT 2: a damaged file gives `INDEX_CORRUPT` or is begun anew, never a missing entry.
//! INVARIANT 3: readers need no lock: they see the look-up as it was at one moment.
//! Format: docs/formats/index.md. Vectors: vectors/ledger. Tests: lookup/tests.rs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gatos_values::{Actor, ErrorCode, EventId, IdempotencyKey, JournalName, Namespace};

use crate::files::{self, FileError};

mod log;
mod manifest;
mod run;
#[cfg(test)]
mod tests;

use log::{Batch, Log};
use manifest::{Journals, Manifest};
use run::{Run, RunWriter};

/// Entries in the log before they become a run.
const LOG_ENTRIES_MAX: usize = 1 << 14;
/// How often a reader starts again because a writer replaced the files meanwhile.
const READER_TRIES_MAX: usize = 50;

/// Why the look-up could not be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LookupError {
    /// A file is not what was written. The look-up can be begun anew and filled from Git.
    #[error("`{}` is damaged: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// A position or a number of journals beyond 2^32 − 1.
    #[error("the look-up holds positions and journals up to 4294967295")]
    TooMany,
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl LookupError {
    /// `INDEX_CORRUPT`, `TOO_LARGE`, `DISK_FULL`, `READ_ONLY` or `IO`.
    pub fn code(&self) -> ErrorCode {
        match self {
            LookupError::Corrupt { .. } => ErrorCode::IndexCorrupt,
            LookupError::TooMany => ErrorCode::TooLarge,
            LookupError::File(error) => error.code(),
        }
    }

    fn is_corrupt(&self) -> bool {
        matches!(self, LookupError::Corrupt { .. })
    }

    fn is_not_found(&self) -> bool {
        matches!(self, LookupError::File(error) if error.is_not_found())
    }
}

/// The hash under which an event is found by its id.
pub fn event_key(id: &EventId) -> u64 {
    first_eight(id.as_bytes())
}

/// The hash under which an actor's event is found by its idempotency key.
pub fn idempotency_key(ns: &Namespace, actor: &Actor, idem: &IdempotencyKey) -> u64 {
    let mut hasher = blake3::Hasher::new();
    // None of the three can contain a zero byte.
    for part in ["idem", ns.as_str(), actor.as_str(), idem.as_str()] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    first_eight(hasher.finalize().as_bytes())
}

fn first_eight(bytes: &[u8; 32]) -> u64 {
    u64::from_be_bytes(*bytes.first_chunk().expect("32 bytes hold 8"))
}

/// One statement: an event with this hash stands in this journal at this position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: u64,
    journal: u32,
    position: u32,
}

const ENTRY_SIZE: usize = 16;

impl Entry {
    fn to_bytes(self) -> [u8; ENTRY_SIZE] {
        let mut bytes = [0; ENTRY_SIZE];
        bytes[..8].copy_from_slice(&self.key.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.journal.to_be_bytes());
        bytes[12..].copy_from_slice(&self.position.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; ENTRY_SIZE]) -> Entry {
        let number = u128::from_be_bytes(bytes);
        Entry {
            key: (number >> 64) as u64,
            journal: (number >> 32) as u32,
            position: number as u32,
        }
    }

    fn first_with(key: u64) -> Entry {
        Entry {
            key,
            journal: 0,
            position: 0,
        }
    }
}

/// An open look-up. With [`Lookup::open`] for the holder of the writer's lock, otherwise for reading.
#[derive(Debug)]
pub struct Lookup {
    directory: PathBuf,
    manifest: Manifest,
    /// Oldest and largest first.
    runs: Vec<Run>,
    log: Log,
    /// The entries of the log and of what is not flushed yet.
    recent: BTreeSet<Entry>,
    journals: Journals,
    pending: Pending,
    log_entries_max: usize,
}

/// What was told since the last flush.
#[derive(Debug, Default)]
struct Pending {
    first_new_journal: usize,
    covered: BTreeMap<u32, u64>,
    entries: Vec<Entry>,
}

impl Lookup {
    /// Opens the look-up of an index folder for writing. One that is missing or damaged is begun anew:
    /// it then covers nothing.
    pub fn open(directory: &Path) -> Result<Lookup, LookupError> {
        Lookup::open_sized(directory, LOG_ENTRIES_MAX)
    }

    fn open_sized(directory: &Path, log_entries_max: usize) -> Result<Lookup, LookupError> {
        files::create_directory_durable(directory)?;
        let opened = match Lookup::read(directory, true) {
            Err(error) if error.is_corrupt() || error.is_not_found() => None,
            other => other?,
        };
        let mut lookup = match opened {
            Some(lookup) => lookup,
            None => Lookup::begin(directory)?,
        };
        lookup.log_entries_max = log_entries_max;
        lookup.remove_unused()?;
        Ok(lookup)
    }

    /// Opens the look-up for reading, as it is now; `None` when there is none.
    pub fn open_read_only(directory: &Path) -> Result<Option<Lookup>, LookupError> {
        for _ in 0..READER_TRIES_MAX {
            match Lookup::read(directory, false) {
                // A writer replaced the files between our reading the manifest and opening them.
                Err(error) if error.is_not_found() => {}
                other => return other,
            }
        }
        Lookup::read(directory, false)
    }

    fn read(directory: &Path, writes: bool) -> Result<Option<Lookup>, LookupError> {
        let Some((manifest, mut journals)) = manifest::read(directory)? else {
            return Ok(None);
        };
        let runs = manifest
            .runs
            .iter()
            .map(|number| Run::open(directory, *number));
        let runs = runs.collect::<Result<Vec<Run>, LookupError>>()?;
        let (log, batches) = Log::open(directory, manifest.log, writes)?;
        let mut recent = BTreeSet::new();
        for batch in batches {
            batch
                .journals
                .into_iter()
                .try_for_each(|name| journals.add(name))?;
            for (number, count) in batch.covered {
                journals
                    .cover(number, count)
                    .ok_or_else(|| log.corrupt("an unknown journal is covered"))?;
            }
            recent.extend(batch.entries);
        }
        let first_new_journal = journals.len();
        Ok(Some(Lookup {
            directory: directory.to_path_buf(),
            manifest,
            runs,
            log,
            recent,
            journals,
            pending: Pending {
                first_new_journal,
                ..Pending::default()
            },
            log_entries_max: LOG_ENTRIES_MAX,
        }))
    }

    fn begin(directory: &Path) -> Result<Lookup, LookupError> {
        // Numbers go on from whatever files are there, so that none is taken for another.
        let number = files::list(directory)?
            .iter()
            .filter_map(|name| manifest::number_of(name))
            .max();
        let manifest = Manifest {
            log: number.map_or(1, |number| number + 1),
            runs: Vec::new(),
        };
        let journals = Journals::default();
        let log = Log::create(directory, manifest.log)?;
        manifest::write(directory, &manifest, &journals)?;
        Ok(Lookup {
            directory: directory.to_path_buf(),
            manifest,
            runs: Vec::new(),
            log,
            recent: BTreeSet::new(),
            journals,
            pending: Pending::default(),
            log_entries_max: LOG_ENTRIES_MAX,
        })
    }

    /// Throws everything away: the look-up then covers nothing.
    pub fn begin_anew(&mut self) -> Result<(), LookupError> {
        let log_entries_max = self.log_entries_max;
        *self = Lookup::begin(&self.directory)?;
        self.log_entries_max = log_entries_max;
        self.remove_unused()
    }

    /// Adds an entry: it is found at once and kept by the next [`Lookup::flush`].
    pub fn insert(
        &mut self,
        key: u64,
        journal: &JournalName,
        position: u64,
    ) -> Result<(), LookupError> {
        let entry = Entry {
            key,
            journal: self.journals.number(journal)?,
            position: u32::try_from(position).map_err(|_| LookupError::TooMany)?,
        };
        if self.recent.insert(entry) {
            self.pending.entries.push(entry);
        }
        Ok(())
    }

    /// Notes that all entries of a journal's first `count` events were inserted.
    pub fn cover(&mut self, journal: &JournalName, count: u64) -> Result<(), LookupError> {
        let number = self.journals.number(journal)?;
        self.journals.cover(number, count);
        self.pending.covered.insert(number, count);
        Ok(())
    }

    /// How many events of a journal are covered.
    pub fn covered(&self, journal: &JournalName) -> Result<u64, LookupError> {
        Ok(self.journals.covered(journal))
    }

    /// Everything with this hash: journals and positions, from 1, to be compared by the caller.
    pub fn find(&self, key: u64) -> Result<Vec<(JournalName, u64)>, LookupError> {
        let mut found = BTreeSet::new();
        for run in &self.runs {
            run.find(key, &mut found)?;
        }
        let recent = self.recent.range(Entry::first_with(key)..);
        found.extend(recent.take_while(|entry| entry.key == key));
        let named = found.into_iter().map(|entry| {
            let journal = self.journals.name(entry.journal);
            let journal =
                journal.ok_or_else(|| self.log.corrupt("an entry names an unknown journal"))?;
            Ok((journal, u64::from(entry.position)))
        });
        named.collect()
    }

    /// Writes what was inserted and covered. It needs no flush to the disk: what a crash takes away is
    /// not covered afterwards.
    pub fn flush(&mut self) -> Result<(), LookupError> {
        let batch = Batch {
            journals: self.journals.names_from(self.pending.first_new_journal),
            covered: self
                .pending
                .covered
                .iter()
                .map(|(number, count)| (*number, *count))
                .collect(),
            entries: self.pending.entries.clone(),
        };
        if !batch.is_empty() {
            self.log.append(&batch)?;
            self.pending = Pending {
                first_new_journal: self.journals.len(),
                ..Pending::default()
            };
        }
        if self.recent.len() >= self.log_entries_max {
            self.merge()?;
        }
        Ok(())
    }

    /// Checks every entry and tells how many there are.
    pub fn verify(&self) -> Result<u64, LookupError> {
        let mut count = self.recent.len() as u64;
        for run in &self.runs {
            for entry in run.entries() {
                entry?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Turns the log, with the runs that are not much larger, into one run.
    fn merge(&mut self) -> Result<(), LookupError> {
        // An earlier try may have failed half-way and left files of the same numbers.
        self.remove_unused()?;
        let mut total = self.recent.len() as u64;
        let mut kept = self.runs.len();
        while kept > 0 && self.runs[kept - 1].entry_count() < 2 * total {
            kept -= 1;
            total += self.runs[kept].entry_count();
        }
        let (run_number, log_number) = (self.manifest.log + 1, self.manifest.log + 2);
        let mut writer = RunWriter::create(&self.directory, run_number, total)?;
        merge_sorted(&self.runs[kept..], &self.recent, |entry| writer.push(entry))?;
        let run = writer.finish()?;
        let log = Log::create(&self.directory, log_number)?;
        let mut runs = self.manifest.runs[..kept].to_vec();
        runs.push(run_number);
        let manifest = Manifest {
            log: log_number,
            runs,
        };
        manifest::write(&self.directory, &manifest, &self.journals)?;
        self.manifest = manifest;
        self.runs.truncate(kept);
        self.runs.push(run);
        self.log = log;
        self.recent.clear();
        self.remove_unused()
    }

    /// Removes files of the look-up that the manifest does not name.
    fn remove_unused(&self) -> Result<(), LookupError> {
        for name in files::list(&self.directory)? {
            let is_unused = manifest::number_of(&name).is_some_and(|number| {
                number != self.manifest.log && !self.manifest.runs.contains(&number)
            });
            if is_unused {
                files::remove(&self.directory.join(name))?;
            }
        }
        Ok(())
    }
}

/// Hands the entries of all sources to `accept`, in order, each once.
fn merge_sorted(
    runs: &[Run],
    recent: &BTreeSet<Entry>,
    mut accept: impl FnMut(Entry) -> Result<(), LookupError>,
) -> Result<(), LookupError> {
    type Source<'a> = Box<dyn Iterator<Item = Result<Entry, LookupError>> + 'a>;
    let mut sources: Vec<Source<'_>> = vec![Box::new(recent.iter().map(|entry| Ok(*entry)))];
    for run in runs {
        sources.push(Box::new(run.entries()));
    }
    // The next entry of each source; equal entries of two sources are one.
    let mut heads: BTreeSet<(Entry, usize)> = BTreeSet::new();
    for (index, source) in sources.iter_mut().enumerate() {
        if let Some(entry) = source.next() {
            heads.insert((entry?, index));
        }
    }
    let mut last = None;
    while let Some((entry, index)) = heads.pop_first() {
        if last != Some(entry) {
            accept(entry)?;
            last = Some(entry);
        }
        if let Some(next) = sources[index].next() {
            heads.insert((next?, index));
        }
    }
    Ok(())
}
