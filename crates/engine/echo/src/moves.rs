//! Moving rows between archetypes: one entity, or many that go the same way at once.
//!
//! Many at once give exactly what one after the other give: the same order of rows, the same stamps. They cost less because
//! the gaps are worked out once for all columns, and each block is opened once. What is added on arrival is the caller's
//! business.
//!
//! INVARIANT: `migrate_all` and `despawn_all` are `migrate` and `despawn` for each entity in order.
//! Tests: `tests/it/moves.rs`, with one at a time as slow twin.

use crate::column::{Departure, unique};
use crate::entity::{Entity, Location};
use crate::error::WorldError;
use crate::shared::Shared;
use crate::stamp::Stamp;
use crate::state::State;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

impl State {
    /// Moves the row of an entity from its archetype to another; components that the target does not have are dropped,
    /// those it has more are for the caller to append. The row in the target.
    pub(crate) fn migrate(&mut self, entity: Entity, at: Location, to: u32) -> u32 {
        self.note_leaving(&[entity], at.archetype, Some(to));
        let [from_slot, to_slot] = self
            .archetypes
            .get_disjoint_mut([at.archetype as usize, to as usize])
            .expect("two archetypes that exist");
        (from_slot.digest, to_slot.digest) = (None, None);
        let source = Shared::make_mut(&mut from_slot.archetype);
        let target = Shared::make_mut(&mut to_slot.archetype);
        let table = Shared::make_mut(&mut self.entities);
        let row = target.len() as u32;
        source.entities_mut().swap_remove(at.row as usize);
        if (at.row as usize) < source.len() {
            table.set_location(source.entity(at.row as usize).index(), at);
        }
        let none = Stamp::default();
        target.entities_mut().push(entity, none, none);
        table.set_location(entity.index(), Location { archetype: to, row });
        source.each_beside(target, |column, target| match target {
            Some(target) => unique(column).transfer(at.row as usize, unique(target)),
            None => unique(column).discard(at.row as usize),
        });
        row
    }

    /// As [`State::migrate`] for the first entities of a list that live in one archetype, up to the first that occurs twice.
    /// How many that were, and the first row in the target.
    pub(crate) fn migrate_all(&mut self, entities: &[Entity], from: u32, to: u32) -> (usize, u32) {
        let departure = self.departure(entities, from);
        let count = departure.rows.len();
        self.note_leaving(&entities[..count], from, Some(to));
        let [from_slot, to_slot] = self
            .archetypes
            .get_disjoint_mut([from as usize, to as usize])
            .expect("two archetypes that exist");
        (from_slot.digest, to_slot.digest) = (None, None);
        let source = Shared::make_mut(&mut from_slot.archetype);
        let target = Shared::make_mut(&mut to_slot.archetype);
        let table = Shared::make_mut(&mut self.entities);
        let first = target.len() as u32;
        target
            .entities_mut()
            .append(source.entities(), &departure.rows);
        source.entities_mut().close(&departure);
        table.set_locations(entities[..count].iter().copied(), to, first..);
        let gaps = departure.fills.iter().map(|(gap, _)| *gap);
        let movers = gaps.clone().map(|gap| source.entity(gap as usize));
        table.set_locations(movers.collect::<Vec<_>>().into_iter(), from, gaps);
        source.each_beside(target, |column, target| match target {
            Some(target) => unique(column).transfer_all(&departure, unique(target)),
            None => unique(column).discard_all(&departure),
        });
        (count, first)
    }

    /// Takes the entity with its row away.
    pub(crate) fn despawn(&mut self, entity: Entity) -> Result<(), WorldError> {
        let at = self.locate(entity)?;
        self.note_leaving(&[entity], at.archetype, None);
        let slot = &mut self.archetypes[at.archetype as usize];
        slot.digest = None;
        let archetype = Shared::make_mut(&mut slot.archetype);
        let table = Shared::make_mut(&mut self.entities);
        archetype.entities_mut().swap_remove(at.row as usize);
        if (at.row as usize) < archetype.len() {
            table.set_location(archetype.entity(at.row as usize).index(), at);
        }
        for column in archetype.columns_mut() {
            unique(column).discard(at.row as usize);
        }
        table.free(entity);
        Ok(())
    }

