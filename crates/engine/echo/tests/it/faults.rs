//! Somebody breaks the rules, in every way that the engine knows of, and replay names him.
//!
//! Each fault is a plugin with one guilty system among innocent ones. The recording holds the hashes alone, or the steps
//! too. What cannot differ on one machine is made to differ by a switch that stands for the other machine.

use crate::parts::{Big, Health};
use gatos_echo::adapter::{Adapter, Submissions, adapter};
use gatos_echo::bus::Post;
use gatos_echo::recording::{Recorder, RecorderOptions, Recording, TraceDepth};
use gatos_echo::replay::{Divergence, Evidence, ReplayOptions, Verdict, Way, verify};
use gatos_echo::schedule::{
    Local, Query, Signature, SystemConfig, SystemView, Tick, Workers, each, system,
};
use gatos_echo::simulation::{Input, Manifest, Plugin, Registrar, Simulation, Version};
use gatos_echo::{Commands, Component, Entity, Field, Registry, RegistryError, component};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What the guilty system writes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Mark {
    number: u64,
    value: f64,
}
component!(Mark = "guilty:mark" { number: u64, value: f64 });

/// What it reads.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Heat(f64);
component!(Heat = "guilty:heat" { 0: f64 });

/// A plugin with the guilty system.
struct Guilty<F>(F);

impl<F: Fn() -> Vec<SystemConfig> + Send + Sync> Plugin for Guilty<F> {
    fn manifest(&self) -> Manifest {
        Manifest::new("guilty", Version::new(1, 2, 3))
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        registrar.component::<Mark>();
        registrar.component::<Heat>();
        for system in (self.0)() {
            registrar.system(system);
        }
        registrar.setup(|world| {
            let mark = Mark {
                number: 0,
                value: 1.0,
            };
            for heat in [1.0, 2.5, f64::NAN] {
                world.spawn((mark, Heat(heat), Health(5)))?;
            }
            Ok(())
        });
    }
}

/// An innocent world with the guilty system in it.
fn build(systems: impl Fn() -> Vec<SystemConfig> + Send + Sync + 'static) -> Simulation {
    Simulation::builder()
        .plugin(Guilty(systems))
        .component::<Health>()
        .component::<Big>()
        .system(each::<&mut Health, ()>("heal", |health| health.0 += 1))
        .system(each::<&mut Big, ()>("swell", |big| big.0[0] += 1.0).after("heal"))
        .setup(|world| world.spawn_batch([Big([0.5; 512]); 40]).map(|_| ()))
        .build()
        .expect("the parts fit together")
}

const TICKS: u64 = 12;

fn record(mut simulation: Simulation, trace: TraceDepth) -> Vec<u8> {
    let options = RecorderOptions {
        key_frame_ticks: 5,
        trace,
    };
    let mut recorder =
        Recorder::begin(Vec::new(), &mut simulation, &[], options).expect("a beginning");
    for _ in 0..TICKS {
        recorder
            .step(&mut simulation, &[], &Workers::inline())
            .expect("a tick");
    }
    recorder.finish().expect("an end")
}

fn replay(
    mut simulation: Simulation,
    bytes: &[u8],
    workers: &Workers,
    is_thorough: bool,
) -> Verdict {
    let recording = Recording::read(bytes).expect("what was recorded");
    let options = ReplayOptions {
        is_thorough,
        ..ReplayOptions::default()
    };
    verify(&mut simulation, &recording, options, workers, &mut |_| ()).expect("the same parts")
}

fn diverged(verdict: Verdict) -> Divergence {
    match verdict {
        Verdict::Diverged(divergence) => *divergence,
        Verdict::Identical { ticks } => panic!("{ticks} ticks are identical"),
    }
}

/// The guilty one is named with the component, an entity and two values.
#[track_caller]
fn check_blame(divergence: &Divergence, name: &str, is_recorded: bool) {
    let blame = divergence.blame.as_ref().expect("somebody is to blame");
    assert_eq!(blame.name, name);
    let plugin = blame.plugin.as_ref().expect("a plugin brought it");
    assert_eq!(
        (plugin.id.as_str(), plugin.version),
        ("guilty", Version::new(1, 2, 3))
    );
    assert_eq!(blame.subject.as_deref(), Some("guilty:mark"));
    assert!(blame.entity.is_some());
    assert_ne!(blame.recorded, blame.replayed);
    assert!(blame.recorded.starts_with("number="), "{}", blame.recorded);
    assert!(blame.replayed.starts_with("number="), "{}", blame.replayed);
    let by_record = matches!(blame.evidence, Evidence::Recorded { .. });
    assert_eq!(by_record, is_recorded, "{:?}", blame.evidence);
}

