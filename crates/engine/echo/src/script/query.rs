//! Queries of scripts: rows of several components at once, one archetype after the other, in canonical order.
//!
//! A traversal remembers nothing in the machine but the number of its plan and the entity it was at; a plan lives as long
//! as the moment in which it was made. The world stands still meanwhile, so rows come once each. A coroutine that goes on
//! with a traversal in a later moment gets an error, not another world's rows.
//!
//! Tests: `tests/it/script_api.rs`.

use super::field;
use super::terms::{Part, Term};
use crate::entity::Entity;
use crate::registry::{ComponentId, Registry};
use crate::stamp::Stamp;
use crate::world::World;
use alloc::vec::Vec;
use gatos_echolua::{Heap, Value};

/// Most terms of one query.
pub(crate) const TERMS_MAX: usize = 16;

/// One value of a row.
struct Column {
    /// Place among the plan's components.
    component: usize,
    /// The field, or the whole row.
    field: Option<Part>,
}

/// What a query asks for, and where it is.
pub(crate) struct Plan {
    columns: Vec<Column>,
    components: Vec<Source>,
    without: Vec<ComponentId>,
    /// Components whose rows count only where they were added, or else changed, after `since`.
    later: Vec<Later>,
    since: Stamp,
    /// Archetype and row that come next.
    archetype: usize,
    row: usize,
    /// Whether the places of components were found for the archetype at hand, and whether its rows are wanted.
    is_placed: bool,
    fits: bool,
    /// The entity that was given last.
    last: Option<Entity>,
    scratch: Vec<u8>,
}

/// A component of which only what is new counts.
struct Later {
    id: ComponentId,
    is_added: bool,
    /// Its place in the archetype at hand.
    place: usize,
}

/// A component that is looked at.
struct Source {
    id: ComponentId,
    /// Rows without it are passed over.
    is_needed: bool,
    /// Whether its rows are read, or it chooses only.
    is_read: bool,
    /// Its place in the archetype at hand.
    place: Option<usize>,
    /// Where its row lies in the scratch.
    start: usize,
}

impl Plan {
    pub(crate) const fn new() -> Plan {
        Plan {
            columns: Vec::new(),
            components: Vec::new(),
            without: Vec::new(),
            later: Vec::new(),
            since: Stamp(0),
            archetype: 0,
            row: 0,
            is_placed: false,
            fits: false,
            last: None,
            scratch: Vec::new(),
        }
    }

    /// Adds a value to the rows.
    pub(crate) fn read(&mut self, term: &Term, is_needed: bool) {
        let component = self.part(term.id);
        self.components[component].is_read = true;
        self.components[component].is_needed |= is_needed;
        self.columns.push(Column {
            component,
            field: term.field,
        });
    }

    /// Passes over rows without the component.
    pub(crate) fn with(&mut self, id: ComponentId) {
        let component = self.part(id);
        self.components[component].is_needed = true;
    }

    /// Passes over rows with the component.
    pub(crate) fn without(&mut self, id: ComponentId) {
        self.without.push(id);
    }

    /// Passes over rows whose component was not added, or else changed, after the stamp of [`Plan::since`].
    pub(crate) fn later(&mut self, id: ComponentId, is_added: bool) {
        self.with(id);
        self.later.push(Later {
            id,
            is_added,
            place: 0,
        });
    }

    /// Says after which stamp something is new.
    pub(crate) const fn since(&mut self, since: Stamp) {
        self.since = since;
    }

    pub(crate) fn column_count(&self) -> usize {
        self.columns.len()
    }

    fn part(&mut self, id: ComponentId) -> usize {
        let known = self.components.iter().position(|part| part.id == id);
        known.unwrap_or_else(|| {
            self.components.push(Source {
                id,
                is_needed: false,
                is_read: false,
                place: None,
                start: 0,
            });
            self.components.len() - 1
        })
    }

