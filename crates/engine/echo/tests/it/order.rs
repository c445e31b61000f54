//! Sets, conditions, systems that commute, sums, and what a panic leaves behind.

use crate::parts::{Frozen, Health, Position, Velocity, position, registry, velocity};
use gatos_echo::schedule::{
    Phase, Query, Res, ResMut, Schedule, ScheduleBuilder, ScheduleError, SetConfig, SystemConfig,
    Workers, each, each_into, system,
};
use gatos_echo::{AnyOf, Changed, Entity, Plan, Registry, With, Without, World, component};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What ran, as digits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Log(u64);
component!(Log = "log" { 0: u64 });

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum(f32);
component!(Sum = "sum" { 0: f32 });

fn all() -> Registry {
    Registry::builder()
        .with::<Log>()
        .with::<Sum>()
        .with::<Health>()
        .with::<Position>()
        .with::<Velocity>()
        .with::<Frozen>()
        .build()
        .expect("plain data")
}

fn builder() -> ScheduleBuilder {
    Schedule::builder(&all())
}

fn world() -> World {
    let mut world = World::new(&all());
    world.set_resource(Log::default()).expect("registered");
    world.set_resource(Sum::default()).expect("registered");
    world
}

fn digit(name: &str, digit: u64) -> SystemConfig {
    system(name, move |mut log: ResMut<Log>| log.0 = log.0 * 10 + digit)
}

fn logged(builder: ScheduleBuilder, ticks: usize) -> u64 {
    let mut schedule = builder.build().expect("ordered");
    let mut world = world();
    for _ in 0..ticks {
        schedule
            .tick(&mut world, &Workers::inline())
            .expect("nothing fails");
    }
    world.resource::<Log>().expect("set").0
}

#[test]
fn sets_order_their_systems_and_have_conditions() {
    let start = || {
        builder()
            .add(digit("draw", 1).in_set("output"))
            .add(digit("fall", 2).in_set("physics"))
            .add(digit("bounce", 3).in_set("physics").after("fall"))
            .add(digit("read", 4).before("physics"))
    };
    let output = || SetConfig::new("output").after("physics");
    assert_eq!(logged(start().set(output()), 1), 4231);
    // All conditions of a system and of its sets must hold.
    let odd = output().run_if(|world| world.tick() % 2 == 1);
    let first = digit("late", 5)
        .in_set("output")
        .after("draw")
        .run_if(|world| world.tick() > 1);
    assert_eq!(logged(start().set(odd).add(first), 4), 423_423_142_342_315);
    // Members of other phases are none of their business.
    let other = digit("early", 6).phase(Phase::PreUpdate).in_set("physics");
    assert_eq!(logged(start().set(output()).add(other), 1), 64_231);
}

#[test]
fn sets_that_cannot_be_are_refused() {
    let error = |builder: ScheduleBuilder| builder.build().err().map(|error| error.to_string());
    assert_eq!(
        error(builder().add(digit("a", 1).in_set("a"))).as_deref(),
        Some("the system or handler `a` is there twice")
    );
    assert_eq!(
        error(builder().set(SetConfig::new("s")).set(SetConfig::new("s"))).as_deref(),
        Some("the system or handler `s` is there twice")
    );
    assert_eq!(
        error(builder().add(digit("a", 1).after("nobody"))).as_deref(),
        Some("the system `a` is ordered by `nobody`, which is no other system of its phase")
    );
    let circle = builder()
        .add(digit("a", 1).in_set("s"))
        .add(digit("b", 2).after("s").before("s"));
    assert_eq!(
        error(circle).as_deref(),
        Some("the order of systems goes in a circle: `a`, `b`, `a`")
    );
    assert!(matches!(
        builder().add(digit("a", 1).in_set("")).build(),
        Err(ScheduleError::Name { .. })
    ));
}

#[test]
fn every_ambiguous_pair_is_told() {
    let built = builder()
        .add(digit("a", 1))
        .add(digit("b", 2))
        .add(digit("c", 3).after("b"))
        .build();
    let Err(ScheduleError::Ambiguous { pairs }) = built else {
        panic!("refused");
    };
    let names: Vec<_> = pairs
        .iter()
        .map(|pair| (&*pair.first, &*pair.second))
        .collect();
    assert_eq!(names, [("a", "b"), ("a", "c")]);
    assert!(pairs.iter().all(|pair| pair.targets == "`log`"));
}

