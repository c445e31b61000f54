//! Segments: files of the log, written in full before use.
//!
//! The first sector holds the header, which never changes; the second the note, which may be lost
//! at any time without harm; frames follow. A file bears its final name only once its header and
//! all its bytes are on the disk.
//! Layout: docs/formats/wal.md, "Segment". TWIN: wal segment.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::WalError;
use super::frame::Place;
use crate::files::{self, DurableFile, FileError};

/// The size of the first segment, and of every one in a process that writes little.
pub const SEGMENT_SIZE_MIN: u64 = 1 << 20;
/// The size segments grow to; only a group of frames larger than this gets a larger one.
pub const SEGMENT_SIZE_MAX: u64 = 16 << 20;

pub(super) const BLOCK_SIZE: u64 = 4096;
pub(super) const SECTOR_SIZE: usize = 512;
pub(super) const FRAMES_START: u64 = 2 * SECTOR_SIZE as u64;
const NOTE_START: u64 = SECTOR_SIZE as u64;
const NOTE_SIZE: usize = 48;
const MAGIC: [u8; 8] = *b"GATOSWAL";
const VERSION: u32 = 1;
const CHECKED_SIZE: usize = 64;
const HEADER_SIZE: usize = 96;
const SUFFIX: &str = ".wal";
const SPARE_SUFFIX: &str = ".spare";

/// An open segment.
#[derive(Debug)]
pub(super) struct Segment {
    file: DurableFile,
    number: u64,
    first_sequence: u64,
    length: u64,
    id: [u8; 16],
}

/// What the last writer knew when it released frames or closed the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) visible_sequence: u64,
    pub(super) durable_sequence: u64,
}

/// A segment that is complete but does not have its final name yet.
#[must_use]
pub(super) struct Prepared(Segment);

impl Prepared {
    /// Gives the segment its name and flushes the directory.
    pub(super) fn publish(self, directory: &Path) -> Result<Segment, FileError> {
        let Prepared(segment) = self;
        let path = directory.join(name(segment.number));
        files::rename_durable(segment.file.path(), &path)?;
        // Errors should name the file by its final name, so it is opened again under it.
        Ok(Segment {
            file: DurableFile::open_to_write(&path)?,
            ..segment
        })
    }
}

impl Segment {
    /// Makes and names a segment of zeros.
    pub(super) fn create(
        directory: &Path,
        number: u64,
        first_sequence: u64,
        length: u64,
        note: Note,
    ) -> Result<Segment, WalError> {
        let prepared = Segment::prepare(directory, number, first_sequence, length, note)?;
        Ok(prepared.publish(directory)?)
    }

    /// Makes a segment of zeros; a failure leaves nothing behind.
    pub(super) fn prepare(
        directory: &Path,
        number: u64,
        first_sequence: u64,
        length: u64,
        note: Note,
    ) -> Result<Prepared, WalError> {
        let path = files::temporary_beside(&directory.join(name(number)));
        let file = write_zeros(&path, length)?;
        match Segment::head(file, number, first_sequence, length, note) {
            Ok(segment) => Ok(Prepared(segment)),
            Err(error) => {
                let _ = std::fs::remove_file(&path);
                Err(error.into())
            }
        }
    }

    /// Makes a segment of a spare file. The frames in it are dead, since the segment's id is new.
    pub(super) fn reuse(
        spare: &Path,
        number: u64,
        first_sequence: u64,
        length: u64,
        note: Note,
    ) -> Result<Prepared, WalError> {
        let file = DurableFile::open_to_write(spare)?;
        Ok(Prepared(Segment::head(
            file,
            number,
            first_sequence,
            length,
            note,
        )?))
    }

    fn head(
        file: DurableFile,
        number: u64,
        first_sequence: u64,
        length: u64,
        note: Note,
    ) -> Result<Segment, FileError> {
        let segment = Segment {
            file,
            number,
            first_sequence,
            length,
            id: fresh_id(number),
        };
        segment.file.write_all_at(&segment.head_sectors(note), 0)?;
        segment.file.sync()?;
        Ok(segment)
    }

