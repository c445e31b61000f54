//! The checkpoint document: its bytes, and what is refused.

extern crate std;

use super::*;
use alloc::borrow::ToOwned;
use gatos_values::Segment;

fn sample() -> Checkpoint {
    let ns = Namespace::parse("finance").expect("a namespace");
    let repository = Segment::parse("books").expect("a name");
    let event = EventId::of_envelope(b"event");
    let edge = Edge {
        ulid: Ulid::from_parts(1, 2).expect("a time"),
        event,
    };
    let journal = "gatos/journal/finance/user/alice/0123456789abcdef".to_owned();
    Checkpoint {
        repo: RepositoryId::of_document(b"genesis"),
        resource: ResourceUri::state(&repository, &ns),
        ns,
        gov: GovernanceId::of_document(b"change"),
        state_root: Blake3Digest::of(b"state"),
        inputs_root: Blake3Digest::of(b"inputs"),
        policy_root: Sha256Digest::of(b"policy"),
        fold_root: Sha256Digest::of(b"fold"),
        engine: Text::from_ascii(ENGINE),
        window: Window {
            heads: BTreeMap::from([(journal, Head { event, count: 1 })]),
            first: Some(edge),
            last: Some(edge),
            count: 1,
        },
        skipped: BTreeMap::from([(Text::from_ascii("invoices"), 3)]),
        fold_state: Blake3Digest::of(b"fold state"),
    }
}

#[test]
fn writes_the_documented_fields() {
    let bytes = sample().encode().expect("consistent");
    let text = core::str::from_utf8(&bytes).expect("UTF-8");
    assert!(
        text.starts_with(
            r#"{"engine":"echo@0.1.0+elc@0.1.0+num=q32.32+rng=pcg32@1","fold_root":"sha256:"#
        ),
        "{text}"
    );
    assert!(text.contains(r#""kind":"checkpoint","ns":"finance","#));
    assert!(text.contains(r#""resource":"gatos://books/finance/state","skipped":{"invoices":3},"#));
    assert!(text.contains(r#""window":{"count":1,"first":{"event":"blake3:"#));
    assert!(text.contains(r#""heads":{"gatos/journal/finance/user/alice/0123456789abcdef":{"count":1,"event":"blake3:"#));
    assert!(
        text.ends_with(r#""ulid":"00000000010000000000000002"}}}"#),
        "{text}"
    );
    assert_eq!(Checkpoint::decode(&bytes), Ok(sample()));
}

#[test]
fn an_empty_window_has_a_form() {
    let empty = Checkpoint {
        window: Window::default(),
        skipped: BTreeMap::new(),
        ..sample()
    };
    let bytes = empty.encode().expect("consistent");
    assert_eq!(Checkpoint::decode(&bytes), Ok(empty));
}

#[test]
fn refuses_contradictions() {
    let mut cases: Vec<Checkpoint> = Vec::new();
    let mut add = |change: fn(&mut Checkpoint)| {
        let mut checkpoint = sample();
        change(&mut checkpoint);
        cases.push(checkpoint);
    };
    add(|checkpoint| checkpoint.window.count = 0);
    add(|checkpoint| checkpoint.window.first = None);
    add(|checkpoint| checkpoint.window.heads.clear());
    add(|checkpoint| {
        checkpoint.window.first = Some(Edge {
            ulid: Ulid::MAX,
            event: EventId::of_envelope(b""),
        })
    });
    add(|checkpoint| {
        checkpoint
            .window
            .heads
            .values_mut()
            .for_each(|head| head.count = 0)
    });
    add(|checkpoint| {
        let event = EventId::of_envelope(b"");
        checkpoint
            .window
            .heads
            .insert("x".to_owned(), Head { event, count: 1 });
    });
    add(|checkpoint| checkpoint.ns = Namespace::parse("other").expect("a namespace"));
    add(|checkpoint| checkpoint.engine = Text::default());
    add(|checkpoint| {
        checkpoint.skipped.insert(Text::from_ascii("x"), 0);
    });
    for checkpoint in cases {
        assert!(checkpoint.encode().is_err(), "{checkpoint:?}");
    }
}

#[test]
fn every_changed_byte_is_refused_or_another_checkpoint() {
    let sample = sample();
    let bytes = sample.encode().expect("consistent");
    for index in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[index] ^= 1 << bit;
            if let Ok(other) = Checkpoint::decode(&changed) {
                assert_ne!(other, sample);
                assert_eq!(other.encode(), Ok(changed));
            }
        }
    }
    for size in 0..bytes.len() {
        assert!(Checkpoint::decode(&bytes[..size]).is_err());
    }
    assert_eq!(
        Checkpoint::decode(b"{}").expect_err("no fields").code(),
        ErrorCode::CheckpointInvalid
    );
}
