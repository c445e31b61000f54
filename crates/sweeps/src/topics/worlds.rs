//! Worlds of generated operations and ticks: hashes, snapshots, reports, with floats, threads and forks on the way.

use crate::dice::Dice;
use crate::record::Record;
use gatos_echo::bus::{BusConfig, Draft, Handler};
use gatos_echo::schedule::{Query, Rng, Schedule, Workers, each, each_with_commands, system};
use gatos_echo::{Changed, Entity, Registry, World, WorldError, component};
use gatos_values::Blake3Digest;

#[derive(Clone, Copy)]
struct Place {
    x: f64,
    y: f32,
    turn: f32,
}
component!(Place = "place" { x: f64, y: f32, turn: f32 });

#[derive(Clone, Copy)]
struct Push(f64);
component!(Push = "push" { 0: f64 });

#[derive(Clone, Copy)]
struct Count(u64);
component!(Count = "count" { 0: u64 });

fn registry() -> Registry {
    Registry::builder()
        .with::<Place>()
        .with::<Push>()
        .with::<Count>()
        .build()
        .expect("plain data")
}

/// Spawns, writes, moves and despawns, with forks and reloads; the hash and the size of the snapshot after each.
pub fn operations(dice: &mut Dice, record: &mut Record) {
    let registry = registry();
    let mut world = World::with_seed(&registry, Blake3Digest::from_bytes(dice.seed()));
    for _ in 0..dice.between(5, 25) {
        let all: Vec<Entity> = world.entities().collect();
        let outcome = step(dice, &mut world, &all);
        record.text("outcome", outcome.is_ok());
        if dice.one_in(4) {
            world.mark();
        }
        if dice.one_in(5) {
            world = World::load(&registry, &world.save()).expect("saved");
        }
        let fork = world.fork();
        record.text("hash", world.hash());
        drop(fork);
    }
    record.bytes("snapshot", &world.save());
}

fn step(dice: &mut Dice, world: &mut World, all: &[Entity]) -> Result<(), WorldError> {
    // Bits of any float: NaNs of every payload among them.
    let place = Place {
        x: f64::from_bits(dice.wide_bits() as u64),
        y: f32::from_bits(dice.wide_bits() as u32),
        turn: dice.below(7) as f32,
    };
    if all.is_empty() || dice.one_in(3) {
        let count = dice.between(1, 1500);
        return world.spawn_batch((0..count).map(|_| place)).map(|_| ());
    }
    let entity = all[dice.place(all.len())];
    match dice.below(5) {
        0 => world.despawn(entity),
        1 => world.insert(entity, (Push(place.x), Count(dice.below(9)))),
        2 => world.remove::<Push>(entity),
        3 => world.set_parent(entity, all[dice.place(all.len())]),
        _ => world.get_mut::<Place>(entity).map(|found| *found = place),
    }
}

fn schedule(registry: &Registry) -> Schedule {
    let gust = Handler::new("gust", Default::default(), "count", |context| {
        let count = context.envelope.read::<Count>().map_or(0, |count| count.0);
        context
            .world
            .for_each::<&mut Count>(|found| found.0 = found.0.wrapping_add(count))
    });
    Schedule::builder(registry)
        .add(each::<(&mut Place, &Push), ()>("move", |(place, push)| {
            place.x += push.0 * 0.1;
            place.y = (place.y * place.y + 2.0).sqrt() / (place.turn - 3.0);
        }))
        .add(
            each_with_commands::<(Entity, &mut Count), Changed<Place>>(
                "tell",
                |(entity, count), commands| {
                    count.0 = count.0.wrapping_mul(3);
                    if count.0 % 5 == 1 {
                        commands.despawn(entity);
                    }
                },
            )
            .after("move"),
        )
        .add(
            system("turn", |mut rng: Rng, mut rows: Query<&mut Push>| {
                rows.for_each(|push| push.0 = rng.unit_binary64() - 0.5);
            })
            .after("move"),
        )
        .bus(BusConfig::new().handler(gust))
        .build()
        .expect("ordered")
}

/// Ticks of one schedule, with one thread or two, cut or not: the thread count must not show.
pub fn ticks(dice: &mut Dice, record: &mut Record) {
    let registry = registry();
    let mut schedule = schedule(&registry);
    let mut world = World::with_seed(&registry, Blake3Digest::from_bytes(dice.seed()));
    let rows = (0..dice.between(1, 2500)).map(|index| {
        let x = index as f64 / 3.0;
        let place = Place {
            x,
            y: x as f32,
            turn: (index % 5) as f32,
        };
        (place, Push(x), Count(index))
    });
    world.spawn_batch(rows).expect("room");
    let workers = [Workers::inline(), Workers::new(2).always()];
    for tick in 0..dice.between(2, 5) {
        let draft = Draft::of(&Count(dice.below(9))).after_ticks(dice.below(3));
        schedule.emit(&mut world, draft).expect("room");
        let workers = &workers[(tick % 2) as usize];
        let report = schedule.tick(&mut world, workers).expect("nothing fails");
        record.text("delivered", report.delivered);
        record.text("draws", report.draws);
        record.text("hash", world.hash());
    }
}
