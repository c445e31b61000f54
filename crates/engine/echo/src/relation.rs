//! Relations: typed edges from entity to entity, of which an entity has at most one of each type, to any target.
//!
//! A relation is a component of a kind of its own, links from entity to entity like those of families, so it is shared by
//! forks, hashed and saved like any other data, and each operation costs the same however many point at one target. When a
//! target is despawned, those that point at it let go of it, or go with it, as the relation says.
//!
//! INVARIANT: links agree, in worlds that were loaded too: whoever points at a target is listed by it exactly once.
//! Tests: `tests/it/relation.rs`, with a map of edges as slow twin.

use crate::access::Access;
use crate::component::{Component, Field, Plain};
use crate::entity::Entity;
use crate::error::WorldError;
use crate::query::{Lent, Matched, QueryData, ReadData, Source};
use crate::registry::{ComponentId, Registry, RegistryBuilder};
use crate::stamp::Stamp;
use crate::world::World;
use alloc::vec::Vec;
use core::marker::PhantomData;

/// A type of edges.
///
/// ```
/// use gatos_echo::{Registry, Relation, World};
///
/// struct Follows;
/// impl Relation for Follows {
///     const NAME: &'static str = "follows";
/// }
///
/// let registry = Registry::builder().with_relation::<Follows>().build()?;
/// let mut world = World::new(&registry);
/// let (wolf, sheep) = (world.spawn_empty()?, world.spawn_empty()?);
/// world.link::<Follows>(wolf, sheep)?;
/// assert_eq!(world.target::<Follows>(wolf), Some(sheep));
/// world.despawn(sheep)?;
/// assert_eq!(world.target::<Follows>(wolf), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Relation: Send + Sync + 'static {
    /// The name it is registered by, as of a component.
    const NAME: &'static str;
    /// Whether entities go when their target does; else they let go of it.
    const GOES_WITH_TARGET: bool = false;
}

/// The links of an entity that has or had a part in a relation.
#[doc(hidden)]
pub struct Edge<R> {
    target: Entity,
    first_source: Entity,
    last_source: Entity,
    previous: Entity,
    next: Entity,
    relation: PhantomData<fn() -> R>,
}

impl<R> Clone for Edge<R> {
    fn clone(&self) -> Edge<R> {
        *self
    }
}

impl<R> Copy for Edge<R> {}

impl<R> Edge<R> {
    const ALONE: Edge<R> = Edge {
        target: Entity::NULL,
        first_source: Entity::NULL,
        last_source: Entity::NULL,
        previous: Entity::NULL,
        next: Entity::NULL,
        relation: PhantomData,
    };

    /// The links in the order of their bytes.
    const fn links(&self) -> [Entity; 5] {
        [
            self.target,
            self.first_source,
            self.last_source,
            self.previous,
            self.next,
        ]
    }
}

impl<R: Relation> Component for Edge<R> {
    const NAME: &'static str = R::NAME;
    const FIELDS: &'static [Field] = &[
        Field::of::<Entity>("target"),
        Field::of::<Entity>("first_source"),
        Field::of::<Entity>("last_source"),
        Field::of::<Entity>("previous"),
        Field::of::<Entity>("next"),
    ];
    const SIZE: usize = 40;

    fn write(&self, bytes: &mut [u8]) {
        Plain::write(&self.links(), bytes);
    }

    fn read(bytes: &[u8]) -> Option<Edge<R>> {
        let [target, first_source, last_source, previous, next] = Plain::read(bytes)?;
        Some(Edge {
            target,
            first_source,
            last_source,
            previous,
            next,
            relation: PhantomData,
        })
    }

    fn is_settled(&self) -> bool {
        true
    }

    fn settle(&mut self) {}
}

/// The type that stands for a relation known by its name alone, one for each place that a world has for such.
pub(crate) struct Named<const PLACE: usize, const GOES: bool>;

impl<const PLACE: usize, const GOES: bool> Relation for Named<PLACE, GOES> {
    /// The registry puts the name that it was given in its place.
    const NAME: &'static str = "relation";
    const GOES_WITH_TARGET: bool = GOES;
}

type Add = fn(&mut RegistryBuilder);

/// For each place what registers its relation: one whose entities let go of their target, and one whose entities go with it.
pub(crate) const NAMED_RELATIONS: [[Add; 2]; 8] = [
    named::<0>(),
    named::<1>(),
    named::<2>(),
    named::<3>(),
    named::<4>(),
    named::<5>(),
    named::<6>(),
    named::<7>(),
];

