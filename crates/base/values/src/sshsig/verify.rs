//! Strict verification, once or many times under one key.
//!
//! A signature (R, s) verifies when s is reduced, R and A are canonical and not of small order, and the encoding of
//! s·B − k·A is R, with k the SHA-512 of R, A and the signed data. [`VerifyingContext`] keeps a table of multiples
//! of −A, so that both products are sums of table entries without doublings.

use super::{PublicKey, SIGNATURE_SIZE, SignatureError, SshSignature, signed_data};
use alloc::boxed::Box;
use alloc::string::ToString;
use curve25519_dalek::constants::ED25519_BASEPOINT_TABLE;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsBasepointTable};
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
    /// Multiples of −A.
    minus_public_table: Box<EdwardsBasepointTable>,
}

impl VerifyingContext {
    /// Prepares a key; the table takes about 30 KiB and as long as a few verifications.
    #[must_use]
    pub fn new(public: &PublicKey) -> VerifyingContext {
        let point = CompressedEdwardsY(*public.as_bytes())
            .decompress()
            .expect("a PublicKey is a point");
        VerifyingContext {
            public: *public,
            minus_public_table: Box::new(EdwardsBasepointTable::create(&-point)),
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
        let expected = ED25519_BASEPOINT_TABLE.mul_base(&scalar)
            + self.minus_public_table.mul_base(&challenge);
        // Equal encodings make R canonical and a point, so the order of R is the order of what was computed.
        expected.compress() == CompressedEdwardsY(point) && !expected.is_small_order()
    }
}

impl core::fmt::Debug for VerifyingContext {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "VerifyingContext({})", self.public.key_id())
    }
}
