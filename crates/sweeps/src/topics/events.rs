//! Event envelopes: bytes, ids, signatures, content digests, and what one change makes of them.

use super::generated;
use crate::dice::Dice;
use crate::record::Record;
use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{
    Actor, Envelope, EnvelopeView, EventId, EventType, GovernanceId, IdempotencyKey, Namespace,
    RepositoryId, ResourceUri, SealedEvent, SigningKey, Text, Ulid,
};

/// Time of the first generated event in milliseconds: 2026-01-01.
const FIRST_TIME_MS: u64 = 1_767_225_600_000;

/// A signed event, its id and its content digest.
pub fn events(dice: &mut Dice, record: &mut Record) {
    let key = SigningKey::from_seed(dice.seed());
    let envelope = envelope(dice, &key);
    let content = envelope.content_digest();
    record.outcome("content", content);
    match SealedEvent::sign(envelope, &key) {
        Err(error) => record.outcome("event", Err::<&str, _>(error)),
        Ok(sealed) => {
            record.bytes("bytes", sealed.bytes());
            record.text("id", sealed.id());
            record.text("signature", sealed.signature().to_base64_line());
            record.outcome("verdict", sealed.verify_signature().map(|()| ""));
            record.text("journal", sealed.envelope().journal());
            readings(sealed.bytes(), record);
        }
    }
}

/// An envelope with one thing changed.
pub fn changed(dice: &mut Dice, record: &mut Record) {
    let key = SigningKey::from_seed(dice.seed());
    let bytes = envelope(dice, &key).encode().expect("a small envelope");
    let changed = generated::changed(dice, &bytes);
    record.bytes("bytes", &changed);
    readings(&changed, record);
}

/// What the decoder and the borrowing reader make of the bytes.
fn readings(bytes: &[u8], record: &mut Record) {
    let decoded = Envelope::decode(bytes).map(|envelope| envelope.ulid);
    record.outcome("decoded", decoded);
    let viewed = EnvelopeView::scan(bytes).map(|view| view.event_type().to_owned());
    record.outcome("viewed", viewed);
}

fn envelope(dice: &mut Dice, key: &SigningKey) -> Envelope {
    let ns = Namespace::parse(dice.pick(&["finance", "ops/deploy", "a/b/c"])).expect("a namespace");
    let resource = format!("gatos://books/{ns}/{}", dice.pick(&["journal", "x/y", "z"]));
    let time_ms = FIRST_TIME_MS + dice.below(1 << 40);
    Envelope {
        repo: RepositoryId::from_bytes(dice.seed()),
        actor: Actor::parse(dice.pick(&["user:al", "agent:bo", "service:ci"])).expect("an actor"),
        key: key.public().key_id(),
        event_type: event_type(dice),
        ulid: Ulid::from_parts(time_ms, dice.wide_bits() >> 48).expect("in range"),
        prev: sometimes(dice, |dice| EventId::from_bytes(dice.seed())),
        resource: ResourceUri::parse(&resource).expect("a resource"),
        payload: generated::json_value(dice),
        caps: capabilities(dice),
        labels: labels(dice),
        idem: sometimes(dice, |dice| {
            let text = format!("bank \"{}\" \\", dice.bits());
            IdempotencyKey::parse(&text).expect("printable")
        }),
        session: sometimes(dice, |dice| Ulid::from_bits(dice.wide_bits() >> 8)),
        gov: GovernanceId::from_bytes(dice.seed()),
        policy_root: EMPTY_POLICY_ROOT,
        fold_root: EMPTY_FOLD_ROOT,
        ns,
    }
}

fn event_type(dice: &mut Dice) -> EventType {
    let text = dice.pick(&["invoice.paid", "item", "a.b.c", "flag_set", "x-1.y"]);
    EventType::parse(text).expect("an event type")
}

/// Sorted and unique, as the envelope wants them.
fn labels(dice: &mut Dice) -> Vec<EventType> {
    let count = dice.below(4);
    let mut labels: Vec<EventType> = (0..count).map(|_| event_type(dice)).collect();
    labels.sort();
    labels.dedup();
    labels
}

fn capabilities(dice: &mut Dice) -> Vec<Text> {
    let count = dice.below(3);
    let mut texts: Vec<Text> = (0..count).map(|_| generated::text(dice)).collect();
    texts.retain(|text| !text.is_empty());
    texts.sort();
    texts.dedup();
    texts
}

fn sometimes<T>(dice: &mut Dice, make: impl FnOnce(&mut Dice) -> T) -> Option<T> {
    dice.one_in(2).then(|| make(dice))
}
