//! The base: what one signature, one check of canonical JSON and one digest cost on one core.

use std::hint::black_box;
use std::time::Instant;

use ed25519_dalek::{Signature, VerifyingKey};
use gatos_values::{Envelope, EventId, SealedEvent, VerifyingContext, json, sshsig};

use crate::bed::{Bed, Signer, namespace, payload};
use crate::report::Report;
use crate::statistics::{median_of, medians_of, scaled};

pub fn run(report: &mut Report) {
    let bed = Bed::new();
    let mut signer = Signer::new(&bed.node(), &namespace("c0"));
    let events = signer.seal((0..scaled(2_000)).map(payload).collect());
    let size: usize = events.iter().map(|event| event.bytes().len()).sum();
    report.add(
        "an event's envelope",
        size as f64 / events.len() as f64,
        "bytes",
        None,
    );
    signatures(report, &events);
    texts(report, &events);
}

/// Microseconds for each event.
fn each(events: &[SealedEvent], mut work: impl FnMut(&SealedEvent)) -> f64 {
    let begun = Instant::now();
    for event in events {
        work(event);
    }
    begun.elapsed().as_secs_f64() * 1e6 / events.len() as f64
}

fn signatures(report: &mut Report, events: &[SealedEvent]) {
    let context = VerifyingContext::new(&events[0].signature().public);
    let (ours, dalek) = medians_of(
        || {
            each(events, |event| {
                event
                    .verify_signature_with(&context)
                    .expect("the signature is good")
            })
        },
        || {
            each(events, |event| {
                let signature = event.signature();
                let key = VerifyingKey::from_bytes(signature.public.as_bytes())
                    .expect("the key is a point");
                let message = sshsig::signed_data("gatos-event", event.bytes());
                key.verify_strict(&message, &Signature::from_bytes(&signature.signature))
                    .expect("the signature is good");
            })
        },
    );
    report.compare(
        "strict verification, prepared key",
        ours,
        "us",
        ("dalek verify_strict", dalek),
        None,
    );
    let plain = median_of(|| {
        each(events, |event| {
            event.verify_signature().expect("the signature is good")
        })
    });
    report.compare(
        "strict verification, any key",
        plain,
        "us",
        ("dalek verify_strict", dalek),
        None,
    );
    let key = gatos_values::SigningKey::from_seed([7; 32]);
    let peer = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let (ours, dalek) = medians_of(
        || {
            each(events, |event| {
                drop(black_box(key.sign("gatos-event", event.bytes())))
            })
        },
        || {
            each(events, |event| {
                let message = sshsig::signed_data("gatos-event", event.bytes());
                black_box(ed25519_dalek::Signer::sign(&peer, &message));
            })
        },
    );
    report.compare("signature", ours, "us", ("dalek sign", dalek), None);
}

fn texts(report: &mut Report, events: &[SealedEvent]) {
    let (ours, serde) = medians_of(
        || {
            each(events, |event| {
                json::is_canonical(event.bytes()).expect("the text is canonical")
            })
        },
        || {
            each(events, |event| {
                let parsed: serde::de::IgnoredAny =
                    serde_json::from_slice(event.bytes()).expect("the text is JSON");
                black_box(parsed);
            })
        },
    );
    report.compare(
        "check of canonical JSON",
        ours,
        "us",
        ("serde_json, any JSON, no value", serde),
        None,
    );
    let (ours, serde) = medians_of(
        || {
            each(events, |event| {
                black_box(
                    json::decode_canonical(event.bytes(), 1 << 20).expect("the text is canonical"),
                );
            })
        },
        || {
            each(events, |event| {
                let parsed: serde_json::Value =
                    serde_json::from_slice(event.bytes()).expect("the text is JSON");
                black_box(parsed);
            })
        },
    );
    report.compare(
        "canonical JSON to a value",
        ours,
        "us",
        ("serde_json to a Value", serde),
        None,
    );
    let envelopes: Vec<Envelope> = events
        .iter()
        .map(|event| event.envelope().clone())
        .collect();
    let begun = Instant::now();
    for envelope in &envelopes {
        black_box(envelope.encode().expect("the envelope is small"));
    }
    let encoding = begun.elapsed().as_secs_f64() * 1e6 / envelopes.len() as f64;
    report.add("envelope to bytes", encoding, "us", None);
    let decoding = median_of(|| {
        each(events, |event| {
            drop(black_box(Envelope::decode(event.bytes())))
        })
    });
    report.add(
        "bytes to envelope, every field checked",
        decoding,
        "us",
        None,
    );
    let digest = median_of(|| {
        each(events, |event| {
            black_box(EventId::of_envelope(event.bytes()));
        })
    });
    report.add("event id (BLAKE3)", digest, "us", None);
}
