//! Ed25519 signatures in OpenSSH's form (PROTOCOL.sshsig), so that `ssh-keygen -Y verify` checks what we sign.
//!
//! Only `ssh-ed25519` keys and `sha512` exist here. Reading key files and talking to an agent is the node's work.
//! There is one rule for every verification: strict, that is RFC 8032 without cofactor, with small-order and
//! non-canonical points and unreduced scalars refused.
//!
//! INVARIANT 1: one signature has one blob, one line and one armored text; decoders refuse every other.
//! INVARIANT 2: [`verify`] and [`VerifyingContext::verify`] never disagree.
//! Format page: `docs/formats/event.md`. Vectors: `vectors/values/sshsig.tsv`. Tests: `tests/it/sshsig.rs`.

mod verify;
mod wire;

use crate::{ErrorCode, KeyId, Text, Value};
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use core::fmt;
use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::Signer as _;
use sha2::Digest as _;

pub use verify::{VerifyingContext, verify};

/// Size of a raw public key in bytes.
pub const PUBLIC_KEY_SIZE: usize = 32;
/// Size of a raw signature in bytes.
pub const SIGNATURE_SIZE: usize = 64;

const ALGORITHM: &str = "ssh-ed25519";
const HASH_ALGORITHM: &str = "sha512";
const MAGIC: &[u8; 6] = b"SSHSIG";
const VERSION: u32 = 1;
const ARMOR_BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const ARMOR_END: &str = "-----END SSH SIGNATURE-----\n";
/// Where ssh-keygen breaks the lines of an armored signature.
const ARMOR_COLUMNS: usize = 70;
/// Longest signature blob that is looked at; ours have about 200 bytes.
const BLOB_SIZE_MAX: usize = 1024;

/// What a signature is for. Each kind of document has its own namespace, so that no signature serves for two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureNamespace {
    /// Event envelopes.
    Event,
    /// Governance documents.
    Grant,
    /// Checkpoints.
    Checkpoint,
    /// Epoch anchors.
    Anchor,
    /// Attested journal heads.
    Attest,
    /// Policy decisions.
    Decision,
    /// Bus messages.
    Message,
    /// Proofs.
    Proof,
    /// Git commits.
    Git,
}

impl SignatureNamespace {
    /// Every namespace.
    pub const ALL: [SignatureNamespace; 9] = [
        SignatureNamespace::Event,
        SignatureNamespace::Grant,
        SignatureNamespace::Checkpoint,
        SignatureNamespace::Anchor,
        SignatureNamespace::Attest,
        SignatureNamespace::Decision,
        SignatureNamespace::Message,
        SignatureNamespace::Proof,
        SignatureNamespace::Git,
    ];

    /// The namespace as it is signed, for example `gatos-event`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            SignatureNamespace::Event => "gatos-event",
            SignatureNamespace::Grant => "gatos-grant",
            SignatureNamespace::Checkpoint => "gatos-checkpoint",
            SignatureNamespace::Anchor => "gatos-anchor",
            SignatureNamespace::Attest => "gatos-attest",
            SignatureNamespace::Decision => "gatos-decision",
            SignatureNamespace::Message => "gatos-message",
            SignatureNamespace::Proof => "gatos-proof",
            SignatureNamespace::Git => "git",
        }
    }
}

impl AsRef<str> for SignatureNamespace {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for SignatureNamespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Why a public key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not `ssh-ed25519 <base64>`.
    #[error("not an OpenSSH public key: expected `ssh-ed25519` and base64")]
    Syntax,
    /// A key of another algorithm.
    #[error("only ssh-ed25519 keys are supported")]
    Algorithm,
    /// The bytes are not a point of the curve, or not its one encoding.
    #[error("the key is not a canonical point of the curve")]
    NotAPoint,
    /// The point has small order: signatures under it prove nothing.
    #[error("the key is a point of small order")]
    SmallOrder,
}

impl KeyError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadKey
    }
}

/// An Ed25519 public key: a canonical point that is not of small order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; PUBLIC_KEY_SIZE]);

impl PublicKey {
    /// Checks the raw key.
    ///
    /// # Errors
    /// [`KeyError::NotAPoint`] or [`KeyError::SmallOrder`].
    pub fn from_bytes(bytes: [u8; PUBLIC_KEY_SIZE]) -> Result<PublicKey, KeyError> {
        if !is_canonical_field_element(bytes) {
            return Err(KeyError::NotAPoint);
        }
        let point = CompressedEdwardsY(bytes)
            .decompress()
            .ok_or(KeyError::NotAPoint)?;
        // The other second encodings, those of x = 0 with the sign bit set, belong to points of small order.
        if point.is_small_order() {
            return Err(KeyError::SmallOrder);
        }
        Ok(PublicKey(bytes))
    }

