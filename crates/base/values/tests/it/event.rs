//! Events: golden bytes, ids and signatures; every field's rules; views agree with envelopes.

use crate::{any, vectors};
use gatos_values::event::{ENVELOPE_SIZE_MAX, is_reserved_type};
use gatos_values::json::{decode_strict, encode_canonical};
use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{
    Actor, Envelope, EnvelopeView, ErrorCode, EventError, EventId, EventType, GovernanceId,
    IdempotencyKey, Map, Namespace, ResourceUri, SealedEvent, Segment, SignatureError, SigningKey,
    Text, Ulid, Value, VerifyingContext,
};
use proptest::prelude::*;

fn key() -> SigningKey {
    SigningKey::from_seed([1; 32])
}

/// The smallest envelope: the first event of a journal.
fn first() -> Envelope {
    let ns = Namespace::parse("finance").expect("a namespace");
    Envelope {
        repo: GovernanceId::of_document(b"a genesis document"),
        actor: Actor::parse("user:alice").expect("an actor"),
        key: key().public().key_id(),
        event_type: EventType::parse("invoice.paid").expect("an event type"),
        ulid: Ulid::from_parts(1_700_000_000_000, 0x0123_4567_89ab_cdef_0123).expect("in range"),
        prev: None,
        resource: ResourceUri::journal(&Segment::parse("acme").expect("a segment"), &ns),
        ns,
        payload: decode_strict(
            br#"{"amount": 12.50, "invoice": "INV-7", "note": "caf\u00e9"}"#,
            100,
        )
        .expect("well formed"),
        caps: Vec::new(),
        labels: Vec::new(),
        idem: None,
        session: None,
        gov: GovernanceId::of_document(b"a genesis document"),
        policy_root: EMPTY_POLICY_ROOT,
        fold_root: EMPTY_FOLD_ROOT,
    }
}

/// An envelope with every optional field.
fn second() -> Envelope {
    let first = first();
    let bytes = first.encode().expect("a valid envelope");
    Envelope {
        prev: Some(EventId::of_envelope(&bytes)),
        ulid: first.ulid.next().expect("not the highest"),
        caps: vec![
            Text::from_ascii("journal:append"),
            Text::from_ascii("kv:put"),
        ],
        labels: ["eu", "urgent"]
            .map(|label| EventType::parse(label).expect("a label"))
            .to_vec(),
        idem: Some(IdempotencyKey::parse("bank \"x\" \\ 2024-01-31").expect("a key")),
        session: Some(Ulid::from_parts(1_699_999_999_999, 5).expect("in range")),
        payload: Value::Null,
        ..first
    }
}

#[test]
fn golden_events() {
    let mut table = String::from(
        "# Events signed by the key of 32 bytes 0x01. Columns: envelope; id; content digest; signature (base64 of SSHSIG).\n",
    );
    for (name, envelope) in [("first", first()), ("second", second())] {
        let sealed = SealedEvent::sign(envelope, &key()).expect("a valid envelope");
        let json = std::str::from_utf8(sealed.bytes()).expect("JSON is UTF-8");
        let content = sealed.envelope().content_digest().expect("a JSON payload");
        table += &format!(
            "{json}\t{}\t{content}\t{}\n",
            sealed.id(),
            sealed.signature().to_base64_line()
        );
        vectors::check_file(&format!("values/event-{name}.json"), sealed.bytes());
        vectors::check_file(
            &format!("values/event-{name}.json.sig"),
            sealed.signature().armored().as_bytes(),
        );
    }
    vectors::check_file("values/events.tsv", table.as_bytes());
    let allowed = format!("user:alice {}\n", key().public());
    vectors::check_file("values/event-signers", allowed.as_bytes());
}

fn envelopes() -> impl Strategy<Value = Envelope> {
    let names = prop::collection::btree_set("[a-z0-9_-]{1,5}(\\.[a-z]{1,3})?", 0..4);
    let caps = prop::collection::btree_set(any::texts(), 0..3);
    let options = (
        any::<Option<[u8; 32]>>(),
        prop::option::of("[ -~]{1,20}"),
        any::<Option<u64>>(),
    );
    (
        any::json_values(),
        names,
        caps,
        options,
        0u64..1 << 34,
        any::<u64>(),
    )
        .prop_map(
            |(payload, labels, caps, (prev, idem, session), time, random)| Envelope {
                payload,
                labels: labels
                    .iter()
                    .map(|label| EventType::parse(label).expect("a label"))
                    .collect(),
                caps: caps
                    .into_iter()
                    .filter(|cap| (1..=128).contains(&cap.len()))
                    .collect(),
                prev: prev.map(EventId::from_bytes),
                idem: idem.map(|idem| IdempotencyKey::parse(&idem).expect("printable")),
                session: session.map(|bits| Ulid::from_bits(bits.into())),
                ulid: Ulid::from_parts(time * 1000, random.into()).expect("in range"),
                ..first()
            },
        )
}

