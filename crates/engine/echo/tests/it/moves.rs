//! Many changes of structure at once: exactly one after the other, for worlds and for commands.

use crate::parts::{Frozen, Health, Velocity, position, registry, velocity};
use gatos_echo::schedule::{Schedule, Workers, system};
use gatos_echo::{Commands, Entity, Whom, World, WorldError};
use proptest::prelude::*;

/// A world whose entities have different components, in blocks that are full and in blocks that are not.
fn start(count: usize) -> (World, Vec<Entity>) {
    let mut world = World::new(&registry());
    let rows = (0..count).map(|index| (position(index as f32), Health(index as u32)));
    let mut all = world.spawn_batch(rows).expect("room");
    all.extend(
        world
            .spawn_batch((0..count / 3).map(|i| Health(i as u32)))
            .expect("room"),
    );
    all.extend((0..3).map(|_| world.spawn_empty().expect("room")));
    world.set_parent(all[0], all[1]).expect("no loop");
    world.mark();
    (world, all)
}

/// What is done to entities that a list names by number.
#[derive(Clone, Debug)]
enum Step {
    Insert(Vec<usize>),
    Overwrite(Vec<usize>),
    Mixed(Vec<usize>),
    Remove(Vec<usize>),
    Despawn(Vec<usize>),
    Spawn(usize),
    Mark,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some = || prop::collection::vec(0usize..6000, 0..40);
    // Long rows of neighbours, as queries give them, forwards and backwards.
    let long = || {
        (0usize..3000, 1usize..3000, any::<bool>()).prop_map(|(first, count, turned)| {
            let row: Vec<usize> = (first..first + count).collect();
            if turned {
                row.into_iter().rev().collect()
            } else {
                row
            }
        })
    };
    let list = move || prop_oneof![some(), long()];
    let step = prop_oneof![
        3 => list().prop_map(Step::Insert),
        2 => list().prop_map(Step::Overwrite),
        2 => list().prop_map(Step::Mixed),
        3 => list().prop_map(Step::Remove),
        2 => list().prop_map(Step::Despawn),
        1 => (0usize..900).prop_map(Step::Spawn),
        1 => Just(Step::Mark),
    ];
    prop::collection::vec(step, 1..8)
}

/// The living among the entities that a list means, in its order; for despawning each once.
fn mean(world: &World, all: &[Entity], list: &[usize], once: bool) -> Vec<Entity> {
    let mut meant: Vec<Entity> = Vec::new();
    for index in list {
        let entity = all[index % all.len()];
        if world.is_alive(entity) && !(once && meant.contains(&entity)) {
            meant.push(entity);
        }
    }
    meant
}

fn at_once(world: &mut World, all: &mut Vec<Entity>, step: &Step) -> Result<(), WorldError> {
    match step {
        Step::Insert(list) => {
            let rows = mean(world, all, list, false).into_iter().zip(list);
            world.insert_batch(rows.map(|(entity, i)| (entity, velocity(*i as f32))))
        }
        Step::Overwrite(list) => {
            let rows = mean(world, all, list, false).into_iter().zip(list);
            world.insert_batch(rows.map(|(entity, i)| (entity, Health(*i as u32))))
        }
        Step::Mixed(list) => {
            let rows = mean(world, all, list, false).into_iter().zip(list);
            world.insert_batch(rows.map(|(entity, i)| (entity, (Frozen, Health(*i as u32)))))
        }
        Step::Remove(list) => {
            world.remove_batch::<(Velocity, Health)>(&mean(world, all, list, false))
        }
        Step::Despawn(list) => world.despawn_batch(&mean(world, all, list, true)),
        Step::Spawn(count) => {
            all.extend(world.spawn_batch((0..*count).map(|i| velocity(i as f32)))?);
            Ok(())
        }
        Step::Mark => {
            world.mark();
            Ok(())
        }
    }
}

fn one_by_one(world: &mut World, all: &mut Vec<Entity>, step: &Step) -> Result<(), WorldError> {
    match step {
        Step::Insert(list) => {
            for (entity, i) in mean(world, all, list, false).into_iter().zip(list) {
                world.insert(entity, velocity(*i as f32))?;
            }
        }
        Step::Overwrite(list) => {
            for (entity, i) in mean(world, all, list, false).into_iter().zip(list) {
                world.insert(entity, Health(*i as u32))?;
            }
        }
        Step::Mixed(list) => {
            for (entity, i) in mean(world, all, list, false).into_iter().zip(list) {
                world.insert(entity, (Frozen, Health(*i as u32)))?;
            }
        }
        Step::Remove(list) => {
            for entity in mean(world, all, list, false) {
                world.remove::<(Velocity, Health)>(entity)?;
            }
        }
        Step::Despawn(list) => {
            for entity in mean(world, all, list, true) {
                world.despawn(entity)?;
            }
        }
        Step::Spawn(count) => {
            for i in 0..*count {
                all.push(world.spawn(velocity(i as f32))?);
            }
        }
        Step::Mark => {
            world.mark();
        }
    }
    Ok(())
}

