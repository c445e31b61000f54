//! One error for the ledger as a whole: what its parts may say, each with its code.
//!
//! Parts keep their own typed errors; this enum is what [`crate::Writer`] and reading return, so that the
//! floor above turns all of them into a fault in one place. It can be cloned, since a failed log answers
//! every later call with the same error.

use std::sync::Arc;

use gatos_values::{ErrorCode, JournalName};

use crate::object_id::ObjectId;
use crate::quarantine::QuarantineReport;
use crate::walk::{BadCommit, Refusal};

/// Why the ledger could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// An event of the caller does not continue its journal.
    #[error("{}", refusal.reason)]
    Refused {
        /// The journal.
        journal: JournalName,
        /// Why.
        refusal: Refusal,
    },
    /// A commit that other hands put into a journal may not stand.
    #[error("commit {}: {}", bad.commit, bad.refusal.reason)]
    BadCommit {
        /// The journal.
        journal: JournalName,
        /// The commit and why.
        bad: BadCommit,
    },
    /// A journal's ref no longer contains what was admitted before.
    #[error(
        "the journal's ref points at {tip:?}, which does not contain commit {known} that was admitted before"
    )]
    Rewritten {
        /// The journal.
        journal: JournalName,
        /// Where the ref points.
        tip: Option<ObjectId>,
        /// The newest commit admitted before.
        known: ObjectId,
    },
    /// The journal stands still because its key signed two events with one `prev`.
    #[error(
        "the journal stands still: its key signed two events with the same event before them (see `{reference}`)"
    )]
    Frozen {
        /// The journal.
        journal: JournalName,
        /// The quarantine ref.
        reference: String,
    },
    /// Acknowledged events did not fit and are pinned in quarantine.
    #[error("{} acknowledged event(s) were set aside under `{}`: {}", .0.events.len(), .0.reference, .0.reason)]
    Quarantined(QuarantineReport),
    /// A part of the ledger failed.
    #[error("{message}")]
    Part {
        /// Its code.
        code: ErrorCode,
        /// Its words.
        message: Arc<str>,
    },
    /// Our own mistake.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

impl LedgerError {
    /// Its code.
    pub fn code(&self) -> ErrorCode {
        match self {
            LedgerError::Refused { refusal, .. } => refusal.code,
            LedgerError::BadCommit { bad, .. } => bad.refusal.code,
            LedgerError::Rewritten { .. } => ErrorCode::FfViolation,
            LedgerError::Frozen { .. } => ErrorCode::JournalFrozen,
            LedgerError::Quarantined(_) => ErrorCode::Quarantined,
            LedgerError::Part { code, .. } => *code,
            LedgerError::Internal(_) => ErrorCode::Internal,
        }
    }

    /// What it is about: a journal's short name, or empty.
    pub fn resource(&self) -> String {
        match self {
            LedgerError::Refused { journal, .. }
            | LedgerError::BadCommit { journal, .. }
            | LedgerError::Rewritten { journal, .. }
            | LedgerError::Frozen { journal, .. } => journal.short(),
            LedgerError::Quarantined(report) => report.journal.short(),
            LedgerError::Part { .. } | LedgerError::Internal(_) => String::new(),
        }
    }
}

macro_rules! from_parts {
    ($($part:ty),* $(,)?) => {$(
        impl From<$part> for LedgerError {
            fn from(error: $part) -> LedgerError {
                LedgerError::Part { code: error.code(), message: error.to_string().into() }
            }
        }
    )*};
}

from_parts!(
    gatos_values::EventError,
    gatos_values::SignatureError,
    crate::codec::CommitError,
    crate::files::FileError,
    crate::git::GitError,
    crate::git::OpenError,
    crate::lock::LockError,
    crate::lookup::LookupError,
    crate::objects::ObjectError,
    crate::pack::PackError,
    crate::refs::RefError,
    crate::table::TableError,
    crate::upkeep::UpkeepError,
    crate::wal::WalError,
);
