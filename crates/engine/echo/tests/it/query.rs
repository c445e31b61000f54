//! Queries: what they give, in which order, what they mark, what they refuse.

use crate::parts::{Big, Frozen, Health, Position, Velocity, position, registry, velocity};
use gatos_echo::{
    Access, Added, Changed, Entity, Plan, QueryData, QueryFilter, Stamp, Target, With, Without,
    World, WorldError,
};
use proptest::prelude::*;

fn world() -> (World, Vec<Entity>) {
    let mut world = World::new(&registry());
    let mut all = Vec::new();
    for index in 0..6u8 {
        let entity = world.spawn(Health(index.into())).expect("room");
        if index % 2 == 0 {
            world.insert(entity, position(index.into())).expect("alive");
        }
        if index % 3 == 0 {
            world.insert(entity, velocity(1.0)).expect("alive");
        }
        if index == 5 {
            world.insert(entity, Frozen).expect("alive");
        }
        all.push(entity);
    }
    (world, all)
}

fn seen<F: QueryFilter>(world: &World, since: Stamp) -> Vec<u32> {
    let mut plan = Plan::<&Health, F>::new(world.registry()).expect("registered");
    let mut seen = Vec::new();
    world.read_each_of(&mut plan, since, |health| seen.push(health.0));
    seen
}

#[test]
fn filters_choose_by_what_an_entity_has() {
    let (world, _) = world();
    let all = Stamp::default();
    // Archetypes: health 1; health+position 2, 4; health+position+velocity 0; health+velocity 3; health+frozen 5.
    assert_eq!(seen::<()>(&world, all), [1, 2, 4, 0, 3, 5]);
    assert_eq!(seen::<With<Position>>(&world, all), [2, 4, 0]);
    assert_eq!(seen::<Without<Position>>(&world, all), [1, 3, 5]);
    assert_eq!(
        seen::<(With<Position>, Without<Velocity>)>(&world, all),
        [2, 4]
    );
    assert_eq!(seen::<With<Big>>(&world, all), []);
}

#[test]
fn options_and_handles_come_with_every_row() {
    let (mut world, all) = world();
    let mut rows = Vec::new();
    world
        .for_each::<(Entity, Option<&Position>, Option<&mut Velocity>)>(
            |(entity, position, velocity)| {
                if let Some(velocity) = velocity {
                    velocity.x = 9.0;
                }
                rows.push((entity, position.is_some()));
            },
        )
        .expect("registered");
    assert_eq!(rows.len(), 6);
    assert!(rows.contains(&(all[2], true)) && rows.contains(&(all[1], false)));
    assert_eq!(world.get::<Velocity>(all[3]).expect("there").x, 9.0);
    assert_eq!(world.find::<With<Frozen>>(), Ok(vec![all[5]]));
}

#[test]
fn changed_and_added_look_at_what_came_after() {
    let (mut world, all) = world();
    let before = world.mark();
    assert_eq!(seen::<Changed<Health>>(&world, before), []);
    world.get_mut::<Health>(all[4]).expect("alive").0 = 40;
    world.insert(all[1], Health(10)).expect("alive");
    let new = world.spawn(Health(60)).expect("room");
    assert_eq!(seen::<Changed<Health>>(&world, before), [10, 60, 40]);
    assert_eq!(seen::<Added<Health>>(&world, before), [60]);
    let later = world.mark();
    assert_eq!(seen::<Changed<Health>>(&world, later), []);
    // Moving to another archetype is no change of what was there.
    world.insert(new, Frozen).expect("alive");
    assert_eq!(seen::<Changed<Health>>(&world, later), []);
    assert_eq!(seen::<Added<Frozen>>(&world, later), [60]);
}

