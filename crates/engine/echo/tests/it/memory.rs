//! What a world remembers for its systems: values of their own, removals; and observers.

use crate::parts::{Frozen, Health, Position, position};
use crate::vectors;
use gatos_echo::bus::{BusConfig, Draft, Handler};
use gatos_echo::schedule::{
    Local, Observer, Phase, Removed, ResMut, Schedule, ScheduleBuilder, TickReport, Workers, each,
    system,
};
use gatos_echo::{Commands, Entity, On, Registry, SnapshotError, World, component};
use gatos_values::Blake3Digest;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count(u64);
component!(Count = "count" { 0: u64 });

fn all() -> Registry {
    Registry::builder()
        .with::<Count>()
        .with::<Health>()
        .with::<Position>()
        .with::<Frozen>()
        .build()
        .expect("plain data")
}

fn builder() -> ScheduleBuilder {
    Schedule::builder(&all())
}

fn world() -> World {
    let mut world = World::new(&all());
    world.set_resource(Count(0)).expect("registered");
    world
}

fn tick(schedule: &mut Schedule, world: &mut World) -> TickReport {
    schedule
        .tick(world, &Workers::inline())
        .expect("nothing fails")
}

/// Two systems of one type of value, a writer that takes components away, a reader that counts.
fn remembering() -> Schedule {
    builder()
        .add(system(
            "by_one",
            |mut own: Local<Count>, mut all: ResMut<Count>| {
                own.0 += 1;
                all.0 += own.0;
            },
        ))
        .add(
            system("by_ten", |mut own: Local<Count>, mut all: ResMut<Count>| {
                own.0 += 10;
                all.0 += own.0;
            })
            .after("by_one"),
        )
        .add(
            system("lost", |lost: Removed<Health>, mut all: ResMut<Count>| {
                all.0 += lost
                    .iter()
                    .map(|entity| 1000 * u64::from(entity.index() + 1))
                    .sum::<u64>();
            })
            .after("by_ten")
            .run_if(|world| world.tick() % 2 == 0),
        )
        .add(system(
            "take",
            |mut own: Local<Count>, commands: &mut Commands| {
                let (first, second) = (own.0 as u32 * 2, own.0 as u32 * 2 + 1);
                own.0 += 1;
                commands.remove::<Health>(Entity::new(first, 1));
                commands.despawn(Entity::new(second, 1));
            },
        ))
        .build()
        .expect("ordered")
}

#[test]
fn systems_have_values_of_their_own_and_hear_of_removals_since_they_ran_last() {
    let (mut world, mut schedule) = (world(), remembering());
    world
        .spawn_batch((0..40).map(|index| (Health(index), position(0.0))))
        .expect("room");
    let mut sums = Vec::new();
    for _ in 0..5 {
        tick(&mut schedule, &mut world);
        sums.push(world.resource::<Count>().expect("set").0);
    }
    // 1 + 10, 2 + 20, …; in tick 2 those of ticks 0 and 1 are heard (entities 0 to 3), in tick 4 those of 2 and 3.
    assert_eq!(
        sums,
        [11, 33, 66 + 10_000, 110 + 10_000, 165 + 10_000 + 26_000]
    );
}

