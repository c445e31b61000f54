//! Ids, names and URIs: what parses prints as what was parsed.
#![no_main]

use gatos_values::{
    Actor, Blake3Digest, EventId, EventType, IdempotencyKey, JournalName, KeyId, Namespace,
    ResourceUri, Segment, Sha256Digest, Ulid,
};
use libfuzzer_sys::fuzz_target;

/// Each type that parses and prints, held to its own words.
macro_rules! same_text {
    ($text:expr, $($name:ident)*) => {
        $(if let Ok(parsed) = $name::parse($text) {
            assert_eq!(parsed.to_string(), $text);
        })*
    };
}

fuzz_target!(|text: &str| {
    same_text!(
        text,
        Actor Blake3Digest EventId EventType IdempotencyKey KeyId Namespace ResourceUri Segment
        Sha256Digest Ulid
    );
    if let Ok(journal) = JournalName::parse_ref(text) {
        assert_eq!(journal.ref_name(), text);
        assert_eq!(JournalName::parse_short(&journal.short()), Ok(journal));
    }
});
