//! The workloads on bevy_ecs and hecs.

use crate::measure::{Run, checked};
use crate::parts::*;
use bevy_ecs::batching::BatchingStrategy;
use bevy_ecs::change_detection::DetectChanges;
use bevy_ecs::prelude::{Message, Messages, Query, Ref, Schedule, World};
use bevy_ecs::schedule::{IntoScheduleConfigs, MultiThreadedExecutor, SingleThreadedExecutor};
use std::hint::black_box;

fn bevy_world(count: usize) -> (World, Vec<bevy_ecs::entity::Entity>) {
    let mut world = World::new();
    let all = world.spawn_batch((0..count).map(row)).collect();
    (world, all)
}

fn bevy_positions(world: &mut World) -> f64 {
    let mut rows = world.query::<&Position>();
    rows.iter(world).map(|row| f64::from(row.x)).sum()
}

fn bevy_numbers(world: &mut World) -> f64 {
    let mut rows = world.query::<&A>();
    rows.iter(world).map(|row| f64::from(row.0)).sum()
}

pub fn bevy_simple_insert() -> Run {
    checked(
        World::new(),
        |world| {
            *world = World::new();
            world.spawn_batch((0..10_000).map(row)).for_each(drop);
            black_box(&world);
        },
        bevy_positions,
    )
}

pub fn bevy_simple_iter() -> Run {
    let (mut world, _) = bevy_world(10_000);
    let mut query = world.query::<(&mut Position, &Velocity)>();
    checked(
        world,
        move |world| {
            query.iter_mut(world).for_each(|(mut position, velocity)| {
                position.x += velocity.x;
                position.y += velocity.y;
                position.z += velocity.z;
            });
        },
        bevy_positions,
    )
}

pub fn bevy_frag_iter() -> Run {
    let mut world = World::new();
    macro_rules! all { ($($name:ident)*) => { $(world.spawn_batch((0..20).map(|_| ($name(0.0), Data(1.0)))).for_each(drop);)* }; }
    all!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);
    let mut query = world.query::<&mut Data>();
    checked(
        world,
        move |world| query.iter_mut(world).for_each(|mut data| data.0 *= 2.0),
        |world| {
            let mut rows = world.query::<&Data>();
            rows.iter(world).map(|row| f64::from(row.0)).sum()
        },
    )
}

