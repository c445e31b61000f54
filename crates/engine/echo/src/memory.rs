//! What a world remembers besides its entities: values of single systems, and which components went away lately.
//!
//! Both are there only in worlds whose systems ask for them. What is asked for is remembered from then on, so the
//! memory is a function of the world and of the systems that ran.
//!
//! INVARIANT 1: a system's value is reached by the system of that name alone.
//! INVARIANT 2: removals are kept until the end of the tick after the one they happened in.
//! Bytes: `docs/formats/world.md`, section Memory. Tests: `tests/it/memory.rs`.

use crate::column::{AnyColumn, unique};
use crate::component::Component;
use crate::entity::Entity;
use crate::hash::{self, Tag};
use crate::registry::ComponentId;
use crate::schedule::Typed;
use crate::shared::Shared;
use crate::snapshot::Reader;
use crate::stamp::Stamp;
use crate::state::State;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// What a world remembers.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    /// Values of systems, by the system's name and the component.
    locals: BTreeMap<(Arc<str>, ComponentId), Shared<dyn AnyColumn>>,
    /// Components whose removal somebody asked for.
    watched: BTreeSet<ComponentId>,
    removals: Vec<Removal>,
    /// The first stamp of the tick before the one under way, and of that one.
    ticks: [Stamp; 2],
    digest: Option<Blake3Digest>,
}

/// A component that went away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Removal {
    pub stamp: Stamp,
    pub id: ComponentId,
    pub entity: Entity,
}

impl Memory {
    /// Whether there is nothing that was ever asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.locals.is_empty() && self.watched.is_empty()
    }

    /// Values of systems, by the system's name and the component; those that a system has in its hands are left out.
    pub(crate) fn locals(&self) -> impl Iterator<Item = (&Arc<str>, ComponentId, &dyn AnyColumn)> {
        let locals = self.locals.iter();
        locals.map(|((system, id), column)| (system, *id, &**column))
    }

    /// Whether removals of some components are remembered.
    pub(crate) fn is_watching(&self) -> bool {
        !self.watched.is_empty()
    }

    /// Takes a system's value out, where there is one.
    pub(crate) fn take_local(
        &mut self,
        system: &Arc<str>,
        id: ComponentId,
    ) -> Option<Shared<dyn AnyColumn>> {
        self.digest = None;
        self.locals.remove(&(Arc::clone(system), id))
    }

    /// Puts a system's value where it belongs.
    pub(crate) fn give_local(
        &mut self,
        system: Arc<str>,
        id: ComponentId,
        value: Shared<dyn AnyColumn>,
    ) {
        self.digest = None;
        self.locals.insert((system, id), value);
    }

    /// Remembers removals of a component from now on.
    pub(crate) fn watch(&mut self, id: ComponentId) {
        if self.watched.insert(id) {
            self.digest = None;
        }
    }

    pub(crate) fn is_watched(&self, id: ComponentId) -> bool {
        self.watched.contains(&id)
    }

    /// The entities that lost a component after a stamp, in the order they did.
    pub(crate) fn removed_since(&self, id: ComponentId, since: Stamp) -> Vec<Entity> {
        let mine = |removal: &&Removal| removal.id == id && removal.stamp > since;
        let found = self.removals.iter().filter(mine);
        found.map(|removal| removal.entity).collect()
    }

    pub(crate) fn remove(&mut self, removal: Removal) {
        self.digest = None;
        self.removals.push(removal);
    }

    /// A tick ends whose first stamp was this one: what happened before the tick before it is forgotten.
    pub(crate) fn end_tick(&mut self, first: Stamp) {
        self.digest = None;
        let keep_from = self.ticks[1];
        self.ticks = [keep_from, first];
        self.removals.retain(|removal| removal.stamp >= keep_from);
    }

    /// Appends the canonical bytes.
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        output.extend((self.locals.len() as u32).to_le_bytes());
        for ((system, id), value) in &self.locals {
            output.push(system.len() as u8);
            output.extend(system.as_bytes());
            output.extend(id.number().to_le_bytes());
            value.save(output);
        }
        output.extend((self.watched.len() as u16).to_le_bytes());
        for id in &self.watched {
            output.extend(id.number().to_le_bytes());
        }
        for tick in self.ticks {
            output.extend(tick.0.to_le_bytes());
        }
        output.extend((self.removals.len() as u32).to_le_bytes());
        for removal in &self.removals {
            output.extend(removal.stamp.0.to_le_bytes());
            output.extend(removal.id.number().to_le_bytes());
            output.extend(removal.entity.index().to_le_bytes());
            output.extend(removal.entity.generation().to_le_bytes());
        }
    }

    /// Reads what [`Memory::encode`] writes of a memory that is not empty, and nothing else.
    pub(crate) fn decode(state: &State, reader: &mut Reader<'_>) -> Option<Memory> {
        let mut memory = Memory::default();
        let id = |reader: &mut Reader<'_>| {
            let id = ComponentId(reader.u16()?);
            (id.index() < state.registry.len()).then_some(id)
        };
        for _ in 0..reader.u32()? {
            let key = (Arc::<str>::from(reader.name()?), id(reader)?);
            let last = memory.locals.last_key_value();
            if last.is_some_and(|(last, _)| *last >= key) {
                return None;
            }
            let mut value = state.registry.kind(key.1).column(0);
            unique(&mut value).load(1, state.stamp, reader)?;
            memory.locals.insert(key, value);
        }
        for _ in 0..reader.u16()? {
            let id = id(reader)?;
            if memory.watched.last().is_some_and(|last| *last >= id) {
                return None;
            }
            memory.watched.insert(id);
        }
        memory.ticks = [Stamp(reader.u64()?), Stamp(reader.u64()?)];
        let [before, last] = memory.ticks;
        if before > last || last > state.stamp {
            return None;
        }
        let mut stamp = before;
        for _ in 0..reader.u32()? {
            let removal = Removal {
                stamp: Stamp(reader.u64()?),
                id: id(reader)?,
                entity: Entity::new(reader.u32()?, reader.u32()?),
            };
            let is_next = removal.stamp >= stamp && removal.stamp <= state.stamp;
            if !is_next || !memory.is_watched(removal.id) {
                return None;
            }
            stamp = removal.stamp;
            memory.removals.push(removal);
        }
        (!memory.is_empty()).then_some(memory)
    }

    /// The digest, if nothing changed since it was computed.
    pub(crate) const fn known_root(&self) -> Option<Blake3Digest> {
        self.digest
    }

    pub(crate) fn root(&mut self) -> Blake3Digest {
        let digest = self.content_digest();
        self.digest = Some(digest);
        digest
    }

    /// The digest, computed anew.
    pub(crate) fn content_digest(&self) -> Blake3Digest {
        let mut bytes = hash::start(Tag::Memory);
        self.encode(&mut bytes);
        Blake3Digest::of(&bytes)
    }
}

