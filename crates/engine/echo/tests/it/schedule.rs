//! Schedules: order and refusals, what a tick does, that threads and cuts never show, that errors leave no trace.

use crate::parts::{Big, Frozen, Health, Position, Velocity, position, registry, velocity};
use gatos_echo::schedule::{
    Phase, Query, Res, ResMut, Rng, Schedule, ScheduleBuilder, ScheduleError, Signature,
    SystemConfig, SystemView, Tick, TickError, ViewError, Workers, each, each_with_commands,
    system,
};
use gatos_echo::{
    Added, Changed, Commands, Entity, Registry, With, Without, World, WorldError, component,
};
use proptest::prelude::*;

/// Writes down who ran, as digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Log(u64);
component!(Log = "log" { 0: u64 });

fn log_registry() -> Registry {
    Registry::builder()
        .with::<Log>()
        .with::<Health>()
        .build()
        .expect("plain data")
}

/// A system that appends a digit to the log.
fn digit(name: &str, digit: u64) -> SystemConfig {
    system(name, move |mut log: ResMut<Log>| log.0 = log.0 * 10 + digit)
}

fn builder() -> ScheduleBuilder {
    Schedule::builder(&log_registry())
}

fn logged(schedule: Result<Schedule, ScheduleError>) -> u64 {
    let mut world = World::new(&log_registry());
    world.set_resource(Log(0)).expect("registered");
    let mut schedule = schedule.expect("ordered");
    schedule
        .tick(&mut world, &Workers::inline())
        .expect("nothing fails");
    world.resource::<Log>().expect("set").0
}

#[test]
fn order_is_by_dependencies_then_priority_then_name() {
    let systems = || {
        [
            digit("d", 1).phase(Phase::TimelineFlush),
            digit("c", 2).priority(-1),
            digit("b", 3).after("a"),
            digit("a", 4).before("b"),
            digit("z", 5).phase(Phase::PreUpdate),
        ]
    };
    let forwards = systems().into_iter().fold(builder(), ScheduleBuilder::add);
    let backwards = systems()
        .into_iter()
        .rev()
        .fold(builder(), ScheduleBuilder::add);
    assert_eq!(logged(forwards.build()), 52_431);
    assert_eq!(logged(backwards.build()), 52_431);
}

#[test]
fn what_cannot_be_ordered_is_refused_with_names() {
    let error = |builder: ScheduleBuilder| builder.build().err().map(|error| error.to_string());
    let two = || builder().add(digit("a", 1)).add(digit("b", 2));
    assert_eq!(
        error(two()).as_deref(),
        Some(
            "`a` and `b` both use `log` and one of them writes: say which runs first with `before`, `after` or `priority`"
        )
    );
    let between = digit("c", 3).after("a").before("b");
    assert_eq!(error(two().add(between)), None);
    let chain = builder()
        .add(digit("a", 1))
        .add(digit("b", 2).after("c"))
        .add(digit("c", 3).after("a"));
    assert_eq!(error(chain), None);
    let circle = builder()
        .add(digit("a", 1).after("c"))
        .add(digit("b", 2).after("a"))
        .add(digit("c", 3).after("b"));
    assert_eq!(
        error(circle).as_deref(),
        Some("the order of systems goes in a circle: `a`, `b`, `c`, `a`")
    );
    assert_eq!(
        error(builder().add(digit("a", 1).after("a"))).as_deref(),
        Some("the order of systems goes in a circle: `a`, `a`")
    );
    assert_eq!(
        error(builder().add(digit("a", 1).after("nobody"))).as_deref(),
        Some("the system `a` is ordered by `nobody`, which is no other system of its phase")
    );
    assert_eq!(
        error(builder().add(digit("a", 1)).add(digit("a", 2).priority(1))).as_deref(),
        Some("the system or handler `a` is there twice")
    );
    let strict = builder()
        .strict()
        .add(digit("a", 1))
        .add(digit("b", 2).phase(Phase::Present));
    assert_eq!(
        error(strict).as_deref(),
        Some("`a` and `b` both write `log`, which the strict rule forbids")
    );
    let unregistered = builder().add(system("a", |_: Query<&Position>| {}));
    assert_eq!(
        error(unregistered).as_deref(),
        Some("the system `a` cannot be: no component `position` is registered")
    );
    let shared = builder().add(system("a", |_: Query<&Health>, _: Query<&mut Health>| {}));
    assert_eq!(
        error(shared).as_deref(),
        Some("the system `a` cannot be: the component `health` occurs twice")
    );
    assert!(matches!(
        builder().add(digit("", 1)).build().err(),
        Some(ScheduleError::Name { .. })
    ));
}