fn executor(schedule: &mut Schedule, is_multi: bool) {
    if is_multi {
        bevy_tasks::ComputeTaskPool::get_or_init(bevy_tasks::TaskPool::default);
        schedule.set_executor(MultiThreadedExecutor::new());
    } else {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}

pub fn bevy_schedule(is_multi: bool) -> Run {
    fn ab(mut rows: Query<(&mut A, &mut B)>) {
        rows.iter_mut()
            .for_each(|(mut a, mut b)| std::mem::swap(&mut a.0, &mut b.0));
    }
    fn cd(mut rows: Query<(&mut C, &mut D)>) {
        rows.iter_mut()
            .for_each(|(mut c, mut d)| std::mem::swap(&mut c.0, &mut d.0));
    }
    fn ce(mut rows: Query<(&mut C, &mut E)>) {
        rows.iter_mut()
            .for_each(|(mut c, mut e)| std::mem::swap(&mut c.0, &mut e.0));
    }
    let mut world = World::new();
    let ab_row = || (A(0.0), B(1.0));
    world
        .spawn_batch((0..10_000).map(|_| ab_row()))
        .for_each(drop);
    world
        .spawn_batch((0..10_000).map(|_| (ab_row(), C(2.0))))
        .for_each(drop);
    world
        .spawn_batch((0..10_000).map(|_| (ab_row(), C(2.0), D(3.0))))
        .for_each(drop);
    world
        .spawn_batch((0..10_000).map(|_| (ab_row(), C(2.0), E(3.0))))
        .for_each(drop);
    let mut schedule = Schedule::default();
    schedule.add_systems((ab, (cd, ce).chain()));
    executor(&mut schedule, is_multi);
    checked(
        world,
        move |world| schedule.run(world),
        |world| {
            let mut rows = world.query::<&C>();
            let c: f64 = rows.iter(world).map(|row| f64::from(row.0)).sum();
            bevy_numbers(world) + 10.0 * c
        },
    )
}

pub fn bevy_add_remove() -> Run {
    let mut world = World::new();
    let all: Vec<_> = world.spawn_batch((0..10_000).map(|_| A(0.0))).collect();
    checked(
        world,
        move |world| {
            for entity in &all {
                world.entity_mut(*entity).insert(B(0.0));
            }
            for entity in &all {
                world.entity_mut(*entity).remove::<B>();
            }
        },
        |world| {
            let (a, b) = (
                world.query::<&A>().iter(world).count(),
                world.query::<&B>().iter(world).count(),
            );
            a as f64 + 0.5 * b as f64
        },
    )
}

pub fn bevy_changed(writes: usize) -> Run {
    let (mut world, all) = bevy_world(100_000);
    world.increment_change_tick();
    let since = world.change_tick();
    world.increment_change_tick();
    for index in 0..writes {
        world
            .get_mut::<Position>(all[index * 97 % all.len()])
            .expect("alive")
            .x += 1.0;
    }
    let mut query = world.query::<Ref<Position>>();
    checked(
        0.0,
        move |sum| {
            let now = world.change_tick();
            *sum = 0.0;
            for position in query.iter(&world) {
                if position.last_changed().is_newer_than(since, now) {
                    *sum += position.x;
                }
            }
            black_box(sum);
        },
        |sum| f64::from(*sum),
    )
}

pub fn bevy_empty_systems(count: usize, is_multi: bool) -> Run {
    let mut schedule = Schedule::default();
    for _ in 0..count {
        schedule.add_systems(|| {});
    }
    executor(&mut schedule, is_multi);
    let mut world = World::new();
    Box::new(move || schedule.run(&mut world))
}

fn hecs_positions(world: &mut hecs::World) -> f64 {
    let rows = world.query_mut::<&Position>().into_iter();
    rows.map(|row| f64::from(row.x)).sum()
}

pub fn hecs_simple_insert() -> Run {
    checked(
        hecs::World::new(),
        |world| {
            *world = hecs::World::new();
            world.spawn_batch((0..10_000).map(row)).for_each(drop);
            black_box(&world);
        },
        hecs_positions,
    )
}

pub fn hecs_simple_iter() -> Run {
    let mut world = hecs::World::new();
    world.spawn_batch((0..10_000).map(row)).for_each(drop);
    let mut prepared = hecs::PreparedQuery::<(&mut Position, &Velocity)>::new();
    checked(
        world,
        move |world| {
            prepared.query_mut(world).for_each(|(position, velocity)| {
                position.x += velocity.x;
                position.y += velocity.y;
                position.z += velocity.z;
            });
        },
        hecs_positions,
    )
}

pub fn hecs_frag_iter() -> Run {
    let mut world = hecs::World::new();
    macro_rules! all { ($($name:ident)*) => { $(world.spawn_batch((0..20).map(|_| ($name(0.0), Data(1.0)))).for_each(drop);)* }; }
    all!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);
    let mut prepared = hecs::PreparedQuery::<&mut Data>::new();
    checked(
        world,
        move |world| prepared.query_mut(world).for_each(|data| data.0 *= 2.0),
        |world| {
            let rows = world.query_mut::<&Data>().into_iter();
            rows.map(|row| f64::from(row.0)).sum()
        },
    )
}

