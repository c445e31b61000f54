//! Merkle trees as in RFC 9162 §2.1, with BLAKE3: one root for many leaves, and short proofs.
//!
//! A leaf hashes as `0x00 ‖ leaf`, a node as `0x01 ‖ left ‖ right`; the left subtree of n leaves holds the largest
//! power of two below n; the empty tree's root is BLAKE3 of nothing. There is no padding. A root means little
//! without its count, so the two are always signed together.
//!
//! INVARIANT: a [`Frontier`] of n leaves gives the root that the recursive definition gives.
//! Vectors: `vectors/values/merkle.tsv`. Tests: `tests/it/merkle.rs`, with the recursive definition as slow twin.

use crate::{Blake3Digest, ErrorCode};
use alloc::vec::Vec;

const LEAF_PREFIX: u8 = 0;
const NODE_PREFIX: u8 = 1;

/// The hash of a leaf: BLAKE3 of `0x00 ‖ leaf`.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Blake3Digest {
    Blake3Digest::of_parts(&[&[LEAF_PREFIX], leaf])
}

/// The hash of a node: BLAKE3 of `0x01 ‖ left ‖ right`.
#[must_use]
pub fn node_hash(left: &Blake3Digest, right: &Blake3Digest) -> Blake3Digest {
    let mut bytes = [NODE_PREFIX; 65];
    bytes[1..33].copy_from_slice(left.as_bytes());
    bytes[33..].copy_from_slice(right.as_bytes());
    Blake3Digest::of(&bytes)
}

/// The root over the leaves' bytes, in this order.
pub fn root<I>(leaves: I) -> Blake3Digest
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push(leaf.as_ref());
    }
    frontier.root()
}

/// The state root: leaves are `32 bytes file digest ‖ path`, and the files come sorted by path.
pub fn state_root<'a>(files: impl IntoIterator<Item = (&'a str, Blake3Digest)>) -> Blake3Digest {
    let mut frontier = Frontier::new();
    for (path, digest) in files {
        frontier.push_hash(state_leaf_hash(path, &digest));
    }
    frontier.root()
}

/// The leaf hash of a state file, for proofs that it belongs to a state root.
#[must_use]
pub fn state_leaf_hash(path: &str, digest: &Blake3Digest) -> Blake3Digest {
    Blake3Digest::of_parts(&[&[LEAF_PREFIX], digest.as_bytes(), path.as_bytes()])
}

/// The right edge of a tree that grows at its end: the roots of the full subtrees, largest first.
///
/// It holds one digest for each one-bit of the count, so appending never needs the earlier leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    count: u64,
    digests: Vec<Blake3Digest>,
}

/// The digests given for a frontier do not belong to its count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frontier of {count} leaves has {expected} digests, not {found}")]
pub struct FrontierError {
    /// Number of leaves.
    pub count: u64,
    /// How many digests that count needs.
    pub expected: usize,
    /// How many were given.
    pub found: usize,
}

impl FrontierError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadProof
    }
}

impl Frontier {
    /// The frontier of the empty tree.
    #[must_use]
    pub const fn new() -> Frontier {
        Frontier {
            count: 0,
            digests: Vec::new(),
        }
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        self.push_hash(leaf_hash(leaf));
    }

    /// Appends a leaf whose hash is known.
    pub fn push_hash(&mut self, leaf_hash: Blake3Digest) {
        let mut digest = leaf_hash;
        // Each one-bit at the end of the count is a full subtree of the size now at hand.
        for _ in 0..self.count.trailing_ones() {
            if let Some(left) = self.digests.pop() {
                digest = node_hash(&left, &digest);
            }
        }
        self.digests.push(digest);
        self.count += 1;
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The root of all leaves so far.
    #[must_use]
    pub fn root(&self) -> Blake3Digest {
        let mut digests = self.digests.iter().rev();
        let Some(smallest) = digests.next() else {
            return Blake3Digest::of(b"");
        };
        digests.fold(*smallest, |right, left| node_hash(left, &right))
    }

    /// The digests, largest subtree first.
    #[must_use]
    pub fn to_digests(&self) -> Vec<Blake3Digest> {
        self.digests.clone()
    }

    /// The frontier with this count and these digests.
    ///
    /// # Errors
    /// [`FrontierError`] where the number of digests is not the number of one-bits of the count.
    pub fn from_digests(count: u64, digests: Vec<Blake3Digest>) -> Result<Frontier, FrontierError> {
        let expected = count.count_ones() as usize;
        if digests.len() != expected {
            return Err(FrontierError {
                count,
                expected,
                found: digests.len(),
            });
        }
        Ok(Frontier { count, digests })
    }
}

/// The root over leaf hashes.
#[must_use]
pub fn root_of_hashes(leaves: &[Blake3Digest]) -> Blake3Digest {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push_hash(*leaf);
    }
    frontier.root()
}

