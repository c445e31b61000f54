//! Two recordings of one world: where they part, in how many comparisons, and who is to blame.

use crate::parts::Health;
use gatos_echo::bus::{Draft, Handler};
use gatos_echo::recording::{Recorder, RecorderOptions, Recording, TraceDepth};
use gatos_echo::replay::{
    BisectError, Bisection, Difference, Evidence, Outcome, ReplayError, bisect, explain,
};
use gatos_echo::schedule::{Phase, Query, Tick, Workers, each, system};
use gatos_echo::simulation::{Input, Simulation};
use gatos_echo::{Entity, component};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Mark {
    last: u64,
    sum: u64,
}
component!(Mark = "mark" { last: u64, sum: u64 });

/// How a build of the world goes wrong: in which tick, and whether for good.
#[derive(Clone, Copy, Debug)]
struct Fault {
    tick: u64,
    is_for_good: bool,
}

/// The world, with a fault in its third mark or without.
fn world(fault: Option<Fault>) -> Simulation {
    let gust = Handler::new("gust", Phase::PreUpdate, "gust", |context| {
        let strength = u32::from(context.envelope.payload()[0]);
        context
            .world
            .for_each::<&mut Health>(|health| health.0 += strength)
    });
    let bus = gatos_echo::bus::BusConfig::new().handler(gust);
    Simulation::builder()
        .component::<Mark>()
        .component::<Health>()
        .bus(bus)
        .system(each::<&mut Health, ()>("heal", |health| health.0 += 1))
        .system(system(
            "count",
            move |tick: Tick, mut marks: Query<(Entity, &mut Mark)>| {
                let fault = fault.filter(|fault| fault.tick == tick.0);
                marks.for_each(|(entity, mark)| {
                    let fault = fault.filter(|_| entity.index() == 2);
                    mark.last = tick.0 + u64::from(fault.is_some());
                    mark.sum += u64::from(fault.is_some_and(|fault| fault.is_for_good));
                });
            },
        ))
        .setup(|world| {
            for _ in 0..4 {
                world.spawn((Mark { last: 0, sum: 0 }, Health(1)))?;
            }
            Ok(())
        })
        .build()
        .expect("the parts fit together")
}

fn options(key_frame_ticks: u64, trace: TraceDepth) -> RecorderOptions {
    RecorderOptions {
        key_frame_ticks,
        trace,
    }
}

fn record(mut simulation: Simulation, ticks: u64, options: RecorderOptions) -> Vec<u8> {
    record_with(&mut simulation, ticks, options, |_| Vec::new())
}

fn record_with(
    simulation: &mut Simulation,
    ticks: u64,
    options: RecorderOptions,
    inputs: impl Fn(u64) -> Vec<Input>,
) -> Vec<u8> {
    let begun = Recorder::begin(Vec::new(), simulation, &[], options);
    let mut recorder = begun.expect("a beginning");
    for _ in 0..ticks {
        let tick = simulation.world().tick();
        let stepped = recorder.step(simulation, &inputs(tick), &Workers::inline());
        stepped.expect("a tick");
    }
    recorder.finish().expect("an end")
}

fn read(bytes: &[u8]) -> Recording<'_> {
    Recording::read(bytes).expect("what was recorded")
}

#[track_caller]
fn different(left: &[u8], right: &[u8]) -> Difference {
    match bisect(&read(left), &read(right)).expect("one world") {
        Bisection::Different(difference) => *difference,
        Bisection::Identical { ticks, .. } => panic!("{ticks} ticks are identical"),
    }
}

/// The slow twin: from the first tick on.
fn first_difference(left: &Recording<'_>, right: &Recording<'_>) -> Option<u64> {
    let count = left.len().min(right.len());
    let index = (0..count).find(|index| left.tick(*index) != right.tick(*index))?;
    Some(left.first_tick() + index as u64)
}

const fn comparisons_max(ticks: u64) -> u32 {
    // ⌈log₂(n + 1)⌉
    u64::BITS - ticks.leading_zeros()
}

