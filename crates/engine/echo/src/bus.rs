//! Codex's Baby, the event bus: envelopes that wait in lanes, handlers that hear them, and what happens when it is full.
//!
//! Systems, handlers and whoever drives a world emit [`Draft`]s. The bus seals each as an [`Envelope`] with an id and
//! puts it into a lane: one of two for each phase. Its hash is taken when somebody asks for it, or when the world is hashed.
//! When a phase begins, its priority lane and then its normal lane are emptied of what is due, in the order of target
//! tick and id, and each envelope goes to the handlers of its kind. Envelopes that wait are part of the world: forked,
//! hashed, saved. Other branches' mail is not this file's work.
//!
//! INVARIANT 1: what is delivered, dropped and refused depends on the world and the schedule alone.
//! INVARIANT 2: every error names its code and leaves the world as before the tick.
//! Bytes: `docs/formats/world.md`, section Envelopes. Tests: `tests/it/bus.rs`.

mod batch;
mod deliver;
mod draft;
mod envelope;
mod handler;
mod machine;
mod mailbox;
mod post;
mod short;
mod signature;

pub use draft::{Draft, PrngSpan};
pub use envelope::{Envelope, Lane};
pub use handler::{BusConfig, Handler, HandlerContext, Overflow};
pub use post::Post;

pub(crate) use deliver::{Courier, PostReport};
pub(crate) use envelope::describe;
pub(crate) use mailbox::Mailbox;

use crate::schedule::Phase;
use alloc::string::String;
use gatos_values::Blake3Digest;

/// Why the bus stops a tick or refuses a draft. The world is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// A lane whose rule is to refuse is full.
    #[error(
        "ERR_QUEUE_OVERFLOW: the {lane} lane of {phase} is full with {capacity} envelopes; `{source_name}` emits `{kind}`"
    )]
    Overflow {
        /// The phase.
        phase: Phase,
        /// The lane.
        lane: Lane,
        /// How many envelopes it holds.
        capacity: usize,
        /// Who emits.
        source_name: String,
        /// The kind.
        kind: String,
    },
    /// Somebody claims a capability that he was not granted, or an envelope lacks one that a handler wants.
    #[error("ERR_CAPABILITY_DENIED: `{who}` has no `{capability}` for `{kind}`")]
    Denied {
        /// Who emits.
        who: String,
        /// The capability.
        capability: String,
        /// The kind.
        kind: String,
    },
    /// An envelope's hash is not that of its bytes.
    #[error(
        "ERR_ENVELOPE_TAMPERED: envelope {id} of kind `{kind}` was changed after it was sealed"
    )]
    Tampered {
        /// The id.
        id: u64,
        /// The kind.
        kind: String,
    },
    /// More immediate envelopes in one tick than allowed.
    #[error(
        "ERR_IMMEDIATE_BUDGET_EXCEEDED: `{source_name}` emits `{kind}` at once, and {budget} a tick are allowed"
    )]
    ImmediateBudget {
        /// Who emits.
        source_name: String,
        /// The kind.
        kind: String,
        /// How many are allowed a tick.
        budget: u32,
    },
    /// A kind that may not be delivered at once.
    #[error(
        "ERR_IMMEDIATE_FORBIDDEN: `{source_name}` emits `{kind}` at once, which is not on the list"
    )]
    ImmediateForbidden {
        /// Who emits.
        source_name: String,
        /// The kind.
        kind: String,
    },
    /// Handlers drew other random numbers than the envelope says.
    #[error(
        "ERR_PRNG_MISMATCH: handlers of envelope {id} of kind `{kind}` drew {drawn} numbers, its span has {declared}"
    )]
    PrngMismatch {
        /// The id.
        id: u64,
        /// The kind.
        kind: String,
        /// How many were drawn.
        drawn: u64,
        /// How many the span has.
        declared: u64,
    },
    /// A draft that cannot be sealed.
    #[error("ERR_ENVELOPE_INVALID: `{source_name}` emits `{kind}`: {reason}")]
    Invalid {
        /// Who emits.
        source_name: String,
        /// The kind.
        kind: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A signature that does not fit, or none where the kind needs one.
    #[error("ERR_SIGNATURE_INVALID: `{source_name}` emits `{kind}`: {reason}")]
    Signature {
        /// Who emits.
        source_name: String,
        /// The kind.
        kind: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A handler gave up.
    #[error("the handler `{handler}` of `{kind}` gave up: {reason}")]
    Handler {
        /// The handler.
        handler: String,
        /// The kind.
        kind: String,
        /// Its own words.
        reason: String,
    },
}

/// An envelope that a full lane dropped, by its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drop {
    /// The phase.
    pub phase: Phase,
    /// The lane.
    pub lane: Lane,
    /// The envelope's id.
    pub id: u64,
    /// Its hash.
    pub hash: Blake3Digest,
}
