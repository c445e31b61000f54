//! Reading a recording: every frame is checked before anything is believed.
//!
//! Ticks are found by their places and decoded when they are asked for. Tests: `tests/it/recording.rs`.

use super::body::{self, Failure, Header, TickRecord};
use super::frame::{Frame, FrameKind, Frames, Next};
use super::{RecordingError, TraceDepth};
use crate::replay::StepTrace;
use crate::snapshot::Reader;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// A world to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFrame<'a> {
    /// How many ticks were completed.
    pub tick: u64,
    /// The digest of world and scripts.
    pub hash: Blake3Digest,
    /// The branch's bytes; they were not looked at.
    pub branch: &'a [u8],
}

/// A recording that keeps the rules of its format.
#[derive(Clone, Debug)]
pub struct Recording<'a> {
    header: Header,
    sources: Vec<(&'a str, &'a [u8])>,
    key_frames: Vec<KeyFrame<'a>>,
    ticks: Vec<&'a [u8]>,
    /// One for each tick where the header says so; the last may be missing in a recording that is cut off.
    traces: Vec<&'a [u8]>,
    failure: Option<Failure>,
    chain: Vec<Blake3Digest>,
    torn: Option<usize>,
    is_finished: bool,
    seal: Blake3Digest,
}

impl<'a> Recording<'a> {
    /// Reads a recording. One that was cut off, as by a program that was killed, is read up to the last whole frame.
    ///
    /// # Errors
    /// [`RecordingError`], with the offset.
    pub fn read(bytes: &'a [u8]) -> Result<Recording<'a>, RecordingError> {
        let mut frames = Frames::new(bytes)?;
        let empty = RecordingError::Empty {
            offset: bytes.len(),
        };
        let Next::Frame(first) = frames.next()? else {
            return Err(empty);
        };
        let mut recording = Recording {
            header: header(first)?,
            sources: Vec::new(),
            key_frames: Vec::new(),
            ticks: Vec::new(),
            traces: Vec::new(),
            failure: None,
            chain: Vec::new(),
            torn: None,
            is_finished: false,
            seal: frames.seal(),
        };
        loop {
            match frames.next()? {
                Next::Frame(frame) => recording.take(frame)?,
                Next::Border => break,
                Next::Torn(offset) => {
                    recording.torn = Some(offset);
                    break;
                }
            }
            recording.seal = frames.seal();
        }
        if recording.key_frames.is_empty() {
            return Err(empty);
        }
        Ok(recording)
    }

    /// What ran.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The files that the simulation was made from, names rising.
    #[must_use]
    pub fn sources(&self) -> &[(&'a str, &'a [u8])] {
        &self.sources
    }

    /// The worlds to start from; the first one is the beginning.
    #[must_use]
    pub fn key_frames(&self) -> &[KeyFrame<'a>] {
        &self.key_frames
    }

    /// How many ticks were completed before the first one recorded.
    #[must_use]
    pub fn first_tick(&self) -> u64 {
        self.key_frames[0].tick
    }

    /// How many ticks were recorded.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ticks.len()
    }

