//! Events: the unsigned envelope, its canonical bytes, its id, and the envelope sealed with a signature.
//!
//! Three stages: [`Envelope`] (fields), [`EnvelopeView`] (borrowed fields of canonical bytes, for reading fast),
//! [`SealedEvent`] (bytes, id and signature that belong together). Whether an event may enter a repository is
//! judged by policy and governance; the commit around it is the ledger's work.
//!
//! INVARIANT 1: the id is BLAKE3 of exactly the envelope bytes, and the signature is over exactly those bytes.
//! INVARIANT 2: `Envelope::decode` accepts exactly what `Envelope::encode` writes.
//! Format page: `docs/formats/event.md`. Vectors: `vectors/values/events.tsv`. Tests: `tests/it/event.rs`.

mod direct;
mod fields;
mod view;

use crate::json::{self, EncodeError, JsonError};
use crate::{
    Actor, Blake3Digest, ErrorCode, EventId, EventType, GovernanceId, IdempotencyKey, JournalName,
    KeyId, Namespace, RepositoryId, ResourceUri, Sha256Digest, SignatureError, SignatureNamespace,
    SigningKey, SshSignature, Text, Ulid, Value, VerifyingContext,
};
use alloc::string::String;
use alloc::vec::Vec;

pub use view::EnvelopeView;

/// Largest envelope in bytes.
pub const ENVELOPE_SIZE_MAX: usize = 96 * 1024;

/// Version of the envelope's form, its field `v`.
pub const ENVELOPE_VERSION: u32 = 1;

/// Longest capability in bytes.
pub const CAPABILITY_SIZE_MAX: usize = 128;

/// First ULID time, in seconds, that is refused.
pub const TIME_LIMIT_SECONDS: u64 = 1 << 34;

/// First parts of the event types that only the system itself may use.
const RESERVED_FIRST_PARTS: [&str; 4] = ["governance", "trust", "session", "epoch"];

/// An event before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The repository the event belongs to.
    pub repo: RepositoryId,
    /// The namespace.
    pub ns: Namespace,
    /// Who signs.
    pub actor: Actor,
    /// With which key.
    pub key: KeyId,
    /// What kind of fact it is.
    pub event_type: EventType,
    /// Its place in time, as claimed by the signer.
    pub ulid: Ulid,
    /// The event before it in the same journal; `None` for the first.
    pub prev: Option<EventId>,
    /// What the event is about.
    pub resource: ResourceUri,
    /// The fact itself: any JSON value.
    pub payload: Value,
    /// Capabilities the event was written under: sorted, unique.
    pub caps: Vec<Text>,
    /// Labels: sorted, unique.
    pub labels: Vec<EventType>,
    /// The key under which a repetition is recognised.
    pub idem: Option<IdempotencyKey>,
    /// The session the event was written in.
    pub session: Option<Ulid>,
    /// The governance version it was judged under.
    pub gov: GovernanceId,
    /// The policy root of that version.
    pub policy_root: Sha256Digest,
    /// The fold root of the namespace in that version.
    pub fold_root: Sha256Digest,
}

/// Why bytes are no envelope, or an envelope has no bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The envelope is larger than [`ENVELOPE_SIZE_MAX`].
    #[error("the envelope has {size} bytes, the limit is {ENVELOPE_SIZE_MAX}")]
    TooLarge {
        /// Size in bytes.
        size: usize,
    },
    /// The bytes are not canonical JSON.
    #[error("the envelope is not canonical JSON: {0}")]
    Json(#[from] JsonError),
    /// The document is not a map.
    #[error("the envelope is not a JSON object")]
    NotAMap,
    /// A field that envelopes do not have.
    #[error("the envelope has an unknown field `{}`", crate::excerpt::excerpt(.0))]
    UnknownField(String),
    /// A field that every envelope must have.
    #[error("the envelope has no field `{0}`")]
    MissingField(&'static str),
    /// A field whose value is refused.
    #[error("field `{field}`: {reason}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The payload or a capability has no canonical form.
    #[error("the payload or a capability has no canonical form: {0}")]
    Payload(#[from] EncodeError),
    /// The signature is by another key than the envelope names.
    #[error("the envelope names key {envelope} but the signature is by {signature}")]
    KeyMismatch {
        /// The key in the envelope.
        envelope: KeyId,
        /// The key in the signature.
        signature: KeyId,
    },
}

impl EventError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            EventError::TooLarge { .. } => ErrorCode::TooLarge,
            EventError::Json(error) => error.code(),
            EventError::Payload(EncodeError::Unassigned(_)) => ErrorCode::BadText,
            EventError::KeyMismatch { .. } => ErrorCode::BadSignature,
            _ => ErrorCode::BadEvent,
        }
    }
}

/// Whether only the system itself may write events of this type.
#[must_use]
pub fn is_reserved_type(event_type: &EventType) -> bool {
    RESERVED_FIRST_PARTS.contains(&event_type.first_part())
}

