//! Digests, ids and key ids: golden vectors and strict text.

use crate::vectors;
use gatos_values::roots::{
    EMPTY_FOLD_BYTES, EMPTY_FOLD_ROOT, EMPTY_POLICY_BYTES, EMPTY_POLICY_ROOT,
};
use gatos_values::{
    Blake3Digest, ErrorCode, EventId, GovernanceId, Sha256Digest, Value, cbor, hex, json,
};

#[test]
fn golden_vectors() {
    vectors::check("values/digests.tsv", 1, 6, |inputs| {
        let bytes = inputs[0].as_bytes();
        let (blake3, sha256) = (Blake3Digest::of(bytes), Sha256Digest::of(bytes));
        assert_eq!(EventId::of_envelope(bytes).to_string(), blake3.to_string());
        assert_eq!(GovernanceId::of_document(bytes).digest(), blake3);
        vec![blake3.to_string(), sha256.to_string()]
    });
}

#[test]
fn digests_of_parts_are_those_of_the_whole() {
    assert_eq!(
        Blake3Digest::of_parts(&[b"a", b"", b"bc"]),
        Blake3Digest::of(b"abc")
    );
    assert_eq!(Blake3Digest::of_parts(&[]), Blake3Digest::of(b""));
}

/// Strings side by side and one at a time: every number of chunks, sizes around their borders, numbers of strings around
/// those of lanes.
#[test]
fn digests_side_by_side_are_those_of_one_at_a_time() {
    let pool: Vec<u8> = (0..40_000u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let borders = (0..=17).map(|chunk| chunk * 1024);
    let sizes = borders.flat_map(|border| [border, border + 1, border + 63, border + 777]);
    for (index, size) in sizes.enumerate() {
        let count = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33][index % 12];
        let strings: Vec<&[u8]> = (0..count)
            .map(|at| &pool[at * 331..at * 331 + size])
            .collect();
        let expected: Vec<Blake3Digest> = strings.iter().copied().map(Blake3Digest::of).collect();
        assert_eq!(
            Blake3Digest::of_each(&strings),
            expected,
            "{count} of {size} bytes"
        );
    }
    let unlike: Vec<&[u8]> = vec![&pool[..5000], &pool[..5001]];
    assert_eq!(
        Blake3Digest::of_each(&unlike)[1],
        Blake3Digest::of(unlike[1])
    );
}

#[test]
fn text_is_strict() {
    let digest = Blake3Digest::of(b"x");
    let text = digest.to_string();
    assert_eq!(Blake3Digest::parse(&text), Ok(digest));
    assert_eq!(
        EventId::parse(&text).map(|id| id.to_string()),
        Ok(text.clone())
    );
    assert_eq!(digest.to_value().as_str(), Some(text.as_str()));
    let hex = digest.to_hex();
    let wrong = [
        String::new(),
        hex.clone(),
        format!("sha256:{hex}"),
        format!("BLAKE3:{hex}"),
        format!("blake3:{}", hex.to_uppercase()),
        format!("blake3:{}", &hex[..63]),
        format!("blake3:{hex}0"),
        format!("blake3:{hex} "),
        format!(" blake3:{hex}"),
        format!("blake3::{}", &hex[1..]),
        format!("blake3:{}g", &hex[..63]),
        format!("blake3:{}é", &hex[..62]),
    ];
    for text in wrong {
        let error = Blake3Digest::parse(&text).expect_err(&text);
        assert_eq!(error.code(), ErrorCode::BadDigest);
        assert!(EventId::parse(&text).is_err() && GovernanceId::parse(&text).is_err());
    }
    assert!(Sha256Digest::parse(&text).is_err());
}

#[test]
fn hex_is_strict() {
    assert_eq!(hex::encode(&[0, 15, 16, 255]), "000f10ff");
    assert_eq!(hex::decode::<4>("000f10ff"), Some([0, 15, 16, 255]));
    for wrong in ["000f10f", "000f10ff0", "000F10ff", "000g10ff", ""] {
        assert_eq!(hex::decode::<4>(wrong), None);
    }
}

#[test]
fn roots_of_nothing_installed() {
    assert_eq!(Sha256Digest::of(EMPTY_POLICY_BYTES), EMPTY_POLICY_ROOT);
    assert_eq!(Sha256Digest::of(EMPTY_FOLD_BYTES), EMPTY_FOLD_ROOT);
    let policy =
        json::decode_strict(br#"{"v":1,"kind":"policy","rules":[]}"#, 100).expect("well formed");
    assert_eq!(cbor::encode(&policy).as_deref(), Ok(EMPTY_POLICY_BYTES));
    let fold = br#"{"v":1,"kind":"reducers","inputs":null,"code":[],"emit":[],"merge":{},"limits":{},"allow":[],"privileged":false}"#;
    let fold = json::decode_strict(fold, 1000).expect("well formed");
    assert_eq!(cbor::encode(&fold).as_deref(), Ok(EMPTY_FOLD_BYTES));
    assert_eq!(fold.get("inputs"), Some(&Value::Null));
    let lines = format!("policy\t{EMPTY_POLICY_ROOT}\nfold\t{EMPTY_FOLD_ROOT}\n");
    vectors::check_file("values/empty-roots.tsv", lines.as_bytes());
}