/// The fault shows up whenever the tick is done again: with hashes alone, and with steps.
#[track_caller]
fn check_fault(
    name: &str,
    systems: impl Fn() -> Vec<SystemConfig> + Clone + Send + Sync + 'static,
    workers: &Workers,
) {
    for trace in [TraceDepth::None, TraceDepth::Values] {
        let bytes = record(build(systems.clone()), trace);
        let verdict = replay(build(systems.clone()), &bytes, workers, false);
        check_blame(&diverged(verdict), name, trace == TraceDepth::Values);
    }
}

fn no_threads() -> Workers {
    Workers::inline()
}

fn threads() -> Workers {
    Workers::new(4).always().permuted(12)
}

#[test]
fn an_innocent_world_is_identical_in_all_ways() {
    let systems = || {
        vec![each::<(&mut Mark, &Heat), ()>("mark", |(mark, heat)| {
            mark.number += 1;
            mark.value += heat.0;
        })]
    };
    for trace in [TraceDepth::None, TraceDepth::Digests, TraceDepth::Values] {
        let bytes = record(build(systems), trace);
        for workers in [no_threads(), threads(), Workers::new(2)] {
            for is_thorough in [false, true] {
                assert_eq!(
                    replay(build(systems), &bytes, &workers, is_thorough),
                    Verdict::Identical { ticks: TICKS }
                );
            }
        }
    }
    // Threads, cut or not, in any order.
    let bytes = record(build(systems), TraceDepth::Values);
    for count in [1, 2, 3, 4, 8] {
        let kinds = [
            Workers::new(count),
            Workers::new(count).always(),
            Workers::new(count).always().permuted(count as u64),
        ];
        for workers in kinds {
            assert_eq!(
                replay(build(systems), &bytes, &workers, false),
                Verdict::Identical { ticks: TICKS }
            );
        }
    }
}

#[test]
fn fault_undeclared_access_is_refused_or_found() {
    // By a signature: refused at once, with names.
    let systems = || {
        let signature = Signature {
            reads: vec!["guilty:heat".into()],
            ..Signature::default()
        };
        vec![SystemConfig::with_signature("peek", signature, |view| {
            let mark = view.registry().id("guilty:mark").expect("registered");
            let heat = view.registry().id("guilty:heat").expect("registered");
            for entity in view.find(&[heat], &[]) {
                view.get_row(entity, mark)?;
            }
            Ok::<(), gatos_echo::schedule::ViewError>(())
        })]
    };
    let error = build(systems).step(&[], &no_threads()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the system `guilty:peek` stopped the tick in update: ERR_ACCESS_UNDECLARED: the system `guilty:peek` reads `guilty:mark`, which its signature does not declare"
    );
    // Behind the engine's back: two systems that share what is not in the world.
    let systems = || {
        let shared = Arc::new(AtomicU64::new(0));
        let writer = Arc::clone(&shared);
        vec![
            system("accuse", move |tick: Tick| {
                writer.store(tick.0 + 100, Ordering::SeqCst);
            }),
            each::<&mut Mark, ()>("listen", move |mark| {
                mark.number = shared.load(Ordering::SeqCst);
            }),
        ]
    };
    check_fault("guilty:listen", systems, &threads());
}

#[test]
fn fault_the_order_of_a_hash_map() {
    let systems = || {
        vec![system("shuffle", |mut marks: Query<&mut Mark>| {
            let map: HashMap<u64, u64> = (0..1000).map(|key| (key, key)).collect();
            let first = map.keys().next().copied().unwrap_or_default();
            marks.for_each(|mark| mark.number = first);
        })]
    };
    check_fault("guilty:shuffle", systems, &no_threads());
}

