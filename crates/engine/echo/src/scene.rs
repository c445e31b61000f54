//! Scenes: some entities of a world, saved alone and spawned again elsewhere, as bytes or as text.
//!
//! A scene holds components, families and relations of its entities. Handles that lead from one of them to another are
//! numbers in it, so it can be spawned many times, in worlds with other entities. Stamps, generations and order of rows are
//! left to `snapshot`, which saves a world as a whole.
//!
//! INVARIANT 1: `read(write(scene))` and `parse(print(scene))` are the scene; every other byte string is refused.
//! INVARIANT 2: a scene that cannot be spawned as a whole leaves nothing behind.
//! Bytes and text: `docs/formats/scene.md`. Vectors: `vectors/echo`. Tests: `tests/it/scene.rs`.

mod bytes;
mod text;

use crate::component::{FieldKind, Schema};
use crate::entity::Entity;
use crate::error::WorldError;
use crate::hierarchy::CHILDREN;
use crate::registry::{ComponentId, Registry};
use crate::world::World;
use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Why a scene is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SceneError {
    /// A component leads to an entity that is not in the scene.
    #[error("`{component}` of `{entity}` leads to `{target}`, which is not in the scene")]
    Outside {
        /// The entity.
        entity: Entity,
        /// The component.
        component: String,
        /// Where it leads.
        target: Entity,
    },
    /// The world refuses it.
    #[error(transparent)]
    World(#[from] WorldError),
    /// Bytes that break a rule.
    #[error("the scene breaks a rule near byte {offset}: {rule}")]
    Bytes {
        /// Byte offset near the place.
        offset: usize,
        /// The rule.
        rule: &'static str,
    },
    /// A line of text that breaks a rule.
    #[error("line {line}: {reason}")]
    Text {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Some entities, numbered from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// For each entity its components with their rows; handles in rows are numbers, generation 0.
    entities: Vec<BTreeMap<ComponentId, Vec<u8>>>,
    /// Who is listed by whom, in order: children, or sources of a relation, by its component.
    lists: BTreeMap<(u32, ComponentId), Vec<u32>>,
}

impl Scene {
    /// These entities of a world, with all that leads from one of them to another. An entity that is named twice is there
    /// once.
    ///
    /// # Errors
    /// [`SceneError::World`] where one does not live, [`SceneError::Outside`].
    pub fn of(world: &World, entities: &[Entity]) -> Result<Scene, SceneError> {
        let mut numbers: BTreeMap<Entity, u32> = BTreeMap::new();
        let mut order = Vec::new();
        for entity in entities {
            let next = order.len() as u32;
            numbers.entry(*entity).or_insert_with(|| {
                order.push(*entity);
                next
            });
        }
        let mut scene = Scene::default();
        for (number, entity) in (0..).zip(&order) {
            let at = world.state().locate(*entity)?;
            let archetype = world.state().archetype(at.archetype);
            let mut rows = BTreeMap::new();
            for id in archetype.components() {
                let kind = world.registry().kind(*id);
                let listed = match kind.relation() {
                    Some(relation) => (relation.sources)(world, *entity),
                    None if kind.name() == CHILDREN => world.children(*entity).collect(),
                    None => {
                        let mut row = world.get_row(*entity, *id)?;
                        let to_number = |target| numbers.get(&target).copied();
                        renumber(kind.schema(), &mut row, to_number).map_err(|target| {
                            SceneError::Outside {
                                entity: *entity,
                                component: kind.name().to_string(),
                                target,
                            }
                        })?;
                        rows.insert(*id, row);
                        continue;
                    }
                };
                let inside = listed
                    .iter()
                    .filter_map(|other| numbers.get(other).copied());
                let inside: Vec<u32> = inside.collect();
                if !inside.is_empty() {
                    scene.lists.insert((number, *id), inside);
                }
            }
            scene.entities.push(rows);
        }
        Ok(scene)
    }

    /// How many entities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// Spawns the entities, in their order. Ids of components come from the registry that the scene was made or read with;
    /// the world must have the same.
    ///
    /// # Errors
    /// [`SceneError::World`]; the world is as before.
    pub fn spawn(&self, world: &mut World) -> Result<Vec<Entity>, SceneError> {
        let before = world.fork();
        let spawned = self.spawn_all(world);
        if spawned.is_err() {
            *world = before;
        }
        Ok(spawned?)
    }

    fn spawn_all(&self, world: &mut World) -> Result<Vec<Entity>, WorldError> {
        let mut spawned = Vec::with_capacity(self.entities.len());
        for _ in &self.entities {
            spawned.push(world.spawn_empty()?);
        }
        // Neighbours with the same components move at once.
        let mut next = 0;
        for alike in self
            .entities
            .chunk_by(|one, other| one.keys().eq(other.keys()))
        {
            let entities = &spawned[next..next + alike.len()];
            next += alike.len();
            self.fill(world, entities, alike, &spawned)?;
        }
        for ((number, id), others) in &self.lists {
            let relation = world.registry().kind(*id).relation();
            for other in others {
                let (one, other) = (spawned[*number as usize], spawned[*other as usize]);
                match relation {
                    Some(relation) => (relation.link)(world, other, one)?,
                    None => world.set_parent(other, one)?,
                }
            }
        }
        Ok(spawned)
    }

    /// Gives entities that have no components yet those of a run of alike ones.
    fn fill(
        &self,
        world: &mut World,
        entities: &[Entity],
        alike: &[BTreeMap<ComponentId, Vec<u8>>],
        spawned: &[Entity],
    ) -> Result<(), WorldError> {
        let ids: Vec<ComponentId> = alike
            .iter()
            .take(1)
            .flat_map(BTreeMap::keys)
            .copied()
            .collect();
        let registry = world.registry().clone();
        let columns = ids.iter().map(|id| {
            let places = handles(registry.kind(*id).schema());
            let rows = alike.iter().filter_map(move |rows| rows.get(id));
            rows.map(move |row| {
                let mut row = Cow::Borrowed(&row[..]);
                for place in &places {
                    to_handle(row.to_mut(), *place, spawned);
                }
                row
            })
        });
        world.insert_columns(entities, &ids, columns.collect())
    }

    /// Whether the parts fit together, for scenes that come from elsewhere.
    fn flaw(&self, registry: &Registry) -> Option<&'static str> {
        let count = self.entities.len() as u32;
        let mut pointing = BTreeSet::new();
        for ((number, id), others) in &self.lists {
            let kind = registry.kind(*id);
            if kind.relation().is_none() && kind.name() != CHILDREN {
                return Some("a list is of children or of a relation");
            }
            if *number >= count || others.is_empty() || others.iter().any(|other| *other >= count) {
                return Some("a list names entities of the scene");
            }
            if !others.iter().all(|other| pointing.insert((*id, *other))) {
                return Some("an entity has one parent, and one target of a relation");
            }
        }
        for (id, row) in self.entities.iter().flatten() {
            let kind = registry.kind(*id);
            if kind.relation().is_some() || kind.name().starts_with("echo.") {
                return Some("links are told by lists");
            }
            let is_inside = |target: Entity| {
                let is_number = target.generation() == 0 && target.index() < count;
                is_number.then_some(target.index())
            };
            if !kind.schema().accepts(row) {
                return Some("a row fits its component");
            }
            let mut targets = handles(kind.schema())
                .into_iter()
                .map(|place| handle_at(row, place));
            if targets.any(|target| target != Entity::NULL && is_inside(target).is_none()) {
                return Some("a handle leads into the scene");
            }
        }
        let parents = self
            .lists
            .iter()
            .filter(|((_, id), _)| registry.kind(*id).name() == CHILDREN);
        let mut parent_of = BTreeMap::new();
        for ((number, _), children) in parents {
            parent_of.extend(children.iter().map(|child| (*child, *number)));
        }
        for start in 0..count {
            let mut at = start;
            for _ in 0..=count {
                match parent_of.get(&at) {
                    Some(parent) if *parent == start => return Some("nobody is his own ancestor"),
                    Some(parent) => at = *parent,
                    None => break,
                }
            }
        }
        None
    }
}

/// Writes numbers where handles are; the first handle that has none.
fn renumber(
    schema: &Schema,
    row: &mut [u8],
    number: impl Fn(Entity) -> Option<u32>,
) -> Result<(), Entity> {
    for place in handles(schema) {
        let target = handle_at(row, place);
        if target == Entity::NULL {
            continue;
        }
        let Some(number) = number(target) else {
            return Err(target);
        };
        put_handle(row, place, Entity::new(number, 0));
    }
    Ok(())
}

/// Writes a handle where a number is.
fn to_handle(row: &mut [u8], place: usize, spawned: &[Entity]) {
    let target = handle_at(row, place);
    let entity = spawned.get(target.index() as usize);
    if let Some(entity) = entity.filter(|_| target != Entity::NULL) {
        put_handle(row, place, *entity);
    }
}

/// The places of all handles in a row.
fn handles(schema: &Schema) -> Vec<usize> {
    let (mut places, mut offset) = (Vec::new(), 0);
    for field in schema.fields() {
        if field.kind == FieldKind::Entity {
            places.extend((0..field.count as usize).map(|index| offset + index * 8));
        }
        offset += field.size();
    }
    places
}

fn handle_at(row: &[u8], place: usize) -> Entity {
    let half = |at: usize| {
        let bytes = row.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    Entity::new(half(place), half(place + 4))
}

fn put_handle(row: &mut [u8], place: usize, entity: Entity) {
    row[place..place + 4].copy_from_slice(&entity.index().to_le_bytes());
    row[place + 4..place + 8].copy_from_slice(&entity.generation().to_le_bytes());
}
