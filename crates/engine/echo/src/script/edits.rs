//! What scripts ask for, written down compactly and done in order when their moment is over.
//!
//! A script that writes to a hundred thousand entities makes as many edits, so they lie in two lists and no edit has memory
//! of its own. Nobody else makes or ends entities between a script's call and its edits; so the handle that a new entity
//! will get is known at once, and a script can go on with it.
//!
//! INVARIANT: the handle that was promised for a new entity is the one it gets.
//! Tests: `tests/it/script_api.rs`, `tests/it/script_twin.rs`.

use super::terms::Part;
use crate::entity::{Entity, Location};
use crate::error::WorldError;
use crate::registry::ComponentId;
use crate::shared::Shared;
use crate::stamp::Stamp;
use crate::world::World;
use alloc::collections::BTreeSet;
use alloc::string::ToString;
use alloc::vec::Vec;

/// A part of the list of bytes.
#[derive(Clone, Copy)]
struct Bytes {
    start: u32,
    size: u32,
}

enum Edit {
    /// A new entity with `count` of the listed rows, from `first` on.
    Spawn {
        promised: Entity,
        first: u32,
        count: u32,
    },
    Despawn(Entity),
    /// A component with a row of its own, or another row.
    Add(Entity, ComponentId, Bytes),
    Remove(Entity, ComponentId),
    /// Bytes of a component that is there.
    Set {
        entity: Entity,
        id: ComponentId,
        offset: u32,
        bytes: Bytes,
    },
    /// The last child of another one from now on, or nobody's.
    SetParent(Entity, Option<Entity>),
    /// An edge of a relation, or none from now on.
    Link(Entity, ComponentId, Option<Entity>),
    /// Bytes of a resource, which is blank before if it was not there.
    SetResource {
        id: ComponentId,
        offset: u32,
        bytes: Bytes,
    },
}

/// Edits in order.
#[derive(Default)]
pub(crate) struct Edits {
    list: Vec<Edit>,
    rows: Vec<(ComponentId, Bytes)>,
    bytes: Vec<u8>,
    /// Components that edits add.
    added: BTreeSet<(Entity, ComponentId)>,
    /// Rows that resources have which are not there yet.
    blanks: Vec<(ComponentId, Vec<u8>)>,
}

impl Edits {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    fn keep(&mut self, bytes: &[u8]) -> Bytes {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        Bytes {
            start,
            size: bytes.len() as u32,
        }
    }

    fn bytes(&self, bytes: Bytes) -> &[u8] {
        let start = bytes.start as usize;
        &self.bytes[start..start + bytes.size as usize]
    }

    /// Whether there is room for so many bytes more; places in the list have 32 bits.
    pub(crate) fn has_room(&self, size: usize) -> bool {
        self.bytes.len() + size < u32::MAX as usize && self.rows.len() < (u32::MAX as usize) / 2
    }

    /// Rows by component, each once.
    pub(crate) fn spawn(&mut self, promised: Entity, rows: &[(ComponentId, Vec<u8>)]) {
        let first = self.rows.len() as u32;
        for (id, row) in rows {
            let bytes = self.keep(row);
            self.rows.push((*id, bytes));
        }
        self.list.push(Edit::Spawn {
            promised,
            first,
            count: rows.len() as u32,
        });
    }

    pub(crate) fn despawn(&mut self, entity: Entity) {
        self.list.push(Edit::Despawn(entity));
    }

    pub(crate) fn add(&mut self, entity: Entity, id: ComponentId, row: &[u8]) {
        let bytes = self.keep(row);
        self.list.push(Edit::Add(entity, id, bytes));
        self.added.insert((entity, id));
    }

    /// Whether an edit gives the entity the component.
    pub(crate) fn adds(&self, entity: Entity, id: ComponentId) -> bool {
        self.added.contains(&(entity, id))
    }

    pub(crate) fn remove(&mut self, entity: Entity, id: ComponentId) {
        self.list.push(Edit::Remove(entity, id));
    }

    pub(crate) fn set(&mut self, entity: Entity, id: ComponentId, offset: usize, bytes: &[u8]) {
        let bytes = self.keep(bytes);
        self.list.push(Edit::Set {
            entity,
            id,
            offset: offset as u32,
            bytes,
        });
    }

