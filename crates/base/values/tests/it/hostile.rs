//! Ten-megabyte inputs made to hurt: no deep recursion, no quadratic time, no memory on the word of a length field.
//!
//! The tests run in threads with a small stack; quadratic behaviour would make them run for hours.

use gatos_values::json::{self, JsonErrorKind};
use gatos_values::{Value, cbor};

const SIZE: usize = 10_000_000;

fn with_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(512 * 1024)
        .spawn(test)
        .expect("start a thread");
    thread.join().expect("the test inside passes");
}

/// Both readers on one input.
fn read(bytes: &[u8]) -> Option<Value> {
    let strict = json::decode_strict(bytes, usize::MAX);
    let canonical = json::is_canonical(bytes);
    assert!(canonical.is_err() || strict.is_ok());
    strict.ok()
}

#[test]
fn json_brackets() {
    with_small_stack(|| {
        for unit in ["[", "{\"\":", "[[],", "{\"a\":[", "[{}", "]"] {
            assert!(read(unit.repeat(SIZE / unit.len()).as_bytes()).is_none());
        }
        let wide = format!("[{}[]]", "[],".repeat(200_000));
        assert!(read(wide.as_bytes()).is_some());
        let deepest = "[".repeat(128) + &"]".repeat(128);
        let many = format!("[{}0]", format!("{},", &deepest[1..255]).repeat(10_000));
        assert!(json::is_canonical(many.as_bytes()).is_ok());
        assert!(read(many.as_bytes()).is_some());
    });
}

#[test]
fn json_strings() {
    with_small_stack(|| {
        let plain = format!("\"{}\"", "a".repeat(SIZE));
        assert!(json::is_canonical(plain.as_bytes()).is_ok());
        assert!(read(&plain.as_bytes()[..SIZE]).is_none());
        assert!(read(format!("\"{}\"", "\\n".repeat(SIZE / 2)).as_bytes()).is_some());
        assert!(read(format!("\"{}\"", "\\u0000".repeat(SIZE / 6)).as_bytes()).is_some());
        assert!(read(format!("\"{}\"", "\\ud800".repeat(SIZE / 6)).as_bytes()).is_none());
        assert!(read(format!("\"{}\"", "\\".repeat(SIZE)).as_bytes()).is_some());
    });
}

#[test]
fn json_text_that_is_hard_to_normalise() {
    with_small_stack(|| {
        // Combining marks in falling order of their class: normalising sorts them.
        let marks = "\u{301}\u{323}".repeat(40_000);
        assert!(read(format!("\"a{marks}\"").as_bytes()).is_some());
        assert!(
            read(format!("\"{}\"", "\u{1100}\u{1161}\u{11a8}".repeat(30_000)).as_bytes()).is_some()
        );
        assert!(read(format!("\"{}\"", "\u{fb1d}\u{fdfa}".repeat(30_000)).as_bytes()).is_some());
    });
}

#[test]
fn json_keys_in_the_worst_order() {
    with_small_stack(|| {
        let falling: Vec<String> = (0..100_000)
            .rev()
            .map(|index| format!("\"{index:06}\":0"))
            .collect();
        let value = read(format!("{{{}}}", falling.join(",")).as_bytes()).expect("all different");
        assert_eq!(value.as_map().map(gatos_values::Map::len), Some(100_000));
        let same = format!("{{{}\"k\":0}}", "\"k\":0,".repeat(100_000));
        let error = json::decode_strict(same.as_bytes(), usize::MAX).expect_err("duplicates");
        assert!(matches!(error.kind, JsonErrorKind::DuplicateKey(_)));
        assert_eq!(error.offset, 7);
    });
}

#[test]
fn json_numbers() {
    with_small_stack(|| {
        assert!(read("1".repeat(SIZE).as_bytes()).is_none());
        assert!(read("-".repeat(SIZE).as_bytes()).is_none());
        let long = format!("0.{}1", "0".repeat(SIZE));
        assert_eq!(read(long.as_bytes()), Some(Value::Integer(0)));
        assert!(read(format!("[{}0]", "0.1,".repeat(30_000)).as_bytes()).is_some());
    });
}

#[test]
fn cbor_lengths_that_lie() {
    with_small_stack(|| {
        for initial in [0x40u8, 0x60, 0x80, 0xA0, 0xC0] {
            for claim in [
                24,
                255,
                65536,
                1 << 31,
                1 << 32,
                1 << 40,
                (1 << 63) - 1,
                u64::MAX,
            ] {
                let bytes = [
                    vec![initial | 27],
                    claim.to_be_bytes().to_vec(),
                    vec![0; 20],
                ]
                .concat();
                assert!(cbor::decode(&bytes, usize::MAX).is_err());
                let claim = claim as u32;
                let bytes = [
                    vec![initial | 26],
                    claim.to_be_bytes().to_vec(),
                    vec![0; 20],
                ]
                .concat();
                assert!(cbor::decode(&bytes, usize::MAX).is_err());
            }
        }
        // A list in a list in a list, each claiming as many entries as there are bytes left.
        let mut bytes = Vec::new();
        for _ in 0..128 {
            bytes.extend_from_slice(&[0x9A, 0x00, 0x90, 0x00, 0x00]);
        }
        bytes.resize(SIZE, 0x80);
        assert!(cbor::decode(&bytes, usize::MAX).is_err());
    });
}

#[test]
fn cbor_in_bulk() {
    with_small_stack(|| {
        assert!(cbor::decode(&vec![0x81; SIZE], usize::MAX).is_err());
        assert!(cbor::decode(&[0xA1, 0x60].repeat(SIZE / 2), usize::MAX).is_err());
        assert!(cbor::decode(&vec![0xC5; SIZE], usize::MAX).is_err());
        assert!(cbor::decode(&vec![0x9F; SIZE], usize::MAX).is_err());
        let list = [
            vec![0x9A],
            1_000_000u32.to_be_bytes().to_vec(),
            vec![0x80; 1_000_000],
        ]
        .concat();
        assert!(cbor::decode(&list, usize::MAX).is_ok());
    });
}
