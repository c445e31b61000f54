//! Snapshots: a world as canonical bytes, and back.
//!
//! A snapshot holds everything a later tick can depend on: rows in their order, generations, the free list, stamps,
//! resources, tick and seed. Reading checks every rule, because snapshots come from elsewhere.
//!
//! INVARIANT 1: `save(load(bytes))` is `bytes`, or `load` gives an error.
//! INVARIANT 2: operations after `save` and `load` give the same bytes as without.
//! Bytes: `docs/formats/world.md`. Vectors: `vectors/echo`. Tests: `tests/it/snapshot.rs`.

mod load;
mod reader;
mod save;

pub(crate) use load::load;
pub(crate) use reader::Reader;
pub(crate) use save::save;

/// The first bytes of a snapshot.
pub(crate) const MAGIC: &[u8; 8] = b"ECHOWRLD";
/// The version of snapshots of worlds that remember nothing besides and in which nothing signed waits.
const VERSION: u16 = 1;
/// What is added to it where the snapshot ends with a memory.
const MEMORY: u16 = 1;
/// What is added to it where an envelope that waits is signed.
const SIGNED: u16 = 2;

/// What the version of a snapshot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// It ends with a memory.
    pub has_memory: bool,
    /// An envelope that waits is signed.
    pub has_signed: bool,
}

impl Version {
    pub(crate) fn of(number: u16) -> Option<Version> {
        let parts = number.checked_sub(VERSION)?;
        (parts & !(MEMORY | SIGNED) == 0).then_some(Version {
            has_memory: parts & MEMORY != 0,
            has_signed: parts & SIGNED != 0,
        })
    }

    pub(crate) fn number(self) -> u16 {
        VERSION + u16::from(self.has_memory) * MEMORY + u16::from(self.has_signed) * SIGNED
    }
}

/// Why bytes are no snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bytes do not begin with the mark of snapshots, or are of another version.
    #[error("this is no snapshot of a world, version 1 to 4")]
    Magic,
    /// The last 32 bytes are not the digest of the others.
    #[error("the snapshot's digest does not fit its bytes")]
    Digest,
    /// Names or fields differ from those registered.
    #[error("the snapshot's components are not the ones registered: first difference at `{name}`")]
    Components {
        /// The first name that is different or missing.
        name: alloc::string::String,
    },
    /// A part that breaks a rule.
    #[error("the snapshot breaks a rule of {part} (byte {offset})")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// Byte offset near the place.
        offset: usize,
    },
}
