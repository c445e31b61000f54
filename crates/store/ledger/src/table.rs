//! Position tables: for each journal, which event stands where, without walking history.
//!
//! A table is a cache of one journal: record `n` tells ULID, event id and commit of the `n`-th event,
//! counted from 1. It can be thrown away and rebuilt from Git at any time; keeping it in step with
//! the ref, and believing Git over it, is the index's work.
//!
//! INVARIANT 1: every record is checked when it is read, with its position and the record before it:
//! a table gives the record that was written, or `INDEX_CORRUPT`, or says that it ends before.
//! INVARIANT 2: ULIDs rise along a table. INVARIANT 3: readers need no lock; what a writer adds while
//! they read, they see or do not see, but never in part.
//! Format: docs/formats/index.md. Vectors: vectors/ledger. Tests: table/tests.rs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatos_values::{ErrorCode, EventId, JournalName, Ulid, hex};

use crate::files::{self, DurableFile, FileError};
use crate::object_id::ObjectId;

#[cfg(test)]
mod tests;

const MAGIC: [u8; 8] = *b"GATOSTBL";
const VERSION: u32 = 1;
const NAME_START: usize = 16;
const DIGEST_START: usize = 992;
const HEADER_SIZE: usize = 1024;
const MARK_START: u64 = 1024;
const MARK_SIZE: usize = 16;
const RECORDS_START: u64 = 1536;
const RECORD_SIZE: usize = 72;
const CHECK_SIZE: usize = 4;
const CONTENT_SIZE: usize = RECORD_SIZE - CHECK_SIZE;
const SUFFIX: &str = ".table";
/// Records read at once when many are read.
const CHUNK_RECORDS: usize = 1024;

/// Why a table could not be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TableError {
    /// A record is not the one that was written.
    #[error("`{}` is damaged at record {position}", path.display())]
    Corrupt {
        /// The table.
        path: PathBuf,
        /// The position of the record, from 1.
        position: u64,
    },
    /// An event does not come after the one before it.
    #[error("ULID `{ulid}` does not come after `{last}`, which stands at position {position}")]
    NotRising {
        /// The ULID that was to be appended.
        ulid: Ulid,
        /// The last one in the table.
        last: Ulid,
        /// Its position.
        position: u64,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl TableError {
    /// `INDEX_CORRUPT`, `ULID_NOT_RISING`, `DISK_FULL`, `READ_ONLY` or `IO`.
    pub fn code(&self) -> ErrorCode {
        match self {
            TableError::Corrupt { .. } => ErrorCode::IndexCorrupt,
            TableError::NotRising { .. } => ErrorCode::UlidNotRising,
            TableError::File(error) => error.code(),
        }
    }
}

/// What a table keeps of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Its ULID.
    pub ulid: Ulid,
    /// Its id.
    pub event: EventId,
    /// The commit that holds it.
    pub commit: ObjectId,
}

impl Record {
    fn to_content(self) -> [u8; CONTENT_SIZE] {
        let mut bytes = [0; CONTENT_SIZE];
        bytes[..16].copy_from_slice(&self.ulid.to_bytes());
        bytes[16..48].copy_from_slice(self.event.as_bytes());
        bytes[48..].copy_from_slice(self.commit.as_bytes());
        bytes
    }

    fn from_content(bytes: &[u8; CONTENT_SIZE]) -> Record {
        Record {
            ulid: Ulid::from_bytes(*bytes.first_chunk().expect("inside")),
            event: EventId::from_bytes(*bytes[16..].first_chunk().expect("inside")),
            commit: ObjectId::from_bytes(*bytes[48..].first_chunk().expect("inside")),
        }
    }
}

/// Ties a record to its position and to the record before it.
type Check = [u8; CHECK_SIZE];

fn check(before: Check, position: u64, content: &[u8; CONTENT_SIZE]) -> Check {
    let mut input = [0; CHECK_SIZE + 8 + CONTENT_SIZE];
    input[..4].copy_from_slice(&before);
    input[4..12].copy_from_slice(&position.to_be_bytes());
    input[12..].copy_from_slice(content);
    *blake3::hash(&input)
        .as_bytes()
        .first_chunk()
        .expect("32 bytes hold 4")
}

/// The file of a journal's table in the index folder.
pub fn path(directory: &Path, journal: &JournalName) -> PathBuf {
    let digest = blake3::hash(journal.short().as_bytes());
    directory.join(format!("{}{SUFFIX}", hex::encode(&digest.as_bytes()[..16])))
}

