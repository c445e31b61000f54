//! Commands: changes of structure that a system asks for and that are made at the end of the phase.
//!
//! A system cannot spawn or despawn while others read. It writes down what it wants; the buffers of all systems are
//! applied in the order of the schedule, and the parts of one system in the order of its rows, so the result does not
//! depend on who ran when. A command about an entity that is gone by then does nothing and is told in the report.
//!
//! INVARIANT: applying commands cannot fail and depends only on the world and the order of commands.
//! Tests: `tests/it/schedule.rs`.

use crate::bundle::{Bundle, check_bundle};
use crate::component::Component;
use crate::entity::Entity;
use crate::error::WorldError;
use crate::registry::ComponentId;
use crate::relation::Relation;
use crate::script::Edits;
use crate::template::Template;
use crate::world::World;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;
use core::marker::PhantomData;

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
    list: Vec<Box<dyn Run>>,
    len: usize,
    spawned: u32,
}

/// Commands of one kind that follow one another, in order. A buffer has one box for each run and not for each command, and
/// what goes the same way is moved at once.
trait Run: Any + Send + Sync {
    /// Does everything in order; what could not be done is told and left out.
    fn apply(self: Box<Self>, world: &mut World, found: &mut Found<'_>);
}

/// Whom commands of a buffer mean, and what could not be done.
struct Found<'a> {
    spawned: Vec<Entity>,
    refused: &'a mut Vec<WorldError>,
}

impl Found<'_> {
    fn find(&self, whom: Whom) -> Entity {
        match whom {
            Whom::Living(entity) => entity,
            // A handle of another buffer may not be among ours; then nobody is meant.
            Whom::New(NewEntity(index)) => {
                let found = self.spawned.get(index as usize);
                found.copied().unwrap_or(Entity::NULL)
            }
        }
    }

    fn tell(&mut self, result: Result<(), WorldError>) {
        self.refused.extend(result.err());
    }

    /// Those who live, with what belongs to them; the others are told in their order.
    fn living<T>(&mut self, world: &World, all: Vec<(Whom, T)>) -> (Vec<Entity>, Vec<T>) {
        let mut living = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
        for (whom, what) in all {
            let entity = self.find(whom);
            match world.state().locate(entity) {
                Ok(_) => {
                    living.0.push(entity);
                    living.1.push(what);
                }
                Err(error) => self.refused.push(error),
            }
        }
        living
    }
}

impl Commands {
    /// Spawns an entity with these components.
    pub fn spawn<B: Bundle>(&mut self, bundle: B) -> NewEntity {
        self.run(|| Spawns::<B>(Vec::new())).0.push(bundle);
        self.next_entity()
    }

    /// Spawns an entity without components.
    pub fn spawn_empty(&mut self) -> NewEntity {
        self.run(|| SpawnsEmpty(0)).0 += 1;
        self.next_entity()
    }

    const fn next_entity(&mut self) -> NewEntity {
        self.spawned += 1;
        NewEntity(self.spawned - 1)
    }

    /// Despawns an entity.
    pub fn despawn(&mut self, whom: impl Into<Whom>) {
        self.run(|| Despawns(Vec::new())).0.push(whom.into());
    }

    /// Despawns an entity with all below it.
    pub fn despawn_tree(&mut self, whom: impl Into<Whom>) {
        let whom = whom.into();
        self.single(move |world, found| world.despawn_tree(found.find(whom)).map(|_| ()));
    }

    /// Adds components, or overwrites them.
    pub fn insert<B: Bundle>(&mut self, whom: impl Into<Whom>, bundle: B) {
        let run = self.run(|| Inserts::<B>(Vec::new()));
        run.0.push((whom.into(), bundle));
    }

    /// Adds a component by its canonical bytes, or overwrites it.
    pub fn insert_row(&mut self, whom: impl Into<Whom>, id: ComponentId, bytes: &[u8]) {
        let (whom, bytes) = (whom.into(), Box::<[u8]>::from(bytes));
        self.single(move |world, found| world.insert_row(found.find(whom), id, &bytes));
    }

    /// Takes components away.
    pub fn remove<B: Bundle>(&mut self, whom: impl Into<Whom>) {
        let run = self.run(|| Removes::<B>(Vec::new(), PhantomData));
        run.0.push((whom.into(), ()));
    }

    /// Takes components away by their ids.
    pub fn remove_ids(&mut self, whom: impl Into<Whom>, ids: &[ComponentId]) {
        let (whom, ids) = (whom.into(), Box::<[ComponentId]>::from(ids));
        self.single(move |world, found| world.remove_ids(found.find(whom), &ids));
    }

    /// Makes an entity the last child of another one.
    pub fn set_parent(&mut self, child: impl Into<Whom>, parent: impl Into<Whom>) {
        let (child, parent) = (child.into(), parent.into());
        self.single(move |world, found| world.set_parent(found.find(child), found.find(parent)));
    }

    /// Makes an entity nobody's child.
    pub fn clear_parent(&mut self, child: impl Into<Whom>) {
        let child = child.into();
        self.single(move |world, found| world.clear_parent(found.find(child)));
    }

    /// Lets an entity point at another one.
    pub fn link<R: Relation>(&mut self, source: impl Into<Whom>, target: impl Into<Whom>) {
        let (source, target) = (source.into(), target.into());
        self.single(move |world, found| world.link::<R>(found.find(source), found.find(target)));
    }

