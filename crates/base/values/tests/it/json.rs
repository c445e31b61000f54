//! Canonical JSON: inverse, canonical against its twin, mutations, errors with offsets, golden vectors.

use crate::{any, slow, vectors};
use gatos_values::json::{
    DEPTH_MAX, EncodeError, JsonErrorKind, decode_canonical, decode_strict, encode_canonical,
    is_canonical,
};
use gatos_values::{Blake3Digest, ErrorCode, Fixed, Text, Value, hex};
use proptest::prelude::*;

const ANY_SIZE: usize = usize::MAX;

fn encode(value: &Value) -> String {
    String::from_utf8(encode_canonical(value).expect("a JSON value")).expect("JSON is UTF-8")
}

#[test]
fn golden_values() {
    vectors::check("values/values.tsv", 1, 60, |inputs| {
        let value = decode_strict(inputs[0].as_bytes(), ANY_SIZE).expect(inputs[0]);
        let json = encode(&value);
        let cbor = gatos_values::cbor::encode(&value).expect("not deep");
        let digest = Blake3Digest::of(json.as_bytes());
        assert_eq!(
            gatos_values::cbor::decode(&cbor, ANY_SIZE).as_ref(),
            Ok(&value)
        );
        assert_eq!(
            decode_canonical(json.as_bytes(), ANY_SIZE).as_ref(),
            Ok(&value)
        );
        vec![json, hex::encode(&cbor), digest.to_string()]
    });
}

#[test]
fn golden_refusals() {
    vectors::check("values/refused-json.tsv", 1, 60, |inputs| {
        let bytes = unescape(inputs[0]);
        let error = decode_canonical(&bytes, 1000).expect_err(inputs[0]);
        assert!(
            decode_strict(&bytes, 1000)
                .err()
                .is_none_or(|strict| strict == error)
        );
        let kind = format!("{:?}", error.kind);
        vec![error.code().to_string(), error.offset.to_string(), kind]
    });
}

/// `\xNN` stands for a byte, everything else for itself.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(&after[..2], 16).expect("two hex digits"));
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// Writes the value in one of many ways that read back to it.
fn noisy(value: &Value, choices: &mut impl FnMut(usize) -> usize) -> String {
    let space =
        |choices: &mut dyn FnMut(usize) -> usize| ["", "", "", " ", "\t", "\r\n", "  "][choices(7)];
    match value {
        Value::Text(text) => noisy_text(text, choices),
        Value::List(list) => {
            let mut out = String::from("[");
            for (index, item) in list.iter().enumerate() {
                out += if index > 0 { "," } else { "" };
                out += space(choices);
                out += &noisy(item, choices);
                out += space(choices);
            }
            out + "]"
        }
        Value::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            for index in 1..entries.len() {
                entries.swap(index, choices(index + 1));
            }
            let mut out = String::from("{");
            for (index, (key, item)) in entries.into_iter().enumerate() {
                out += if index > 0 { "," } else { "" };
                out += space(choices);
                out += &noisy_text(key, choices);
                out += space(choices);
                out += ":";
                out += space(choices);
                out += &noisy(item, choices);
                out += space(choices);
            }
            out + "}"
        }
        Value::Integer(0) => ["0", "-0", "0.0", "-0.000", "0.00000000001"][choices(5)].to_owned(),
        Value::Integer(integer) => format!("{integer}{}", ["", "", ".0", ".000"][choices(4)]),
        Value::Fixed(_) => encode(value) + ["", "0", "00", "000000000000001"][choices(4)],
        _ => encode(value),
    }
}

fn noisy_text(text: &Text, choices: &mut impl FnMut(usize) -> usize) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        let must_escape = u32::from(character) < 0x20 || character == '"' || character == '\\';
        if !must_escape && choices(4) != 0 {
            out.push(character);
        } else if character == '/' {
            out += "\\/";
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out += &if choices(2) == 0 {
                    format!("\\u{unit:04x}")
                } else {
                    format!("\\u{unit:04X}")
                };
            }
        }
    }
    out + "\""
}

/// Draws choices from a seed, the same ones each time.
fn chooser(mut seed: u64) -> impl FnMut(usize) -> usize {
    move |count| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) % count as u64) as usize
    }
}

