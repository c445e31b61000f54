//! The envelopes of a world that wait, lane by lane, and which handlers have had their one.
//!
//! INVARIANT: envelopes of a lane are in the order of target tick, then id.
//! Tests: `tests/it/bus.rs`.

use super::envelope::{Envelope, Lane};
use crate::hash::{self, Tag};
use crate::schedule::Phase;
use crate::snapshot::Reader;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// Envelopes that follow one another in a lane. Forks share them until one of them takes from or adds to these.
pub(crate) type Batch = Arc<VecDeque<Envelope>>;

/// Most envelopes in a batch: so many are copied at most when one is added to a lane that a fork has too.
const BATCH_LEN_MAX: usize = 64;

/// One lane: envelopes by target tick, in each in the order of ids; no batch is empty.
#[derive(Clone, Default)]
struct Queue {
    ticks: BTreeMap<u64, VecDeque<Batch>>,
    len: usize,
}

impl Queue {
    /// All that wait, in order.
    fn iter(&self) -> impl Iterator<Item = &Envelope> {
        let batches = self.ticks.values().flatten();
        batches.flat_map(|batch| batch.iter())
    }
}

/// All that waits.
#[derive(Clone, Default)]
pub(crate) struct Mailbox {
    next_id: u64,
    lanes: [[Queue; Lane::ALL.len()]; Phase::ALL.len()],
    /// Handlers that hear once and have heard.
    spent: BTreeSet<Arc<str>>,
    digest: Option<Blake3Digest>,
}

impl Mailbox {
    /// The next id.
    pub(crate) const fn take_id(&mut self) -> u64 {
        self.digest = None;
        self.next_id += 1;
        self.next_id - 1
    }

    /// The id that the next envelope gets.
    pub(crate) const fn next_id(&self) -> u64 {
        self.next_id
    }

    /// How many envelopes wait.
    pub(crate) fn len(&self) -> usize {
        self.lanes.iter().flatten().map(|queue| queue.len).sum()
    }

    /// The envelopes that wait and have this id or a higher one, in the order of ids.
    pub(crate) fn since(&self, id: u64) -> Vec<&Envelope> {
        let queues = self.lanes.iter().flatten();
        let waiting = queues.flat_map(Queue::iter);
        let mut envelopes: Vec<&Envelope> =
            waiting.filter(|envelope| envelope.id() >= id).collect();
        envelopes.sort_by_key(|envelope| envelope.id());
        envelopes
    }

    pub(crate) const fn lane_len(&self, phase: Phase, lane: Lane) -> usize {
        self.lanes[phase as usize][lane as usize].len
    }

    /// Whether an envelope that waits is signed.
    pub(crate) fn has_signed(&self) -> bool {
        let queues = self.lanes.iter().flatten();
        let mut waiting = queues.flat_map(Queue::iter);
        waiting.any(|envelope| envelope.signature().is_some())
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.iter().flatten().all(|queue| queue.len == 0)
    }

    /// Appends an envelope; its id is higher than all before.
    pub(crate) fn push(&mut self, envelope: Envelope) {
        self.digest = None;
        let queue = &mut self.lanes[envelope.phase() as usize][envelope.lane() as usize];
        queue.len += 1;
        let waiting = queue.ticks.entry(envelope.chronos()).or_default();
        match waiting.back_mut() {
            Some(last) if last.len() < BATCH_LEN_MAX => Arc::make_mut(last).push_back(envelope),
            _ => waiting.push_back(Arc::new(VecDeque::from([envelope]))),
        }
    }

    /// Takes the envelope out that would be delivered first.
    pub(crate) fn drop_oldest(&mut self, phase: Phase, lane: Lane) -> Option<Envelope> {
        self.digest = None;
        let queue = &mut self.lanes[phase as usize][lane as usize];
        let mut first = queue.ticks.first_entry()?;
        let batches = first.get_mut();
        let envelope = Arc::make_mut(batches.front_mut()?).pop_front();
        if batches.front().is_some_and(|batch| batch.is_empty()) {
            batches.pop_front();
        }
        if batches.is_empty() {
            first.remove();
        }
        queue.len -= usize::from(envelope.is_some());
        envelope
    }

