//! Error codes: the fixed words every error reply carries, with their meaning, hint and exit status.
//!
//! The table below is the one source; the page of error codes in the docs is generated from it.
//!
//! INVARIANT: a code once published keeps its text and its exit status.

use core::fmt;

/// What kind of failure a code stands for; it decides the exit status of the command line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The answer is no: denied, differs, invalid, bad content.
    Answer,
    /// The command was called wrongly.
    Usage,
    /// Something around us failed: disk, lock, a missing tool.
    Environment,
}

macro_rules! error_codes {
    ($($variant:ident $text:literal $kind:ident $meaning:literal $hint:literal;)*) => {
        /// A fixed error code such as `FF_VIOLATION`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $meaning] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The code as it is written in replies, for example `FF_VIOLATION`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)* }
            }

            /// One line that says what the code means.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(ErrorCode::$variant => $meaning,)* }
            }

            /// What to try next when nothing more particular is known.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(ErrorCode::$variant => $hint,)* }
            }

            const fn kind(self) -> Kind {
                match self { $(ErrorCode::$variant => Kind::$kind,)* }
            }
        }
    };
}

error_codes! {
    // The seven codes of the system's first description.
    PolicyDeny "POLICY_DENY" Answer "A policy rule refuses the write." "read the rule named in the reason; ask its owner for a grant or change the policy";
    CapExpired "CAP_EXPIRED" Answer "The capability or grant was valid once and no longer is." "ask for a new grant and sign again";
    FfViolation "FF_VIOLATION" Answer "A ref would move other than fast-forward: a journal would be rewritten, deleted or merged." "fetch first and append on top; never force-push a journal";
    AckTimeout "ACK_TIMEOUT" Answer "A bus delivery was not acknowledged before its deadline." "acknowledge within the deadline or take the message again";
    DupCommit "DUP_COMMIT" Answer "An event with this ULID or idempotency key exists already." "use the id in the reply, or choose another idempotency key";
    EpochBroken "EPOCH_BROKEN" Answer "The chain of epoch anchors has a gap or a wrong link." "run `gatos doctor` and fetch the missing anchors";
    ProofInvalid "PROOF_INVALID" Answer "A proof does not show what it claims." "ask for the proof again and compare the part named in the reason";

    // Bytes and names.
    BadJson "BAD_JSON" Answer "The text is not JSON of the value model." "correct the text at the offset in the reason";
    NotCanonical "NOT_CANONICAL" Answer "The JSON is well formed but not in canonical form." "rewrite it with `gatos canon encode`";
    BadCbor "BAD_CBOR" Answer "The bytes are not canonical CBOR." "encode again; canonical CBOR has one form for each value";
    BadNumber "BAD_NUMBER" Answer "The number is malformed or out of range." "write a plain decimal without exponent, integers within 128 bits";
    BadText "BAD_TEXT" Answer "The text holds code points that are not assigned in the pinned Unicode version." "remove the code point at the offset in the reason";
    BadName "BAD_NAME" Answer "A name, namespace, actor, key id, event type or idempotency key is malformed." "use lower-case letters, digits, `.`, `_` and `-`";
    BadUlid "BAD_ULID" Answer "The text is not a ULID." "write 26 upper-case Crockford characters, the first at most 7";
    BadDigest "BAD_DIGEST" Answer "The text is not a digest of the expected kind." "write `blake3:` or `sha256:` and 64 lower-case hex digits";
    BadUri "BAD_URI" Answer "The text is not a resource URI." "write `gatos://<repository>/<namespace>/<path>`";
    BadPattern "BAD_PATTERN" Answer "The text is not a glob pattern." "use `*` within one segment and `**` as a whole segment";
    BadEvent "BAD_EVENT" Answer "The event envelope is malformed." "see docs/formats/event.md for the fields";
    BadCommit "BAD_COMMIT" Answer "The commit is not the one its content prescribes." "fetch the ref again; do not edit commits below refs/gatos";
    BadSignature "BAD_SIGNATURE" Answer "A signature is malformed or does not verify." "sign the exact bytes again with the enrolled key";
    BadKey "BAD_KEY" Answer "A key is malformed, encrypted, weak or of another algorithm." "use an ed25519 key; add an encrypted key to the ssh-agent";
    BadProof "BAD_PROOF" Answer "A Merkle proof or frontier is malformed." "ask for the proof again";

    // Governance and identity.
    BadGovernance "BAD_GOVERNANCE" Answer "A governance document is malformed or breaks the rules of the chain." "see docs/formats for the document's fields";
    GovFork "GOV_FORK" Answer "Two governance documents claim the same place in the chain." "have the governors choose one and remove the other";
    GovBehind "GOV_BEHIND" Answer "The event names a governance version this repository does not have yet." "run `gatos sync` and try again";
    GovUnsupported "GOV_UNSUPPORTED" Answer "A governance document uses an operation this version does not know." "install a newer gatos";
    StaleGov "STALE_GOV" Answer "The event lies beyond a governance version's cut and names an older version." "append it again; it is then judged by the newest version";
    QuorumNotMet "QUORUM_NOT_MET" Answer "Too few of the right actors agreed to a governed action." "ask those named by the rule in the reason to approve it";
    PolicyStale "POLICY_STALE" Answer "The event was judged under a governance version older than this gate accepts." "run `gatos sync` and write it again; an operator may raise `gatos.policyLag`";
    UnknownActor "UNKNOWN_ACTOR" Answer "The actor is not enrolled." "have a governor enrol it with `gatos actor add`";
    UnknownKey "UNKNOWN_KEY" Answer "The key is not enrolled for this actor or no longer valid." "have a governor enrol it with `gatos key add`";
    UnknownEvent "UNKNOWN_EVENT" Answer "No event with this id is known." "check the id, or run `gatos sync`";
    UnknownNamespace "UNKNOWN_NAMESPACE" Answer "The namespace has no journal, fold or state." "list namespaces with `gatos status`";
    UnknownPath "UNKNOWN_PATH" Answer "The state has no such file or key." "list paths with `gatos state list`";
    NoRepository "NO_REPOSITORY" Environment "There is no GATOS repository here." "run `gatos init`, or name the folder with -C";
    RepoExists "REPO_EXISTS" Answer "This Git repository has a GATOS genesis already." "see `gatos status`, or choose another folder";
    FileExists "FILE_EXISTS" Answer "A file that would be written is there already." "choose another folder, or move the file away";
    RepoMismatch "REPO_MISMATCH" Answer "The document belongs to another repository." "check the remote and the `repo` field";

    // Order and content of events.
    PrevMismatch "PREV_MISMATCH" Answer "The event does not follow the tip of its journal." "sign again on top of the current tip";
    UlidNotRising "ULID_NOT_RISING" Answer "The event's ULID is not above the one before it in the journal." "take a ULID above the journal's tip";
    UlidAhead "ULID_AHEAD" Answer "The event's ULID lies too far ahead of the clock." "check the clock of this machine and of the signer";
    ReservedType "RESERVED_TYPE" Answer "The event type is reserved for the system." "choose a type outside `governance.`, `trust.`, `session.` and `epoch.`";
    TooLarge "TOO_LARGE" Answer "The document is larger than the limit." "keep large payloads outside and name them by digest and size";
    Equivocation "EQUIVOCATION" Answer "One key signed two different events for the same place." "governance chooses one branch with `gatos trust settle EVENT`; `gatos doctor` lists what is in quarantine";
    JournalFrozen "JOURNAL_FROZEN" Answer "The journal stands still until governance resolves an equivocation." "`gatos doctor` shows the branches; governance chooses one with `gatos trust settle EVENT`";
    Quarantined "QUARANTINED" Answer "The data was set aside because it failed verification." "see the report below refs/gatos/quarantine";
    AuditBroken "AUDIT_BROKEN" Answer "A decision of the audit journal is malformed, wrongly signed or out of its place." "compare the audit journal with a clone's copy below refs/gatos/remotes; it is never rewritten";
    EpochSealed "EPOCH_SEALED" Answer "The epoch of this event is sealed." "sign the event again in the current epoch";

    // Folds and checkpoints.
    BadFold "BAD_FOLD" Answer "The compiled fold is malformed." "compile it again with `gatos foldc`";
    BadFoldSource "BAD_FOLD_SOURCE" Answer "The fold source has errors." "correct the lines named in the findings";
    NumOverflow "NUM_OVERFLOW" Answer "A computation left the range of its number type." "use smaller numbers or another reducer";
    NumDivZero "NUM_DIV_ZERO" Answer "A computation divided by zero." "guard the division";
    NumDomain "NUM_DOMAIN" Answer "A function is not defined for its argument." "guard the call";
    FoldFailed "FOLD_FAILED" Answer "A fold written in Lua raised an error or broke a rule of folds while it ran." "correct the fold, compile and install it again";
    FuelExhausted "FUEL_EXHAUSTED" Answer "A program used up its fuel." "raise the limit of fuel, or do less in one call";
    MemoryExhausted "MEMORY_EXHAUSTED" Answer "A program used up its memory or wrote too much." "raise the limit of memory or output, or keep less";
    BadSource "BAD_SOURCE" Answer "The source of a program has errors." "correct the lines named in the findings";
    ProgramFailed "PROGRAM_FAILED" Answer "A program raised an error that nothing caught." "correct the program at the place named";
    BadRecording "BAD_RECORDING" Answer "A recording of a world is damaged, or cannot be replayed here." "record it again, or use the version of gatos that recorded it";
    StateDiffers "STATE_DIFFERS" Answer "Recomputing gave another state than the one recorded." "compare with `gatos state diff`; trust the recomputed one";
    WindowReordered "WINDOW_REORDERED" Answer "The old window is not a prefix of the new one, so no consistency proof exists." "verify the new window from its own root";
    CheckpointInvalid "CHECKPOINT_INVALID" Answer "A checkpoint is malformed or wrongly signed, or a root does not match." "run `gatos fold run` to make a new one";
    NoCheckpoint "NO_CHECKPOINT" Answer "The namespace has no checkpoint yet." "run `gatos fold run`";

    // Policies.
    BadPolicy "BAD_POLICY" Answer "The compiled policy is malformed." "compile it again with `gatos policyc`";
    BadRequest "BAD_REQUEST" Answer "A request about a policy is malformed." "see docs/formats/rgs.md for the parts of a request";
    BadPolicySource "BAD_POLICY_SOURCE" Answer "The policy source has errors." "correct the lines named in the findings";

    // Storage and environment.
    WalCorrupt "WAL_CORRUPT" Environment "The write-ahead log has a bad frame followed by good ones." "stop writing, copy the repository and run `gatos doctor`";
    IndexCorrupt "INDEX_CORRUPT" Environment "An index file is damaged; it can be rebuilt." "run `gatos doctor` for the command that rebuilds it";
    Locked "LOCKED" Environment "Another process holds the writer's lock." "wait for the process named in the reason, or stop it";
    DiskFull "DISK_FULL" Environment "The disk or quota is full." "free space and try again; nothing was half written";
    ReadOnly "READ_ONLY" Environment "The repository cannot be written." "check permissions and mount options";
    Io "IO" Environment "Reading or writing a file failed." "check the path in the reason";
    GitMissing "GIT_MISSING" Environment "The git program was not found." "install git and put it on PATH";
    GitTooOld "GIT_TOO_OLD" Environment "The git program is older than the oldest supported version." "install the version named in the reason or a later one";
    GitFailed "GIT_FAILED" Environment "A git command failed." "read git's own message in the reason";
    UnsupportedRepository "UNSUPPORTED_REPOSITORY" Environment "The Git repository uses a format or setting that is not supported." "see the setting named in the reason";
    AgentFailed "AGENT_FAILED" Environment "The ssh-agent did not answer or refused." "check SSH_AUTH_SOCK and `ssh-add -l`";
    RemoteRefused "REMOTE_REFUSED" Environment "The remote refused the transfer." "read the remote's message in the reason";
    Usage "USAGE" Usage "The command was called wrongly." "see `gatos help`";
    Internal "INTERNAL" Environment "An invariant of the program itself failed." "please report this with the reason";
}

impl ErrorCode {
    /// Exit status of the command line: 1 the answer is no, 2 usage, 3 environment.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self.kind() {
            Kind::Answer => 1,
            Kind::Usage => 2,
            Kind::Environment => 3,
        }
    }

    /// The code with this text, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<ErrorCode> {
        ErrorCode::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
    }

    /// Whether the code is reserved: published, but no part of this version answers with it yet.
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        matches!(
            self,
            ErrorCode::PolicyDeny
                | ErrorCode::CapExpired
                | ErrorCode::AckTimeout
                | ErrorCode::EpochBroken
                | ErrorCode::ProofInvalid
                | ErrorCode::EpochSealed
                | ErrorCode::NumDivZero
                | ErrorCode::NumDomain
        )
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl From<gatos_numbers::NumberError> for ErrorCode {
    fn from(error: gatos_numbers::NumberError) -> ErrorCode {
        use gatos_numbers::NumberError;
        match error {
            NumberError::Overflow => ErrorCode::NumOverflow,
            NumberError::DivideByZero => ErrorCode::NumDivZero,
            NumberError::Domain => ErrorCode::NumDomain,
            NumberError::Syntax { .. } | NumberError::Range => ErrorCode::BadNumber,
        }
    }
}
