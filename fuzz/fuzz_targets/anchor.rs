//! Epoch anchors: one spelling each.
#![no_main]

use gatos_policy::epoch::Anchor;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(anchor) = Anchor::decode(bytes) {
        assert_eq!(anchor.encode().expect("a decoded anchor has bytes"), bytes);
    }
});