#[test]
fn systems_that_do_not_conflict_share_a_level() {
    let schedule = Schedule::builder(&registry())
        .add(system("read", |_: Query<&Position>| {}))
        .add(system("also reads", |_: Query<(&Position, &Health)>| {}))
        .add(
            system("moves", |_: Query<(&mut Position, &Velocity)>| {})
                .after("read")
                .after("also reads"),
        )
        .add(system("turns", |_: Query<&mut Velocity>| {}).after("moves"))
        .add(system("hurts", |_: Query<&mut Health>, _: &mut Commands| {}).priority(1))
        .build()
        .expect("ordered");
    let expected: [&[&str]; 3] = [&["also reads", "read"], &["moves", "hurts"], &["turns"]];
    assert_eq!(schedule.levels(Phase::Update), expected);
    let names: Vec<&str> = schedule.systems(Phase::Update).collect();
    assert_eq!(names, ["also reads", "read", "moves", "turns", "hurts"]);
}

/// Everything that could go wrong with threads, in one schedule.
fn busy() -> Schedule {
    fn spawn(mut rng: Rng, tick: Tick, commands: &mut Commands) {
        for _ in 0..rng.bounded(40).unwrap_or(0) {
            let x = rng.bounded(1000).unwrap_or(0);
            commands.spawn((
                position(x as f32),
                velocity(1.0),
                Health(x % 50 + tick.0 as u32),
            ));
        }
    }
    fn count(
        mut total: ResMut<Health>,
        changed: Query<&Health, Changed<Health>>,
        new: Query<&Health, Added<Health>>,
    ) {
        total.0 = total
            .0
            .wrapping_mul(31)
            .wrapping_add((changed.len() * 1000 + new.len()) as u32);
    }
    let freeze = Signature {
        reads: vec!["position".into()],
        writes: vec!["velocity".into()],
        ..Signature::default()
    };
    Schedule::builder(&registry())
        .add(system("spawn", spawn).phase(Phase::PreUpdate))
        .add(each::<(&mut Position, &Velocity), ()>(
            "move",
            |(position, velocity)| {
                position.x += velocity.x * 0.25;
                position.y += (position.x * 1.5).sqrt();
            },
        ))
        .add(
            each::<&mut Health, (With<Position>, Without<Frozen>)>("decay", |health| {
                health.0 = health.0.saturating_sub(1);
            })
            .priority(1),
        )
        .add(
            each_with_commands::<(Entity, &Health), ()>("bury", |(entity, health), commands| {
                if health.0 == 0 {
                    commands.despawn(entity);
                } else if health.0 == 7 {
                    commands.insert(entity, Frozen);
                    let child = commands.spawn(Health(90));
                    commands.set_parent(child, entity);
                }
            })
            .after("decay"),
        )
        .add(
            SystemConfig::with_signature("brake", freeze, |view: &mut SystemView<'_>| {
                let id = |name| view.registry().id(name).expect("registered");
                let (position, velocity) = (id("position"), id("velocity"));
                for entity in view.find(&[position, velocity], &[]) {
                    let mut row = view.get_row(entity, velocity)?;
                    let place = view.get_row(entity, position)?;
                    row[0] ^= place[1] & 1;
                    view.set_row(entity, velocity, &row)?;
                }
                Ok::<(), ViewError>(())
            })
            .after("move"),
        )
        .add(
            system("count", count)
                .phase(Phase::PostUpdate)
                .run_if(|world| world.tick() % 3 != 1),
        )
        .build()
        .expect("ordered")
}

