//! Records of the audit journal: one spelling each.
#![no_main]

use gatos_policy::audit::Decision;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(decision) = Decision::decode(bytes) {
        assert_eq!(
            decision.encode().expect("a decoded record has bytes"),
            bytes
        );
    }
});
