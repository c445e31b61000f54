//! Where the seeds of [`Pcg32`] come from: a fold's from its roots, a branch's from its parent's.
//!
//! No seed comes from a clock or the system. A seed is derived from what already determines the result, so that whoever
//! recomputes the result draws the same numbers.
//!
//! Bytes: `docs/formats/binary64.md`, section Seeds. Vectors: `vectors/numbers/seeds.tsv`. Tests: `tests/it/seed.rs`.

use crate::{Blake3Digest, Map, Sha256Digest, json};
use alloc::vec::Vec;
use gatos_numbers::Pcg32;

/// The stream that a fold draws from.
pub const FOLD_STREAM: u64 = 0;

/// The seed of a fold's `rng()`: BLAKE3 of the canonical JSON of `{inputs_root, policy_root, fold_root}`, its first
/// eight bytes, least significant first.
///
/// The roots are written as text: `blake3:<64 hex>` and `sha256:<64 hex>`.
#[must_use]
pub fn fold_seed(
    inputs_root: Blake3Digest,
    policy_root: Sha256Digest,
    fold_root: Sha256Digest,
) -> u64 {
    first_word(&Blake3Digest::of(&fold_seed_document(
        inputs_root,
        policy_root,
        fold_root,
    )))
}

/// The canonical JSON that [`fold_seed`] hashes.
#[must_use]
pub fn fold_seed_document(
    inputs_root: Blake3Digest,
    policy_root: Sha256Digest,
    fold_root: Sha256Digest,
) -> Vec<u8> {
    let document = Map::new()
        .with("inputs_root", inputs_root.to_value())
        .with("policy_root", policy_root.to_value())
        .with("fold_root", fold_root.to_value());
    // Three short texts in one map always have a canonical form.
    json::encode_canonical(&document.into()).unwrap_or_default()
}

/// The generator that a fold starts with.
#[must_use]
pub fn fold_generator(
    inputs_root: Blake3Digest,
    policy_root: Sha256Digest,
    fold_root: Sha256Digest,
) -> Pcg32 {
    Pcg32::new(fold_seed(inputs_root, policy_root, fold_root), FOLD_STREAM)
}

/// A branch's seed: BLAKE3 of the parent's 32 bytes, the branch id's 32 bytes and the tick's eight, least significant first.
///
/// Every part has one length, so no two triples share an input.
#[must_use]
pub fn branch_seed(parent: &[u8; 32], branch_id: &[u8; 32], tick: u64) -> Blake3Digest {
    Blake3Digest::of_parts(&[parent, branch_id, &tick.to_le_bytes()])
}

/// The generator of a seed of 32 bytes: bytes 0–7 are the seed of the generator, bytes 8–15 its stream.
#[must_use]
pub fn branch_generator(seed: &Blake3Digest) -> Pcg32 {
    let stream = word(seed, 8);
    Pcg32::new(first_word(seed), stream)
}

fn first_word(digest: &Blake3Digest) -> u64 {
    word(digest, 0)
}

/// Eight bytes from `start`, least significant first.
fn word(digest: &Blake3Digest, start: usize) -> u64 {
    digest
        .as_bytes()
        .iter()
        .skip(start)
        .take(8)
        .rev()
        .fold(0, |value, byte| value << 8 | u64::from(*byte))
}
