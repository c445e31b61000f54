//! Why a governance document, or its place in the chain, is refused.

use alloc::string::String;

use gatos_values::json::JsonError;
use gatos_values::{
    Actor, Blake3Digest, ErrorCode, GovernanceId, JournalName, KeyId, Namespace, Sha256Digest,
    SignatureError, Ulid,
};

use super::grant::GrantId;
use super::operation::GovernedAction;
use super::pattern::ResourcePattern;
use super::quorum::QuorumRule;

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
        fold_root: Sha256Digest,
    },
    /// Two installs in one namespace by one document.
    #[error("the document installs two folds in `{0}`")]
    FoldInstalledTwice(Namespace),
    /// A key that is not enrolled, is revoked, or is another actor's.
    #[error("key `{0}` is not a live key of this actor")]
    KeyUnknown(KeyId),
    /// One document sets each thing once.
    #[error("the document sets {what} twice")]
    SetTwice {
        /// What, for example "the level of `user:ann`".
        what: String,
    },
    /// The change would change nothing.
    #[error("the document leaves {what} as it was")]
    NothingChanges {
        /// What.
        what: String,
    },
    /// Nothing leads back to the empty policy.
    #[error("the empty policy cannot be activated: it would admit every enrolled key")]
    PolicyEmpty,
    /// The document names another policy than its operations leave in force.
    #[error("`policy_root` is `{found}`; the policy in force is `{expected}`")]
    WrongPolicyRoot {
        /// What is in force.
        expected: Sha256Digest,
        /// What is written.
        found: Sha256Digest,
    },
    /// A grant names another fold than its resource has.
    #[error("`fold_root` is `{found}`; the fold of the grant's resource is `{expected}`")]
    WrongFoldRoot {
        /// What is installed.
        expected: Sha256Digest,
        /// What is written.
        found: Sha256Digest,
    },
    /// The change takes something away and does not say what still counts.
    #[error("the document takes away a key, a right or a rule, but has no `cut`")]
    CutMissing,
    /// The change takes nothing away.
    #[error("the document has a `cut`, but takes nothing away")]
    CutNeedless,
    /// A cut of a journal that the change does not affect.
    #[error("`cut` lists `{0}`, which the document does not affect")]
    CutUnaffected(JournalName),
    /// A version before accepted another branch.
    #[error("version {version} accepted another event at this place of `{journal}`")]
    BranchSettled {
        /// Which journal.
        journal: JournalName,
        /// The version that did.
        version: u64,
    },
    /// The cut that comes with a choice drops what is chosen.
    #[error("`cut` does not keep the branch of `{0}` that the document chooses")]
    BranchNotKept(JournalName),
    /// The key did not sign its own rotation.
    #[error("the rotation has no signature of key `{0}`")]
    PossessionUnproved(KeyId),
    /// The same grant again.
    #[error("grant `{0}` has been issued already")]
    GrantIssued(GrantId),
    /// A grant that never was, or has ended.
    #[error("grant `{0}` is not in force")]
    GrantUnknown(GrantId),
    /// Nobody gives what it does not have.
    #[error(
        "`{0}` does not hold what it gives: a root grant is a governor's, any other names in `prev` one that its issuer holds or gave"
    )]
    GrantNotHeld(Actor),
    /// A grant gives more, for longer or elsewhere than what it rests on.
    #[error("the grant's `{field}` goes beyond that of `{held}`, on which it rests")]
    GrantExceeds {
        /// Which field.
        field: &'static str,
        /// The grant it rests on.
        held: GrantId,
    },
    /// A grant ends only its issuer's own.
    #[error("grant `{0}` was issued by another actor")]
    GrantOfAnother(GrantId),
    /// The grant is about another repository.
    #[error("the grant's resource `{0}` is not in this repository")]
    GrantOutside(ResourcePattern),
    /// The key that signed a grant.
    #[error("the grant is signed by key `{key}`, which is no live key of `{issuer}`")]
    GrantKey {
        /// Which key.
        key: KeyId,
        /// Whose it should be.
        issuer: Actor,
    },
    /// A rule that not even everybody together could meet.
    #[error("the quorum rule of `{}`, `{rule}`, could not be met by all actors with a key", action.as_str())]
    QuorumUnmeetable {
        /// Of which action.
        action: GovernedAction,
        /// The rule.
        rule: QuorumRule,
    },
    /// Those who signed do not meet the rule.
    #[error("the signatures do not meet the quorum rule of `{}`: `{rule}`", action.as_str())]
    QuorumNotMet {
        /// Of which action.
        action: GovernedAction,
        /// The rule.
        rule: QuorumRule,
    },
    /// Agreement came too late.
    #[error("the proposal has expired")]
    ProposalExpired,
    /// A proof of consensus that does not show what it claims.
    #[error("the proof does not hold: {0}")]
    ProofFails(&'static str),
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
            GovernanceError::ProofFails(_) => ErrorCode::ProofInvalid,
            GovernanceError::QuorumNotMet { .. } => ErrorCode::QuorumNotMet,
            GovernanceError::BadSignature { .. }
            | GovernanceError::NotAGovernor(_)
            | GovernanceError::SignedTwice(_)
            | GovernanceError::PossessionUnproved(_)
            | GovernanceError::GrantKey { .. }
            | GovernanceError::TooFewSignatures { .. } => ErrorCode::BadSignature,
            _ => ErrorCode::BadGovernance,
        }
    }
}

/// A document's id for messages, when only its bytes are known.
pub(super) fn id_of(bytes: &[u8]) -> GovernanceId {
    GovernanceId::from_digest(Blake3Digest::of(bytes))
}