    /// Opens a segment that is there and checks its header.
    pub(super) fn open(directory: &Path, number: u64, writes: bool) -> Result<Segment, WalError> {
        let path = directory.join(name(number));
        let file = if writes {
            DurableFile::open_to_write(&path)?
        } else {
            DurableFile::open_to_read(&path)?
        };
        let mut bytes = [0; HEADER_SIZE];
        file.read_at(&mut bytes, 0)?;
        let corrupt = |position, reason| WalError::Corrupt {
            path: path.clone(),
            position,
            sequence: 0,
            reason,
        };
        let number_at = |at: usize| u64::from_be_bytes(*bytes[at..].first_chunk().expect("inside"));
        if bytes[..8] != MAGIC {
            return Err(corrupt(0, "this is no segment of a log"));
        }
        let version = u32::from_be_bytes(*bytes[8..].first_chunk().expect("inside"));
        if version != VERSION {
            return Err(WalError::UnknownVersion { path, version });
        }
        if *blake3::hash(&bytes[..CHECKED_SIZE]).as_bytes() != bytes[CHECKED_SIZE..] {
            return Err(corrupt(
                0,
                "the checksum of the segment's header does not hold",
            ));
        }
        if number_at(16) != number {
            return Err(corrupt(16, "the segment bears the name of another"));
        }
        let length = number_at(32);
        let found_length = file.length()?;
        if found_length != length {
            return Err(corrupt(
                found_length,
                "the segment does not have the length it was made with",
            ));
        }
        let first_sequence = number_at(24);
        let id = *bytes[40..].first_chunk().expect("inside");
        Ok(Segment {
            file,
            number,
            first_sequence,
            length,
            id,
        })
    }

    /// The sectors of header and note. A note of the file's earlier life is overwritten.
    fn head_sectors(&self, note: Note) -> [u8; 2 * SECTOR_SIZE] {
        let mut bytes = [0; 2 * SECTOR_SIZE];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.first_sequence.to_be_bytes());
        bytes[32..40].copy_from_slice(&self.length.to_be_bytes());
        bytes[40..56].copy_from_slice(&self.id);
        let checksum = *blake3::hash(&bytes[..CHECKED_SIZE]).as_bytes();
        bytes[CHECKED_SIZE..HEADER_SIZE].copy_from_slice(&checksum);
        bytes[SECTOR_SIZE..SECTOR_SIZE + NOTE_SIZE].copy_from_slice(&note.to_bytes(self.id));
        bytes
    }

    /// Removes the segment or turns it into a spare, and flushes the directory.
    pub(super) fn retire(&self, directory: &Path, keeps_spare: bool) -> Result<(), FileError> {
        let removed = if keeps_spare {
            let spare = directory.join(format!("{:016x}{SPARE_SUFFIX}", self.number));
            files::rename(self.file.path(), &spare)
        } else {
            files::remove(self.file.path())
        };
        match removed {
            // An earlier try went as far as here.
            Err(error) if error.is_not_found() => {}
            other => other?,
        }
        // Before a spare's header may be overwritten its new name has to be on the disk.
        files::sync_directory(directory)
    }

    pub(super) fn write_note(&self, note: Note) -> Result<(), FileError> {
        self.file.write_all_at(&note.to_bytes(self.id), NOTE_START)
    }

    /// The note, if one is there and whole.
    pub(super) fn read_note(&self) -> Result<Option<Note>, FileError> {
        let mut bytes = [0; NOTE_SIZE];
        self.file.read_at(&mut bytes, NOTE_START)?;
        Ok(Note::from_bytes(&bytes, self.id))
    }

    pub(super) fn file(&self) -> &DurableFile {
        &self.file
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn first_sequence(&self) -> u64 {
        self.first_sequence
    }

    /// The length in bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn id(&self) -> [u8; 16] {
        self.id
    }

    pub(super) fn place(&self, position: u64, sequence: u64) -> Place {
        Place {
            segment_id: self.id,
            position,
            sequence,
        }
    }
}