const fn named<const PLACE: usize>() -> [Add; 2] {
    [
        RegistryBuilder::add_relation::<Named<PLACE, false>>,
        RegistryBuilder::add_relation::<Named<PLACE, true>>,
    ]
}

/// What the engine does with a relation whose type only it knows.
#[derive(Clone, Copy)]
pub(crate) struct RelationHooks {
    /// Cuts all links of an entity that is about to go.
    pub detach: fn(&mut World, Entity) -> Result<(), WorldError>,
    /// Lets one entity point at another one.
    pub link: fn(&mut World, Entity, Entity) -> Result<(), WorldError>,
    /// Lets an entity let go of its target.
    pub unlink: fn(&mut World, Entity) -> Result<(), WorldError>,
    /// Whom an entity points at.
    pub target: fn(&World, Entity) -> Option<Entity>,
    /// Who points at an entity, in order.
    pub sources: fn(&World, Entity) -> Vec<Entity>,
    /// Those that go with an entity.
    pub followers: fn(&World, Entity) -> Vec<Entity>,
    /// Whether all links agree.
    pub is_true: fn(&World) -> bool,
}

impl RelationHooks {
    pub(crate) const fn of<R: Relation>() -> RelationHooks {
        RelationHooks {
            detach: World::detach_edges::<R>,
            link: World::link::<R>,
            unlink: World::unlink::<R>,
            target: World::target::<R>,
            sources: |world, entity| world.sources::<R>(entity).collect(),
            followers: |world, entity| {
                if R::GOES_WITH_TARGET {
                    world.sources::<R>(entity).collect()
                } else {
                    Vec::new()
                }
            },
            is_true: are_edges_true::<R>,
        }
    }
}

fn some(entity: Entity) -> Option<Entity> {
    (entity != Entity::NULL).then_some(entity)
}

/// Whether every target lists exactly those that point at it, for worlds that come from elsewhere.
fn are_edges_true<R: Relation>(world: &World) -> bool {
    let edge = |entity: Entity| world.get::<Edge<R>>(entity).ok().copied();
    let (mut pointing, mut listed) = (0usize, 0usize);
    for entity in world.entities() {
        let Some(own) = edge(entity) else {
            continue;
        };
        if own.target == Entity::NULL {
            if own.previous != Entity::NULL || own.next != Entity::NULL {
                return false;
            }
        } else {
            pointing += 1;
        }
        let (mut before, mut next) = (Entity::NULL, own.first_source);
        // A list that came back to itself would meet someone whose `previous` is another.
        while let Some(source) = some(next) {
            match edge(source) {
                Some(found) if found.target == entity && found.previous == before => {
                    listed += 1;
                    (before, next) = (source, found.next);
                }
                _ => return false,
            }
        }
        if own.last_source != before {
            return false;
        }
    }
    pointing == listed
}

/// Relations.
impl World {
    /// Whom an entity points at.
    #[must_use]
    pub fn target<R: Relation>(&self, source: Entity) -> Option<Entity> {
        self.get::<Edge<R>>(source)
            .ok()
            .and_then(|edge| some(edge.target))
    }

    /// Who points at an entity, the one that began first first.
    pub fn sources<R: Relation>(&self, target: Entity) -> impl Iterator<Item = Entity> {
        let first = self
            .get::<Edge<R>>(target)
            .ok()
            .and_then(|edge| some(edge.first_source));
        core::iter::successors(first, |source| {
            self.get::<Edge<R>>(*source)
                .ok()
                .and_then(|edge| some(edge.next))
        })
    }

    /// Lets an entity point at another one, or at itself; it lets go of the target it had.
    ///
    /// # Errors
    /// [`WorldError::Dead`] or [`WorldError::Unregistered`].
    pub fn link<R: Relation>(&mut self, source: Entity, target: Entity) -> Result<(), WorldError> {
        self.check_alive(&[source, target])?;
        for entity in [source, target] {
            if !self.has::<Edge<R>>(entity) {
                self.insert(entity, Edge::<R>::ALONE)?;
            }
        }
        self.unlink::<R>(source)?;
        let list = self.get_mut::<Edge<R>>(target)?;
        let last = core::mem::replace(&mut list.last_source, source);
        if last == Entity::NULL {
            list.first_source = source;
        } else {
            self.get_mut::<Edge<R>>(last)?.next = source;
        }
        let edge = self.get_mut::<Edge<R>>(source)?;
        edge.target = target;
        edge.previous = last;
        Ok(())
    }