impl Envelope {
    /// The canonical bytes: one line of JSON.
    ///
    /// # Errors
    /// [`EventError`] where a field breaks its rule or the whole is too large.
    pub fn encode(&self) -> Result<Vec<u8>, EventError> {
        let mut output = Vec::with_capacity(768);
        fields::encode(self, &mut output)?;
        Ok(output)
    }

    /// Reads canonical bytes; every field is checked, unknown fields are refused.
    ///
    /// # Errors
    /// [`EventError`].
    pub fn decode(bytes: &[u8]) -> Result<Envelope, EventError> {
        direct::read(bytes).map_or_else(|| fields::decode(bytes), Ok)
    }

    /// The journal the event belongs to.
    #[must_use]
    pub fn journal(&self) -> JournalName {
        JournalName {
            ns: self.ns.clone(),
            actor: self.actor.clone(),
            key: self.key,
        }
    }

    /// Whether both say the same: type, resource, payload, labels and capabilities.
    #[must_use]
    pub fn same_content(&self, other: &Envelope) -> bool {
        self.event_type == other.event_type
            && self.resource == other.resource
            && self.payload == other.payload
            && self.labels == other.labels
            && self.caps == other.caps
    }

    /// A digest of what [`Envelope::same_content`] compares: BLAKE3 of the canonical JSON of
    /// `{caps, labels, payload, resource, type}`, empty lists included.
    ///
    /// # Errors
    /// [`EventError::Payload`] where the payload has no JSON form.
    pub fn content_digest(&self) -> Result<Blake3Digest, EventError> {
        let mut output = Vec::with_capacity(256);
        fields::encode_content(self, &mut output)?;
        Ok(Blake3Digest::of(&output))
    }
}

/// An envelope with its bytes, its id and a signature by the key it names.
///
/// That the signature is by that key is checked; that it is a good one is for [`SealedEvent::verify_signature`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEvent {
    envelope: Envelope,
    bytes: Vec<u8>,
    id: EventId,
    signature: SshSignature,
}

impl SealedEvent {
    /// Encodes and signs an envelope.
    ///
    /// # Errors
    /// [`EventError`], also where the envelope names another key.
    pub fn sign(envelope: Envelope, key: &SigningKey) -> Result<SealedEvent, EventError> {
        let bytes = envelope.encode()?;
        let signature = key.sign(SignatureNamespace::Event, &bytes);
        SealedEvent::join(envelope, bytes, signature)
    }

    /// Joins an envelope with a signature made elsewhere, for example by an agent.
    ///
    /// # Errors
    /// [`EventError`], also where the signature is by another key.
    pub fn from_signed(
        envelope: Envelope,
        signature: SshSignature,
    ) -> Result<SealedEvent, EventError> {
        let bytes = envelope.encode()?;
        SealedEvent::join(envelope, bytes, signature)
    }

    /// Decodes stored bytes and joins them with their signature.
    ///
    /// # Errors
    /// [`EventError`], also where the signature is by another key.
    pub fn from_parts(bytes: Vec<u8>, signature: SshSignature) -> Result<SealedEvent, EventError> {
        let envelope = Envelope::decode(&bytes)?;
        SealedEvent::join(envelope, bytes, signature)
    }

    fn join(
        envelope: Envelope,
        bytes: Vec<u8>,
        signature: SshSignature,
    ) -> Result<SealedEvent, EventError> {
        let signer = signature.public.key_id();
        if signer != envelope.key {
            return Err(EventError::KeyMismatch {
                envelope: envelope.key,
                signature: signer,
            });
        }
        let id = EventId::of_envelope(&bytes);
        Ok(SealedEvent {
            envelope,
            bytes,
            id,
            signature,
        })
    }

    /// Whether the signature verifies.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_signature(&self) -> Result<(), SignatureError> {
        crate::sshsig::verify(SignatureNamespace::Event, &self.bytes, &self.signature)
    }

    /// Whether the signature verifies, with a prepared key.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_signature_with(&self, context: &VerifyingContext) -> Result<(), SignatureError> {
        context.verify(SignatureNamespace::Event, &self.bytes, &self.signature)
    }

    /// The envelope.
    #[must_use]
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The envelope's canonical bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The event's id.
    #[must_use]
    pub const fn id(&self) -> EventId {
        self.id
    }

    /// The signature.
    #[must_use]
    pub const fn signature(&self) -> &SshSignature {
        &self.signature
    }

    /// Envelope, bytes, id and signature.
    #[must_use]
    pub fn into_parts(self) -> (Envelope, Vec<u8>, EventId, SshSignature) {
        (self.envelope, self.bytes, self.id, self.signature)
    }
}

fn field_error(field: &'static str, reason: impl alloc::string::ToString) -> EventError {
    EventError::Field {
        field,
        reason: reason.to_string(),
    }
}

/// The reason behind a scan that stopped at `offset`.
fn not_canonical(bytes: &[u8], offset: usize) -> EventError {
    EventError::Json(json::explain(bytes, offset))
}
