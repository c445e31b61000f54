//! Checkpoint documents: one spelling each.
#![no_main]

use gatos_fold::checkpoint::Checkpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(checkpoint) = Checkpoint::decode(bytes) {
        assert_eq!(
            checkpoint.encode().expect("a decoded checkpoint has bytes"),
            bytes
        );
    }
});