fn start() -> World {
    let mut world = World::new(&registry());
    world.set_resource(Health(1)).expect("registered");
    let rows = (0..3000u16).map(|index| {
        (
            position(index.into()),
            velocity(0.5),
            Health(u32::from(index) % 40 + 1),
        )
    });
    world.spawn_batch(rows).expect("room");
    world
        .spawn_batch((0..40).map(|_| (Big([1.0; 512]), Health(60))))
        .expect("room");
    world
}

/// The hashes after each tick, and what the reports said.
fn history(workers: &Workers, ticks: usize) -> Vec<String> {
    let (mut world, mut schedule) = (start(), busy());
    let mut history = Vec::new();
    for _ in 0..ticks {
        let report = schedule.tick(&mut world, workers).expect("nothing fails");
        history.push(format!("{} {report:?}", world.hash()));
    }
    history
}

#[test]
fn threads_cuts_and_orders_never_show() {
    let expected = history(&Workers::inline(), 8);
    assert!(expected.windows(2).all(|pair| pair[0] != pair[1]));
    for threads in [1, 2, 3, 4, 8] {
        let measured = Workers::new(threads);
        assert_eq!(history(&measured, 8), expected, "{threads} threads");
        let cut = Workers::new(threads).always();
        assert_eq!(history(&cut, 8), expected, "{threads} threads, always cut");
        for seed in 0..3 {
            let permuted = Workers::new(threads).always().permuted(seed);
            assert_eq!(
                history(&permuted, 8),
                expected,
                "{threads} threads, seed {seed}"
            );
        }
    }
}

#[test]
fn forking_and_reloading_between_ticks_never_shows() {
    let expected = history(&Workers::inline(), 6);
    let (mut world, mut schedule) = (start(), busy());
    let mut forks = Vec::new();
    for (tick, expected) in expected.iter().enumerate() {
        forks.push(world.fork());
        if tick % 2 == 0 {
            world = World::load(&registry(), &world.save()).expect("saved");
            // A schedule keeps nothing that the world does not have.
            schedule = busy();
        }
        let report = schedule
            .tick(&mut world, &Workers::inline())
            .expect("nothing fails");
        assert_eq!(&format!("{} {report:?}", world.hash()), expected);
    }
    // From every point in the past the same future follows.
    for (tick, mut fork) in forks.into_iter().enumerate() {
        for expected in &expected[tick..] {
            let report = schedule
                .tick(&mut fork, &Workers::inline())
                .expect("nothing fails");
            assert_eq!(&format!("{} {report:?}", fork.hash()), expected);
        }
    }
}

/// The same tick with a system in it that gives up when its time has come.
fn doomed(at: u64) -> Schedule {
    Schedule::builder(&registry())
        .add(
            each_with_commands::<(Entity, &mut Health), ()>(
                "work",
                |(entity, health), commands| {
                    health.0 += 1;
                    commands.insert(entity, Frozen);
                },
            )
            .phase(Phase::PreUpdate),
        )
        .add(system(
            "late",
            move |tick: Tick, mut rows: Query<&mut Health>| {
                rows.for_each(|health| health.0 += 1);
                if tick.0 == at {
                    Err("the reactor is cold")
                } else {
                    Ok(())
                }
            },
        ))
        .add(
            system("never told", |_: Query<&Position>| {
                Err::<(), _>("later in canonical order")
            })
            .run_if(move |world| world.tick() == at)
            .priority(9),
        )
        .build()
        .expect("ordered")
}

#[test]
fn a_tick_that_fails_leaves_the_world_as_before() {
    for workers in [Workers::inline(), Workers::new(2).always().permuted(3)] {
        let mut world = start();
        let mut schedule = doomed(2);
        for _ in 0..2 {
            schedule.tick(&mut world, &workers).expect("not yet");
        }
        let before = world.save();
        for _ in 0..2 {
            assert_eq!(
                schedule.tick(&mut world, &workers),
                Err(TickError::System {
                    phase: Phase::Update,
                    system: "late".into(),
                    reason: "the reactor is cold".into()
                })
            );
            assert!(world.save() == before);
        }
    }
}