fn add(name: &str, amount: u64) -> SystemConfig {
    system(name, move |mut log: ResMut<Log>| log.0 += amount)
}

fn warm(name: &str) -> SystemConfig {
    each::<&mut Health, ()>(name, |health| health.0 += 3)
}

#[test]
fn systems_that_commute_need_no_order_and_leave_no_trace_of_it() {
    let schedule = || {
        builder()
            .add(add("one", 1).commutes_with("two"))
            .add(add("two", 2))
            .add(warm("sun").commutes_with("fire"))
            .add(warm("fire"))
            .add(
                each::<&Health, Changed<Health>>("look", |_| ())
                    .after("sun")
                    .after("fire"),
            )
            .build()
            .expect("they commute")
    };
    let run = |workers: &Workers| {
        let (mut world, mut schedule) = (world(), schedule());
        world.spawn_batch((0..3000).map(Health)).expect("room");
        (0..6)
            .map(|_| {
                schedule.tick(&mut world, workers).expect("nothing fails");
                world.hash()
            })
            .collect::<Vec<_>>()
    };
    let expected = run(&Workers::inline());
    for seed in 0..12 {
        assert_eq!(
            run(&Workers::new(2).always().permuted(seed)),
            expected,
            "{seed}"
        );
    }
    let broken = schedule().check_commuting(&world(), &Workers::inline());
    assert_eq!(broken, Ok(Vec::new()));
}

#[test]
fn a_pair_that_does_not_commute_is_found() {
    let schedule = || {
        builder()
            .add(digit("one", 1).commutes_with("two"))
            .add(digit("two", 2))
            .build()
            .expect("so they say")
    };
    let broken = schedule().check_commuting(&world(), &Workers::inline());
    assert_eq!(broken, Ok(vec![("one".to_string(), "two".to_string())]));
    // The permuting mode shows it as another world.
    let mut worlds = Vec::new();
    for seed in 0..16 {
        let mut world = world();
        let workers = Workers::inline().permuted(seed);
        schedule()
            .tick(&mut world, &workers)
            .expect("nothing fails");
        worlds.push(world.resource::<Log>().expect("set").0);
    }
    worlds.sort_unstable();
    worlds.dedup();
    assert_eq!(worlds, [12, 21]);
    // Who asks what changed can tell.
    let asks = builder()
        .add(each::<&mut Health, Changed<Health>>("asks", |_| ()).commutes_with("writes"))
        .add(warm("writes"))
        .build();
    assert_eq!(
        asks.err().map(|error| error.to_string()).as_deref(),
        Some("`asks` and `writes` cannot commute: `asks` asks what changed since it ran last")
    );
}

#[test]
fn sums_do_not_depend_on_how_rows_were_cut() {
    let run = |workers: &Workers| {
        let mut world = world();
        let rows = (0..9000).map(|index| position(1.0 / (index as f32 + 1.0)));
        world.spawn_batch(rows).expect("room");
        world
            .spawn_batch((0..50).map(|i| (position(i as f32), Frozen)))
            .expect("room");
        let mut schedule = builder()
            .add(each_into::<&Position, Without<Frozen>, Sum>(
                "add",
                |position, sum| sum.0 += position.x,
                |total, sum| total.0 += sum.0,
            ))
            .build()
            .expect("one system");
        for _ in 0..3 {
            schedule.tick(&mut world, workers).expect("nothing fails");
        }
        (world.resource::<Sum>().expect("set").0, world.hash())
    };
    let expected = run(&Workers::inline());
    assert!((expected.0 - 29.1).abs() < 0.3, "{}", expected.0);
    for threads in [1, 2, 3, 8] {
        let workers = Workers::new(threads).always().permuted(threads as u64);
        assert_eq!(run(&workers), expected, "{threads}");
    }
    // The definition: a sum for each block of rows, added in order.
    let rows: Vec<f32> = (0..9000).map(|index| 1.0 / (index as f32 + 1.0)).collect();
    let block = rows
        .chunks(1024)
        .map(|rows| rows.iter().fold(0.0, |sum, row| sum + row));
    let mut slow = 0.0f32;
    for _ in 0..3 {
        block.clone().for_each(|sum: f32| slow += sum);
    }
    assert_eq!(slow.to_bits(), expected.0.to_bits());
    let mut empty = World::new(&all());
    let mut schedule = builder()
        .add(each_into::<&Health, (), Sum>("add", |_, _| (), |_, _| ()))
        .build()
        .expect("one system");
    assert_eq!(
        schedule
            .tick(&mut empty, &Workers::inline())
            .err()
            .map(|error| error.to_string())
            .as_deref(),
        Some("the system `add` cannot run: the world has no resource `sum`")
    );
}