/// A sum of floats over rows, in the order in which threads come by.
#[test]
fn fault_a_reduction_in_the_order_of_threads() {
    #[derive(Clone, Copy)]
    struct Sum {
        partial: f64,
        pad: [f64; 600],
    }
    component!(Sum = "guilty:sum" { partial: f64, pad: [f64; 600] });
    let build = || {
        let plugin = Simulation::builder();
        struct Adder;
        impl Plugin for Adder {
            fn manifest(&self) -> Manifest {
                Manifest::new("guilty", Version::new(1, 2, 3))
            }
            fn register(&self, registrar: &mut Registrar<'_>) {
                registrar.component::<Sum>();
                let total = Mutex::new(0.0);
                registrar.system(each::<&mut Sum, ()>("add", move |sum| {
                    let mut total = total.lock().expect("nobody panicked");
                    *total += sum.pad[0];
                    sum.partial = *total;
                }));
                registrar.setup(|world| {
                    let sums = (0..40).map(|index| Sum {
                        partial: 0.0,
                        pad: [0.1 + f64::from(index); 600],
                    });
                    world.spawn_batch(sums).map(|_| ())
                });
            }
        }
        plugin
            .plugin(Adder)
            .build()
            .expect("the parts fit together")
    };
    for trace in [TraceDepth::None, TraceDepth::Values] {
        let bytes = record(build(), trace);
        let divergence = diverged(replay(build(), &bytes, &threads(), false));
        let blame = divergence.blame.expect("somebody is to blame");
        assert_eq!(blame.name, "guilty:add");
        assert_eq!(blame.subject.as_deref(), Some("guilty:sum"));
        assert!(blame.entity.is_some());
        assert_ne!(blame.recorded, blame.replayed);
    }
}

#[test]
fn fault_the_clock_on_the_wall() {
    let systems = || {
        vec![each::<&mut Mark, ()>("watch", |mark| {
            let now = std::time::SystemTime::now();
            let since = now.duration_since(std::time::UNIX_EPOCH);
            mark.number = since.map_or(0, |since| since.as_nanos() as u64);
        })]
    };
    check_fault("guilty:watch", systems, &no_threads());
}

/// A type with a `usize` has another size than its fields where it is honest about them; an address in a `u64` is found.
#[test]
fn fault_an_address_and_a_size_of_the_machine() {
    #[derive(Clone, Copy)]
    struct Score(usize);
    impl Component for Score {
        const NAME: &'static str = "score";
        const FIELDS: &'static [Field] = &[Field::of::<u32>("0")];
        const SIZE: usize = 4;
        fn write(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&(self.0 as u32).to_le_bytes());
        }
        fn read(bytes: &[u8]) -> Option<Score> {
            let bytes = bytes.try_into().ok()?;
            Some(Score(u32::from_le_bytes(bytes) as usize))
        }
        fn is_settled(&self) -> bool {
            true
        }
        fn settle(&mut self) {}
    }
    if usize::BITS == 64 {
        assert!(matches!(
            Registry::builder().with::<Score>().build(),
            Err(RegistryError::Padding { .. })
        ));
    }
    // Of addresses that stay the same while a program runs, steps alone tell.
    let systems = || {
        // Held to the end, so that no two worlds see one address.
        static HELD: Mutex<Vec<Arc<u8>>> = Mutex::new(Vec::new());
        let here = Arc::new(0_u8);
        let address = Arc::as_ptr(&here) as u64;
        HELD.lock().unwrap().push(here);
        vec![each::<&mut Mark, ()>("point", move |mark| {
            mark.number = address;
        })]
    };
    let bytes = record(build(systems), TraceDepth::Values);
    let verdict = replay(build(systems), &bytes, &no_threads(), false);
    check_blame(&diverged(verdict), "guilty:point", true);
    // With hashes alone it is said that the tick differs, and nobody is accused without evidence.
    let bytes = record(build(systems), TraceDepth::None);
    let divergence = diverged(replay(build(systems), &bytes, &no_threads(), false));
    assert_eq!((divergence.tick, divergence.blame), (0, None));
}

/// The zero that another machine's `min` gives, and the bits of a NaN.
#[test]
fn fault_signed_zeros_and_bits_of_nans() {
    let is_elsewhere = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_elsewhere);
    let systems = move || {
        let is_elsewhere = Arc::clone(&switch);
        vec![each::<&mut Mark, ()>("least", move |mark| {
            let is_negative = is_elsewhere.load(Ordering::SeqCst);
            mark.value = if is_negative { -0.0 } else { 0.0 };
        })]
    };
    let bytes = record(build(systems.clone()), TraceDepth::Values);
    is_elsewhere.store(true, Ordering::SeqCst);
    let divergence = diverged(replay(build(systems), &bytes, &no_threads(), false));
    check_blame(&divergence, "guilty:least", true);
    let blame = divergence.blame.expect("somebody is to blame");
    assert_eq!(blame.recorded, "number=0 value=0.0");
    assert_eq!(blame.replayed, "number=0 value=-0.0");
    // Whoever looks at the bits of a NaN is found by doing each tick with other NaNs too.
    let systems = || {
        vec![each::<(&mut Mark, &Heat), ()>("stare", |(mark, heat)| {
            mark.number = heat.0.to_bits();
        })]
    };
    let bytes = record(build(systems), TraceDepth::None);
    let verdict = replay(build(systems), &bytes, &no_threads(), false);
    assert_eq!(verdict, Verdict::Identical { ticks: TICKS });
    let divergence = diverged(replay(build(systems), &bytes, &no_threads(), true));
    assert_eq!(divergence.way, Way::OtherNans);
    check_blame(&divergence, "guilty:stare", false);
}