#[test]
fn undeclared_access_is_refused_with_names() {
    type Attempt = fn(&mut SystemView<'_>) -> Result<(), ViewError>;
    fn first(view: &SystemView<'_>) -> Entity {
        view.find(&[], &[])[0]
    }
    let rows: &[(&str, &str, Attempt)] = &[
        ("reads", "health", |view| {
            let id = view.registry().id("health").expect("registered");
            view.get_row(first(view), id).map(|_| ())
        }),
        ("writes", "position", |view| {
            let id = view.registry().id("position").expect("registered");
            let row = view.get_row(first(view), id)?;
            view.set_row(first(view), id, &row)
        }),
        ("reads", "health", |view| {
            let id = view.registry().id("health").expect("registered");
            view.get_resource(id).map(|_| ())
        }),
        ("writes", "frozen", |view| {
            let id = view.registry().id("frozen").expect("registered");
            view.set_resource(id, &[])
        }),
    ];
    for (verb, target, attempt) in rows {
        let signature = Signature {
            reads: vec!["position".into()],
            writes: vec!["velocity".into()],
            reads_resources: vec!["frozen".into()],
            ..Signature::default()
        };
        let mut schedule = Schedule::builder(&registry())
            .add(SystemConfig::with_signature("plugin", signature, *attempt))
            .build()
            .expect("ordered");
        let mut world = start();
        let before = world.hash();
        let error = schedule.tick(&mut world, &Workers::inline()).err();
        let reason = format!(
            "ERR_ACCESS_UNDECLARED: the system `plugin` {verb} `{target}`, which its signature does not declare"
        );
        assert_eq!(
            error,
            Some(TickError::System {
                phase: Phase::Update,
                system: "plugin".into(),
                reason
            })
        );
        assert_eq!(world.hash(), before);
    }
}

#[test]
fn a_view_reaches_what_its_signature_declares_and_what_is_there() {
    let signature = Signature {
        reads: vec!["position".into()],
        writes: vec!["velocity".into()],
        writes_resources: vec!["health".into()],
        ..Signature::default()
    };
    let body = |view: &mut SystemView<'_>| {
        let id = |name| view.registry().id(name).expect("registered");
        let (position, velocity, health) = (id("position"), id("velocity"), id("health"));
        let all = view.find(&[position, velocity], &[]);
        let big = view.find(&[], &[position])[0];
        assert_eq!(all.len(), 3000);
        assert!(matches!(
            view.get_row(big, position),
            Err(ViewError::World { .. })
        ));
        assert!(matches!(
            view.set_row(all[0], velocity, &[1]),
            Err(ViewError::World { .. })
        ));
        assert!(matches!(
            view.set_resource(health, &[1]),
            Err(ViewError::World { .. })
        ));
        let row = view.get_resource(health)?;
        view.set_resource(health, &[&[9][..], &row[1..]].concat())?;
        view.commands().despawn(all[0]);
        Ok::<(), ViewError>(())
    };
    let mut schedule = Schedule::builder(&registry())
        .add(SystemConfig::with_signature("plugin", signature, body))
        .build()
        .expect("ordered");
    let mut world = start();
    let report = schedule.tick(&mut world, &Workers::inline()).expect("fine");
    assert_eq!((report.commands, report.refused.len()), (1, 0));
    assert_eq!(world.resource::<Health>(), Ok(&Health(9)));
    assert_eq!(world.len(), 3039);
}

#[test]
fn initialize_runs_in_the_first_tick_only_and_conditions_are_asked_each_tick() {
    let mut schedule = builder()
        .add(digit("first", 1).phase(Phase::Initialize))
        .add(digit("odd", 2).run_if(|world| world.tick() % 2 == 1))
        .add(digit("all", 3).phase(Phase::PostUpdate))
        .build()
        .expect("ordered");
    let mut world = World::new(&log_registry());
    world.set_resource(Log(0)).expect("registered");
    for _ in 0..4 {
        schedule.tick(&mut world, &Workers::inline()).expect("fine");
    }
    assert_eq!(world.resource::<Log>(), Ok(&Log(1_323_323)));
}

