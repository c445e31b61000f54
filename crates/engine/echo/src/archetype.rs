//! Archetypes: the entities that have the same set of components, as one table of columns.
//!
//! Rows are packed: a row that goes away is filled by the last one. So the order of rows is a function of the operations,
//! and rows of a full block never wait for others. A system that runs takes the columns it writes out of here and gives
//! them back; in between the place is empty.
//!
//! INVARIANT: all columns of an archetype, the one of entities too, have the same number of rows.
//! Tests: `tests/it/twin.rs`.

use crate::column::{AnyColumn, Column, Rows, Scratch, unique};
use crate::component::Component;
use crate::entity::Entity;
use crate::hash::{self, Tag};
use crate::registry::{ComponentId, Registry};
use crate::shared::Shared;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// Nominal size of a column's block in bytes.
pub(crate) const BLOCK_BYTES: usize = 16_384;
/// Most rows in a block, as a power of two.
const SHIFT_MAX: u32 = 12;

/// The handles of an archetype's entities, row by row.
pub(crate) type EntityColumn = Column<Vec<Entity>>;

/// One table.
#[derive(Clone)]
pub(crate) struct Archetype {
    components: Arc<[ComponentId]>,
    shift: u32,
    entities: Shared<EntityColumn>,
    /// In the order of `components`; a place is empty while a system has the column.
    columns: Vec<Option<Shared<dyn AnyColumn>>>,
}

impl Archetype {
    pub(crate) fn new(components: Arc<[ComponentId]>, registry: &Registry) -> Archetype {
        let shift = shift_of(&components, registry);
        Archetype {
            entities: Shared::new(Column::new((), shift)),
            columns: components
                .iter()
                .map(|id| Some(registry.kind(*id).column(shift)))
                .collect(),
            components,
            shift,
        }
    }

    #[inline]
    pub(crate) fn components(&self) -> &[ComponentId] {
        &self.components
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entities.len()
    }

    pub(crate) fn block_count(&self) -> usize {
        self.len().div_ceil(1 << self.shift)
    }

    /// Rows in the block with this number.
    pub(crate) fn block_len(&self, block: usize) -> usize {
        (self.len() - (block << self.shift)).min(1 << self.shift)
    }

    /// Number of the first row of a block.
    #[inline]
    pub(crate) const fn block_start(&self, block: usize) -> usize {
        block << self.shift
    }

    #[inline]
    pub(crate) fn index_of(&self, id: ComponentId) -> Option<usize> {
        self.components.binary_search(&id).ok()
    }

    pub(crate) fn has(&self, id: ComponentId) -> bool {
        self.index_of(id).is_some()
    }

    #[inline]
    pub(crate) const fn entities(&self) -> &Shared<EntityColumn> {
        &self.entities
    }

    #[inline]
    pub(crate) fn entities_mut(&mut self) -> &mut EntityColumn {
        Shared::make_mut(&mut self.entities)
    }

    #[inline]
    pub(crate) fn entity(&self, row: usize) -> Entity {
        let (block, place) = self.entities.find(row);
        block.rows.row(place)
    }

