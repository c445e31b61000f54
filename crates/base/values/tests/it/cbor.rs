//! Canonical CBOR: inverse, against a hand-written encoder, mutations, RFC 8949's examples, golden refusals.

use crate::{any, slow, vectors};
use gatos_values::cbor::{self, CborErrorKind};
use gatos_values::json::{DEPTH_MAX, EncodeError, encode_canonical};
use gatos_values::{ErrorCode, Fixed, Map, Text, Value, hex};
use proptest::prelude::*;

const ANY_SIZE: usize = usize::MAX;

fn from_hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits"))
        .collect()
}

/// JSON where there is one, else what kind of value it is.
fn describe(value: &Value) -> String {
    match (encode_canonical(value), value) {
        (Ok(json), _) => String::from_utf8(json).expect("JSON is UTF-8"),
        (Err(_), Value::Bytes(bytes)) => format!("bytes {}", hex::encode(bytes)),
        (Err(error), _) => error.to_string(),
    }
}

fn outcome(bytes: &[u8]) -> Vec<String> {
    match cbor::decode(bytes, 100_000) {
        Ok(value) => {
            assert_eq!(cbor::encode(&value).as_deref(), Ok(bytes));
            vec!["ok".to_owned(), describe(&value)]
        }
        Err(error) => vec![
            error.code().to_string(),
            format!("{:?} at {}", error.kind, error.offset),
        ],
    }
}

#[test]
fn examples_of_rfc_8949_appendix_a() {
    // Of the 82 examples, floats, undefined, simple values, foreign tags, indefinite lengths and the map with integer
    // keys are outside the canonical form.
    vectors::check("values/rfc8949.tsv", 1, 82, |inputs| {
        outcome(&from_hex(inputs[0]))
    });
    let text = std::fs::read_to_string(vectors::path("values/rfc8949.tsv"))
        .expect("the file was just read");
    let cases: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let accepted = cases
        .iter()
        .filter(|line| line.split('\t').nth(1) == Some("ok"))
        .count();
    assert_eq!((cases.len(), accepted), (82, 38));
}

