//! The bus: order, lanes, timers, capabilities, full lanes, envelopes at once, random numbers, and that refusals leave no
//! trace.

use crate::parts::Health;
use gatos_echo::bus::{
    BusConfig, BusError, Draft, Handler, HandlerContext, Lane, Overflow, Post, PrngSpan,
};
use gatos_echo::schedule::{
    Phase, Query, Schedule, Signature, SystemConfig, SystemView, Tick, TickError, TickReport,
    ViewError, Workers, each, system,
};
use gatos_echo::{World, component};
use gatos_values::Blake3Digest;

/// Writes down what was heard, as digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heard(u64);
component!(Heard = "heard" { 0: u64 });

fn world() -> World {
    let registry = gatos_echo::Registry::builder()
        .with::<Heard>()
        .with::<Health>()
        .build()
        .expect("plain data");
    let mut world = World::new(&registry);
    world.set_resource(Heard(0)).expect("registered");
    world
}

fn schedule(bus: BusConfig) -> Schedule {
    Schedule::builder(world().registry())
        .bus(bus)
        .build()
        .expect("ordered")
}

/// Appends the envelope's one byte of payload.
fn note(context: &mut HandlerContext<'_>) -> Result<(), &'static str> {
    let digit = context.envelope.payload()[0];
    let heard = context.world.resource_mut::<Heard>().map_err(|_| "set")?;
    heard.0 = heard.0 * 10 + u64::from(digit);
    Ok(())
}

fn hears(name: &str, phase: Phase) -> Handler {
    Handler::new(name, phase, "digit", note)
}

fn digit(digit: u8) -> Draft {
    Draft::new("digit", &[digit])
}

fn heard(world: &World) -> u64 {
    world.resource::<Heard>().expect("set").0
}

fn tick(schedule: &mut Schedule, world: &mut World) -> TickReport {
    schedule
        .tick(world, &Workers::inline())
        .expect("nothing fails")
}

#[test]
fn lanes_are_emptied_by_priority_then_target_tick_then_id() {
    let mut world = world();
    let mut schedule = schedule(
        BusConfig::new()
            .handler(hears("pre", Phase::PreUpdate))
            .handler(hears("update", Phase::Update)),
    );
    let drafts = [
        digit(1),
        digit(2).lane(Lane::Priority),
        digit(3).phase(Phase::PreUpdate),
        digit(4).after_ticks(1),
        digit(5).lane(Lane::Priority),
        digit(6),
    ];
    for draft in drafts {
        assert_eq!(schedule.emit(&mut world, draft), Ok(None));
    }
    let report = tick(&mut schedule, &mut world);
    assert_eq!((report.delivered, report.unheard), (5, 0));
    assert_eq!(heard(&world), 32_516);
    schedule.emit(&mut world, digit(7)).expect("room");
    tick(&mut schedule, &mut world);
    // What was emitted first for this tick comes first.
    assert_eq!(heard(&world), 3_251_647);
}

#[test]
fn handlers_are_called_by_priority_then_name_and_once_is_once() {
    let say = |name: &str, word: u64| {
        Handler::new(name, Phase::Update, "call", move |context| {
            let heard = context.world.resource_mut::<Heard>()?;
            heard.0 = heard.0 * 10 + word;
            Ok::<(), gatos_echo::WorldError>(())
        })
    };
    let bus = || {
        BusConfig::new()
            .handler(say("c", 3).priority(-1))
            .handler(say("b", 2))
            .handler(say("a", 1))
            .handler(say("d", 4).once().priority(-2))
    };
    let mut world = world();
    let mut first = schedule(bus());
    first
        .emit(&mut world, Draft::new("call", &[]))
        .expect("room");
    tick(&mut first, &mut world);
    assert_eq!(heard(&world), 4312);
    // That it was heard is in the world, not in the schedule.
    let mut world = World::load(world.registry(), &world.save()).expect("saved");
    let mut second = schedule(bus());
    second
        .emit(&mut world, Draft::new("call", &[]))
        .expect("room");
    tick(&mut second, &mut world);
    assert_eq!(heard(&world), 4_312_312);
}

#[test]
fn the_table_of_handlers_has_a_digest_that_every_part_of_it_changes() {
    let base = || hears("a", Phase::Update);
    let tables = [
        BusConfig::new(),
        BusConfig::new().handler(base()),
        BusConfig::new().handler(hears("b", Phase::Update)),
        BusConfig::new().handler(hears("a", Phase::Present)),
        BusConfig::new().handler(base().priority(1)),
        BusConfig::new().handler(base().once()),
        BusConfig::new().handler(base().requires("world:entity")),
        BusConfig::new().handler(Handler::new("a", Phase::Update, "other", note)),
    ];
    let digests: Vec<Blake3Digest> = tables.iter().map(BusConfig::handlers_digest).collect();
    for (index, digest) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(digest), "{index}");
    }
    let other_order = |names: [&str; 2]| {
        names
            .into_iter()
            .fold(BusConfig::new(), |bus, name| {
                bus.handler(hears(name, Phase::Update))
            })
            .handlers_digest()
    };
    assert_eq!(other_order(["a", "b"]), other_order(["b", "a"]));
}