const ODD_BYTES: &[u8] = b" \",:{}[]0-.eE\\x/\x00\xC3\xCC";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn encoding_and_decoding_are_inverse(value in any::json_values()) {
        let bytes = encode_canonical(&value).expect("a JSON value");
        assert_eq!(decode_canonical(&bytes, bytes.len()).as_ref(), Ok(&value));
        assert_eq!(decode_strict(&bytes, bytes.len()).as_ref(), Ok(&value));
        assert!(slow::is_canonical_json(&bytes));
        // Anybody else's parser reads it too.
        assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
    }

    #[test]
    fn any_way_of_writing_reads_back(value in any::json_values(), seed in any::<u64>()) {
        let text = noisy(&value, &mut chooser(seed));
        assert_eq!(decode_strict(text.as_bytes(), ANY_SIZE).as_ref(), Ok(&value), "{}", text);
        assert_eq!(is_canonical(text.as_bytes()).is_ok(), slow::is_canonical_json(text.as_bytes()), "{}", text);
        assert_eq!(is_canonical(text.as_bytes()).is_ok(), text == encode(&value));
    }

    #[test]
    fn a_changed_text_is_refused_or_another_value(value in any::json_values(), seed in any::<u64>()) {
        let bytes = encode_canonical(&value).expect("a JSON value");
        let mut choose = chooser(seed);
        for _ in 0..12 {
            let mut changed = bytes.clone();
            let at = choose(changed.len());
            match choose(4) {
                0 => { changed.remove(at); }
                1 => changed.insert(at, ODD_BYTES[choose(ODD_BYTES.len())]),
                2 => changed[at] = choose(256) as u8,
                _ => { let other = choose(changed.len()); changed.swap(at, other); }
            }
            check_agreement(&changed);
            if changed != bytes && let Ok(other) = decode_canonical(&changed, ANY_SIZE) {
                assert_ne!(other, value.clone());
            }
        }
    }

    #[test]
    fn no_bytes_make_the_readers_panic_or_disagree(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        check_agreement(&bytes);
    }

    #[test]
    fn no_json_like_text_makes_the_readers_panic_or_disagree(text in "[\\[\\]{},:\"\\\\u0-9a-fA-F.eE+ tn-]{0,24}") {
        check_agreement(text.as_bytes());
    }
}

/// The verdict is the twin's, and errors point into the text.
fn check_agreement(bytes: &[u8]) {
    let verdict = is_canonical(bytes);
    assert_eq!(
        verdict.is_ok(),
        slow::is_canonical_json(bytes),
        "{:?}",
        String::from_utf8_lossy(bytes)
    );
    assert_eq!(
        decode_canonical(bytes, ANY_SIZE).err(),
        verdict.clone().err()
    );
    match (verdict, decode_strict(bytes, ANY_SIZE)) {
        (Ok(()), strict) => assert_eq!(strict, decode_canonical(bytes, ANY_SIZE)),
        (Err(error), Ok(value)) => {
            let canonical = match encode_canonical(&value) {
                Ok(canonical) => canonical,
                Err(refusal) => {
                    return assert_eq!(refusal, EncodeError::Unassigned(unassigned(&error.kind)));
                }
            };
            assert_eq!(error.kind, JsonErrorKind::NotCanonical);
            let differs = bytes
                .iter()
                .zip(&canonical)
                .take_while(|(left, right)| left == right)
                .count();
            assert_eq!(error.offset, differs);
        }
        (Err(error), Err(strict)) => assert_eq!(error, strict),
    }
}

#[test]
fn every_single_byte_change_is_refused_or_another_value() {
    let texts = [
        r#"{"":[],"a":{"b":null},"c":[true,false,-12.5,0,170141183460469231731687303715884105727],"é":"ü\n\u0000\"\\😀"}"#,
        r#"["\b\t\n\f\r","가각","Å","≮","1.0",-0.0000000002]"#,
    ];
    for text in texts {
        // Not all of these are canonical as written; what the encoder makes of them is.
        let value = decode_strict(text.as_bytes(), ANY_SIZE).expect("well formed");
        let bytes = encode_canonical(&value).expect("a JSON value");
        for at in 0..bytes.len() {
            for byte in 0..=255u8 {
                let mut changed = bytes.clone();
                changed[at] = byte;
                check_agreement(&changed);
                if byte != bytes[at] {
                    assert_ne!(
                        decode_canonical(&changed, ANY_SIZE).as_ref(),
                        Ok(&value),
                        "{at} {byte}"
                    );
                }
            }
        }
        for at in 0..bytes.len() {
            assert!(
                decode_strict(&bytes[..at], ANY_SIZE).is_err(),
                "a cut text at {at}"
            );
        }
    }
}

#[test]
fn keys_that_meet_in_normal_form_are_duplicates() {
    let text = "{\"\u{e9}\":1,\"x\":2,\"e\u{301}\":3}";
    let error = decode_strict(text.as_bytes(), ANY_SIZE).expect_err("one key after NFC");
    let key = Text::new("é").expect("assigned");
    assert_eq!(
        (error.kind, error.offset),
        (JsonErrorKind::DuplicateKey(key), 14)
    );
    let text = "{\"\u{212b}\":1,\"\u{c5}\":2}";
    assert!(decode_strict(text.as_bytes(), ANY_SIZE).is_err());
}

