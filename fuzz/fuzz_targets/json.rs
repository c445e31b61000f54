//! JSON: what the strict decoder accepts has one canonical text, and the scanner agrees with it.
#![no_main]

use gatos_values::json::{
    EncodeError, decode_canonical, decode_strict, encode_canonical, is_canonical,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let strict = decode_strict(bytes, bytes.len());
    assert_eq!(
        is_canonical(bytes).is_ok(),
        decode_canonical(bytes, bytes.len()).is_ok()
    );
    let Ok(value) = strict else {
        assert!(is_canonical(bytes).is_err());
        return;
    };
    let text = match encode_canonical(&value) {
        // The strict decoder lets text through that has no canonical form.
        Err(EncodeError::Unassigned(_)) => {
            assert!(is_canonical(bytes).is_err());
            return;
        }
        encoded => encoded.expect("a decoded value has a text"),
    };
    assert_eq!(is_canonical(bytes).is_ok(), text == bytes);
    assert_eq!(decode_canonical(&text, text.len()), Ok(value));
});
