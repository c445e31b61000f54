//! Changes of structure: spawning, despawning, adding and removing components, one entity at a time or many at once.
//!
//! What a change means for the order of rows is `moves`' work. Here bundles find their columns, and the way from archetype
//! to archetype that a bundle took before is remembered.
//!
//! INVARIANT 1: many at once is exactly one after the other.
//! INVARIANT 2: an operation that gives an error changed nothing.
//! Tests: `tests/it/moves.rs`, `tests/it/twin.rs`, `tests/it/world.rs`.

use crate::bundle::{Bundle, Columns, check_bundle, places, sorted_ids};
use crate::entity::{Entity, Location};
use crate::error::WorldError;
use crate::registry::ComponentId;
use crate::shared::Shared;
use crate::stamp::Stamp;
use crate::world::{World, union};
use alloc::vec::Vec;
use core::any::TypeId;

/// Ways between archetypes that were taken before. Archetypes of a world are never removed, so a way stays right.
#[derive(Default)]
pub(crate) struct Routes {
    list: Vec<Route>,
    /// Which one goes when another comes.
    next: usize,
}

/// Where a bundle's components lead from an archetype.
struct Route {
    bundle: TypeId,
    way: Way,
    from: u32,
    to: u32,
    /// The places of the bundle's columns in the archetype `to`, where it is added.
    places: Vec<usize>,
    /// The bundle's components, as it has them, where it is added.
    ids: Vec<ComponentId>,
    /// Whether the archetype `from` has none of them.
    is_new: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Insert,
    Remove,
}

impl Routes {
    const LEN_MAX: usize = 16;

    #[inline]
    fn find(&self, bundle: TypeId, way: Way, from: u32) -> Option<usize> {
        self.list
            .iter()
            .position(|route| route.from == from && route.way == way && route.bundle == bundle)
    }

    fn add(&mut self, route: Route) -> usize {
        if self.list.len() < Routes::LEN_MAX {
            self.list.push(route);
            return self.list.len() - 1;
        }
        let index = self.next;
        self.next = (index + 1) % Routes::LEN_MAX;
        self.list[index] = route;
        index
    }
}

/// Spawning and despawning.
impl World {
    /// A new entity with these components.
    ///
    /// # Errors
    /// [`WorldError::Unregistered`], [`WorldError::Twice`] or [`WorldError::Full`].
    pub fn spawn<B: Bundle>(&mut self, bundle: B) -> Result<Entity, WorldError> {
        let mut spawned = self.spawn_batch(core::iter::once(bundle))?;
        spawned.pop().ok_or(WorldError::Full)
    }

    /// A new entity without components.
    ///
    /// # Errors
    /// [`WorldError::Full`].
    pub fn spawn_empty(&mut self) -> Result<Entity, WorldError> {
        let state = self.state_mut();
        let archetype = state.archetype_of(&[]);
        let row = state.archetype(archetype).len() as u32;
        let entity = Shared::make_mut(&mut state.entities)
            .allocate(Location { archetype, row })
            .ok_or(WorldError::Full)?;
        let column = state.archetype_mut(archetype).entities_mut();
        column.push(entity, Stamp::default(), Stamp::default());
        Ok(entity)
    }

    /// New entities, one for each bundle, in this order. Much faster than one at a time.
    ///
    /// # Errors
    /// As [`World::spawn`]; with [`WorldError::Full`] the entities for which there was room are there.
    pub fn spawn_batch<B, I>(&mut self, bundles: I) -> Result<Vec<Entity>, WorldError>
    where
        B: Bundle,
        I: IntoIterator<Item = B>,
    {
        let mut spawned = Vec::new();
        let is_full = self.spawn_into(bundles.into_iter(), &mut spawned)?;
        if is_full {
            return Err(WorldError::Full);
        }
        Ok(spawned)
    }

    /// As [`World::spawn_batch`]; whether there was no room for all of them.
    pub(crate) fn spawn_into<B: Bundle>(
        &mut self,
        mut bundles: impl Iterator<Item = B>,
        spawned: &mut Vec<Entity>,
    ) -> Result<bool, WorldError> {
        let mut ids = Vec::new();
        B::push_ids(&self.state.registry, &mut ids)?;
        let set = sorted_ids(&self.state.registry, &ids)?;
        let state = self.state_mut();
        let index = state.archetype_of(&set);
        let stamp = state.stamp;
        let places = places(state.archetype(index), &ids);
        let room = state.entities.room();
        let archetype = state.archetype_mut(index);
        let first_row = archetype.len();
        let mut taken = B::take(&mut Columns::new(archetype, &places));
        let count = append::<B>(&mut taken, &mut bundles, room, stamp);
        let is_full = count == room && bundles.next().is_some();
        B::give(taken, &mut Columns::new(archetype, &places));
        let first = Location {
            archetype: index,
            row: first_row as u32,
        };
        spawned.reserve(count);
        let start = spawned.len();
        Shared::make_mut(&mut state.entities).allocate_all(first, count, spawned);
        let column = state.archetype_mut(index).entities_mut();
        column.extend(&spawned[start..], Stamp::default());
        state.note_arrived(&spawned[start..], ids.iter().copied(), None);
        Ok(is_full)
    }

