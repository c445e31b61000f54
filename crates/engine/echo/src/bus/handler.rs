//! Handlers and the rules of the bus: who hears what, how much lanes hold, who may claim what.
//!
//! Tests: `tests/it/bus.rs`.

use super::envelope::{Envelope, Lane};
use super::post::Post;
use crate::hash::Tag;
use crate::schedule::Phase;
use crate::world::World;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use gatos_numbers::Pcg32;
use gatos_values::Blake3Digest;
use gatos_values::sshsig::PublicKey;

/// What a handler gets.
pub struct HandlerContext<'a> {
    /// The world. Handlers run one after the other, so all of it is theirs.
    pub world: &'a mut World,
    /// What is delivered.
    pub envelope: &'a Envelope,
    /// The envelope's random numbers: exactly those of its span are to be drawn, by all its handlers together.
    pub rng: &'a mut Pcg32,
    /// Where to put what the handler emits.
    pub post: &'a mut Post,
}

pub(crate) type HandlerFunction =
    Box<dyn Fn(&mut HandlerContext<'_>) -> Result<(), String> + Send + Sync>;

/// Somebody who hears envelopes of one kind in one phase.
pub struct Handler {
    pub(crate) name: Arc<str>,
    pub(crate) phase: Phase,
    pub(crate) kind: String,
    pub(crate) priority: i32,
    pub(crate) is_once: bool,
    pub(crate) requires: BTreeSet<String>,
    pub(crate) function: HandlerFunction,
}

impl Handler {
    /// A handler. An error stops the tick; the world is then as before the tick.
    #[must_use]
    pub fn new<E: ToString>(
        name: &str,
        phase: Phase,
        kind: &str,
        function: impl Fn(&mut HandlerContext<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Handler {
        Handler {
            name: Arc::from(name),
            phase,
            kind: kind.to_string(),
            priority: 0,
            is_once: false,
            requires: BTreeSet::new(),
            function: Box::new(move |context| function(context).map_err(|error| error.to_string())),
        }
    }

    /// Of the handlers of one kind those with lower numbers are called first, then by name; 0 if nothing is said.
    #[must_use]
    pub const fn priority(mut self, priority: i32) -> Handler {
        self.priority = priority;
        self
    }

    /// Hears one envelope in the life of a world and no more.
    #[must_use]
    pub const fn once(mut self) -> Handler {
        self.is_once = true;
        self
    }

    /// Hears only envelopes with this capability; others stop the tick.
    #[must_use]
    pub fn requires(mut self, capability: &str) -> Handler {
        self.requires.insert(capability.to_string());
        self
    }
}

/// What a full lane does with one envelope more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The tick stops.
    Throw,
    /// The one that would be delivered first is dropped, and that is recorded.
    DropOldest,
    /// The new one is dropped, and that is recorded.
    DropNewest,
}

/// The rules of the bus.
#[derive(Default)]
pub struct BusConfig {
    /// Sorted by phase, kind, priority and name.
    pub(crate) handlers: Vec<Handler>,
    lanes: BTreeMap<(Phase, Lane), (usize, Overflow)>,
    pub(crate) immediate: BTreeSet<String>,
    pub(crate) immediate_budget: u32,
    grants: BTreeMap<String, BTreeSet<String>>,
    /// Keys by the kinds that must be signed.
    signers: BTreeMap<String, BTreeSet<[u8; 32]>>,
}

impl BusConfig {
    /// How many envelopes a lane holds if nothing is said; one more stops the tick.
    pub const LANE_CAPACITY: usize = 65_536;

    /// No handlers, nothing granted, nothing immediate.
    #[must_use]
    pub fn new() -> BusConfig {
        BusConfig::default()
    }

    /// Adds a handler.
    #[must_use]
    pub fn handler(mut self, handler: Handler) -> BusConfig {
        let key = |handler: &Handler| {
            let (kind, name) = (handler.kind.clone(), Arc::clone(&handler.name));
            (handler.phase, kind, handler.priority, name)
        };
        let place = self
            .handlers
            .partition_point(|other| key(other) <= key(&handler));
        self.handlers.insert(place, handler);
        self
    }

    /// Says how many envelopes a lane holds, and what happens then.
    #[must_use]
    pub fn lane(
        mut self,
        phase: Phase,
        lane: Lane,
        capacity: usize,
        overflow: Overflow,
    ) -> BusConfig {
        self.lanes.insert((phase, lane), (capacity, overflow));
        self
    }

    /// Lets handlers emit envelopes of this kind to be delivered at once.
    #[must_use]
    pub fn immediate(mut self, kind: &str) -> BusConfig {
        self.immediate.insert(kind.to_string());
        self
    }

    /// How many envelopes a tick are delivered at once; 0 if nothing is said.
    #[must_use]
    pub const fn immediate_budget(mut self, count: u32) -> BusConfig {
        self.immediate_budget = count;
        self
    }

    /// Lets a system, a handler or `input` claim a capability for what it emits.
    #[must_use]
    pub fn grant(mut self, source: &str, capability: &str) -> BusConfig {
        let granted = self.grants.entry(source.to_string()).or_default();
        granted.insert(capability.to_string());
        self
    }

    /// Lets nobody emit envelopes of this kind but with a signature of this key, or of another one that was named so.
    #[must_use]
    pub fn signer(mut self, kind: &str, key: &PublicKey) -> BusConfig {
        let keys = self.signers.entry(kind.to_string()).or_default();
        keys.insert(*key.as_bytes());
        self
    }

    /// Whether some kind needs a signature.
    #[inline]
    pub(crate) fn has_signers(&self) -> bool {
        !self.signers.is_empty()
    }

    /// The keys of which one must sign a kind; `None` for kinds that need no signature.
    pub(crate) fn signers_of(&self, kind: &str) -> Option<&BTreeSet<[u8; 32]>> {
        self.signers.get(kind)
    }

    pub(crate) fn is_granted(&self, source: &str, capability: &str) -> bool {
        self.grants
            .get(source)
            .is_some_and(|granted| granted.contains(capability))
    }

    pub(crate) fn capacity(&self, phase: Phase, lane: Lane) -> (usize, Overflow) {
        self.lanes
            .get(&(phase, lane))
            .copied()
            .unwrap_or((BusConfig::LANE_CAPACITY, Overflow::Throw))
    }

    /// The handlers of a kind in a phase, in the order they are called: their places in the list.
    pub(crate) fn handlers_of(&self, phase: Phase, kind: &str) -> Range<usize> {
        let start = self
            .handlers
            .partition_point(|handler| (handler.phase, &*handler.kind) < (phase, kind));
        let is_one = |handler: &&Handler| handler.phase == phase && handler.kind == kind;
        let count = self.handlers[start..].iter().take_while(is_one).count();
        start..start + count
    }

    /// The digest of all other rules: lanes, what may be delivered at once, what is granted.
    #[must_use]
    pub fn rules_digest(&self) -> Blake3Digest {
        let mut bytes = crate::hash::start(Tag::BusRules);
        let push = |bytes: &mut Vec<u8>, text: &str| {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        };
        bytes.extend((self.lanes.len() as u32).to_le_bytes());
        for ((phase, lane), (capacity, overflow)) in &self.lanes {
            bytes.extend([*phase as u8, *lane as u8, *overflow as u8]);
            bytes.extend((*capacity as u64).to_le_bytes());
        }
        bytes.extend((self.immediate.len() as u32).to_le_bytes());
        for kind in &self.immediate {
            push(&mut bytes, kind);
        }
        bytes.extend(self.immediate_budget.to_le_bytes());
        for (source, capabilities) in &self.grants {
            push(&mut bytes, source);
            bytes.extend((capabilities.len() as u32).to_le_bytes());
            for capability in capabilities {
                push(&mut bytes, capability);
            }
        }
        for (kind, keys) in &self.signers {
            push(&mut bytes, kind);
            bytes.extend((keys.len() as u32).to_le_bytes());
            bytes.extend(keys.iter().flatten());
        }
        Blake3Digest::of(&bytes)
    }

    /// The digest of the table of handlers: phases, kinds, priorities, names, once, capabilities.
    #[must_use]
    pub fn handlers_digest(&self) -> Blake3Digest {
        let mut bytes = crate::hash::start(Tag::Handlers);
        let push = |bytes: &mut Vec<u8>, text: &str| {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        };
        for handler in &self.handlers {
            bytes.push(handler.phase as u8);
            push(&mut bytes, &handler.kind);
            bytes.extend(handler.priority.to_le_bytes());
            push(&mut bytes, &handler.name);
            bytes.push(u8::from(handler.is_once));
            bytes.extend((handler.requires.len() as u32).to_le_bytes());
            for capability in &handler.requires {
                push(&mut bytes, capability);
            }
        }
        Blake3Digest::of(&bytes)
    }
}
