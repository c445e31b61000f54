//! The obvious twin of a world: a list of entities in a row per set of components, everything in maps, nothing shared.
//!
//! It knows the canonical order (archetypes as they came to be, rows packed, the last one fills a gap), the free list
//! and the stamps, and prints a world as text that can be compared.

use gatos_echo::Entity;
use std::collections::BTreeMap;

/// Names of components.
pub type Set = Vec<&'static str>;

/// A component of one entity: its value as text, when it was added, when changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub value: String,
    pub added: u64,
    pub changed: u64,
}

/// A world without any cleverness.
#[derive(Clone, Default)]
pub struct SlowWorld {
    /// The sets in the order they came to be, with their entities in the order of rows.
    pub tables: Vec<(Set, Vec<u32>)>,
    /// The components of every entity that lives.
    pub cells: BTreeMap<u32, BTreeMap<&'static str, Cell>>,
    pub generations: Vec<u32>,
    pub free: Vec<u32>,
    pub stamp: u64,
}

impl SlowWorld {
    pub fn new() -> SlowWorld {
        SlowWorld {
            stamp: 1,
            ..SlowWorld::default()
        }
    }

    pub fn is_alive(&self, entity: Entity) -> bool {
        self.cells.contains_key(&entity.index())
            && self.generations[entity.index() as usize] == entity.generation()
    }

    pub fn spawn(&mut self, values: &[(&'static str, String)]) -> Entity {
        let index = self.free.pop().unwrap_or_else(|| {
            self.generations.push(0);
            self.generations.len() as u32 - 1
        });
        self.generations[index as usize] += 1;
        self.cells.insert(index, BTreeMap::new());
        let cells = self.fresh(values);
        self.cells.insert(index, cells);
        self.enter(index);
        Entity::new(index, self.generations[index as usize])
    }

    fn fresh(&self, values: &[(&'static str, String)]) -> BTreeMap<&'static str, Cell> {
        let cell = |value: &String| Cell {
            value: value.clone(),
            added: self.stamp,
            changed: self.stamp,
        };
        values
            .iter()
            .map(|(name, value)| (*name, cell(value)))
            .collect()
    }

    /// Appends the entity to the table of its set.
    fn enter(&mut self, index: u32) {
        let set: Set = self.cells[&index].keys().copied().collect();
        match self.tables.iter_mut().find(|(other, _)| *other == set) {
            Some((_, rows)) => rows.push(index),
            None => self.tables.push((set, vec![index])),
        }
    }

    /// The set that `enter` would look for exists from now on.
    fn leave(&mut self, index: u32) {
        for (_, rows) in &mut self.tables {
            if let Some(row) = rows.iter().position(|other| *other == index) {
                rows.swap_remove(row);
            }
        }
    }

    pub fn despawn(&mut self, entity: Entity) {
        self.leave(entity.index());
        self.cells.remove(&entity.index());
        self.free.push(entity.index());
    }

    pub fn insert(&mut self, entity: Entity, values: &[(&'static str, String)]) {
        let index = entity.index();
        let before: Set = self.cells[&index].keys().copied().collect();
        let stamp = self.stamp;
        let cells = self.cells.get_mut(&index).expect("alive");
        for (name, value) in values {
            let added = cells.get(name).map_or(stamp, |cell| cell.added);
            let cell = Cell {
                value: value.clone(),
                added,
                changed: stamp,
            };
            cells.insert(name, cell);
        }
        self.settle(index, &before);
    }

    pub fn remove(&mut self, entity: Entity, names: &[&'static str]) {
        let index = entity.index();
        let before: Set = self.cells[&index].keys().copied().collect();
        let cells = self.cells.get_mut(&index).expect("alive");
        for name in names {
            cells.remove(name);
        }
        self.settle(index, &before);
    }

    fn settle(&mut self, index: u32, before: &Set) {
        let after: Set = self.cells[&index].keys().copied().collect();
        if after != *before {
            self.leave(index);
            self.enter(index);
        }
    }

    pub fn entities(&self) -> Vec<Entity> {
        self.tables
            .iter()
            .flat_map(|(_, rows)| rows)
            .map(|index| Entity::new(*index, self.generations[*index as usize]))
            .collect()
    }
}