/// The envelope as a value, by hand.
fn slow_value(envelope: &Envelope) -> Value {
    let mut map = Map::new()
        .with("v", 1)
        .with("repo", envelope.repo.to_value())
        .with("ns", envelope.ns.to_value())
        .with("actor", envelope.actor.to_value())
        .with("key", envelope.key.to_value())
        .with("type", envelope.event_type.to_value())
        .with("ulid", envelope.ulid.to_value())
        .with("prev", envelope.prev.map(|prev| prev.to_value()))
        .with("resource", envelope.resource.to_value())
        .with("payload", envelope.payload.clone())
        .with("gov", envelope.gov.to_value())
        .with("policy_root", envelope.policy_root.to_value())
        .with("fold_root", envelope.fold_root.to_value());
    if !envelope.caps.is_empty() {
        map = map.with(
            "caps",
            envelope
                .caps
                .iter()
                .cloned()
                .map(Value::Text)
                .collect::<Vec<_>>(),
        );
    }
    if !envelope.labels.is_empty() {
        map = map.with(
            "labels",
            envelope
                .labels
                .iter()
                .map(EventType::to_value)
                .collect::<Vec<_>>(),
        );
    }
    if let Some(idem) = &envelope.idem {
        map = map.with("idem", idem.to_value());
    }
    if let Some(session) = envelope.session {
        map = map.with("session", session.to_value());
    }
    Value::Map(map)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn encoding_and_decoding_are_inverse(envelope in envelopes()) {
        let bytes = envelope.encode().expect("a valid envelope");
        assert_eq!(&bytes, &encode_canonical(&slow_value(&envelope)).expect("a JSON value"));
        assert_eq!(Envelope::decode(&bytes).as_ref(), Ok(&envelope));
        let view = EnvelopeView::scan(&bytes).expect("a valid envelope");
        assert_eq!(view.idem().as_deref(), envelope.idem.as_ref().map(IdempotencyKey::as_str));
        assert_eq!(view.payload(), encode_canonical(&envelope.payload).expect("a JSON value"));
        assert_eq!((view.ulid(), view.prev()), (envelope.ulid, envelope.prev));
        let session = envelope.session.map(|session| session.to_string());
        assert_eq!(view.session(), session.as_deref());
        assert_eq!((view.raw_caps().is_some(), view.raw_labels().is_some()), (!envelope.caps.is_empty(), !envelope.labels.is_empty()));
    }

    #[test]
    fn same_content_is_same_digest(left in envelopes(), right in envelopes(), share: bool) {
        let right = if share { Envelope { payload: left.payload.clone(), labels: left.labels.clone(), caps: left.caps.clone(), ..right } } else { right };
        let digests = (left.content_digest(), right.content_digest());
        assert_eq!(left.same_content(&right), digests.0 == digests.1);
        assert!(!share || left.same_content(&right));
    }

    #[test]
    fn a_changed_envelope_is_refused_or_another_event(envelope in envelopes(), at: prop::sample::Index, byte: u8) {
        let bytes = envelope.encode().expect("a valid envelope");
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] = byte;
        if changed != bytes && let Ok(other) = Envelope::decode(&changed) {
            assert_ne!(&other, &envelope);
            assert_eq!(other.encode().as_ref(), Ok(&changed));
        }
    }
}

/// Bytes that mean something in JSON, some of every field's alphabet, and some that do not belong.
const OTHER_BYTES: &[u8] = b" \",:{}[]\\09afgzAZ.-_/\0\xC3";

#[test]
fn every_single_byte_change_is_refused_or_another_event() {
    for envelope in [first(), second()] {
        let bytes = envelope.encode().expect("a valid envelope");
        for at in 0..bytes.len() {
            for byte in OTHER_BYTES
                .iter()
                .copied()
                .filter(|byte| *byte != bytes[at])
            {
                let mut changed = bytes.clone();
                changed[at] = byte;
                if let Ok(other) = Envelope::decode(&changed) {
                    assert_ne!(other, envelope);
                    assert_eq!(other.encode().as_ref(), Ok(&changed));
                }
            }
            assert!(Envelope::decode(&bytes[..at]).is_err());
        }
    }
}

