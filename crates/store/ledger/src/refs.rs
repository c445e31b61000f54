//! Refs below `refs/gatos/`: reading, listing, and moving many of them by compare-and-swap.
//!
//! The lock protocol is Git's own for its files backend (`<ref>.lock` made exclusively, value read
//! under the lock, rename), so stock `git` and we exclude each other. The library's transaction is
//! not used: it reads `packed-refs` before it holds the lock, and it waits for `packed-refs.lock`,
//! which a `git pack-refs` of many refs holds for long.
//! Loose files and `packed-refs` are read in this order, since packing goes the other way round.
//!
//! INVARIANT 1: a ref is moved only if, under its lock, it has the value its caller expected.
//! INVARIANT 2: when [`update`] returns, every new value survives a power cut; when it fails before
//! its first rename, no ref has moved.
//! INVARIANT 3: a lock file of ours appears whole, with the new value in it, after a note of it is
//! on disk; [`remove_noted_locks`] removes a lock only when both agree.
//! Format: docs/formats/repository.md. Tests: `refs/tests.rs`.

mod lock;
mod notes;
mod read;
#[cfg(test)]
mod tests;
mod update;

use gatos_values::ErrorCode;

use crate::files::FileError;
use crate::object_id::ObjectId;

pub use notes::remove_noted_locks;
pub use read::{list, list_checked, loose_ref_count, read};
pub use update::{make_durable, update};

/// The folder of all our refs.
pub const ROOT: &str = "refs/gatos/";

/// One move of one ref.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefChange {
    /// Full name, below [`ROOT`].
    pub name: String,
    /// The value it must have now; `None` when it must not exist.
    pub expected: Option<ObjectId>,
    /// The value it shall have. A ref that has it already counts as moved.
    pub new: ObjectId,
}

/// Why refs could not be read or moved.
#[derive(Debug, thiserror::Error)]
pub enum RefError {
    /// The name is not a well-formed ref name below [`ROOT`].
    #[error("`{name}` is not a ref name below `refs/gatos/`: {reason}")]
    BadName {
        /// The name given.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two changes of one call name the same ref, or one ref is the folder of the other.
    #[error("ref `{name}` and ref `{other}` cannot both exist")]
    Conflict {
        /// The ref to be moved.
        name: String,
        /// The ref in its way.
        other: String,
    },
    /// The ref is not where the caller saw it; nothing has moved.
    #[error(
        "ref `{name}` was moved by other hands: expected {}, found {}",
        shown(expected),
        shown(found)
    )]
    Moved {
        /// The ref.
        name: String,
        /// What the caller expected.
        expected: Option<ObjectId>,
        /// What is there.
        found: Option<ObjectId>,
    },
    /// Somebody else holds the lock of the ref.
    #[error("ref `{name}` is locked: `{}` exists; if no git is running, remove it", path.display())]
    Locked {
        /// The ref.
        name: String,
        /// The lock file.
        path: std::path::PathBuf,
    },
    /// The ref holds something else than an object id.
    #[error("ref `{name}` is damaged: {reason}")]
    Damaged {
        /// The ref.
        name: String,
        /// What is there.
        reason: String,
    },
    /// The file of packed refs cannot be read.
    #[error("cannot read `packed-refs`: {reason}")]
    PackedRefs {
        /// What is wrong with it.
        reason: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl RefError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        match self {
            RefError::BadName { .. } | RefError::Conflict { .. } => ErrorCode::BadName,
            RefError::Moved { .. } => ErrorCode::FfViolation,
            RefError::Locked { .. } => ErrorCode::Locked,
            RefError::Damaged { .. } | RefError::PackedRefs { .. } => {
                ErrorCode::UnsupportedRepository
            }
            RefError::File(error) => error.code(),
        }
    }
}

fn shown(id: &Option<ObjectId>) -> String {
    id.map_or_else(|| "no ref".to_owned(), |id| format!("`{id}`"))
}

/// Checks a name by Git's rules, and that it is one of ours. It becomes a path, so this is the gate.
fn check_name(name: &str) -> Result<(), RefError> {
    let bad = |reason: String| RefError::BadName {
        name: name.chars().take(300).collect(),
        reason,
    };
    if !name.starts_with(ROOT) {
        return Err(bad("it must begin with `refs/gatos/`".to_owned()));
    }
    gix::validate::reference::name(name.into()).map_err(|error| bad(error.to_string()))?;
    Ok(())
}
