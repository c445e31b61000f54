//! Seeds of generators: bytes, golden vectors, and that every part counts.

use crate::vectors;
use gatos_values::seed::{
    branch_generator, branch_seed, fold_generator, fold_seed, fold_seed_document,
};
use gatos_values::{Blake3Digest, Sha256Digest, hex, json};

fn blake3(text: &str) -> Blake3Digest {
    Blake3Digest::from_bytes(hex::decode(text).expect("64 hex digits"))
}

fn sha256(text: &str) -> Sha256Digest {
    Sha256Digest::from_bytes(hex::decode(text).expect("64 hex digits"))
}

#[test]
fn golden_seeds() {
    vectors::check("numbers/seeds.tsv", 4, 5, |inputs| match inputs[0] {
        "fold" => {
            let (inputs_root, policy_root, fold_root) =
                (blake3(inputs[1]), sha256(inputs[2]), sha256(inputs[3]));
            let seed = fold_seed(inputs_root, policy_root, fold_root);
            let draw = fold_generator(inputs_root, policy_root, fold_root).next_u32();
            vec![format!("{seed:016x}"), format!("{draw:08x}")]
        }
        "branch" => {
            let (parent, branch_id) = (blake3(inputs[1]), blake3(inputs[2]));
            let tick = inputs[3].parse().expect("a tick");
            let seed = branch_seed(parent.as_bytes(), branch_id.as_bytes(), tick);
            let draw = branch_generator(&seed).next_u32();
            vec![seed.to_hex(), format!("{draw:08x}")]
        }
        other => panic!("unknown kind {other}"),
    });
}

#[test]
fn the_fold_seed_is_the_first_eight_bytes_of_the_hash_of_the_document() {
    let (inputs_root, policy_root, fold_root) = (
        Blake3Digest::of(b"inputs"),
        Sha256Digest::of(b"policy"),
        Sha256Digest::of(b"fold"),
    );
    let document = format!(
        r#"{{"fold_root":"{fold_root}","inputs_root":"{inputs_root}","policy_root":"{policy_root}"}}"#
    );
    let bytes = fold_seed_document(inputs_root, policy_root, fold_root);
    assert_eq!(bytes, document.as_bytes());
    assert_eq!(json::is_canonical(&bytes), Ok(()));
    let mut first = [0; 8];
    first.copy_from_slice(&Blake3Digest::of(&bytes).as_bytes()[..8]);
    assert_eq!(
        fold_seed(inputs_root, policy_root, fold_root),
        u64::from_le_bytes(first)
    );
}

#[test]
fn every_part_of_a_branch_seed_counts() {
    let (parent, branch_id) = ([1; 32], [2; 32]);
    let seed = branch_seed(&parent, &branch_id, 3);
    let mut bytes = Vec::new();
    bytes.extend([1; 32]);
    bytes.extend([2; 32]);
    bytes.extend([3, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(seed, Blake3Digest::of(&bytes));
    assert_ne!(seed, branch_seed(&branch_id, &parent, 3));
    assert_ne!(seed, branch_seed(&parent, &branch_id, 3 << 8));
}
