//! BLAKE3 and SHA-256 over inputs of all sizes around their blocks; Merkle roots and proofs.

use crate::dice::Dice;
use crate::record::Record;
use gatos_values::{Blake3Digest, Sha256Digest, merkle};

/// Sizes where a hash function begins another block, chunk or tree.
const TELLING_SIZES: &[u64] = &[
    0, 1, 55, 56, 63, 64, 65, 127, 128, 1023, 1024, 1025, 2048, 2049, 4096, 4097, 8192, 16_384,
];

/// Digests of one input, whole and in parts, and their text.
pub fn digests(dice: &mut Dice, record: &mut Record) {
    let size = if dice.one_in(2) {
        dice.pick(TELLING_SIZES)
    } else {
        dice.below(5000)
    };
    let bytes = dice.bytes(size);
    let (left, right) = bytes.split_at(dice.place(bytes.len() + 1));
    record.text("blake3", Blake3Digest::of(&bytes));
    record.text("parts", Blake3Digest::of_parts(&[left, right]));
    record.text("sha256", Sha256Digest::of(&bytes));
    let mut text = Blake3Digest::of(&bytes).to_string();
    let place = dice.place(text.len());
    text.replace_range(place..=place, dice.pick(&["0", "F", "g", ":", ""]));
    record.outcome("text", Blake3Digest::parse(&text));
}

/// Root, frontier and both kinds of proof of a tree with up to 70 leaves.
pub fn merkle(dice: &mut Dice, record: &mut Record) {
    let leaf_count = dice.below(70);
    let leaves: Vec<Vec<u8>> = (0..leaf_count)
        .map(|_| {
            let size = dice.below(50);
            dice.bytes(size)
        })
        .collect();
    let hashes: Vec<Blake3Digest> = leaves.iter().map(|leaf| merkle::leaf_hash(leaf)).collect();
    let root = merkle::root(&leaves);
    record.text("root", root);
    let mut frontier = merkle::Frontier::new();
    leaves.iter().for_each(|leaf| frontier.push(leaf));
    record.text("frontier", shown(&frontier.to_digests()));
    if let Some(last) = leaf_count.checked_sub(1) {
        let index = dice.between(0, last);
        let place = usize::try_from(index).expect("fewer than 70 leaves");
        let proof = merkle::inclusion_proof(&hashes, place).expect("the leaf is there");
        record.text("inclusion", shown(&proof));
        let holds = |at| merkle::verify_inclusion(&root, leaf_count, at, &hashes[place], &proof);
        record.text("holds", holds(index));
        record.text("holds beside", holds(index ^ 1));
    }
    let old_count = dice.between(0, leaf_count);
    let old_place = usize::try_from(old_count).expect("at most 70 leaves");
    let proof = merkle::consistency_proof(&hashes, old_place).expect("a prefix");
    let old_root = merkle::root_of_hashes(&hashes[..old_place]);
    record.text("consistency", shown(&proof));
    record.text(
        "consistent",
        merkle::verify_consistency(&old_root, old_count, &root, leaf_count, &proof),
    );
    let files = hashes.iter().map(|hash| ("state/a.json", *hash));
    record.text("state root", merkle::state_root(files));
}

fn shown(digests: &[Blake3Digest]) -> String {
    let texts: Vec<String> = digests.iter().map(Blake3Digest::to_string).collect();
    texts.join(" ")
}
