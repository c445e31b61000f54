//! Recordings: what happened to a world, written down tick by tick, so that it can be done again and compared.
//!
//! A recording says which engine, plugins, handlers, configuration and scripts ran, holds the world at the beginning, and
//! for each tick the inputs and what came out: hash, envelopes delivered, random numbers drawn, envelopes dropped. It may
//! hold key frames to start from, and traces, which say what each step of a tick left behind. Whoever writes it gives a
//! [`Sink`]; files are not this crate's work. Doing it again is `replay`'s.
//!
//! INVARIANT 1: recording changes nothing of what is recorded.
//! INVARIANT 2: a reader accepts exactly what a recorder writes, whole or cut off at some byte; every other byte string is
//! refused with its offset, in memory that grows with the bytes given.
//! Bytes: `docs/formats/recording.md`. Vectors: `vectors/echo`. Tests: `tests/it/recording.rs`.

mod body;
mod frame;
mod read;
mod write;

pub use body::{Failure, Header, PluginName, TickRecord};
pub use read::{KeyFrame, Recording};
pub use write::{RecordError, Recorder, RecorderOptions, Sink};

pub(crate) use write::header;

use alloc::string::String;

/// How much a recording says about the steps of each tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TraceDepth {
    /// Nothing. A divergence is named by doing the tick again several times.
    #[default]
    None,
    /// For each step and each component, a digest of what it changed.
    Digests,
    /// For each step all values it changed.
    Values,
}

/// Why bytes are no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The bytes do not begin with the mark of recordings, or are of another version.
    #[error("this is no recording of a world, version 2")]
    Magic,
    /// The digest behind a frame is not that of the bytes up to there.
    #[error("the recording was changed: the digest of the frame at byte {offset} does not fit")]
    Digest {
        /// Where the frame begins.
        offset: usize,
    },
    /// A frame that is not where it may be.
    #[error("the frame at byte {offset} is out of place: {reason}")]
    Order {
        /// Where the frame begins.
        offset: usize,
        /// What should be.
        reason: &'static str,
    },
    /// A frame that breaks a rule.
    #[error("the recording breaks a rule of {part} (byte {offset})")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// Byte offset near the place.
        offset: usize,
    },
    /// Nothing but a beginning that is cut off.
    #[error("the recording ends at byte {offset}, before its first world")]
    Empty {
        /// How many bytes there are.
        offset: usize,
    },
}

/// Rises with every change after which a tick may give something else than before.
pub const ENGINE_VERSION: u32 = 2;

/// Words that say which engine writes.
#[must_use]
pub fn engine_id() -> String {
    alloc::format!(
        "gatos-echo {ENGINE_VERSION} api {}",
        crate::simulation::API_VERSION
    )
}