#[test]
fn any_of_several_filters_is_enough() {
    let mut world = World::new(&registry());
    let both = world.spawn((position(1.0), velocity(1.0))).expect("room");
    let one = world.spawn(position(2.0)).expect("room");
    let other = world.spawn(velocity(3.0)).expect("room");
    let none = world.spawn(Health(4)).expect("room");
    let find = |world: &World| world.find::<AnyOf<(With<Position>, With<Velocity>)>>();
    assert_eq!(find(&world), Ok(vec![both, one, other]));
    assert_eq!(
        world.find::<AnyOf<(Without<Position>, With<Velocity>)>>(),
        Ok(vec![both, other, none])
    );
    let since = world.mark();
    world.get_mut::<Position>(one).expect("there").x = 9.0;
    world.get_mut::<Velocity>(both).expect("there").x = 9.0;
    world.get_mut::<Health>(none).expect("there").0 = 9;
    type Moved = AnyOf<(Changed<Position>, Changed<Velocity>)>;
    let mut plan = Plan::<Entity, Moved>::new(world.registry()).expect("registered");
    let mut found = Vec::new();
    world.read_each_of(&mut plan, since, |entity| found.push(entity));
    assert_eq!(found, [both, one]);
}

/// Systems of all kinds that panic, one of them in each schedule.
fn panics() -> Vec<SystemConfig> {
    vec![
        each::<&mut Health, ()>("each", |health| {
            health.0 += 1;
            assert!(health.0 != 700, "on purpose");
        }),
        system(
            "function",
            |mut rows: Query<(&mut Health, &mut Position)>, log: Res<Log>| {
                rows.for_each(|(health, _)| health.0 += 1 + log.0 as u32);
                assert!(log.0 == 99, "on purpose");
            },
        ),
        each_into::<&mut Health, (), Sum>(
            "sum",
            |health, sum| {
                health.0 += 1;
                sum.0 += 1.0;
                assert!(health.0 != 700, "on purpose");
            },
            |total, sum| total.0 += sum.0,
        ),
    ]
}

#[test]
fn a_panic_loses_nothing_and_a_guarded_world_is_as_before() {
    for index in 0..panics().len() {
        for workers in [Workers::inline(), Workers::new(3).always()] {
            for is_guarded in [false, true] {
                let mut world = world();
                let all = (0..2000).map(|index| (Health(index), position(0.0)));
                let all = world.spawn_batch(all).expect("room");
                let before = world.hash();
                let builder = builder().add(panics().swap_remove(index));
                let builder = if is_guarded {
                    builder.guarded()
                } else {
                    builder
                };
                let mut schedule = builder.build().expect("one system");
                let tick = AssertUnwindSafe(|| schedule.tick(&mut world, &workers).is_ok());
                let caught = catch_unwind(tick).expect_err("a panic");
                assert_eq!(caught.downcast_ref::<&str>(), Some(&"on purpose"));
                assert_eq!(world.hash() == before, is_guarded);
                // Everything is there and can be used.
                for entity in &all {
                    assert!(world.get::<Health>(*entity).is_ok());
                    assert!(world.get_mut::<Position>(*entity).is_ok());
                }
                let same = World::load(world.registry(), &world.save()).map(|mut copy| copy.hash());
                assert_eq!(same, Ok(world.hash()));
            }
        }
    }
    let mut world = world();
    let all = world.spawn_batch((0..100).map(Health)).expect("room");
    let look = AssertUnwindSafe(|| {
        world.for_each::<&mut Health>(|health| assert!(health.0 != 50, "on purpose"))
    });
    assert!(catch_unwind(look).is_err());
    assert_eq!(world.get::<Health>(all[99]), Ok(&Health(99)));
}
