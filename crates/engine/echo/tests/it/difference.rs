//! Differences of worlds, against a walk over everything.

use crate::parts::{Health, Position, position, registry};
use gatos_echo::difference::{Change, Subject};
use gatos_echo::{Entity, World};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Everything of a world that has a key, by a walk over all entities.
fn walk(world: &World) -> BTreeMap<(Subject, u64), Vec<u8>> {
    let mut found = BTreeMap::new();
    for entity in world.entities() {
        let key = u64::from(entity.index()) << 32 | u64::from(entity.generation());
        for name in world.components(entity).expect("it lives") {
            let id = world.registry().id(name).expect("it is registered");
            let (added, changed) = world.stamps(entity, id).expect("it has it");
            let mut value = [added.0.to_le_bytes(), changed.0.to_le_bytes()].concat();
            value.extend(world.get_row(entity, id).expect("it has it"));
            found.insert((Subject::Component(id), key), value);
        }
    }
    found
}

#[derive(Clone, Debug)]
enum Op {
    Spawn(u32),
    SpawnBoth(u32),
    Despawn(usize),
    Add(usize),
    Remove(usize),
    Write(usize, u32),
    Mark,
}

fn op() -> impl Strategy<Value = Op> {
    let which = 0..40_usize;
    prop_oneof![
        any::<u32>().prop_map(Op::Spawn),
        any::<u32>().prop_map(Op::SpawnBoth),
        which.clone().prop_map(Op::Despawn),
        which.clone().prop_map(Op::Add),
        which.clone().prop_map(Op::Remove),
        (which, any::<u32>()).prop_map(|(index, value)| Op::Write(index, value)),
        Just(Op::Mark),
    ]
}

fn apply(world: &mut World, op: &Op) {
    let entities: Vec<Entity> = world.entities().collect();
    let pick = |index: usize| {
        let len = entities.len().max(1);
        entities.get(index % len).copied().unwrap_or(Entity::NULL)
    };
    // Refusals are fine: they change nothing.
    let done = match op {
        Op::Spawn(value) => world.spawn(Health(*value)).map(|_| ()),
        Op::SpawnBoth(value) => world.spawn((Health(*value), position(1.0))).map(|_| ()),
        Op::Despawn(index) => world.despawn(pick(*index)),
        Op::Add(index) => world.insert(pick(*index), position(2.0)),
        Op::Remove(index) => world.remove::<Position>(pick(*index)),
        Op::Write(index, value) => world
            .get_mut::<Health>(pick(*index))
            .map(|health| health.0 = *value),
        Op::Mark => {
            world.mark();
            Ok(())
        }
    };
    drop(done);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What a difference says of components is what a walk over both worlds finds, and it turns one into the other.
    #[test]
    fn differences_are_those_of_a_walk_over_everything(
        before in prop::collection::vec(op(), 0..60),
        after in prop::collection::vec(op(), 0..20),
    ) {
        let mut world = World::new(&registry());
        before.iter().for_each(|op| apply(&mut world, op));
        let old = world.fork();
        after.iter().for_each(|op| apply(&mut world, op));
        let changes = old.changes_to(&world);
        let (left, right) = (walk(&old), walk(&world));
        let mut keys: Vec<_> = left.keys().chain(right.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        let expected: Vec<Change> = keys
            .into_iter()
            .filter(|key| left.get(key) != right.get(key))
            .map(|key| Change {
                subject: key.0,
                key: key.1,
                value: right.get(&key).cloned(),
            })
            .collect();
        let of_components = |change: &Change| matches!(change.subject, Subject::Component(_));
        let found: Vec<Change> = changes.into_iter().filter(of_components).collect();
        prop_assert_eq!(found, expected);
        prop_assert!(old.changes_to(&old.fork()).is_empty());
    }
}

#[test]
fn resources_places_and_slots_are_told() {
    let mut world = World::new(&registry());
    let first = world.spawn(Health(1)).expect("room");
    let second = world.spawn(Health(2)).expect("room");
    let old = world.fork();
    world.despawn(first).expect("it lives");
    world.set_resource(Health(3)).expect("it is registered");
    let changes = old.changes_to(&world);
    let subjects: Vec<Subject> = changes.iter().map(|change| change.subject).collect();
    let health = world.registry().id("health").expect("it is registered");
    assert_eq!(
        subjects,
        [
            Subject::Component(health),
            Subject::Resource(health),
            Subject::Place,
            Subject::Place,
            Subject::Slots
        ]
    );
    // The second one filled the gap.
    let key = |entity: Entity| u64::from(entity.index()) << 32 | u64::from(entity.generation());
    assert_eq!((changes[2].key, &changes[2].value), (key(first), &None));
    assert_eq!(changes[3].key, key(second));
}
