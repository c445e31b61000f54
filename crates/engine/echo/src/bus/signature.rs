//! Signatures of envelopes: their bytes, and whether one is there that fits.
//!
//! An envelope's hash shows that nobody changed it since it was sealed, and anybody can take it anew. A signature shows who
//! made what was emitted, whoever carried it here. Which kinds need one, and by whom, is the bus's rule
//! ([`BusConfig::signer`](super::BusConfig::signer)). Keys and the maths are `gatos-values`' work.
//!
//! Bytes: `docs/formats/world.md`, section Envelopes. Tests: `tests/it/signature.rs`.

use super::{BusConfig, BusError, Draft};
use crate::snapshot::Reader;
use alloc::string::ToString;
use alloc::vec::Vec;
use gatos_values::sshsig::{self, PublicKey, SshSignature};

/// Appends key and signature.
pub(super) fn encode(signature: &SshSignature, output: &mut Vec<u8>) {
    output.extend(signature.public.as_bytes());
    output.extend(signature.signature);
}

/// Reads what [`encode`] writes, where the key is one.
pub(super) fn decode(reader: &mut Reader<'_>) -> Option<SshSignature> {
    Some(SshSignature {
        public: PublicKey::from_bytes(reader.array()?).ok()?,
        namespace: Draft::NAMESPACE.to_string(),
        signature: reader.array()?,
    })
}

/// Refuses a signature that does not fit, and drafts without one whose kind needs one.
#[inline]
pub(super) fn check(config: &BusConfig, source: &str, draft: &Draft) -> Result<(), BusError> {
    if draft.signature_of().is_none() && !config.has_signers() {
        return Ok(());
    }
    check_signed(config, source, draft)
}

fn check_signed(config: &BusConfig, source: &str, draft: &Draft) -> Result<(), BusError> {
    let signers = config.signers_of(draft.kind());
    let reason = match (draft.signature_of(), signers) {
        (None, None) => return Ok(()),
        (None, Some(_)) => "it is not signed",
        (Some(signature), Some(signers)) if !signers.contains(signature.public.as_bytes()) => {
            "the key may not sign this kind"
        }
        (Some(signature), _) => {
            let fits = sshsig::verify(Draft::NAMESPACE, &draft.message(), signature).is_ok();
            if fits {
                return Ok(());
            }
            "the signature does not fit"
        }
    };
    Err(BusError::Signature {
        source_name: source.to_string(),
        kind: draft.kind().to_string(),
        reason,
    })
}
