//! Reading the log back: which frames stand, and whether the end was torn or something was damaged.
//!
//! Every frame tells how far the log was known to be durable when it was written. The first bad
//! frame is a torn end unless something later (a frame's header, the note, a next segment) knew it
//! to be durable; then it is damage. Reading changes nothing; [`Recovered::settle`] does.
//! The reasoning: docs/formats/wal.md, "Recovery".

use std::path::{Path, PathBuf};

use super::WalError;
use super::frame::{self, Header, WalEvent};
use super::segment::{self, FRAMES_START, Segment};

/// One call's events, found in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredFrame {
    /// The frame's number.
    pub sequence: u64,
    /// The events, in the order of the call.
    pub events: Vec<WalEvent<'static>>,
}

/// An end of the log that was never flushed and is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedTail {
    /// The segment.
    pub path: PathBuf,
    /// The byte offset of the first bad frame.
    pub position: u64,
    /// The number the first bad frame would have had.
    pub sequence: u64,
    /// How many frame headers of the torn group could still be read.
    pub header_count: usize,
}

/// What a look at the log shows, without changing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalSummary {
    /// The number of segments.
    pub segment_count: usize,
    /// The frames that were not released yet.
    pub frame_count: usize,
    /// The events in those frames.
    pub event_count: usize,
    /// The number the next frame will get.
    pub next_sequence: u64,
    /// A torn end that the next opening will drop.
    pub dropped: Option<DroppedTail>,
}

/// Reads the log of `directory` without changing it; `None` when there is none.
///
/// A writer may be at work meanwhile, so a verdict of damage counts only under the writer's lock.
pub fn inspect(directory: &Path) -> Result<Option<WalSummary>, WalError> {
    let Some(recovered) = read_with(directory, false)? else {
        return Ok(None);
    };
    let last_sequence = recovered
        .segments
        .last()
        .map_or(0, |(_, last_sequence)| *last_sequence);
    Ok(Some(WalSummary {
        segment_count: recovered.segments.len(),
        frame_count: recovered.frames.len(),
        event_count: recovered
            .frames
            .iter()
            .map(|frame| frame.events.len())
            .sum(),
        next_sequence: last_sequence + 1,
        dropped: recovered.dropped,
    }))
}

/// Everything a log holds.
pub(super) struct Recovered {
    /// The segments, oldest first, each with the number of its last good frame.
    pub(super) segments: Vec<(Segment, u64)>,
    /// The end of the last good frame in the last segment.
    pub(super) position: u64,
    pub(super) visible_sequence: u64,
    /// The frames that were not released.
    pub(super) frames: Vec<RecoveredFrame>,
    pub(super) dropped: Option<DroppedTail>,
    tail: Tail,
}

/// What stands at the end of the last segment without proof that it was flushed.
#[derive(Default)]
struct Tail {
    /// Good frames, and where they begin.
    unproven: Vec<u8>,
    unproven_position: u64,
    /// Where readable headers stand behind the last good frame; they must not come to life again.
    dead_headers: Vec<u64>,
}

/// Reads all segments of `directory`; `None` when there is none.
pub(super) fn read(directory: &Path) -> Result<Option<Recovered>, WalError> {
    read_with(directory, true)
}

fn read_with(directory: &Path, writes: bool) -> Result<Option<Recovered>, WalError> {
    let mut opened = open_segments(directory, writes)?;
    let Some(last) = opened.pop() else {
        return Ok(None);
    };
    let note = last.read_note()?.unwrap_or_default();
    let visible_sequence = note.visible_sequence;
    let mut frames = Vec::new();
    let mut segments = Vec::new();
    let mut opened = opened.into_iter().peekable();
    while let Some(segment) = opened.next() {
        let next = opened.peek().unwrap_or(&last);
        let bytes = segment.file().read_all()?;
        let mut walk = Walk::new(&segment, &bytes);
        walk.good_frames(next.first_sequence(), visible_sequence, &mut frames)?;
        if walk.sequence != next.first_sequence() {
            return Err(walk.corrupt("the frame is bad although a next segment was begun"));
        }
        let last_sequence = walk.sequence - 1;
        segments.push((segment, last_sequence));
    }
    let bytes = last.file().read_all()?;
    let mut walk = Walk::new(&last, &bytes);
    walk.good_frames(u64::MAX, visible_sequence, &mut frames)?;
    let tail = walk.tail(note.durable_sequence)?;
    let (position, last_sequence) = (walk.position, walk.sequence - 1);
    let dropped = (!tail.dead_headers.is_empty()).then(|| DroppedTail {
        path: last.file().path().to_path_buf(),
        position,
        sequence: last_sequence + 1,
        header_count: tail.dead_headers.len(),
    });
    segments.push((last, last_sequence));
    let visible_sequence = visible_sequence.min(last_sequence);
    Ok(Some(Recovered {
        segments,
        position,
        visible_sequence,
        frames,
        dropped,
        tail,
    }))
}

