//! Canonical values and the bytes everybody signs: JSON, CBOR, digests, names, signatures, events.
//!
//! One value has one JSON text and one CBOR encoding, so that a digest or a signature over the bytes is a
//! statement about the value. Numbers come from `gatos-numbers`; keeping bytes is the ledger's work, judging
//! them the rules'. Nothing here reads a file, a clock, the environment or randomness.
//!
//! Reading order: [`code`] (error codes), [`text`], [`value`], [`json`], [`cbor`], [`digest`], [`merkle`],
//! [`ulid`], [`name`], [`uri`], [`glob`], [`sshsig`], [`event`], [`roots`], [`seed`].
//!
//! INVARIANT 1: `encode` and `decode` are inverse, and a decoder for canonical bytes refuses every other byte string.
//! INVARIANT 2: no input makes a decoder panic, recurse deeper than [`json::DEPTH_MAX`] or reserve more memory than
//! a small multiple of the input.
//!
//! Format pages: `docs/formats/values.md`, `docs/formats/event.md`. Vectors: `vectors/values`. Tests: `tests/it`.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

pub mod cbor;
pub mod code;
pub mod digest;
pub mod event;
pub mod glob;
pub mod hex;
pub mod json;
pub mod merkle;
pub mod name;
pub mod roots;
pub mod seed;
pub mod sshsig;
pub mod text;
pub mod ulid;
pub mod uri;
pub mod value;

mod excerpt;

pub use code::ErrorCode;
pub use digest::{Blake3Digest, DigestError, EventId, GovernanceId, RepositoryId, Sha256Digest};
pub use event::{Envelope, EnvelopeView, EventError, SealedEvent};
pub use gatos_numbers::{Fixed, Number, NumberError, Q32};
pub use glob::{Glob, GlobError};
pub use name::{
    Actor, ActorKind, DottedName, EventType, IdempotencyKey, JournalName, KeyId, NameError,
    Namespace, Segment,
};
pub use sshsig::{
    PublicKey, SignatureError, SignatureNamespace, SigningKey, SshSignature, VerifyingContext,
};
pub use text::{Text, TextError};
pub use ulid::{Ulid, UlidError};
pub use uri::{ResourceUri, UriError};
pub use value::{DuplicateKey, Map, Value};
