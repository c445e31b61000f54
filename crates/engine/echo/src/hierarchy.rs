//! Parents and children: every entity may have one parent, and children keep the order in which they came.
//!
//! The family of an entity is a component of the engine's own, links from entity to entity, so that it is shared by
//! forks, hashed and saved like any other data, and every operation costs the same however large the family is.
//!
//! INVARIANT: links agree, in worlds that were loaded too: a child's parent lists it exactly once, and nobody is among his own ancestors.
//! Tests: `tests/it/hierarchy.rs`, with a map of lists as slow twin.

use crate::entity::Entity;
use crate::error::WorldError;
use crate::world::World;
use alloc::vec::Vec;

/// The links of an entity that has or had a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    parent: Entity,
    first_child: Entity,
    last_child: Entity,
    previous: Entity,
    next: Entity,
}

/// The name of the component that families are made of.
pub(crate) const CHILDREN: &str = "echo.node";

crate::component!(Node = "echo.node" {
    parent: Entity,
    first_child: Entity,
    last_child: Entity,
    previous: Entity,
    next: Entity,
});

impl Node {
    const ALONE: Node = Node {
        parent: Entity::NULL,
        first_child: Entity::NULL,
        last_child: Entity::NULL,
        previous: Entity::NULL,
        next: Entity::NULL,
    };

    fn parent(&self) -> Option<Entity> {
        some(self.parent)
    }
}

fn some(entity: Entity) -> Option<Entity> {
    (entity != Entity::NULL).then_some(entity)
}

/// Whether the links of all families agree, for worlds that come from elsewhere.
///
/// From those without a parent the walk goes down all lists of children. A child must name its parent and the one before
/// it, so nobody is met twice; and who stands in a circle is never met, so the count tells.
pub(crate) fn are_families_true(world: &World) -> bool {
    let node = |entity: Entity| world.get::<Node>(entity).ok().copied();
    let all = all_nodes(world);
    let roots = all.iter().filter(|(_, node)| node.parent().is_none());
    let mut walk: Vec<Entity> = roots.clone().map(|(entity, _)| *entity).collect();
    let is_alone =
        |(_, node): &(Entity, Node)| node.previous == Entity::NULL && node.next == Entity::NULL;
    if !roots.clone().all(is_alone) {
        return false;
    }
    let mut at = 0;
    while let Some(parent) = walk.get(at).copied() {
        at += 1;
        let Some(family) = node(parent) else {
            return false;
        };
        let (mut before, mut next) = (Entity::NULL, family.first_child);
        while let Some(child) = some(next) {
            let Some(found) = node(child) else {
                return false;
            };
            if found.parent != parent || found.previous != before {
                return false;
            }
            walk.push(child);
            (before, next) = (child, found.next);
        }
        if family.last_child != before {
            return false;
        }
    }
    walk.len() == all.len()
}

/// All who have or had a family, in canonical order. Archetypes without one are passed over, whatever lives there.
fn all_nodes(world: &World) -> Vec<(Entity, Node)> {
    let Some(id) = world.registry().id_of::<Node>() else {
        return Vec::new();
    };
    let tables = world.state().archetypes.iter();
    let with = tables.filter_map(|slot| {
        let column = slot.archetype.typed::<Node>(id)?;
        Some((&slot.archetype, column))
    });
    with.flat_map(|(table, column)| {
        (0..table.len()).map(|row| {
            let (block, place) = column.find(row);
            (table.entity(row), block.rows[place])
        })
    })
    .collect()
}

impl World {
    /// The parent of an entity; `None` for an entity without one.
    #[must_use]
    pub fn parent(&self, entity: Entity) -> Option<Entity> {
        self.get::<Node>(entity).ok().and_then(|node| node.parent())
    }

    /// The children of an entity, the one that came first first.
    pub fn children(&self, entity: Entity) -> impl Iterator<Item = Entity> {
        let first = self
            .get::<Node>(entity)
            .ok()
            .and_then(|node| some(node.first_child));
        core::iter::successors(first, |child| {
            self.get::<Node>(*child)
                .ok()
                .and_then(|node| some(node.next))
        })
    }

    /// Makes an entity the last child of another one; it leaves the parent it had.
    ///
    /// # Errors
    /// [`WorldError::Dead`] or [`WorldError::Loop`].
    pub fn set_parent(&mut self, child: Entity, parent: Entity) -> Result<(), WorldError> {
        self.state().locate(child)?;
        self.state().locate(parent)?;
        let mut ancestors = core::iter::successors(Some(parent), |entity| self.parent(*entity));
        if ancestors.any(|ancestor| ancestor == child) {
            return Err(WorldError::Loop { child, parent });
        }
        self.clear_parent(child)?;
        for entity in [child, parent] {
            if !self.has::<Node>(entity) {
                self.insert(entity, Node::ALONE)?;
            }
        }
        let node = self.get_mut::<Node>(parent)?;
        let last = core::mem::replace(&mut node.last_child, child);
        if node.first_child == Entity::NULL {
            node.first_child = child;
        } else {
            self.get_mut::<Node>(last)?.next = child;
        }
        let node = self.get_mut::<Node>(child)?;
        node.parent = parent;
        node.previous = last;
        Ok(())
    }

    /// Makes an entity nobody's child.
    ///
    /// # Errors
    /// [`WorldError::Dead`].
    pub fn clear_parent(&mut self, child: Entity) -> Result<(), WorldError> {
        self.state().locate(child)?;
        let Some(parent) = self.parent(child) else {
            return Ok(());
        };
        let node = self.get_mut::<Node>(child)?;
        let (previous, next) = (node.previous, node.next);
        node.parent = Entity::NULL;
        node.previous = Entity::NULL;
        node.next = Entity::NULL;
        match some(previous) {
            Some(previous) => self.get_mut::<Node>(previous)?.next = next,
            None => self.get_mut::<Node>(parent)?.first_child = next,
        }
        match some(next) {
            Some(next) => self.get_mut::<Node>(next)?.previous = previous,
            None => self.get_mut::<Node>(parent)?.last_child = previous,
        }
        Ok(())
    }

    /// Takes an entity with all below it out of the world: children first, in their order. How many went.
    ///
    /// # Errors
    /// [`WorldError::Dead`].
    pub fn despawn_tree(&mut self, root: Entity) -> Result<usize, WorldError> {
        self.state().locate(root)?;
        self.clear_parent(root)?;
        let mut order = alloc::vec![root];
        let mut at = 0;
        while let Some(entity) = order.get(at).copied() {
            order.extend(self.children(entity).collect::<Vec<_>>());
            at += 1;
        }
        // Whoever goes has no children left, so that only his parent, who goes later, is written to.
        for entity in order.iter().rev() {
            self.despawn(*entity)?;
        }
        Ok(order.len())
    }

    /// Whether entities of an archetype may have families.
    pub(crate) fn has_family(&self, archetype: u32) -> bool {
        let id = self.registry().id_of::<Node>();
        id.is_some_and(|id| self.state().archetype(archetype).has(id))
    }

    /// Cuts all links of an entity that is about to go.
    pub(crate) fn detach_family(&mut self, entity: Entity) -> Result<(), WorldError> {
        if !self.has::<Node>(entity) {
            return Ok(());
        }
        self.clear_parent(entity)?;
        let children: Vec<Entity> = self.children(entity).collect();
        for child in children {
            self.clear_parent(child)?;
        }
        Ok(())
    }
}