    /// Takes an entity with its components out of the world. Children stay and have no parent from then on; see
    /// [`World::despawn_tree`]. Those that point at it let go of it or go with it, as their relation says.
    ///
    /// # Errors
    /// [`WorldError::Dead`].
    pub fn despawn(&mut self, entity: Entity) -> Result<(), WorldError> {
        let at = self.state.locate(entity)?;
        if self.relations_of(at.archetype).is_empty() {
            self.detach_family(entity)?;
            return self.state_mut().despawn(entity);
        }
        for entity in self.doomed(entity)? {
            let archetype = self.state.locate(entity)?.archetype;
            for relation in self.relations_of(archetype) {
                (relation.detach)(self, entity)?;
            }
            self.detach_family(entity)?;
            self.state_mut().despawn(entity)?;
        }
        Ok(())
    }

    /// Those who go when an entity is despawned, in the order in which they go.
    pub(crate) fn doomed(&self, entity: Entity) -> Result<Vec<Entity>, WorldError> {
        // Whoever goes with somebody comes behind him in the list, and goes before him.
        let mut doomed = alloc::vec![entity];
        let mut at = 0;
        while let Some(entity) = doomed.get(at).copied() {
            let archetype = self.state.locate(entity)?.archetype;
            for relation in self.relations_of(archetype) {
                for follower in (relation.followers)(self, entity) {
                    if !doomed.contains(&follower) {
                        doomed.push(follower);
                    }
                }
            }
            at += 1;
        }
        doomed.reverse();
        Ok(doomed)
    }

    /// As [`World::despawn`] for each entity in order, faster.
    ///
    /// # Errors
    /// [`WorldError::Dead`] where one of them does not live or occurs twice.
    pub fn despawn_batch(&mut self, entities: &[Entity]) -> Result<(), WorldError> {
        self.check_alive(entities)?;
        let mut sorted = entities.to_vec();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(WorldError::Dead { entity: pair[0] });
        }
        let mut rest = entities;
        while !rest.is_empty() {
            rest = &rest[self.despawn_first(rest)..];
        }
        Ok(())
    }

    /// Despawns some entities of a list, from the first one on: as many as go at once. 0 where the first does not live.
    pub(crate) fn despawn_first(&mut self, entities: &[Entity]) -> usize {
        let first = entities
            .first()
            .map(|entity| (entity, self.state.locate(*entity)));
        let Some((entity, Ok(at))) = first else {
            return 0;
        };
        // Whoever has a family takes leave of it first, and that writes to others.
        let is_bound = self.has_family(at.archetype) || !self.relations_of(at.archetype).is_empty();
        if is_bound || entities.len() == 1 {
            return usize::from(self.despawn(*entity).is_ok());
        }
        self.state_mut().despawn_all(entities, at.archetype)
    }

    pub(crate) fn check_alive(&self, entities: &[Entity]) -> Result<(), WorldError> {
        entities
            .iter()
            .try_for_each(|entity| self.state.locate(*entity).map(|_| ()))
    }
}

/// Appends bundles block by block; how many.
fn append<B: Bundle>(
    taken: &mut B::Taken,
    bundles: &mut impl Iterator<Item = B>,
    count_max: usize,
    stamp: Stamp,
) -> usize {
    let mut count = 0;
    loop {
        let added = fill_block::<B>(taken, bundles, count_max - count, stamp);
        count += added;
        if added == 0 {
            return count;
        }
    }
}

/// Appends as many bundles as the last block has room for; how many.
fn fill_block<B: Bundle>(
    taken: &mut B::Taken,
    bundles: &mut impl Iterator<Item = B>,
    room_max: usize,
    stamp: Stamp,
) -> usize {
    let mut room = bundles.size_hint().0.max(1).min(room_max);
    if room == 0 {
        return 0;
    }
    let mut count = 0;
    {
        let mut tails = B::tails(taken, &mut room);
        while count < room {
            let Some(bundle) = bundles.next() else {
                break;
            };
            bundle.push(&mut tails);
            count += 1;
        }
    }
    B::grown(taken, count, stamp);
    count
}