#[test]
fn systems_handlers_and_views_emit_in_the_order_of_the_schedule() {
    let emit = |name: &str, word: u8, phase: Phase| {
        system(name, move |post: &mut Post, now: Tick| {
            if now.0 == 0 {
                post.emit(digit(word));
            }
        })
        .phase(phase)
    };
    let view = |view: &mut SystemView<'_>| {
        if view.tick() == 0 {
            view.post().emit(digit(9));
        }
        Ok::<(), ViewError>(())
    };
    let build = || {
        Schedule::builder(world().registry())
            .add(emit("b", 2, Phase::PreUpdate))
            .add(emit("a", 1, Phase::PreUpdate))
            .add(emit("late", 3, Phase::Update))
            .add(each::<&mut Health, ()>("busy", |health| health.0 += 1).phase(Phase::PreUpdate))
            .add(
                SystemConfig::with_signature("v", Signature::default(), view)
                    .phase(Phase::PreUpdate),
            )
            .bus(
                BusConfig::new()
                    .handler(hears("note", Phase::Update))
                    .handler(relay()),
            )
            .build()
            .expect("ordered")
    };
    for workers in [Workers::inline(), Workers::new(3).always().permuted(1)] {
        let (mut world, mut schedule) = (world(), build());
        world.spawn_batch((0..5000).map(Health)).expect("room");
        let first = schedule.tick(&mut world, &workers).expect("fine");
        assert_eq!((heard(&world), first.delivered), (129, 3));
        // What a phase that is past or under way was meant to hear comes in the next tick.
        schedule.tick(&mut world, &workers).expect("fine");
        assert_eq!(heard(&world), 12_983);
    }
}

/// Answers a 9 with an 8.
fn relay() -> Handler {
    Handler::new("relay", Phase::Update, "digit", |context| {
        if context.envelope.payload() == [9] {
            context.post.emit(digit(8).cause(context.envelope.hash()));
        }
        Ok::<(), String>(())
    })
}

#[test]
fn timers_fire_after_ticks_and_seconds_and_again() {
    let after = |seconds: f64, rate: f64| Draft::new("digit", &[1]).after_seconds(seconds, rate);
    let rows = [
        (0.0, 60.0, Some(1)),
        (0.001, 60.0, Some(1)),
        (1.0, 60.0, Some(60)),
        (1.01, 60.0, Some(61)),
        (3.0, 30.0, Some(90)),
        (-0.1, 60.0, None),
        (f64::NAN, 60.0, None),
        (f64::INFINITY, 60.0, None),
        (1.0, 0.0, None),
        (1.0, f64::NAN, None),
        (1e300, 60.0, None),
    ];
    for (seconds, rate, expected) in rows {
        let ticks = after(seconds, rate);
        assert_eq!(
            ticks,
            expected.map(|ticks| digit(1).after_ticks(ticks)),
            "{seconds} {rate}"
        );
    }
    let mut world = world();
    let mut schedule = schedule(BusConfig::new().handler(hears("note", Phase::Update)));
    schedule
        .emit(&mut world, digit(1).after_ticks(1).every_ticks(2))
        .expect("room");
    schedule
        .emit(&mut world, digit(2).after_ticks(3))
        .expect("room");
    let mut fork = world.fork();
    for _ in 0..6 {
        tick(&mut schedule, &mut world);
    }
    // Ticks 1, 3, 5, and 2 in tick 3: it was scheduled before the repetition was.
    assert_eq!(heard(&world), 1211);
    for _ in 0..6 {
        fork = World::load(fork.registry(), &fork.save()).expect("saved");
        tick(&mut schedule, &mut fork);
    }
    assert_eq!(fork.hash(), world.hash());
}

