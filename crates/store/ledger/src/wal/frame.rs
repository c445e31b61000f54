//! Frames: the events of one call as bytes, with checksums that tie them to their place.
//!
//! The header is checked apart from the payload, so that a scan can judge a header cheaply, and the
//! payload is hashed by the caller's thread, before the one writer comes in.
//! Layout: docs/formats/wal.md, "Frame". TWIN: wal frame.

use std::borrow::Cow;

use gatos_values::{JournalName, SealedEvent};

use super::WalError;
use crate::object_id::ObjectId;

/// The largest payload of a frame in bytes.
pub const FRAME_SIZE_MAX: usize = 64 << 20;

pub(super) const HEADER_SIZE: usize = 88;
pub(super) const MAGIC: [u8; 4] = *b"GwF1";
/// Frames begin at multiples of this.
pub(super) const ALIGNMENT: usize = 8;
const CHECKED_SIZE: usize = 56;
const KIND_EVENTS: u8 = 1;

/// Where a frame stands; mixed into its header's checksum, so that a copy elsewhere is no frame.
pub(super) struct Place {
    pub(super) segment_id: [u8; 16],
    pub(super) position: u64,
    pub(super) sequence: u64,
}

/// The payload of one call, encoded and hashed, waiting for its place.
#[derive(Debug, Clone)]
pub struct EncodedFrame {
    payload: Vec<u8>,
    digest: [u8; 32],
}

impl EncodedFrame {
    /// Encodes the events of one call. They will be recovered together or not at all.
    pub fn encode<'a>(
        events: impl IntoIterator<Item = WalEvent<'a>>,
    ) -> Result<EncodedFrame, WalError> {
        let mut payload = vec![KIND_EVENTS, 0, 0, 0, 0];
        let mut count = 0_u32;
        for event in events {
            event.write_to(&mut payload)?;
            count += 1;
            if payload.len() > FRAME_SIZE_MAX {
                return Err(WalError::FrameTooLarge {
                    size: payload.len(),
                });
            }
        }
        if count == 0 {
            return Err(WalError::BadFrame {
                reason: "needs at least one event",
            });
        }
        payload[1..5].copy_from_slice(&count.to_be_bytes());
        let digest = *blake3::hash(&payload).as_bytes();
        Ok(EncodedFrame { payload, digest })
    }

    /// The size in the log in bytes, header and padding included.
    pub fn size_on_disk(&self) -> u64 {
        (HEADER_SIZE + self.payload.len()).next_multiple_of(ALIGNMENT) as u64
    }

    pub(super) fn write_to(&self, out: &mut Vec<u8>, place: &Place, durable_sequence: u64) {
        let length = u32::try_from(self.payload.len()).expect("limited by FRAME_SIZE_MAX");
        let header = Header {
            length,
            sequence: place.sequence,
            durable_sequence,
            digest: self.digest,
        };
        out.extend_from_slice(&header.to_bytes(place));
        out.extend_from_slice(&self.payload);
        out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
    }
}

/// A header whose checksum held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) length: u32,
    pub(super) sequence: u64,
    pub(super) durable_sequence: u64,
    digest: [u8; 32],
}

impl Header {
    fn to_bytes(self, place: &Place) -> [u8; HEADER_SIZE] {
        let mut bytes = [0; HEADER_SIZE];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.length.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.durable_sequence.to_be_bytes());
        bytes[24..56].copy_from_slice(&self.digest);
        let checksum = header_checksum(&bytes[..CHECKED_SIZE], place.segment_id, place.position);
        bytes[CHECKED_SIZE..].copy_from_slice(&checksum);
        bytes
    }

    /// Reads a header that was written at exactly this place of exactly this segment.
    pub(super) fn read(bytes: &[u8], segment_id: [u8; 16], position: u64) -> Option<Header> {
        let bytes: &[u8; HEADER_SIZE] = bytes.first_chunk()?;
        if bytes[..4] != MAGIC {
            return None;
        }
        let checksum = header_checksum(&bytes[..CHECKED_SIZE], segment_id, position);
        if bytes[CHECKED_SIZE..] != checksum {
            return None;
        }
        let number = |at: usize| u64::from_be_bytes(*bytes[at..].first_chunk().expect("inside"));
        Some(Header {
            length: u32::from_be_bytes(*bytes[4..].first_chunk().expect("inside")),
            sequence: number(8),
            durable_sequence: number(16),
            digest: *bytes[24..].first_chunk().expect("inside"),
        })
    }

    /// The payload that follows the header in `bytes`, if it is whole.
    pub(super) fn payload<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let length = self.length as usize;
        let payload = bytes.get(HEADER_SIZE..HEADER_SIZE + length)?;
        (*blake3::hash(payload).as_bytes() == self.digest).then_some(payload)
    }

    pub(super) fn size_on_disk(&self) -> u64 {
        (HEADER_SIZE + self.length as usize).next_multiple_of(ALIGNMENT) as u64
    }
}