/// The largest power of two below `count`, which is at least 2.
const fn split_point(count: usize) -> usize {
    1 << (usize::BITS - 1 - (count - 1).leading_zeros())
}

/// The proof that the leaf at `index` belongs to the tree over `leaves` (leaf hashes): the siblings from the leaf up.
/// `None` where there is no such leaf.
#[must_use]
pub fn inclusion_proof(leaves: &[Blake3Digest], index: usize) -> Option<Vec<Blake3Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut rest, mut index) = (leaves, index);
    let mut proof = Vec::new();
    while rest.len() > 1 {
        let (left, right) = rest.split_at(split_point(rest.len()));
        if index < left.len() {
            proof.push(root_of_hashes(right));
            rest = left;
        } else {
            proof.push(root_of_hashes(left));
            index -= left.len();
            rest = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// Whether `proof` shows that the leaf hash stands at `index` of the tree with this root and count.
/// The algorithm of RFC 9162 §2.1.3.2.
#[must_use]
pub fn verify_inclusion(
    root: &Blake3Digest,
    count: u64,
    index: u64,
    leaf_hash: &Blake3Digest,
    proof: &[Blake3Digest],
) -> bool {
    if index >= count {
        return false;
    }
    let (mut node, mut last) = (index, count - 1);
    let mut digest = *leaf_hash;
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            digest = node_hash(sibling, &digest);
            // A node at the right edge without a sibling moves up unchanged.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            digest = node_hash(&digest, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && digest == *root
}

/// The proof that the tree over `leaves` (leaf hashes) begins with the tree of its first `old_count` leaves.
/// Empty where the two are the same tree or the old one is empty; `None` where there are fewer leaves than that.
#[must_use]
pub fn consistency_proof(leaves: &[Blake3Digest], old_count: usize) -> Option<Vec<Blake3Digest>> {
    if old_count > leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    if old_count == 0 || old_count == leaves.len() {
        return Some(proof);
    }
    let (mut rest, mut old) = (leaves, old_count);
    // Whether the old root itself is what the verifier starts from.
    let mut is_whole = true;
    while old != rest.len() {
        let (left, right) = rest.split_at(split_point(rest.len()));
        if old <= left.len() {
            proof.push(root_of_hashes(right));
            rest = left;
        } else {
            proof.push(root_of_hashes(left));
            old -= left.len();
            rest = right;
            is_whole = false;
        }
    }
    if !is_whole {
        proof.push(root_of_hashes(rest));
    }
    proof.reverse();
    Some(proof)
}

/// Whether `proof` shows that the tree with the new root begins with the tree with the old root.
/// The algorithm of RFC 9162 §2.1.4.2; the empty tree begins every tree, by an empty proof.
#[must_use]
pub fn verify_consistency(
    old_root: &Blake3Digest,
    old_count: u64,
    new_root: &Blake3Digest,
    new_count: u64,
    proof: &[Blake3Digest],
) -> bool {
    if old_count > new_count {
        return false;
    }
    if old_count == new_count {
        return proof.is_empty() && old_root == new_root;
    }
    if old_count == 0 {
        return proof.is_empty() && *old_root == Blake3Digest::of(b"");
    }
    let (mut node, mut last) = (old_count - 1, new_count - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // Where the old tree is one full subtree, its root is the starting point and not part of the proof.
    let (first, siblings) = if node == 0 {
        (old_root, proof)
    } else {
        let Some((first, siblings)) = proof.split_first() else {
            return false;
        };
        (first, siblings)
    };
    let (mut old, mut new) = (*first, *first);
    for sibling in siblings {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *old_root && new == *new_root
}
