//! Snapshots of worlds: one spelling each, and whatever loads can be worked with.
#![no_main]

use gatos_echo::schedule::{Schedule, Workers, each};
use gatos_echo::{Registry, World, component};
use gatos_values::Blake3Digest;
use libfuzzer_sys::fuzz_target;

#[derive(Clone, Copy)]
struct Health(u32);
component!(Health = "health" { 0: u32 });

#[derive(Clone, Copy)]
struct Frozen;
component!(Frozen = "frozen" {});

fuzz_target!(|bytes: &[u8]| {
    let registry = Registry::builder()
        .with::<Health>()
        .with::<Frozen>()
        .build()
        .expect("plain data");
    // An empty world's bytes up to its stamp stand in front, and the digest is made to fit, or nothing would get past
    // either. Behind the stamp (8 bytes) come marks (4), envelopes (68), slots, resources, archetypes (16) and the digest.
    let empty = World::new(&registry).save();
    let head = empty.len() - (8 + 4 + 68 + 16 + 32);
    let body = [&empty[..head], bytes].concat();
    let sealed = [&body[..], Blake3Digest::of(&body).as_bytes()].concat();
    let Ok(mut world) = World::load(&registry, &sealed) else {
        return;
    };
    assert_eq!(world.save(), sealed);
    let mut schedule = Schedule::builder(&registry)
        .add(each::<&mut Health, ()>("work", |health| health.0 ^= 1))
        .build()
        .expect("one system");
    let all: Vec<_> = world.entities().take(8).collect();
    for entity in all {
        let _ = world.insert(entity, Frozen);
        let _ = world.despawn(entity);
    }
    if let Ok(report) = schedule.tick(&mut world, &Workers::inline()) {
        assert!(report.refused.is_empty());
    }
    world.hash();
});
