//! Commands: changes of structure that a system asks for and that are made at the end of the phase.
//!
//! A system cannot spawn or despawn while others read. It writes down what it wants; the buffers of all systems are
//! applied in the order of the schedule, and the parts of one system in the order of its rows, so the result does not
//! depend on who ran when. A command about an entity that is gone by then does nothing and is told in the report.
//!
//! INVARIANT: applying commands cannot fail and depends only on the world and the order of commands.
//! Tests: `tests/it/schedule.rs`.

use crate::bundle::Bundle;
use crate::component::Component;
use crate::entity::Entity;
use crate::error::WorldError;
use crate::registry::ComponentId;
use crate::world::World;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// An entity that a command will spawn, for later commands of the same buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEntity(u32);

/// Whom a command is about: an entity that lives, or one that an earlier command of the same buffer spawns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// An entity that is there already.
    Living(Entity),
    /// An entity to come.
    New(NewEntity),
}

impl From<Entity> for Whom {
    fn from(entity: Entity) -> Whom {
        Whom::Living(entity)
    }
}

impl From<NewEntity> for Whom {
    fn from(entity: NewEntity) -> Whom {
        Whom::New(entity)
    }
}

/// What is asked for, in order.
#[derive(Default)]
pub struct Commands {
    list: Vec<Command>,
    spawned: u32,
}

enum Command {
    Spawn(Option<Box<dyn Put>>),
    Despawn(Whom),
    DespawnTree(Whom),
    Insert(Whom, Box<dyn Put>),
    InsertRow(Whom, ComponentId, Box<[u8]>),
    Remove(Whom, fn(&mut World, Entity) -> Result<(), WorldError>),
    RemoveIds(Whom, Box<[ComponentId]>),
    SetParent(Whom, Whom),
    ClearParent(Whom),
    SetResource(Box<dyn PutResource>),
}

/// A bundle whose type only it knows.
trait Put: Send + Sync {
    fn put(self: Box<Self>, world: &mut World, entity: Entity) -> Result<(), WorldError>;
    fn spawn(self: Box<Self>, world: &mut World) -> Result<Entity, WorldError>;
}

impl<B: Bundle> Put for B {
    fn put(self: Box<B>, world: &mut World, entity: Entity) -> Result<(), WorldError> {
        world.insert(entity, *self)
    }

    fn spawn(self: Box<B>, world: &mut World) -> Result<Entity, WorldError> {
        world.spawn(*self)
    }
}

/// A resource whose type only it knows.
trait PutResource: Send + Sync {
    fn put(self: Box<Self>, world: &mut World) -> Result<(), WorldError>;
}

impl<T: Component> PutResource for T {
    fn put(self: Box<T>, world: &mut World) -> Result<(), WorldError> {
        world.set_resource(*self)
    }
}

impl Commands {
    /// Spawns an entity with these components.
    pub fn spawn<B: Bundle>(&mut self, bundle: B) -> NewEntity {
        self.push_spawn(Some(Box::new(bundle)))
    }

    /// Spawns an entity without components.
    pub fn spawn_empty(&mut self) -> NewEntity {
        self.push_spawn(None)
    }

    fn push_spawn(&mut self, bundle: Option<Box<dyn Put>>) -> NewEntity {
        self.list.push(Command::Spawn(bundle));
        self.spawned += 1;
        NewEntity(self.spawned - 1)
    }

    /// Despawns an entity.
    pub fn despawn(&mut self, whom: impl Into<Whom>) {
        self.list.push(Command::Despawn(whom.into()));
    }

    /// Despawns an entity with all below it.
    pub fn despawn_tree(&mut self, whom: impl Into<Whom>) {
        self.list.push(Command::DespawnTree(whom.into()));
    }

    /// Adds components, or overwrites them.
    pub fn insert<B: Bundle>(&mut self, whom: impl Into<Whom>, bundle: B) {
        let bundle = Box::new(bundle);
        self.list.push(Command::Insert(whom.into(), bundle));
    }

    /// Adds a component by its canonical bytes, or overwrites it.
    pub fn insert_row(&mut self, whom: impl Into<Whom>, id: ComponentId, bytes: &[u8]) {
        let command = Command::InsertRow(whom.into(), id, Box::from(bytes));
        self.list.push(command);
    }

    /// Takes components away.
    pub fn remove<B: Bundle>(&mut self, whom: impl Into<Whom>) {
        let command = Command::Remove(whom.into(), World::remove::<B>);
        self.list.push(command);
    }

    /// Takes components away by their ids.
    pub fn remove_ids(&mut self, whom: impl Into<Whom>, ids: &[ComponentId]) {
        let command = Command::RemoveIds(whom.into(), Box::from(ids));
        self.list.push(command);
    }

    /// Makes an entity the last child of another one.
    pub fn set_parent(&mut self, child: impl Into<Whom>, parent: impl Into<Whom>) {
        let command = Command::SetParent(child.into(), parent.into());
        self.list.push(command);
    }

    /// Makes an entity nobody's child.
    pub fn clear_parent(&mut self, child: impl Into<Whom>) {
        self.list.push(Command::ClearParent(child.into()));
    }

    /// Sets a resource.
    pub fn set_resource<T: Component>(&mut self, value: T) {
        self.list.push(Command::SetResource(Box::new(value)));
    }

    /// How many commands there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Does everything in order; what could not be done is told and left out.
    pub(crate) fn apply(self, world: &mut World, refused: &mut Vec<WorldError>) {
        let mut spawned: Vec<Entity> = Vec::with_capacity(self.spawned as usize);
        for command in self.list {
            if let Err(error) = command.apply(world, &mut spawned) {
                refused.push(error);
            }
        }
    }
}

impl Command {
    fn apply(self, world: &mut World, spawned: &mut Vec<Entity>) -> Result<(), WorldError> {
        let find = |whom: Whom, spawned: &[Entity]| match whom {
            Whom::Living(entity) => entity,
            // A handle of another buffer may not be among ours; then nobody is meant.
            Whom::New(NewEntity(index)) => {
                spawned.get(index as usize).copied().unwrap_or(Entity::NULL)
            }
        };
        match self {
            Command::Spawn(bundle) => {
                let entity = match bundle {
                    Some(bundle) => bundle.spawn(world),
                    None => world.spawn_empty(),
                };
                // Later handles count on this place, whatever happened.
                spawned.push(entity.clone().unwrap_or(Entity::NULL));
                entity.map(|_| ())
            }
            Command::Despawn(whom) => world.despawn(find(whom, spawned)),
            Command::DespawnTree(whom) => world.despawn_tree(find(whom, spawned)).map(|_| ()),
            Command::Insert(whom, bundle) => bundle.put(world, find(whom, spawned)),
            Command::InsertRow(whom, id, bytes) => {
                world.insert_row(find(whom, spawned), id, &bytes)
            }
            Command::Remove(whom, remove) => remove(world, find(whom, spawned)),
            Command::RemoveIds(whom, ids) => world.remove_ids(find(whom, spawned), &ids),
            Command::SetParent(child, parent) => {
                world.set_parent(find(child, spawned), find(parent, spawned))
            }
            Command::ClearParent(child) => world.clear_parent(find(child, spawned)),
            Command::SetResource(value) => value.put(world),
        }
    }
}