    /// As [`Edits::set`] of one field, whose bytes are written in place.
    ///
    /// # Errors
    /// That of `write`; nothing is noted then.
    pub(crate) fn set_with<E>(
        &mut self,
        entity: Entity,
        id: ComponentId,
        part: Part,
        write: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        self.bytes.resize(start + part.size as usize, 0);
        if let Err(error) = write(&mut self.bytes[start..]) {
            self.bytes.truncate(start);
            return Err(error);
        }
        self.list.push(Edit::Set {
            entity,
            id,
            offset: part.offset,
            bytes: Bytes {
                start: start as u32,
                size: part.size,
            },
        });
        Ok(())
    }

    pub(crate) fn set_parent(&mut self, child: Entity, parent: Option<Entity>) {
        self.list.push(Edit::SetParent(child, parent));
    }

    pub(crate) fn link(&mut self, source: Entity, id: ComponentId, target: Option<Entity>) {
        self.list.push(Edit::Link(source, id, target));
    }

    /// `blank` is the row that the resource has before, if it is not there.
    pub(crate) fn set_resource(
        &mut self,
        id: ComponentId,
        offset: usize,
        bytes: &[u8],
        blank: impl FnOnce() -> Vec<u8>,
    ) {
        if !self.blanks.iter().any(|(other, _)| *other == id) {
            self.blanks.push((id, blank()));
        }
        let bytes = self.keep(bytes);
        self.list.push(Edit::SetResource {
            id,
            offset: offset as u32,
            bytes,
        });
    }

    /// Does everything in order; what could not be done is told and left out.
    pub(crate) fn apply(&self, world: &mut World, refused: &mut Vec<WorldError>) {
        let mut scratch = Vec::new();
        let mut rest = &self.list[..];
        while let Some(edit) = rest.first() {
            if let Edit::Set { entity, id, .. } = edit {
                let count = self.set_rows(world, *entity, *id, rest, &mut scratch);
                if count > 0 {
                    rest = &rest[count..];
                    continue;
                }
            }
            let (count, result) = match edit {
                Edit::Set { entity, id, .. } => {
                    let count = same_row(rest, *entity, *id);
                    let result = self.set_row(world, *entity, *id, &rest[..count], &mut scratch);
                    (count, result)
                }
                edit => (1, self.apply_one(edit, world)),
            };
            if let Err(error) = result {
                refused.push(error);
            }
            rest = &rest[count..];
        }
    }

    fn apply_one(&self, edit: &Edit, world: &mut World) -> Result<(), WorldError> {
        match edit {
            Edit::Spawn {
                promised,
                first,
                count,
            } => {
                let (first, count) = (*first as usize, *count as usize);
                self.spawn_rows(world, *promised, &self.rows[first..first + count])
            }
            Edit::Despawn(entity) => world.despawn(*entity),
            Edit::Add(entity, id, bytes) => world.insert_row(*entity, *id, self.bytes(*bytes)),
            Edit::Remove(entity, id) => world.remove_ids(*entity, &[*id]),
            Edit::SetParent(child, Some(parent)) => world.set_parent(*child, *parent),
            Edit::SetParent(child, None) => world.clear_parent(*child),
            Edit::Link(source, id, target) => link(world, *source, *id, *target),
            Edit::SetResource { id, offset, bytes } => {
                self.patch_resource(world, *id, *offset as usize, self.bytes(*bytes))
            }
            // Done together with its neighbours.
            Edit::Set { .. } => Ok(()),
        }
    }

