//! Random operations on worlds and on their slow twin: same entities, same order, same values, same stamps.
//!
//! Forks are made on the way and live on, each with its twin, so that a write which leaks from one to another is seen.
//! `GATOS_ECHO_CASES` sets the number of cases.

use crate::parts::{Big, Frozen, Health, position, registry};
use crate::slow::SlowWorld;
use gatos_echo::{Component, Entity, World};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Operation {
    Spawn(u8, u8),
    SpawnMany(u8, u16, u8),
    Despawn(usize),
    Insert(usize, u8, u8),
    Remove(usize, u8),
    Write(usize, u8),
    WriteAll(u8),
    Mark,
    Hash,
    SaveAndLoad,
    Fork,
    Switch(usize),
}

fn operations(count_max: usize) -> impl Strategy<Value = Vec<Operation>> {
    let set = 0u8..16;
    let operation = prop_oneof![
        6 => (set.clone(), any::<u8>()).prop_map(|(set, value)| Operation::Spawn(set, value)),
        1 => (set.clone(), 1u16..3000, any::<u8>())
            .prop_map(|(set, count, value)| Operation::SpawnMany(set, count, value)),
        4 => any::<usize>().prop_map(Operation::Despawn),
        6 => (any::<usize>(), set.clone(), any::<u8>())
            .prop_map(|(entity, set, value)| Operation::Insert(entity, set, value)),
        4 => (any::<usize>(), set).prop_map(|(entity, set)| Operation::Remove(entity, set)),
        4 => (any::<usize>(), any::<u8>()).prop_map(|(entity, value)| Operation::Write(entity, value)),
        1 => any::<u8>().prop_map(Operation::WriteAll),
        3 => Just(Operation::Mark),
        2 => Just(Operation::Hash),
        1 => Just(Operation::SaveAndLoad),
        2 => Just(Operation::Fork),
        2 => any::<usize>().prop_map(Operation::Switch),
    ];
    prop::collection::vec(operation, 1..count_max)
}

/// The components of a set of four bits, with their values as the twin writes them.
fn values(set: u8, value: u8) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    if set & 1 != 0 {
        values.push(("position", text(&position(value.into()))));
    }
    if set & 2 != 0 {
        values.push(("health", text(&Health(value.into()))));
    }
    if set & 4 != 0 {
        values.push(("frozen", text(&Frozen)));
    }
    if set & 8 != 0 {
        values.push(("big", text(&Big([value.into(); 512]))));
    }
    values
}

fn text<T: Component>(value: &T) -> String {
    let mut bytes = vec![0; T::SIZE];
    value.write(&mut bytes);
    format!("{:x?}", &bytes[..bytes.len().min(12)])
}

fn insert(world: &mut World, entity: Entity, set: u8, value: u8) {
    if set & 1 != 0 && set & 2 != 0 {
        // Two at once, so that bundles and single components both move rows.
        let bundle = (Health(value.into()), position(value.into()));
        world.insert(entity, bundle).expect("alive");
    } else if set & 1 != 0 {
        world.insert(entity, position(value.into())).expect("alive");
    } else if set & 2 != 0 {
        world.insert(entity, Health(value.into())).expect("alive");
    }
    if set & 4 != 0 {
        world.insert(entity, Frozen).expect("alive");
    }
    if set & 8 != 0 {
        world
            .insert(entity, Big([value.into(); 512]))
            .expect("alive");
    }
}

/// The same moves as `insert`, one archetype after the other.
fn insert_slow(twin: &mut SlowWorld, entity: Entity, set: u8, value: u8) {
    let both = set & 3;
    if both != 0 {
        twin.insert(entity, &values(both, value));
    }
    for single in [4, 8] {
        if set & single != 0 {
            twin.insert(entity, &values(single, value));
        }
    }
}

fn spawn_many(world: &mut World, set: u8, count: usize, value: u8) -> Vec<Entity> {
    let (x, health) = (position(value.into()), Health(value.into()));
    match set & 3 {
        0 => (0..count)
            .map(|_| world.spawn_empty().expect("room"))
            .collect(),
        1 => world
            .spawn_batch(std::iter::repeat_n(x, count))
            .expect("room"),
        2 => world
            .spawn_batch((0..count).map(|_| health).filter(|_| true))
            .expect("room"),
        _ => world.spawn_batch(vec![(x, health); count]).expect("room"),
    }
}

/// A world with its twin.
struct Pair {
    world: World,
    twin: SlowWorld,
}

