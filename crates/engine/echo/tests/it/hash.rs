//! World hashes: what enters them, that they cost what was touched, and the root of a small world by hand.

use crate::parts::{Frozen, Health, Position, position, registry};
use gatos_echo::schedule::Workers;
use gatos_echo::{Entity, Registry, World};
use gatos_values::Blake3Digest;

fn world() -> (World, Vec<Entity>) {
    let mut world = World::new(&registry());
    let bundles = (0..5000u16).map(|index| (position(index.into()), Health(index.into())));
    let all = world.spawn_batch(bundles).expect("room");
    (world, all)
}

/// The hash of the same bytes with nothing remembered.
fn fresh(world: &World) -> Blake3Digest {
    World::load(world.registry(), &world.save())
        .expect("saved")
        .hash()
}

#[test]
fn whatever_can_matter_later_is_in_the_hash() {
    type Change = fn(&mut World, &[Entity]);
    let (mut world, all) = world();
    let before = world.hash();
    let changes: &[(&str, Change)] = &[
        ("a value", |world, all| {
            world.get_mut::<Health>(all[4321]).expect("alive").0 = 0;
        }),
        ("a stamp", |world, all| {
            world.mark();
            world.get_mut::<Health>(all[7]).expect("alive");
        }),
        ("the stamp of the world", |world, _| {
            world.mark();
        }),
        ("a new entity", |world, _| {
            world.spawn_empty().expect("room");
        }),
        ("a despawned entity", |world, all| {
            world.despawn(all[4999]).expect("alive");
        }),
        ("an archetype without rows", |world, all| {
            world.insert(all[4999], Frozen).expect("alive");
            world.remove::<Frozen>(all[4999]).expect("alive");
        }),
        ("a resource", |world, _| {
            world.set_resource(Health(1)).expect("registered");
        }),
    ];
    let mut seen = vec![before];
    for (what, change) in changes {
        let mut fork = world.fork();
        change(&mut fork, &all);
        let hash = fork.hash();
        assert!(!seen.contains(&hash), "{what}");
        assert_eq!(hash, fresh(&fork), "{what}");
        seen.push(hash);
    }
    assert_eq!(world.hash(), before);
}

#[test]
fn the_order_of_the_free_list_is_in_the_hash() {
    let (world, all) = world();
    let (mut one, mut other) = (world.fork(), world.fork());
    for (fork, order) in [(&mut one, [4998, 4999]), (&mut other, [4999, 4998])] {
        for index in order {
            fork.despawn(all[index]).expect("alive");
        }
    }
    assert_ne!(one.hash(), other.hash());
}

#[test]
fn seeds_and_registries_are_in_the_hash() {
    let empty = World::new(&registry()).hash();
    let seeded = World::with_seed(&registry(), Blake3Digest::of(b"seed")).hash();
    let smaller = Registry::builder().with::<Health>().build().expect("fine");
    assert_ne!(empty, seeded);
    assert_ne!(empty, World::new(&smaller).hash());
}

#[test]
fn nans_of_all_payloads_are_one_and_zeros_are_two() {
    let (world, all) = world();
    let hash_of = |bits: u32| {
        let mut fork = world.fork();
        fork.get_mut::<Position>(all[3]).expect("alive").x = f32::from_bits(bits);
        let hash = fork.hash();
        let settled = fork.get::<Position>(all[3]).expect("alive").x.to_bits();
        (hash, settled)
    };
    let nans = [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xffff_ffff].map(hash_of);
    assert!(nans.iter().all(|pair| *pair == (nans[0].0, 0x7fc0_0000)));
    assert_ne!(hash_of(0x8000_0000).0, hash_of(0).0);
}

/// The definition in `docs/formats/world.md`, written down once more.
#[test]
fn the_root_of_a_small_world_by_hand() {
    let registry = Registry::builder().with::<Health>().build().expect("fine");
    let mut world = World::new(&registry);
    world.spawn(Health(0x0102)).expect("room");
    let node = |tag: u8, parts: &[&[u8]]| {
        let bytes = [&[tag][..], &parts.concat()].concat();
        *Blake3Digest::of(&bytes).as_bytes()
    };
    let number = |value: u64| value.to_le_bytes();
    let stamps = |stamp: u64| [&[0][..], &stamp.to_le_bytes()].concat();
    let column = |rows: &[u8], stamp: u64| {
        let block = node(0x11, &[&number(1), &stamps(stamp), &stamps(stamp), rows]);
        let page = node(0x12, &[&block]);
        node(0x13, &[&number(1), &page])
    };
    let entities = column(&[0, 0, 0, 0, 1, 0, 0, 0], 0);
    let healths = column(&[2, 1, 0, 0], 1);
    let health_id = registry.id("health").expect("registered").number();
    let archetype = node(
        0x14,
        &[&number(1), &health_id.to_le_bytes(), &entities, &healths],
    );
    let slots = node(0x15, &[&1u32.to_le_bytes(), &(u32::MAX - 1).to_le_bytes()]);
    let mailbox = [&number(0)[..], &[0; 4], &[0; 4 * 14]].concat();
    let mailbox = node(0x18, &[&mailbox]);
    let table = node(0x16, &[&number(1), &u32::MAX.to_le_bytes(), &slots]);
    let root = node(
        0x17,
        &[
            registry.digest().as_bytes(),
            Blake3Digest::of(b"").as_bytes(),
            &number(0),
            &number(1),
            Blake3Digest::of(b"").as_bytes(),
            &mailbox,
            &table,
            &number(0),
            &number(1),
            &archetype,
        ],
    );
    assert_eq!(*world.hash().as_bytes(), root);
}

/// Several threads, and jobs in whatever order, take the digest that one takes: of large columns, of small ones, after
/// writes, with NaNs, and while a fork has the same pages.
#[test]
fn threads_take_the_same_hash() {
    let mut world = World::new(&registry());
    let bundles = (0..150_000u32).map(|index| (position(index as f32), Health(index)));
    let all = world.spawn_batch(bundles).expect("room");
    world.spawn_batch((0..50).map(Health)).expect("room");
    world.get_mut::<Position>(all[77]).expect("alive").x = f32::NAN.copysign(-1.0);
    for workers in [
        Workers::new(3).always(),
        Workers::new(2),
        Workers::inline(),
        Workers::inline().always().permuted(5),
    ] {
        world.get_mut::<Health>(all[149_999]).expect("alive").0 += 1;
        let fork = world.fork();
        // Neither knows a digest of pages that were just written to, and both have them.
        assert_eq!(fork.fork().hash_with(&workers), fork.fork().hash());
        assert_eq!(world.hash_with(&workers), fresh(&world));
        assert_eq!(world.save(), fork.save());
    }
}