    /// The column of handles, then those of the components.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &dyn AnyColumn> {
        let entities: &dyn AnyColumn = &*self.entities;
        let columns = 0..self.columns.len();
        core::iter::once(entities).chain(columns.map(|index| self.column(index)))
    }

    /// The column at this place.
    #[inline]
    pub(crate) fn column(&self, index: usize) -> &dyn AnyColumn {
        &**self.columns[index].as_ref().expect(AT_HOME)
    }

    /// The column at this place, for writing.
    #[inline]
    pub(crate) fn column_mut(&mut self, index: usize) -> &mut dyn AnyColumn {
        unique(self.columns[index].as_mut().expect(AT_HOME))
    }

    /// The rows of a Rust type, if the archetype has it.
    pub(crate) fn typed<T: Component>(&self, id: ComponentId) -> Option<&Column<Vec<T>>> {
        self.column(self.index_of(id)?).as_any().downcast_ref()
    }

    /// The rows of a Rust type for writing, if the archetype has it.
    pub(crate) fn typed_mut<T: Component>(
        &mut self,
        id: ComponentId,
    ) -> Option<&mut Column<Vec<T>>> {
        let index = self.index_of(id)?;
        self.column_mut(index).as_any_mut().downcast_mut()
    }

    /// The column at this place for writing, whose Rust type the caller knows.
    #[inline]
    pub(crate) fn typed_at<T: Component>(&mut self, index: usize) -> &mut Column<Vec<T>> {
        let column = self.column_mut(index).as_any_mut().downcast_mut();
        column.expect(ONE_COLUMN)
    }

    /// A second owner of a column, for reading.
    #[inline]
    pub(crate) fn lend<T: Component>(&self, index: usize) -> Shared<Column<Vec<T>>> {
        downcast(Shared::clone(self.columns[index].as_ref().expect(AT_HOME)))
    }

    /// Takes a column out, for writing.
    #[inline]
    pub(crate) fn take<T: Component>(&mut self, index: usize) -> Shared<Column<Vec<T>>> {
        downcast(self.columns[index].take().expect(AT_HOME))
    }

    /// Puts a column back.
    #[inline]
    pub(crate) fn give<T: Component>(&mut self, index: usize, column: Shared<Column<Vec<T>>>) {
        self.columns[index] = Some(Shared::<dyn AnyColumn>::erased(column));
    }

    /// The owners of all columns.
    pub(crate) fn columns_mut(&mut self) -> impl Iterator<Item = &mut Shared<dyn AnyColumn>> {
        self.columns
            .iter_mut()
            .map(|column| column.as_mut().expect(AT_HOME))
    }

    /// Calls `visit` for each column with the one of the same component in another archetype, where that has one.
    #[inline]
    pub(crate) fn each_beside(
        &mut self,
        other: &mut Archetype,
        mut visit: impl FnMut(&mut Shared<dyn AnyColumn>, Option<&mut Shared<dyn AnyColumn>>),
    ) {
        // Both lists of components are sorted, so one walk pairs them.
        let mut others = other.components.iter().zip(&mut other.columns).peekable();
        for (id, column) in self.components.iter().zip(&mut self.columns) {
            while others.next_if(|(other, _)| *other < id).is_some() {}
            let beside = others.next_if(|(other, _)| *other == id);
            let beside = beside.map(|(_, column)| column.as_mut().expect(AT_HOME));
            visit(column.as_mut().expect(AT_HOME), beside);
        }
    }

    /// Calls `visit` for each column whose digest is not known, the one of handles first.
    pub(crate) fn each_unknown(&mut self, mut visit: impl FnMut(&mut dyn AnyColumn)) {
        if self.entities.known_root().is_none() {
            visit(self.entities_mut());
        }
        for column in self.columns_mut() {
            if column.known_root().is_none() {
                visit(unique(column));
            }
        }
    }

    /// The digest over the components and all columns.
    pub(crate) fn root(&mut self, scratch: &mut Scratch) -> Blake3Digest {
        let mut bytes = hash::start(Tag::Archetype);
        hash::push_u64(&mut bytes, self.components.len() as u64);
        for id in &*self.components {
            bytes.extend(id.number().to_le_bytes());
        }
        let digest = match self.entities.known_root() {
            Some(digest) => digest,
            None => self.entities_mut().root(scratch),
        };
        bytes.extend(digest.as_bytes());
        for column in &mut self.columns {
            let column = column.as_mut().expect(AT_HOME);
            let digest = match column.known_root() {
                Some(digest) => digest,
                None => unique(column).root(scratch),
            };
            bytes.extend(digest.as_bytes());
        }
        Blake3Digest::of(&bytes)
    }
}

/// Why a column has the type that is asked for.
const ONE_COLUMN: &str = "the registry gives one type one column";
/// Why a column is there: systems give back what they take before anybody else looks.
const AT_HOME: &str = "a column is out only while a system runs";

#[inline]
fn downcast<T: Component>(column: Shared<dyn AnyColumn>) -> Shared<Column<Vec<T>>> {
    column.typed().expect(ONE_COLUMN)
}

/// Rows in a block, as a power of two: so many that the columns of a full block have at most [`BLOCK_BYTES`] bytes each
/// on average, the column of entities counted and components without bytes not.
fn shift_of(components: &[ComponentId], registry: &Registry) -> u32 {
    let sizes = components
        .iter()
        .map(|id| registry.kind(*id).schema().size());
    let (columns, bytes) = sizes
        .filter(|size| *size > 0)
        .fold((1, size_of::<Entity>()), |(columns, bytes), size| {
            (columns + 1, bytes + size)
        });
    let rows = (BLOCK_BYTES * columns / bytes).max(1);
    rows.ilog2().min(SHIFT_MAX)
}
