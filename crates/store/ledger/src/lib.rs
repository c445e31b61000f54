//! The ledger: signed events as commits in an ordinary Git repository, durable and in order.
//!
//! It keeps bytes and their order; it runs no Lua and judges nothing: whether an event may stand is asked of the
//! caller's [`Admission`]. Git holds everything durable; the write-ahead log bridges the time until a ref, on
//! disk, points at an event; the index can be thrown away.
//!
//! Reading order: [`object_id`], [`files`], [`git`], [`settings`], [`hooks`]; [`codec`], [`commit`], [`tree`],
//! [`objects`], [`pack`], [`refs`]; [`lock`], [`wal`], [`table`], [`lookup`]; [`walk`], [`index`], [`reading`],
//! [`writer`], [`recovery`], [`quarantine`]; [`transfer`], [`upkeep`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod codec;
pub mod commit;
pub mod error;
pub mod files;
pub mod git;
pub mod hooks;
pub mod index;
pub mod lock;
pub mod lookup;
pub mod object_id;
pub mod objects;
pub mod pack;
pub mod quarantine;
pub mod reading;
pub mod receive;
pub mod recovery;
pub mod refs;
pub mod settings;
pub mod table;
pub mod transfer;
pub mod tree;
pub mod upkeep;
pub mod wal;
pub mod walk;
pub mod writer;

#[cfg(test)]
mod failing_disk;
#[cfg(test)]
mod scratch;
#[cfg(test)]
mod vectors;

pub use error::LedgerError;
pub use git::Repository;
pub use lock::WriterLock;
pub use object_id::{ObjectId, ObjectKind};
pub use refs::RefChange;
pub use walk::{Admission, Refusal};
pub use writer::{StoredEvent, Tip, Writer};