    /// Lets an entity let go of its target, if it has one.
    ///
    /// # Errors
    /// [`WorldError::Dead`] or [`WorldError::Unregistered`].
    pub fn unlink<R: Relation>(&mut self, source: Entity) -> Result<(), WorldError> {
        self.check_alive(&[source])?;
        crate::bundle::id_of::<Edge<R>>(self.registry())?;
        let Some(target) = self.target::<R>(source) else {
            return Ok(());
        };
        let edge = self.get_mut::<Edge<R>>(source)?;
        let (previous, next) = (edge.previous, edge.next);
        edge.target = Entity::NULL;
        edge.previous = Entity::NULL;
        edge.next = Entity::NULL;
        match some(previous) {
            Some(previous) => self.get_mut::<Edge<R>>(previous)?.next = next,
            None => self.get_mut::<Edge<R>>(target)?.first_source = next,
        }
        match some(next) {
            Some(next) => self.get_mut::<Edge<R>>(next)?.previous = previous,
            None => self.get_mut::<Edge<R>>(target)?.last_source = previous,
        }
        Ok(())
    }

    fn detach_edges<R: Relation>(&mut self, entity: Entity) -> Result<(), WorldError> {
        self.unlink::<R>(entity)?;
        let sources: Vec<Entity> = self.sources::<R>(entity).collect();
        for source in sources {
            self.unlink::<R>(source)?;
        }
        Ok(())
    }

    /// The relations that entities of an archetype have a part in.
    pub(crate) fn relations_of(&self, archetype: u32) -> Vec<RelationHooks> {
        let registry = self.registry();
        let components = self.state().archetype(archetype).components().iter();
        components
            .filter_map(|id| registry.kind(*id).relation())
            .collect()
    }

    /// Whether the links of all relations agree.
    pub(crate) fn are_relations_true(&self) -> bool {
        let mut relations = self
            .registry()
            .kinds()
            .filter_map(|(_, kind)| kind.relation());
        relations.all(|relation| (relation.is_true)(self))
    }
}

/// In a query: whom the entity points at, if anybody.
pub struct TargetOf<R>(PhantomData<fn() -> R>);

impl<R: Relation> QueryData for TargetOf<R> {
    type Item<'r> = Option<Entity>;
    type Ids = ComponentId;
    type Places = Option<usize>;
    type Fetched = Option<Lent<Edge<R>>>;
    type Open<'o> = Option<&'o Lent<Edge<R>>>;
    type View<'b> = Option<&'b [Edge<R>]>;
    const WRITES: bool = false;

    fn resolve(registry: &Registry, access: &mut Access) -> Result<ComponentId, WorldError> {
        <Option<&Edge<R>>>::resolve(registry, access)
    }

    fn matches(_: &ComponentId, _: &Matched<'_>) -> bool {
        true
    }

    fn places(id: &ComponentId, archetype: &Matched<'_>) -> Option<usize> {
        <Option<&Edge<R>>>::places(id, archetype)
    }

    fn take(place: Option<usize>, source: &mut Source<'_>) -> Self::Fetched {
        <Option<&Edge<R>> as QueryData>::take(place, source)
    }

    fn give(_: Option<usize>, _: Self::Fetched, _: &mut Source<'_>) {}

    fn open(fetched: &mut Self::Fetched) -> Self::Open<'_> {
        fetched.as_ref()
    }

    fn view<'b>(open: &'b mut Self::Open<'_>, block: usize, rows: usize) -> Self::View<'b> {
        <Option<&Edge<R>>>::view(open, block, rows)
    }

    fn mark_all(_: &mut Self::View<'_>, _: Stamp) {}

    fn mark(_: &mut Self::View<'_>, _: usize, _: Stamp) {}

    fn item(view: &mut Self::View<'_>, row: usize) -> Option<Entity> {
        view.and_then(|edges| some(edges[row].target))
    }

    fn split(fetched: &mut Self::Fetched, block: usize) -> Self::Fetched {
        <Option<&Edge<R>>>::split(fetched, block)
    }

    fn join(_: &mut Self::Fetched, _: Self::Fetched, _: usize) {}
}

impl<R: Relation> ReadData for TargetOf<R> {}