#[test]
fn golden_refusals_and_bytes() {
    vectors::check("values/cbor.tsv", 1, 60, |inputs| {
        outcome(&from_hex(inputs[0]))
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn encoding_and_decoding_are_inverse(value in any::values()) {
        let bytes = cbor::encode(&value).expect("not deep");
        assert_eq!(&bytes, &slow::cbor(&value));
        assert_eq!(cbor::decode(&bytes, bytes.len()).as_ref(), Ok(&value));
        for cut in 0..bytes.len() {
            assert!(cbor::decode(&bytes[..cut], ANY_SIZE).is_err());
        }
    }

    #[test]
    fn a_changed_encoding_is_refused_or_another_value(value in any::values(), at in any::<prop::sample::Index>(), byte: u8) {
        let bytes = cbor::encode(&value).expect("not deep");
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] = byte;
        check_acceptance(&changed);
        if changed != bytes && let Ok(other) = cbor::decode(&changed, ANY_SIZE) {
            assert_ne!(other, value);
        }
    }

    #[test]
    fn what_is_accepted_is_what_the_encoder_writes(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
        check_acceptance(&bytes);
    }

    #[test]
    fn numbers_in_other_forms_are_refused(integer in any::integers()) {
        let canonical = slow::cbor(&Value::Integer(integer));
        let magnitude = if integer < 0 { !integer } else { integer } as u128;
        let bytes = magnitude.to_be_bytes();
        let tag = if integer < 0 { 0xC3 } else { 0xC2 };
        for size in 0..=16u8 {
            let bignum = [vec![tag, 0x40 | size], bytes[16 - usize::from(size)..].to_vec()].concat();
            assert!(bignum == canonical || cbor::decode(&bignum, ANY_SIZE) != Ok(Value::Integer(integer)));
        }
        for (head, size) in [(24, 1), (25, 2), (26, 4), (27, 8)] {
            let major = if integer < 0 { 0x20 } else { 0 };
            let long = [vec![major | head], bytes[16 - size..].to_vec()].concat();
            assert!(long == canonical || cbor::decode(&long, ANY_SIZE) != Ok(Value::Integer(integer)));
        }
    }
}

fn check_acceptance(bytes: &[u8]) {
    match cbor::decode(bytes, ANY_SIZE) {
        Ok(value) => assert_eq!(slow::cbor(&value), bytes),
        Err(error) => assert!(error.offset <= bytes.len()),
    }
}

#[test]
fn every_single_byte_change_is_refused_or_another_value() {
    let entries = vec![
        (
            Text::new("").expect("text"),
            Value::List(vec![Value::Null, Value::Bool(true), Value::Bool(false)]),
        ),
        (
            Text::new("é").expect("text"),
            Value::Fixed(Fixed::from_steps(-3)),
        ),
        (Text::new("aa").expect("text"), Value::Integer(1 << 70)),
        (Text::new("b").expect("text"), Value::Integer(-(1 << 100))),
        (
            Text::new("c").expect("text"),
            Value::Fixed(Fixed::from_steps((1 << 90) + 1)),
        ),
        (
            Text::new("longer").expect("text"),
            Value::Bytes(vec![7; 30]),
        ),
    ];
    let value = Value::Map(Map::from_entries(entries).expect("unique"));
    let bytes = cbor::encode(&value).expect("not deep");
    for at in 0..bytes.len() {
        for byte in (0..=255).filter(|byte| *byte != bytes[at]) {
            let mut changed = bytes.clone();
            changed[at] = byte;
            check_acceptance(&changed);
            assert_ne!(
                cbor::decode(&changed, ANY_SIZE).as_ref(),
                Ok(&value),
                "{at} {byte}"
            );
        }
    }
}

#[test]
fn depth_is_limited_both_ways() {
    let deep = |depth: usize| [vec![0x81; depth], vec![0xF6]].concat();
    assert!(cbor::decode(&deep(DEPTH_MAX), ANY_SIZE).is_ok());
    let error = cbor::decode(&deep(DEPTH_MAX + 1), ANY_SIZE).expect_err("too deep");
    assert_eq!(
        (error.kind, error.offset),
        (CborErrorKind::TooDeep, DEPTH_MAX)
    );
    let maps = |depth: usize| [[0xA1, 0x60].repeat(depth), vec![0xF6]].concat();
    assert!(cbor::decode(&maps(DEPTH_MAX), ANY_SIZE).is_ok());
    assert!(cbor::decode(&maps(DEPTH_MAX + 1), ANY_SIZE).is_err());
    let mut value = cbor::decode(&deep(DEPTH_MAX), ANY_SIZE).expect("just deep enough");
    assert!(cbor::encode(&value).is_ok());
    value = Value::List(vec![value]);
    assert_eq!(cbor::encode(&value), Err(EncodeError::TooDeep));
}

#[test]
fn size_is_limited_before_anything_is_read() {
    let error = cbor::decode(&[0x82, 1, 2], 2).expect_err("too large");
    assert_eq!(error.code(), ErrorCode::TooLarge);
    assert!(cbor::decode(&[0x82, 1, 2], 3).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn item_by_item_gives_the_same(values in prop::collection::vec(any::values(), 0..6), text in "\\PC{0,8}", count: u64, at in any::<prop::sample::Index>(), byte: u8) {
        let text = Text::new(&text).unwrap_or_default();
        let whole = Value::List([vec![text.clone().into(), Value::Bytes(vec![byte]), count.into(), Value::Null], values.clone()].concat());
        let bytes = cbor::encode(&whole).expect("not deep");
        let mut written = Vec::new();
        cbor::encode_list_head_into(4 + values.len(), &mut written);
        cbor::encode_text_into(&text, &mut written);
        cbor::encode_bytes_into(&[byte], &mut written);
        for item in [Value::from(count), Value::Null].iter().chain(&values) {
            cbor::encode_into(item, &mut written).expect("not deep");
        }
        prop_assert_eq!(&written, &bytes);
        prop_assert_eq!(read_items(&bytes), Ok(whole));
        // Item by item nothing is accepted that the decoder refuses.
        let mut changed = bytes;
        let at = at.index(changed.len());
        changed[at] ^= byte;
        if let Ok(value) = read_items(&changed) {
            prop_assert_eq!(cbor::decode(&changed, ANY_SIZE), Ok(value));
        }
    }
}

/// Reads a list of text, bytes, count, null and further values.
fn read_items(bytes: &[u8]) -> Result<Value, cbor::CborError> {
    let mut items = cbor::Items::new(bytes);
    let item_count = items.list()?;
    let text = Text::new(items.text()?).expect("checked");
    let mut list = vec![
        text.into(),
        Value::Bytes(items.bytes()?.to_vec()),
        items.count()?.into(),
    ];
    if items.null()? {
        list.push(Value::Null);
    }
    while list.len() < item_count {
        let start = items.offset();
        let raw = items.raw(1)?;
        assert_eq!(raw, &bytes[start..items.offset()]);
        list.push(cbor::Items::new(raw).value(1)?);
    }
    items.end()?;
    Ok(Value::List(list))
}
