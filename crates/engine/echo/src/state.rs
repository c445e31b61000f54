//! What a world is made of, shared by its forks as long as nobody writes.
//!
//! `world` is what users see; this file keeps the parts together: archetypes in the order they were first needed, the
//! table of entities, resources, tick, stamp and seed. Everything in here enters hash and snapshot, apart from what
//! can be computed from the rest (`by_set`, digests).
//!
//! INVARIANT: a digest that is kept is the digest of what lies below it; whoever writes throws it away.
//! Tests: `tests/it/world.rs`, `tests/it/hash.rs`.

use crate::archetype::Archetype;
use crate::bus::Mailbox;
use crate::column::{AnyColumn, Scratch, unique};
use crate::entity::{Entity, EntityTable, Location};
use crate::error::WorldError;
use crate::hash::{self, Tag};
use crate::memory::{Change, Memory};
use crate::registry::{ComponentId, Registry};
use crate::resource::Resources;
use crate::schedule::{LevelCost, Workers};
use crate::shared::Shared;
use crate::stamp::Stamp;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// An archetype with its digest, while it is known.
#[derive(Clone)]
pub(crate) struct ArchetypeSlot {
    pub archetype: Shared<Archetype>,
    pub digest: Option<Blake3Digest>,
}

/// The parts of a world.
pub(crate) struct State {
    pub registry: Registry,
    pub archetypes: Vec<ArchetypeSlot>,
    /// Sets of components to archetypes; the archetypes say the same.
    pub by_set: Arc<BTreeMap<Arc<[ComponentId]>, u32>>,
    pub entities: Shared<EntityTable>,
    pub resources: Resources,
    /// The systems that ran, with the stamp of their last run, sorted by name.
    pub marks: Arc<Vec<(Arc<str>, Stamp)>>,
    /// Envelopes that wait.
    pub mailbox: Arc<Mailbox>,
    /// What systems keep and which components went away.
    pub memory: Arc<Memory>,
    /// What happened since observers heard last, while a tick has observers; nothing between ticks.
    pub journal: Option<Vec<Change>>,
    pub seed: Blake3Digest,
    pub tick: u64,
    /// The stamp of writes that come now.
    pub stamp: Stamp,
    /// The digest over everything, while it is known.
    pub root: Option<Blake3Digest>,
}

impl Clone for State {
    fn clone(&self) -> State {
        State {
            registry: self.registry.clone(),
            archetypes: self.archetypes.clone(),
            by_set: Arc::clone(&self.by_set),
            entities: Shared::clone(&self.entities),
            resources: self.resources.clone(),
            marks: Arc::clone(&self.marks),
            mailbox: Arc::clone(&self.mailbox),
            memory: Arc::clone(&self.memory),
            // Who forks a world while a tick is under way gets no part in it.
            journal: None,
            seed: self.seed,
            tick: self.tick,
            stamp: self.stamp,
            root: self.root,
        }
    }
}

impl State {
    pub(crate) fn new(registry: Registry, seed: Blake3Digest) -> State {
        State {
            registry,
            archetypes: Vec::new(),
            by_set: Arc::default(),
            entities: Shared::new(EntityTable::new()),
            resources: Resources::default(),
            marks: Arc::default(),
            mailbox: Arc::default(),
            memory: Arc::default(),
            journal: None,
            seed,
            tick: 0,
            stamp: Stamp(1),
            root: None,
        }
    }

    /// The archetype of a sorted set, made if it is not there.
    pub(crate) fn archetype_of(&mut self, components: &[ComponentId]) -> u32 {
        if let Some(index) = self.by_set.get(components) {
            return *index;
        }
        let index = self.archetypes.len() as u32;
        let set: Arc<[ComponentId]> = Arc::from(components);
        self.archetypes.push(ArchetypeSlot {
            archetype: Shared::new(Archetype::new(Arc::clone(&set), &self.registry)),
            digest: None,
        });
        Arc::make_mut(&mut self.by_set).insert(set, index);
        index
    }