    /// The raw key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; PUBLIC_KEY_SIZE] {
        &self.0
    }

    /// The id under which the key is enrolled.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId::of(self)
    }

    /// `ssh-ed25519 AAAA…`, without a comment.
    #[must_use]
    pub fn openssh_text(&self) -> String {
        let mut text = String::from(ALGORITHM);
        text.push(' ');
        text.push_str(&Base64::encode_string(&wire::public_key(self)));
        text
    }

    /// Reads exactly what [`PublicKey::openssh_text`] writes.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse_openssh(text: &str) -> Result<PublicKey, KeyError> {
        let (algorithm, encoded) = text.split_once(' ').ok_or(KeyError::Syntax)?;
        if algorithm != ALGORITHM {
            return Err(if is_key_type(algorithm) {
                KeyError::Algorithm
            } else {
                KeyError::Syntax
            });
        }
        let blob = decode_base64(encoded).ok_or(KeyError::Syntax)?;
        PublicKey::from_wire(&blob)
    }

    /// Reads a line of a `.pub` file: white space around the parts and a comment are allowed.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn parse_openssh_line(line: &str) -> Result<(PublicKey, Option<&str>), KeyError> {
        let line = line.trim();
        let (algorithm, rest) = line.split_once([' ', '\t']).ok_or(KeyError::Syntax)?;
        let rest = rest.trim_start();
        let (encoded, comment) = rest
            .split_once([' ', '\t'])
            .map_or((rest, ""), |(encoded, comment)| (encoded, comment));
        let mut text = algorithm.to_owned();
        text.push(' ');
        text.push_str(encoded);
        let comment = comment.trim();
        Ok((
            PublicKey::parse_openssh(&text)?,
            (!comment.is_empty()).then_some(comment),
        ))
    }

    /// The key in SSH's wire form, as agents and signatures carry it.
    #[must_use]
    pub fn to_wire(&self) -> Vec<u8> {
        wire::public_key(self)
    }

    /// Reads SSH's wire form.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_wire(blob: &[u8]) -> Result<PublicKey, KeyError> {
        wire::parse_public_key(blob)
    }
}

/// Whether the y coordinate, the low 255 bits, is below p = 2^255 − 19.
fn is_canonical_field_element(mut bytes: [u8; PUBLIC_KEY_SIZE]) -> bool {
    bytes[PUBLIC_KEY_SIZE - 1] &= 0x7F;
    let [lowest, middle @ .., highest] = bytes;
    lowest < 0xED || highest < 0x7F || middle.iter().any(|byte| *byte < 0xFF)
}

fn is_key_type(word: &str) -> bool {
    word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-")
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.openssh_text())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Why a signature was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The bytes or text are not an SSHSIG signature in its one form.
    #[error("not an SSH signature in its one form: {0}")]
    Malformed(&'static str),
    /// The key inside the signature is refused.
    #[error("the signature's key is refused: {0}")]
    Key(#[from] KeyError),
    /// The signature is for another kind of document.
    #[error(
        "the signature is for `{}` and not for `{}`",
        crate::excerpt::excerpt(found),
        crate::excerpt::excerpt(expected)
    )]
    Namespace {
        /// The namespace it should have.
        expected: String,
        /// The namespace it has.
        found: String,
    },
    /// The signature was made by another key than the one it was checked with.
    #[error("the signature was made by key {found} and not by {expected}")]
    OtherKey {
        /// The key it should have.
        expected: KeyId,
        /// The key it has.
        found: KeyId,
    },
    /// The signature does not fit the message.
    #[error("the signature does not verify")]
    Invalid,
}

impl SignatureError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            SignatureError::Key(_) => ErrorCode::BadKey,
            _ => ErrorCode::BadSignature,
        }
    }
}

/// A signature with the key that made it and the namespace it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshSignature {
    /// The key that claims to have signed.
    pub public: PublicKey,
    /// What the signature is for.
    pub namespace: String,
    /// The raw Ed25519 signature.
    pub signature: [u8; SIGNATURE_SIZE],
}

impl SshSignature {
    /// The binary form.
    #[must_use]
    pub fn to_blob(&self) -> Vec<u8> {
        wire::signature(self)
    }