    /// Whether something is due in a lane.
    pub(crate) fn has_due(&self, phase: Phase, tick: u64) -> bool {
        self.lanes[phase as usize].iter().any(|queue| {
            queue
                .ticks
                .first_key_value()
                .is_some_and(|(chronos, _)| *chronos <= tick)
        })
    }

    /// Takes out what is due, in order.
    pub(crate) fn take_due(&mut self, phase: Phase, lane: Lane, tick: u64) -> Vec<Batch> {
        self.digest = None;
        let queue = &mut self.lanes[phase as usize][lane as usize];
        let mut due = Vec::new();
        while let Some(first) = queue.ticks.first_entry() {
            if *first.key() > tick {
                break;
            }
            due.extend(first.remove());
        }
        queue.len -= due.iter().map(|batch| batch.len()).sum::<usize>();
        due
    }

    pub(crate) fn is_spent(&self, handler: &str) -> bool {
        self.spent.contains(handler)
    }

    pub(crate) fn spend(&mut self, handler: &Arc<str>) {
        self.digest = None;
        self.spent.insert(Arc::clone(handler));
    }

    /// Appends the canonical bytes.
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        output.extend(self.next_id.to_le_bytes());
        output.extend((self.spent.len() as u32).to_le_bytes());
        for name in &self.spent {
            output.push(name.len() as u8);
            output.extend(name.as_bytes());
        }
        for queue in self.lanes.iter().flatten() {
            output.extend((queue.len as u32).to_le_bytes());
            for envelope in queue.iter() {
                envelope.encode(output);
            }
        }
    }

    /// Reads what [`Mailbox::encode`] writes, and nothing else.
    pub(crate) fn decode(reader: &mut Reader<'_>, component_count: usize) -> Option<Mailbox> {
        let mut mailbox = Mailbox {
            next_id: reader.u64()?,
            ..Mailbox::default()
        };
        for _ in 0..reader.u32()? {
            let name: Arc<str> = Arc::from(reader.name()?);
            if mailbox.spent.last().is_some_and(|last| *last >= name) {
                return None;
            }
            mailbox.spent.insert(name);
        }
        for phase in Phase::ALL {
            for lane in Lane::ALL {
                let mut last = None;
                for _ in 0..reader.u32()? {
                    let envelope = Envelope::decode(reader, component_count)?;
                    let key = (envelope.chronos(), envelope.id());
                    let is_here = envelope.phase() == phase && envelope.lane() == lane;
                    let is_next = last.is_none_or(|last| last < key) && key.1 < mailbox.next_id;
                    if !is_here || !is_next {
                        return None;
                    }
                    last = Some(key);
                    mailbox.push(envelope);
                }
            }
        }
        Some(mailbox)
    }

    /// The digest, if nothing changed since it was computed.
    pub(crate) const fn known_root(&self) -> Option<Blake3Digest> {
        self.digest
    }

    /// Takes the hashes of those that wait and whose hash nobody asked for yet, so that none is taken twice.
    fn take_hashes(&mut self) {
        let queues = self.lanes.iter_mut().flatten();
        for batch in queues.flat_map(|queue| queue.ticks.values_mut().flatten()) {
            if batch.iter().any(Envelope::is_untaken) {
                let envelopes = Arc::make_mut(batch).iter_mut();
                envelopes.for_each(Envelope::take_hash);
            }
        }
    }

    pub(crate) fn root(&mut self) -> Blake3Digest {
        self.take_hashes();
        let mut bytes = hash::start(Tag::Mailbox);
        self.encode(&mut bytes);
        let digest = Blake3Digest::of(&bytes);
        self.digest = Some(digest);
        digest
    }
}