/// Faults at random ticks of recordings of random length, for good or healed a tick later, with other key frames and
/// traces on both sides.
#[test]
fn the_first_tick_that_differs_is_found_by_halves() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |end: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % end
    };
    let mut healed = 0;
    for case in 0..40 {
        let ticks = 1 + below(90);
        let fault = Fault {
            tick: below(ticks),
            is_for_good: below(2) == 0,
        };
        let (one_gap, other_gap) = (below(9), below(9));
        let left = record(world(None), ticks, options(one_gap, TraceDepth::None));
        let right_ticks = ticks + below(5);
        let right = options(other_gap, TraceDepth::Digests);
        let right = record(world(Some(fault)), right_ticks, right);
        let (left, right) = (read(&left), read(&right));
        let Ok(Bisection::Different(found)) = bisect(&left, &right) else {
            panic!("case {case}: {fault:?} of {ticks} was not found");
        };
        assert_eq!(found.tick, fault.tick, "case {case}: {fault:?}");
        assert_eq!(first_difference(&left, &right), Some(found.tick));
        assert!(found.comparisons <= comparisons_max(ticks), "case {case}");
        assert_eq!(found.inputs, None);
        let is_healed = !fault.is_for_good && fault.tick + 1 < ticks;
        assert_eq!(found.ends_alike, is_healed, "case {case}: {fault:?}");
        healed += u32::from(is_healed);
        // Doing it again goes no further than from one key frame to the next, and the tick.
        let shown = explain(&mut world(None), &left, &right, &found, &Workers::inline());
        let shown = shown.expect("one world");
        let gaps = [one_gap, other_gap].into_iter().filter(|gap| *gap > 0);
        let reach = gaps.min().unwrap_or(ticks);
        assert!(shown.ticks <= reach + 1, "case {case}: {shown:?}");
        assert_eq!(shown.key_frame + shown.ticks, fault.tick + 1);
        assert_eq!(shown.replayed.as_ref(), Some(&found.left));
        // The steps of the right one, beside this build, which does as the left one.
        let blame = shown.blame.expect("the steps say who");
        assert_eq!(blame.name, "count");
        assert_eq!(blame.subject.as_deref(), Some("mark"));
    }
    assert!(healed > 5, "{healed}");
}

/// System, component, entity and both values, from whatever evidence there is; left is left and right is right.
#[test]
fn who_is_to_blame_is_named_with_both_values() {
    let fault = Fault {
        tick: 5,
        is_for_good: true,
    };
    let depths = [TraceDepth::None, TraceDepth::Digests, TraceDepth::Values];
    for (one, other) in depths
        .into_iter()
        .flat_map(|one| depths.map(|other| (one, other)))
    {
        let left = record(world(None), 9, options(3, one));
        let right = record(world(Some(fault)), 9, options(0, other));
        let found = different(&left, &right);
        for here in [None, Some(fault)] {
            let (left, right) = (read(&left), read(&right));
            let shown = explain(&mut world(here), &left, &right, &found, &Workers::new(2));
            let shown = shown.expect("one world");
            assert_eq!((shown.key_frame, shown.ticks, shown.stray), (3, 3, None));
            let replayed = shown.replayed.expect("it was reached");
            assert_eq!(replayed == found.left, here.is_none());
            assert_eq!(replayed == found.right, here.is_some());
            // This build shows one side; steps must show the other one.
            let steps = if here.is_none() { other } else { one };
            let Some(blame) = shown.blame else {
                assert!(steps == TraceDepth::None && one.min(other) == TraceDepth::None);
                continue;
            };
            assert_eq!((blame.phase, blame.name.as_str()), (Phase::Update, "count"));
            assert_eq!(blame.subject.as_deref(), Some("mark"));
            if steps != TraceDepth::Values && one.min(other) != TraceDepth::Values {
                continue;
            }
            assert_eq!(blame.entity.map(Entity::index), Some(2), "{blame:?}");
            assert_eq!(blame.recorded, "last=5 sum=0");
            assert_eq!(blame.replayed, "last=6 sum=1");
            if one.min(other) == TraceDepth::Values {
                assert_eq!(blame.evidence, Evidence::Recordings);
            }
        }
    }
}

