//! Events and governance documents as Git commits: pure functions between bytes and commits.
//!
//! A commit is a function of what was signed, of the signatures and of the parent, so two writers
//! make the same object, and a reader can rebuild it and compare. Whether a signature holds, who may
//! sign and what a document means is judged elsewhere.
//!
//! INVARIANT 1: encoding what a strict decoder returned gives back the decoded bytes exactly.
//! INVARIANT 2: no input makes a decoder panic or allocate more than a small multiple of its size.
//! Format: docs/formats/journal.md. Vectors: vectors/ledger. Tests: codec/tests.rs.

use gatos_values::{ErrorCode, EventError, SignatureError, Ulid};

use crate::object_id::{ObjectId, ObjectKind};

mod document;
mod event;
mod lines;
#[cfg(test)]
mod tests;

pub use document::{
    ChainedDocument, DOCUMENT_SIZE_MAX, DecodedDocument, DocumentForm, decode_chained_commit,
    decode_document_commit, encode_chained_commit, encode_document_commit,
};
pub use event::{
    DecodedCommit, EventCommitView, EventDecoder, decode_event_commit, encode_event_commit,
};

/// Why bytes are not the commit they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A line is not the one the format prescribes.
    #[error("byte {offset} of the commit: expected {expected}")]
    Malformed {
        /// The byte offset in the commit's content.
        offset: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The parts are sound, but the commit made of them is another one.
    #[error("byte {offset} of the commit differs from the commit its content prescribes")]
    NotRebuilt {
        /// The byte offset of the first difference.
        offset: usize,
    },
    /// The envelope is not one.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The signature is not one.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The governance document lacks what a commit needs.
    #[error("the document {reason}")]
    Document {
        /// What is wrong.
        reason: &'static str,
    },
}

impl CommitError {
    /// `BAD_COMMIT`, `BAD_GOVERNANCE`, or the code of the part that is wrong.
    pub fn code(&self) -> ErrorCode {
        match self {
            CommitError::Malformed { .. } | CommitError::NotRebuilt { .. } => ErrorCode::BadCommit,
            CommitError::Event(error) => error.code(),
            CommitError::Signature(error) => error.code(),
            CommitError::Document { .. } => ErrorCode::BadGovernance,
        }
    }
}

/// The id of a commit with this content.
pub fn commit_id(content: &[u8]) -> ObjectId {
    ObjectId::of(ObjectKind::Commit, content)
}

/// The parent named by a journal or governance commit, read from its head only.
pub fn parent_of(content: &[u8]) -> Result<Option<ObjectId>, CommitError> {
    lines::Lines::new(content).head()
}

/// Name, address and date of the system itself as an author, in the part `role`.
///
/// `gatos-<role> <<role>@gatos.invalid> <seconds> +0000`
pub fn system_person_line(role: &str, date: Ulid) -> String {
    format!(
        "gatos-{role} <{role}@gatos.invalid> {} +0000",
        date.time_ms() / 1000
    )
}

/// Accepts `content` only if it is `rebuilt`.
fn require_equal(content: &[u8], rebuilt: &[u8]) -> Result<(), CommitError> {
    if content == rebuilt {
        return Ok(());
    }
    let differs = content
        .iter()
        .zip(rebuilt)
        .position(|(found, expected)| found != expected);
    Err(CommitError::NotRebuilt {
        offset: differs.unwrap_or(content.len().min(rebuilt.len())),
    })
}
