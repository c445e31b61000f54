//! An envelope read in one pass: each field where canonical order puts it, each by its own grammar alone.
//!
//! The texts of names, digests and ids have neither quotes nor backslashes, so whatever stands between two quotes and
//! keeps the field's grammar is the one JSON string of it. Idempotency keys, capabilities and the payload are read as
//! JSON.
//!
//! INVARIANT: what is read here is exactly what `fields` accepts, to the same envelope. `None` gives no reason; `fields`
//! has to look. So this file needs no errors.
//! TWIN: envelope fields (`fields.rs`, `view.rs`, `docs/formats/event.md`).
//! Tests: `direct/tests.rs` asks both.

use super::fields::check;
use super::{ENVELOPE_SIZE_MAX, Envelope};
use crate::json::build::Builder;
use crate::{
    Actor, EventId, EventType, GovernanceId, IdempotencyKey, KeyId, Namespace, ResourceUri,
    Sha256Digest, Text, Ulid,
};
use alloc::vec::Vec;

#[cfg(test)]
mod tests;

/// The envelope with these canonical bytes; `None` if they are none.
pub(super) fn read(bytes: &[u8]) -> Option<Envelope> {
    if bytes.len() > ENVELOPE_SIZE_MAX {
        return None;
    }
    let mut fields = Fields(Builder {
        text: core::str::from_utf8(bytes).ok()?,
        offset: 0,
    });
    // In this order the fields stand, so in this order they are read.
    let actor = fields.required("{\"actor\":", Actor::parse)?;
    let caps = fields.list(",\"caps\":[", Fields::cap)?;
    let fold_root = fields.required(",\"fold_root\":", Sha256Digest::parse)?;
    let gov = fields.required(",\"gov\":", GovernanceId::parse)?;
    let idem = fields.idem()?;
    let key = fields.required(",\"key\":", KeyId::parse)?;
    let labels = fields.list(",\"labels\":[", Fields::label)?;
    let ns = fields.required(",\"ns\":", Namespace::parse)?;
    fields.expect(",\"payload\":")?;
    let payload = fields.0.value(1).ok()?;
    let policy_root = fields.required(",\"policy_root\":", Sha256Digest::parse)?;
    let prev = fields.prev()?;
    let repo = fields.required(",\"repo\":", GovernanceId::parse)?;
    let resource = fields.required(",\"resource\":", ResourceUri::parse)?;
    let session = fields.session()?;
    let event_type = fields.required(",\"type\":", EventType::parse)?;
    let ulid = fields.required(",\"ulid\":", Ulid::parse)?;
    fields.expect(",\"v\":1}")?;
    if fields.0.offset < bytes.len() {
        return None;
    }
    let envelope = Envelope {
        repo,
        ns,
        actor,
        key,
        event_type,
        ulid,
        prev,
        resource,
        payload,
        caps,
        labels,
        idem,
        session,
        gov,
        policy_root,
        fold_root,
    };
    check(&envelope).ok()?;
    Some(envelope)
}

struct Fields<'a>(Builder<'a>);

impl<'a> Fields<'a> {
    fn expect(&mut self, text: &str) -> Option<()> {
        self.0.take(text).then_some(())
    }

    /// What stands between this quote and the next one, if no escape does and all of it is ASCII.
    fn quoted(&mut self) -> Option<&'a str> {
        if self.0.peek() != b'"' {
            return None;
        }
        self.0.plain_string()
    }

    fn parsed<T, E>(&mut self, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        parse(self.quoted()?).ok()
    }

    fn required<T, E>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        self.expect(name)?;
        self.parsed(parse)
    }

    fn idem(&mut self) -> Option<Option<IdempotencyKey>> {
        if !self.0.take(",\"idem\":") {
            return Some(None);
        }
        let text = self.0.string().ok()?;
        IdempotencyKey::parse(&text).ok().map(Some)
    }

    fn session(&mut self) -> Option<Option<Ulid>> {
        if !self.0.take(",\"session\":") {
            return Some(None);
        }
        self.parsed(Ulid::parse).map(Some)
    }

    fn prev(&mut self) -> Option<Option<EventId>> {
        self.expect(",\"prev\":")?;
        if self.0.take("null") {
            return Some(None);
        }
        self.parsed(EventId::parse).map(Some)
    }

    /// A list with at least one entry; empty if it is left out.
    fn list<T>(
        &mut self,
        name: &str,
        entry: impl Fn(&mut Fields<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut list = Vec::new();
        if !self.0.take(name) {
            return Some(list);
        }
        loop {
            list.push(entry(self)?);
            if self.0.take("]") {
                return Some(list);
            }
            self.expect(",")?;
        }
    }

    fn cap(&mut self) -> Option<Text> {
        self.0.string().ok()
    }

    fn label(&mut self) -> Option<EventType> {
        self.parsed(EventType::parse)
    }
}