/// The envelope's JSON with one field set to the JSON text, or left out.
fn with_field(field: &'static str, text: Option<&str>) -> Vec<u8> {
    let Value::Map(mut map) = slow_value(&second()) else {
        unreachable!("an envelope is a map")
    };
    match text {
        Some(text) => drop(map.insert(
            Text::from_ascii(field),
            decode_strict(text.as_bytes(), 1_000_000).expect(text),
        )),
        None => drop(map.remove(field)),
    }
    encode_canonical(&Value::Map(map)).expect("a JSON value")
}

#[test]
fn every_field_is_checked() {
    let long_cap = format!("[\"{}\"]", "c".repeat(129));
    let cases: &[(&'static str, &[&str])] = &[
        ("actor", &["\"alice\"", "\"bot:x\"", "null", "1"]),
        (
            "caps",
            &[
                "[]",
                "[\"b\",\"a\"]",
                "[\"a\",\"a\"]",
                "[1]",
                "[\"\"]",
                "\"a\"",
                "{}",
                "null",
                &long_cap,
            ],
        ),
        ("fold_root", &["\"blake3:00\"", "null"]),
        ("gov", &["\"sha256:00\"", "null", "7"]),
        ("idem", &["\"\"", "\"é\"", "\"a\\nb\"", "1", "null"]),
        ("key", &["\"0123\"", "null"]),
        (
            "labels",
            &[
                "[]",
                "[\"b\",\"a\"]",
                "[\"a\",\"a\"]",
                "[\"A\"]",
                "[null]",
                "null",
            ],
        ),
        ("ns", &["\"user\"", "\"\"", "\"A\"", "[]"]),
        ("policy_root", &["\"\"", "null"]),
        ("prev", &["\"x\"", "1", "[]", "\"null\"", "true"]),
        ("repo", &["\"acme\"", "null"]),
        (
            "resource",
            &["\"finance\"", "\"gatos://acme/finance\"", "null"],
        ),
        ("session", &["\"x\"", "null", "0"]),
        ("type", &["\"Invoice\"", "\"\"", "\"a..b\"", "null"]),
        (
            "ulid",
            &[
                "\"x\"",
                "null",
                "\"01arz3ndektsv4rrffq69g5fav\"",
                "\"0G000000000000000000000000\"",
            ],
        ),
        ("v", &["0", "2", "\"1\"", "null", "1.5"]),
    ];
    for (field, texts) in cases {
        for text in *texts {
            let error = Envelope::decode(&with_field(field, Some(text))).expect_err(text);
            assert!(
                matches!(&error, EventError::Field { field: named, .. } if named == field),
                "{field} {text}: {error}"
            );
            assert_eq!(error.code(), ErrorCode::BadEvent);
        }
    }
    for text in ["null", "[]", "0.5", "\"\"", "{\"payload\":1}"] {
        assert!(
            Envelope::decode(&with_field("payload", Some(text))).is_ok(),
            "{text}"
        );
    }
    // The last time that is accepted is one millisecond below 2^34 seconds.
    let last = Ulid::from_parts((1 << 34) * 1000 - 1, 0).expect("in range");
    assert!(
        Envelope {
            ulid: last,
            ..first()
        }
        .encode()
        .is_ok()
    );
    let late = Envelope {
        ulid: Ulid::from_parts((1 << 34) * 1000, 0).expect("in range"),
        ..first()
    };
    assert!(matches!(
        late.encode(),
        Err(EventError::Field { field: "ulid", .. })
    ));
}

#[test]
fn fields_may_not_be_missing_or_unknown() {
    let required = [
        "actor",
        "fold_root",
        "gov",
        "key",
        "ns",
        "payload",
        "policy_root",
        "prev",
        "repo",
        "resource",
        "type",
        "ulid",
        "v",
    ];
    for field in required {
        assert_eq!(
            Envelope::decode(&with_field(field, None)),
            Err(EventError::MissingField(field))
        );
    }
    for field in ["caps", "idem", "labels", "session"] {
        assert!(
            Envelope::decode(&with_field(field, None)).is_ok(),
            "{field}"
        );
    }
    for field in ["a", "sig", "zzz", "Actor", ""] {
        let error = Envelope::decode(&with_field(field, Some("1")));
        assert_eq!(error, Err(EventError::UnknownField(field.to_owned())));
    }
    assert_eq!(Envelope::decode(b"[]"), Err(EventError::NotAMap));
    assert_eq!(
        Envelope::decode(b"{}"),
        Err(EventError::MissingField("actor"))
    );
    assert_eq!(
        Envelope::decode(b"{ }").map_err(|error| error.code()),
        Err(ErrorCode::NotCanonical)
    );
    assert_eq!(
        Envelope::decode(b"{").map_err(|error| error.code()),
        Err(ErrorCode::BadJson)
    );
}

#[test]
fn lists_out_of_order_are_not_written_either() {
    let label = |text: &str| EventType::parse(text).expect("a label");
    for labels in [vec![label("b"), label("a")], vec![label("a"), label("a")]] {
        assert!(matches!(
            Envelope { labels, ..first() }.encode(),
            Err(EventError::Field {
                field: "labels",
                ..
            })
        ));
    }
    let caps = vec![Text::from_ascii("b"), Text::from_ascii("a")];
    assert!(matches!(
        Envelope { caps, ..first() }.encode(),
        Err(EventError::Field { field: "caps", .. })
    ));
    let payload = Value::Bytes(vec![1]);
    assert!(matches!(
        Envelope { payload, ..first() }.encode(),
        Err(EventError::Payload(_))
    ));
}

#[test]
fn size_and_depth_are_limited() {
    let base = first().encode().expect("a valid envelope").len();
    let payload_size = encode_canonical(&first().payload)
        .expect("a JSON value")
        .len();
    let room = ENVELOPE_SIZE_MAX - base + payload_size - 2;
    let fill = |size: usize| Envelope {
        payload: Value::text(&"x".repeat(size)).expect("text"),
        ..first()
    };
    let bytes = fill(room).encode().expect("just fits");
    assert_eq!(bytes.len(), ENVELOPE_SIZE_MAX);
    assert!(Envelope::decode(&bytes).is_ok());
    let error = fill(room + 1).encode().expect_err("one byte too large");
    assert_eq!(
        (error.code(), error),
        (
            ErrorCode::TooLarge,
            EventError::TooLarge {
                size: ENVELOPE_SIZE_MAX + 1
            }
        )
    );
    assert_eq!(
        Envelope::decode(&vec![b'x'; ENVELOPE_SIZE_MAX + 1]).map_err(|error| error.code()),
        Err(ErrorCode::TooLarge)
    );

    let deep = |depth: usize| (0..depth).fold(Value::Null, |value, _| Value::List(vec![value]));
    let bytes = Envelope {
        payload: deep(127),
        ..first()
    }
    .encode()
    .expect("just deep enough");
    assert!(Envelope::decode(&bytes).is_ok());
    assert!(matches!(
        Envelope {
            payload: deep(128),
            ..first()
        }
        .encode(),
        Err(EventError::Payload(_))
    ));
}

#[test]
fn a_sealed_event_binds_bytes_id_and_signature() {
    let sealed = SealedEvent::sign(second(), &key()).expect("a valid envelope");
    assert_eq!(sealed.id(), EventId::of_envelope(sealed.bytes()));
    assert_eq!(sealed.verify_signature(), Ok(()));
    let context = VerifyingContext::new(&key().public());
    assert_eq!(sealed.verify_signature_with(&context), Ok(()));
    let again = SealedEvent::from_parts(sealed.bytes().to_vec(), sealed.signature().clone())
        .expect("its own parts");
    assert_eq!(again, sealed);
    let joined =
        SealedEvent::from_signed(second(), sealed.signature().clone()).expect("its own parts");
    assert_eq!(joined, sealed);

    let other_key = SigningKey::from_seed([2; 32]);
    assert!(matches!(
        SealedEvent::sign(second(), &other_key),
        Err(EventError::KeyMismatch { .. })
    ));
    let other =
        SealedEvent::from_parts(first().encode().expect("valid"), sealed.signature().clone())
            .expect("the same key");
    assert_eq!(other.verify_signature(), Err(SignatureError::Invalid));
    assert_eq!(
        other.verify_signature_with(&context),
        Err(SignatureError::Invalid)
    );
}

#[test]
fn reserved_types() {
    let is_reserved =
        |text: &str| is_reserved_type(&EventType::parse(text).expect("an event type"));
    for text in [
        "governance.change",
        "trust.x",
        "session.merge",
        "epoch.new",
        "session",
        "governance",
    ] {
        assert!(is_reserved(text), "{text}");
    }
    for text in [
        "governances.x",
        "my.session.merge",
        "invoice.paid",
        "trusted.x",
    ] {
        assert!(!is_reserved(text), "{text}");
    }
}

#[test]
fn the_journal_is_named_by_the_envelope() {
    let envelope = first();
    assert_eq!(
        envelope.journal().short(),
        format!("gatos/journal/finance/user/alice/{}", envelope.key)
    );
}