/// What depends on chance needs no steps: two ways of doing the tick again disagree.
#[test]
fn chance_is_named_without_recorded_steps() {
    let drawn = Arc::new(AtomicU64::new(0));
    let build = || {
        let drawn = Arc::clone(&drawn);
        let gamble = move |tick: Tick, mut marks: Query<&mut Mark>| {
            let chance = drawn.fetch_add(u64::from(tick.0 == 4), Ordering::SeqCst);
            let last = if tick.0 == 4 { chance } else { 0 };
            marks.for_each(|mark| mark.last = last);
        };
        Simulation::builder()
            .component::<Mark>()
            .system(system("gamble", gamble))
            .setup(|world| world.spawn(Mark { last: 0, sum: 0 }).map(|_| ()))
            .build()
            .expect("the parts fit together")
    };
    let left = record(build(), 6, options(2, TraceDepth::None));
    let right = record(build(), 6, options(0, TraceDepth::None));
    let found = different(&left, &right);
    assert_eq!((found.tick, found.ends_alike), (4, true));
    let (left, right) = (read(&left), read(&right));
    let shown = explain(&mut build(), &left, &right, &found, &Workers::inline());
    let shown = shown.expect("one world");
    assert_eq!((shown.key_frame, shown.ticks), (4, 1));
    let blame = shown.blame.expect("two ways disagree");
    assert_eq!(blame.name, "gamble");
    assert!(matches!(blame.evidence, Evidence::Reruns { .. }));
    assert_ne!(blame.recorded, blame.replayed);
}

#[test]
fn what_came_from_outside_is_a_reason_of_its_own() {
    let gust = |strength: u8| Input::Emit(Draft::new("gust", &[strength]));
    let run = |inputs: &dyn Fn(u64) -> Vec<Input>| {
        record_with(&mut world(None), 8, options(0, TraceDepth::None), inputs)
    };
    let calm = run(&|_| Vec::new());
    let windy = run(&|tick| vec![gust(3); usize::from(tick == 6)]);
    let stormy = run(&|tick| vec![gust(4); 2 * usize::from(tick == 6)]);
    let rows = [
        (&calm, &windy, "none", "an envelope `gust` for update"),
        (
            &windy,
            &stormy,
            "an envelope `gust` for update",
            "an envelope `gust` for update",
        ),
    ];
    for (left, right, one, other) in rows {
        let found = different(left, right);
        assert_eq!(found.tick, 6);
        let inputs = found.inputs.clone().expect("they differ");
        assert_eq!(inputs.index, 0);
        assert!(inputs.left.starts_with(one), "{inputs:?}");
        assert!(inputs.right.starts_with(other), "{inputs:?}");
        assert_ne!(inputs.left, inputs.right);
        let (left, right) = (read(left), read(right));
        let shown = explain(&mut world(None), &left, &right, &found, &Workers::inline());
        let shown = shown.expect("one world");
        assert_eq!((shown.ticks, shown.replayed, shown.blame), (0, None, None));
    }
}