#[test]
fn full_lanes_do_what_their_rule_says() {
    let run = |overflow| {
        let mut world = world();
        let bus = BusConfig::new().handler(hears("note", Phase::Update)).lane(
            Phase::Update,
            Lane::Normal,
            2,
            overflow,
        );
        let mut schedule = schedule(bus);
        let results: Vec<_> = (1..=4)
            .map(|word| {
                schedule
                    .emit(&mut world, digit(word))
                    .map(|drop| drop.map(|drop| drop.id))
            })
            .collect();
        tick(&mut schedule, &mut world);
        (results, heard(&world))
    };
    assert_eq!(
        run(Overflow::DropOldest),
        (vec![Ok(None), Ok(None), Ok(Some(0)), Ok(Some(1))], 34)
    );
    assert_eq!(
        run(Overflow::DropNewest),
        (vec![Ok(None), Ok(None), Ok(Some(2)), Ok(Some(3))], 12)
    );
    let (results, heard) = run(Overflow::Throw);
    assert_eq!(heard, 12);
    assert_eq!(
        results[2].as_ref().map_err(ToString::to_string),
        Err("ERR_QUEUE_OVERFLOW: the normal lane of update is full with 2 envelopes; `input` emits `digit`".into())
    );
}

#[test]
fn a_system_that_fills_a_lane_stops_the_tick_and_leaves_no_trace() {
    let mut world = world();
    world.spawn_batch((0..3).map(Health)).expect("room");
    let flood = system(
        "flood",
        |mut health: Query<&mut Health>, post: &mut Post| {
            health.for_each(|health| {
                health.0 += 1;
                post.emit(digit(1));
            });
        },
    );
    let mut schedule = Schedule::builder(world.registry())
        .add(flood)
        .bus(BusConfig::new().lane(Phase::Update, Lane::Normal, 2, Overflow::Throw))
        .build()
        .expect("ordered");
    assert_eq!(
        refused_tick(&mut schedule, &mut world),
        "ERR_QUEUE_OVERFLOW: the normal lane of update is full with 2 envelopes; `flood` emits `digit`"
    );
}

/// A tick in which `emit` goes wrong: the error, and that the world is as before.
fn refused(bus: BusConfig, draft: Draft) -> String {
    let mut world = world();
    let mut schedule = schedule(bus);
    schedule.emit(&mut world, draft).expect("accepted");
    refused_tick(&mut schedule, &mut world)
}

fn refused_tick(schedule: &mut Schedule, world: &mut World) -> String {
    let before = world.save();
    let error = schedule.tick(world, &Workers::inline()).err();
    assert!(world.save() == before);
    let Some(TickError::Bus {
        phase: Phase::Update,
        error,
    }) = error
    else {
        panic!("not the bus: {error:?}");
    };
    error.to_string()
}

#[test]
fn capabilities_must_be_granted_and_carried() {
    let mut world = world();
    let mut granted = schedule(
        BusConfig::new()
            .grant("input", "world:entity")
            .handler(hears("note", Phase::Update).requires("world:entity")),
    );
    let before = world.hash();
    assert_eq!(
        granted.emit(&mut world, digit(1).capability("timeline:merge")),
        Err(BusError::Denied {
            who: "input".into(),
            capability: "timeline:merge".into(),
            kind: "digit".into()
        })
    );
    assert_eq!(world.hash(), before);
    granted
        .emit(&mut world, digit(1).capability("world:entity"))
        .expect("granted");
    tick(&mut granted, &mut world);
    assert_eq!(heard(&world), 1);
    let bus = BusConfig::new().handler(hears("note", Phase::Update).requires("world:entity"));
    assert_eq!(
        refused(bus, digit(1)),
        "ERR_CAPABILITY_DENIED: `note` has no `world:entity` for `digit`"
    );
}

