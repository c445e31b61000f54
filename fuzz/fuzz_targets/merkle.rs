//! Merkle proofs and frontiers: no input panics, and a proof that verifies shows the true leaf.
#![no_main]

use gatos_values::Blake3Digest;
use gatos_values::merkle::{
    Frontier, inclusion_proof, leaf_hash, root_of_hashes, verify_consistency, verify_inclusion,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (head, rest) = bytes.split_at(bytes.len().min(4));
    let digests: Vec<Blake3Digest> = rest
        .chunks_exact(32)
        .map(|chunk| Blake3Digest::from_bytes(chunk.try_into().expect("chunks of 32")))
        .collect();
    let [count, index, old, leaves] = head else {
        return;
    };
    let (count, index, old) = (u64::from(*count), u64::from(*index), u64::from(*old));
    if let Ok(frontier) = Frontier::from_digests(count, digests.clone()) {
        assert_eq!(frontier.count(), count);
        assert_eq!(frontier.to_digests(), digests);
        let _ = frontier.root();
    }
    let leaves: Vec<Blake3Digest> = (0..*leaves % 33).map(|leaf| leaf_hash(&[leaf])).collect();
    let root = root_of_hashes(&leaves);
    let forged = leaf_hash(b"forged");
    assert!(!verify_inclusion(
        &root,
        leaves.len() as u64,
        index,
        &forged,
        &digests
    ));
    if let Some(proof) = usize::try_from(index)
        .ok()
        .and_then(|index| inclusion_proof(&leaves, index))
    {
        let leaf = &leaves[index as usize];
        assert!(verify_inclusion(
            &root,
            leaves.len() as u64,
            index,
            leaf,
            &proof
        ));
    }
    let _ = verify_consistency(&root, old, &root, count, &digests);
});
