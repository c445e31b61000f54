//! Worlds: entities with components, resources, a tick, and forks that cost nothing until they write.
//!
//! This is what users and systems see. Spawning, adding and removing is in `structure`. Rows and their order are `archetype`'s
//! work, queries are `query`'s, running systems is `schedule`'s.
//!
//! INVARIANT 1: a fork has the same entities, order, free list and stamps, and neither ever sees what the other writes.
//! INVARIANT 2: the same operations on equal worlds give equal worlds, and equal worlds have equal hashes.
//! INVARIANT 3: an operation that gives an error changed nothing.
//! Guide: `docs/guide/echo.md`. Tests: `tests/it/world.rs`, `tests/it/twin.rs`.

use crate::bundle::id_of;
use crate::bus::Lane;
use crate::column::{AnyColumn, unique};
use crate::component::Component;
use crate::difference::{self, Change};
use crate::entity::Entity;
use crate::error::WorldError;
use crate::hierarchy::are_families_true;
use crate::registry::{ComponentId, Registry};
use crate::schedule::{Phase, Workers};
use crate::shared::Shared;
use crate::snapshot::{self, SnapshotError};
use crate::stamp::Stamp;
use crate::state::State;
use crate::structure::Routes;
use alloc::borrow::Cow;
use alloc::string::ToString;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// A world.
///
/// ```
/// use gatos_echo::{Registry, World, component};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Health(u32);
/// component!(Health = "health" { 0: u32 });
///
/// let registry = Registry::builder().with::<Health>().build()?;
/// let mut world = World::new(&registry);
/// let hero = world.spawn(Health(10))?;
///
/// // A fork is a world of its own; what it does not write it shares.
/// let mut what_if = world.fork();
/// what_if.get_mut::<Health>(hero)?.0 = 3;
/// assert_eq!(world.get::<Health>(hero)?, &Health(10));
///
/// // A snapshot is the same world on another machine.
/// let mut copy = World::load(&registry, &what_if.save())?;
/// assert_eq!(copy.hash(), what_if.hash());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct World {
    pub(crate) state: Shared<State>,
    /// Ways between archetypes that were taken before; nothing that a result depends on.
    pub(crate) routes: Routes,
}

impl World {
    /// An empty world whose seed is that of the empty text.
    #[must_use]
    pub fn new(registry: &Registry) -> World {
        World::with_seed(registry, Blake3Digest::of(b""))
    }

    /// An empty world. The seed is where its random numbers come from; see `gatos_values::seed`.
    #[must_use]
    pub fn with_seed(registry: &Registry, seed: Blake3Digest) -> World {
        World {
            state: Shared::new(State::new(registry.clone(), seed)),
            routes: Routes::default(),
        }
    }

    /// The same world again, in constant time. The two share what neither writes.
    #[must_use]
    pub fn fork(&self) -> World {
        World {
            state: Shared::clone(&self.state),
            routes: Routes::default(),
        }
    }