/// What happens to a component of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// The entity gets the component: it is spawned with it, or it is added.
    Add,
    /// The entity has the component already and it is overwritten by adding it again.
    Replace,
    /// The entity loses the component: it is taken away, or the entity is despawned.
    Remove,
}

/// Something that happened, for observers.
pub(crate) struct Change {
    pub on: On,
    pub id: ComponentId,
    pub entity: Entity,
    /// The canonical bytes of a component that went away; else empty.
    pub row: Vec<u8>,
}

/// Noting changes of structure where somebody wants to know.
impl State {
    #[inline]
    fn is_noting(&self) -> bool {
        self.journal.is_some() || self.memory.is_watching()
    }

    /// Entities are about to leave an archetype, for another one or for good.
    #[inline]
    pub(crate) fn note_leaving(&mut self, entities: &[Entity], from: u32, to: Option<u32>) {
        if self.is_noting() {
            self.note_each_leaving(entities, from, to);
        }
    }

    #[cold]
    fn note_each_leaving(&mut self, entities: &[Entity], from: u32, to: Option<u32>) {
        let stays = |id: &ComponentId| to.is_some_and(|to| self.archetype(to).has(*id));
        let all = self.archetype(from).components().iter().copied();
        let lost: Vec<ComponentId> = all.filter(|id| !stays(id)).collect();
        let mut changes = Vec::new();
        for entity in entities {
            for id in &lost {
                let mut row = Vec::new();
                let at = self.entities.locate(*entity);
                let archetype = self.archetype(from);
                if let (Some(at), Some(index)) = (at, archetype.index_of(*id)) {
                    archetype
                        .column(index)
                        .encode_row(at.row as usize, &mut row);
                }
                changes.push(Change {
                    on: On::Remove,
                    id: *id,
                    entity: *entity,
                    row,
                });
            }
        }
        let stamp = self.stamp;
        for change in &changes {
            if self.memory.is_watched(change.id) {
                let (id, entity) = (change.id, change.entity);
                Arc::make_mut(&mut self.memory).remove(Removal { stamp, id, entity });
            }
        }
        if let Some(journal) = &mut self.journal {
            journal.extend(changes);
        }
    }

    /// Entities got components; `before` is the archetype they came from.
    pub(crate) fn note_arrived(
        &mut self,
        entities: &[Entity],
        ids: impl Iterator<Item = ComponentId> + Clone,
        before: Option<u32>,
    ) {
        if self.journal.is_none() {
            return;
        }
        let on = |id: ComponentId| match before {
            Some(before) if self.archetype(before).has(id) => On::Replace,
            _ => On::Add,
        };
        let mut changes = Vec::new();
        for entity in entities {
            changes.extend(ids.clone().map(|id| Change {
                on: on(id),
                id,
                entity: *entity,
                row: Vec::new(),
            }));
        }
        if let Some(journal) = &mut self.journal {
            journal.extend(changes);
        }
    }
}

/// A value of a type, as systems hold it.
pub(crate) fn new_local<T: Component + Default>(stamp: Stamp) -> Shared<Typed<T>> {
    let mut column = Typed::<T>::new((), 0);
    column.push(T::default(), stamp, stamp);
    Shared::new(column)
}