    /// Lets an entity let go of its target.
    pub fn unlink<R: Relation>(&mut self, source: impl Into<Whom>) {
        let source = source.into();
        self.single(move |world, found| world.unlink::<R>(found.find(source)));
    }

    /// Spawns what a template says.
    pub fn spawn_template(&mut self, template: &Template) -> NewEntity {
        let template = template.clone();
        self.len += 1;
        self.list.push(Box::new(Templates(template)));
        self.next_entity()
    }

    /// Sets a resource.
    pub fn set_resource<T: Component>(&mut self, value: T) {
        self.single(move |world, _| world.set_resource(value));
    }

    /// What scripts ask for.
    pub(crate) fn edits(&mut self, edits: Edits) {
        if edits.len() > 0 {
            self.len += edits.len();
            self.list.push(Box::new(edits));
        }
    }

    /// How many commands there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The run that one more command belongs to: the last one, if it is of the same kind.
    fn run<R: Run>(&mut self, make: impl FnOnce() -> R) -> &mut R {
        self.len += 1;
        let last = self.list.last().map(|last| (&**last as &dyn Any).is::<R>());
        if last != Some(true) {
            self.list.push(Box::new(make()));
        }
        let last = self.list.last_mut().map(|last| &mut **last as &mut dyn Any);
        last.and_then(|last| last.downcast_mut())
            .expect("the last run is of this kind")
    }

    fn single(
        &mut self,
        command: impl FnOnce(&mut World, &Found<'_>) -> Result<(), WorldError> + Send + Sync + 'static,
    ) {
        self.len += 1;
        self.list.push(Box::new(Single(command)));
    }

    /// Does everything in order; what could not be done is told and left out.
    pub(crate) fn apply(self, world: &mut World, refused: &mut Vec<WorldError>) {
        let mut found = Found {
            spawned: Vec::with_capacity(self.spawned as usize),
            refused,
        };
        for run in self.list {
            run.apply(world, &mut found);
        }
    }
}

/// One command of a kind that makes no runs.
struct Single<F>(F);

impl<F> Run for Single<F>
where
    F: FnOnce(&mut World, &Found<'_>) -> Result<(), WorldError> + Send + Sync + 'static,
{
    fn apply(self: Box<Self>, world: &mut World, found: &mut Found<'_>) {
        let result = (self.0)(world, found);
        found.tell(result);
    }
}

impl Run for Edits {
    fn apply(self: Box<Self>, world: &mut World, found: &mut Found<'_>) {
        Edits::apply(&self, world, found.refused);
    }
}

struct Spawns<B>(Vec<B>);

impl<B: Bundle> Run for Spawns<B> {
    fn apply(self: Box<Self>, world: &mut World, found: &mut Found<'_>) {
        // Later handles count on these places, whatever happens.
        let end = found.spawned.len() + self.0.len();
        let result = world.spawn_into(self.0.into_iter(), &mut found.spawned);
        let error = result.err().unwrap_or(WorldError::Full);
        while found.spawned.len() < end {
            found.spawned.push(Entity::NULL);
            found.refused.push(error.clone());
        }
    }
}

struct Templates(Template);

impl Run for Templates {
    fn apply(self: Box<Self>, world: &mut World, found: &mut Found<'_>) {
        let root = self.0.spawn(world);
        found.spawned.push(root.clone().unwrap_or(Entity::NULL));
        found.tell(root.map(|_| ()));
    }
}

struct SpawnsEmpty(usize);

impl Run for SpawnsEmpty {
    fn apply(self: Box<Self>, world: &mut World, found: &mut Found<'_>) {
        for _ in 0..self.0 {
            let entity = world.spawn_empty();
            found.spawned.push(entity.clone().unwrap_or(Entity::NULL));
            found.tell(entity.map(|_| ()));
        }
    }
}

struct Despawns(Vec<Whom>);

impl Run for Despawns {
    fn apply(self: Box<Self>, world: &mut World, found: &mut Found<'_>) {
        let all: Vec<Entity> = self.0.iter().map(|whom| found.find(*whom)).collect();
        let mut rest = &all[..];
        while let Some(entity) = rest.first() {
            let done = world.despawn_first(rest);
            if done == 0 {
                found.refused.push(WorldError::Dead { entity: *entity });
            }
            rest = &rest[done.max(1)..];
        }
    }
}

struct Inserts<B>(Vec<(Whom, B)>);

impl<B: Bundle> Run for Inserts<B> {
    fn apply(self: Box<Self>, world: &mut World, found: &mut Found<'_>) {
        let count = self.0.len();
        let (living, bundles) = match check_bundle::<B>(world.registry()) {
            Ok(()) => found.living(world, self.0),
            Err(error) => return found.refused.extend((0..count).map(|_| error.clone())),
        };
        let result = world.insert_run(&living, bundles);
        found.tell(result);
    }
}

struct Removes<B>(Vec<(Whom, ())>, PhantomData<fn() -> B>);

impl<B: Bundle> Run for Removes<B> {
    fn apply(self: Box<Self>, world: &mut World, found: &mut Found<'_>) {
        let count = self.0.len();
        let living = match check_bundle::<B>(world.registry()) {
            Ok(()) => found.living(world, self.0).0,
            Err(error) => return found.refused.extend((0..count).map(|_| error.clone())),
        };
        let result = world.remove_run::<B>(&living);
        found.tell(result);
    }
}