    /// The canonical bytes.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        snapshot::save(&self.state)
    }

    /// The world with these canonical bytes.
    ///
    /// # Errors
    /// [`SnapshotError`] for every other byte string.
    pub fn load(registry: &Registry, bytes: &[u8]) -> Result<World, SnapshotError> {
        let world = World {
            state: Shared::new(snapshot::load(registry, bytes)?),
            routes: Routes::default(),
        };
        if !are_families_true(&world) || !world.are_relations_true() {
            return Err(SnapshotError::Malformed {
                part: "the families",
                offset: bytes.len(),
            });
        }
        Ok(world)
    }

    /// The Merkle root over everything in the world. Only what was written to since the last call is read.
    ///
    /// A NaN of any payload becomes the one NaN, which no comparison can tell apart.
    pub fn hash(&mut self) -> Blake3Digest {
        match self.state.root {
            Some(root) => root,
            None => Shared::make_mut(&mut self.state).compute_root(),
        }
    }

    /// As [`World::hash`], with the large parts of what must be read shared out among threads. The digest is the same.
    pub fn hash_with(&mut self, workers: &Workers) -> Blake3Digest {
        if self.state.root.is_none() && workers.are_several() {
            Shared::make_mut(&mut self.state).hash_pages(workers);
        }
        self.hash()
    }

    /// The components and resources the world can have.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.state.registry
    }

    /// How many ticks were completed.
    #[must_use]
    pub fn tick(&self) -> u64 {
        self.state.tick
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> Blake3Digest {
        self.state.seed
    }

    /// How many entities live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.entities.live_count()
    }

    /// How many entities have a component.
    #[must_use]
    pub fn count(&self, id: ComponentId) -> usize {
        let archetypes = self.state.archetypes.iter();
        let with = archetypes.filter(|slot| slot.archetype.has(id));
        with.map(|slot| slot.archetype.len()).sum()
    }

    /// Whether no entity lives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the entity lives.
    #[must_use]
    pub fn is_alive(&self, entity: Entity) -> bool {
        self.state.entities.locate(entity).is_some()
    }

    /// Every entity, in canonical order: archetypes as they came to be, in each its rows.
    pub fn entities(&self) -> impl Iterator<Item = Entity> {
        self.state.archetypes.iter().flat_map(|slot| {
            let archetype = &slot.archetype;
            (0..archetype.len()).map(|row| archetype.entity(row))
        })
    }

    /// The names of the entity's components, sorted.
    ///
    /// # Errors
    /// [`WorldError::Dead`].
    pub fn components(&self, entity: Entity) -> Result<Vec<&str>, WorldError> {
        let location = self.state.locate(entity)?;
        let archetype = self.state.archetype(location.archetype);
        Ok(archetype
            .components()
            .iter()
            .map(|id| self.state.registry.kind(*id).name())
            .collect())
    }

    /// Ends a period of writes: the stamp of all writes so far. What is written from now on counts as changed since then.
    pub fn mark(&mut self) -> Stamp {
        let state = self.state_mut();
        let stamp = state.stamp;
        state.stamp.0 += 1;
        stamp
    }

    /// How many envelopes wait in a lane.
    #[must_use]
    pub fn waiting(&self, phase: Phase, lane: Lane) -> usize {
        self.state.mailbox.lane_len(phase, lane)
    }

    /// Everything that is not the same in another world of the same registry, most cheaply in a fork of this one.
    #[must_use]
    pub fn changes_to(&self, after: &World) -> Vec<Change> {
        difference::changes(&self.state, &after.state)
    }

    /// Makes every NaN in the world another one. Bytes and hashes stay; whoever can tell NaNs apart does something else.
    pub(crate) fn scramble_nans(&mut self) {
        let state = self.state_mut();
        for slot in 0..state.archetypes.len() {
            let archetype = state.archetype_mut(slot as u32);
            for index in 0..archetype.components().len() {
                archetype.column_mut(index).unsettle();
            }
        }
        for (_, column) in state.resources.iter_mut() {
            unique(column).unsettle();
        }
    }

    /// The state for writing. Its hash is unknown from now on.
    #[inline]
    pub(crate) fn state_mut(&mut self) -> &mut State {
        let state = Shared::make_mut(&mut self.state);
        state.root = None;
        state
    }

    #[inline]
    pub(crate) fn state(&self) -> &State {
        &self.state
    }
}

/// Components of one entity.
impl World {
    /// Whether the entity lives and has the component.
    #[must_use]
    pub fn has<T: Component>(&self, entity: Entity) -> bool {
        self.get::<T>(entity).is_ok()
    }

    /// The component of an entity.
    ///
    /// # Errors
    /// [`WorldError::Dead`], [`WorldError::Unregistered`] or [`WorldError::Missing`].
    pub fn get<T: Component>(&self, entity: Entity) -> Result<&T, WorldError> {
        let id = id_of::<T>(&self.state.registry)?;
        let location = self.state.locate(entity)?;
        let column = self
            .state
            .archetype(location.archetype)
            .typed::<T>(id)
            .ok_or_else(|| missing(entity, T::NAME))?;
        let (block, place) = column.find(location.row as usize);
        Ok(&block.rows[place])
    }

    /// The component of an entity, for writing. It counts as changed.
    ///
    /// # Errors
    /// As [`World::get`].
    pub fn get_mut<T: Component>(&mut self, entity: Entity) -> Result<&mut T, WorldError> {
        let id = id_of::<T>(&self.state.registry)?;
        let location = self.state.locate(entity)?;
        if !self.state.archetype(location.archetype).has(id) {
            return Err(missing(entity, T::NAME));
        }
        let state = self.state_mut();
        let stamp = state.stamp;
        let column = state
            .archetype_mut(location.archetype)
            .typed_mut::<T>(id)
            .ok_or_else(|| missing(entity, T::NAME))?;
        let (block, place) = column.find_mut(location.row as usize);
        let len = block.rows.len();
        block.changed.set(place, len, stamp);
        Ok(&mut block.rows[place])
    }

    /// When the entity got the component and when it was written to last.
    ///
    /// # Errors
    /// As [`World::get_row`].
    pub fn stamps(&self, entity: Entity, id: ComponentId) -> Result<(Stamp, Stamp), WorldError> {
        let (column, row) = self.column_of(entity, id)?;
        Ok(column.stamps(row))
    }
}

