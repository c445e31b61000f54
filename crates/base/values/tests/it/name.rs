//! Names: what is accepted, what is refused and why, journals and their refs.

use crate::vectors;
use gatos_values::{
    Actor, ActorKind, DottedName, ErrorCode, IdempotencyKey, JournalName, KeyId, NameError,
    Namespace, Segment, SigningKey,
};
use proptest::prelude::*;

fn parse(kind: &str, text: &str) -> Result<String, NameError> {
    match kind {
        "segment" => Segment::parse(text).map(|name| name.to_string()),
        "namespace" => Namespace::parse(text).map(|name| name.to_string()),
        "actor" => Actor::parse(text).map(|name| name.to_string()),
        "dotted" => DottedName::parse(text).map(|name| name.to_string()),
        "idempotency" => IdempotencyKey::parse(text).map(|name| name.to_string()),
        "key" => KeyId::parse(text).map(|name| name.to_string()),
        "ref" => JournalName::parse_ref(text).map(|name| name.ref_name()),
        other => panic!("unknown kind {other}"),
    }
}

#[test]
fn golden_vectors() {
    vectors::check("values/names.tsv", 2, 80, |inputs| {
        match parse(inputs[0], inputs[1]) {
            Ok(text) => {
                assert_eq!(text, inputs[1]);
                vec!["ok".to_owned()]
            }
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::BadName);
                vec![error.offset.to_string(), error.reason.to_owned()]
            }
        }
    });
}

proptest! {
    #[test]
    fn an_accepted_segment_keeps_every_rule(text in "[a-z0-9._-]{0,12}|(con|nul|com1|x)(\\.[a-z]{0,4})?|[ -~]{0,4}") {
        let accepted = Segment::parse(&text).is_ok();
        let stem = text.split('.').next().unwrap_or("");
        let devices = ["con", "prn", "aux", "nul"];
        let is_numbered = |prefix: &str| stem.len() == 4 && stem.starts_with(prefix) && stem.ends_with(|end: char| end.is_ascii_digit());
        let is_device = devices.contains(&stem) || is_numbered("com") || is_numbered("lpt");
        let is_valid = text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
            && !text.contains("..") && !text.ends_with('.') && !text.ends_with(".lock") && !is_device;
        assert_eq!(accepted, is_valid, "{}", text);
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in ".{0,70}|[a-z/:.]{0,40}|refs/gatos/journal/[a-z/]{0,30}/[0-9a-f]{16}") {
        for kind in ["segment", "namespace", "actor", "dotted", "idempotency", "key", "ref"] {
            match parse(kind, &text) {
                Ok(name) => assert_eq!(&name, &text),
                Err(error) => assert!(error.offset <= text.len()),
            }
        }
    }
}

#[test]
fn limits_in_length() {
    assert!(Segment::parse(&"a".repeat(63)).is_ok());
    assert_eq!(
        Segment::parse(&"a".repeat(64)).map_err(|error| error.offset),
        Err(63)
    );
    assert!(DottedName::parse(&"a".repeat(128)).is_ok());
    assert!(DottedName::parse(&"a".repeat(129)).is_err());
    assert!(IdempotencyKey::parse(&"~".repeat(128)).is_ok());
    assert!(IdempotencyKey::parse(&"~".repeat(129)).is_err());
    let eight = ["n"; 8].join("/");
    assert_eq!(
        Namespace::parse(&eight).map(|ns| ns.segments().count()),
        Ok(8)
    );
    assert!(Namespace::parse(&(eight + "/n")).is_err());
}

#[test]
fn a_journal_and_its_ref() {
    let key = SigningKey::from_seed([7; 32]).public().key_id();
    let journal = JournalName {
        ns: Namespace::parse("ops/deploy").expect("a namespace"),
        actor: Actor::parse("agent:ci.bot").expect("an actor"),
        key,
    };
    assert_eq!(
        journal.ref_name(),
        format!("refs/gatos/journal/ops/deploy/agent/ci.bot/{key}")
    );
    assert_eq!(
        journal.to_string(),
        format!("gatos/journal/ops/deploy/agent/ci.bot/{key}")
    );
    assert_eq!(
        JournalName::parse_ref(&journal.ref_name()),
        Ok(journal.clone())
    );
    assert_eq!(
        JournalName::parse_short(&journal.short()),
        Ok(journal.clone())
    );
    assert_eq!(
        (journal.actor.kind(), journal.actor.name()),
        (ActorKind::Agent, "ci.bot")
    );
    // An actor may be called like a word that namespaces must not use.
    let head = Actor::new(ActorKind::User, &Segment::parse("head").expect("a segment"));
    assert_eq!(head.to_string(), "user:head");
    assert_eq!(head.kind(), ActorKind::User);
}

#[test]
fn error_messages_are_short_and_printable() {
    let hostile = format!("\u{1b}[2J{}", "x".repeat(10_000));
    let message = Segment::parse(&hostile)
        .expect_err("control characters")
        .to_string();
    assert!(
        message.len() < 300 && !message.contains('\u{1b}'),
        "{message}"
    );
}
