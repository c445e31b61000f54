//! Templates, state machines, pace: what makes a simulation pleasant to write.

use crate::parts::{Frozen, Health, Position, position};
use gatos_echo::bus::{BusConfig, Draft, Handler};
use gatos_echo::pace::Pace;
use gatos_echo::schedule::{Phase, ResMut, Schedule, Workers, every_ticks, in_state, system};
use gatos_echo::{Commands, Registry, Template, With, World, WorldError, component};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Mode(u8);
component!(Mode = "mode" { 0: u8 });

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Log(u64);
component!(Log = "log" { 0: u64 });

fn all() -> Registry {
    Registry::builder()
        .with::<Mode>()
        .with::<Log>()
        .with::<Health>()
        .with::<Position>()
        .build()
        .expect("plain data")
}

#[test]
fn templates_are_spawned_with_their_children() {
    let wheel = Template::new(Health(3));
    let axle = Template::new(position(1.0))
        .child(wheel.clone())
        .child(wheel);
    let cart = Template::new((Health(9), position(0.0)))
        .child(axle.clone())
        .child(axle);
    assert_eq!(cart.len(), 7);
    let mut world = World::new(&all());
    let root = cart.spawn(&mut world).expect("room");
    let axles: Vec<_> = world.children(root).collect();
    assert_eq!(axles.len(), 2);
    for axle in &axles {
        assert_eq!(world.get::<Position>(*axle), Ok(&position(1.0)));
        let wheels: Vec<_> = world.children(*axle).collect();
        assert!(
            wheels
                .iter()
                .all(|wheel| world.get::<Health>(*wheel) == Ok(&Health(3)))
        );
        assert_eq!(wheels.len(), 2);
    }
    // By commands it is the same, and later commands know the root.
    let mut schedule = Schedule::builder(&all())
        .add(system("build", move |commands: &mut Commands| {
            let root = commands.spawn_template(&cart);
            commands.insert(root, Health(1));
        }))
        .build()
        .expect("one system");
    schedule
        .tick(&mut world, &Workers::inline())
        .expect("nothing fails");
    assert_eq!(world.len(), 14);
    assert_eq!(world.find::<With<Health>>().expect("registered").len(), 10);
    // What is not registered is told before anything is there.
    let broken = Template::new(Health(1)).child(Template::new(Frozen));
    let before = world.hash();
    let unknown = Err(WorldError::Unregistered {
        component: "frozen".into(),
    });
    assert_eq!(broken.spawn(&mut world), unknown);
    assert_eq!(world.hash(), before);
}

#[test]
fn a_state_machine_is_left_and_entered_before_systems_run() {
    let hear = |name: &'static str, kind: &'static str, digit: u64| {
        Handler::new(name, Phase::Update, kind, move |context| {
            let payload = u64::from(context.envelope.payload()[0]);
            let log = context.world.resource_mut::<Log>()?;
            log.0 = log.0 * 100 + digit * 10 + payload;
            Ok::<(), WorldError>(())
        })
    };
    let play = system("play", |mut log: ResMut<Log>| log.0 = log.0 * 10 + 7);
    let mut schedule = Schedule::builder(&all())
        .bus(
            BusConfig::new()
                .machine::<Mode>()
                .handler(hear("on_enter", "mode.enter", 1))
                .handler(hear("on_exit", "mode.exit", 2)),
        )
        .add(play.run_if(in_state(Mode(4))))
        .add(
            system("rare", |mut log: ResMut<Log>| log.0 += 1)
                .after("play")
                .run_if(every_ticks(3)),
        )
        .build()
        .expect("ordered");
    let mut world = World::new(&all());
    world.set_resource(Log(0)).expect("registered");
    let mut logs = Vec::new();
    let wanted = [None, Some(4), Some(4), Some(5), None, Some(4)];
    for mode in wanted {
        if let Some(mode) = mode {
            let draft = Draft::of(&Mode(mode)).phase(Phase::PreUpdate);
            schedule.emit(&mut world, draft).expect("room");
        }
        schedule
            .tick(&mut world, &Workers::inline())
            .expect("nothing fails");
        logs.push(world.resource::<Log>().expect("set").0);
        world.set_resource(Log(0)).expect("registered");
    }
    assert_eq!(logs, [1, 147, 7, 2415 + 1, 0, 25_147]);
    let bad = Draft::new("mode", &[1, 2]).phase(Phase::PreUpdate);
    schedule.emit(&mut world, bad).expect("room");
    assert_eq!(
        schedule
            .tick(&mut world, &Workers::inline())
            .err()
            .map(|error| error.to_string())
            .as_deref(),
        Some(
            "the bus stopped the tick in pre_update: the handler `machine mode` of `mode` gave up: the payload is no state of `mode`"
        )
    );
}

proptest! {
    #[test]
    fn no_time_is_lost(rate in 1u32..2000, steps in prop::collection::vec(0u64..3_000_000_000, 1..50)) {
        let mut pace = Pace::new(rate).expect("not 0").ticks_max(u32::MAX);
        let (mut ticks, mut time) = (0u128, 0u128);
        for step in steps {
            ticks += u128::from(pace.advance(step));
            time += u128::from(step);
            prop_assert_eq!(ticks, time * u128::from(rate) / 1_000_000_000);
            let rest = time * u128::from(rate) % 1_000_000_000;
            prop_assert_eq!(u128::from(pace.thousandths()), rest / 1_000_000);
        }
    }
}

#[test]
fn a_pace_pauses_steps_and_leaves_out_what_is_too_much() {
    assert_eq!(Pace::new(0), None);
    let mut pace = Pace::new(10).expect("not 0").ticks_max(4);
    assert_eq!((pace.advance(1_000_000_000), pace.left_out()), (4, 6));
    pace.pause();
    assert!(pace.is_paused());
    assert_eq!(pace.advance(1_000_000_000), 0);
    pace.step(3);
    assert_eq!((pace.advance(5), pace.advance(5)), (3, 0));
    pace.resume();
    assert_eq!(
        (
            pace.advance(99_999_999),
            pace.thousandths(),
            pace.advance(1)
        ),
        (0, 999, 1)
    );
    assert_eq!(pace.advance(u64::MAX), 4);
}
