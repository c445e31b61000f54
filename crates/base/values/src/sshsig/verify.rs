//! Strict verification, once or many times under one key.
//!
//! A signature (R, s) verifies when s is reduced, R and A are canonical and not of small order, and the encoding of
//! s·B − k·A is R, with k the SHA-512 of R, A and the signed data. [`VerifyingContext`] can keep a table of
//! multiples of −A, so that both products are sums of table entries without doublings.

use super::{PublicKey, SIGNATURE_SIZE, SignatureError, SshSignature, signed_data};
use alloc::boxed::Box;
use alloc::string::ToString;
use curve25519_dalek::constants::ED25519_BASEPOINT_TABLE;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsBasepointTable, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::BasepointTable as _;
use ed25519_dalek::VerifyingKey;
use sha2::Digest as _;

/// Whether `signature` was made by its key for this namespace and message.
///
/// # Errors
/// [`SignatureError::Namespace`] or [`SignatureError::Invalid`].
pub fn verify(
    ns: impl AsRef<str>,
    message: &[u8],
    signature: &SshSignature,
) -> Result<(), SignatureError> {
    check_namespace(ns.as_ref(), signature)?;
    let key = VerifyingKey::from_bytes(signature.public.as_bytes())
        .map_err(|_| SignatureError::Invalid)?;
    let data = signed_data(ns, message);
    key.verify_strict(&data, &signature.signature.into())
        .map_err(|_| SignatureError::Invalid)
}

fn check_namespace(expected: &str, signature: &SshSignature) -> Result<(), SignatureError> {
    if signature.namespace == expected {
        return Ok(());
    }
    Err(SignatureError::Namespace {
        expected: expected.to_string(),
        found: signature.namespace.clone(),
    })
}

/// A public key prepared for many verifications.
#[derive(Clone)]
pub struct VerifyingContext {
    public: PublicKey,
    minus_public: Multiples,
}

/// −A, with or without a table of its multiples.
#[derive(Clone)]
enum Multiples {
    Point(EdwardsPoint),
    Table(Box<EdwardsBasepointTable>),
}

impl VerifyingContext {
    /// Prepares a key with a table of 30 KiB, which takes as long as some thirty verifications by [`verify`] and
    /// makes each later one faster by a third. For keys with few signatures take [`VerifyingContext::without_table`].
    #[must_use]
    pub fn new(public: &PublicKey) -> VerifyingContext {
        let table = EdwardsBasepointTable::create(&minus(public));
        VerifyingContext {
            public: *public,
            minus_public: Multiples::Table(Box::new(table)),
        }
    }

    /// Prepares a key in no time; its verifications are a little faster than those by [`verify`].
    #[must_use]
    pub fn without_table(public: &PublicKey) -> VerifyingContext {
        VerifyingContext {
            public: *public,
            minus_public: Multiples::Point(minus(public)),
        }
    }

    /// The key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Whether `signature` was made by this key for this namespace and message.
    ///
    /// # Errors
    /// As [`verify`], and [`SignatureError::OtherKey`].
    pub fn verify(
        &self,
        ns: impl AsRef<str>,
        message: &[u8],
        signature: &SshSignature,
    ) -> Result<(), SignatureError> {
        check_namespace(ns.as_ref(), signature)?;
        if signature.public != self.public {
            let (expected, found) = (self.public.key_id(), signature.public.key_id());
            return Err(SignatureError::OtherKey { expected, found });
        }
        if self.verify_raw(&signed_data(ns, message), &signature.signature) {
            Ok(())
        } else {
            Err(SignatureError::Invalid)
        }
    }

    /// Whether the raw Ed25519 signature of `data` verifies, strictly.
    #[must_use]
    pub fn verify_raw(&self, data: &[u8], signature: &[u8; SIGNATURE_SIZE]) -> bool {
        let (point, scalar) = signature.split_at(32);
        let (Ok(point), Ok(scalar)) = (<[u8; 32]>::try_from(point), <[u8; 32]>::try_from(scalar))
        else {
            return false;
        };
        let Some(scalar) = Option::<Scalar>::from(Scalar::from_canonical_bytes(scalar)) else {
            return false;
        };
        let hash = sha2::Sha512::new()
            .chain_update(point)
            .chain_update(self.public.as_bytes())
            .chain_update(data);
        let challenge = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let expected = match &self.minus_public {
            Multiples::Point(point) => {
                EdwardsPoint::vartime_double_scalar_mul_basepoint(&challenge, point, &scalar)
            }
            Multiples::Table(table) => {
                ED25519_BASEPOINT_TABLE.mul_base(&scalar) + table.mul_base(&challenge)
            }
        };
        // Equal encodings make R canonical and a point, so the order of R is the order of what was computed.
        expected.compress() == CompressedEdwardsY(point) && !expected.is_small_order()
    }
}

fn minus(public: &PublicKey) -> EdwardsPoint {
    -CompressedEdwardsY(*public.as_bytes())
        .decompress()
        .expect("a PublicKey is a point")
}

impl core::fmt::Debug for VerifyingContext {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "VerifyingContext({})", self.public.key_id())
    }
}