    fn spawn_rows(
        &self,
        world: &mut World,
        promised: Entity,
        rows: &[(ComponentId, Bytes)],
    ) -> Result<(), WorldError> {
        let mut set: Vec<ComponentId> = rows.iter().map(|(id, _)| *id).collect();
        set.sort_unstable();
        let state = world.state_mut();
        let (index, stamp) = (state.archetype_of(&set), state.stamp);
        let location = Location {
            archetype: index,
            row: state.archetype(index).len() as u32,
        };
        let table = Shared::make_mut(&mut state.entities);
        if table.upcoming() != Some(promised) {
            // Whoever reacts to commands made an entity of his own before.
            return Err(WorldError::Dead { entity: promised });
        }
        let entity = table.allocate(location).ok_or(WorldError::Full)?;
        let archetype = state.archetype_mut(index);
        archetype
            .entities_mut()
            .push(entity, Stamp::default(), Stamp::default());
        for (id, bytes) in rows {
            let place = archetype.index_of(*id);
            let pushed = place.and_then(|place| {
                let column = archetype.column_mut(place);
                column.push_encoded(self.bytes(*bytes), stamp)
            });
            pushed.expect("rows are checked when they are written down");
        }
        state.note_arrived(&[entity], set.iter().copied(), None);
        Ok(())
    }

    /// Changes rows of one component in one archetype as long as the edits are of such; how many were done. The first one
    /// that is anything else, or cannot be done, is left to [`Edits::set_row`], which says why.
    fn set_rows(
        &self,
        world: &mut World,
        first: Entity,
        id: ComponentId,
        edits: &[Edit],
        scratch: &mut Vec<u8>,
    ) -> usize {
        let state = world.state();
        let place = state.locate(first).ok().and_then(|location| {
            let archetype = state.archetype(location.archetype);
            Some((location.archetype, archetype.index_of(id)?))
        });
        let Some((archetype, index)) = place.filter(|_| world.check_foreign(id).is_ok()) else {
            return 0;
        };
        let state = world.state_mut();
        let stamp = state.stamp;
        let slot = &mut state.archetypes[archetype as usize];
        slot.digest = None;
        let column = Shared::make_mut(&mut slot.archetype).column_mut(index);
        let mut rest = edits;
        while let Some(Edit::Set {
            entity,
            id: other_id,
            ..
        }) = rest.first()
        {
            let location = state.entities.locate(*entity);
            let location = location.filter(|location| location.archetype == archetype);
            let Some(location) = location.filter(|_| *other_id == id) else {
                break;
            };
            let count = same_row(rest, *entity, id);
            let mut change = |row: &mut [u8]| {
                for edit in &rest[..count] {
                    if let Edit::Set { offset, bytes, .. } = edit {
                        patch(row, *offset as usize, self.bytes(*bytes));
                    }
                }
            };
            if column
                .patch(location.row as usize, scratch, &mut change, stamp)
                .is_none()
            {
                break;
            }
            rest = &rest[count..];
        }
        edits.len() - rest.len()
    }

    /// Several changes of one row as one.
    fn set_row(
        &self,
        world: &mut World,
        entity: Entity,
        id: ComponentId,
        edits: &[Edit],
        scratch: &mut Vec<u8>,
    ) -> Result<(), WorldError> {
        let stamp = world.state().stamp;
        scratch.clear();
        world.read_row(entity, id, scratch)?;
        for edit in edits {
            if let Edit::Set { offset, bytes, .. } = edit {
                patch(scratch, *offset as usize, self.bytes(*bytes));
            }
        }
        world.replace_row(entity, id, scratch, stamp)
    }

    fn patch_resource(
        &self,
        world: &mut World,
        id: ComponentId,
        offset: usize,
        bytes: &[u8],
    ) -> Result<(), WorldError> {
        let mut row = match world.resource_row(id) {
            Ok(row) => row,
            Err(_) => {
                let blank = self.blanks.iter().find(|(other, _)| *other == id);
                blank.map(|(_, row)| row.clone()).unwrap_or_default()
            }
        };
        patch(&mut row, offset, bytes);
        world.set_resource_row(id, &row)
    }
}

fn link(
    world: &mut World,
    source: Entity,
    id: ComponentId,
    target: Option<Entity>,
) -> Result<(), WorldError> {
    let kind = world.registry().kind(id);
    match (kind.relation(), target) {
        (Some(relation), Some(target)) => (relation.link)(world, source, target),
        (Some(relation), None) => (relation.unlink)(world, source),
        (None, _) => Err(WorldError::Unregistered {
            component: kind.name().to_string(),
        }),
    }
}

