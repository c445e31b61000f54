//! What users see of a world: entities, components, resources, forks, refusals.

use crate::parts::{Frozen, Health, Kinds, Position, position, registry, velocity};
use gatos_echo::{Entity, Field, FieldKind, Registry, World, WorldError};

fn world() -> World {
    World::new(&registry())
}

#[test]
fn handles_of_the_dead_find_nothing() {
    let mut world = world();
    let first = world.spawn(Health(1)).expect("room");
    world.despawn(first).expect("alive");
    let second = world.spawn(Health(2)).expect("room");
    assert_eq!((first.index(), first.generation()), (0, 1));
    assert_eq!((second.index(), second.generation()), (0, 2));
    let dead = WorldError::Dead { entity: first };
    assert_eq!(world.get::<Health>(first), Err(dead.clone()));
    assert_eq!(world.despawn(first), Err(dead.clone()));
    assert_eq!(world.insert(first, Frozen), Err(dead.clone()));
    assert_eq!(world.remove::<Health>(first), Err(dead));
    assert!(!world.is_alive(Entity::NULL));
    assert_eq!(world.len(), 1);
}

#[test]
fn the_slot_freed_last_is_used_first() {
    let mut world = world();
    let all: Vec<Entity> = (0..4).map(|_| world.spawn_empty().expect("room")).collect();
    for index in [1, 3, 0] {
        world.despawn(all[index]).expect("alive");
    }
    let again: Vec<u32> = (0..4)
        .map(|_| world.spawn_empty().expect("room").index())
        .collect();
    assert_eq!(again, [0, 3, 1, 4]);
}

#[test]
fn rows_are_packed_in_order() {
    let mut world = world();
    let all = world.spawn_batch((0..5).map(Health)).expect("room");
    world.despawn(all[1]).expect("alive");
    let order: Vec<Entity> = world.entities().collect();
    assert_eq!(order, [all[0], all[4], all[2], all[3]]);
    // A new set comes behind the ones that were there.
    world.insert(all[0], Frozen).expect("alive");
    let order: Vec<Entity> = world.entities().collect();
    assert_eq!(order, [all[3], all[4], all[2], all[0]]);
}

#[test]
fn components_come_and_go() {
    let mut world = world();
    let entity = world.spawn((position(1.0), Health(5))).expect("room");
    assert_eq!(world.components(entity), Ok(vec!["health", "position"]));
    world
        .insert(entity, (Health(6), velocity(2.0)))
        .expect("alive");
    assert_eq!(world.get::<Health>(entity), Ok(&Health(6)));
    assert_eq!(world.get::<Position>(entity), Ok(&position(1.0)));
    world.remove::<(Position, Frozen)>(entity).expect("alive");
    assert_eq!(
        world.get::<Position>(entity),
        Err(WorldError::Missing {
            entity,
            component: "position".into()
        })
    );
    assert_eq!(world.components(entity), Ok(vec!["health", "velocity"]));
}

#[test]
fn what_was_never_registered_is_refused_and_nothing_happens() {
    let mut world = world();
    let entity = world.spawn(Health(1)).expect("room");
    let before = world.hash();
    let unregistered = Err(WorldError::Unregistered {
        component: "test:kinds".into(),
    });
    assert_eq!(world.remove::<Kinds>(entity), unregistered);
    let twice = Err(WorldError::Twice {
        component: "health".into(),
    });
    assert_eq!(world.insert(entity, (Health(2), Health(3))), twice);
    assert_eq!(world.spawn((Health(2), Health(3))).map(|_| ()), twice);
    let node = world.registry().id("echo.node").expect("the engine's own");
    assert!(matches!(
        world.insert_row(entity, node, &[0; 40]),
        Err(WorldError::Reserved { .. })
    ));
    assert!(matches!(
        world.remove_ids(entity, &[node]),
        Err(WorldError::Reserved { .. })
    ));
    assert_eq!(world.hash(), before);
}

