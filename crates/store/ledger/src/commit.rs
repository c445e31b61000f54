//! Plain commits: those that carry files (checkpoints, installed folds, quarantine) and may have several parents.
//!
//! Journal and governance commits are exact functions of what they hold and live in `codec`; here is only what
//! any commit has. Format: git-commit(1) objects. Tests: commit/tests.rs.

use gatos_values::{Actor, ErrorCode, Ulid};

use crate::object_id::ObjectId;

#[cfg(test)]
mod tests;

/// Most parents a commit of ours may have; an octopus of more is not read.
const PARENT_COUNT_MAX: usize = 64;

/// The head of a commit is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the commit's {what} is malformed")]
pub struct CommitHeadError {
    what: &'static str,
}

impl CommitHeadError {
    /// `BAD_COMMIT`.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::BadCommit
    }
}

/// `user:alice <alice@user.gatos.invalid> 1763764274 +0000`: an actor as author at a ULID's second.
pub fn person_line(actor: &Actor, date: Ulid) -> String {
    format!(
        "{actor} <{}@{}.gatos.invalid> {} +0000",
        actor.name(),
        actor.kind(),
        date.time_ms() / 1000
    )
}

/// Tree and parents of a commit, from its first lines.
///
/// # Errors
/// [`CommitHeadError`].
pub fn head_of(content: &[u8]) -> Result<(ObjectId, Vec<ObjectId>), CommitHeadError> {
    let mut lines = content.split(|byte| *byte == b'\n');
    let tree = lines
        .next()
        .and_then(|line| line.strip_prefix(b"tree "))
        .and_then(ObjectId::parse_bytes)
        .ok_or(CommitHeadError { what: "tree" })?;
    let mut parents = Vec::new();
    for line in lines {
        let Some(id) = line.strip_prefix(b"parent ") else {
            break;
        };
        let parent = ObjectId::parse_bytes(id).ok_or(CommitHeadError { what: "parent" })?;
        if parents.len() == PARENT_COUNT_MAX {
            return Err(CommitHeadError {
                what: "number of parents",
            });
        }
        parents.push(parent);
    }
    Ok((tree, parents))
}
