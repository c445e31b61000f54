//! The write-ahead log: what was acknowledged as durable before Git knows of it.
//!
//! One frame per call, many frames per group, one flush per group. The log keeps frames in order
//! and gives back, after a crash, every frame that was flushed; putting them into Git, and deciding
//! what a frame means there, is the writer's work. Segments are written in full with zeros before
//! use, so a flush never has to record a new length.
//!
//! INVARIANT 1: a frame that was flushed is returned by [`Wal::open`] until it is released, exactly
//! as it was written, or the log refuses to open with `WAL_CORRUPT` and changes nothing.
//! INVARIANT 2: a frame that was not flushed is returned whole or not at all, and once it was not
//! returned it never comes back.
//! INVARIANT 3: after a failed write or flush nothing is accepted until the log is opened again.
//! The caller holds the writer's lock. Format and the reasoning: docs/formats/wal.md.
//! Tests: wal/tests.rs.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use gatos_values::ErrorCode;

use crate::files::{self, FileError};

mod frame;
mod recovery;
mod segment;
#[cfg(test)]
mod tests;

pub use frame::{EncodedFrame, FRAME_SIZE_MAX, PayloadError, WalEvent};
pub use recovery::{DroppedTail, RecoveredFrame, WalSummary, inspect};
use segment::{Note, Segment};
pub use segment::{SEGMENT_SIZE_MAX, SEGMENT_SIZE_MIN};

/// How large segments are. Constant, except that tests make them small.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    smallest: u64,
    largest: u64,
}

impl Sizes {
    const USUAL: Sizes = Sizes {
        smallest: SEGMENT_SIZE_MIN,
        largest: SEGMENT_SIZE_MAX,
    };
}

/// The write buffer kept between groups.
const BUFFER_KEPT_BYTES: usize = 1 << 20;
/// Released segments kept for reuse, so that a busy log writes no zeros.
const SPARE_COUNT_MAX: usize = 2;