/// Adding and removing components.
impl World {
    /// Adds the components; those the entity has already are overwritten.
    ///
    /// # Errors
    /// [`WorldError::Dead`], [`WorldError::Unregistered`] or [`WorldError::Twice`].
    pub fn insert<B: Bundle>(&mut self, entity: Entity, bundle: B) -> Result<(), WorldError> {
        let at = self.locate_for::<B>(entity)?;
        let index = self.insert_route::<B>(at.archetype)?;
        let route = &self.routes.list[index];
        let state = Shared::make_mut(&mut self.state);
        state.root = None;
        let row = if route.to == at.archetype {
            at.row
        } else {
            state.migrate(entity, at, route.to)
        };
        let stamp = state.stamp;
        let archetype = state.archetype_mut(route.to);
        let mut columns = Columns::new(archetype, &route.places);
        bundle.put_one(&mut columns, row as usize, stamp);
        state.note_arrived(&[entity], route.ids.iter().copied(), Some(at.archetype));
        Ok(())
    }

    /// As [`World::insert`] for each entity in order, much faster where neighbours in the list have the same components.
    ///
    /// # Errors
    /// As [`World::insert`].
    pub fn insert_batch<B: Bundle>(
        &mut self,
        rows: impl IntoIterator<Item = (Entity, B)>,
    ) -> Result<(), WorldError> {
        let (entities, bundles): (Vec<Entity>, Vec<B>) = rows.into_iter().unzip();
        self.check_alive(&entities)?;
        self.insert_run(&entities, bundles)
    }

    /// Adds components to entities that all live, a bundle for each.
    pub(crate) fn insert_run<B: Bundle>(
        &mut self,
        entities: &[Entity],
        bundles: Vec<B>,
    ) -> Result<(), WorldError> {
        let mut bundles = bundles.into_iter();
        let mut rest = entities;
        while let Some(entity) = rest.first() {
            let from = self.state.locate(*entity)?.archetype;
            let index = self.insert_route::<B>(from)?;
            let neighbours = self.neighbours(rest, from);
            let route = &self.routes.list[index];
            let state = Shared::make_mut(&mut self.state);
            state.root = None;
            let stamp = state.stamp;
            let (count, first) = if route.to == from {
                (neighbours, None)
            } else {
                let (count, first) = state.migrate_all(&rest[..neighbours], from, route.to);
                (count, Some(first))
            };
            let mut arriving = bundles.by_ref().take(count);
            let places = &route.places;
            let mut taken = B::take(&mut Columns::new(state.archetype_mut(route.to), places));
            if route.is_new {
                append::<B>(&mut taken, &mut arriving, count, stamp);
            } else {
                for (offset, (entity, bundle)) in rest.iter().zip(arriving).enumerate() {
                    let row = match first {
                        Some(first) => first as usize + offset,
                        None => state.locate(*entity)?.row as usize,
                    };
                    bundle.put(&mut taken, row, stamp);
                }
            }
            B::give(
                taken,
                &mut Columns::new(state.archetype_mut(route.to), places),
            );
            state.note_arrived(&rest[..count], route.ids.iter().copied(), Some(from));
            rest = &rest[count..];
        }
        Ok(())
    }

    /// Takes the components of the bundle `B` away; those the entity does not have are passed over.
    ///
    /// # Errors
    /// [`WorldError::Dead`] or [`WorldError::Unregistered`].
    pub fn remove<B: Bundle>(&mut self, entity: Entity) -> Result<(), WorldError> {
        let at = self.locate_for::<B>(entity)?;
        let index = self.remove_route::<B>(at.archetype)?;
        let to = self.routes.list[index].to;
        if to != at.archetype {
            self.state_mut().migrate(entity, at, to);
        }
        Ok(())
    }

    /// As [`World::remove`] for each entity in order, much faster where neighbours in the list have the same components.
    ///
    /// # Errors
    /// As [`World::remove`].
    pub fn remove_batch<B: Bundle>(&mut self, entities: &[Entity]) -> Result<(), WorldError> {
        self.check_alive(entities)?;
        self.remove_run::<B>(entities)
    }

