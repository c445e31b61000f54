//! Reading objects by id, walking a journal back to its root, and writing single objects durably.
//!
//! Reading goes through the library, whose store sees loose objects and packs and finds new packs by
//! itself. What the bytes of a commit mean is `codec`'s and `walk`'s work;
//! many objects at once are written by `pack`.
//!
//! INVARIANT 1: bytes handed out hash to the id they were asked for by; replacements and grafts
//! have no say.
//! INVARIANT 2: no object larger than its limit is held in memory.
//! INVARIANT 3: an object that is in the repository all the time is found, whatever `git` repacks meanwhile.
//! INVARIANT 4: after [`write_loose`] returns, the object survives a power cut.
//! Tests: `objects/tests.rs`.

mod loose;
mod patient;
mod sequential;
#[cfg(test)]
mod tests;
mod walk_back;

use std::sync::Arc;

use gatos_values::ErrorCode;
use gix::odb::Header as _;
use gix::odb::pack::Find as _;

use crate::git::Repository;
use crate::object_id::{ObjectId, ObjectKind};

pub use loose::{sync_object_folders, write_loose};
pub use sequential::SequentialReader;
pub use walk_back::{WalkBack, WalkedCommit, parent_of_commit};

/// Limit for commits, in bytes: the largest envelope or governance document, with room to spare.
pub const COMMIT_SIZE_MAX: u64 = 4 << 20;

/// A reader of objects. Each thread makes its own; all share what is mapped into memory.
pub struct Reader {
    handle: gix::odb::store::Handle<Arc<gix::odb::Store>>,
}

/// The kind of an object and the length of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectHeader {
    /// What it is.
    pub kind: ObjectKind,
    /// Length of its content, in bytes.
    pub size: u64,
}

impl Reader {
    /// A reader of this repository's objects.
    pub fn new(repository: &Repository) -> Reader {
        Reader::of(repository.object_store())
    }

    fn of(store: &Arc<gix::odb::Store>) -> Reader {
        let mut handle = store.to_handle_arc();
        handle.ignore_replacements = true;
        Reader { handle }
    }

    /// The content of a commit.
    pub fn commit(&self, id: ObjectId) -> Result<Vec<u8>, ObjectError> {
        self.read(id, ObjectKind::Commit, COMMIT_SIZE_MAX)
    }

    /// The content of an object of this kind, of at most `size_max` bytes.
    ///
    /// An object that is not found, or whose pack cannot be read, is looked for anew before that is believed:
    /// others may be repacking. So an answer of "missing" may take a moment.
    pub fn read(
        &self,
        id: ObjectId,
        kind: ObjectKind,
        size_max: u64,
    ) -> Result<Vec<u8>, ObjectError> {
        match self.read_once(id, kind, size_max) {
            Err(ObjectError::Missing { .. } | ObjectError::Corrupt { .. }) => {
                patient::read(self.handle.store_ref().path(), id, kind, size_max)
            }
            outcome => outcome,
        }
    }

    fn read_once(
        &self,
        id: ObjectId,
        kind: ObjectKind,
        size_max: u64,
    ) -> Result<Vec<u8>, ObjectError> {
        let header = self.header(id)?.ok_or(ObjectError::Missing { id, kind })?;
        if header.kind != kind {
            return Err(ObjectError::WrongKind {
                id,
                expected: kind,
                found: header.kind,
            });
        }
        if header.size > size_max {
            return Err(ObjectError::TooLarge {
                id,
                size: header.size,
                size_max,
            });
        }
        let mut content = Vec::new();
        let found = self
            .handle
            .try_find_cached(
                &gix::ObjectId::from(id),
                &mut content,
                &mut gix::odb::pack::cache::Never,
            )
            .map_err(|error| unreadable(id, &error))?
            .is_some();
        if !found {
            return Err(ObjectError::Missing { id, kind });
        }
        // The library leaves exactly the content in the buffer; the hash says whether it did.
        if ObjectId::of(kind, &content) != id {
            return Err(ObjectError::Corrupt {
                id,
                reason: "its content hashes to another id".to_owned(),
            });
        }
        Ok(content)
    }

    /// Kind and size, without reading the content; `None` when there is no such object, or when it is being
    /// moved from one pack to another in this very moment.
    pub fn header(&self, id: ObjectId) -> Result<Option<ObjectHeader>, ObjectError> {
        let header = self
            .handle
            .try_header(&gix::ObjectId::from(id))
            .map_err(|error| unreadable(id, &error))?;
        Ok(header.map(|header| ObjectHeader {
            kind: header.kind().into(),
            size: header.size(),
        }))
    }

    /// Whether the object is there; `false` may be wrong as in [`Reader::header`], so use it to leave out work
    /// that may also be done twice. Damage is reported, not taken for absence.
    pub fn contains(&self, id: ObjectId) -> Result<bool, ObjectError> {
        Ok(self.header(id)?.is_some())
    }

    /// Commits from `tip` along single parents to the root, or to `until`, which is not visited.
    pub fn walk_back(&self, tip: ObjectId, until: Option<ObjectId>) -> WalkBack<'_> {
        WalkBack::new(self, tip, until)
    }
}

fn unreadable(id: ObjectId, error: &gix::Error) -> ObjectError {
    ObjectError::Corrupt {
        id,
        reason: error.to_string(),
    }
}

/// Why an object cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// It is not in the repository.
    #[error("{kind} `{id}` is missing from the repository")]
    Missing {
        /// The id asked for.
        id: ObjectId,
        /// What was looked for.
        kind: ObjectKind,
    },
    /// It is something else.
    #[error("object `{id}` is a {found}, not a {expected}")]
    WrongKind {
        /// The id asked for.
        id: ObjectId,
        /// What was looked for.
        expected: ObjectKind,
        /// What it is.
        found: ObjectKind,
    },
    /// It is larger than the reader is ready to hold.
    #[error("object `{id}` has {size} bytes, more than the limit of {size_max}")]
    TooLarge {
        /// The id asked for.
        id: ObjectId,
        /// Its size, in bytes.
        size: u64,
        /// The limit, in bytes.
        size_max: u64,
    },
    /// Its bytes are damaged.
    #[error("object `{id}` is damaged: {reason}")]
    Corrupt {
        /// The id asked for.
        id: ObjectId,
        /// What is wrong.
        reason: String,
    },
    /// A commit that must stand on one commit or none stands on several.
    #[error("commit `{id}` has more than one parent: a journal is never merged")]
    Merge {
        /// The commit.
        id: ObjectId,
    },
}

impl ObjectError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        match self {
            ObjectError::TooLarge { .. } => ErrorCode::TooLarge,
            ObjectError::Merge { .. } => ErrorCode::FfViolation,
            ObjectError::Missing { .. }
            | ObjectError::WrongKind { .. }
            | ObjectError::Corrupt { .. } => ErrorCode::BadCommit,
        }
    }
}
