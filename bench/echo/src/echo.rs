//! The workloads on Echo.

use crate::measure::{Run, checked};
use crate::parts::{self, *};
use gatos_echo::bus::{BusConfig, Draft, Handler, Lane, Post};
use gatos_echo::scene::Scene;
use gatos_echo::schedule::{Phase, Query, Schedule, Workers, each, each_with_commands, system};
use gatos_echo::{Bundle, Changed, Component, Entity, Plan, Registry, Stamp, With, World};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

fn registry() -> Registry {
    Registry::builder()
        .with::<Transform>()
        .with::<Position>()
        .with::<Rotation>()
        .with::<Velocity>()
        .with::<Data>()
        .with::<A>()
        .with::<B>()
        .with::<C>()
        .with::<D>()
        .with::<E>()
        .with::<F>()
        .with::<G>()
        .with::<H>()
        .with::<I>()
        .with::<J>()
        .with::<K>()
        .with::<L>()
        .with::<M>()
        .with::<N>()
        .with::<O>()
        .with::<P>()
        .with::<Q>()
        .with::<R>()
        .with::<S>()
        .with::<T>()
        .with::<U>()
        .with::<V>()
        .with::<W>()
        .with::<X>()
        .with::<Y>()
        .with::<Z>()
        .build()
        .expect("plain data")
}

fn world(count: usize) -> (World, Vec<Entity>) {
    let mut world = World::new(&registry());
    let all = world.spawn_batch((0..count).map(row)).expect("room");
    (world, all)
}

/// The sum over a number of each row of a component.
fn sum_of<T: Component>(world: &mut World, number: fn(&T) -> f32) -> f64 {
    let mut sum = 0.0;
    let visit = |row: &T| sum += f64::from(number(row));
    world.for_each::<&T>(visit).expect("registered");
    sum
}

pub fn simple_insert() -> Run {
    let registry = registry();
    checked(
        World::new(&registry),
        move |world| {
            *world = World::new(&registry);
            black_box(world.spawn_batch((0..10_000).map(row)).expect("room"));
        },
        |world| sum_of::<Position>(world, |position| position.x),
    )
}

pub fn simple_iter() -> Run {
    let (world, _) = world(10_000);
    let mut plan = Plan::<(&mut Position, &Velocity)>::new(world.registry()).expect("registered");
    checked(
        world,
        move |world| {
            world.for_each_of(&mut plan, Stamp::default(), |(position, velocity)| {
                position.x += velocity.x;
                position.y += velocity.y;
                position.z += velocity.z;
            });
        },
        |world| sum_of::<Position>(world, |position| position.x),
    )
}

pub fn frag_iter() -> Run {
    let mut world = World::new(&registry());
    fn add<T: Component>(world: &mut World, make: fn(f32) -> T)
    where
        (T, Data): Bundle,
    {
        world
            .spawn_batch((0..20).map(|_| (make(0.0), Data(1.0))))
            .expect("room");
    }
    macro_rules! all { ($($name:ident)*) => { $(add(&mut world, $name);)* }; }
    all!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z);
    let mut plan = Plan::<&mut Data>::new(world.registry()).expect("registered");
    checked(
        world,
        move |world| world.for_each_of(&mut plan, Stamp::default(), |data| data.0 *= 2.0),
        |world| sum_of::<Data>(world, |data| data.0),
    )
}

pub fn schedule(threads: usize) -> Run {
    schedule_of(threads, false)
}

/// The same, with what a tick needs to be undone.
pub fn schedule_guarded() -> Run {
    schedule_of(1, true)
}

