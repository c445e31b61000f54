//! Scenes: there and back, as bytes and as text, and what is refused.

use crate::parts::{Frozen, Health, Kinds, Position, position};
use crate::vectors;
use gatos_echo::scene::{Scene, SceneError};
use gatos_echo::{Entity, Registry, Relation, World, WorldError, component};
use gatos_values::{Blake3Digest, Q32};

#[derive(Clone, Copy, Debug, PartialEq)]
struct Aim {
    target: Entity,
    also: [Entity; 2],
}
component!(Aim = "aim" { target: Entity, also: [Entity; 2] });

struct Likes;
impl Relation for Likes {
    const NAME: &'static str = "likes";
}

fn registry() -> Registry {
    Registry::builder()
        .with::<Aim>()
        .with::<Kinds>()
        .with::<Health>()
        .with::<Position>()
        .with::<Frozen>()
        .with_relation::<Likes>()
        .build()
        .expect("plain data")
}

fn kinds(target: Entity) -> Kinds {
    Kinds {
        wide: u128::MAX,
        signed_wide: i128::MIN,
        long: 7,
        signed_long: -7,
        double: -0.0,
        fixed: Q32::from_steps(-1),
        target,
        word: 3,
        signed_word: i32::MIN,
        single: 0.1,
        shorts: [1, 2, 3],
        signed_short: -5,
        byte: 255,
        signed_byte: -128,
        flags: [[true, false]],
    }
}

/// A world with others before, and the entities of the scene with all that leads between them.
fn start() -> (World, Vec<Entity>) {
    let mut world = World::new(&registry());
    world.spawn_batch((0..5).map(Health)).expect("room");
    let all = world
        .spawn_batch((0..4).map(|i| (position(i as f32), Health(i))))
        .expect("room");
    world.insert(all[0], kinds(all[3])).expect("alive");
    let aim = Aim {
        target: all[2],
        also: [Entity::NULL, all[0]],
    };
    world.insert(all[1], (aim, Frozen)).expect("alive");
    world.set_parent(all[3], all[0]).expect("no loop");
    world.set_parent(all[1], all[0]).expect("no loop");
    world.link::<Likes>(all[2], all[2]).expect("alive");
    world.link::<Likes>(all[0], all[2]).expect("alive");
    (world, all)
}

fn check(world: &World, all: &[Entity]) {
    assert_eq!(world.get::<Kinds>(all[0]), Ok(&kinds(all[3])));
    let aim = Aim {
        target: all[2],
        also: [Entity::NULL, all[0]],
    };
    assert_eq!(world.get::<Aim>(all[1]), Ok(&aim));
    assert!(world.has::<Frozen>(all[1]));
    assert_eq!(world.children(all[0]).collect::<Vec<_>>(), [all[3], all[1]]);
    assert_eq!(
        world.sources::<Likes>(all[2]).collect::<Vec<_>>(),
        [all[2], all[0]]
    );
    for (number, entity) in all.iter().enumerate() {
        assert_eq!(world.get::<Health>(*entity), Ok(&Health(number as u32)));
        assert_eq!(world.get::<Position>(*entity), Ok(&position(number as f32)));
    }
}

#[test]
fn a_scene_comes_back_from_bytes_and_text() {
    let (world, all) = start();
    let scene = Scene::of(&world, &all).expect("closed");
    assert_eq!(scene.len(), 4);
    let (bytes, text) = (scene.write(&registry()), scene.print(&registry()));
    vectors::check_file("scene.bytes", &bytes);
    vectors::check_file("scene.text", text.as_bytes());
    assert_eq!(Scene::read(&registry(), &bytes), Ok(scene.clone()));
    assert_eq!(Scene::parse(&registry(), &text), Ok(scene.clone()));
    let mut other = World::new(&registry());
    for _ in 0..2 {
        other.spawn_empty().expect("room");
        let spawned = scene.spawn(&mut other).expect("room");
        check(&other, &spawned);
        assert_eq!(Scene::of(&other, &spawned), Ok(scene.clone()));
    }
    let mut loaded = World::load(&registry(), &other.save()).expect("saved");
    assert_eq!(loaded.hash(), other.hash());
}