    /// Whether no tick was recorded.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ticks.is_empty()
    }

    /// A tick, by its place from 0; `None` behind the last one.
    #[must_use]
    pub fn tick(&self, index: usize) -> Option<TickRecord> {
        let mut reader = Reader::new(self.ticks.get(index)?);
        TickRecord::decode(&mut reader, self.header.component_count)
    }

    /// The steps of a tick, by its place from 0, where they were recorded.
    #[must_use]
    pub fn trace(&self, index: usize) -> Option<Vec<StepTrace>> {
        let mut reader = Reader::new(self.traces.get(index)?);
        let count = self.header.component_count;
        let (_, steps) = body::decode_trace(&mut reader, count, self.header.trace)?;
        Some(steps)
    }

    /// The tick that was tried last and stopped with an error.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// For each tick, and behind them for one that stopped, a digest of the first world and all ticks up to it. Two
    /// recordings that begin in one world have equal ones exactly as far as they are the same: a root may become equal again
    /// after a difference, these cannot.
    #[must_use]
    pub fn chain(&self) -> &[Blake3Digest] {
        &self.chain
    }

    /// The chain of the ticks from a place on, for recordings that do not begin with the same tick.
    pub(crate) fn chain_from(&self, index: usize) -> Vec<Blake3Digest> {
        let mut chain = Vec::new();
        let mut last = self.world_before(index);
        for body in self.ticks.iter().skip(index) {
            last = link(last, FrameKind::Tick, body);
            chain.push(last);
        }
        if let Some(failure) = &self.failure {
            let mut body = Vec::new();
            failure.encode(&mut body);
            chain.push(link(last, FrameKind::Failure, &body));
        }
        chain
    }

    /// The digest of world and scripts before a tick, by its place from 0; that of the last one behind them.
    pub(crate) fn world_before(&self, index: usize) -> Blake3Digest {
        let before = index.checked_sub(1).and_then(|last| self.tick(last));
        before.map_or(self.key_frames[0].hash, |tick| tick.hash)
    }

    /// Whether the recording was ended; else its writer was cut off.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// Where the frame begins that is not whole, if there is one.
    #[must_use]
    pub const fn torn(&self) -> Option<usize> {
        self.torn
    }

    /// The digest of everything that was read.
    #[must_use]
    pub const fn seal(&self) -> Blake3Digest {
        self.seal
    }

    fn take(&mut self, frame: Frame<'a>) -> Result<(), RecordingError> {
        if self.is_finished {
            return Err(order(frame, "nothing follows the end"));
        }
        if self.failure.is_some() && frame.kind != FrameKind::End {
            return Err(order(
                frame,
                "nothing but the end follows a tick that stopped",
            ));
        }
        if self.owes_trace() && frame.kind != FrameKind::Trace {
            return Err(order(frame, "the steps of a tick follow it"));
        }
        let is_first = self.key_frames.is_empty();
        let is_early = is_first
            && !matches!(
                frame.kind,
                FrameKind::Header | FrameKind::Source | FrameKind::KeyFrame
            );
        if is_early {
            return Err(order(frame, "the first world comes before the first tick"));
        }
        match frame.kind {
            FrameKind::Header => Err(order(frame, "there is one header")),
            FrameKind::Source => self.take_source(frame),
            FrameKind::KeyFrame => self.take_key_frame(frame),
            FrameKind::Tick => self.take_tick(frame),
            FrameKind::Trace => self.take_trace(frame),
            FrameKind::Failure => self.take_failure(frame),
            FrameKind::End => {
                let count = (self.ticks.len() as u64).to_le_bytes();
                self.is_finished = frame.body == count;
                if self.is_finished {
                    return Ok(());
                }
                Err(malformed("the end", frame.body_offset()))
            }
        }
    }

    fn owes_trace(&self) -> bool {
        self.header.trace != TraceDepth::None && self.traces.len() < self.ticks.len()
    }

    /// The number of the tick that comes next.
    fn next_tick(&self) -> u64 {
        let first = self.key_frames.first().map_or(0, |first| first.tick);
        first.saturating_add(self.ticks.len() as u64)
    }

    fn take_source(&mut self, frame: Frame<'a>) -> Result<(), RecordingError> {
        if !self.key_frames.is_empty() {
            return Err(order(frame, "sources come before the first world"));
        }
        let mut reader = Reader::new(frame.body);
        let source = read_source(&mut reader);
        let last = self.sources.last().map_or("", |(name, _)| *name);
        let source = source.filter(|(name, _)| *name > last);
        let source = source.ok_or_else(|| {
            let offset = frame.body_offset() + reader.offset();
            malformed("the sources", offset)
        })?;
        self.sources.push(source);
        Ok(())
    }

    fn take_key_frame(&mut self, frame: Frame<'a>) -> Result<(), RecordingError> {
        let mut reader = Reader::new(frame.body);
        let key_frame = read_key_frame(&mut reader);
        let key_frame =
            key_frame.ok_or_else(|| malformed("the key frames", frame.body_offset()))?;
        if !self.key_frames.is_empty() {
            let is_here = key_frame.tick == self.next_tick();
            let last = self.ticks.len().checked_sub(1);
            let is_true = last
                .and_then(|last| self.tick(last))
                .is_some_and(|tick| tick.hash == key_frame.hash);
            if !is_here || !is_true {
                let reason = "a key frame is the world after the tick before it";
                return Err(order(frame, reason));
            }
        }
        self.key_frames.push(key_frame);
        Ok(())
    }

    fn take_tick(&mut self, frame: Frame<'a>) -> Result<(), RecordingError> {
        let count = self.header.component_count;
        let decode = |reader: &mut Reader<'_>| TickRecord::decode(reader, count);
        let tick = whole(frame, "the ticks", decode)?;
        self.check_number(frame, tick.tick)?;
        self.ticks.push(frame.body);
        self.note(frame);
        Ok(())
    }

    fn take_trace(&mut self, frame: Frame<'a>) -> Result<(), RecordingError> {
        if !self.owes_trace() {
            return Err(order(frame, "steps follow the tick they belong to"));
        }
        let (count, depth) = (self.header.component_count, self.header.trace);
        let decode = |reader: &mut Reader<'_>| body::decode_trace(reader, count, depth);
        let (tick, _) = whole(frame, "the traces", decode)?;
        if tick.checked_add(1) != Some(self.next_tick()) {
            return Err(order(frame, "steps follow the tick they belong to"));
        }
        self.traces.push(frame.body);
        Ok(())
    }

    fn take_failure(&mut self, frame: Frame<'a>) -> Result<(), RecordingError> {
        let count = self.header.component_count;
        let decode = |reader: &mut Reader<'_>| Failure::decode(reader, count);
        let failure = whole(frame, "the tick that stopped", decode)?;
        self.check_number(frame, failure.tick)?;
        self.failure = Some(failure);
        self.note(frame);
        Ok(())
    }

    /// Ticks follow one another, and the number behind the last one is a number.
    fn check_number(&self, frame: Frame<'_>, tick: u64) -> Result<(), RecordingError> {
        if tick == self.next_tick() && tick < u64::MAX {
            return Ok(());
        }
        Err(order(frame, "ticks follow one another"))
    }

    /// Takes the frame of a tick into the chain.
    fn note(&mut self, frame: Frame<'_>) {
        let last = self.chain.last().copied();
        let last = last.unwrap_or_else(|| self.key_frames[0].hash);
        self.chain.push(link(last, frame.kind, frame.body));
    }
}

