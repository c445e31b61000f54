//! The envelopes of a world that wait, lane by lane, and which handlers have had their one.
//!
//! INVARIANT: envelopes of a lane are in the order of target tick, then id.
//! Tests: `tests/it/bus.rs`.

use super::batch::{Batch, Due};
use super::draft::Draft;
use super::envelope::{Envelope, Lane};
use crate::hash::{self, Tag};
use crate::schedule::Phase;
use crate::shared::Shared;
use crate::snapshot::Reader;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// So few are copied when one is added to a batch that a fork has too; behind more of them a new batch begins.
const COPIED_MAX: usize = 15;

/// One lane: envelopes by target tick, in each in the order of ids; no batch is empty. Forks share batches until one
/// of them writes.
#[derive(Clone, Default)]
struct Queue {
    ticks: BTreeMap<u64, VecDeque<Shared<Batch>>>,
    len: usize,
}

impl Queue {
    /// All batches with their ticks, in order.
    fn batches(&self) -> impl Iterator<Item = (u64, &Batch)> {
        self.ticks.iter().flat_map(|(chronos, batches)| {
            let batches = batches.iter();
            batches.map(|batch| (*chronos, &**batch))
        })
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
        self.take_ids(1)
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
    pub(crate) fn since(&self, id: u64) -> Vec<Envelope> {
        let batches = self.lanes.iter().flatten().flat_map(Queue::batches);
        let mut envelopes: Vec<Envelope> = batches
            .flat_map(|(chronos, batch)| batch.since(chronos, id))
            .collect();
        envelopes.sort_by_key(Envelope::id);
        envelopes
    }

    pub(crate) const fn lane_len(&self, phase: Phase, lane: Lane) -> usize {
        self.lanes[phase as usize][lane as usize].len
    }

    /// Whether an envelope that waits is signed.
    pub(crate) fn has_signed(&self) -> bool {
        let batches = self.lanes.iter().flatten().flat_map(Queue::batches);
        let mut waiting = batches.flat_map(|(_, batch)| batch.drafts());
        waiting.any(|draft| draft.signature_of().is_some())
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.iter().flatten().all(|queue| queue.len == 0)
    }

    /// Appends an envelope; its id is higher than all before.
    pub(crate) fn push(&mut self, envelope: Envelope) {
        let Envelope {
            id,
            chronos,
            source,
            draft,
            hash,
        } = envelope;
        self.tail(draft.phase, draft.lane, chronos, id)
            .push_with(id, &source, draft, hash);
    }

    /// Appends what is sealed by this: its lists are sorted, its id is higher than all before.
    #[inline]
    pub(crate) fn push_draft(&mut self, id: u64, chronos: u64, source: &Arc<str>, draft: Draft) {
        self.tail(draft.phase, draft.lane, chronos, id)
            .push(id, source, draft);
    }

    /// Appends batches to the envelopes of a lane that wait for a tick; their ids are higher than all before.
    pub(crate) fn push_batches(
        &mut self,
        (phase, lane, chronos): (Phase, Lane, u64),
        batches: impl Iterator<Item = Batch>,
    ) {
        self.digest = None;
        let queue = &mut self.lanes[phase as usize][lane as usize];
        let waiting = queue.ticks.entry(chronos).or_default();
        for batch in batches {
            queue.len += batch.len();
            waiting.push_back(Shared::new(batch));
        }
    }

    /// So many ids; the first one.
    pub(crate) const fn take_ids(&mut self, count: u64) -> u64 {
        self.digest = None;
        self.next_id += count;
        self.next_id - count
    }

    /// The batch that an envelope is to be appended to.
    #[inline]
    fn tail(&mut self, phase: Phase, lane: Lane, chronos: u64, id: u64) -> &mut Batch {
        self.digest = None;
        let queue = &mut self.lanes[phase as usize][lane as usize];
        queue.len += 1;
        let waiting = queue.ticks.entry(chronos).or_default();
        let has_room = waiting.back().is_some_and(|last| {
            let is_ours = Shared::is_sole(last) || last.len() <= COPIED_MAX;
            is_ours && last.has_room_for(id)
        });
        if !has_room {
            // Where one is full the next one will be; the first grows as it needs.
            let is_first = waiting.is_empty();
            let room = if is_first { 1 } else { Batch::LEN_MAX };
            waiting.push_back(Shared::new(Batch::with_room(room)));
        }
        let last = waiting.back_mut();
        Shared::make_mut(last.expect("there is one, or one was just made"))
    }

    /// Takes the envelope out that would be delivered first.
    pub(crate) fn drop_oldest(&mut self, phase: Phase, lane: Lane) -> Option<Envelope> {
        self.digest = None;
        let queue = &mut self.lanes[phase as usize][lane as usize];
        let mut first = queue.ticks.first_entry()?;
        let chronos = *first.key();
        let batches = first.get_mut();
        let batch = Shared::make_mut(batches.front_mut()?);
        let envelope = batch.take_first(chronos);
        if batch.len() == 0 {
            batches.pop_front();
        }
        if batches.is_empty() {
            first.remove();
        }
        queue.len -= 1;
        Some(envelope)
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
    pub(crate) fn take_due(&mut self, phase: Phase, lane: Lane, tick: u64) -> Vec<Due> {
        self.digest = None;
        let queue = &mut self.lanes[phase as usize][lane as usize];
        let mut due = Vec::new();
        while let Some(first) = queue.ticks.first_entry() {
            let chronos = *first.key();
            if chronos > tick {
                break;
            }
            let batches = first.remove().into_iter();
            due.extend(batches.map(|batch| Due { chronos, batch }));
        }
        queue.len -= due.iter().map(|due| due.batch.len()).sum::<usize>();
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
            for (chronos, batch) in queue.batches() {
                batch.encode(chronos, output);
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
        for (chronos, batches) in queues.flat_map(|queue| &mut queue.ticks) {
            for batch in batches.iter_mut().filter(|batch| batch.has_untaken()) {
                Shared::make_mut(batch).take_hashes(*chronos);
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
