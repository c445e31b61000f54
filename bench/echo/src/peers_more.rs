//! The workloads on legion and shipyard.

use crate::measure::{Run, checked};
use crate::parts::*;
use legion::systems::{Builder, ParallelRunnable};
use legion::world::SubWorld;
use legion::{IntoQuery, Resources, SystemBuilder, World};
use shipyard::IntoIter;
use std::hint::black_box;

fn positions(world: &mut World) -> f64 {
    let mut rows = <&Position>::query();
    rows.iter(world).map(|row| f64::from(row.x)).sum()
}

fn numbers(world: &mut World) -> f64 {
    let mut rows = <&A>::query();
    rows.iter(world).map(|row| f64::from(row.0)).sum()
}

pub fn legion_simple_insert() -> Run {
    checked(
        World::default(),
        |world| {
            *world = World::default();
            world.extend((0..10_000).map(row).collect::<Vec<_>>());
            black_box(&world);
        },
        positions,
    )
}

pub fn legion_simple_iter() -> Run {
    let mut world = World::default();
    world.extend((0..10_000).map(row).collect::<Vec<_>>());
    let mut query = <(&mut Position, &Velocity)>::query();
    checked(
        world,
        move |world| {
            query.for_each_mut(world, |(position, velocity)| {
                position.x += velocity.x;
                position.y += velocity.y;
                position.z += velocity.z;
            });
        },
        positions,
    )
}

pub fn legion_frag_iter() -> Run {
    let mut world = World::default();
    macro_rules! all { ($($name:ident)*) => { $(world.extend((0..20).map(|_| ($name(0.0), Data(1.0))).collect::<Vec<_>>());)* }; }
    all!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);
    let mut query = <&mut Data>::query();
    checked(
        world,
        move |world| query.for_each_mut(world, |data| data.0 *= 2.0),
        |world| {
            let mut rows = <&Data>::query();
            rows.iter(world).map(|row| f64::from(row.0)).sum()
        },
    )
}

/// Three systems that swap pairs of components; two of them share one.
pub fn legion_schedule() -> Run {
    fn ab() -> impl ParallelRunnable {
        SystemBuilder::new("ab")
            .with_query(<(&mut A, &mut B)>::query())
            .build(|_, world: &mut SubWorld, _, query| {
                query.for_each_mut(world, |(a, b)| std::mem::swap(&mut a.0, &mut b.0));
            })
    }
    fn cd() -> impl ParallelRunnable {
        SystemBuilder::new("cd")
            .with_query(<(&mut C, &mut D)>::query())
            .build(|_, world: &mut SubWorld, _, query| {
                query.for_each_mut(world, |(c, d)| std::mem::swap(&mut c.0, &mut d.0));
            })
    }
    fn ce() -> impl ParallelRunnable {
        SystemBuilder::new("ce")
            .with_query(<(&mut C, &mut E)>::query())
            .build(|_, world: &mut SubWorld, _, query| {
                query.for_each_mut(world, |(c, e)| std::mem::swap(&mut c.0, &mut e.0));
            })
    }
    let mut world = World::default();
    world.extend(vec![(A(0.0), B(1.0)); 10_000]);
    world.extend(vec![(A(0.0), B(1.0), C(2.0)); 10_000]);
    world.extend(vec![(A(0.0), B(1.0), C(2.0), D(3.0)); 10_000]);
    world.extend(vec![(A(0.0), B(1.0), C(2.0), E(3.0)); 10_000]);
    let mut builder = Builder::default();
    builder.add_system(ab()).add_system(cd()).add_system(ce());
    run_schedule(builder, world, |world| {
        let mut rows = <&C>::query();
        let c: f64 = rows.iter(world).map(|row| f64::from(row.0)).sum();
        numbers(world) + 10.0 * c
    })
}

pub fn legion_add_remove() -> Run {
    let mut world = World::default();
    let all = world.extend(vec![(A(0.0),); 10_000]).to_vec();
    checked(
        world,
        move |world| {
            for entity in &all {
                let mut entry = world.entry(*entity).expect("alive");
                entry.add_component(B(0.0));
            }
            for entity in &all {
                let mut entry = world.entry(*entity).expect("alive");
                entry.remove_component::<B>();
            }
        },
        |world| {
            let a = <&A>::query().iter(world).count();
            let b = <&B>::query().iter(world).count();
            a as f64 + 0.5 * b as f64
        },
    )
}

/// One iteration over heavy rows: on this thread, or on all of rayon's.
pub fn legion_heavy_compute(is_parallel: bool) -> Run {
    let mut world = World::default();
    world.extend((0..1_000).map(row).collect::<Vec<_>>());
    let mut query = <(&mut Transform, &mut Position)>::query();
    checked(
        world,
        move |world| {
            if is_parallel {
                query.par_for_each_mut(world, |(t, p)| heavy(t, p));
            } else {
                query.for_each_mut(world, |(t, p)| heavy(t, p));
            }
        },
        positions,
    )
}

/// Eight systems with a component each.
pub fn legion_heavy_systems() -> Run {
    let mut world = World::default();
    world.extend(vec![
        (
            A(1.0),
            B(1.0),
            C(1.0),
            D(1.0),
            E(1.0),
            F(1.0),
            G(1.0),
            H(1.0)
        );
        1_000
    ]);
    let mut builder = Builder::default();
    macro_rules! add { ($($name:ident)*) => { $(builder.add_system(
        SystemBuilder::new(stringify!($name)).with_query(<&mut $name>::query()).build(|_, world: &mut SubWorld, _, query| {
            query.for_each_mut(world, |row| row.0 = heavy_number(row.0));
        }),
    );)* }; }
    add!(A B C D E F G H);
    run_schedule(builder, world, |world| {
        let mut rows = <&H>::query();
        let h: f64 = rows.iter(world).map(|row| f64::from(row.0)).sum();
        numbers(world) + h
    })
}

pub fn legion_empty_systems(count: usize) -> Run {
    let mut builder = Builder::default();
    for index in 0..count {
        builder.add_system(SystemBuilder::new(format!("s{index}")).build(|_, _, _, _| {}));
    }
    run_schedule(builder, World::default(), |_| 0.0)
}

/// A hundred systems that add one to the same thousand numbers.
pub fn legion_tiny() -> Run {
    let mut world = World::default();
    world.extend(vec![(A(1.0),); 1_000]);
    let mut builder = Builder::default();
    for index in 0..100 {
        builder.add_system(
            SystemBuilder::new(format!("s{index}"))
                .with_query(<&mut A>::query())
                .build(|_, world: &mut SubWorld, _, query| {
                    query.for_each_mut(world, |a| a.0 += 1.0);
                }),
        );
    }
    run_schedule(builder, world, numbers)
}

fn run_schedule(mut builder: Builder, world: World, outcome: fn(&mut World) -> f64) -> Run {
    let mut schedule = builder.build();
    let mut resources = Resources::default();
    checked(
        world,
        move |world| schedule.execute(world, &mut resources),
        outcome,
    )
}

pub fn shipyard_simple_insert() -> Run {
    checked(
        shipyard::World::new(),
        |world| {
            *world = shipyard::World::new();
            world.bulk_add_entity((0..10_000).map(row));
            black_box(&world);
        },
        |world| {
            let rows = world.borrow::<shipyard::View<Position>>();
            let rows = rows.expect("nobody has it");
            rows.iter().map(|row| f64::from(row.x)).sum()
        },
    )
}