#[test]
fn a_filtered_write_marks_only_what_it_gave_out() {
    let (mut world, all) = world();
    let first = world.mark();
    world.get_mut::<Health>(all[2]).expect("alive").0 = 20;
    let second = world.mark();
    let mut plan = Plan::<&mut Health, Changed<Health>>::new(world.registry()).expect("registered");
    world.for_each_of(&mut plan, first, |health| health.0 += 1);
    assert_eq!(seen::<Changed<Health>>(&world, second), [21]);
}

#[test]
fn a_query_that_shares_with_itself_is_refused() {
    fn refused<D: QueryData, F: QueryFilter>() -> Option<WorldError> {
        Plan::<D, F>::new(&registry()).err()
    }
    let twice = Some(WorldError::Twice {
        component: "health".into(),
    });
    assert_eq!(refused::<(&mut Health, &Health), ()>(), twice);
    assert_eq!(refused::<(&Health, &mut Health), ()>(), twice);
    assert_eq!(refused::<(&mut Health, Option<&mut Health>), ()>(), twice);
    assert_eq!(refused::<(&Health, &Health), ()>(), None);
    assert_eq!(refused::<&mut Health, Changed<Health>>(), None);
}

#[test]
fn access_is_what_the_types_say() {
    let registry = registry();
    let plan =
        Plan::<(&mut Position, &Velocity, Entity), (With<Frozen>, Changed<Health>)>::new(&registry)
            .expect("registered");
    let component = |name| Target::Component(registry.id(name).expect("registered"));
    assert_eq!(plan.access().writes(), [component("position")]);
    assert_eq!(
        plan.access().reads(),
        [component("health"), component("velocity")]
    );
    let mut other = Access::default();
    other.read(&registry, component("position")).expect("new");
    assert_eq!(plan.access().conflicts(&other), [component("position")]);
    assert_eq!(other.conflicts(&other), []);
    assert!(other.write(&registry, component("position")).is_err());
    assert!(other.join(&registry, plan.access()).is_err());
}

#[test]
fn a_plan_follows_the_world_and_its_forks() {
    let (mut world, _) = world();
    let mut plan = Plan::<&Health, With<Big>>::new(world.registry()).expect("registered");
    let mut count = |world: &World| {
        let mut count = 0;
        world.read_each_of(&mut plan, Stamp::default(), |_| count += 1);
        count
    };
    assert_eq!(count(&world), 0);
    let mut fork = world.fork();
    fork.spawn((Health(1), Big([0.0; 512]))).expect("room");
    assert_eq!(count(&fork), 1);
    assert_eq!(count(&world), 0);
    world
        .spawn((Health(1), Frozen, Big([0.0; 512])))
        .expect("room");
    world
        .spawn((Health(1), Frozen, Big([0.0; 512])))
        .expect("room");
    assert_eq!(count(&world), 2);
    assert_eq!(count(&fork), 1);
}

proptest! {
    /// Rows of many blocks, some written one by one: the filter finds what a walk over all stamps finds.
    #[test]
    fn changed_rows_are_those_with_a_later_stamp(
        count in 1usize..5000,
        writes in prop::collection::vec(any::<usize>(), 0..40),
        rounds in 1usize..4,
    ) {
        let mut world = World::new(&registry());
        let all = world.spawn_batch((0..count as u32).map(Health)).expect("room");
        let id = world.registry().id("health").expect("registered");
        let mut since = Stamp::default();
        for round in 0..rounds {
            since = world.mark();
            for write in writes.iter().skip(round * 10).take(10) {
                let entity = all[write % count];
                if write % 7 == 0 && world.is_alive(entity) {
                    world.despawn(entity).expect("alive");
                } else if let Ok(health) = world.get_mut::<Health>(entity) {
                    health.0 += 1;
                }
            }
        }
        let slow: Vec<u32> = world
            .entities()
            .filter(|entity| world.stamps(*entity, id).expect("there").1 > since)
            .map(|entity| world.get::<Health>(entity).expect("there").0)
            .collect();
        prop_assert_eq!(seen::<Changed<Health>>(&world, since), slow);
    }
}
