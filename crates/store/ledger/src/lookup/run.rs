//! Runs: sorted entries in a file that never changes, found through a table of buckets.
//!
//! The leading bits of a hash choose a bucket; a bucket of some sixteen entries is read and checked
//! as a whole, so a look-up costs two small reads and loads nothing.
//! Layout: docs/formats/index.md, "Run". TWIN: lookup run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::manifest;
use super::{ENTRY_SIZE, Entry, LookupError};
use crate::files::{self, DurableFile, FileError};

const MAGIC: [u8; 8] = *b"GATOSLUR";
const VERSION: u32 = 1;
const CHECKED_SIZE: usize = 32;
const HEADER_SIZE: usize = 64;
const BUCKET_SIZE: usize = 8;
const BUCKET_BITS_MAX: u32 = 16;
const BUCKET_ENTRIES: u64 = 16;
const WRITE_SIZE: usize = 1 << 20;

/// An open run.
#[derive(Debug)]
pub(super) struct Run {
    file: DurableFile,
    shape: Shape,
}

/// What the header of a run says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    number: u64,
    entry_count: u64,
    bucket_bits: u32,
}

impl Shape {
    fn to_bytes(self) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.bucket_bits.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_be_bytes());
        bytes[24..CHECKED_SIZE].copy_from_slice(&self.entry_count.to_be_bytes());
        let digest = blake3::hash(&bytes[..CHECKED_SIZE]);
        bytes[CHECKED_SIZE..].copy_from_slice(digest.as_bytes());
        bytes
    }

    fn parse(bytes: &[u8; HEADER_SIZE]) -> Option<Shape> {
        let shape = Shape {
            bucket_bits: u32::from_be_bytes(*bytes[12..].first_chunk()?),
            number: u64::from_be_bytes(*bytes[16..].first_chunk()?),
            entry_count: u64::from_be_bytes(*bytes[24..].first_chunk()?),
        };
        let is_ours = shape.bucket_bits <= BUCKET_BITS_MAX
            && shape.entry_count <= u64::from(u32::MAX)
            && *bytes == shape.to_bytes();
        is_ours.then_some(shape)
    }

    fn bucket_count(&self) -> u64 {
        1 << self.bucket_bits
    }

    fn bucket_of(&self, key: u64) -> u64 {
        // A shift by all 64 bits is none.
        key.checked_shr(64 - self.bucket_bits).unwrap_or(0)
    }

    fn bucket_offset(&self, bucket: u64) -> u64 {
        (HEADER_SIZE as u64) + bucket * BUCKET_SIZE as u64
    }

    fn entry_offset(&self, index: u64) -> u64 {
        self.bucket_offset(self.bucket_count()) + index * ENTRY_SIZE as u64
    }

    /// Ties the entries of a bucket to the bucket, to their place and to this run.
    fn bucket_check(&self, bucket: u64, start: u32, end: u32, entries: &[u8]) -> [u8; 4] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.number.to_be_bytes());
        hasher.update(&self.bucket_bits.to_be_bytes());
        hasher.update(&bucket.to_be_bytes());
        hasher.update(&start.to_be_bytes());
        hasher.update(&end.to_be_bytes());
        hasher.update(entries);
        *hasher
            .finalize()
            .as_bytes()
            .first_chunk()
            .expect("32 bytes hold 4")
    }
}

impl Run {
    pub(super) fn open(directory: &Path, number: u64) -> Result<Run, LookupError> {
        let path = manifest::path(directory, number, "run");
        let file = DurableFile::open_to_read(&path)?;
        let mut bytes = [0; HEADER_SIZE];
        file.read_at(&mut bytes, 0)?;
        let shape = Shape::parse(&bytes).filter(|shape| shape.number == number);
        let Some(shape) = shape else {
            return Err(LookupError::Corrupt {
                path,
                reason: "the header of the run is not its own",
            });
        };
        if file.length()? != shape.entry_offset(shape.entry_count) {
            return Err(LookupError::Corrupt {
                path,
                reason: "the run does not have its length",
            });
        }
        Ok(Run { file, shape })
    }

    pub(super) fn entry_count(&self) -> u64 {
        self.shape.entry_count
    }

    /// Adds the entries with this hash to `found`.
    pub(super) fn find(&self, key: u64, found: &mut BTreeSet<Entry>) -> Result<(), LookupError> {
        let bucket = self.shape.bucket_of(key);
        let entries = self.bucket(bucket)?;
        let start = entries.partition_point(|entry| entry.key < key);
        found.extend(entries[start..].iter().take_while(|entry| entry.key == key));
        Ok(())
    }

