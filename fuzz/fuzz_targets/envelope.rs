//! Envelopes: one spelling each; the borrowing reader sees what the decoder sees.
#![no_main]

use gatos_values::{Envelope, EnvelopeView, EventId, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let view = EnvelopeView::scan(bytes);
    let Ok(envelope) = Envelope::decode(bytes) else {
        return;
    };
    assert_eq!(
        envelope.encode().expect("a decoded envelope has bytes"),
        bytes
    );
    let view = view.expect("what decodes also scans");
    assert_eq!(view.ulid(), envelope.ulid);
    assert_eq!(view.prev(), envelope.prev);
    assert_eq!(view.event_type(), envelope.event_type.as_str());
    assert_eq!(view.ns(), envelope.ns.as_str());
    assert_eq!(
        view.idem().as_deref(),
        envelope.idem.as_ref().map(|key| key.as_str())
    );
    let payload = json::encode_canonical(&envelope.payload).expect("a payload has a text");
    assert_eq!(view.payload(), payload);
    assert_ne!(EventId::of_envelope(bytes), EventId::of_envelope(&payload));
});