#[test]
fn changed_means_since_the_system_ran_last() {
    // Writes in ticks 0 and 3; who looks runs in even ticks, before the writer.
    let mut schedule = builder()
        .add(
            system(
                "look",
                |rows: Query<&Health, Changed<Health>>, mut log: ResMut<Log>| {
                    log.0 = log.0 * 10 + rows.len() as u64;
                },
            )
            .run_if(|world| world.tick() % 2 == 0)
            .before("write"),
        )
        .add(
            system("write", |mut rows: Query<&mut Health>| {
                rows.for_each(|row| row.0 += 1)
            })
            .run_if(|world| matches!(world.tick(), 0 | 3)),
        )
        .build()
        .expect("ordered");
    let mut world = World::new(&log_registry());
    world.set_resource(Log(0)).expect("registered");
    world.spawn_batch((0..3).map(Health)).expect("room");
    for _ in 0..7 {
        schedule.tick(&mut world, &Workers::inline()).expect("fine");
    }
    // Tick 0: three are new. 2: written in 0, after the look. 4: written in 3. 6: nothing.
    assert_eq!(world.resource::<Log>(), Ok(&Log(3330)));
}

#[test]
fn commands_are_done_in_the_order_of_the_schedule_and_refusals_are_told() {
    let mut schedule = Schedule::builder(&registry())
        .add(system("b", |commands: &mut Commands| {
            let parent = commands.spawn(Health(1));
            let child = commands.spawn_empty();
            commands.insert(child, Health(2));
            commands.set_parent(child, parent);
            commands.set_parent(parent, child);
            commands.remove::<Frozen>(parent);
            commands.set_resource(Health(9));
        }))
        .add(system("a", |commands: &mut Commands| {
            let gone = commands.spawn(Health(3));
            commands.despawn(gone);
            commands.despawn(gone);
            commands.spawn((Health(4), Health(5)));
        }))
        .build()
        .expect("no conflict");
    let mut world = World::new(&registry());
    let report = schedule.tick(&mut world, &Workers::inline()).expect("fine");
    let gone = Entity::new(0, 1);
    assert_eq!(report.commands, 11);
    assert_eq!(
        report.refused,
        [
            WorldError::Dead { entity: gone },
            WorldError::Twice {
                component: "health".into()
            },
            WorldError::Loop {
                child: Entity::new(0, 2),
                parent: Entity::new(1, 1)
            },
        ]
    );
    let parent = Entity::new(0, 2);
    assert_eq!(
        world.children(parent).collect::<Vec<_>>(),
        [Entity::new(1, 1)]
    );
    assert_eq!(world.resource::<Health>(), Ok(&Health(9)));
}

#[test]
fn a_resource_that_is_missing_is_told_before_anything_happens() {
    fn needs(_: Res<Log>) {}
    let mut schedule = builder()
        .add(system("needs", needs))
        .add(each::<&mut Health, ()>("works", |health| health.0 += 1).phase(Phase::PreUpdate))
        .build()
        .expect("ordered");
    let mut world = World::new(&log_registry());
    world.spawn(Health(1)).expect("room");
    let before = world.hash();
    assert_eq!(
        schedule.tick(&mut world, &Workers::inline()),
        Err(TickError::Needs {
            system: "needs".into(),
            error: WorldError::NoResource {
                resource: "log".into()
            }
        })
    );
    assert_eq!(world.hash(), before);
    let mut stranger = World::new(&registry());
    assert_eq!(
        schedule.tick(&mut stranger, &Workers::inline()),
        Err(TickError::Registry)
    );
}