fn header_checksum(checked: &[u8], segment_id: [u8; 16], position: u64) -> [u8; 32] {
    let mut input = [0; 16 + 8 + CHECKED_SIZE];
    input[..16].copy_from_slice(&segment_id);
    input[16..24].copy_from_slice(&position.to_be_bytes());
    input[24..].copy_from_slice(checked);
    *blake3::hash(&input).as_bytes()
}

/// One event on its way into a journal, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalEvent<'a> {
    /// The journal it goes to.
    pub journal: JournalName,
    /// The envelope: exactly the bytes that were signed.
    pub bytes: Cow<'a, [u8]>,
    /// The SSH signature blob.
    pub signature: Cow<'a, [u8]>,
    /// The commit before it in the journal.
    pub parent: Option<ObjectId>,
    /// The commit that will hold it.
    pub commit: ObjectId,
}

impl<'a> WalEvent<'a> {
    /// An event that will follow `parent` in `journal` and be held by `commit`.
    pub fn of(
        journal: &JournalName,
        event: &'a SealedEvent,
        parent: Option<ObjectId>,
        commit: ObjectId,
    ) -> WalEvent<'a> {
        WalEvent {
            journal: journal.clone(),
            bytes: Cow::Borrowed(event.bytes()),
            signature: Cow::Owned(event.signature().to_blob()),
            parent,
            commit,
        }
    }

    fn write_to(&self, out: &mut Vec<u8>) -> Result<(), WalError> {
        let too_long = |_| WalError::BadFrame {
            reason: "cannot hold a part this long",
        };
        let journal = self.journal.ref_name();
        out.extend_from_slice(
            &u16::try_from(journal.len())
                .map_err(too_long)?
                .to_be_bytes(),
        );
        out.extend_from_slice(journal.as_bytes());
        out.push(u8::from(self.parent.is_some()));
        if let Some(parent) = self.parent {
            out.extend_from_slice(parent.as_bytes());
        }
        out.extend_from_slice(self.commit.as_bytes());
        out.extend_from_slice(
            &u16::try_from(self.signature.len())
                .map_err(too_long)?
                .to_be_bytes(),
        );
        out.extend_from_slice(&self.signature);
        out.extend_from_slice(
            &u32::try_from(self.bytes.len())
                .map_err(too_long)?
                .to_be_bytes(),
        );
        out.extend_from_slice(&self.bytes);
        Ok(())
    }
}

/// A payload that is whole but not what this version writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset} of the payload: {reason}")]
pub struct PayloadError {
    /// The byte offset in the payload.
    pub offset: usize,
    /// What is wrong.
    pub reason: &'static str,
}

/// Reads back what [`EncodedFrame::encode`] wrote.
pub(super) fn decode_events(payload: &[u8]) -> Result<Vec<WalEvent<'static>>, PayloadError> {
    let mut reader = Reader {
        bytes: payload,
        offset: 0,
    };
    if reader.take(1)? != [KIND_EVENTS] {
        return Err(PayloadError {
            offset: 0,
            reason: "the kind of frame is unknown",
        });
    }
    let count = reader.number(4)?;
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(reader.event()?);
    }
    if reader.offset < payload.len() {
        return Err(reader.error("there are bytes after the last event"));
    }
    Ok(events)
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn event(&mut self) -> Result<WalEvent<'static>, PayloadError> {
        let journal = self.sized(2)?;
        let journal = std::str::from_utf8(journal)
            .ok()
            .and_then(|name| JournalName::parse_ref(name).ok())
            .ok_or_else(|| self.error("before this byte is no journal name"))?;
        let parent = match self.take(1)? {
            [0] => None,
            [1] => Some(self.object_id()?),
            _ => return Err(self.error("before this byte is no parent flag")),
        };
        Ok(WalEvent {
            journal,
            parent,
            commit: self.object_id()?,
            signature: Cow::Owned(self.sized(2)?.to_vec()),
            bytes: Cow::Owned(self.sized(4)?.to_vec()),
        })
    }

    fn sized(&mut self, length_size: usize) -> Result<&'a [u8], PayloadError> {
        let length = self.number(length_size)?;
        self.take(length)
    }

    fn object_id(&mut self) -> Result<ObjectId, PayloadError> {
        let bytes = self.take(20)?;
        Ok(ObjectId::from_bytes(
            bytes.try_into().expect("20 bytes were taken"),
        ))
    }

    fn number(&mut self, size: usize) -> Result<usize, PayloadError> {
        let bytes = self.take(size)?;
        Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], PayloadError> {
        let end = self
            .offset
            .checked_add(count)
            .filter(|end| *end <= self.bytes.len());
        let Some(end) = end else {
            return Err(self.error("the payload ends too early"));
        };
        let taken = &self.bytes[self.offset..end];
        self.offset = end;
        Ok(taken)
    }

    fn error(&self, reason: &'static str) -> PayloadError {
        PayloadError {
            offset: self.offset,
            reason,
        }
    }
}