#[test]
fn of_several_duplicates_the_first_repetition_is_named() {
    let text = r#"{"z":1,"b":2,"a":3,"b":4,"a":5,"z":6}"#;
    let error = decode_strict(text.as_bytes(), ANY_SIZE).expect_err("duplicates");
    assert_eq!(error.offset, 19);
    assert_eq!(error.line_and_column(text.as_bytes()), (1, 20));
    let nested = "{\"a\":{\"x\":1,\"y\":2},\n\"b\":{\"y\":1,\n \"x\":2,\"y\":3}}";
    let error = decode_strict(nested.as_bytes(), ANY_SIZE).expect_err("duplicates");
    assert_eq!(error.line_and_column(nested.as_bytes()), (3, 8));
}

#[test]
fn keys_are_sorted_by_bytes_not_by_utf_16() {
    // U+FFFF sorts below U+10000 in UTF-8, above its surrogates in UTF-16.
    let value = decode_strict("{\"\u{10000}\":1,\"\u{ffff}\":2}".as_bytes(), ANY_SIZE)
        .expect("well formed");
    assert_eq!(encode(&value), "{\"\u{ffff}\":2,\"\u{10000}\":1}");
}

#[test]
fn escaped_keys_are_compared_by_what_they_stand_for() {
    // 0x01 < 0x09 < `"` < `[` < `\` < `]`, while the raw texts start with a backslash.
    let canonical =
        r#"{"":0,"\u0001":1,"\t":2," ":3,"\"":4,"[":5,"\\":6,"]":7,"a\u0000b":8,"a\n":9,"ab":10}"#;
    assert_eq!(is_canonical(canonical.as_bytes()), Ok(()));
    assert!(slow::is_canonical_json(canonical.as_bytes()));
    let swapped = r#"{"[":5,"\"":4}"#;
    assert_eq!(
        is_canonical(swapped.as_bytes()).map_err(|error| error.offset),
        Err(2)
    );
}

fn unassigned(kind: &JsonErrorKind) -> u32 {
    match kind {
        JsonErrorKind::Unassigned(code_point) => *code_point,
        other => panic!("not about an unassigned code point: {other}"),
    }
}

#[test]
fn unassigned_code_points_are_read_but_have_no_canonical_form() {
    for (text, offset) in [("{\"a\":\"x\u{1bfff}\"}", 7), ("[\"\\ud82f\\udfff\"]", 2)] {
        let value = decode_strict(text.as_bytes(), ANY_SIZE).expect("any JSON is read");
        assert_eq!(
            encode_canonical(&value),
            Err(EncodeError::Unassigned(0x1BFFF))
        );
        assert_eq!(
            gatos_values::cbor::encode(&value),
            Err(EncodeError::Unassigned(0x1BFFF))
        );
        let error = is_canonical(text.as_bytes()).expect_err("no canonical form");
        assert_eq!((unassigned(&error.kind), error.offset), (0x1BFFF, offset));
        assert_eq!(
            (error.code(), EncodeError::Unassigned(0x1BFFF).code()),
            (ErrorCode::BadText, ErrorCode::BadText)
        );
    }
    assert_eq!(
        encode(&decode_strict(b"\"\\uffff\"", ANY_SIZE).expect("a noncharacter")),
        "\"\u{ffff}\""
    );
}

#[test]
fn bytes_and_depth_are_refused_when_writing() {
    assert_eq!(
        encode_canonical(&Value::List(vec![Value::Bytes(vec![1])])),
        Err(EncodeError::Bytes)
    );
    let mut value = Value::Null;
    for _ in 0..DEPTH_MAX {
        value = Value::List(vec![value]);
    }
    assert_eq!(value.depth(), DEPTH_MAX);
    assert!(encode_canonical(&value).is_ok());
    value = Value::Map(gatos_values::Map::new().with("k", value));
    assert_eq!(encode_canonical(&value), Err(EncodeError::TooDeep));
    assert_eq!(EncodeError::TooDeep.code(), ErrorCode::BadJson);
}

#[test]
fn a_fixed_value_with_a_zero_fraction_is_written_as_the_integer() {
    let by_hand = Value::Fixed(Fixed::from_steps(3 << 32));
    assert_eq!(encode(&by_hand), "3");
    assert_eq!(by_hand, Value::Integer(3));
}

#[test]
fn size_is_limited_before_anything_is_read() {
    let error = decode_strict(b"[1,2,3]", 6).expect_err("too large");
    assert_eq!(
        error.kind,
        JsonErrorKind::TooLarge {
            size: 7,
            size_max: 6
        }
    );
    assert_eq!(error.code(), ErrorCode::TooLarge);
    assert!(decode_canonical(b"[1,2,3]", 7).is_ok());
}