#[test]
fn envelopes_at_once_have_a_list_and_a_budget() {
    let chain = |kind: &'static str| {
        Handler::new("chain", Phase::Update, kind, |context| {
            let left = context.envelope.payload()[0];
            let heard = context.world.resource_mut::<Heard>()?;
            heard.0 = heard.0 * 10 + u64::from(left);
            if left > 0 {
                context.post.emit_now(Draft::new("chain", &[left - 1]));
            }
            Ok::<(), gatos_echo::WorldError>(())
        })
    };
    let bus = |budget| {
        BusConfig::new()
            .immediate("chain")
            .immediate_budget(budget)
            .handler(chain("chain"))
    };
    let mut world = world();
    let mut allowed = schedule(bus(3));
    for _ in 0..2 {
        // The budget is a tick's.
        allowed
            .emit(&mut world, Draft::new("chain", &[3]))
            .expect("room");
        tick(&mut allowed, &mut world);
    }
    assert_eq!(heard(&world), 32_103_210);
    assert_eq!(
        refused(bus(2), Draft::new("chain", &[3])),
        "ERR_IMMEDIATE_BUDGET_EXCEEDED: `chain` emits `chain` at once, and 2 a tick are allowed"
    );
    let unlisted = BusConfig::new().immediate_budget(9).handler(chain("chain"));
    assert_eq!(
        refused(unlisted, Draft::new("chain", &[3])),
        "ERR_IMMEDIATE_FORBIDDEN: `chain` emits `chain` at once, which is not on the list"
    );
    let mut from_system = Schedule::builder(world.registry())
        .add(system("s", |post: &mut Post| {
            post.emit_now(Draft::new("chain", &[1]))
        }))
        .bus(bus(9))
        .build()
        .expect("ordered");
    assert_eq!(
        refused_tick(&mut from_system, &mut world),
        "ERR_ENVELOPE_INVALID: `s` emits `chain`: only handlers emit at once"
    );
}

#[test]
fn handlers_draw_exactly_the_random_numbers_of_the_span() {
    let draws = |count: usize| {
        BusConfig::new().handler(Handler::new(
            "dice",
            Phase::Update,
            "roll",
            move |context| {
                for _ in 0..count {
                    let drawn = context.rng.next_u32();
                    context.world.resource_mut::<Heard>()?.0 = drawn.into();
                }
                Ok::<(), gatos_echo::WorldError>(())
            },
        ))
    };
    let roll = |first, count| Draft::new("roll", &[]).span(PrngSpan { first, count });
    let last = |count: usize, draft: Draft| {
        let (mut world, mut schedule) = (world(), schedule(draws(count)));
        schedule.emit(&mut world, draft).expect("room");
        let report = tick(&mut schedule, &mut world);
        assert_eq!(report.draws, count as u64);
        heard(&world)
    };
    assert_eq!(last(3, roll(0, 3)), last(3, roll(0, 3)));
    assert_ne!(last(3, roll(0, 3)), last(3, roll(1, 3)));
    assert_eq!(
        refused(draws(2), roll(0, 3)),
        "ERR_PRNG_MISMATCH: handlers of envelope 0 of kind `roll` drew 2 numbers, its span has 3"
    );
    assert_eq!(
        refused(draws(1), Draft::new("roll", &[])),
        "ERR_PRNG_MISMATCH: handlers of envelope 0 of kind `roll` drew 1 numbers, its span has 0"
    );
}

#[test]
fn an_envelope_that_was_changed_in_a_snapshot_is_found_out() {
    let mut world = world();
    let mut schedule = schedule(BusConfig::new().handler(hears("note", Phase::Update)));
    schedule
        .emit(
            &mut world,
            Draft::new("digit", b"\x01 a payload to look for"),
        )
        .expect("room");
    let mut bytes = world.save();
    let place = bytes
        .windows(10)
        .position(|window| window == b"to look fo")
        .expect("it waits");
    bytes[place] = b'T';
    let body = bytes.len() - 32;
    let digest = Blake3Digest::of(&bytes[..body]);
    bytes[body..].copy_from_slice(digest.as_bytes());
    let mut world = World::load(world.registry(), &bytes).expect("well formed");
    assert_eq!(
        refused_tick(&mut schedule, &mut world),
        "ERR_ENVELOPE_TAMPERED: envelope 0 of kind `digit` was changed after it was sealed"
    );
}