/// The same by commands of one buffer; entities are meant twice and after they are gone as well.
fn by_commands(commands: &mut Commands, all: &[Entity], step: &Step) {
    let whom = |index: &usize| Whom::Living(all[index % all.len()]);
    match step {
        Step::Insert(list) => list
            .iter()
            .for_each(|i| commands.insert(whom(i), velocity(*i as f32))),
        Step::Overwrite(list) => list
            .iter()
            .for_each(|i| commands.insert(whom(i), Health(*i as u32))),
        Step::Mixed(list) => list
            .iter()
            .for_each(|i| commands.insert(whom(i), (Frozen, Health(*i as u32)))),
        Step::Remove(list) => list
            .iter()
            .for_each(|i| commands.remove::<(Velocity, Health)>(whom(i))),
        Step::Despawn(list) => list.iter().for_each(|i| commands.despawn(whom(i))),
        Step::Spawn(count) => (0..*count).for_each(|i| {
            let new = commands.spawn(velocity(i as f32));
            commands.insert(new, Health(7));
        }),
        Step::Mark => {}
    }
}

/// What the commands of a step do, one call after the other; refusals in order.
fn by_hand(world: &mut World, all: &[Entity], step: &Step, refused: &mut Vec<WorldError>) {
    let whom = |index: &usize| all[index % all.len()];
    let mut tell = |result: Result<(), WorldError>| refused.extend(result.err());
    match step {
        Step::Insert(list) => list
            .iter()
            .for_each(|i| tell(world.insert(whom(i), velocity(*i as f32)))),
        Step::Overwrite(list) => list
            .iter()
            .for_each(|i| tell(world.insert(whom(i), Health(*i as u32)))),
        Step::Mixed(list) => list
            .iter()
            .for_each(|i| tell(world.insert(whom(i), (Frozen, Health(*i as u32))))),
        Step::Remove(list) => list
            .iter()
            .for_each(|i| tell(world.remove::<(Velocity, Health)>(whom(i)))),
        Step::Despawn(list) => list.iter().for_each(|i| tell(world.despawn(whom(i)))),
        Step::Spawn(count) => (0..*count).for_each(|i| {
            let new = world.spawn(velocity(i as f32)).expect("room");
            tell(world.insert(new, Health(7)));
        }),
        Step::Mark => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn many_at_once_is_one_after_the_other(steps in steps(), count in 1usize..3000) {
        let (mut fast, mut all) = start(count);
        let (mut slow, mut slow_all) = start(count);
        for step in &steps {
            let (one, other) = (at_once(&mut fast, &mut all, step), one_by_one(&mut slow, &mut slow_all, step));
            prop_assert_eq!(one, other);
            prop_assert_eq!(&all, &slow_all);
            if all.len() % 2 == 0 {
                prop_assert_eq!(fast.hash(), slow.hash());
            }
        }
        prop_assert_eq!(fast.hash(), slow.hash());
        prop_assert_eq!(fast.save(), slow.save());
        let mut loaded = World::load(&registry(), &fast.save()).expect("saved");
        prop_assert_eq!(loaded.hash(), fast.hash());
    }

    #[test]
    fn runs_of_commands_are_commands_one_after_the_other(steps in steps(), count in 1usize..600) {
        let (mut fast, all) = start(count);
        let (mut slow, _) = start(count);
        let list = (steps.clone(), all.clone());
        let mut schedule = Schedule::builder(&registry())
            .add(system("all", move |commands: &mut Commands| {
                list.0.iter().for_each(|step| by_commands(commands, &list.1, step));
            }))
            .build()
            .expect("one system");
        let report = schedule.tick(&mut fast, &Workers::inline()).expect("nothing fails");
        // Commands write with the stamp behind the system's.
        slow.mark();
        slow.mark();
        let mut refused = Vec::new();
        steps.iter().for_each(|step| by_hand(&mut slow, &all, step, &mut refused));
        prop_assert_eq!(report.refused, refused);
        let rows = |world: &World| -> Vec<_> {
            let ids: Vec<_> = world.registry().kinds().map(|(id, _)| id).collect();
            world.entities().map(|entity| {
                let stamps = ids.iter().map(|id| world.stamps(entity, *id).ok()).collect::<Vec<_>>();
                let rows = ids.iter().map(|id| world.get_row(entity, *id).ok()).collect::<Vec<_>>();
                (entity, stamps, rows)
            }).collect()
        };
        prop_assert!(rows(&fast) == rows(&slow));
    }
}

#[test]
fn an_entity_that_does_not_live_or_is_meant_twice_stops_all_of_it() {
    let (mut world, all) = start(10);
    world.despawn(all[4]).expect("alive");
    let before = world.fork().hash();
    let dead = Err(WorldError::Dead { entity: all[4] });
    assert_eq!(world.despawn_batch(&all[..6]), dead);
    assert_eq!(world.remove_batch::<Health>(&all[..6]), dead);
    assert_eq!(
        world.insert_batch(all.iter().map(|entity| (*entity, Frozen))),
        dead
    );
    let twice = Err(WorldError::Dead { entity: all[2] });
    assert_eq!(world.despawn_batch(&[all[2], all[3], all[2]]), twice);
    assert_eq!(world.hash(), before);
}
