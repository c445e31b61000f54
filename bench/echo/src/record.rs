//! Recording: what a tick costs with it and without, and a long run recorded and replayed.
//!
//! `cargo run --release -- soak [ENTITIES] [TICKS]` runs, records to a file, replays, and prints times and memory.

use crate::measure::Run;
use crate::parts::{Position, Velocity, row};
use gatos_echo::recording::{Recorder, RecorderOptions, Recording, Sink, TraceDepth};
use gatos_echo::replay::{ReplayOptions, Verdict, verify};
use gatos_echo::schedule::{Phase, Query, Tick, Workers, each, system};
use gatos_echo::simulation::Simulation;
use gatos_echo::{Commands, Entity, With, component};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::Instant;

/// Rows that each tick writes to.
#[derive(Clone, Copy)]
struct Awake;
component!(Awake = "awake" {});

/// Counts down; then its entity goes and another one comes.
#[derive(Clone, Copy)]
struct Fuse(u32);
component!(Fuse = "fuse" { 0: u32 });

/// A world of which four leaves of some four hundred are written in each tick: 1 %.
fn world_of_100k() -> Simulation {
    Simulation::builder()
        .component::<crate::parts::Transform>()
        .component::<Position>()
        .component::<crate::parts::Rotation>()
        .component::<Velocity>()
        .component::<Awake>()
        .system(system(
            "move",
            |mut rows: Query<
                (
                    &mut crate::parts::Transform,
                    &mut Position,
                    &mut crate::parts::Rotation,
                    &mut Velocity,
                ),
                With<Awake>,
            >| {
                rows.for_each(|(transform, position, rotation, velocity)| {
                    transform.0[0] += 1.0;
                    position.x += velocity.x;
                    rotation.0[0] += 0.5;
                    velocity.y += 0.25;
                });
            },
        ))
        .setup(|world| {
            world.spawn_batch((0..99_500).map(row))?;
            world.spawn_batch((0..500).map(|index| {
                let (transform, position, rotation, velocity) = row(index);
                (transform, position, rotation, velocity, Awake)
            }))?;
            Ok(())
        })
        .build()
        .expect("the parts fit together")
}

/// A sink that counts.
struct Nowhere(u64);

impl Sink for Nowhere {
    type Error = std::convert::Infallible;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0 += bytes.len() as u64;
        Ok(())
    }
}

/// One tick: alone, or recorded.
pub fn tick(trace: Option<TraceDepth>) -> Run {
    let mut simulation = world_of_100k();
    let workers = Workers::inline();
    simulation.step(&[], &workers).expect("a tick");
    let Some(trace) = trace else {
        return Box::new(move || {
            simulation.step(&[], &workers).expect("a tick");
        });
    };
    let options = RecorderOptions {
        key_frame_ticks: 0,
        trace,
    };
    let begun = Recorder::begin(Nowhere(0), &mut simulation, &[], options);
    let mut recorder = begun.expect("a beginning");
    Box::new(move || {
        recorder
            .step(&mut simulation, &[], &workers)
            .expect("a tick");
    })
}

/// A long run: one in a hundred rows is written in each tick, a few entities come and go.
fn soak_world(entities: usize) -> Simulation {
    let awake = entities / 100;
    Simulation::builder()
        .component::<Position>()
        .component::<Velocity>()
        .component::<Awake>()
        .component::<Fuse>()
        .system(each::<(&mut Position, &Velocity), With<Awake>>(
            "move",
            |(position, velocity)| {
                position.x += velocity.x;
                position.y += velocity.y * 0.5;
            },
        ))
        .system(
            system(
                "burn",
                |mut fuses: Query<(Entity, &mut Fuse)>, tick: Tick, commands: &mut Commands| {
                    fuses.for_each(|(entity, fuse)| {
                        fuse.0 -= 1;
                        if fuse.0 == 0 {
                            commands.despawn(entity);
                            commands.spawn((
                                Fuse(1 + tick.0 as u32 % 97),
                                Position {
                                    x: tick.0 as f32,
                                    y: 0.0,
                                    z: 0.0,
                                },
                            ));
                        }
                    });
                },
            )
            .phase(Phase::PostUpdate),
        )
        .setup(move |world| {
            world.spawn_batch((0..entities - awake).map(|index| {
                let (_, position, _, velocity) = row(index);
                (position, velocity)
            }))?;
            world.spawn_batch((0..awake).map(|index| {
                let (_, position, _, velocity) = row(index);
                (position, velocity, Awake)
            }))?;
            world.spawn_batch((0..500).map(|index| (Fuse(1 + index % 97),)))?;
            Ok(())
        })
        .build()
        .expect("the parts fit together")
}

/// A sink that is a file.
struct ToFile(BufWriter<File>);

impl Sink for ToFile {
    type Error = std::io::Error;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.write_all(bytes)
    }
}

/// Resident memory in MiB, or 0 where the system does not tell.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096 >> 20
}

/// Runs, records, replays.
pub fn soak(entities: usize, ticks: u64) {
    let workers = Workers::new(2);
    let path = std::env::temp_dir().join(format!("gatos-echo-soak-{}", std::process::id()));
    let mut simulation = soak_world(entities);
    println!("{entities} entities, {} MiB resident", resident());
    let file = File::create(&path).expect("a file in the folder for such files");
    let sink = ToFile(BufWriter::new(file));
    let options = RecorderOptions::default();
    let begun = Recorder::begin(sink, &mut simulation, &[], options);
    let mut recorder = begun.expect("a beginning");
    let start = Instant::now();
    for tick in 0..ticks {
        recorder
            .step(&mut simulation, &[], &workers)
            .expect("a tick");
        if (tick + 1) % (ticks / 10).max(1) == 0 {
            println!("  after tick {:>6}: {} MiB resident", tick + 1, resident());
        }
    }
    let mut sink = recorder.finish().expect("an end");
    sink.0.flush().expect("the end of the file");
    let recorded = start.elapsed();
    let bytes = std::fs::read(&path).expect("what was written");
    std::fs::remove_file(&path).expect("the file goes");
    let recording = Recording::read(&bytes).expect("what was recorded");
    let first = recording.key_frames()[0].branch.len();
    println!(
        "recorded in {:.1} s, {:.1} us a tick; {} bytes, of them {} the first world, {} a tick",
        recorded.as_secs_f64(),
        recorded.as_micros() as f64 / ticks as f64,
        bytes.len(),
        first,
        (bytes.len() - first) as u64 / ticks.max(1),
    );
    let start = Instant::now();
    let mut progress = |tick: u64| {
        if (tick + 1) % (ticks / 10).max(1) == 0 {
            println!("  after tick {:>6}: {} MiB resident", tick + 1, resident());
        }
    };
    let verdict = verify(
        &mut simulation,
        &recording,
        ReplayOptions::default(),
        &workers,
        &mut progress,
    );
    let replayed = start.elapsed();
    println!(
        "replayed in {:.1} s, {:.1} us a tick: {verdict:?}",
        replayed.as_secs_f64(),
        replayed.as_micros() as f64 / ticks as f64,
    );
    assert_eq!(verdict, Ok(Verdict::Identical { ticks }));
}