    /// Takes components of entities away that all live.
    pub(crate) fn remove_run<B: Bundle>(&mut self, entities: &[Entity]) -> Result<(), WorldError> {
        let mut rest = entities;
        while let Some(entity) = rest.first() {
            let from = self.state.locate(*entity)?.archetype;
            let index = self.remove_route::<B>(from)?;
            let to = self.routes.list[index].to;
            let neighbours = self.neighbours(rest, from);
            let count = if to == from {
                neighbours
            } else {
                let (count, _) = self.state_mut().migrate_all(&rest[..neighbours], from, to);
                count
            };
            rest = &rest[count..];
        }
        Ok(())
    }

    /// Takes components away; those the entity does not have are passed over.
    ///
    /// # Errors
    /// [`WorldError::Dead`] or [`WorldError::Reserved`].
    pub fn remove_ids(&mut self, entity: Entity, ids: &[ComponentId]) -> Result<(), WorldError> {
        for id in ids {
            self.check_foreign(*id)?;
        }
        let at = self.state.locate(entity)?;
        let components = self.state.archetype(at.archetype).components();
        let rest = without(components, ids);
        if rest.len() < components.len() {
            let state = self.state_mut();
            let target = state.archetype_of(&rest);
            state.migrate(entity, at, target);
        }
        Ok(())
    }

    /// Where the entity is; a bundle that cannot be is told before an entity that does not live.
    #[inline]
    fn locate_for<B: Bundle>(&self, entity: Entity) -> Result<Location, WorldError> {
        match self.state.entities.locate(entity) {
            Some(location) => Ok(location),
            None => Err(self.nowhere::<B>(entity)),
        }
    }

    #[cold]
    fn nowhere<B: Bundle>(&self, entity: Entity) -> WorldError {
        let checked = check_bundle::<B>(&self.state.registry);
        checked.err().unwrap_or(WorldError::Dead { entity })
    }

    /// How many entities of the list, from the first on, are in an archetype.
    fn neighbours(&self, entities: &[Entity], archetype: u32) -> usize {
        let is_here = |entity: &&Entity| {
            let at = self.state.entities.locate(**entity);
            at.is_some_and(|at| at.archetype == archetype)
        };
        entities.iter().take_while(is_here).count()
    }

    /// The way of entities of an archetype that get a bundle.
    #[inline]
    fn insert_route<B: Bundle>(&mut self, from: u32) -> Result<usize, WorldError> {
        match self.routes.find(TypeId::of::<B>(), Way::Insert, from) {
            Some(index) => Ok(index),
            None => self.new_insert_route::<B>(from),
        }
    }

    #[cold]
    fn new_insert_route<B: Bundle>(&mut self, from: u32) -> Result<usize, WorldError> {
        let bundle = TypeId::of::<B>();
        let mut ids = Vec::new();
        B::push_ids(&self.state.registry, &mut ids)?;
        let set = sorted_ids(&self.state.registry, &ids)?;
        let state = self.state_mut();
        let target = union(state.archetype(from).components(), &set);
        let to = state.archetype_of(&target);
        let route = Route {
            bundle,
            way: Way::Insert,
            from,
            to,
            places: places(state.archetype(to), &ids),
            is_new: !ids.iter().any(|id| state.archetype(from).has(*id)),
            ids,
        };
        Ok(self.routes.add(route))
    }

    /// The way of entities of an archetype that lose a bundle.
    #[inline]
    fn remove_route<B: Bundle>(&mut self, from: u32) -> Result<usize, WorldError> {
        match self.routes.find(TypeId::of::<B>(), Way::Remove, from) {
            Some(index) => Ok(index),
            None => self.new_remove_route::<B>(from),
        }
    }

    #[cold]
    fn new_remove_route<B: Bundle>(&mut self, from: u32) -> Result<usize, WorldError> {
        let bundle = TypeId::of::<B>();
        let mut ids = Vec::new();
        B::push_ids(&self.state.registry, &mut ids)?;
        for id in &ids {
            self.check_foreign(*id)?;
        }
        let components = self.state.archetype(from).components();
        let rest = without(components, &ids);
        let to = if rest.len() < components.len() {
            self.state_mut().archetype_of(&rest)
        } else {
            from
        };
        let route = Route {
            bundle,
            way: Way::Remove,
            from,
            to,
            places: Vec::new(),
            ids: Vec::new(),
            is_new: false,
        };
        Ok(self.routes.add(route))
    }
}

/// A sorted list without some ids.
fn without(components: &[ComponentId], ids: &[ComponentId]) -> Vec<ComponentId> {
    components
        .iter()
        .copied()
        .filter(|id| !ids.contains(id))
        .collect()
}