#[test]
fn what_leads_out_of_a_scene_is_refused_but_for_links() {
    let (mut world, all) = start();
    assert_eq!(
        Scene::of(&world, &all[..3]),
        Err(SceneError::Outside {
            entity: all[0],
            component: "test:kinds".into(),
            target: all[3]
        })
    );
    // Parents and targets outside of it are left out.
    let scene = Scene::of(&world, &[all[2], all[3], all[2]]).expect("closed");
    assert_eq!(scene.len(), 2);
    let spawned = scene.spawn(&mut world).expect("room");
    assert_eq!(world.parent(spawned[1]), None);
    assert_eq!(
        world.sources::<Likes>(spawned[0]).collect::<Vec<_>>(),
        [spawned[0]]
    );
    world.despawn(all[3]).expect("alive");
    let dead = WorldError::Dead { entity: all[3] };
    assert_eq!(Scene::of(&world, &all), Err(SceneError::World(dead)));
}

#[test]
fn every_changed_byte_is_refused_or_another_scene() {
    let (world, all) = start();
    let scene = Scene::of(&world, &all).expect("closed");
    let bytes = scene.write(&registry());
    let body = &bytes[..bytes.len() - 32];
    let sealed = |body: &[u8]| [body, Blake3Digest::of(body).as_bytes()].concat();
    let (mut refused, mut accepted) = (0, 0);
    for index in 0..body.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = body.to_vec();
            changed[index] ^= flip;
            match Scene::read(&registry(), &sealed(&changed)) {
                Ok(other) => {
                    assert_eq!(other.write(&registry()), sealed(&changed), "byte {index}");
                    let spawned = other.spawn(&mut World::new(&registry()));
                    assert_eq!(spawned.map(|all| all.len()), Ok(other.len()));
                    accepted += 1;
                }
                Err(_) => refused += 1,
            }
        }
        assert!(
            Scene::read(&registry(), &sealed(&body[..index])).is_err(),
            "{index}"
        );
    }
    assert!(refused > 500 && accepted > 200, "{refused} {accepted}");
    assert!(Scene::read(&registry(), &bytes[1..]).is_err());
    assert!(Scene::read(&registry(), body).is_err());
}

#[test]
fn lines_that_are_wrong_are_told_by_their_number() {
    let check = |text: &str, line: usize, reason: &str| {
        let expected = SceneError::Text {
            line,
            reason: reason.into(),
        };
        assert_eq!(Scene::parse(&registry(), text), Err(expected), "{text}");
    };
    check("", 0, "a scene begins with `echo scene 1`");
    check("# x\nentity 0", 2, "a scene begins with `echo scene 1`");
    let below = |lines: &str| format!("echo scene 1\n\n# a comment\n{lines}");
    check(
        &below("health 0=1"),
        4,
        "a component stands below an entity",
    );
    check(&below("entity 1"), 4, "the next entity is 0");
    check(
        &below("entity 0\n  nothing 0=1"),
        5,
        "no component `nothing` is registered",
    );
    check(
        &below("entity 0\n  health 0=-1"),
        5,
        "`-1` is no u32 for `0`",
    );
    check(&below("entity 0\n  health 0=1 1=2"), 5, "`1=2` is too much");
    check(&below("entity 0\n  health x=1"), 5, "`0` comes next");
    check(&below("entity 0\n  health"), 5, "`0` comes next");
    check(
        &below("entity 0\n  health 0=1\n  health 0=1"),
        6,
        "`health` is there already",
    );
    check(
        &below("entity 0\n  aim target=@0 also=[none]"),
        5,
        "`also` has 2 values",
    );
    check(
        &below("entity 0\n  aim target=@0 also=none"),
        5,
        "`also` has 2 values in brackets",
    );
    check(
        &below("entity 0\n  aim target=@1 also=[none none]"),
        5,
        "a handle leads into the scene",
    );
    check(
        &below("entity 0\nlist likes 0: 1"),
        5,
        "a list names entities of the scene",
    );
    check(
        &below("entity 0\nlist likes 0:"),
        5,
        "a list names entities of the scene",
    );
    check(
        &below("entity 0\nlist health 0: 0"),
        5,
        "a list is of children or of a relation",
    );
    check(
        &below("entity 0\nlist echo.node 0: 0"),
        5,
        "nobody is his own ancestor",
    );
    check(
        &below("entity 0\nlist likes 0: 0 0"),
        5,
        "an entity has one parent, and one target of a relation",
    );
    check(
        &below("entity 0\nlist likes x"),
        5,
        "a list is `list NAME NUMBER: NUMBER …`",
    );
    let written = below("entity 0\n  position x=1e3 y=nan z=-inf\n");
    let scene = Scene::parse(&registry(), &written).expect("numbers");
    assert_eq!(
        scene.print(&registry()),
        "echo scene 1\nentity 0\n  position x=1000.0 y=nan z=-inf\n"
    );
}