/// Components by id, as canonical bytes: for scripts, plugins and tools.
impl World {
    /// The canonical bytes of an entity's component.
    ///
    /// # Errors
    /// [`WorldError::Dead`] or [`WorldError::Missing`].
    pub fn get_row(&self, entity: Entity, id: ComponentId) -> Result<Vec<u8>, WorldError> {
        let (column, row) = self.column_of(entity, id)?;
        let mut bytes = Vec::new();
        column.encode_row(row, &mut bytes);
        Ok(bytes)
    }

    /// Adds a component by its canonical bytes, or overwrites it.
    ///
    /// # Errors
    /// [`WorldError::Dead`], [`WorldError::Reserved`] or [`WorldError::BadRow`].
    pub fn insert_row(
        &mut self,
        entity: Entity,
        id: ComponentId,
        bytes: &[u8],
    ) -> Result<(), WorldError> {
        self.check_foreign(id)?;
        let location = self.state.locate(entity)?;
        let kind = self.state.registry.kind(id);
        let bad_row = || WorldError::BadRow {
            component: kind.name().to_string(),
        };
        if !kind.schema().accepts(bytes) {
            return Err(bad_row());
        }
        let bad_row = bad_row();
        let state = self.state_mut();
        let target = union(state.archetype(location.archetype).components(), &[id]);
        let target = state.archetype_of(&target);
        let is_there = target == location.archetype;
        let row = if is_there {
            location.row
        } else {
            state.migrate(entity, location, target)
        } as usize;
        let stamp = state.stamp;
        let archetype = state.archetype_mut(target);
        let written = archetype.index_of(id).and_then(|index| {
            let column = archetype.column_mut(index);
            if is_there {
                column.replace_encoded(row, bytes, stamp)
            } else {
                column.push_encoded(bytes, stamp)
            }
        });
        written.ok_or(bad_row)?;
        state.note_arrived(&[entity], core::iter::once(id), Some(location.archetype));
        Ok(())
    }

    /// Adds components by their canonical bytes to entities of one archetype that have none of them, in one move: for each
    /// component a row for each entity. After an error the world may have some of it; the caller puts it back.
    pub(crate) fn insert_columns<'a, R: Iterator<Item = Cow<'a, [u8]>>>(
        &mut self,
        entities: &[Entity],
        ids: &[ComponentId],
        columns: Vec<R>,
    ) -> Result<(), WorldError> {
        let Some(first) = entities.first() else {
            return Ok(());
        };
        for id in ids {
            self.check_foreign(*id)?;
        }
        let from = self.state.locate(*first)?.archetype;
        let state = self.state_mut();
        let target = union(state.archetype(from).components(), ids);
        let target = state.archetype_of(&target);
        if target != from {
            state.migrate_all(entities, from, target);
        }
        let stamp = state.stamp;
        for (id, rows) in ids.iter().zip(columns) {
            let archetype = state.archetype_mut(target);
            let Some(index) = archetype.index_of(*id) else {
                continue;
            };
            let column = archetype.column_mut(index);
            let mut rows = rows;
            if !rows.all(|row| column.push_encoded(&row, stamp).is_some()) {
                return Err(self.bad_row(*id));
            }
        }
        state.note_arrived(entities, ids.iter().copied(), Some(from));
        Ok(())
    }

    /// Overwrites a component that is there.
    pub(crate) fn replace_row(
        &mut self,
        entity: Entity,
        id: ComponentId,
        bytes: &[u8],
        stamp: Stamp,
    ) -> Result<(), WorldError> {
        self.check_foreign(id)?;
        self.column_of(entity, id)?;
        let location = self.state.locate(entity)?;
        let archetype = self.state_mut().archetype_mut(location.archetype);
        let written = archetype.index_of(id).and_then(|index| {
            let column = archetype.column_mut(index);
            column.replace_encoded(location.row as usize, bytes, stamp)
        });
        written.ok_or_else(|| self.bad_row(id))
    }

    /// The canonical bytes of a resource.
    pub(crate) fn resource_row(&self, id: ComponentId) -> Result<Vec<u8>, WorldError> {
        let column = self.state.resources.get(id);
        let column = column.ok_or_else(|| self.no_resource_of(id))?;
        let mut bytes = Vec::new();
        column.encode_row(0, &mut bytes);
        Ok(bytes)
    }

    /// Overwrites a resource that is there.
    pub(crate) fn replace_resource_row(
        &mut self,
        id: ComponentId,
        bytes: &[u8],
        stamp: Stamp,
    ) -> Result<(), WorldError> {
        if self.state.resources.get(id).is_none() {
            return Err(self.no_resource_of(id));
        }
        let column = self.state_mut().resources.get_mut(id);
        column
            .and_then(|column| column.replace_encoded(0, bytes, stamp))
            .ok_or_else(|| self.bad_row(id))
    }

