//! The envelope's fields: writing them in canonical order, reading and checking each.

use super::{
    CAPABILITY_SIZE_MAX, ENVELOPE_SIZE_MAX, ENVELOPE_VERSION, Envelope, EnvelopeView, EventError,
    TIME_LIMIT_SECONDS, field_error,
};
use crate::json::{self, encode_text_into};
use crate::{
    Actor, EventId, EventType, GovernanceId, IdempotencyKey, KeyId, Namespace, ResourceUri,
    Sha256Digest, Text, Ulid, Value,
};
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt::Display;

/// Writes the fields in the order of their names. TWIN: envelope fields
/// (`view.rs`, `direct.rs`, `docs/formats/event.md`).
pub(super) fn encode(envelope: &Envelope, output: &mut Vec<u8>) -> Result<(), EventError> {
    check(envelope)?;
    output.push(b'{');
    plain(output, "actor", envelope.actor.as_str());
    if !envelope.caps.is_empty() {
        list(output, "caps", envelope.caps.iter().map(Text::as_str));
    }
    plain(output, "fold_root", &envelope.fold_root.to_string());
    plain(output, "gov", &envelope.gov.to_string());
    if let Some(idem) = &envelope.idem {
        string(output, "idem", idem.as_str());
    }
    plain(output, "key", &envelope.key.to_string());
    if !envelope.labels.is_empty() {
        list(
            output,
            "labels",
            envelope.labels.iter().map(EventType::as_str),
        );
    }
    plain(output, "ns", envelope.ns.as_str());
    name(output, "payload");
    json::encode_nested_into(&envelope.payload, output)?;
    plain(output, "policy_root", &envelope.policy_root.to_string());
    match &envelope.prev {
        Some(prev) => plain(output, "prev", &prev.to_string()),
        None => {
            name(output, "prev");
            output.extend_from_slice(b"null");
        }
    }
    plain(output, "repo", &envelope.repo.to_string());
    plain(output, "resource", envelope.resource.as_str());
    if let Some(session) = &envelope.session {
        plain(output, "session", &session.to_string());
    }
    plain(output, "type", envelope.event_type.as_str());
    plain(output, "ulid", &envelope.ulid.to_string());
    name(output, "v");
    output.extend_from_slice(ENVELOPE_VERSION.to_string().as_bytes());
    output.push(b'}');
    if output.len() > ENVELOPE_SIZE_MAX {
        return Err(EventError::TooLarge { size: output.len() });
    }
    Ok(())
}

/// Writes what makes two events the same content.
pub(super) fn encode_content(envelope: &Envelope, output: &mut Vec<u8>) -> Result<(), EventError> {
    output.push(b'{');
    list(output, "caps", envelope.caps.iter().map(Text::as_str));
    list(
        output,
        "labels",
        envelope.labels.iter().map(EventType::as_str),
    );
    name(output, "payload");
    json::encode_nested_into(&envelope.payload, output)?;
    plain(output, "resource", envelope.resource.as_str());
    plain(output, "type", envelope.event_type.as_str());
    output.push(b'}');
    Ok(())
}

/// `,"name":`, without the comma at the start of the map.
fn name(output: &mut Vec<u8>, name: &str) {
    if output.last() != Some(&b'{') {
        output.push(b',');
    }
    output.push(b'"');
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b"\":");
}

/// A field whose text never needs an escape.
fn plain(output: &mut Vec<u8>, field: &str, text: &str) {
    name(output, field);
    output.push(b'"');
    output.extend_from_slice(text.as_bytes());
    output.push(b'"');
}

fn string(output: &mut Vec<u8>, field: &str, text: &str) {
    name(output, field);
    encode_text_into(text, output);
}

fn list<'a>(output: &mut Vec<u8>, field: &str, texts: impl Iterator<Item = &'a str>) {
    name(output, field);
    output.push(b'[');
    for (index, text) in texts.enumerate() {
        if index > 0 {
            output.push(b',');
        }
        encode_text_into(text, output);
    }
    output.push(b']');
}

/// The rules that the types of the fields do not keep by themselves.
pub(super) fn check(envelope: &Envelope) -> Result<(), EventError> {
    check_time(envelope.ulid)?;
    check_caps(&envelope.caps)?;
    check_rising("labels", &envelope.labels)
}

