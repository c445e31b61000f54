//! Somebody who writes a journal: signed events, each naming the one before it, under a clock of the test's own.
//!
//! The same seed gives the same key, ids and bytes in every run. An author only makes events and remembers the
//! last one; what becomes of them, and what is wrong with those a test has changed, is the test's business.

use gatos_values::roots::{EMPTY_FOLD_ROOT, EMPTY_POLICY_ROOT};
use gatos_values::{
    Actor, Envelope, EventId, EventType, GovernanceId, IdempotencyKey, JournalName, Namespace,
    ResourceUri, SealedEvent, SigningKey, Ulid, Value,
};

/// Time of ULIDs whose tick is 0: 2026-01-01T00:00:00Z, in milliseconds.
pub const TICK_ZERO_MS: u64 = 1_767_225_600_000;

/// The ULID of a tick, a millisecond each; `random` tells several of one tick apart.
///
/// # Panics
/// When the tick lies beyond what a ULID can hold.
#[must_use]
pub fn ulid_at(tick: u64, random: u128) -> Ulid {
    Ulid::from_parts(TICK_ZERO_MS + tick, random).expect("a ULID holds the ticks of tests")
}

/// One key of one actor in one namespace, and the newest event signed with it.
#[derive(Clone, Debug)]
pub struct Author {
    signer: SigningKey,
    ns: Namespace,
    actor: Actor,
    /// The event that the next one names as the one before it.
    pub prev: Option<EventId>,
    /// Tick of the next event's ULID.
    pub tick: u64,
}

impl Author {
    /// An author whose key has the seed `[seed; 32]`.
    ///
    /// # Panics
    /// When namespace or actor is none.
    #[must_use]
    pub fn new(seed: u8, ns: &str, actor: &str) -> Author {
        Author {
            signer: SigningKey::from_seed([seed; 32]),
            ns: Namespace::parse(ns).expect("a namespace of the test"),
            actor: Actor::parse(actor).expect("an actor of the test"),
            prev: None,
            tick: 1,
        }
    }

    /// The journal these events belong to.
    #[must_use]
    pub fn journal(&self) -> JournalName {
        JournalName {
            ns: self.ns.clone(),
            actor: self.actor.clone(),
            key: self.signer.public().key_id(),
        }
    }

    /// The next event before it is signed, for tests that change it.
    ///
    /// # Panics
    /// Never: the fixed parts are well-formed.
    #[must_use]
    pub fn draft(&self) -> Envelope {
        Envelope {
            repo: GovernanceId::from_bytes([0x11; 32]),
            ns: self.ns.clone(),
            actor: self.actor.clone(),
            key: self.signer.public().key_id(),
            event_type: EventType::parse("test.event").expect("a type"),
            ulid: ulid_at(self.tick, 0),
            prev: self.prev,
            resource: ResourceUri::parse("gatos://test/ops/thing").expect("a resource"),
            payload: Value::Integer(i128::from(self.tick)),
            caps: Vec::new(),
            labels: Vec::new(),
            idem: None,
            session: None,
            gov: GovernanceId::from_bytes([0x11; 32]),
            policy_root: EMPTY_POLICY_ROOT,
            fold_root: EMPTY_FOLD_ROOT,
        }
    }

    /// Signs an event and does not remember it.
    ///
    /// # Panics
    /// When the envelope names another key or is too large.
    #[must_use]
    pub fn sign(&self, envelope: Envelope) -> SealedEvent {
        SealedEvent::sign(envelope, &self.signer).expect("an envelope of this author")
    }

    /// Signs an event and goes on from it.
    pub fn say(&mut self, envelope: Envelope) -> SealedEvent {
        let event = self.sign(envelope);
        self.go_on_from(&event);
        event
    }

    /// The next event: one tick after the one before.
    pub fn next_event(&mut self) -> SealedEvent {
        let draft = self.draft();
        self.say(draft)
    }

    /// The next so many events.
    pub fn next_events(&mut self, count: usize) -> Vec<SealedEvent> {
        (0..count).map(|_| self.next_event()).collect()
    }

    /// The next event, with an idempotency key.
    ///
    /// # Panics
    /// When the key is none.
    pub fn next_with_key(&mut self, idem: &str) -> SealedEvent {
        let mut draft = self.draft();
        draft.idem = Some(IdempotencyKey::parse(idem).expect("a key of the test"));
        self.say(draft)
    }

    /// Lets the next event stand on this one.
    pub fn go_on_from(&mut self, event: &SealedEvent) {
        self.prev = Some(event.id());
        self.tick = event.envelope().ulid.time_ms() - TICK_ZERO_MS + 1;
    }
}
