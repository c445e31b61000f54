//! The ledger: signed events as commits in an ordinary Git repository, durable and in order.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod files;
pub mod lock;
pub mod object_id;
pub mod pack;

pub use object_id::{ObjectId, ObjectKind};
