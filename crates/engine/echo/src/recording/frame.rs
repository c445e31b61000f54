//! Frames: the pieces a recording is written in, each sealed together with all before it.
//!
//! Bytes: `docs/formats/recording.md`, section Frames. Tests: `tests/it/recording.rs`.

use super::RecordingError;
use crate::hash::{self, Tag};
use crate::snapshot::Reader;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

pub(super) const MAGIC: &[u8; 8] = b"ECHORECD";
pub(super) const VERSION: u16 = 2;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum FrameKind {
    Header = 1,
    Source = 2,
    KeyFrame = 3,
    Tick = 4,
    Trace = 5,
    Failure = 6,
    End = 7,
}

impl FrameKind {
    const ALL: [FrameKind; 7] = [
        FrameKind::Header,
        FrameKind::Source,
        FrameKind::KeyFrame,
        FrameKind::Tick,
        FrameKind::Trace,
        FrameKind::Failure,
        FrameKind::End,
    ];
}

/// The digest before the first frame.
pub(super) fn first_seal() -> Blake3Digest {
    Blake3Digest::of(&start())
}

/// The bytes before the first frame.
pub(super) fn start() -> Vec<u8> {
    [&MAGIC[..], &VERSION.to_le_bytes()].concat()
}

/// Appends a frame; the digest behind it.
pub(super) fn write(
    output: &mut Vec<u8>,
    before: Blake3Digest,
    kind: FrameKind,
    body: &[u8],
) -> Blake3Digest {
    output.push(kind as u8);
    hash::push_u64(output, body.len() as u64);
    output.extend(body);
    let seal = seal(before, kind as u8, body);
    output.extend(seal.as_bytes());
    seal
}

fn seal(before: Blake3Digest, kind: u8, body: &[u8]) -> Blake3Digest {
    let size = (body.len() as u64).to_le_bytes();
    let head = [Tag::Frame as u8, kind];
    Blake3Digest::of_parts(&[before.as_bytes(), &head, &size, body])
}

/// A frame that was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    /// Where it begins.
    pub offset: usize,
    pub kind: FrameKind,
    pub body: &'a [u8],
}

impl Frame<'_> {
    /// Where its body begins.
    pub(super) const fn body_offset(&self) -> usize {
        self.offset + 1 + size_of::<u64>()
    }
}

/// What comes next.
pub(super) enum Next<'a> {
    Frame(Frame<'a>),
    /// The bytes end here, at the border of a frame.
    Border,
    /// The bytes end inside a frame that begins here.
    Torn(usize),
}

/// Reads frame after frame.
pub(super) struct Frames<'a> {
    reader: Reader<'a>,
    seal: Blake3Digest,
}

impl<'a> Frames<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Frames<'a>, RecordingError> {
        let start = start();
        if !bytes.starts_with(&start) {
            return Err(RecordingError::Magic);
        }
        let mut reader = Reader::new(bytes);
        reader.take(start.len());
        Ok(Frames {
            reader,
            seal: first_seal(),
        })
    }

    /// The digest of everything up to here.
    pub(super) const fn seal(&self) -> Blake3Digest {
        self.seal
    }

    pub(super) fn next(&mut self) -> Result<Next<'a>, RecordingError> {
        let offset = self.reader.offset();
        if self.reader.rest_len() == 0 {
            return Ok(Next::Border);
        }
        let Some((number, body, found)) = self.take() else {
            return Ok(Next::Torn(offset));
        };
        let seal = seal(self.seal, number, body);
        if seal != found {
            return Err(RecordingError::Digest { offset });
        }
        let kind = FrameKind::ALL.iter().find(|kind| **kind as u8 == number);
        let kind = *kind.ok_or(RecordingError::Malformed {
            part: "the kinds of frames",
            offset,
        })?;
        self.seal = seal;
        Ok(Next::Frame(Frame { offset, kind, body }))
    }

    fn take(&mut self) -> Option<(u8, &'a [u8], Blake3Digest)> {
        let number = self.reader.u8()?;
        let size = usize::try_from(self.reader.u64()?).ok()?;
        let body = self.reader.take(size)?;
        let seal = Blake3Digest::from_bytes(self.reader.array()?);
        Some((number, body, seal))
    }
}
