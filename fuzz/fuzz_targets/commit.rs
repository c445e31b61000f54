//! Commits: what decodes is what would be written; the borrowing reader sees the same parts.
#![no_main]

use gatos_ledger::codec::{
    EventCommitView, EventDecoder, decode_document_commit, decode_event_commit,
    encode_document_commit, encode_event_commit, parent_of,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let parent = parent_of(content);
    let view = EventCommitView::scan(content);
    if let Ok(decoded) = decode_event_commit(content) {
        let mut decoder = EventDecoder::default();
        assert_eq!(decoder.decode(content).as_ref(), Ok(&decoded));
        assert_eq!(decoder.decode(content).as_ref(), Ok(&decoded));
        assert_eq!(encode_event_commit(&decoded.event, decoded.parent), content);
        let view = view.expect("what decodes also scans");
        assert_eq!(view.envelope, decoded.event.bytes());
        assert_eq!(view.id, decoded.event.id());
        assert_eq!(view.parent, decoded.parent);
        assert_eq!(parent.ok(), Some(decoded.parent));
    }
    if let Ok(document) = decode_document_commit(content) {
        let again = encode_document_commit(&document.bytes, &document.signatures, document.parent);
        assert_eq!(again.as_deref().ok(), Some(content));
    }
});