/// A lane of many envelopes, which worlds and forks share in parts: what one adds, drops and delivers the other never sees,
/// and a world is the same however late hashes are taken.
#[test]
fn forks_share_long_lanes_and_never_see_each_other() {
    const COUNT: u64 = 200;
    let mut world = world();
    let step = |sum: u64, digit: u64| sum.wrapping_mul(31).wrapping_add(digit);
    let add = Handler::new("add", Phase::Update, "digit", move |context| {
        let digit = context.envelope.payload()[0];
        let heard = context.world.resource_mut::<Heard>()?;
        heard.0 = step(heard.0, digit.into());
        Ok::<(), gatos_echo::WorldError>(())
    });
    let bus = BusConfig::new().handler(add).lane(
        Phase::Update,
        Lane::Normal,
        COUNT as usize,
        Overflow::DropOldest,
    );
    let mut schedule = schedule(bus);
    let payload =
        |number: u64| [&[(number % 10) as u8][..], &[7; 60][..number as usize % 60]].concat();
    let draft = |number: u64| Draft::new("digit", &payload(number)).after_ticks(1);
    for number in 0..COUNT {
        schedule.emit(&mut world, draft(number)).expect("room");
    }
    let early = world.fork().hash();
    let before = world.save();
    let mut fork = world.fork();
    for number in 0..150 {
        let dropped = schedule.emit(&mut fork, draft(number)).expect("drops");
        assert_eq!(dropped.map(|drop| drop.id), Some(number));
    }
    assert!(world.save() == before);
    assert_eq!((world.hash(), early), (early, early));
    for world in [&mut world, &mut fork] {
        let copy = World::load(world.registry(), &world.save())
            .expect("saved")
            .hash();
        assert_eq!(world.hash(), copy);
        assert_eq!(world.waiting(Phase::Update, Lane::Normal), 200);
        tick(&mut schedule, world);
        let report = tick(&mut schedule, world);
        assert_eq!((report.delivered, report.unheard), (COUNT, 0));
    }
    let sum =
        |numbers: &mut dyn Iterator<Item = u64>| numbers.map(|number| number % 10).fold(0, step);
    assert_eq!(heard(&world), sum(&mut (0..COUNT)));
    assert_eq!(heard(&fork), sum(&mut (150..COUNT).chain(0..150)));
}

#[test]
fn handlers_that_give_up_and_drafts_that_are_none_leave_no_trace() {
    let bus = BusConfig::new()
        .handler(hears("note", Phase::Update))
        .handler(Handler::new("stop", Phase::Update, "digit", |_| Err("no more")).priority(1));
    assert_eq!(
        refused(bus, digit(1)),
        "the handler `stop` of `digit` gave up: no more"
    );
    let mut world = world();
    let schedule = schedule(BusConfig::new());
    let before = world.save();
    let long = "k".repeat(129);
    let drafts = [
        (
            Draft::new("", &[]),
            "kinds and capabilities have 1 to 128 bytes",
        ),
        (
            Draft::new(&long, &[]),
            "kinds and capabilities have 1 to 128 bytes",
        ),
        (
            digit(1).phase(Phase::Initialize),
            "`initialize` hears no envelopes",
        ),
        (
            digit(1).after_ticks(u64::MAX),
            "the target tick is beyond all ticks",
        ),
        (
            Draft::new("big", &vec![0; (1 << 20) + 1]),
            "the payload has more than 1 MiB",
        ),
        (
            (0..256).fold(digit(1), |draft, _| draft.cause(Blake3Digest::of(b""))),
            "a list has more than 255 entries",
        ),
    ];
    // One tick first, or no target tick is beyond all ticks.
    let mut first = crate::bus::schedule(BusConfig::new());
    tick(&mut first, &mut world);
    let before_second = world.save();
    assert!(before != before_second);
    for (draft, reason) in drafts {
        let refused = schedule.emit(&mut world, draft).map(|_| ());
        assert!(
            matches!(&refused, Err(BusError::Invalid { reason: found, .. }) if *found == reason),
            "{refused:?}"
        );
        assert!(world.save() == before_second);
    }
}

#[test]
fn typed_payloads_are_rows_of_their_component() {
    let mut world = world();
    let add = Handler::new("add", Phase::Update, "health", |context| {
        let health = context.envelope.read::<Health>().ok_or("no row")?;
        context
            .world
            .spawn(health)
            .map(|_| ())
            .map_err(|_| "no room")
    });
    let mut schedule = schedule(BusConfig::new().handler(add));
    let health = schedule.bus().handlers_digest();
    assert_ne!(health, BusConfig::new().handlers_digest());
    let target = gatos_echo::Target::Component(world.registry().id("health").expect("registered"));
    let draft = Draft::of(&Health(7))
        .reads(target)
        .writes(target)
        .weight(-3);
    schedule.emit(&mut world, draft).expect("room");
    let mut copy = World::load(world.registry(), &world.save()).expect("saved");
    assert_eq!(copy.hash(), world.hash());
    tick(&mut schedule, &mut copy);
    let entity = copy.entities().next().expect("spawned");
    assert_eq!(copy.get::<Health>(entity), Ok(&Health(7)));
}