/// Why the log could not be opened or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WalError {
    /// The log holds something that no crash leaves behind. Nothing was changed.
    #[error("`{}` is damaged at byte {position}, where frame {sequence} belongs: {reason}", path.display())]
    Corrupt {
        /// The segment.
        path: PathBuf,
        /// The byte offset in it.
        position: u64,
        /// The frame that belongs there.
        sequence: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// The segment was written by a newer version.
    #[error("`{}` has format version {version}; this program knows version 1", path.display())]
    UnknownVersion {
        /// The segment.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A call is larger than [`FRAME_SIZE_MAX`].
    #[error("a call of {size} bytes is over the limit of {FRAME_SIZE_MAX}")]
    FrameTooLarge {
        /// The size in bytes.
        size: usize,
    },
    /// A call without events, or with one that no frame can hold, was to be encoded.
    #[error("a frame {reason}")]
    BadFrame {
        /// What is wrong.
        reason: &'static str,
    },
    /// An earlier write or flush failed; what is on the disk is unknown until the log is opened again.
    #[error("the write-ahead log failed earlier and has to be opened again")]
    Poisoned,
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl WalError {
    /// `WAL_CORRUPT`, `UNSUPPORTED_REPOSITORY`, `TOO_LARGE`, `INTERNAL`, `DISK_FULL`, `READ_ONLY` or `IO`.
    pub fn code(&self) -> ErrorCode {
        match self {
            WalError::Corrupt { .. } => ErrorCode::WalCorrupt,
            WalError::UnknownVersion { .. } => ErrorCode::UnsupportedRepository,
            WalError::FrameTooLarge { .. } => ErrorCode::TooLarge,
            WalError::BadFrame { .. } => ErrorCode::Internal,
            WalError::Poisoned => ErrorCode::Io,
            WalError::File(error) => error.code(),
        }
    }
}

/// An open log, ready to append.
#[derive(Debug)]
pub struct Wal {
    sizes: Sizes,
    directory: PathBuf,
    /// Full segments before the current one, oldest first, each with the number of its last frame.
    full: VecDeque<(Segment, u64)>,
    current: Segment,
    /// Where the next frame goes in the current segment.
    position: u64,
    next_sequence: u64,
    durable_sequence: u64,
    visible_sequence: u64,
    written_since_open_bytes: u64,
    poisoned: bool,
    dropped: Option<DroppedTail>,
    buffer: Vec<u8>,
}

impl Wal {
    /// Opens the log of `directory`, made when missing, and returns the frames not yet released.
    ///
    /// What a crash tore off at the end was never acknowledged; it is dropped for good, and the rest
    /// is flushed, before this returns. [`Wal::dropped_tail`] tells whether that happened.
    pub fn open(directory: &Path) -> Result<(Wal, Vec<RecoveredFrame>), WalError> {
        Wal::open_sized(directory, Sizes::USUAL)
    }

    fn open_sized(directory: &Path, sizes: Sizes) -> Result<(Wal, Vec<RecoveredFrame>), WalError> {
        files::create_directory_durable(directory)?;
        let Some(recovered) = recovery::read(directory)? else {
            files::remove_temporaries(directory)?;
            let first = Segment::create(directory, 1, 1, sizes.smallest, Note::default())?;
            return Ok((Wal::start(directory, sizes, first), Vec::new()));
        };
        files::remove_temporaries(directory)?;
        recovered.settle()?;
        let mut segments: VecDeque<(Segment, u64)> = recovered.segments.into();
        let (current, last_sequence) = segments.pop_back().expect("at least one segment was read");
        let mut wal = Wal {
            full: segments,
            position: recovered.position,
            next_sequence: last_sequence + 1,
            durable_sequence: last_sequence,
            visible_sequence: recovered.visible_sequence,
            dropped: recovered.dropped,
            sizes,
            directory: directory.to_path_buf(),
            written_since_open_bytes: 0,
            poisoned: false,
            buffer: Vec::new(),
            current,
        };
        if recovered.frames.is_empty() {
            wal.start_small()?;
        }
        Ok((wal, recovered.frames))
    }

    fn start(directory: &Path, sizes: Sizes, current: Segment) -> Wal {
        Wal {
            sizes,
            directory: directory.to_path_buf(),
            full: VecDeque::new(),
            position: segment::FRAMES_START,
            next_sequence: current.first_sequence(),
            durable_sequence: current.first_sequence() - 1,
            visible_sequence: current.first_sequence() - 1,
            current,
            written_since_open_bytes: 0,
            poisoned: false,
            dropped: None,
            buffer: Vec::new(),
        }
    }

    /// The number the next frame will get; the first frame of a log has number 1.
    pub fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    /// The last frame known to be on the disk; zero when there is none.
    pub fn durable_sequence(&self) -> u64 {
        self.durable_sequence
    }

    /// What opening cut off because it had never been flushed.
    pub fn dropped_tail(&self) -> Option<&DroppedTail> {
        self.dropped.as_ref()
    }

    /// Whether an earlier failure makes every further append fail until the log is opened again.
    ///
    /// An append that fails and leaves this `false` (a full disk, found before anything was written)
    /// has changed nothing: the same frames may be given again later.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned
    }

    /// Appends the frames and flushes them: returns the number of the last one, which is now durable.
    pub fn append_and_sync(&mut self, frames: &[EncodedFrame]) -> Result<u64, WalError> {
        let last = self.append_frames(frames)?;
        self.sync()?;
        Ok(last)
    }

    /// Writes the frames in one piece, without flushing, and returns the number of the last one.
    ///
    /// Either all frames are written or the log is as before (or poisoned).
    pub fn append_frames(&mut self, frames: &[EncodedFrame]) -> Result<u64, WalError> {
        if self.poisoned {
            return Err(WalError::Poisoned);
        }
        let size = frames.iter().map(EncodedFrame::size_on_disk).sum::<u64>();
        if self.current.length() - self.position < size {
            self.roll(size)?;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let mut sequence = self.next_sequence;
        for frame in frames {
            let position = self.position + buffer.len() as u64;
            let place = self.current.place(position, sequence);
            frame.write_to(&mut buffer, &place, self.durable_sequence);
            sequence += 1;
        }
        let written = self.current.file().write_all_at(&buffer, self.position);
        buffer.shrink_to(BUFFER_KEPT_BYTES);
        self.buffer = buffer;
        self.poison_unless_ok(written)?;
        self.position += size;
        self.written_since_open_bytes += size;
        self.next_sequence = sequence;
        Ok(sequence - 1)
    }

    /// Flushes everything appended so far. A failure poisons the log: a second try could lie.
    pub fn sync(&mut self) -> Result<(), WalError> {
        if self.poisoned {
            return Err(WalError::Poisoned);
        }
        if self.durable_sequence + 1 < self.next_sequence {
            let synced = self.current.file().sync();
            self.poison_unless_ok(synced)?;
            self.durable_sequence = self.next_sequence - 1;
        }
        Ok(())
    }

    /// Forgets the frames up to `sequence`, which a durable ref reaches (or quarantine holds) by now.
    ///
    /// Segments that hold nothing else are removed or kept as spares. Frames of the current segment
    /// are noted as released without a flush: after a power cut they may be returned once more.
    pub fn release(&mut self, sequence: u64) -> Result<(), WalError> {
        self.visible_sequence = self
            .visible_sequence
            .max(sequence.min(self.durable_sequence));
        while let Some((segment, last_sequence)) = self.full.front()
            && *last_sequence <= self.visible_sequence
        {
            // One flush of the directory for each: a gap between segments would look like damage.
            let keeps_spare = segment.length() == self.sizes.largest
                && segment::spares(&self.directory)?.len() < SPARE_COUNT_MAX;
            segment.retire(&self.directory, keeps_spare)?;
            self.full.pop_front();
        }
        self.write_note();
        Ok(())
    }

    /// A spare segment worth preparing before the current one is full; to be made without holding the log.
    pub fn spare_request(&self) -> Result<Option<SpareRequest>, WalError> {
        let length = self.next_length(0);
        let is_early = self.position < self.current.length() / 2;
        if is_early || !segment::spares_of(&self.directory, length)?.is_empty() {
            return Ok(None);
        }
        let directory = self.directory.clone();
        Ok(Some(SpareRequest { directory, length }))
    }

    /// Starts the next segment, large enough for a group of `size` bytes.
    fn roll(&mut self, size: u64) -> Result<(), WalError> {
        // A segment with a successor is durable as a whole; recovery relies on it.
        self.sync()?;
        let length = self.next_length(size);
        let number = self.current.number() + 1;
        let (first, note) = (self.next_sequence, self.note());
        let prepared = match segment::spares_of(&self.directory, length)?.pop() {
            Some(spare) => Segment::reuse(&spare, number, first, length, note),
            None => Segment::prepare(&self.directory, number, first, length, note),
        }?;
        // Up to here nothing has changed; once the name is there, only a reopening can tell.
        let named = prepared.publish(&self.directory);
        let next = self.poison_unless_ok(named)?;
        let full = std::mem::replace(&mut self.current, next);
        self.full.push_back((full, self.next_sequence - 1));
        self.position = segment::FRAMES_START;
        Ok(())
    }

    /// Segments grow with what this process writes, so that a single command reads and zeroes little.
    fn next_length(&self, size: u64) -> u64 {
        let needed = (size + segment::FRAMES_START).next_multiple_of(segment::BLOCK_SIZE);
        let usual = (self.written_since_open_bytes * 2)
            .next_power_of_two()
            .clamp(self.sizes.smallest, self.sizes.largest);
        usual.max(needed)
    }

    /// Leaves a large or nearly full segment of which nothing is needed any more.
    fn start_small(&mut self) -> Result<(), WalError> {
        let is_small = self.current.length() <= self.sizes.smallest;
        if is_small && self.position <= self.sizes.smallest / 2 {
            return Ok(());
        }
        match self.roll(0) {
            Ok(()) => self.release(self.durable_sequence),
            // No room for another segment: the one we have serves as well.
            Err(_) if !self.poisoned => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Notes what is durable and what is released. A courtesy: nothing depends on its arrival.
    fn write_note(&self) {
        if !self.poisoned {
            let _ = self.current.write_note(self.note());
        }
    }

    fn note(&self) -> Note {
        Note {
            visible_sequence: self.visible_sequence,
            durable_sequence: self.durable_sequence,
        }
    }

    fn poison_unless_ok<T>(&mut self, result: Result<T, FileError>) -> Result<T, WalError> {
        self.poisoned |= result.is_err();
        Ok(result?)
    }
}

impl Drop for Wal {
    /// Leaves a note of what is durable and what is released; it makes the next opening cheaper.
    fn drop(&mut self) {
        self.write_note();
    }
}

/// A spare segment to make, apart from the log: writing its zeros takes milliseconds.
#[derive(Debug)]
pub struct SpareRequest {
    directory: PathBuf,
    length: u64,
}

impl SpareRequest {
    /// Writes and flushes the zeros.
    pub fn prepare(self) -> Result<(), WalError> {
        Ok(segment::make_spare(&self.directory, self.length)?)
    }
}
