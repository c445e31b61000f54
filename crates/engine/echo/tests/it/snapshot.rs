//! Snapshots: golden bytes, and that every change of a byte is refused.

use crate::parts::{Frozen, Health, position, registry};
use crate::vectors;
use gatos_echo::bus::{BusConfig, Draft, Lane, PrngSpan};
use gatos_echo::schedule::Schedule;
use gatos_echo::{Component, Entity, Registry, SnapshotError, Target, World};
use gatos_values::Blake3Digest;
use proptest::prelude::*;

/// A world with something of everything: rows that moved, a free list, a family, a resource, stamps that differ.
fn world() -> World {
    let mut world = World::with_seed(&registry(), Blake3Digest::of(b"golden"));
    let all = world
        .spawn_batch((0..6u8).map(|index| (position(index.into()), Health(index.into()))))
        .expect("room");
    world.mark();
    world.insert(all[2], Frozen).expect("alive");
    world.set_parent(all[3], all[2]).expect("no loop");
    world.set_parent(all[4], all[2]).expect("no loop");
    world.mark();
    world.despawn(all[0]).expect("alive");
    world.despawn(all[5]).expect("alive");
    world.get_mut::<Health>(all[1]).expect("alive").0 = 77;
    world.set_resource(Health(9)).expect("registered");
    world.spawn_empty().expect("room");
    let bus = Schedule::builder(world.registry())
        .bus(BusConfig::new().grant("input", "world:entity"))
        .build()
        .expect("no systems");
    let health = Target::Component(world.registry().id("health").expect("registered"));
    let draft = Draft::of(&Health(3))
        .lane(Lane::Priority)
        .after_ticks(5)
        .every_ticks(2)
        .weight(-1)
        .span(PrngSpan { first: 0, count: 2 })
        .capability("world:entity")
        .cause(Blake3Digest::of(b"cause"))
        .reads(health)
        .writes(health);
    bus.emit(&mut world, draft).expect("room");
    bus.emit(&mut world, Draft::new("plain", b"payload"))
        .expect("room");
    world
}

#[test]
fn golden_snapshot() {
    let mut world = world();
    vectors::check_file("world.snapshot", &world.save());
    let hash = format!("{}\n", world.hash());
    vectors::check_file("world.hash", hash.as_bytes());
}

/// Bytes with the digest that fits them.
fn sealed(body: &[u8]) -> Vec<u8> {
    [body, Blake3Digest::of(body).as_bytes()].concat()
}

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    let bytes = world().save();
    let load = |bytes: &[u8]| World::load(&registry(), bytes).err();
    assert_eq!(load(&[]), Some(SnapshotError::Magic));
    assert_eq!(load(&bytes[1..]), Some(SnapshotError::Magic));
    assert_eq!(load(&bytes[..10]), Some(SnapshotError::Digest));
    assert_eq!(load(&bytes[..bytes.len() - 1]), Some(SnapshotError::Digest));
    let longer = sealed(&[&bytes[..bytes.len() - 32], &[0]].concat());
    assert!(matches!(
        load(&longer),
        Some(SnapshotError::Malformed {
            part: "the end",
            ..
        })
    ));
    let fewer = Registry::builder().with::<Health>().build().expect("fine");
    assert_eq!(
        World::load(&fewer, &bytes).err(),
        Some(SnapshotError::Components {
            name: "echo.node".into()
        })
    );
}

/// With any one byte changed and the digest made to fit, the bytes are refused or are exactly another world's.
#[test]
fn every_single_byte_change_is_refused_or_another_world() {
    let bytes = world().save();
    let body = &bytes[..bytes.len() - 32];
    let hash = world().hash();
    let (mut refused, mut accepted) = (0, 0);
    for index in 0..body.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = body.to_vec();
            changed[index] ^= flip;
            let changed = sealed(&changed);
            match World::load(&registry(), &changed) {
                Ok(mut other) => {
                    assert_eq!(other.save(), changed, "byte {index}");
                    assert_ne!(other.hash(), hash, "byte {index}");
                    accepted += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 1000 && accepted > 200, "{refused} {accepted}");
}

/// Rows of families whose links do not agree: circles, strangers, lists that end elsewhere.
#[test]
fn families_that_contradict_themselves_are_refused() {
    let mut world = World::new(&registry());
    let all = world.spawn_batch((0..3).map(Health)).expect("room");
    world.set_parent(all[1], all[0]).expect("no loop");
    world.set_parent(all[2], all[0]).expect("no loop");
    let id = world.registry().id("echo.node").expect("always there");
    let rows: Vec<Vec<u8>> = all
        .iter()
        .map(|entity| world.get_row(*entity, id).expect("in a family"))
        .collect();
    let bytes = world.save();
    let (mut refused, mut handles) = (0, vec![Entity::NULL, Entity::new(9, 1)]);
    handles.extend(&all);
    for row in &rows {
        let start = bytes
            .windows(row.len())
            .position(|window| window == row)
            .expect("saved");
        // Each of the five links of each of the three, led to everybody else.
        for link in 0..5 {
            for handle in &handles {
                let mut changed = bytes[..bytes.len() - 32].to_vec();
                let place = start + link * 8;
                let mut link_bytes = [0; 8];
                Component::write(handle, &mut link_bytes);
                if changed[place..place + 8] == link_bytes {
                    continue;
                }
                changed[place..place + 8].copy_from_slice(&link_bytes);
                assert!(matches!(
                    World::load(&registry(), &sealed(&changed)),
                    Err(SnapshotError::Malformed {
                        part: "the families",
                        ..
                    })
                ));
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 3 * 5 * 4);
}

#[test]
fn every_cut_is_refused() {
    let bytes = world().save();
    for size in 0..bytes.len() - 32 {
        assert!(
            World::load(&registry(), &sealed(&bytes[..size])).is_err(),
            "{size}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let start = &world().save()[..142];
        let changed = sealed(&[start, &bytes].concat());
        if let Ok(world) = World::load(&registry(), &changed) {
            prop_assert_eq!(world.save(), changed);
        }
    }
}