fn schedule_of(threads: usize, is_guarded: bool) -> Run {
    let mut world = World::new(&registry());
    let ab = || (A(0.0), B(1.0));
    world.spawn_batch((0..10_000).map(|_| ab())).expect("room");
    world
        .spawn_batch((0..10_000).map(|_| (ab(), C(2.0))))
        .expect("room");
    world
        .spawn_batch((0..10_000).map(|_| (ab(), C(2.0), D(3.0))))
        .expect("room");
    world
        .spawn_batch((0..10_000).map(|_| (ab(), C(2.0), E(3.0))))
        .expect("room");
    let builder = Schedule::builder(&registry());
    let builder = if is_guarded {
        builder.guarded()
    } else {
        builder
    };
    let mut schedule = builder
        .add(each::<(&mut A, &mut B), ()>("ab", |(a, b)| {
            std::mem::swap(&mut a.0, &mut b.0)
        }))
        .add(each::<(&mut C, &mut D), ()>("cd", |(c, d)| {
            std::mem::swap(&mut c.0, &mut d.0)
        }))
        .add(
            each::<(&mut C, &mut E), ()>("ce", |(c, e)| std::mem::swap(&mut c.0, &mut e.0))
                .after("cd"),
        )
        .build()
        .expect("ordered");
    let workers = Workers::new(threads);
    checked(
        world,
        move |world| {
            schedule.tick(world, &workers).expect("nothing fails");
        },
        |world| sum_of::<A>(world, |a| a.0) + 10.0 * sum_of::<C>(world, |c| c.0),
    )
}

/// How many have B, which is nobody after a call, and how many have A.
fn add_remove_outcome(world: &mut World) -> f64 {
    let (a, b) = (world.find::<With<A>>(), world.find::<With<B>>());
    let (a, b) = (a.expect("registered"), b.expect("registered"));
    a.len() as f64 + 0.5 * b.len() as f64
}

pub fn add_remove() -> Run {
    let mut world = World::new(&registry());
    let all = world
        .spawn_batch((0..10_000).map(|_| A(0.0)))
        .expect("room");
    checked(
        world,
        move |world| {
            for entity in &all {
                world.insert(*entity, B(0.0)).expect("alive");
            }
            for entity in &all {
                world.remove::<B>(*entity).expect("alive");
            }
        },
        add_remove_outcome,
    )
}

pub fn add_remove_at_once() -> Run {
    let mut world = World::new(&registry());
    let all = world
        .spawn_batch((0..10_000).map(|_| A(0.0)))
        .expect("room");
    checked(
        world,
        move |world| {
            let rows = all.iter().map(|entity| (*entity, B(0.0)));
            world.insert_batch(rows).expect("alive");
            world.remove_batch::<B>(&all).expect("alive");
        },
        add_remove_outcome,
    )
}

/// One tick: every entity gets a component in one phase and loses it in the next.
pub fn add_remove_commands() -> Run {
    let mut world = World::new(&registry());
    world
        .spawn_batch((0..10_000).map(|_| A(0.0)))
        .expect("room");
    let mut schedule = Schedule::builder(&registry())
        .add(each_with_commands::<Entity, With<A>>(
            "add",
            |entity, commands| commands.insert(entity, B(0.0)),
        ))
        .add(
            each_with_commands::<Entity, With<B>>("remove", |entity, commands| {
                commands.remove::<B>(entity)
            })
            .phase(Phase::PostUpdate),
        )
        .build()
        .expect("ordered");
    let workers = Workers::inline();
    checked(
        world,
        move |world| {
            schedule.tick(world, &workers).expect("nothing fails");
        },
        add_remove_outcome,
    )
}

pub fn serialize() -> Run {
    let (world, _) = world(1_000);
    let registry = registry();
    Box::new(move || {
        black_box(World::load(&registry, &world.save()).expect("saved"));
    })
}

pub fn serialize_text() -> Run {
    let (world, all) = world(1_000);
    let registry = registry();
    Box::new(move || {
        let scene = Scene::of(&world, &all).expect("closed");
        let read = Scene::parse(&registry, &scene.print(&registry)).expect("printed");
        let mut other = World::new(&registry);
        black_box(read.spawn(&mut other).expect("room"));
    })
}

pub fn restore() -> Run {
    let (kept, all) = world(100_000);
    let mut world = kept.fork();
    Box::new(move || {
        world.get_mut::<Position>(all[0]).expect("alive").x = 1.0;
        world = kept.fork();
        black_box(&world);
    })
}

/// The bytes of the 100,000 in blocks of 16 KiB, hashed and nothing else.
pub fn blake3_alone() -> Run {
    let bytes = vec![7u8; 16_384];
    Box::new(move || {
        for _ in 0..(100_000 * 108) / 16_384 {
            black_box(gatos_values::Blake3Digest::of(black_box(&bytes)));
        }
    })
}

