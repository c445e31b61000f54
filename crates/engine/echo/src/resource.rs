//! Resources: components that a world has once.
//!
//! A resource is kept as a column of one row, so that it is shared by forks, hashed and saved like any other data. What
//! it is called and what its bytes are, `registry` knows. Tests: `tests/it/world.rs`.

use crate::column::{AnyColumn, Column, unique};
use crate::component::Component;
use crate::registry::{ComponentId, Registry};
use crate::shared::Shared;
use alloc::vec::Vec;

/// The resources of a world, in the order of their ids. A place is empty while a system has the column.
#[derive(Clone, Default)]
pub(crate) struct Resources {
    slots: Vec<(ComponentId, Option<Shared<dyn AnyColumn>>)>,
}

/// Why a column is there: systems give back what they take before anybody else looks.
const AT_HOME: &str = "a resource is out only while a system runs";

impl Resources {
    pub(crate) const fn len(&self) -> usize {
        self.slots.len()
    }

    fn place(&self, id: ComponentId) -> Result<usize, usize> {
        self.slots.binary_search_by_key(&id, |(other, _)| *other)
    }

    /// The column of a resource that was not there.
    pub(crate) fn add(&mut self, id: ComponentId, registry: &Registry) -> &mut dyn AnyColumn {
        let index = self.place(id).unwrap_or_else(|index| index);
        self.slots
            .insert(index, (id, Some(registry.kind(id).column(0))));
        unique(self.slots[index].1.as_mut().expect(AT_HOME))
    }

    /// Takes a resource away; whether it was there.
    pub(crate) fn remove(&mut self, id: ComponentId) -> bool {
        match self.place(id) {
            Ok(index) => {
                self.slots.remove(index);
                true
            }
            Err(_) => false,
        }
    }

    pub(crate) fn get(&self, id: ComponentId) -> Option<&dyn AnyColumn> {
        let index = self.place(id).ok()?;
        Some(&**self.slots[index].1.as_ref().expect(AT_HOME))
    }

    pub(crate) fn get_mut(&mut self, id: ComponentId) -> Option<&mut dyn AnyColumn> {
        let index = self.place(id).ok()?;
        Some(unique(self.slots[index].1.as_mut().expect(AT_HOME)))
    }

    /// The column of a Rust type, for writing.
    pub(crate) fn typed_mut<T: Component>(
        &mut self,
        id: ComponentId,
    ) -> Option<&mut Column<Vec<T>>> {
        self.get_mut(id)?.as_any_mut().downcast_mut()
    }

    /// A second owner, for reading.
    pub(crate) fn lend<T: Component>(&self, id: ComponentId) -> Option<Shared<Column<Vec<T>>>> {
        let index = self.place(id).ok()?;
        let column = Shared::clone(self.slots[index].1.as_ref().expect(AT_HOME));
        column.typed()
    }

    /// Takes the column out, for writing.
    pub(crate) fn take<T: Component>(&mut self, id: ComponentId) -> Option<Shared<Column<Vec<T>>>> {
        let index = self.place(id).ok()?;
        let column = self.slots[index].1.take().expect(AT_HOME);
        column.typed()
    }

    /// Puts a column back.
    pub(crate) fn give<T: Component>(&mut self, id: ComponentId, column: Shared<Column<Vec<T>>>) {
        if let Ok(index) = self.place(id) {
            self.slots[index].1 = Some(Shared::<dyn AnyColumn>::erased(column));
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ComponentId, &dyn AnyColumn)> {
        self.slots
            .iter()
            .map(|(id, column)| (*id, &**column.as_ref().expect(AT_HOME)))
    }

    pub(crate) fn iter_mut(
        &mut self,
    ) -> impl Iterator<Item = (ComponentId, &mut Shared<dyn AnyColumn>)> {
        self.slots
            .iter_mut()
            .map(|(id, column)| (*id, column.as_mut().expect(AT_HOME)))
    }
}