/// The journals that have a table in the index folder, sorted; damaged tables are left out.
pub fn list(directory: &Path) -> Result<Vec<JournalName>, FileError> {
    let mut journals = Vec::new();
    for name in files::list(directory)? {
        if !name.ends_with(SUFFIX) {
            continue;
        }
        match DurableFile::open_to_read(&directory.join(name)) {
            Ok(file) => journals.extend(Header::read(&file)?.map(|header| header.journal)),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    journals.sort();
    Ok(journals)
}

/// A table open for reading, as long as it was when it was opened or refreshed.
#[derive(Debug, Clone)]
pub struct TableReader {
    file: Arc<DurableFile>,
    header: Header,
    count: u64,
}

impl TableReader {
    /// Opens the table of a journal; `None` when there is none, or none that can be used.
    pub fn open(
        directory: &Path,
        journal: &JournalName,
    ) -> Result<Option<TableReader>, TableError> {
        let file = match DurableFile::open_to_read(&path(directory, journal)) {
            Ok(file) => file,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match Header::read(&file)? {
            Some(header) if header.journal == *journal => TableReader::with(file, header).map(Some),
            _ => Ok(None),
        }
    }

    fn with(file: DurableFile, header: Header) -> Result<TableReader, TableError> {
        let mut table = TableReader {
            file: Arc::new(file),
            header,
            count: 0,
        };
        table.refresh()?;
        Ok(table)
    }

    /// Sees what was added since, and what was cut off.
    pub fn refresh(&mut self) -> Result<(), TableError> {
        let fitting = self.file.length()?.saturating_sub(RECORDS_START) / RECORD_SIZE as u64;
        let marked = self.read_mark()?.min(fitting);
        let is_good =
            |position| Ok::<bool, FileError>(position == 0 || self.read(position)?.is_ok());
        // What lies before the mark was flushed; behind it a crash may have left anything.
        let start = if is_good(marked)? { marked } else { 0 };
        let mut count = start;
        while count < fitting {
            let chunk = self.read_chunk(count + 1, fitting - count)?;
            count += chunk.records.len() as u64;
            if chunk.records.is_empty() || chunk.is_damaged {
                break;
            }
        }
        self.count = count;
        Ok(())
    }

    /// The journal the table belongs to.
    pub fn journal(&self) -> &JournalName {
        &self.header.journal
    }

    /// The number of records.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The last record.
    pub fn last(&self) -> Result<Option<Record>, TableError> {
        self.record(self.count)
    }

    /// The record at a position, from 1; `None` at 0 and beyond the end.
    pub fn record(&self, position: u64) -> Result<Option<Record>, TableError> {
        if position == 0 || position > self.count {
            return Ok(None);
        }
        match self.read(position)? {
            Ok(record) => Ok(Some(record)),
            Err(Unreadable::Missing) => Ok(None),
            Err(Unreadable::Damaged) => Err(self.corrupt(position)),
        }
    }

    /// Up to `count_max` records from a position on.
    pub fn records(&self, first: u64, count_max: usize) -> Result<Vec<Record>, TableError> {
        let mut records = Vec::new();
        let mut next = first.max(1);
        while next <= self.count && records.len() < count_max {
            let wanted = (count_max - records.len()) as u64;
            let chunk = self.read_chunk(next, wanted.min(self.count + 1 - next))?;
            next += chunk.records.len() as u64;
            let is_empty = chunk.records.is_empty();
            records.extend(chunk.records);
            if chunk.is_damaged {
                return Err(self.corrupt(next));
            }
            if is_empty {
                break;
            }
        }
        Ok(records)
    }

    /// The first position whose ULID is at least `ulid`; one beyond the end when there is none.
    pub fn first_position_at_or_after(&self, ulid: Ulid) -> Result<u64, TableError> {
        let (mut low, mut high) = (1, self.count + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.record(middle)? {
                Some(record) if record.ulid < ulid => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// The position of the event with this ULID.
    pub fn find_ulid(&self, ulid: Ulid) -> Result<Option<(u64, Record)>, TableError> {
        let position = self.first_position_at_or_after(ulid)?;
        let record = self.record(position)?.filter(|record| record.ulid == ulid);
        Ok(record.map(|record| (position, record)))
    }

    fn corrupt(&self, position: u64) -> TableError {
        TableError::Corrupt {
            path: self.file.path().to_path_buf(),
            position,
        }
    }

    fn read(&self, position: u64) -> Result<Result<Record, Unreadable>, FileError> {
        let mut bytes = [0; CHECK_SIZE + RECORD_SIZE];
        let start = offset_of(position) - CHECK_SIZE as u64;
        if self.file.read_at(&mut bytes, start)? < bytes.len() {
            return Ok(Err(Unreadable::Missing));
        }
        let before = self.check_before(position, *bytes.first_chunk().expect("inside"));
        let (content, found) = split_record(&bytes[CHECK_SIZE..]);
        Ok(if check(before, position, content) == found {
            Ok(Record::from_content(content))
        } else {
            Err(Unreadable::Damaged)
        })
    }

    fn read_chunk(&self, first: u64, count_max: u64) -> Result<Chunk, FileError> {
        let wanted = usize::try_from(count_max)
            .unwrap_or(usize::MAX)
            .min(CHUNK_RECORDS);
        let mut bytes = vec![0; CHECK_SIZE + wanted * RECORD_SIZE];
        let filled = self
            .file
            .read_at(&mut bytes, offset_of(first) - CHECK_SIZE as u64)?;
        bytes.truncate(filled);
        let mut chunk = Chunk {
            records: Vec::with_capacity(wanted),
            is_damaged: false,
        };
        let Some((before, records)) = bytes.split_first_chunk() else {
            return Ok(chunk);
        };
        let mut before = self.check_before(first, *before);
        for (position, record) in (first..).zip(records.chunks_exact(RECORD_SIZE)) {
            let (content, found) = split_record(record);
            if check(before, position, content) != found {
                chunk.is_damaged = true;
                break;
            }
            chunk.records.push(Record::from_content(content));
            before = found;
        }
        Ok(chunk)
    }

    fn check_before(&self, position: u64, stored: Check) -> Check {
        if position == 1 {
            self.header.seed()
        } else {
            stored
        }
    }

    /// How many records were flushed for certain.
    fn read_mark(&self) -> Result<u64, FileError> {
        let mut bytes = [0; MARK_SIZE];
        self.file.read_at(&mut bytes, MARK_START)?;
        let count = u64::from_be_bytes(*bytes.first_chunk().expect("inside"));
        Ok(if bytes == self.header.mark(count) {
            count
        } else {
            0
        })
    }
}

enum Unreadable {
    Missing,
    Damaged,
}

struct Chunk {
    records: Vec<Record>,
    is_damaged: bool,
}

fn offset_of(position: u64) -> u64 {
    RECORDS_START + (position - 1) * RECORD_SIZE as u64
}

fn split_record(bytes: &[u8]) -> (&[u8; CONTENT_SIZE], Check) {
    let (content, check) = bytes.split_first_chunk().expect("a record was read");
    (content, *check.first_chunk().expect("a record was read"))
}

/// A table open for writing, by the holder of the writer's lock.
#[derive(Debug)]
pub struct TableWriter {
    table: TableReader,
    last: Option<Record>,
    /// The check of the last record, on which the next one builds.
    check: Check,
}

impl TableWriter {
    /// Opens the table of a journal, begins it when there is none that can be used, and cuts off what
    /// a crash left incomplete.
    pub fn open(directory: &Path, journal: &JournalName) -> Result<TableWriter, TableError> {
        files::create_directory_durable(directory)?;
        let path = path(directory, journal);
        let file = match DurableFile::open_to_write(&path) {
            Ok(file) => Header::read(&file)?
                .filter(|header| header.journal == *journal)
                .map(|header| (file, header)),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error.into()),
        };
        let (file, header) = match file {
            Some(found) => found,
            None => begin(&path, journal)?,
        };
        let table = TableReader::with(file, header)?;
        if table.file.length()? > offset_of(table.count + 1) {
            table.file.set_length(offset_of(table.count + 1))?;
        }
        let mut writer = TableWriter {
            table,
            last: None,
            check: [0; CHECK_SIZE],
        };
        writer.read_last()?;
        Ok(writer)
    }

    fn read_last(&mut self) -> Result<(), TableError> {
        let count = self.table.count;
        self.last = self.table.last()?;
        let mut stored = [0; CHECK_SIZE];
        self.table
            .file
            .read_at(&mut stored, offset_of(count + 1) - CHECK_SIZE as u64)?;
        self.check = self.table.check_before(count + 1, stored);
        Ok(())
    }

    /// A reader of what is there now.
    pub fn reader(&self) -> TableReader {
        self.table.clone()
    }

    /// The number of records.
    pub fn count(&self) -> u64 {
        self.table.count
    }

    /// Appends records, all or none; they are flushed by [`TableWriter::sync`].
    pub fn append(&mut self, records: &[Record]) -> Result<(), TableError> {
        let mut bytes = Vec::with_capacity(records.len() * RECORD_SIZE);
        let mut last = self.last;
        let mut before = self.check;
        for (position, record) in (self.table.count + 1..).zip(records) {
            if let Some(last) = last.filter(|last| last.ulid >= record.ulid) {
                let (ulid, last, position) = (record.ulid, last.ulid, position - 1);
                return Err(TableError::NotRising {
                    ulid,
                    last,
                    position,
                });
            }
            let content = record.to_content();
            before = check(before, position, &content);
            bytes.extend_from_slice(&content);
            bytes.extend_from_slice(&before);
            last = Some(*record);
        }
        self.table
            .file
            .write_all_at(&bytes, offset_of(self.table.count + 1))?;
        self.table.count += records.len() as u64;
        (self.last, self.check) = (last, before);
        Ok(())
    }

    /// Flushes what was appended.
    pub fn sync(&mut self) -> Result<(), TableError> {
        self.table.file.sync()?;
        self.write_mark()
    }

    /// Cuts the table to its first `count` records and flushes it.
    pub fn truncate(&mut self, count: u64) -> Result<(), TableError> {
        if count < self.table.count {
            self.table.file.set_length(offset_of(count + 1))?;
            self.table.count = count;
            self.read_last()?;
            // The mark must not outlive the records it speaks of.
            self.write_mark()?;
            self.table.file.sync()?;
        }
        Ok(())
    }

    fn write_mark(&self) -> Result<(), TableError> {
        let mark = self.table.header.mark(self.table.count);
        Ok(self.table.file.write_all_at(&mark, MARK_START)?)
    }
}

/// Writes a table without records under a temporary name and gives it its own.
fn begin(path: &Path, journal: &JournalName) -> Result<(DurableFile, Header), FileError> {
    let header = Header {
        journal: journal.clone(),
        digest: [0; 32],
    };
    let bytes = header.to_bytes();
    let temporary = files::temporary_beside(path);
    let file = DurableFile::create(&temporary)?;
    let written = file
        .write_all_at(&bytes, 0)
        .and_then(|()| files::rename(&temporary, path));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    let file = DurableFile::open_to_write(path)?;
    let digest = *bytes[DIGEST_START..]
        .first_chunk()
        .expect("the header ends with the digest");
    Ok((file, Header { digest, ..header }))
}

/// Which journal a table belongs to, and the digest of that statement.
#[derive(Debug, Clone)]
struct Header {
    journal: JournalName,
    digest: [u8; 32],
}

impl Header {
    /// Reads the header; `None` unless it is exactly one that [`begin`] writes.
    fn read(file: &DurableFile) -> Result<Option<Header>, FileError> {
        let mut bytes = [0; HEADER_SIZE];
        let filled = file.read_at(&mut bytes, 0)?;
        Ok(if filled == HEADER_SIZE {
            Header::parse(&bytes)
        } else {
            None
        })
    }

    fn parse(bytes: &[u8; HEADER_SIZE]) -> Option<Header> {
        let size = u32::from_be_bytes(*bytes[12..].first_chunk()?);
        let name = bytes[NAME_START..DIGEST_START].get(..usize::try_from(size).ok()?)?;
        let journal = JournalName::parse_short(std::str::from_utf8(name).ok()?).ok()?;
        let digest = *bytes[DIGEST_START..].first_chunk()?;
        let header = Header { journal, digest };
        (header.to_bytes() == *bytes).then_some(header)
    }

    fn to_bytes(&self) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        let name = self.journal.short();
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_be_bytes());
        let size = u32::try_from(name.len()).expect("names of journals have at most 620 bytes");
        bytes[12..16].copy_from_slice(&size.to_be_bytes());
        bytes[NAME_START..NAME_START + name.len()].copy_from_slice(name.as_bytes());
        let digest = blake3::hash(&bytes[..DIGEST_START]);
        bytes[DIGEST_START..].copy_from_slice(digest.as_bytes());
        bytes
    }

    /// What stands for the check of the record before the first.
    fn seed(&self) -> Check {
        *self.digest.last_chunk().expect("32 bytes hold 4")
    }

    /// The statement that the first `count` records are on the disk.
    fn mark(&self, count: u64) -> [u8; MARK_SIZE] {
        let mut input = [0; 40];
        input[..32].copy_from_slice(&self.digest);
        input[32..].copy_from_slice(&count.to_be_bytes());
        let mut mark = [0; MARK_SIZE];
        mark[..8].copy_from_slice(&count.to_be_bytes());
        mark[8..].copy_from_slice(&blake3::hash(&input).as_bytes()[..8]);
        mark
    }
}