    #[inline]
    pub(crate) fn archetype(&self, index: u32) -> &Archetype {
        &self.archetypes[index as usize].archetype
    }

    #[inline]
    pub(crate) fn archetype_mut(&mut self, index: u32) -> &mut Archetype {
        let slot = &mut self.archetypes[index as usize];
        slot.digest = None;
        Shared::make_mut(&mut slot.archetype)
    }

    #[inline]
    pub(crate) fn locate(&self, entity: Entity) -> Result<Location, WorldError> {
        self.entities
            .locate(entity)
            .ok_or(WorldError::Dead { entity })
    }

    /// The digest over everything; only what was written to since the last time is read.
    pub(crate) fn compute_root(&mut self) -> Blake3Digest {
        let mut scratch = Scratch::default();
        let mut bytes = hash::start(Tag::World);
        bytes.extend(self.registry.digest().as_bytes());
        bytes.extend(self.seed.as_bytes());
        hash::push_u64(&mut bytes, self.tick);
        hash::push_u64(&mut bytes, self.stamp.0);
        bytes.extend(self.marks_root().as_bytes());
        let mailbox_root = match self.mailbox.known_root() {
            Some(digest) => digest,
            None => Arc::make_mut(&mut self.mailbox).root(),
        };
        bytes.extend(mailbox_root.as_bytes());
        let entities_root = match self.entities.known_root() {
            Some(digest) => digest,
            None => Shared::make_mut(&mut self.entities).root(),
        };
        bytes.extend(entities_root.as_bytes());
        hash::push_u64(&mut bytes, self.resources.len() as u64);
        for (id, column) in self.resources.iter_mut() {
            let digest = match column.known_root() {
                Some(digest) => digest,
                None => unique(column).root(&mut scratch),
            };
            bytes.extend(id.number().to_le_bytes());
            bytes.extend(digest.as_bytes());
        }
        hash::push_u64(&mut bytes, self.archetypes.len() as u64);
        for slot in &mut self.archetypes {
            let digest = match slot.digest {
                Some(digest) => digest,
                None => Shared::make_mut(&mut slot.archetype).root(&mut scratch),
            };
            slot.digest = Some(digest);
            bytes.extend(digest.as_bytes());
        }
        if !self.memory.is_empty() {
            let digest = match self.memory.known_root() {
                Some(digest) => digest,
                None => Arc::make_mut(&mut self.memory).root(),
            };
            bytes.extend(digest.as_bytes());
        }
        let root = Blake3Digest::of(&bytes);
        self.root = Some(root);
        root
    }

    /// Takes the digests of pages of large columns, on several threads. What is left of the work is
    /// [`State::compute_root`]'s, which comes to the same digest with and without.
    pub(crate) fn hash_pages(&mut self, workers: &Workers) {
        let mut jobs = Vec::new();
        self.each_unknown(|column| column.take_pages(&mut jobs));
        let finished = workers.run(jobs, 0, &mut LevelCost::default());
        let mut jobs = finished.jobs.into_iter();
        self.each_unknown(|column| column.give_pages(&mut jobs));
        if let Some(panic) = finished.panic {
            panic.resume();
        }
    }

    /// Calls `visit` for each column of entities whose digest is not known, in order.
    fn each_unknown(&mut self, mut visit: impl FnMut(&mut dyn AnyColumn)) {
        let slots = self.archetypes.iter_mut();
        for slot in slots.filter(|slot| slot.digest.is_none()) {
            Shared::make_mut(&mut slot.archetype).each_unknown(&mut visit);
        }
    }

    fn marks_root(&self) -> Blake3Digest {
        let mut bytes = Vec::new();
        for (name, stamp) in &*self.marks {
            bytes.push(name.len() as u8);
            bytes.extend(name.as_bytes());
            hash::push_u64(&mut bytes, stamp.0);
        }
        Blake3Digest::of(&bytes)
    }
}