impl Note {
    fn to_bytes(self, segment_id: [u8; 16]) -> [u8; NOTE_SIZE] {
        let mut bytes = [0; NOTE_SIZE];
        bytes[..8].copy_from_slice(&self.visible_sequence.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.durable_sequence.to_be_bytes());
        let checksum = note_checksum(&bytes[..16], segment_id);
        bytes[16..].copy_from_slice(&checksum);
        bytes
    }

    fn from_bytes(bytes: &[u8; NOTE_SIZE], segment_id: [u8; 16]) -> Option<Note> {
        let number_at = |at: usize| u64::from_be_bytes(*bytes[at..].first_chunk().expect("inside"));
        (bytes[16..] == note_checksum(&bytes[..16], segment_id)).then(|| Note {
            visible_sequence: number_at(0),
            durable_sequence: number_at(8),
        })
    }
}

fn note_checksum(numbers: &[u8], segment_id: [u8; 16]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"note");
    hasher.update(&segment_id);
    hasher.update(numbers);
    *hasher.finalize().as_bytes()
}

/// The numbers of the segments in a directory, rising.
pub(super) fn numbers(directory: &Path) -> Result<Vec<u64>, FileError> {
    let names = files::list(directory)?;
    Ok(names
        .iter()
        .filter_map(|name| number_of(name, SUFFIX))
        .collect())
}

/// The spare files in a directory.
pub(super) fn spares(directory: &Path) -> Result<Vec<PathBuf>, FileError> {
    let names = files::list(directory)?;
    let spares = names
        .iter()
        .filter(|name| number_of(name, SPARE_SUFFIX).is_some());
    Ok(spares.map(|name| directory.join(name)).collect())
}

/// The spare files of exactly this length.
pub(super) fn spares_of(directory: &Path, length: u64) -> Result<Vec<PathBuf>, FileError> {
    let mut fitting = spares(directory)?;
    fitting.retain(|path| std::fs::metadata(path).is_ok_and(|metadata| metadata.len() == length));
    Ok(fitting)
}

/// Makes a spare file of `length` zeros.
pub(super) fn make_spare(directory: &Path, length: u64) -> Result<(), FileError> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let temporary = files::temporary_beside(&directory.join("spare"));
    write_zeros(&temporary, length)?.sync()?;
    // Numbers of retired segments are far below these.
    let number = u64::MAX - COUNTER.fetch_add(1, Ordering::Relaxed) % 0xffff_ffff;
    let spare = directory.join(format!("{number:016x}{SPARE_SUFFIX}"));
    files::rename_durable(&temporary, &spare)
}

fn write_zeros(path: &Path, length: u64) -> Result<DurableFile, FileError> {
    let file = DurableFile::create(path)?;
    let zeros = vec![0; usize::try_from(length.min(SEGMENT_SIZE_MIN)).expect("at most 1 MiB")];
    let mut offset = 0;
    while offset < length {
        let count = zeros
            .len()
            .min(usize::try_from(length - offset).unwrap_or(usize::MAX));
        if let Err(error) = file.write_all_at(&zeros[..count], offset) {
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
        offset += count as u64;
    }
    Ok(file)
}

fn name(number: u64) -> String {
    format!("{number:016x}{SUFFIX}")
}

fn number_of(name: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_suffix(suffix)?;
    let is_plain = digits.len() == 16
        && digits
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    if is_plain {
        u64::from_str_radix(digits, 16).ok()
    } else {
        None
    }
}

/// An id no earlier life of the file had: stale frames in a reused file must not look alive.
fn fresh_id(number: u64) -> [u8; 16] {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let time = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&number.to_be_bytes());
    hasher.update(&time.as_nanos().to_be_bytes());
    hasher.update(&std::process::id().to_be_bytes());
    hasher.update(&COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    *hasher
        .finalize()
        .as_bytes()
        .first_chunk()
        .expect("32 bytes hold 16")
}