#[test]
fn resources_are_there_once() {
    let mut world = world();
    let missing = WorldError::NoResource {
        resource: "health".into(),
    };
    assert_eq!(world.resource::<Health>(), Err(missing));
    world.set_resource(Health(1)).expect("registered");
    let fork = world.fork();
    world.resource_mut::<Health>().expect("set").0 = 2;
    assert_eq!(world.resource::<Health>(), Ok(&Health(2)));
    assert_eq!(fork.resource::<Health>(), Ok(&Health(1)));
    world.set_resource(Health(3)).expect("registered");
    assert_eq!(world.resource::<Health>(), Ok(&Health(3)));
    assert_eq!(world.remove_resource::<Health>(), Ok(true));
    assert_eq!(world.remove_resource::<Health>(), Ok(false));
}

#[test]
fn forks_go_their_own_ways() {
    let mut world = world();
    let all = world.spawn_batch((0..3000).map(Health)).expect("room");
    let before = world.hash();
    let mut fork = world.fork();
    assert_eq!(fork.hash(), before);
    fork.get_mut::<Health>(all[7]).expect("alive").0 = 1_000_000;
    fork.despawn(all[2999]).expect("alive");
    fork.spawn(Frozen).expect("room");
    assert_ne!(fork.hash(), before);
    assert_eq!(world.hash(), before);
    assert_eq!(world.get::<Health>(all[7]), Ok(&Health(7)));
    // The same operations on the other side give the same world.
    world.get_mut::<Health>(all[7]).expect("alive").0 = 1_000_000;
    world.despawn(all[2999]).expect("alive");
    world.spawn(Frozen).expect("room");
    assert_eq!(world.hash(), fork.hash());
    assert_eq!(world.save(), fork.save());
}

#[test]
fn records_are_components_without_a_rust_type() {
    let fields = [
        Field::new("name", FieldKind::U8, 4),
        Field::new("speed", FieldKind::F64, 1),
    ];
    let registry = Registry::builder()
        .with_record("script:runner", &fields)
        .build()
        .expect("a schema");
    let id = registry.id("script:runner").expect("registered");
    let mut world = World::new(&registry);
    let all: Vec<Entity> = (0..3).map(|_| world.spawn_empty().expect("room")).collect();
    for (index, entity) in (0u8..).zip(&all) {
        let bytes = [&[index; 4][..], &1.5f64.to_le_bytes()].concat();
        world.insert_row(*entity, id, &bytes).expect("canonical");
    }
    let foreign_nan = [&[0; 4][..], &0xfff8_0000_0000_0001u64.to_le_bytes()].concat();
    for bad in [&foreign_nan[..], &[0; 3]] {
        let refused = world.insert_row(all[0], id, bad);
        assert!(matches!(refused, Err(WorldError::BadRow { .. })));
    }
    world.despawn(all[0]).expect("alive");
    let row = world.get_row(all[2], id).expect("there");
    let schema = registry.kind(id).schema();
    assert_eq!(schema.describe(&row), "name=[2 2 2 2] speed=1.5");
    let (place, field) = schema.field("speed").expect("there");
    assert_eq!((place, field.size()), (4, 8));
    let mut copy = World::load(&registry, &world.save()).expect("saved");
    assert_eq!(copy.hash(), world.hash());
    world.remove_ids(all[2], &[id]).expect("alive");
    assert_eq!(world.components(all[2]), Ok(vec![]));
}

#[test]
fn every_refusal_has_words() {
    let entity = Entity::new(3, 1);
    let rows = [
        (
            WorldError::Dead { entity },
            "the entity `3v1` does not live",
        ),
        (
            WorldError::Missing {
                entity,
                component: "health".into(),
            },
            "the entity `3v1` has no `health`",
        ),
        (WorldError::Full, "the world has no room for another entity"),
    ];
    for (error, text) in rows {
        assert_eq!(error.to_string(), text);
    }
}
