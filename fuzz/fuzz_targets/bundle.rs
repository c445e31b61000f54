//! Policy bundles: one spelling each, and whatever decodes belongs together.
#![no_main]

use gatos_policy::bundle::Bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((bundle, report)) = Bundle::decode(bytes) {
        assert_eq!(bundle.encode().expect("a decoded bundle has bytes"), bytes);
        assert_eq!(bundle.check().expect("it was checked"), report);
    }
});
