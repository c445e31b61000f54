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
/// The version of snapshots of worlds that remember nothing besides.
pub(crate) const VERSION: u16 = 1;
/// The version of snapshots that end with a memory.
pub(crate) const VERSION_MEMORY: u16 = 2;

/// Why bytes are no snapshot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bytes do not begin with the mark of snapshots, or are of another version.
    #[error("this is no snapshot of a world, version 1 or 2")]
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