    fn bad_row(&self, id: ComponentId) -> WorldError {
        WorldError::BadRow {
            component: self.state.registry.kind(id).name().to_string(),
        }
    }

    fn no_resource_of(&self, id: ComponentId) -> WorldError {
        WorldError::NoResource {
            resource: self.state.registry.kind(id).name().to_string(),
        }
    }

    /// Whether others than the engine may write the component.
    pub(crate) fn check_foreign(&self, id: ComponentId) -> Result<(), WorldError> {
        let name = self.state.registry.kind(id).name();
        if name.starts_with("echo.") || self.state.registry.kind(id).relation().is_some() {
            return Err(WorldError::Reserved {
                component: name.to_string(),
            });
        }
        Ok(())
    }

    fn column_of(
        &self,
        entity: Entity,
        id: ComponentId,
    ) -> Result<(&dyn AnyColumn, usize), WorldError> {
        let location = self.state.locate(entity)?;
        let archetype = self.state.archetype(location.archetype);
        let index = archetype
            .index_of(id)
            .ok_or_else(|| missing(entity, self.state.registry.kind(id).name()))?;
        Ok((archetype.column(index), location.row as usize))
    }
}

/// Resources.
impl World {
    /// Sets a resource.
    ///
    /// # Errors
    /// [`WorldError::Unregistered`].
    pub fn set_resource<T: Component>(&mut self, value: T) -> Result<(), WorldError> {
        let id = id_of::<T>(&self.state.registry)?;
        let state = self.state_mut();
        let stamp = state.stamp;
        if state.resources.get(id).is_none() {
            state.resources.add(id, &state.registry);
        }
        let column = state.resources.get_mut(id).and_then(|column| {
            column
                .as_any_mut()
                .downcast_mut::<crate::column::Column<Vec<T>>>()
        });
        if let Some(column) = column {
            if column.len() == 0 {
                column.push(value, stamp, stamp);
            } else {
                let block = column.block_mut(0);
                block.rows[0] = value;
                block.changed.set_all(stamp);
            }
        }
        Ok(())
    }

    /// A resource.
    ///
    /// # Errors
    /// [`WorldError::Unregistered`] or [`WorldError::NoResource`].
    pub fn resource<T: Component>(&self) -> Result<&T, WorldError> {
        let id = id_of::<T>(&self.state.registry)?;
        self.state
            .resources
            .get(id)
            .and_then(|column| {
                column
                    .as_any()
                    .downcast_ref::<crate::column::Column<Vec<T>>>()
            })
            .map(|column| &column.block(0).rows[0])
            .ok_or_else(no_resource::<T>)
    }

    /// A resource for writing. It counts as changed.
    ///
    /// # Errors
    /// As [`World::resource`].
    pub fn resource_mut<T: Component>(&mut self) -> Result<&mut T, WorldError> {
        let id = id_of::<T>(&self.state.registry)?;
        if self.state.resources.get(id).is_none() {
            return Err(no_resource::<T>());
        }
        let state = self.state_mut();
        let stamp = state.stamp;
        let column = state
            .resources
            .get_mut(id)
            .and_then(|column| {
                column
                    .as_any_mut()
                    .downcast_mut::<crate::column::Column<Vec<T>>>()
            })
            .ok_or_else(no_resource::<T>)?;
        let block = column.block_mut(0);
        block.changed.set_all(stamp);
        Ok(&mut block.rows[0])
    }

    /// Takes a resource away; whether it was there.
    ///
    /// # Errors
    /// [`WorldError::Unregistered`].
    pub fn remove_resource<T: Component>(&mut self) -> Result<bool, WorldError> {
        let id = id_of::<T>(&self.state.registry)?;
        if self.state.resources.get(id).is_none() {
            return Ok(false);
        }
        Ok(self.state_mut().resources.remove(id))
    }
}

fn missing(entity: Entity, component: &str) -> WorldError {
    WorldError::Missing {
        entity,
        component: component.to_string(),
    }
}

pub(crate) fn no_resource<T: Component>() -> WorldError {
    WorldError::NoResource {
        resource: T::NAME.to_string(),
    }
}

/// The union of two sorted lists.
pub(crate) fn union(left: &[ComponentId], right: &[ComponentId]) -> Vec<ComponentId> {
    let mut both: Vec<ComponentId> = left.iter().chain(right).copied().collect();
    both.sort_unstable();
    both.dedup();
    both
}