    /// Goes on behind an entity, or from the beginning; the next entity, whose row can then be read.
    pub(crate) fn step(&mut self, world: &World, behind: Option<Entity>) -> Option<Entity> {
        if behind.is_none() || behind != self.last {
            (self.archetype, self.row, self.is_placed) = (0, 0, false);
            if let Some(behind) = behind {
                let location = world.state().entities.locate(behind)?;
                self.archetype = location.archetype as usize;
                self.row = location.row as usize + 1;
            }
        }
        self.settle(world)
    }

    /// The first row at hand or after.
    fn settle(&mut self, world: &World) -> Option<Entity> {
        let archetypes = &world.state().archetypes;
        while let Some(slot) = archetypes.get(self.archetype) {
            let archetype = &slot.archetype;
            if self.row < archetype.len() {
                if !self.is_placed {
                    self.find_places(world);
                }
                if self.fits {
                    self.pass_over_old(world);
                }
                if self.fits && self.row < archetype.len() {
                    let entity = archetype.entity(self.row);
                    self.row += 1;
                    self.last = Some(entity);
                    return Some(entity);
                }
            }
            (self.archetype, self.row, self.is_placed) = (self.archetype + 1, 0, false);
        }
        self.last = None;
        None
    }

    /// Goes on to the first row that is new in every component that must be.
    fn pass_over_old(&mut self, world: &World) {
        let archetype = &world.state().archetypes[self.archetype].archetype;
        let mut agreed = 0;
        while agreed < self.later.len() && self.row < archetype.len() {
            agreed = 0;
            for later in &self.later {
                let column = archetype.column(later.place);
                let row = column.first_after(self.row, self.since, later.is_added);
                agreed += usize::from(row == self.row);
                self.row = row;
            }
        }
    }

    fn find_places(&mut self, world: &World) {
        let archetype = &world.state().archetypes[self.archetype].archetype;
        for later in &mut self.later {
            // A row without it does not fit anyway.
            later.place = archetype.index_of(later.id).unwrap_or(0);
        }
        for part in &mut self.components {
            part.place = archetype.index_of(part.id);
        }
        let has = |part: &Source| part.place.is_some() || !part.is_needed;
        let has_other = self.without.iter().any(|id| archetype.has(*id));
        self.fits = self.components.iter().all(has) && !has_other;
        self.is_placed = true;
    }

    /// Appends the values of the row that [`Plan::step`] gave.
    pub(crate) fn values(
        &mut self,
        world: &World,
        registry: &Registry,
        heap: &mut Heap,
        output: &mut Vec<Value>,
    ) {
        let archetype = &world.state().archetypes[self.archetype].archetype;
        self.scratch.clear();
        for part in self.components.iter_mut().filter(|part| part.is_read) {
            part.start = self.scratch.len();
            if let Some(place) = part.place {
                let column = archetype.column(place);
                column.encode_row(self.row - 1, &mut self.scratch);
            }
        }
        for column in &self.columns {
            let part = &self.components[column.component];
            let schema = registry.kind(part.id).schema();
            let value = match (part.place, &column.field) {
                (None, _) => Value::Nil,
                (Some(_), Some(field)) => {
                    let bytes = field.bytes(&self.scratch[part.start..]);
                    field::read_field(&schema.fields()[usize::from(field.index)], bytes, heap)
                }
                (Some(_), None) => {
                    let row = &self.scratch[part.start..part.start + schema.size()];
                    field::read_row(schema, row, heap)
                }
            };
            output.push(value);
        }
    }

    /// How many rows there are.
    pub(crate) fn count(&mut self, world: &World) -> usize {
        let mut count = 0;
        if !self.later.is_empty() {
            let mut last = None;
            while let Some(entity) = self.step(world, last) {
                (count, last) = (count + 1, Some(entity));
            }
            return count;
        }
        for (index, slot) in world.state().archetypes.iter().enumerate() {
            self.archetype = index;
            self.find_places(world);
            if self.fits {
                count += slot.archetype.len();
            }
        }
        count
    }
}
