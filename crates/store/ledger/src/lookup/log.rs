//! The log of the look-up: batches of entries, each chained to the one before by its digest.
//!
//! Nothing here is flushed to the disk: the first batch that is not whole ends the log, and what it
//! would have covered is not covered. Layout: docs/formats/index.md, "Log". TWIN: lookup log.

use std::path::Path;

use super::manifest::{self, Fields, push_name};
use super::{ENTRY_SIZE, Entry, LookupError};
use crate::files::{DurableFile, FileError};

const MAGIC: [u8; 8] = *b"GATOSLUL";
const VERSION: u32 = 1;
const HEADER_SIZE: usize = 24;
const COUNTS_SIZE: usize = 12;
const DIGEST_SIZE: usize = 32;

/// What one flush of the look-up adds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// Short names of journals that get the next numbers.
    pub(super) journals: Vec<String>,
    pub(super) covered: Vec<(u32, u64)>,
    pub(super) entries: Vec<Entry>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.journals.is_empty() && self.covered.is_empty() && self.entries.is_empty()
    }

    fn encode(&self, before: &[u8; DIGEST_SIZE]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for count in [self.journals.len(), self.covered.len(), self.entries.len()] {
            let count = u32::try_from(count).expect("a batch in memory has fewer than 2^32 parts");
            bytes.extend_from_slice(&count.to_be_bytes());
        }
        self.journals
            .iter()
            .for_each(|name| push_name(&mut bytes, name));
        for (number, count) in &self.covered {
            bytes.extend_from_slice(&number.to_be_bytes());
            bytes.extend_from_slice(&count.to_be_bytes());
        }
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.to_bytes());
        }
        let digest = chained(before, &bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// Reads a batch off the front of `fields`; `None` unless it is whole.
    fn decode(
        fields: &mut Fields<'_>,
        before: &[u8; DIGEST_SIZE],
    ) -> Option<(Batch, [u8; DIGEST_SIZE])> {
        let start = fields.rest;
        let mut counts = Fields {
            rest: fields.take(COUNTS_SIZE)?,
        };
        let (journals, covered, entries) = (counts.u32()?, counts.u32()?, counts.u32()?);
        let mut batch = Batch::default();
        for _ in 0..journals {
            batch.journals.push(fields.name()?);
        }
        for _ in 0..covered {
            batch.covered.push((fields.u32()?, fields.u64()?));
        }
        let bytes = fields.take(usize::try_from(entries).ok()?.checked_mul(ENTRY_SIZE)?)?;
        let (chunks, _) = bytes.as_chunks();
        batch
            .entries
            .extend(chunks.iter().map(|chunk| Entry::from_bytes(*chunk)));
        let content = &start[..start.len() - fields.rest.len()];
        let digest = chained(before, content);
        (fields.take(DIGEST_SIZE)? == digest).then_some((batch, digest))
    }
}

fn chained(before: &[u8; DIGEST_SIZE], content: &[u8]) -> [u8; DIGEST_SIZE] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    hasher.update(content);
    *hasher.finalize().as_bytes()
}

/// An open log.
#[derive(Debug)]
pub(super) struct Log {
    file: DurableFile,
    end: u64,
    last_digest: [u8; DIGEST_SIZE],
}

impl Log {
    /// Makes an empty log.
    pub(super) fn create(directory: &Path, number: u64) -> Result<Log, FileError> {
        let file = DurableFile::create(&manifest::path(directory, number, "log"))?;
        let header = header(number);
        file.write_all_at(&header, 0)?;
        // An empty log that was lost would look like damage.
        file.sync()?;
        Ok(Log {
            file,
            end: HEADER_SIZE as u64,
            last_digest: *blake3::hash(&header).as_bytes(),
        })
    }

    /// Opens a log and reads its whole batches; a writer cuts off the rest.
    pub(super) fn open(
        directory: &Path,
        number: u64,
        writes: bool,
    ) -> Result<(Log, Vec<Batch>), LookupError> {
        let path = manifest::path(directory, number, "log");
        let file = if writes {
            DurableFile::open_to_write(&path)?
        } else {
            DurableFile::open_to_read(&path)?
        };
        let bytes = file.read_all()?;
        let header = header(number);
        let Some(rest) = bytes.strip_prefix(&header) else {
            return Err(LookupError::Corrupt {
                path,
                reason: "the header of the log is not its own",
            });
        };
        let mut fields = Fields { rest };
        let mut log = Log {
            file,
            end: 0,
            last_digest: *blake3::hash(&header).as_bytes(),
        };
        let mut batches = Vec::new();
        let mut left = rest.len();
        while let Some((batch, digest)) = Batch::decode(&mut fields, &log.last_digest) {
            log.last_digest = digest;
            left = fields.rest.len();
            batches.push(batch);
        }
        log.end = (bytes.len() - left) as u64;
        if writes && left > 0 {
            log.file.set_length(log.end)?;
        }
        Ok((log, batches))
    }

    pub(super) fn append(&mut self, batch: &Batch) -> Result<(), FileError> {
        let bytes = batch.encode(&self.last_digest);
        self.file.write_all_at(&bytes, self.end)?;
        self.end += bytes.len() as u64;
        self.last_digest = *bytes.last_chunk().expect("a batch ends with its digest");
        Ok(())
    }

    pub(super) fn corrupt(&self, reason: &'static str) -> LookupError {
        LookupError::Corrupt {
            path: self.file.path().to_path_buf(),
            reason,
        }
    }
}

fn header(number: u64) -> [u8; HEADER_SIZE] {
    let mut bytes = [0; HEADER_SIZE];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_be_bytes());
    bytes[16..].copy_from_slice(&number.to_be_bytes());
    bytes
}