fn patch(row: &mut [u8], offset: usize, bytes: &[u8]) {
    row[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// How many edits at the front set bytes of this row.
fn same_row(edits: &[Edit], wanted: Entity, wanted_id: ComponentId) -> usize {
    let is_same = |edit: &&Edit| matches!(edit, Edit::Set { entity, id, .. } if *entity == wanted && *id == wanted_id);
    edits.iter().take_while(is_same).count()
}

/// Resources by id, as canonical bytes.
impl World {
    /// Sets a resource by canonical bytes.
    ///
    /// # Errors
    /// [`WorldError::Reserved`] or [`WorldError::BadRow`].
    pub fn set_resource_row(&mut self, id: ComponentId, bytes: &[u8]) -> Result<(), WorldError> {
        let kind = self.registry().kind(id);
        let name = kind.name();
        if name.starts_with("echo.") {
            let component = name.to_string();
            return Err(WorldError::Reserved { component });
        }
        if !kind.schema().accepts(bytes) {
            let component = name.to_string();
            return Err(WorldError::BadRow { component });
        }
        let state = self.state_mut();
        let stamp = state.stamp;
        if state.resources.get(id).is_none() {
            let column = state.resources.add(id, &state.registry);
            column.push_encoded(bytes, stamp);
        } else if let Some(column) = state.resources.get_mut(id) {
            column.replace_encoded(0, bytes, stamp);
        }
        Ok(())
    }

    /// Appends the canonical bytes of an entity's component.
    pub(crate) fn read_row(
        &self,
        entity: Entity,
        id: ComponentId,
        output: &mut Vec<u8>,
    ) -> Result<(), WorldError> {
        let location = self.state().locate(entity)?;
        let archetype = self.state().archetype(location.archetype);
        match archetype.index_of(id) {
            Some(index) => {
                let column = archetype.column(index);
                column.encode_row(location.row as usize, output);
                Ok(())
            }
            None => Err(WorldError::Missing {
                entity,
                component: self.registry().kind(id).name().to_string(),
            }),
        }
    }
}

/// Which handles new entities will get, and who is there, while edits are only written down.
pub(crate) struct Promises {
    free_head: u32,
    slot_count: usize,
    /// Slots that edits free, the last one on top.
    freed: Vec<Entity>,
    spawned: BTreeSet<Entity>,
    gone: BTreeSet<Entity>,
}

/// Whether an entity can be asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It lives.
    There,
    /// It was asked for, and lives when the edits are done.
    ToCome,
    /// It was ended, before or by an edit.
    Gone,
}

impl Promises {
    pub(crate) fn new(world: &World) -> Promises {
        let table = &world.state().entities;
        Promises {
            free_head: table.free_head(),
            slot_count: table.slot_count(),
            freed: Vec::new(),
            spawned: BTreeSet::new(),
            gone: BTreeSet::new(),
        }
    }

    pub(crate) fn presence(&self, world: &World, entity: Entity) -> Presence {
        if self.gone.contains(&entity) {
            Presence::Gone
        } else if world.is_alive(entity) {
            Presence::There
        } else if self.spawned.contains(&entity) {
            Presence::ToCome
        } else {
            Presence::Gone
        }
    }

    /// The handle of the next new entity; `None` where there is no room.
    pub(crate) fn spawn(&mut self, world: &World) -> Option<Entity> {
        let table = &world.state().entities;
        let entity = if let Some(freed) = self.freed.pop() {
            Entity::new(freed.index(), freed.generation() + 1)
        } else if let Some((generation, link)) = table.free_slot(self.free_head) {
            let entity = Entity::new(self.free_head, generation + 1);
            self.free_head = link;
            entity
        } else {
            if table.room() <= self.slot_count - table.slot_count() {
                return None;
            }
            self.slot_count += 1;
            Entity::new(self.slot_count as u32 - 1, 1)
        };
        self.spawned.insert(entity);
        Some(entity)
    }

    /// Notes that an entity that is there, or to come, ends.
    pub(crate) fn despawn(&mut self, entity: Entity) {
        self.gone.insert(entity);
        if entity.generation() < u32::MAX {
            self.freed.push(entity);
        }
    }
}
