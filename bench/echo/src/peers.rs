//! The workloads on bevy_ecs and hecs.

use crate::measure::Run;
use crate::parts::*;
use bevy_ecs::change_detection::DetectChanges;
use bevy_ecs::batching::BatchingStrategy;
use bevy_ecs::prelude::{Query, Ref, Schedule, World};
use bevy_ecs::schedule::{IntoScheduleConfigs, MultiThreadedExecutor, SingleThreadedExecutor};
use std::hint::black_box;

fn bevy_world(count: usize) -> (World, Vec<bevy_ecs::entity::Entity>) {
    let mut world = World::new();
    let all = world.spawn_batch((0..count).map(row)).collect();
    (world, all)
}

pub fn bevy_simple_insert() -> Run {
    Box::new(|| {
        let mut world = World::new();
        world.spawn_batch((0..10_000).map(row)).for_each(drop);
        black_box(&world);
    })
}

pub fn bevy_simple_iter() -> Run {
    let (mut world, _) = bevy_world(10_000);
    let mut query = world.query::<(&mut Position, &Velocity)>();
    Box::new(move || {
        query
            .iter_mut(&mut world)
            .for_each(|(mut position, velocity)| {
                position.x += velocity.x;
                position.y += velocity.y;
                position.z += velocity.z;
            });
    })
}

pub fn bevy_frag_iter() -> Run {
    let mut world = World::new();
    macro_rules! all { ($($name:ident)*) => { $(world.spawn_batch((0..20).map(|_| ($name(0.0), Data(1.0)))).for_each(drop);)* }; }
    all!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);
    let mut query = world.query::<&mut Data>();
    Box::new(move || {
        query
            .iter_mut(&mut world)
            .for_each(|mut data| data.0 *= 2.0)
    })
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
    Box::new(move || schedule.run(&mut world))
}

pub fn bevy_add_remove() -> Run {
    let mut world = World::new();
    let all: Vec<_> = world.spawn_batch((0..10_000).map(|_| A(0.0))).collect();
    Box::new(move || {
        for entity in &all {
            world.entity_mut(*entity).insert(B(0.0));
        }
        for entity in &all {
            world.entity_mut(*entity).remove::<B>();
        }
    })
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
    Box::new(move || {
        let now = world.change_tick();
        let mut sum = 0.0;
        for position in query.iter(&world) {
            if position.last_changed().is_newer_than(since, now) {
                sum += position.x;
            }
        }
        black_box(sum);
    })
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

pub fn hecs_simple_insert() -> Run {
    Box::new(|| {
        let mut world = hecs::World::new();
        world.spawn_batch((0..10_000).map(row)).for_each(drop);
        black_box(&world);
    })
}

pub fn hecs_simple_iter() -> Run {
    let mut world = hecs::World::new();
    world.spawn_batch((0..10_000).map(row)).for_each(drop);
    let mut prepared = hecs::PreparedQuery::<(&mut Position, &Velocity)>::new();
    Box::new(move || {
        prepared
            .query_mut(&mut world)
            .for_each(|(position, velocity)| {
                position.x += velocity.x;
                position.y += velocity.y;
                position.z += velocity.z;
            });
    })
}

pub fn hecs_frag_iter() -> Run {
    let mut world = hecs::World::new();
    macro_rules! all { ($($name:ident)*) => { $(world.spawn_batch((0..20).map(|_| ($name(0.0), Data(1.0)))).for_each(drop);)* }; }
    all!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);
    let mut prepared = hecs::PreparedQuery::<&mut Data>::new();
    Box::new(move || {
        prepared
            .query_mut(&mut world)
            .for_each(|data| data.0 *= 2.0)
    })
}

pub fn hecs_add_remove() -> Run {
    let mut world = hecs::World::new();
    let all: Vec<_> = world.spawn_batch((0..10_000).map(|_| (A(0.0),))).collect();
    Box::new(move || {
        for entity in &all {
            world.insert_one(*entity, B(0.0)).expect("alive");
        }
        for entity in &all {
            world.remove_one::<B>(*entity).expect("there");
        }
    })
}

/// One iteration over heavy rows: on this thread, or on all of the pool in batches of 64.
pub fn bevy_heavy_compute(is_parallel: bool) -> Run {
    bevy_tasks::ComputeTaskPool::get_or_init(bevy_tasks::TaskPool::default);
    let (mut world, _) = bevy_world(1_000);
    let mut query = world.query::<(&mut Transform, &mut Position)>();
    Box::new(move || {
        let mut rows = query.query_mut(&mut world);
        if is_parallel {
            rows.par_iter_mut()
                .batching_strategy(BatchingStrategy::fixed(64))
                .for_each(|(mut t, mut p)| heavy(&mut t, &mut p));
        } else {
            rows.iter_mut()
                .for_each(|(mut t, mut p)| heavy(&mut t, &mut p));
        }
    })
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
    Box::new(move || schedule.run(&mut world))
}

/// A hundred systems that add one to the same thousand numbers.
pub fn bevy_tiny(is_multi: bool) -> Run {
    let mut world = World::new();
    world
        .spawn_batch((0..1_000).map(|_| A(1.0)))
        .for_each(drop);
    let mut schedule = Schedule::default();
    for _ in 0..100 {
        schedule.add_systems(|mut rows: Query<&mut A>| {
            rows.iter_mut().for_each(|mut a| a.0 += 1.0);
        });
    }
    executor(&mut schedule, is_multi);
    Box::new(move || schedule.run(&mut world))
}

pub fn hecs_heavy_compute() -> Run {
    let mut world = hecs::World::new();
    world.spawn_batch((0..1_000).map(row)).for_each(drop);
    let mut prepared = hecs::PreparedQuery::<(&mut Transform, &mut Position)>::new();
    Box::new(move || {
        prepared
            .query_mut(&mut world)
            .for_each(|(t, p)| heavy(t, p));
    })
}
