//! The workloads on Echo.

use crate::measure::Run;
use crate::parts::{self, *};
use gatos_echo::schedule::{Query, Schedule, Workers, each, system};
use gatos_echo::{Bundle, Changed, Component, Entity, Plan, Registry, Stamp, World};
use std::hint::black_box;

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

pub fn simple_insert() -> Run {
    let registry = registry();
    Box::new(move || {
        let mut world = World::new(&registry);
        black_box(world.spawn_batch((0..10_000).map(row)).expect("room"));
    })
}

pub fn simple_iter() -> Run {
    let (mut world, _) = world(10_000);
    let mut plan = Plan::<(&mut Position, &Velocity)>::new(world.registry()).expect("registered");
    Box::new(move || {
        world.for_each_of(&mut plan, Stamp::default(), |(position, velocity)| {
            position.x += velocity.x;
            position.y += velocity.y;
            position.z += velocity.z;
        });
    })
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
    Box::new(move || world.for_each_of(&mut plan, Stamp::default(), |data| data.0 *= 2.0))
}

pub fn schedule(threads: usize) -> Run {
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
    let mut schedule = Schedule::builder(&registry())
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
    Box::new(move || {
        schedule.tick(&mut world, &workers).expect("nothing fails");
    })
}

pub fn add_remove() -> Run {
    let mut world = World::new(&registry());
    let all = world
        .spawn_batch((0..10_000).map(|_| A(0.0)))
        .expect("room");
    Box::new(move || {
        for entity in &all {
            world.insert(*entity, B(0.0)).expect("alive");
        }
        for entity in &all {
            world.remove::<B>(*entity).expect("alive");
        }
    })
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
    let (mut world, _) = world(100_000);
    let mut plan = Plan::<(&mut Position, &Velocity)>::new(world.registry()).expect("registered");
    Box::new(move || {
        let fork = shared.then(|| world.fork());
        world.for_each_of(&mut plan, Stamp::default(), |(position, velocity)| {
            position.x += velocity.x;
            position.y += velocity.y;
            position.z += velocity.z;
        });
        black_box(fork);
    })
}

pub fn full_root() -> Run {
    let (world, _) = world(100_000);
    let registry = registry();
    let bytes = world.save();
    // A world that was just loaded knows no digest; loading is not what is measured, so forks of it are hashed.
    let loaded = World::load(&registry, &bytes).expect("saved");
    Box::new(move || {
        black_box(loaded.fork().hash());
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
    Box::new(move || {
        let mut sum = 0.0;
        world.read_each_of(&mut plan, since, |position| sum += position.x);
        black_box(sum);
    })
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
        macro_rules! add { ($($name:ident)*) => { $(builder = builder.add(system(stringify!($name), |mut rows: Query<&mut $name>| rows.for_each(|row| {
            let (mut t, mut p) = (Transform([row.0; 16]), Position { x: 1.0, y: 0.0, z: 0.0 });
            parts::heavy(&mut t, &mut p);
            row.0 = p.x;
        })));)* }; }
        add!(A B C D E F G H);
    }
    let mut schedule = builder.build().expect("ordered");
    let workers = Workers::new(threads);
    Box::new(move || {
        schedule.tick(&mut world, &workers).expect("nothing fails");
    })
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
    Box::new(move || {
        schedule.tick(&mut world, &workers).expect("nothing fails");
    })
}