#[test]
fn fault_random_numbers_from_outside_of_the_stream() {
    let systems = || {
        vec![each::<&mut Mark, ()>("gamble", |mark| {
            mark.number = RandomState::new().hash_one(7);
        })]
    };
    check_fault("guilty:gamble", systems, &no_threads());
}

/// Numbers each record by when its thread came by.
struct Racy;

impl Adapter for Racy {
    type Key = Entity;
    type Value = (Mark, u64);

    fn signature(&self) -> Signature {
        Signature {
            reads: vec!["guilty:mark".into()],
            ..Signature::default()
        }
    }

    fn work(
        &self,
        view: &mut SystemView<'_>,
        records: &mut Submissions<Entity, (Mark, u64)>,
    ) -> Result<(), String> {
        let mut marks = Vec::new();
        let read = view.read_each::<(Entity, &Mark)>(|(entity, mark)| marks.push((entity, *mark)));
        read.map_err(|error| error.to_string())?;
        let arrivals = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for (entity, mark) in marks {
                let arrivals = &arrivals;
                scope.spawn(move || {
                    // How long a thread takes is up to the machine.
                    let pause = RandomState::new().hash_one(0) % 2_000;
                    std::thread::sleep(std::time::Duration::from_micros(pause));
                    let mut arrivals = arrivals.lock().expect("nobody panicked");
                    let number = arrivals.len() as u64;
                    arrivals.push((entity, (mark, number)));
                });
            }
        });
        records.extend(arrivals.into_inner().expect("nobody panicked"));
        Ok(())
    }

    fn commit(
        &self,
        entity: &Entity,
        (mark, number): (Mark, u64),
        commands: &mut Commands,
        _: &mut Post,
    ) {
        commands.insert(*entity, Mark { number, ..mark });
    }
}

#[test]
fn fault_an_adapter_whose_threads_race() {
    let systems = || vec![adapter("broad_phase", Racy)];
    check_fault("guilty:broad_phase", systems, &no_threads());
}

/// Of steps of which only digests were kept the system and the component are known, and the rest where runs disagree.
#[test]
fn digests_name_system_and_component() {
    let systems = || {
        vec![each::<&mut Mark, ()>("gamble", |mark| {
            mark.number = RandomState::new().hash_one(7);
        })]
    };
    let bytes = record(build(systems), TraceDepth::Digests);
    let divergence = diverged(replay(build(systems), &bytes, &no_threads(), false));
    let blame = divergence.blame.expect("somebody is to blame");
    assert_eq!(blame.name, "guilty:gamble");
    assert_eq!(blame.subject.as_deref(), Some("guilty:mark"));
    assert!(blame.entity.is_some());
    assert!(
        blame.recorded.starts_with("values of digest blake3:"),
        "{}",
        blame.recorded
    );
    assert!(matches!(blame.evidence, Evidence::Recorded { .. }));
}

/// A system that does not run at all in one of the two.
#[test]
fn a_condition_that_is_no_function_of_the_world_is_named() {
    let is_elsewhere = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_elsewhere);
    let systems = move || {
        let is_elsewhere = Arc::clone(&switch);
        vec![
            each::<&mut Mark, ()>("whim", |mark| mark.number += 1)
                .run_if(move |world| world.tick() < 3 || !is_elsewhere.load(Ordering::SeqCst)),
        ]
    };
    let bytes = record(build(systems.clone()), TraceDepth::Digests);
    is_elsewhere.store(true, Ordering::SeqCst);
    let divergence = diverged(replay(build(systems), &bytes, &no_threads(), false));
    assert_eq!(divergence.tick, 3);
    let blame = divergence.blame.expect("somebody is to blame");
    assert_eq!(blame.name, "guilty:whim");
    assert_eq!(
        (blame.recorded.as_str(), blame.replayed.as_str()),
        ("ran", "did not run")
    );
}