#[test]
fn recordings_that_begin_and_end_elsewhere_are_compared_where_they_meet() {
    let whole = record(world(None), 12, options(4, TraceDepth::None));
    let fault = Fault {
        tick: 9,
        is_for_good: false,
    };
    let late = |fault, skip: u64, ticks| {
        let mut simulation = world(fault);
        for _ in 0..skip {
            simulation.step(&[], &Workers::inline()).expect("a tick");
        }
        record_with(&mut simulation, ticks, options(0, TraceDepth::None), |_| {
            Vec::new()
        })
    };
    let identical = |left: &[u8], right: &[u8]| match bisect(&read(left), &read(right)) {
        Ok(Bisection::Identical {
            first_tick, ticks, ..
        }) => (first_tick, ticks),
        other => panic!("{other:?}"),
    };
    assert_eq!(identical(&whole, &whole), (0, 12));
    assert_eq!(identical(&whole, &late(None, 7, 9)), (7, 5));
    assert_eq!(identical(&late(None, 7, 2), &whole), (7, 2));
    // It begins where the other ends.
    assert_eq!(identical(&whole, &late(None, 12, 3)), (12, 0));
    let found = different(&whole, &late(Some(fault), 6, 5));
    assert_eq!((found.tick, found.ends_alike), (9, true));
    let apart = late(None, 14, 3);
    let error = bisect(&read(&apart), &read(&whole));
    assert_eq!(error, Err(BisectError::Apart { end: 12, first: 14 }));
    // A world that differs before anything can be compared.
    let error = bisect(
        &read(&whole),
        &read(&late(
            Some(Fault {
                tick: 2,
                is_for_good: true,
            }),
            5,
            3,
        )),
    );
    assert!(
        matches!(error, Err(BisectError::Beginning { tick: 5, .. })),
        "{error:?}"
    );
    // Cut off at every byte: a shorter recording, or none.
    let other = record(world(Some(fault)), 12, options(4, TraceDepth::None));
    let mut seen = 0;
    for cut in (0..whole.len()).step_by(7) {
        let Ok(cut) = Recording::read(&whole[..cut]) else {
            continue;
        };
        match bisect(&cut, &read(&other)).expect("one world") {
            Bisection::Identical { ticks, .. } => assert!(ticks <= 9 && ticks == cut.len() as u64),
            Bisection::Different(found) => assert_eq!(found.tick, 9),
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen}");
}

/// A tick that stopped is a tick like another.
#[test]
fn a_tick_that_stopped_on_one_side_is_found() {
    let build = |stop: u64| {
        let stopper = system("stop", move |tick: Tick| match tick.0 >= stop {
            false => Ok(()),
            true => Err(format!("no more behind {stop}")),
        });
        let simulation = Simulation::builder().component::<Mark>().system(stopper);
        simulation.build().expect("the parts fit together")
    };
    let run = |stop: u64| {
        let mut simulation = build(stop);
        let begun = Recorder::begin(
            Vec::new(),
            &mut simulation,
            &[],
            options(0, TraceDepth::None),
        );
        let mut recorder = begun.expect("a beginning");
        for _ in 0..7 {
            if recorder
                .step(&mut simulation, &[], &Workers::inline())
                .is_err()
            {
                break;
            }
        }
        recorder.finish().expect("an end")
    };
    let (late, early) = (run(6), run(4));
    let found = different(&late, &early);
    assert_eq!(found.tick, 4);
    assert!(matches!(found.left, Outcome::Made { .. }));
    assert!(matches!(&found.right, Outcome::Stopped { reason } if reason.contains("behind 4")));
    let (left, right) = (read(&late), read(&early));
    let shown = explain(&mut build(4), &left, &right, &found, &Workers::inline());
    assert_eq!(shown.expect("one world").replayed, Some(found.right));
    let Ok(Bisection::Identical { ticks, .. }) = bisect(&right, &read(&run(4))) else {
        panic!("the same tick stopped with the same words");
    };
    assert_eq!(ticks, 5);
}

#[test]
fn recordings_of_other_worlds_are_refused_with_what_differs() {
    let left = record(world(None), 3, options(0, TraceDepth::None));
    let other = Simulation::builder().component::<Mark>().build();
    let mut other = other.expect("the parts fit together");
    let right = record_with(&mut other, 3, options(0, TraceDepth::None), |_| Vec::new());
    let error = bisect(&read(&left), &read(&right)).expect_err("two worlds");
    assert!(
        error
            .to_string()
            .starts_with("the recordings are of two worlds, with another table of handlers: "),
        "{error}"
    );
    let fault = Fault {
        tick: 1,
        is_for_good: true,
    };
    let right = record(world(Some(fault)), 3, options(0, TraceDepth::None));
    let found = different(&left, &right);
    let refused = explain(
        &mut other,
        &read(&left),
        &read(&right),
        &found,
        &Workers::inline(),
    );
    assert!(
        matches!(refused, Err(ReplayError::Foreign { .. })),
        "{refused:?}"
    );
    // A build that is a third one gets no further than it does as they did.
    let early = Fault {
        tick: 0,
        is_for_good: true,
    };
    let shown = explain(
        &mut world(Some(early)),
        &read(&left),
        &read(&right),
        &found,
        &Workers::inline(),
    );
    let shown = shown.expect("one world");
    assert_eq!(
        (shown.stray, shown.replayed, shown.blame),
        (Some(0), None, None)
    );
}
