//! Slow, obvious twins: canonical JSON by "decode, encode, compare", CBOR and Merkle trees by their definitions,
//! globs by trying everything.

use gatos_values::json::{decode_strict, encode_canonical};
use gatos_values::{Blake3Digest, Value};

/// Canonical is what decodes and encodes to itself.
pub fn is_canonical_json(bytes: &[u8]) -> bool {
    decode_strict(bytes, usize::MAX)
        .is_ok_and(|value| encode_canonical(&value).is_ok_and(|canonical| canonical == bytes))
}

/// RFC 8949 §4.2.1, written down without a library.
pub fn cbor(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![0xF6],
        Value::Bool(false) => vec![0xF4],
        Value::Bool(true) => vec![0xF5],
        Value::Integer(integer) => cbor_integer(*integer),
        Value::Fixed(fixed) => {
            if fixed.steps() % (1 << 32) == 0 {
                return cbor_integer(fixed.steps() / (1 << 32));
            }
            [
                cbor_head(6, 5),
                cbor_head(4, 2),
                cbor_integer(-32),
                cbor_integer(fixed.steps()),
            ]
            .concat()
        }
        Value::Text(text) => [cbor_head(3, text.len() as u64), text.as_bytes().to_vec()].concat(),
        Value::Bytes(bytes) => [cbor_head(2, bytes.len() as u64), bytes.clone()].concat(),
        Value::List(list) => {
            let items: Vec<u8> = list.iter().flat_map(cbor).collect();
            [cbor_head(4, list.len() as u64), items].concat()
        }
        Value::Map(map) => {
            let mut entries: Vec<(Vec<u8>, Vec<u8>)> = map
                .iter()
                .map(|(key, value)| (cbor(&Value::Text(key.clone())), cbor(value)))
                .collect();
            entries.sort();
            let items: Vec<u8> = entries
                .into_iter()
                .flat_map(|(key, value)| [key, value].concat())
                .collect();
            [cbor_head(5, map.len() as u64), items].concat()
        }
    }
}

fn cbor_integer(integer: i128) -> Vec<u8> {
    let (major, tag, magnitude) = if integer < 0 {
        (1, 3, (-1 - integer) as u128)
    } else {
        (0, 2, integer as u128)
    };
    if let Ok(small) = u64::try_from(magnitude) {
        return cbor_head(major, small);
    }
    let bytes: Vec<u8> = magnitude
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    [cbor_head(6, tag), cbor_head(2, bytes.len() as u64), bytes].concat()
}

fn cbor_head(major: u8, argument: u64) -> Vec<u8> {
    let top = major << 5;
    if argument < 24 {
        vec![top | argument as u8]
    } else if argument < 1 << 8 {
        [vec![top | 24], argument.to_be_bytes()[7..].to_vec()].concat()
    } else if argument < 1 << 16 {
        [vec![top | 25], argument.to_be_bytes()[6..].to_vec()].concat()
    } else if argument < 1 << 32 {
        [vec![top | 26], argument.to_be_bytes()[4..].to_vec()].concat()
    } else {
        [vec![top | 27], argument.to_be_bytes().to_vec()].concat()
    }
}

/// MTH of RFC 9162 §2.1.1, over leaf bytes, with BLAKE3.
pub fn merkle_root(leaves: &[Vec<u8>]) -> Blake3Digest {
    match leaves {
        [] => Blake3Digest::of(b""),
        [leaf] => Blake3Digest::of(&[&[0][..], leaf].concat()),
        _ => {
            let (left, right) = leaves.split_at(largest_power_of_two_below(leaves.len()));
            let (left, right) = (merkle_root(left), merkle_root(right));
            Blake3Digest::of(&[&[1][..], left.as_bytes(), right.as_bytes()].concat())
        }
    }
}

/// PATH of RFC 9162 §2.1.3.1.
pub fn merkle_path(index: usize, leaves: &[Vec<u8>]) -> Vec<Blake3Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(largest_power_of_two_below(leaves.len()));
    if index < left.len() {
        [merkle_path(index, left), vec![merkle_root(right)]].concat()
    } else {
        [
            merkle_path(index - left.len(), right),
            vec![merkle_root(left)],
        ]
        .concat()
    }
}

/// SUBPROOF of RFC 9162 §2.1.4.1.
pub fn merkle_subproof(old: usize, leaves: &[Vec<u8>], is_whole: bool) -> Vec<Blake3Digest> {
    if old == leaves.len() {
        return if is_whole {
            Vec::new()
        } else {
            vec![merkle_root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(largest_power_of_two_below(leaves.len()));
    if old <= left.len() {
        [
            merkle_subproof(old, left, is_whole),
            vec![merkle_root(right)],
        ]
        .concat()
    } else {
        [
            merkle_subproof(old - left.len(), right, false),
            vec![merkle_root(left)],
        ]
        .concat()
    }
}

fn largest_power_of_two_below(count: usize) -> usize {
    let mut power = 1;
    while power * 2 < count {
        power *= 2;
    }
    power
}

/// Globs by trying every way to split.
pub fn glob_matches(pattern: &str, text: &str, separator: char) -> bool {
    let pattern: Vec<&str> = pattern.split(separator).collect();
    let text: Vec<&str> = text.split(separator).collect();
    segments_match(&pattern, &text)
}

fn segments_match(pattern: &[&str], text: &[&str]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ["**", rest @ ..] => (0..=text.len()).any(|taken| segments_match(rest, &text[taken..])),
        [first, rest @ ..] => {
            !text.is_empty()
                && segment_matches(first.as_bytes(), text[0].as_bytes())
                && segments_match(rest, &text[1..])
        }
    }
}

fn segment_matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|taken| segment_matches(rest, &text[taken..])),
        [byte, rest @ ..] => text.first() == Some(byte) && segment_matches(rest, &text[1..]),
    }
}