    /// All entries in order, bucket by bucket.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<Entry, LookupError>> + '_ {
        (0..self.shape.bucket_count()).flat_map(|bucket| {
            let (entries, error) = match self.bucket(bucket) {
                Ok(entries) => (entries, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            entries.into_iter().map(Ok).chain(error)
        })
    }

    /// The entries of one bucket, checked.
    fn bucket(&self, bucket: u64) -> Result<Vec<Entry>, LookupError> {
        let mut bytes = [0; 2 * BUCKET_SIZE];
        // The bucket before tells where this one begins; before the first stands the digest.
        let filled = self.file.read_at(
            &mut bytes,
            self.shape.bucket_offset(bucket) - BUCKET_SIZE as u64,
        )?;
        let number = |at: usize| u32::from_be_bytes(*bytes[at..].first_chunk().expect("inside"));
        let start = if bucket == 0 { 0 } else { number(0) };
        let end = number(BUCKET_SIZE);
        if filled < bytes.len() || start > end || u64::from(end) > self.shape.entry_count {
            return Err(self.corrupt());
        }
        let mut entries = vec![0; (end - start) as usize * ENTRY_SIZE];
        let filled = self
            .file
            .read_at(&mut entries, self.shape.entry_offset(u64::from(start)))?;
        let check = self.shape.bucket_check(bucket, start, end, &entries);
        if filled < entries.len() || bytes[BUCKET_SIZE + 4..] != check {
            return Err(self.corrupt());
        }
        let (chunks, _) = entries.as_chunks();
        Ok(chunks
            .iter()
            .map(|chunk| Entry::from_bytes(*chunk))
            .collect())
    }

    fn corrupt(&self) -> LookupError {
        LookupError::Corrupt {
            path: self.file.path().to_path_buf(),
            reason: "a bucket does not match its checksum",
        }
    }
}

/// Writes a run from entries in rising order; only the table of buckets is kept in memory.
#[derive(Debug)]
pub(super) struct RunWriter {
    file: DurableFile,
    directory: PathBuf,
    shape: Shape,
    buckets: Vec<u8>,
    /// The entries of the bucket that is being filled, and where it begins.
    open_entries: Vec<u8>,
    open_start: u32,
    /// Whole buckets not written yet, and where they go.
    buffer: Vec<u8>,
    buffer_offset: u64,
    last: Option<Entry>,
}

impl RunWriter {
    /// Begins a run of at most `entry_count_max` entries under a temporary name.
    pub(super) fn create(
        directory: &Path,
        number: u64,
        entry_count_max: u64,
    ) -> Result<RunWriter, LookupError> {
        if entry_count_max > u64::from(u32::MAX) {
            return Err(LookupError::TooMany);
        }
        let bucket_bits = (entry_count_max / BUCKET_ENTRIES)
            .max(1)
            .ilog2()
            .min(BUCKET_BITS_MAX);
        let shape = Shape {
            number,
            entry_count: 0,
            bucket_bits,
        };
        let path = manifest::path(directory, number, "run");
        Ok(RunWriter {
            file: DurableFile::create(&files::temporary_beside(&path))?,
            directory: directory.to_path_buf(),
            shape,
            buckets: Vec::new(),
            open_entries: Vec::new(),
            open_start: 0,
            buffer: Vec::new(),
            buffer_offset: shape.entry_offset(0),
            last: None,
        })
    }

    /// Adds an entry, which comes after all before it.
    pub(super) fn push(&mut self, entry: Entry) -> Result<(), LookupError> {
        debug_assert!(self.last < Some(entry), "entries rise");
        self.last = Some(entry);
        while self.open_bucket() < self.shape.bucket_of(entry.key) {
            self.close_bucket();
        }
        self.open_entries.extend_from_slice(&entry.to_bytes());
        self.shape.entry_count += 1;
        if self.buffer.len() >= WRITE_SIZE {
            self.write_buffer()?;
        }
        Ok(())
    }

    /// Completes and flushes the run and gives it its name.
    pub(super) fn finish(mut self) -> Result<Run, LookupError> {
        while self.open_bucket() < self.shape.bucket_count() {
            self.close_bucket();
        }
        self.write_buffer()?;
        self.file
            .write_all_at(&self.buckets, self.shape.bucket_offset(0))?;
        self.file.write_all_at(&self.shape.to_bytes(), 0)?;
        self.file.sync()?;
        files::rename(
            self.file.path(),
            &manifest::path(&self.directory, self.shape.number, "run"),
        )?;
        Run::open(&self.directory, self.shape.number)
    }

    fn open_bucket(&self) -> u64 {
        (self.buckets.len() / BUCKET_SIZE) as u64
    }

    fn close_bucket(&mut self) {
        // At most 2^32 − 1 entries: `create` has seen to it.
        let (start, end) = (self.open_start, self.shape.entry_count as u32);
        let check = self
            .shape
            .bucket_check(self.open_bucket(), start, end, &self.open_entries);
        self.buckets.extend_from_slice(&end.to_be_bytes());
        self.buckets.extend_from_slice(&check);
        self.buffer.append(&mut self.open_entries);
        self.open_start = end;
    }

    fn write_buffer(&mut self) -> Result<(), FileError> {
        self.file.write_all_at(&self.buffer, self.buffer_offset)?;
        self.buffer_offset += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for RunWriter {
    /// Removes what was not finished; after [`RunWriter::finish`] the temporary name is gone.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.file.path());
    }
}