/// The next digest of a chain. It is never written down, so it has no tag.
fn link(last: Blake3Digest, kind: FrameKind, body: &[u8]) -> Blake3Digest {
    Blake3Digest::of_parts(&[last.as_bytes(), &[kind as u8], body])
}

fn header(frame: Frame<'_>) -> Result<Header, RecordingError> {
    if frame.kind != FrameKind::Header {
        return Err(order(frame, "the header comes first"));
    }
    whole(frame, "the header", Header::decode)
}

/// What a frame holds, all of its bytes being used.
fn whole<'a, T>(
    frame: Frame<'a>,
    part: &'static str,
    decode: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Result<T, RecordingError> {
    let mut reader = Reader::new(frame.body);
    let value = decode(&mut reader).filter(|_| reader.rest_len() == 0);
    value.ok_or_else(|| malformed(part, frame.body_offset() + reader.offset()))
}

fn read_source<'a>(reader: &mut Reader<'a>) -> Option<(&'a str, &'a [u8])> {
    let size = reader.u16()?.into();
    let name = core::str::from_utf8(reader.take(size)?).ok()?;
    let size = reader.rest_len();
    Some((name, reader.take(size)?))
}

fn read_key_frame<'a>(reader: &mut Reader<'a>) -> Option<KeyFrame<'a>> {
    let tick = reader.u64()?;
    let hash = Blake3Digest::from_bytes(reader.array()?);
    let size = reader.rest_len();
    let branch = reader.take(size)?;
    Some(KeyFrame { tick, hash, branch })
}

const fn order(frame: Frame<'_>, reason: &'static str) -> RecordingError {
    RecordingError::Order {
        offset: frame.offset,
        reason,
    }
}

const fn malformed(part: &'static str, offset: usize) -> RecordingError {
    RecordingError::Malformed { part, offset }
}
