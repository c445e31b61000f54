//! Digests and the ids made of them: `blake3:<64 hex>` and `sha256:<64 hex>`.
//!
//! A digest of bytes is the plain hash of the bytes, so that `b3sum` and `sha256sum` can check it.
//! Trees of digests are `merkle`'s work.
//!
//! INVARIANT: text and digest correspond one to one; upper case, other lengths and other prefixes are refused.
//! Vectors: `vectors/values/digests.tsv`. Tests: `tests/it/digest.rs`.

mod side_by_side;

use crate::{ErrorCode, Text, Value, hex};
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;
use sha2::Digest as _;

/// Size of every digest in bytes.
pub const DIGEST_SIZE: usize = 32;

/// Why a text is not a digest of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not `{expected}:` and 64 lower-case hex digits",
    crate::excerpt::excerpt(text)
)]
pub struct DigestError {
    /// The prefix that was expected: `blake3` or `sha256`.
    pub expected: &'static str,
    /// The text as given.
    pub text: String,
}

impl DigestError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadDigest
    }
}

macro_rules! digest_type {
    ($(#[$documentation:meta])* $name:ident, $prefix:literal) => {
        $(#[$documentation])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; DIGEST_SIZE]);

        impl $name {
            /// The prefix of the text form, without the colon.
            pub const PREFIX: &'static str = $prefix;

            /// A digest known by its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; DIGEST_SIZE]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; DIGEST_SIZE] {
                &self.0
            }

            /// The 64 hex digits without the prefix.
            #[must_use]
            pub fn to_hex(&self) -> String {
                hex::encode(&self.0)
            }

            /// Reads the text form.
            ///
            /// # Errors
            /// [`DigestError`].
            pub fn parse(text: &str) -> Result<Self, DigestError> {
                text.strip_prefix(concat!($prefix, ":"))
                    .and_then(hex::decode)
                    .map(Self)
                    .ok_or_else(|| DigestError { expected: $prefix, text: String::from(text) })
            }

            /// The text form as a value.
            #[must_use]
            pub fn to_value(&self) -> Value {
                // Digest text is ASCII, so it is text as it stands.
                Text::from_string(self.to_string()).map_or(Value::Null, Value::Text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0; 64];
                formatter.write_str(concat!($prefix, ":"))?;
                formatter.write_str(hex::encode_block(&self.0, &mut digits))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                Self::parse(text)
            }
        }
    };
}

digest_type!(
    /// A BLAKE3 digest.
    Blake3Digest,
    "blake3"
);

digest_type!(
    /// A SHA-256 digest.
    Sha256Digest,
    "sha256"
);

impl Blake3Digest {
    /// The digest of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Blake3Digest {
        Blake3Digest(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of the parts, one after the other, without copying them together.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Blake3Digest {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(part);
        }
        Blake3Digest(*hasher.finalize().as_bytes())
    }
}

impl Sha256Digest {
    /// The digest of the bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Sha256Digest {
        Sha256Digest(sha2::Sha256::digest(bytes).into())
    }
}

macro_rules! id_type {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Blake3Digest);

        impl $name {
            /// The id with this digest.
            #[must_use]
            pub const fn from_digest(digest: Blake3Digest) -> Self {
                Self(digest)
            }

            /// The id with these raw digest bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; DIGEST_SIZE]) -> Self {
                Self(Blake3Digest::from_bytes(bytes))
            }

            /// The digest that is the id.
            #[must_use]
            pub const fn digest(&self) -> Blake3Digest {
                self.0
            }

            /// The raw digest bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; DIGEST_SIZE] {
                self.0.as_bytes()
            }

            /// The 64 hex digits without the prefix.
            #[must_use]
            pub fn to_hex(&self) -> String {
                self.0.to_hex()
            }

            /// Reads `blake3:<64 hex>`.
            ///
            /// # Errors
            /// [`DigestError`].
            pub fn parse(text: &str) -> Result<Self, DigestError> {
                Blake3Digest::parse(text).map(Self)
            }

            /// The text form as a value.
            #[must_use]
            pub fn to_value(&self) -> Value {
                self.0.to_value()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                Self::parse(text)
            }
        }
    };
}

id_type!(
    /// The id of an event: BLAKE3 of the unsigned envelope's canonical JSON bytes.
    EventId
);

id_type!(
    /// The id of a governance document: BLAKE3 of its canonical JSON bytes.
    GovernanceId
);

/// The id of a repository: the id of its genesis document.
pub type RepositoryId = GovernanceId;

impl EventId {
    /// The id of the event with these envelope bytes.
    #[must_use]
    pub fn of_envelope(bytes: &[u8]) -> EventId {
        EventId(Blake3Digest::of(bytes))
    }
}

impl GovernanceId {
    /// The id of the governance document with these bytes.
    #[must_use]
    pub fn of_document(bytes: &[u8]) -> GovernanceId {
        GovernanceId(Blake3Digest::of(bytes))
    }
}