#[test]
fn a_panic_in_a_job_reaches_the_caller() {
    let mut schedule = Schedule::builder(&registry())
        .add(each::<&Health, ()>("explode", |health| {
            assert!(health.0 != 39, "on purpose")
        }))
        .build()
        .expect("ordered");
    let mut world = start();
    let workers = Workers::new(3).always();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        schedule.tick(&mut world, &workers)
    }));
    let message = caught.expect_err("a panic");
    assert_eq!(message.downcast_ref::<&str>(), Some(&"on purpose"));
    // The threads are still there for others.
    assert_eq!(history(&workers, 2), history(&Workers::inline(), 2));
}

#[test]
fn random_numbers_belong_to_world_system_and_tick() {
    let draw = |name: &str, seed: &[u8], ticks: usize| {
        let mut schedule = builder()
            .add(system(name, |mut rng: Rng, mut log: ResMut<Log>| {
                log.0 = rng.next_u64()
            }))
            .build()
            .expect("ordered");
        let seed = gatos_values::Blake3Digest::of(seed);
        let mut world = World::with_seed(&log_registry(), seed);
        world.set_resource(Log(0)).expect("registered");
        let mut draws = 0;
        for _ in 0..ticks {
            draws = schedule
                .tick(&mut world, &Workers::inline())
                .expect("fine")
                .draws;
        }
        (world.resource::<Log>().expect("set").0, draws)
    };
    let all = [
        draw("a", b"1", 1),
        draw("b", b"1", 1),
        draw("a", b"2", 1),
        draw("a", b"1", 2),
    ];
    for (index, one) in all.iter().enumerate() {
        assert_eq!(one.1, 2);
        assert!(all[..index].iter().all(|other| other.0 != one.0));
    }
    assert_eq!(draw("a", b"1", 1), all[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Random small systems over random accesses, with random conditions: one hash, whoever runs them.
    #[test]
    fn random_schedules_have_one_result(
        systems in prop::collection::vec((0usize..6, 1u64..4, -2i32..3), 1..16),
        seed in any::<u64>(),
    ) {
        let schedule = || {
            let mut builder = Schedule::builder(&registry());
            for (index, (kind, every, _)) in systems.iter().enumerate() {
                let (name, every) = (format!("s{index}"), *every);
                let factor = index as f32 + 0.5;
                let config = match kind {
                    0 => each::<(&mut Position, &Velocity), ()>(&name, move |(p, v)| p.x = p.x * 0.5 + v.x * factor),
                    1 => each::<&mut Velocity, With<Health>>(&name, move |v| v.x += factor),
                    2 => each::<(&mut Health, &Position), Changed<Velocity>>(&name, move |(h, p)| h.0 = h.0.wrapping_add(p.x as u32)),
                    3 => each_with_commands::<(Entity, &Health), ()>(&name, move |(entity, health), commands| {
                        if health.0 % 61 == index as u32 { commands.insert(entity, Frozen); commands.despawn(entity); commands.spawn(velocity(factor)); }
                    }),
                    4 => system(&name, move |mut total: ResMut<Health>, rows: Query<&Position, Changed<Position>>| total.0 ^= rows.len() as u32 * 7),
                    _ => system(&name, move |mut rng: Rng, mut rows: Query<&mut Health, Without<Frozen>>| {
                        rows.for_each(|health| health.0 ^= rng.next_u32() >> 24);
                    }),
                };
                // Priorities of their own: every pair has an order.
                builder = builder.add(config.priority(index as i32).run_if(move |world| world.tick() % every == 0));
            }
            builder.build().expect("ordered")
        };
        let run = |workers: &Workers| {
            let (mut world, mut schedule) = (start(), schedule());
            let mut hashes = Vec::new();
            for _ in 0..4 {
                let report = schedule.tick(&mut world, workers).expect("nothing fails");
                hashes.push((world.hash(), report));
            }
            hashes
        };
        let expected = run(&Workers::inline());
        prop_assert_eq!(&run(&Workers::new(2).always().permuted(seed)), &expected);
        prop_assert_eq!(&run(&Workers::new(1).always().permuted(seed)), &expected);
    }
}
