//! CBOR: the decoder accepts one encoding of each value, so encoding again gives the same bytes.
#![no_main]

use gatos_values::cbor::{decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = decode(bytes, bytes.len()) {
        assert_eq!(
            encode(&value).expect("a decoded value has an encoding"),
            bytes
        );
    }
});