fn check_time(ulid: Ulid) -> Result<(), EventError> {
    if ulid.time_ms() / 1000 < TIME_LIMIT_SECONDS {
        return Ok(());
    }
    Err(field_error("ulid", "its time is 2^34 seconds or more"))
}

fn check_caps(caps: &[Text]) -> Result<(), EventError> {
    if caps
        .iter()
        .any(|cap| cap.is_empty() || cap.len() > CAPABILITY_SIZE_MAX)
    {
        return Err(field_error("caps", "a capability has 1 to 128 bytes"));
    }
    for cap in caps {
        json::check_assigned(cap)?;
    }
    check_rising("caps", caps)
}

fn check_rising<T: Ord>(field: &'static str, list: &[T]) -> Result<(), EventError> {
    if list.is_sorted_by(|left, right| left < right) {
        return Ok(());
    }
    Err(field_error(
        field,
        "the list is not sorted, or one entry occurs twice",
    ))
}

/// Reads every field of canonical bytes, and says what is wrong with them.
pub(super) fn decode(bytes: &[u8]) -> Result<Envelope, EventError> {
    let view = EnvelopeView::scan(bytes)?;
    let envelope = Envelope {
        repo: parsed("repo", GovernanceId::parse(view.repo()))?,
        ns: parsed("ns", Namespace::parse(view.ns()))?,
        actor: parsed("actor", Actor::parse(view.actor()))?,
        key: parsed("key", KeyId::parse(view.key()))?,
        event_type: parsed("type", EventType::parse(view.event_type()))?,
        ulid: view.ulid(),
        prev: view.prev(),
        resource: parsed("resource", ResourceUri::parse(view.resource()))?,
        payload: json::decode_canonical(view.payload(), ENVELOPE_SIZE_MAX)?,
        caps: view
            .raw_caps()
            .map(decode_caps)
            .transpose()?
            .unwrap_or_default(),
        labels: view
            .raw_labels()
            .map(decode_labels)
            .transpose()?
            .unwrap_or_default(),
        idem: view
            .idem()
            .map(|idem| parsed("idem", IdempotencyKey::parse(&idem)))
            .transpose()?,
        session: view
            .session()
            .map(|session| parsed("session", Ulid::parse(session)))
            .transpose()?,
        gov: parsed("gov", GovernanceId::parse(view.gov()))?,
        policy_root: parsed("policy_root", Sha256Digest::parse(view.policy_root()))?,
        fold_root: parsed("fold_root", Sha256Digest::parse(view.fold_root()))?,
    };
    check(&envelope)?;
    Ok(envelope)
}

/// The previous event's id out of the raw value: `null` or a string.
pub(super) fn parse_prev(raw: &str) -> Result<Option<EventId>, EventError> {
    if raw == "null" {
        return Ok(None);
    }
    let text = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let text = text.ok_or_else(|| field_error("prev", "it is neither null nor a string"))?;
    parsed("prev", EventId::parse(text)).map(Some)
}

pub(super) fn parsed<T, E: Display>(
    field: &'static str,
    result: Result<T, E>,
) -> Result<T, EventError> {
    result.map_err(|error| field_error(field, error))
}

fn decode_caps(raw: &[u8]) -> Result<Vec<Text>, EventError> {
    decode_list("caps", raw, |text| Ok(text.clone()))
}

fn decode_labels(raw: &[u8]) -> Result<Vec<EventType>, EventError> {
    decode_list("labels", raw, |text| {
        parsed("labels", EventType::parse(text))
    })
}

/// A list of strings; absent rather than empty.
fn decode_list<T>(
    field: &'static str,
    raw: &[u8],
    parse: impl Fn(&Text) -> Result<T, EventError>,
) -> Result<Vec<T>, EventError> {
    let value = json::decode_canonical(raw, ENVELOPE_SIZE_MAX)?;
    let Some(list) = value.as_list().filter(|list| !list.is_empty()) else {
        return Err(field_error(
            field,
            "it must be a list with at least one entry, or be left out",
        ));
    };
    let item = |item: &Value| match item {
        Value::Text(text) => parse(text),
        _ => Err(field_error(field, "every entry must be a string")),
    };
    list.iter().map(item).collect()
}
