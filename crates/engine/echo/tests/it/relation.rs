//! Relations against a map of edges.

use crate::parts::Health;
use gatos_echo::schedule::{Query, ResMut, Schedule, Workers, system};
use gatos_echo::{
    Commands, Component, Entity, Registry, Relation, TargetOf, World, WorldError, component,
};
use gatos_values::Blake3Digest;
use proptest::prelude::*;

struct Likes;
impl Relation for Likes {
    const NAME: &'static str = "likes";
}

struct PartOf;
impl Relation for PartOf {
    const NAME: &'static str = "part_of";
    const GOES_WITH_TARGET: bool = true;
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pairs(u64);
component!(Pairs = "pairs" { 0: u64 });

fn registry() -> Registry {
    Registry::builder()
        .with::<Health>()
        .with::<Pairs>()
        .with_relation::<Likes>()
        .with_relation::<PartOf>()
        .build()
        .expect("plain data")
}

/// The twin: edges in the order they were made.
#[derive(Clone, Default)]
struct Twin {
    alive: Vec<Entity>,
    likes: Vec<(Entity, Entity)>,
    part_of: Vec<(Entity, Entity)>,
}

impl Twin {
    fn despawn(&mut self, entity: Entity) {
        let mut doomed = vec![entity];
        let mut at = 0;
        while at < doomed.len() {
            for (source, target) in &self.part_of {
                if *target == doomed[at] && !doomed.contains(source) {
                    doomed.push(*source);
                }
            }
            at += 1;
        }
        self.alive.retain(|other| !doomed.contains(other));
        for list in [&mut self.likes, &mut self.part_of] {
            list.retain(|(source, target)| !doomed.contains(source) && !doomed.contains(target));
        }
    }
}

fn relink(list: &mut Vec<(Entity, Entity)>, source: Entity, target: Option<Entity>) {
    list.retain(|(other, _)| *other != source);
    list.extend(target.map(|target| (source, target)));
}

fn check(world: &World, twin: &Twin) {
    assert_eq!(world.len(), twin.alive.len());
    for entity in &twin.alive {
        let target = |list: &[(Entity, Entity)]| {
            list.iter()
                .find(|(source, _)| source == entity)
                .map(|(_, target)| *target)
        };
        let sources = |list: &[(Entity, Entity)]| -> Vec<Entity> {
            let mine = list.iter().filter(|(_, target)| target == entity);
            mine.map(|(source, _)| *source).collect()
        };
        assert_eq!(world.target::<Likes>(*entity), target(&twin.likes));
        assert_eq!(world.target::<PartOf>(*entity), target(&twin.part_of));
        assert_eq!(
            world.sources::<Likes>(*entity).collect::<Vec<_>>(),
            sources(&twin.likes)
        );
        assert_eq!(
            world.sources::<PartOf>(*entity).collect::<Vec<_>>(),
            sources(&twin.part_of)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn edges_are_a_list_of_pairs(steps in prop::collection::vec((0u8..7, any::<usize>(), any::<usize>()), 1..60)) {
        let mut world = World::new(&registry());
        let mut twin = Twin { alive: world.spawn_batch((0..9).map(Health)).expect("room"), ..Twin::default() };
        for (kind, one, other) in steps {
            if twin.alive.is_empty() {
                break;
            }
            let (one, other) = (twin.alive[one % twin.alive.len()], twin.alive[other % twin.alive.len()]);
            match kind {
                0 | 1 => {
                    world.link::<Likes>(one, other).expect("alive");
                    relink(&mut twin.likes, one, Some(other));
                }
                2 | 3 => {
                    world.link::<PartOf>(one, other).expect("alive");
                    relink(&mut twin.part_of, one, Some(other));
                }
                4 => {
                    world.unlink::<Likes>(one).expect("alive");
                    relink(&mut twin.likes, one, None);
                }
                5 => {
                    world.despawn(one).expect("alive");
                    twin.despawn(one);
                }
                _ => twin.alive.push(world.spawn(Health(1)).expect("room")),
            }
            check(&world, &twin);
        }
        let mut loaded = World::load(&registry(), &world.save()).expect("saved");
        check(&loaded, &twin);
        prop_assert_eq!(loaded.hash(), world.hash());
    }
}

#[test]
fn systems_see_targets_and_ask_for_links() {
    let mut world = World::new(&registry());
    let all = world.spawn_batch((0..4).map(Health)).expect("room");
    world.link::<Likes>(all[0], all[3]).expect("alive");
    world.set_resource(Pairs(0)).expect("registered");
    let (one, three) = (all[1], all[3]);
    let mut schedule = Schedule::builder(&registry())
        .add(system("ask", move |commands: &mut Commands| {
            commands.link::<Likes>(one, three);
            let new = commands.spawn(Health(9));
            commands.link::<PartOf>(new, one);
            commands.unlink::<Likes>(new);
        }))
        .add(system(
            "count",
            |mut rows: Query<(Entity, TargetOf<Likes>)>, mut pairs: ResMut<Pairs>| {
                rows.for_each(|(entity, target)| {
                    pairs.0 +=
                        target.map_or(0, |target| u64::from(entity.index() * 10 + target.index()));
                });
            },
        ))
        .build()
        .expect("no conflict");
    for _ in 0..2 {
        schedule
            .tick(&mut world, &Workers::inline())
            .expect("nothing fails");
    }
    // 0 → 3, and in the second tick 0 → 3 and 1 → 3.
    assert_eq!(world.resource::<Pairs>(), Ok(&Pairs(3 + 3 + 13)));
    let before = world.len();
    world.despawn(all[1]).expect("alive");
    assert_eq!(world.len(), before - 3);
}

#[test]
fn links_are_written_by_their_own_calls_only() {
    let mut world = World::new(&registry());
    let all = world.spawn_batch((0..2).map(Health)).expect("room");
    world.link::<Likes>(all[0], all[1]).expect("alive");
    let id = world.registry().id("likes").expect("registered");
    let reserved = Err(WorldError::Reserved {
        component: "likes".into(),
    });
    let row = world.get_row(all[0], id).expect("there");
    assert_eq!(world.insert_row(all[0], id, &row), reserved);
    assert_eq!(world.remove_ids(all[0], &[id]), reserved);
    world.despawn(all[1]).expect("alive");
    assert_eq!(
        world.link::<Likes>(all[0], all[1]),
        Err(WorldError::Dead { entity: all[1] })
    );
    struct Unknown;
    impl Relation for Unknown {
        const NAME: &'static str = "unknown";
    }
    let unknown = Err(WorldError::Unregistered {
        component: "unknown".into(),
    });
    assert_eq!(world.link::<Unknown>(all[0], all[0]), unknown);
    assert_eq!(world.unlink::<Unknown>(all[0]), unknown);
}

/// Each link of each of three entities led to everybody else: no such world can be loaded.
#[test]
fn links_that_contradict_themselves_are_refused() {
    let mut world = World::new(&registry());
    let all = world.spawn_batch((0..3).map(Health)).expect("room");
    world.link::<Likes>(all[1], all[0]).expect("alive");
    world.link::<Likes>(all[2], all[0]).expect("alive");
    world.link::<Likes>(all[0], all[0]).expect("alive");
    let id = world.registry().id("likes").expect("registered");
    let bytes = world.save();
    let mut refused = 0;
    for entity in &all {
        let row = world.get_row(*entity, id).expect("there");
        let start = bytes
            .windows(row.len())
            .position(|window| window == row)
            .expect("saved");
        for link in 0..5 {
            for handle in all.iter().copied().chain([Entity::NULL, Entity::new(9, 1)]) {
                let mut changed = bytes[..bytes.len() - 32].to_vec();
                let place = start + link * 8;
                let mut link_bytes = [0; 8];
                Component::write(&handle, &mut link_bytes);
                if changed[place..place + 8] == link_bytes {
                    continue;
                }
                changed[place..place + 8].copy_from_slice(&link_bytes);
                let sealed = [&changed[..], Blake3Digest::of(&changed).as_bytes()].concat();
                assert!(
                    World::load(&registry(), &sealed).is_err(),
                    "{entity} {link} {handle}"
                );
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 3 * 5 * 4);
}