/// The first tick that differs is told, wherever the replay starts.
#[test]
fn the_first_tick_that_differs_is_found_from_every_start() {
    let is_elsewhere = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_elsewhere);
    let systems = move || {
        let is_elsewhere = Arc::clone(&switch);
        vec![system(
            "late",
            move |tick: Tick, mut marks: Query<&mut Mark>| {
                let is_wrong = tick.0 == 7 && is_elsewhere.load(Ordering::SeqCst);
                marks.for_each(|mark| mark.number = tick.0 + u64::from(is_wrong));
            },
        )]
    };
    let bytes = record(build(systems.clone()), TraceDepth::Values);
    is_elsewhere.store(true, Ordering::SeqCst);
    let recording = Recording::read(&bytes).expect("what was recorded");
    let run = |from, until| {
        let options = ReplayOptions {
            from,
            until,
            is_thorough: false,
        };
        let mut simulation = build(systems.clone());
        let mut compared = Vec::new();
        let mut progress = |tick| compared.push(tick);
        let verdict = verify(
            &mut simulation,
            &recording,
            options,
            &no_threads(),
            &mut progress,
        );
        (verdict.expect("the same parts"), compared)
    };
    for from in [None, Some(3), Some(5), Some(7)] {
        let (verdict, compared) = run(from, None);
        assert_eq!(diverged(verdict).tick, 7);
        // Key frames lie behind 5 and 10 ticks.
        let start = if from >= Some(5) { 5 } else { 0 };
        assert_eq!(compared, (start..7).collect::<Vec<u64>>());
    }
    assert_eq!(run(None, Some(7)).0, Verdict::Identical { ticks: 7 });
    assert_eq!(run(Some(11), None).0, Verdict::Identical { ticks: 2 });
}

/// A tick that stopped when it was recorded stops again, with the same words.
#[test]
fn ticks_that_stopped_are_done_again_too() {
    let is_elsewhere = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&is_elsewhere);
    let systems = move || {
        let is_elsewhere = Arc::clone(&switch);
        vec![system("stop", move |tick: Tick| {
            if tick.0 < 3 {
                return Ok(());
            }
            let reason = if is_elsewhere.load(Ordering::SeqCst) {
                "elsewhere"
            } else {
                "three is enough"
            };
            Err(reason)
        })]
    };
    let mut simulation = build(systems.clone());
    let options = RecorderOptions::default();
    let mut recorder =
        Recorder::begin(Vec::new(), &mut simulation, &[], options).expect("a beginning");
    let stop = [Input::Stop];
    for _ in 0..3 {
        let stepped = recorder.step(&mut simulation, &[], &no_threads());
        stepped.expect("a tick");
    }
    let error = recorder
        .step(&mut simulation, &stop, &no_threads())
        .unwrap_err();
    assert!(error.to_string().contains("three is enough"), "{error}");
    let bytes = recorder.finish().expect("an end");
    let recording = Recording::read(&bytes).expect("what was recorded");
    assert_eq!(recording.len(), 3);
    assert_eq!(recording.failure().expect("it stopped").inputs, stop);
    assert_eq!(
        replay(build(systems.clone()), &bytes, &no_threads(), false),
        Verdict::Identical { ticks: 4 }
    );
    is_elsewhere.store(true, Ordering::SeqCst);
    let divergence = diverged(replay(build(systems), &bytes, &no_threads(), false));
    assert_eq!(divergence.tick, 3);
}

/// A value that only one system has is told apart like all others.
#[test]
fn values_of_single_systems_are_named() {
    let systems = || {
        vec![
            system("count", |mut mark: Local<Mark>| {
                mark.number += 1;
            }),
            system("gamble", |mut mark: Local<Mark>| {
                mark.number = RandomState::new().hash_one(7);
            }),
        ]
    };
    for trace in [TraceDepth::None, TraceDepth::Values] {
        let bytes = record(build(systems), trace);
        for workers in [no_threads(), threads()] {
            let divergence = diverged(replay(build(systems), &bytes, &workers, false));
            let blame = divergence.blame.expect("somebody is to blame");
            assert_eq!(blame.name, "guilty:gamble");
            assert_eq!(blame.subject.as_deref(), Some("own guilty:mark"));
            assert_ne!(blame.recorded, blame.replayed);
        }
    }
}
