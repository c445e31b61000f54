//! Recordings of simulations with floats, events, draws and structure, and their replays; one of them was made on one
//! machine and is replayed on every other.

use crate::dice::Dice;
use crate::record::Record;
use gatos_echo::bus::{BusConfig, Draft, Handler, PrngSpan};
use gatos_echo::recording::{Recorder, RecorderOptions, Recording, TraceDepth};
use gatos_echo::replay::{ReplayOptions, verify};
use gatos_echo::schedule::{Query, Rng, Workers, each_with_commands, system};
use gatos_echo::simulation::{Input, Simulation};
use gatos_echo::{Entity, component};
use gatos_values::Blake3Digest;

#[derive(Clone, Copy)]
struct Orbit {
    x: f64,
    y: f64,
    speed: f32,
    age: u32,
}
component!(Orbit = "orbit" { x: f64, y: f64, speed: f32, age: u32 });

fn simulation(seed: [u8; 32], rows: u64) -> Simulation {
    let comet = Handler::new("comet", Default::default(), "comet", |context| {
        let speed = context.rng.next_u32() as f32 / 7.0;
        context
            .world
            .spawn(Orbit {
                x: 1.0 / f64::from(speed),
                y: 0.0,
                speed,
                age: 0,
            })
            .map(|_| ())
    });
    Simulation::builder()
        .component::<Orbit>()
        .seed(Blake3Digest::from_bytes(seed))
        .bus(BusConfig::new().handler(comet))
        .system(each_with_commands::<(Entity, &mut Orbit), ()>(
            "fly",
            |(entity, orbit), commands| {
                let distance = (orbit.x * orbit.x + orbit.y * orbit.y).sqrt();
                orbit.x -= orbit.y / distance * f64::from(orbit.speed);
                orbit.y += orbit.x / distance * 0.1;
                orbit.age += 1;
                if orbit.age % 11 == 3 && distance < 2.0 {
                    commands.despawn(entity);
                }
            },
        ))
        .system(
            system("drag", |mut rng: Rng, mut orbits: Query<&mut Orbit>| {
                let drag = 0.75 + rng.next_u32() as f32 / 1.0e10;
                orbits.for_each(|orbit| orbit.speed *= drag);
            })
            .after("fly"),
        )
        .setup(move |world| {
            let orbits = (0..rows).map(|index| Orbit {
                x: index as f64 / 3.0,
                y: 1.0 / (1.0 + index as f64),
                speed: index as f32 * 0.3,
                age: index as u32,
            });
            world.spawn_batch(orbits).map(|_| ())
        })
        .build()
        .expect("the parts fit together")
}

fn comet(after_ticks: u64) -> Input {
    let span = PrngSpan { first: 0, count: 1 };
    let draft = Draft::new("comet", &[]).span(span);
    Input::Emit(draft.after_ticks(after_ticks))
}

/// Records so many ticks; `inputs` says how many comets come in each, and how late.
fn recorded(
    simulation: &mut Simulation,
    ticks: u64,
    options: RecorderOptions,
    mut inputs: impl FnMut(u64) -> Vec<Input>,
) -> Vec<u8> {
    let begun = Recorder::begin(Vec::new(), simulation, &[], options);
    let mut recorder = begun.expect("a vector takes everything");
    for tick in 0..ticks {
        let stepped = recorder.step(simulation, &inputs(tick), &Workers::inline());
        stepped.expect("nothing fails");
    }
    recorder.finish().expect("a vector takes everything")
}

fn replayed(simulation: &mut Simulation, bytes: &[u8], workers: &Workers, record: &mut Record) {
    let recording = match Recording::read(bytes) {
        Ok(recording) => recording,
        Err(error) => return record.text("refused", error),
    };
    let options = ReplayOptions::default();
    let verdict = verify(simulation, &recording, options, workers, &mut |_| ());
    record.text("verdict", format_args!("{verdict:?}"));
}

/// Generated worlds, recorded and replayed.
pub fn generated(dice: &mut Dice, record: &mut Record) {
    let (seed, rows) = (dice.seed(), dice.between(1, 300));
    let options = RecorderOptions {
        key_frame_ticks: dice.below(4),
        trace: [TraceDepth::None, TraceDepth::Digests, TraceDepth::Values][dice.place(3)],
    };
    let ticks = dice.between(2, 8);
    let bytes = recorded(&mut simulation(seed, rows), ticks, options, |_| {
        (0..dice.below(3)).map(|_| comet(dice.below(3))).collect()
    });
    record.bytes("recording", &bytes);
    let workers = Workers::new(2).always();
    replayed(&mut simulation(seed, rows), &bytes, &workers, record);
}

const GOLDEN: &[u8] = include_bytes!("../../../../vectors/echo/recording.sweep");

fn golden_simulation() -> Simulation {
    simulation([7; 32], 40)
}

/// The recording that is committed, made anew.
#[must_use]
pub fn golden_bytes() -> Vec<u8> {
    let options = RecorderOptions {
        key_frame_ticks: 9,
        trace: TraceDepth::Digests,
    };
    recorded(&mut golden_simulation(), 20, options, |tick| {
        vec![comet(tick % 3); (tick % 2) as usize]
    })
}

/// The committed recording, replayed on one thread and on several, and made anew.
pub fn golden(_dice: &mut Dice, record: &mut Record) {
    for workers in [Workers::inline(), Workers::new(3).always()] {
        replayed(&mut golden_simulation(), GOLDEN, &workers, record);
    }
    record.text("same", golden_bytes() == GOLDEN);
}
