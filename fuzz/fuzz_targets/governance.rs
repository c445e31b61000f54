//! Governance documents: one spelling each; a chain refuses what was not signed.
#![no_main]

use gatos_policy::governance::{Chain, GovernanceDocument, SignedDocument};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = GovernanceDocument::decode(bytes) else {
        return;
    };
    assert_eq!(
        document.encode().expect("a decoded document has bytes"),
        bytes
    );
    let unsigned = SignedDocument {
        bytes: bytes.to_vec(),
        signatures: Vec::new(),
    };
    assert!(Chain::from_genesis(&unsigned).is_err());
});
