//! Text of binary64: what any parser accepts prints to text that reads back to the bit, in every form.
#![no_main]

use gatos_numbers::NumberError;
use gatos_numbers::binary64::{
    general_14, hexadecimal, is_canonical_text, is_same, parse, parse_hexadecimal, parse_lua,
    shortest,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return;
    };
    for result in [parse(text), parse_lua(text), parse_hexadecimal(text)] {
        match result {
            Ok(value) => {
                let shortest = shortest(value);
                assert!(is_canonical_text(shortest.as_bytes()));
                let read = parse(shortest.as_str()).expect("printed text is read");
                assert!(is_same(read, value));
                if value.is_finite() {
                    let read =
                        parse_hexadecimal(hexadecimal(value).as_str()).expect("`%a` is read");
                    assert!(is_same(read, value));
                    let general = general_14(value);
                    let near = parse_lua(general.as_str()).expect("`%.14g` is read");
                    assert!(
                        near.is_infinite()
                            || (near - value).abs() <= value.abs() * 5.1e-14 + 1e-323
                    );
                }
            }
            Err(NumberError::Syntax { offset }) => assert!(offset <= text.len()),
            Err(other) => panic!("{other:?}"),
        }
    }
    if let (Ok(strict), Ok(lua)) = (parse(text), parse_lua(text)) {
        assert!(is_same(strict, lua));
    }
});