pub fn hecs_add_remove() -> Run {
    let mut world = hecs::World::new();
    let all: Vec<_> = world.spawn_batch((0..10_000).map(|_| (A(0.0),))).collect();
    checked(
        world,
        move |world| {
            for entity in &all {
                world.insert_one(*entity, B(0.0)).expect("alive");
            }
            for entity in &all {
                world.remove_one::<B>(*entity).expect("there");
            }
        },
        |world| {
            let a = world.query_mut::<&A>().into_iter().count();
            let b = world.query_mut::<&B>().into_iter().count();
            a as f64 + 0.5 * b as f64
        },
    )
}

/// One iteration over heavy rows: on this thread, or on all of the pool in batches of 64.
pub fn bevy_heavy_compute(is_parallel: bool) -> Run {
    bevy_tasks::ComputeTaskPool::get_or_init(bevy_tasks::TaskPool::default);
    let (mut world, _) = bevy_world(1_000);
    let mut query = world.query::<(&mut Transform, &mut Position)>();
    checked(
        world,
        move |world| {
            let mut rows = query.query_mut(world);
            if is_parallel {
                rows.par_iter_mut()
                    .batching_strategy(BatchingStrategy::fixed(64))
                    .for_each(|(mut t, mut p)| heavy(&mut t, &mut p));
            } else {
                rows.iter_mut()
                    .for_each(|(mut t, mut p)| heavy(&mut t, &mut p));
            }
        },
        bevy_positions,
    )
}

/// Eight systems with a component each.
pub fn bevy_heavy_systems(is_multi: bool) -> Run {
    let mut world = World::new();
    let rows = (0..1_000).map(|_| {
        (
            (A(1.0), B(1.0), C(1.0), D(1.0)),
            (E(1.0), F(1.0), G(1.0), H(1.0)),
        )
    });
    world.spawn_batch(rows).for_each(drop);
    let mut schedule = Schedule::default();
    macro_rules! add { ($($name:ident)*) => { $(schedule.add_systems(|mut rows: Query<&mut $name>| {
        rows.iter_mut().for_each(|mut row| row.0 = heavy_number(row.0));
    });)* }; }
    add!(A B C D E F G H);
    executor(&mut schedule, is_multi);
    checked(
        world,
        move |world| schedule.run(world),
        |world| {
            let mut rows = world.query::<&H>();
            let h: f64 = rows.iter(world).map(|row| f64::from(row.0)).sum();
            bevy_numbers(world) + h
        },
    )
}

/// A hundred systems that add one to the same thousand numbers.
pub fn bevy_tiny(is_multi: bool) -> Run {
    let mut world = World::new();
    world.spawn_batch((0..1_000).map(|_| A(1.0))).for_each(drop);
    let mut schedule = Schedule::default();
    for _ in 0..100 {
        schedule.add_systems(|mut rows: Query<&mut A>| {
            rows.iter_mut().for_each(|mut a| a.0 += 1.0);
        });
    }
    executor(&mut schedule, is_multi);
    checked(world, move |world| schedule.run(world), bevy_numbers)
}

/// Ten thousand messages of 32 bytes written, then read in the order they came.
pub fn bevy_messages() -> Run {
    let mut messages = Messages::<Message32>::default();
    let mut cursor = messages.get_cursor();
    checked(
        0,
        move |sum| {
            messages.update();
            for number in 0..10_000u32 {
                messages.write(Message32 {
                    number,
                    _rest: [0; 7],
                });
            }
            let numbers = cursor.read(&messages).map(|message| message.number);
            *sum += numbers.map(u64::from).sum::<u64>();
        },
        |sum| *sum as f64,
    )
}

#[derive(Message)]
struct Message32 {
    number: u32,
    _rest: [u32; 7],
}

pub fn hecs_heavy_compute() -> Run {
    let mut world = hecs::World::new();
    world.spawn_batch((0..1_000).map(row)).for_each(drop);
    let mut prepared = hecs::PreparedQuery::<(&mut Transform, &mut Position)>::new();
    checked(
        world,
        move |world| prepared.query_mut(world).for_each(|(t, p)| heavy(t, p)),
        hecs_positions,
    )
}