impl Pair {
    fn pick(&self, choice: usize) -> Option<Entity> {
        let entities = self.twin.entities();
        (!entities.is_empty()).then(|| entities[choice % entities.len()])
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Spawn(set, value) => {
                let entity = self.world.spawn_empty().expect("room");
                insert(&mut self.world, entity, *set, *value);
                assert_eq!(self.twin.spawn(&[]), entity);
                insert_slow(&mut self.twin, entity, *set, *value);
            }
            Operation::SpawnMany(set, count, value) => {
                let spawned = spawn_many(&mut self.world, *set, (*count).into(), *value);
                let twins: Vec<Entity> = (0..*count)
                    .map(|_| self.twin.spawn(&values(*set & 3, *value)))
                    .collect();
                assert_eq!(spawned, twins);
            }
            Operation::Despawn(choice) => {
                if let Some(entity) = self.pick(*choice) {
                    self.world.despawn(entity).expect("alive");
                    self.twin.despawn(entity);
                    assert!(!self.world.is_alive(entity) && !self.twin.is_alive(entity));
                }
            }
            Operation::Insert(choice, set, value) => {
                if let Some(entity) = self.pick(*choice) {
                    insert(&mut self.world, entity, *set, *value);
                    insert_slow(&mut self.twin, entity, *set, *value);
                }
            }
            Operation::Remove(choice, set) => {
                if let Some(entity) = self.pick(*choice) {
                    let names: Vec<&str> = values(*set, 0).iter().map(|(name, _)| *name).collect();
                    let registry = registry();
                    let ids: Vec<_> = names.iter().filter_map(|name| registry.id(name)).collect();
                    self.world.remove_ids(entity, &ids).expect("alive");
                    self.twin.remove(entity, &names);
                }
            }
            Operation::Write(choice, value) => {
                if let Some(entity) = self.pick(*choice)
                    && let Ok(health) = self.world.get_mut::<Health>(entity)
                {
                    health.0 = (*value).into();
                    self.twin.insert(entity, &values(2, *value));
                }
            }
            Operation::WriteAll(value) => {
                let visit = |health: &mut Health| health.0 = (*value).into();
                self.world
                    .for_each::<&mut Health>(visit)
                    .expect("registered");
                for entity in self.twin.entities() {
                    if self.twin.cells[&entity.index()].contains_key("health") {
                        self.twin.insert(entity, &values(2, *value));
                    }
                }
            }
            Operation::Mark => {
                assert_eq!(self.world.mark().0, self.twin.stamp);
                self.twin.stamp += 1;
            }
            Operation::Hash => {
                self.world.hash();
            }
            Operation::SaveAndLoad => {
                self.world = World::load(&registry(), &self.world.save()).expect("saved");
            }
            Operation::Fork | Operation::Switch(_) => {}
        }
    }

    /// Everything that can be seen, and that nothing else is there: the snapshot reads back to the same bytes and hash.
    fn check(&mut self) {
        let entities: Vec<Entity> = self.world.entities().collect();
        assert_eq!(entities, self.twin.entities());
        let registry = registry();
        for entity in entities {
            let names = self.world.components(entity).expect("alive");
            let cells = &self.twin.cells[&entity.index()];
            assert_eq!(names, cells.keys().copied().collect::<Vec<_>>());
            for (name, cell) in cells {
                let id = registry.id(name).expect("registered");
                let row = self.world.get_row(entity, id).expect("there");
                assert_eq!(format!("{:x?}", &row[..row.len().min(12)]), cell.value);
                let (added, changed) = self.world.stamps(entity, id).expect("there");
                assert_eq!((added.0, changed.0), (cell.added, cell.changed), "{name}");
            }
        }
        let bytes = self.world.save();
        let mut copy = World::load(&registry, &bytes).expect("saved");
        assert_eq!(copy.save(), bytes);
        assert_eq!(copy.hash(), self.world.hash());
    }
}

fn cases() -> u32 {
    std::env::var("GATOS_ECHO_CASES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]
    #[test]
    fn worlds_do_what_their_twin_does(operations in operations(60)) {
        let mut pairs = vec![Pair { world: World::new(&registry()), twin: SlowWorld::new() }];
        let mut at = 0;
        for operation in &operations {
            match operation {
                Operation::Fork => {
                    let fork = Pair { world: pairs[at].world.fork(), twin: pairs[at].twin.clone() };
                    pairs.push(fork);
                }
                Operation::Switch(choice) => at = choice % pairs.len(),
                other => pairs[at].apply(other),
            }
        }
        for pair in &mut pairs {
            pair.check();
        }
    }

    /// Saving and loading in between changes nothing: not a bit now, and nothing that comes later.
    #[test]
    fn saving_and_loading_in_between_changes_nothing(
        before in operations(40),
        after in operations(40),
    ) {
        let mut pair = Pair { world: World::new(&registry()), twin: SlowWorld::new() };
        before.iter().for_each(|operation| pair.apply(operation));
        let loaded = World::load(&registry(), &pair.world.save()).expect("saved");
        let mut other = Pair { world: loaded, twin: pair.twin.clone() };
        after.iter().for_each(|operation| pair.apply(operation));
        after.iter().for_each(|operation| other.apply(operation));
        prop_assert_eq!(pair.world.save(), other.world.save());
        prop_assert_eq!(pair.world.hash(), other.world.hash());
    }
}