    /// As [`State::despawn`] for the first entities of a list that live in one archetype, up to the first that occurs
    /// twice. How many that were.
    pub(crate) fn despawn_all(&mut self, entities: &[Entity], from: u32) -> usize {
        let departure = self.departure(entities, from);
        let count = departure.rows.len();
        self.note_leaving(&entities[..count], from, None);
        let slot = &mut self.archetypes[from as usize];
        slot.digest = None;
        let archetype = Shared::make_mut(&mut slot.archetype);
        let table = Shared::make_mut(&mut self.entities);
        archetype.entities_mut().close(&departure);
        let gaps = departure.fills.iter().map(|(gap, _)| *gap);
        let movers = gaps.clone().map(|gap| archetype.entity(gap as usize));
        table.set_locations(movers.collect::<Vec<_>>().into_iter(), from, gaps);
        for column in archetype.columns_mut() {
            unique(column).discard_all(&departure);
        }
        for entity in &entities[..count] {
            table.free(*entity);
        }
        count
    }

    /// Works out who leaves and who fills which gap. It ends before an entity that does not live in the archetype or has
    /// left already.
    fn departure(&self, entities: &[Entity], from: u32) -> Departure {
        let len = self.archetype(from).len();
        let mut places = Places::new(len, entities.len());
        let mut rows = Vec::with_capacity(entities.len());
        for entity in entities {
            let Some(at) = self.entities.locate(*entity) else {
                break;
            };
            if at.archetype != from || !places.leave(at.row) {
                break;
            }
            rows.push(at.row);
        }
        Departure {
            fills: places.fills(),
            len: len - rows.len(),
            rows,
        }
    }
}

/// Which row, by its number from before, is at which place now.
struct Places {
    /// Rows that are still there.
    len: u32,
    kind: PlacesKind,
}

enum PlacesKind {
    /// Of few rows that leave only those that are touched are known: row at a place, place of a row.
    Few(BTreeMap<u32, u32>, BTreeMap<u32, u32>),
    /// Row at each place, place of each row.
    Many(Vec<u32>, Vec<u32>),
}

/// The place of a row that left.
const GONE: u32 = u32::MAX;

impl Places {
    fn new(len: usize, leaving: usize) -> Places {
        let kind = if leaving < len / 16 {
            PlacesKind::Few(BTreeMap::new(), BTreeMap::new())
        } else {
            let all: Vec<u32> = (0..len as u32).collect();
            PlacesKind::Many(all.clone(), all)
        };
        Places {
            len: len as u32,
            kind,
        }
    }

    /// A row leaves and the last one takes its place; `false` and nothing done where it left already.
    fn leave(&mut self, row: u32) -> bool {
        let last = self.len.wrapping_sub(1);
        match &mut self.kind {
            PlacesKind::Few(row_at, place_of) => {
                let place = *place_of.get(&row).unwrap_or(&row);
                if place == GONE {
                    return false;
                }
                let mover = *row_at.get(&last).unwrap_or(&last);
                row_at.remove(&last);
                if place != last {
                    row_at.insert(place, mover);
                    place_of.insert(mover, place);
                }
                place_of.insert(row, GONE);
            }
            PlacesKind::Many(row_at, place_of) => {
                let place = place_of[row as usize];
                if place == GONE {
                    return false;
                }
                let mover = row_at[last as usize];
                row_at[place as usize] = mover;
                place_of[mover as usize] = place;
                place_of[row as usize] = GONE;
            }
        }
        self.len = last;
        true
    }

    /// The places that another row has now, with that row, rising.
    fn fills(&self) -> Vec<(u32, u32)> {
        match &self.kind {
            PlacesKind::Few(row_at, _) => {
                let all = row_at.iter().map(|(place, row)| (*place, *row));
                all.take_while(|(place, _)| *place < self.len)
                    .filter(|(place, row)| place != row)
                    .collect()
            }
            PlacesKind::Many(row_at, _) => (0..)
                .zip(&row_at[..self.len as usize])
                .filter(|(place, row)| place != *row)
                .map(|(place, row)| (place, *row))
                .collect(),
        }
    }
}
