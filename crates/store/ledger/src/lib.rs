//! The ledger: signed events as commits in an ordinary Git repository, durable and in order.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod codec;
pub mod files;
pub mod git;
pub mod hooks;
pub mod lock;
pub mod object_id;
pub mod objects;
pub mod pack;
pub mod refs;
pub mod settings;
pub mod wal;

#[cfg(test)]
mod vectors;

pub use object_id::{ObjectId, ObjectKind};