    /// Reads the binary form.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] or [`SignatureError::Key`]; nothing is verified yet.
    pub fn from_blob(blob: &[u8]) -> Result<SshSignature, SignatureError> {
        wire::parse_signature(blob)
    }

    /// Reads the binary form of a signature that must be by `public`: many times faster, because a key that is
    /// known to be good need not be checked again.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] or [`SignatureError::OtherKey`]; nothing is verified yet.
    pub fn from_blob_by(public: &PublicKey, blob: &[u8]) -> Result<SshSignature, SignatureError> {
        wire::parse_signature_by(public, blob)
    }

    /// The binary form in base64 on one line, as commit trailers carry it.
    #[must_use]
    pub fn to_base64_line(&self) -> String {
        Base64::encode_string(&self.to_blob())
    }

    /// Reads base64 on one line.
    ///
    /// # Errors
    /// As [`SshSignature::from_blob`].
    pub fn from_base64_line(line: &str) -> Result<SshSignature, SignatureError> {
        let blob =
            decode_base64(line).ok_or(SignatureError::Malformed("the base64 is not valid"))?;
        SshSignature::from_blob(&blob)
    }

    /// Reads base64 on one line of a signature that must be by `public`; see [`SshSignature::from_blob_by`].
    ///
    /// # Errors
    /// As [`SshSignature::from_blob_by`].
    pub fn from_base64_line_by(
        public: &PublicKey,
        line: &str,
    ) -> Result<SshSignature, SignatureError> {
        let blob =
            decode_base64(line).ok_or(SignatureError::Malformed("the base64 is not valid"))?;
        SshSignature::from_blob_by(public, &blob)
    }

    /// The armored text, byte for byte as `ssh-keygen -Y sign` writes it.
    #[must_use]
    pub fn armored(&self) -> String {
        let mut text = String::from(ARMOR_BEGIN);
        let encoded = self.to_base64_line();
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            // Base64 is ASCII, so every index is a character boundary.
            let (line, after) = rest.split_at(rest.len().min(ARMOR_COLUMNS));
            text.push_str(line);
            text.push('\n');
            rest = after;
        }
        text.push_str(ARMOR_END);
        text
    }

    /// Reads exactly what [`SshSignature::armored`] writes.
    ///
    /// # Errors
    /// As [`SshSignature::from_blob`].
    pub fn from_armored(text: &str) -> Result<SshSignature, SignatureError> {
        let malformed = SignatureError::Malformed("the armor is not the one ssh-keygen writes");
        let body = text
            .strip_prefix(ARMOR_BEGIN)
            .and_then(|rest| rest.strip_suffix(ARMOR_END));
        let Some(body) = body.filter(|_| text.len() <= 2 * BLOB_SIZE_MAX) else {
            return Err(malformed);
        };
        let line: String = body.split('\n').collect();
        let signature = SshSignature::from_base64_line(&line)?;
        if signature.armored() == text {
            Ok(signature)
        } else {
            Err(malformed)
        }
    }

    /// The one-line form as a value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        // Base64 is ASCII, so it is text as it stands.
        Text::from_string(self.to_base64_line()).map_or(Value::Null, Value::Text)
    }
}

/// Standard base64 with padding, nothing else; long input is refused unread.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    if text.len() > 2 * BLOB_SIZE_MAX {
        return None;
    }
    Base64::decode_vec(text).ok()
}

/// The bytes that Ed25519 signs for a message: magic, namespace, hash algorithm and SHA-512 of the message.
#[must_use]
pub fn signed_data(ns: impl AsRef<str>, message: &[u8]) -> Vec<u8> {
    let hash = sha2::Sha512::digest(message);
    let mut data = Vec::with_capacity(
        MAGIC.len() + 4 * 4 + ns.as_ref().len() + HASH_ALGORITHM.len() + hash.len(),
    );
    data.extend_from_slice(MAGIC);
    wire::put_string(&mut data, ns.as_ref().as_bytes());
    wire::put_string(&mut data, b"");
    wire::put_string(&mut data, HASH_ALGORITHM.as_bytes());
    wire::put_string(&mut data, &hash);
    data
}

/// A private key. It shows nothing of itself when printed.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key with this 32-byte seed (what RFC 8032 calls the private key).
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> SigningKey {
        SigningKey(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a message.
    pub fn sign(&self, ns: impl AsRef<str>, message: &[u8]) -> SshSignature {
        let data = signed_data(ns.as_ref(), message);
        SshSignature {
            public: self.public(),
            namespace: ns.as_ref().to_string(),
            signature: self.0.sign(&data).to_bytes(),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({})", self.public().key_id())
    }
}
