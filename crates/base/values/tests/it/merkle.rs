//! Merkle trees: against the definitions of RFC 9162, proofs that verify and changed proofs that do not.

use crate::{slow, vectors};
use gatos_values::Blake3Digest;
use gatos_values::merkle::{
    Frontier, consistency_proof, inclusion_proof, leaf_hash, root, root_of_hashes, state_leaf_hash,
    state_root, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

const COUNT_MAX: usize = 40;

fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|index| format!("leaf {index}").into_bytes())
        .collect()
}

fn hashes(leaves: &[Vec<u8>]) -> Vec<Blake3Digest> {
    leaves.iter().map(|leaf| leaf_hash(leaf)).collect()
}

fn texts(digests: &[Blake3Digest]) -> String {
    digests
        .iter()
        .map(|digest| digest.to_hex())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn golden_vectors() {
    vectors::check("values/merkle.tsv", 3, 30, |inputs| {
        let count: usize = inputs[1].parse().expect("a count");
        let leaves = leaves(count);
        match inputs[0] {
            "root" => vec![root(&leaves).to_string()],
            "inclusion" => {
                let index = inputs[2].parse().expect("an index");
                vec![texts(
                    &inclusion_proof(&hashes(&leaves), index).expect("a leaf"),
                )]
            }
            "consistency" => {
                let old_count = inputs[2].parse().expect("a count");
                vec![texts(
                    &consistency_proof(&hashes(&leaves), old_count).expect("a prefix"),
                )]
            }
            other => panic!("unknown kind {other}"),
        }
    });
}

#[test]
fn roots_and_frontiers_are_the_definition_s() {
    let all = leaves(COUNT_MAX);
    let mut frontier = Frontier::new();
    for count in 0..=COUNT_MAX {
        let expected = slow::merkle_root(&all[..count]);
        assert_eq!(frontier.root(), expected, "{count}");
        assert_eq!(
            (root(&all[..count]), root_of_hashes(&hashes(&all[..count]))),
            (expected, expected)
        );
        let restored = Frontier::from_digests(frontier.count(), frontier.to_digests())
            .expect("its own digests");
        assert_eq!(restored, frontier);
        if let Some(leaf) = all.get(count) {
            frontier.push(leaf);
        }
    }
    assert!(Frontier::from_digests(3, vec![Blake3Digest::of(b"")]).is_err());
    assert!(Frontier::from_digests(0, vec![Blake3Digest::of(b"")]).is_err());
}

#[test]
fn every_leaf_has_a_proof_and_no_other_place() {
    for count in 1..=COUNT_MAX {
        let leaves = leaves(count);
        let (hashes, root) = (hashes(&leaves), root(&leaves));
        for index in 0..count {
            let proof = inclusion_proof(&hashes, index).expect("a leaf");
            assert_eq!(
                proof,
                slow::merkle_path(index, &leaves),
                "{index} of {count}"
            );
            for claimed in 0..count + 2 {
                let verdict =
                    verify_inclusion(&root, count as u64, claimed as u64, &hashes[index], &proof);
                assert_eq!(
                    verdict,
                    claimed == index,
                    "{index} of {count} claimed at {claimed}"
                );
            }
        }
        assert_eq!(inclusion_proof(&hashes, count), None);
    }
}

#[test]
fn every_prefix_has_a_consistency_proof() {
    let all = leaves(COUNT_MAX);
    for new in 0..=COUNT_MAX {
        let (new_hashes, new_root) = (hashes(&all[..new]), root(&all[..new]));
        for old in 0..=new {
            let old_root = root(&all[..old]);
            let proof = consistency_proof(&new_hashes, old).expect("a prefix");
            if old > 0 {
                assert_eq!(
                    proof,
                    slow::merkle_subproof(old, &all[..new], true),
                    "{old} of {new}"
                );
            }
            assert!(
                verify_consistency(&old_root, old as u64, &new_root, new as u64, &proof),
                "{old} of {new}"
            );
            let other = Blake3Digest::of(b"another tree");
            assert!(
                !verify_consistency(&other, old as u64, &new_root, new as u64, &proof),
                "{old} of {new}"
            );
            assert!(
                old == 0 || !verify_consistency(&old_root, old as u64, &other, new as u64, &proof)
            );
        }
        assert_eq!(consistency_proof(&new_hashes, new + 1), None);
        assert!(!verify_consistency(
            &new_root,
            new as u64 + 1,
            &new_root,
            new as u64,
            &[]
        ));
    }
}

#[test]
fn leaves_and_nodes_cannot_stand_for_each_other() {
    let (left, right) = (leaf_hash(b"a"), leaf_hash(b"b"));
    let inner = [left.as_bytes().as_slice(), right.as_bytes()].concat();
    assert_ne!(root([inner]), root([b"a", b"b"]));
}

#[test]
fn state_roots_bind_path_and_content() {
    let files = [
        ("a.json", Blake3Digest::of(b"1")),
        ("b.json", Blake3Digest::of(b"2")),
    ];
    let root = state_root(files);
    let hashes: Vec<_> = files
        .iter()
        .map(|(path, digest)| state_leaf_hash(path, digest))
        .collect();
    assert_eq!(root_of_hashes(&hashes), root);
    let leaf: Vec<u8> = [files[0].1.as_bytes().as_slice(), b"a.json"].concat();
    assert_eq!(leaf_hash(&leaf), hashes[0]);
    assert_ne!(
        state_root([("a.json", files[1].1), ("b.json", files[0].1)]),
        root
    );
    assert_eq!(state_root([]), Blake3Digest::of(b""));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_changed_inclusion_proof_fails(count in 1usize..200, at: prop::sample::Index, change in 0..6usize, place: prop::sample::Index, bit in 0..256usize) {
        let leaves = leaves(count);
        let (hashes, root) = (hashes(&leaves), root(&leaves));
        let index = at.index(count);
        let proof = inclusion_proof(&hashes, index).expect("a leaf");
        assert!(verify_inclusion(&root, count as u64, index as u64, &hashes[index], &proof));
        let (mut changed, mut leaf, mut total) = (proof.clone(), hashes[index], count as u64);
        match change {
            0 if !proof.is_empty() => { let place = place.index(proof.len()); changed[place] = flip(&proof[place], bit); }
            1 if !proof.is_empty() => { changed.remove(place.index(proof.len())); }
            2 => changed.insert(place.index(proof.len() + 1), flip(&leaf, bit)),
            3 if proof.len() > 1 => { changed.reverse(); }
            4 => leaf = flip(&leaf, bit),
            // Another count fails wherever it makes another shape of the path.
            5 => { total = (count * 2) as u64; }
            _ => return Ok(()),
        }
        assert!(!verify_inclusion(&root, total, index as u64, &leaf, &changed));
    }

    #[test]
    fn a_changed_consistency_proof_fails(new in 2usize..200, at: prop::sample::Index, change in 0..3usize, place: prop::sample::Index, bit in 0..256usize) {
        let leaves = leaves(new);
        let old = at.index(new - 1) + 1;
        let (old_root, new_root) = (root(&leaves[..old]), root(&leaves));
        let proof = consistency_proof(&hashes(&leaves), old).expect("a prefix");
        let mut changed = proof.clone();
        match change {
            0 => { let place = place.index(proof.len()); changed[place] = flip(&proof[place], bit); }
            1 => { changed.remove(place.index(proof.len())); }
            _ => changed.insert(place.index(proof.len() + 1), flip(&old_root, bit)),
        }
        assert!(!verify_consistency(&old_root, old as u64, &new_root, new as u64, &changed));
    }

    #[test]
    fn no_proof_makes_a_verifier_panic(count: u64, other: u64, index: u64, size in 0usize..70) {
        let digest = Blake3Digest::of(b"x");
        let proof = vec![digest; size];
        assert!(!verify_inclusion(&digest, count, index, &digest, &proof) || count == 1);
        assert!(!verify_consistency(&digest, count, &digest, other, &proof) || count == other);
    }
}

fn flip(digest: &Blake3Digest, bit: usize) -> Blake3Digest {
    let mut bytes = *digest.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Blake3Digest::from_bytes(bytes)
}
