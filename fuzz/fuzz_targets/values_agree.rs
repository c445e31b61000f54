//! One value, two forms: what JSON carries survives CBOR, and the other way without byte strings.
#![no_main]

use gatos_values::{cbor, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = json::decode_strict(bytes, bytes.len()) {
        // Text with unassigned code points has no canonical form in either.
        let encoded = cbor::encode(&value);
        assert_eq!(encoded.is_ok(), json::encode_canonical(&value).is_ok());
        if let Ok(encoded) = encoded {
            assert_eq!(cbor::decode(&encoded, encoded.len()), Ok(value));
        }
    }
    if let Ok(value) = cbor::decode(bytes, bytes.len())
        && let Ok(text) = json::encode_canonical(&value)
    {
        assert_eq!(json::decode_canonical(&text, text.len()), Ok(value));
    }
});