#[test]
fn what_is_remembered_is_forked_hashed_and_saved() {
    let (mut straight, mut schedule) = (world(), remembering());
    straight
        .spawn_batch((0..40).map(|index| (Health(index), position(0.0))))
        .expect("room");
    let mut other = straight.fork();
    for number in 0..8 {
        tick(&mut schedule, &mut straight);
        tick(&mut remembering(), &mut other);
        other = if number % 2 == 0 {
            let bytes = other.save();
            assert_eq!(&bytes[8..10], &[2, 0]);
            World::load(&all(), &bytes).expect("saved")
        } else {
            other.fork()
        };
        assert_eq!(other.hash(), straight.hash());
        assert_eq!(other.save(), straight.save());
    }
    let bytes = straight.save();
    vectors::check_file("memory.snapshot", &bytes);
    vectors::check_file("memory.hash", format!("{}\n", straight.hash()).as_bytes());
    // Every change of a byte of the memory is refused or is another world.
    let body = &bytes[..bytes.len() - 32];
    let (mut refused, mut accepted) = (0, 0);
    for index in body.len() - 160..body.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = body.to_vec();
            changed[index] ^= flip;
            let changed = [&changed[..], Blake3Digest::of(&changed).as_bytes()].concat();
            match World::load(&all(), &changed) {
                Ok(mut world) => {
                    assert_eq!(world.save(), changed);
                    assert_ne!(world.hash(), straight.hash());
                    accepted += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 50 && accepted > 50, "{refused} {accepted}");
    // A memory of nothing is written as no memory.
    let mut none = world().save();
    none.truncate(none.len() - 32);
    none[8] = 2;
    none.extend([0; 4 + 2 + 16 + 4]);
    let none = [&none[..], Blake3Digest::of(&none).as_bytes()].concat();
    assert!(matches!(
        World::load(&all(), &none),
        Err(SnapshotError::Malformed {
            part: "the memory",
            ..
        })
    ));
}

/// Observers that write down what they hear, in a resource.
fn note(name: &'static str, on: On, digit: u64) -> Observer {
    Observer::new::<Health, String>(name, on, move |context| {
        let now = context.world.resource::<Count>().expect("set").0;
        let lost = context
            .removed::<Health>()
            .map_or(0, |health| u64::from(health.0));
        context
            .commands
            .set_resource(Count(now * 10 + digit + lost));
        Ok(())
    })
}

#[test]
fn observers_hear_changes_in_the_order_they_happen() {
    let schedule = || {
        builder()
            .observe(note("gone", On::Remove, 1))
            .observe(note("again", On::Replace, 2))
            .observe(note("fresh", On::Add, 3))
            .add(system("work", |commands: &mut Commands| {
                let new = commands.spawn((Health(5), Frozen));
                commands.insert(new, Health(6));
                commands.spawn(position(0.0));
                commands.remove::<Health>(new);
                commands.insert(new, Health(2));
                commands.despawn(new);
            }))
            .add(each::<&Health, ()>("look", |_| ()))
            .build()
            .expect("ordered")
    };
    let mut world = world();
    let report = tick(&mut schedule(), &mut world);
    // Added, replaced, removed with 6, added, removed with 2.
    assert_eq!(
        world.resource::<Count>(),
        Ok(&Count(3 * 10_000 + 2 * 1000 + 7 * 100 + 3 * 10 + 3))
    );
    assert_eq!((report.commands, report.refused.len()), (6 + 5, 0));
    // What happens outside of ticks is not heard, what handlers do is.
    world.spawn(Health(1)).expect("room");
    world.set_resource(Count(0)).expect("registered");
    let birth = Handler::new("birth", Phase::PreUpdate, "birth", |context| {
        context.world.spawn(Health(7)).map(|_| ())
    });
    let mut born = builder()
        .bus(BusConfig::new().handler(birth))
        .observe(note("fresh", On::Add, 4))
        .build()
        .expect("no systems");
    born.emit(&mut world, Draft::new("birth", &[]).phase(Phase::PreUpdate))
        .expect("room");
    tick(&mut born, &mut world);
    assert_eq!(world.resource::<Count>(), Ok(&Count(4)));
}

#[test]
fn observers_can_move_each_other_and_stop_a_tick() {
    // Whoever loses health is frozen, whoever is frozen has no place any more.
    let chain = || {
        builder()
            .observe(Observer::new::<Health, String>(
                "freeze",
                On::Remove,
                |context| {
                    context.commands.insert(context.entity, Frozen);
                    Ok(())
                },
            ))
            .observe(Observer::of("lift", On::Add, "frozen", |context| {
                context.commands.remove::<Position>(context.entity);
                Ok::<(), String>(())
            }))
            .add(system("hit", |commands: &mut Commands| {
                commands.remove::<Health>(Entity::new(0, 1));
            }))
            .build()
            .expect("one system")
    };
    let mut one = world();
    let entity = one.spawn((Health(1), position(1.0))).expect("room");
    tick(&mut chain(), &mut one);
    assert_eq!(one.components(entity), Ok(vec!["frozen"]));
    // Two that undo each other never end by themselves.
    let mut endless = builder()
        .observe(Observer::new::<Health, String>(
            "drop",
            On::Add,
            |context| {
                context.commands.remove::<Health>(context.entity);
                Ok(())
            },
        ))
        .observe(Observer::new::<Health, String>(
            "lift",
            On::Remove,
            |context| {
                context.commands.insert(context.entity, Health(1));
                Ok(())
            },
        ))
        .add(system("start", |commands: &mut Commands| {
            commands.spawn(Health(1));
        }))
        .build()
        .expect("one system");
    let mut other = world();
    let before = other.hash();
    assert_eq!(
        endless
            .tick(&mut other, &Workers::inline())
            .err()
            .map(|error| error.to_string())
            .as_deref(),
        Some(
            "the observer `drop` stopped the tick in update: observers changed more than 65536 components because of each other"
        )
    );
    assert_eq!(other.hash(), before);
    let unknown = builder()
        .observe(Observer::of("x", On::Add, "nothing", |_| {
            Ok::<(), String>(())
        }))
        .build();
    assert_eq!(
        unknown.err().map(|error| error.to_string()).as_deref(),
        Some("the system `x` cannot be: no component `nothing` is registered")
    );
}