/// The root after all rows of some blocks were written, without the writing: what is measured with it is taken off.
pub fn root_after_leaves(leaves: usize) -> Run {
    let (mut world, all) = world(100_000);
    world.hash();
    // Entities of `leaves` blocks; one write makes a block dirty as a whole.
    let rows: Vec<Entity> = (0..leaves).map(|leaf| all[leaf * 2_048]).collect();
    Box::new(move || {
        for entity in &rows {
            world.get_mut::<Position>(*entity).expect("alive").x += 1.0;
        }
        black_box(world.hash());
    })
}

/// A tick of systems that do nothing; the graph is known, or made anew because a system runs every other tick.
pub fn graph(count: usize, is_anew: bool) -> Run {
    let mut builder = Schedule::builder(&registry());
    for index in 0..count {
        let system = match index % 4 {
            0 => system(&format!("s{index}"), |_: Query<&mut A>| {}),
            1 => system(&format!("s{index}"), |_: Query<(&A, &mut B)>| {}),
            2 => system(&format!("s{index}"), |_: Query<(&B, &C, &D)>| {}),
            _ => system(&format!("s{index}"), |_: Query<&mut E>| {}),
        };
        builder = builder.add(system.priority(index as i32));
    }
    let last = system("zz", || {}).priority(i32::MAX);
    let last = last.run_if(move |world| !is_anew || world.tick() % 2 == 0);
    let mut schedule = builder.add(last).build().expect("ordered");
    let mut world = World::new(&registry());
    let workers = Workers::inline();
    Box::new(move || {
        schedule.tick(&mut world, &workers).expect("nothing fails");
    })
}

pub fn bus() -> Run {
    let heard = Arc::new(AtomicU64::new(0));
    let sum = Arc::clone(&heard);
    let handler = Handler::new("sum", Phase::Update, "work", move |context| {
        let bytes = context.envelope.payload().first_chunk();
        let number = bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes));
        // One thread hears; what is shared is not meant to cost anything.
        let before = sum.load(Ordering::Relaxed);
        sum.store(before + u64::from(number), Ordering::Relaxed);
        Ok::<(), String>(())
    });
    let mut schedule = Schedule::builder(&registry())
        .bus(BusConfig::new().handler(handler))
        .add(
            system("emit", |post: &mut Post| {
                for index in 0..10_000u32 {
                    let lane = Lane::ALL[index as usize % 2];
                    post.emit(Draft::new("work", &index.to_le_bytes()).lane(lane));
                }
            })
            .phase(Phase::PreUpdate),
        )
        .build()
        .expect("ordered");
    let workers = Workers::inline();
    checked(
        World::new(&registry()),
        move |world| {
            schedule.tick(world, &workers).expect("nothing fails");
        },
        move |_| heard.load(Ordering::Relaxed) as f64,
    )
}

pub fn heavy_compute(threads: usize) -> Run {
    let mut world = World::new(&registry());
    world.spawn_batch((0..1_000).map(row)).expect("room");
    let mut schedule = Schedule::builder(&registry())
        .add(each::<(&mut Transform, &mut Position), ()>(
            "heavy",
            |(t, p)| parts::heavy(t, p),
        ))
        .build()
        .expect("one system");
    let workers = Workers::new(threads);
    checked(
        world,
        move |world| {
            schedule.tick(world, &workers).expect("nothing fails");
        },
        |world| sum_of::<Position>(world, |position| position.x),
    )
}

pub fn fork(count: usize) -> Run {
    let (world, _) = world(count);
    Box::new(move || {
        black_box(world.fork());
    })
}

pub fn first_write() -> Run {
    let (world, all) = world(100_000);
    Box::new(move || {
        let mut fork = world.fork();
        fork.get_mut::<Position>(all[50_000]).expect("alive").x = 1.0;
        black_box(&fork);
    })
}

pub fn column_write(shared: bool) -> Run {
    let (world, _) = world(100_000);
    let mut plan = Plan::<(&mut Position, &Velocity)>::new(world.registry()).expect("registered");
    checked(
        world,
        move |world| {
            let fork = shared.then(|| world.fork());
            world.for_each_of(&mut plan, Stamp::default(), |(position, velocity)| {
                position.x += velocity.x;
                position.y += velocity.y;
                position.z += velocity.z;
            });
            black_box(fork);
        },
        |world| sum_of::<Position>(world, |position| position.x),
    )
}

