//! Families against a map of lists.

use crate::parts::{Health, registry};
use gatos_echo::{Entity, World, WorldError};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Operation {
    Set(usize, usize),
    Clear(usize),
    Despawn(usize),
    DespawnTree(usize),
    Fork,
}

/// Children in their order.
#[derive(Clone, Default)]
struct Families(BTreeMap<Entity, Vec<Entity>>);

impl Families {
    fn parent(&self, child: Entity) -> Option<Entity> {
        let mut families = self.0.iter();
        families
            .find(|(_, children)| children.contains(&child))
            .map(|(parent, _)| *parent)
    }

    fn is_below(&self, entity: Entity, above: Entity) -> bool {
        entity == above
            || self
                .parent(entity)
                .is_some_and(|parent| self.is_below(parent, above))
    }

    fn clear(&mut self, child: Entity) {
        for children in self.0.values_mut() {
            children.retain(|other| *other != child);
        }
    }

    fn despawn(&mut self, entity: Entity) {
        self.clear(entity);
        self.0.remove(&entity);
    }

    fn despawn_tree(&mut self, root: Entity) -> usize {
        let children = self.0[&root].clone();
        let below: usize = children.iter().map(|child| self.despawn_tree(*child)).sum();
        self.despawn(root);
        below + 1
    }
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let operation = prop_oneof![
        8 => (any::<usize>(), any::<usize>()).prop_map(|(child, parent)| Operation::Set(child, parent)),
        2 => any::<usize>().prop_map(Operation::Clear),
        1 => any::<usize>().prop_map(Operation::Despawn),
        1 => any::<usize>().prop_map(Operation::DespawnTree),
        1 => Just(Operation::Fork),
    ];
    prop::collection::vec(operation, 1..80)
}

proptest! {
    #[test]
    fn families_are_a_map_of_lists(operations in operations()) {
        let mut world = World::new(&registry());
        let mut families = Families::default();
        for entity in world.spawn_batch((0..12).map(Health)).expect("room") {
            families.0.insert(entity, Vec::new());
        }
        let mut left_behind = Vec::new();
        for operation in operations {
            let alive: Vec<Entity> = families.0.keys().copied().collect();
            if alive.is_empty() {
                break;
            }
            let pick = |choice: usize| alive[choice % alive.len()];
            match operation {
                Operation::Set(child, parent) => {
                    let (child, parent) = (pick(child), pick(parent));
                    let result = world.set_parent(child, parent);
                    if families.is_below(parent, child) {
                        prop_assert_eq!(result, Err(WorldError::Loop { child, parent }));
                    } else {
                        prop_assert_eq!(result, Ok(()));
                        families.clear(child);
                        families.0.get_mut(&parent).expect("alive").push(child);
                    }
                }
                Operation::Clear(child) => {
                    prop_assert_eq!(world.clear_parent(pick(child)), Ok(()));
                    families.clear(pick(child));
                }
                Operation::Despawn(entity) => {
                    prop_assert_eq!(world.despawn(pick(entity)), Ok(()));
                    families.despawn(pick(entity));
                }
                Operation::DespawnTree(root) => {
                    let count = families.despawn_tree(pick(root));
                    prop_assert_eq!(world.despawn_tree(pick(root)), Ok(count));
                }
                Operation::Fork => left_behind.push((world.fork(), families.clone())),
            }
        }
        left_behind.push((world, families));
        for (world, families) in left_behind {
            prop_assert_eq!(world.len(), families.0.len());
            for (parent, children) in &families.0 {
                prop_assert_eq!(&world.children(*parent).collect::<Vec<_>>(), children);
                prop_assert_eq!(world.parent(*parent), families.parent(*parent));
            }
        }
    }
}
