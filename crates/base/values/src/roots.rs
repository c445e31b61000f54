//! Published roots of the empty policy and the empty fold.
//!
//! An event always names a policy root and a fold root. Where nothing is installed yet it names these constants;
//! the crates that own the formats test that their encoders give the same bytes.

use crate::Sha256Digest;

/// Canonical CBOR of `{v: 1, kind: "policy", rules: []}`: a policy that admits every enrolled key.
pub const EMPTY_POLICY_BYTES: &[u8] = b"\xa3\x61v\x01\x64kind\x66policy\x65rules\x80";

/// SHA-256 of [`EMPTY_POLICY_BYTES`].
pub const EMPTY_POLICY_ROOT: Sha256Digest = Sha256Digest::from_bytes([
    0xF4, 0x62, 0xCB, 0x67, 0xDD, 0xDE, 0x8E, 0x5C, 0x05, 0x50, 0x93, 0x8B, 0x8D, 0x78, 0xF8, 0xAA,
    0x15, 0xA5, 0xB8, 0x10, 0xFF, 0xE5, 0x75, 0xC4, 0xC4, 0xCB, 0xC7, 0x99, 0xFF, 0xD7, 0x0A, 0xF3,
]);

/// Canonical CBOR of the compiled fold without reducers: `{v: 1, code: [], emit: [], kind: "reducers", allow: [],
/// merge: {}, inputs: null, limits: {}, privileged: false}`.
pub const EMPTY_FOLD_BYTES: &[u8] = b"\xa9\x61v\x01\x64code\x80\x64emit\x80\x64kind\x68reducers\x65allow\x80\x65merge\xa0\x66inputs\xf6\x66limits\xa0\x6aprivileged\xf4";

/// SHA-256 of [`EMPTY_FOLD_BYTES`].
pub const EMPTY_FOLD_ROOT: Sha256Digest = Sha256Digest::from_bytes([
    0xC1, 0x3D, 0x03, 0xCD, 0xAA, 0x12, 0xB2, 0x59, 0x5D, 0xB2, 0x68, 0x54, 0xDD, 0xF9, 0x5A, 0x28,
    0xDD, 0xE4, 0x18, 0xBA, 0xF7, 0xF3, 0x2E, 0x20, 0x94, 0xE5, 0x3D, 0x50, 0x93, 0xCF, 0x28, 0xB4,
]);
