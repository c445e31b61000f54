//! Why a governance document, or its place in the chain, is refused.

use alloc::string::String;

use gatos_values::json::JsonError;
use gatos_values::{
    Actor, Blake3Digest, ErrorCode, GovernanceId, KeyId, Namespace, SignatureError, Ulid,
};

/// Why a governance document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GovernanceError {
    /// The bytes are not canonical JSON, or too many.
    #[error("the governance document is not canonical JSON: {0}")]
    Json(JsonError),
    /// A field is missing, of the wrong kind or has a value it cannot have.
    #[error("governance field `{field}` {reason}")]
    Field {
        /// Where, for example `actors[0].keys[1].public`.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// A field this format does not have.
    #[error("governance field `{field}` is unknown")]
    UnknownField {
        /// Where.
        field: String,
    },
    /// A format version, kind, operation or policy that a newer program may know.
    #[error("governance field `{field}` is `{value}`, which this version does not know")]
    Unsupported {
        /// Where.
        field: String,
        /// The value as written.
        value: String,
    },
    /// A chain begins with a genesis, and only begins with one.
    #[error("version {version} of the chain is {found}, not {expected}")]
    WrongKind {
        /// Where in the chain.
        version: u64,
        /// What is there.
        found: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// The document governs another repository.
    #[error("the document governs repository `{found}`, not `{expected}`")]
    OtherRepository {
        /// This chain's repository.
        expected: GovernanceId,
        /// The document's.
        found: GovernanceId,
    },
    /// The document is not the next version.
    #[error("the document is version {found}; the chain needs version {expected} next")]
    NotNext {
        /// The version that comes next.
        expected: u64,
        /// The document's version.
        found: u64,
    },
    /// The document does not name the newest version as the one before it.
    #[error("the document follows `{found}`, but the newest version is `{expected}`")]
    WrongPrevious {
        /// The chain's newest version.
        expected: GovernanceId,
        /// What the document names.
        found: GovernanceId,
    },
    /// A second valid successor of one version.
    #[error(
        "version {version} is `{ours}` in this chain and `{theirs}` in another, both validly signed"
    )]
    Fork {
        /// The version there are two of.
        version: u64,
        /// The one this chain has.
        ours: GovernanceId,
        /// The other one.
        theirs: GovernanceId,
    },
    /// ULIDs rise along the chain.
    #[error("the document's ULID `{found}` is not above `{newest}`, that of the version before it")]
    UlidNotRising {
        /// The newest version's ULID.
        newest: Ulid,
        /// The document's.
        found: Ulid,
    },
    /// An enrolled actor cannot be enrolled again.
    #[error("actor `{0}` is enrolled already")]
    ActorEnrolled(Actor),
    /// A key of an actor that is not enrolled.
    #[error("actor `{0}` is not enrolled")]
    ActorUnknown(Actor),
    /// Key ids are unique in a repository.
    #[error("key `{0}` is enrolled already")]
    KeyEnrolled(KeyId),
    /// The change would change nothing.
    #[error("fold `{fold_root}` is installed in `{ns}` already")]
    FoldInstalled {
        /// The namespace.
        ns: Namespace,
        /// Its fold root, before and after.
        fold_root: gatos_values::Sha256Digest,
    },
    /// Two installs in one namespace by one document.
    #[error("the document installs two folds in `{0}`")]
    FoldInstalledTwice(Namespace),
    /// A governor must be an actor with a key.
    #[error("governor `{0}` has no key")]
    GovernorWithoutKey(Actor),
    /// A signature that is malformed, of another namespace or over other bytes.
    #[error("the signature of key `{key}` is invalid: {error}")]
    BadSignature {
        /// Who claims to have signed.
        key: KeyId,
        /// Why it does not count.
        error: SignatureError,
    },
    /// A signature by a key that is not a governor's.
    #[error("key `{0}` signed, but belongs to no governor")]
    NotAGovernor(KeyId),
    /// One key signs a document once.
    #[error("key `{0}` signed twice")]
    SignedTwice(KeyId),
    /// Fewer governors signed than must.
    #[error("{signed} governor(s) signed; {needed} must")]
    TooFewSignatures {
        /// How many did.
        signed: u64,
        /// How many must.
        needed: u64,
    },
}

impl GovernanceError {
    /// The code of the published table.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            GovernanceError::Unsupported { .. } => ErrorCode::GovUnsupported,
            GovernanceError::OtherRepository { .. } => ErrorCode::RepoMismatch,
            GovernanceError::Fork { .. } => ErrorCode::GovFork,
            GovernanceError::BadSignature { .. }
            | GovernanceError::NotAGovernor(_)
            | GovernanceError::SignedTwice(_)
            | GovernanceError::TooFewSignatures { .. } => ErrorCode::BadSignature,
            _ => ErrorCode::BadGovernance,
        }
    }
}

/// A document's id for messages, when only its bytes are known.
pub(super) fn id_of(bytes: &[u8]) -> GovernanceId {
    GovernanceId::from_digest(Blake3Digest::of(bytes))
}