pub fn full_root(threads: usize) -> Run {
    let (world, _) = world(100_000);
    let registry = registry();
    let bytes = world.save();
    // A world that was just loaded knows no digest; loading is not what is measured, so forks of it are hashed.
    let loaded = World::load(&registry, &bytes).expect("saved");
    let workers = Workers::new(threads);
    let expected = loaded.fork().hash();
    Box::new(move || {
        assert_eq!(loaded.fork().hash_with(&workers), expected);
    })
}

pub fn root_after(writes: usize) -> Run {
    let (mut world, all) = world(100_000);
    world.hash();
    Box::new(move || {
        for entity in all.iter().take(writes) {
            world.get_mut::<Position>(*entity).expect("alive").x += 1.0;
        }
        black_box(world.hash());
    })
}

pub fn changed(writes: usize) -> Run {
    let (mut world, all) = world(100_000);
    let since = world.mark();
    for index in 0..writes {
        world
            .get_mut::<Position>(all[index * 97 % all.len()])
            .expect("alive")
            .x += 1.0;
    }
    let mut plan = Plan::<&Position, Changed<Position>>::new(world.registry()).expect("registered");
    checked(
        0.0,
        move |sum| {
            *sum = 0.0;
            world.read_each_of(&mut plan, since, |position| *sum += position.x);
            black_box(sum);
        },
        |sum| f64::from(*sum),
    )
}

pub fn empty_systems(count: usize) -> Run {
    let mut builder = Schedule::builder(&registry());
    for index in 0..count {
        builder = builder.add(system(&format!("s{index}"), || {}));
    }
    let mut schedule = builder.build().expect("ordered");
    let mut world = World::new(&registry());
    let workers = Workers::inline();
    Box::new(move || {
        schedule.tick(&mut world, &workers).expect("nothing fails");
    })
}

pub fn heavy(count: usize, threads: usize) -> Run {
    // Each system has an archetype of its own: a marker that the others do not have.
    let mut world = World::new(&registry());
    let rows = if count == 1 { 4_000 } else { 1_000 };
    macro_rules! spawn { ($($marker:ident)*) => { $(world.spawn_batch((0..rows).map(|i| { let (t, p, _, _) = row(i); (t, p, $marker(0.0)) })).expect("room");)* }; }
    let mut builder = Schedule::builder(&registry());
    if count == 1 {
        spawn!(A);
        builder = builder.add(each::<(&mut Transform, &mut Position), ()>(
            "heavy",
            |(t, p)| parts::heavy(t, p),
        ));
    } else {
        world
            .spawn_batch((0..rows).map(|_| {
                (
                    ((A(1.0), B(1.0)), (C(1.0), D(1.0))),
                    ((E(1.0), F(1.0)), (G(1.0), H(1.0))),
                )
            }))
            .expect("room");
        macro_rules! add { ($($name:ident)*) => { $(builder = builder.add(system(stringify!($name), |mut rows: Query<&mut $name>| rows.for_each(|row| row.0 = parts::heavy_number(row.0))));)* }; }
        add!(A B C D E F G H);
    }
    let mut schedule = builder.build().expect("ordered");
    let workers = Workers::new(threads);
    checked(
        world,
        move |world| {
            schedule.tick(world, &workers).expect("nothing fails");
        },
        move |world| match count {
            1 => sum_of::<Position>(world, |position| position.x),
            _ => sum_of::<A>(world, |a| a.0) + sum_of::<H>(world, |h| h.0),
        },
    )
}

pub fn tiny(threads: usize) -> Run {
    let mut world = World::new(&registry());
    world.spawn_batch((0..1_000).map(|_| A(1.0))).expect("room");
    let mut builder = Schedule::builder(&registry());
    for index in 0..100 {
        builder =
            builder.add(each::<&mut A, ()>(&format!("s{index}"), |a| a.0 += 1.0).priority(index));
    }
    let mut schedule = builder.build().expect("ordered");
    let workers = Workers::new(threads);
    checked(
        world,
        move |world| {
            schedule.tick(world, &workers).expect("nothing fails");
        },
        |world| sum_of::<A>(world, |a| a.0),
    )
}