impl Recovered {
    /// Makes what stands durable, and what was dropped unreadable for ever.
    pub(super) fn settle(&self) -> Result<(), WalError> {
        let (segment, _) = self.segments.last().expect("there is at least one segment");
        for position in &self.tail.dead_headers {
            segment
                .file()
                .write_all_at(&[0; frame::HEADER_SIZE], *position)?;
        }
        // A killed writer may have left good frames in the page cache only, and after a failed flush
        // the cache may call them clean: writing them again makes the flush below mean something.
        segment
            .file()
            .write_all_at(&self.tail.unproven, self.tail.unproven_position)?;
        segment.file().sync()?;
        Ok(())
    }
}

fn open_segments(directory: &Path, writes: bool) -> Result<Vec<Segment>, WalError> {
    let numbers = segment::numbers(directory)?.into_iter();
    numbers
        .map(|number| Segment::open(directory, number, writes))
        .collect()
}

/// Reads one segment frame by frame.
struct Walk<'a> {
    segment: &'a Segment,
    bytes: &'a [u8],
    /// Where the frame `sequence` belongs.
    position: u64,
    sequence: u64,
    /// Where each good frame begins, and the highest frame that one of them knew to be durable.
    positions: Vec<u64>,
    proven_sequence: u64,
}

impl<'a> Walk<'a> {
    fn new(segment: &'a Segment, bytes: &'a [u8]) -> Walk<'a> {
        Walk {
            segment,
            bytes,
            position: FRAMES_START,
            sequence: segment.first_sequence(),
            positions: Vec::new(),
            proven_sequence: segment.first_sequence() - 1,
        }
    }

    /// Reads good frames up to the frame `end_sequence`, or to the first bad one.
    fn good_frames(
        &mut self,
        end_sequence: u64,
        visible_sequence: u64,
        frames: &mut Vec<RecoveredFrame>,
    ) -> Result<(), WalError> {
        while self.sequence < end_sequence {
            let Some(header) = self.header(self.position) else {
                return Ok(());
            };
            if header.sequence != self.sequence || header.durable_sequence >= self.sequence {
                return Err(self.corrupt("a frame with another number stands here"));
            }
            let Some(payload) = header.payload(self.rest(self.position)) else {
                return Ok(());
            };
            if self.sequence > visible_sequence {
                let events = frame::decode_events(payload)
                    .map_err(|_| self.corrupt("the frame is whole but its payload is unknown"))?;
                frames.push(RecoveredFrame {
                    sequence: self.sequence,
                    events,
                });
            }
            self.positions.push(self.position);
            self.proven_sequence = self.proven_sequence.max(header.durable_sequence);
            self.sequence += 1;
            self.position += header.size_on_disk();
        }
        Ok(())
    }

    /// Looks at what follows the last good frame: an error if anything knew the next one to be durable.
    fn tail(&self, noted_durable_sequence: u64) -> Result<Tail, WalError> {
        if noted_durable_sequence >= self.sequence {
            return Err(self.corrupt("the frame is bad although it was flushed"));
        }
        let mut dead_headers = Vec::new();
        for position in (self.position..self.bytes.len() as u64).step_by(frame::ALIGNMENT) {
            let Some(header) = self.header(position) else {
                continue;
            };
            if header.durable_sequence >= self.sequence {
                return Err(
                    self.corrupt("the frame is bad although a later one knew it to be flushed")
                );
            }
            dead_headers.push(position);
        }
        let proven_sequence = self.proven_sequence.max(noted_durable_sequence);
        let proven_count = proven_sequence + 1 - self.segment.first_sequence();
        let unproven_position = usize::try_from(proven_count)
            .ok()
            .and_then(|index| self.positions.get(index).copied())
            .unwrap_or(self.position);
        let unproven = self.bytes[unproven_position as usize..self.position as usize].to_vec();
        Ok(Tail {
            unproven,
            unproven_position,
            dead_headers,
        })
    }

    fn header(&self, position: u64) -> Option<Header> {
        Header::read(self.rest(position), self.segment.id(), position)
    }

    /// The bytes from `position` on; none beyond the end.
    fn rest(&self, position: u64) -> &'a [u8] {
        usize::try_from(position)
            .ok()
            .and_then(|start| self.bytes.get(start..))
            .unwrap_or_default()
    }

    fn corrupt(&self, reason: &'static str) -> WalError {
        WalError::Corrupt {
            path: self.segment.file().path().to_path_buf(),
            position: self.position,
            sequence: self.sequence,
            reason,
        }
    }
}
