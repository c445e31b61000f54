//! Access: what somebody reads and writes, declared before he runs.
//!
//! Queries and systems declare it by their types; whoever is known only at run time declares it by names. The scheduler
//! orders conflicting systems by it, and a query that would have one row twice is refused by it.
//!
//! INVARIANT: the lists are sorted, so equal accesses are equal values.
//! Tests: `tests/it/query.rs`.

use crate::error::WorldError;
use crate::registry::{ComponentId, Registry};
use alloc::string::ToString;
use alloc::vec::Vec;

/// What is read and written, of entities and of resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    reads: Vec<Target>,
    writes: Vec<Target>,
}

/// A component of entities, or a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The component, of whatever entity.
    Component(ComponentId),
    /// The resource.
    Resource(ComponentId),
}

impl Access {
    /// What is read, sorted; what is written is not listed again.
    #[must_use]
    pub fn reads(&self) -> &[Target] {
        &self.reads
    }

    /// What is written, sorted.
    #[must_use]
    pub fn writes(&self) -> &[Target] {
        &self.writes
    }

    /// Whether the target is among what is read or written.
    #[must_use]
    pub fn may_read(&self, target: Target) -> bool {
        self.reads.binary_search(&target).is_ok() || self.may_write(target)
    }

    /// Whether the target is among what is written.
    #[must_use]
    pub fn may_write(&self, target: Target) -> bool {
        self.writes.binary_search(&target).is_ok()
    }

    /// Adds something that is read.
    ///
    /// # Errors
    /// [`WorldError::Twice`] where it is written too.
    pub fn read(&mut self, registry: &Registry, target: Target) -> Result<(), WorldError> {
        if self.may_write(target) {
            return Err(twice(registry, target));
        }
        insert(&mut self.reads, target);
        Ok(())
    }

    /// Adds something that is written.
    ///
    /// # Errors
    /// [`WorldError::Twice`] where it is read or written already.
    pub fn write(&mut self, registry: &Registry, target: Target) -> Result<(), WorldError> {
        if self.may_read(target) {
            return Err(twice(registry, target));
        }
        insert(&mut self.writes, target);
        Ok(())
    }

    /// Adds all that another access has.
    ///
    /// # Errors
    /// [`WorldError::Twice`] where one writes what the other reads or writes.
    pub fn join(&mut self, registry: &Registry, other: &Access) -> Result<(), WorldError> {
        for target in &other.reads {
            self.read(registry, *target)?;
        }
        for target in &other.writes {
            self.write(registry, *target)?;
        }
        Ok(())
    }

    /// What one of the two writes and the other reads or writes, in order.
    #[must_use]
    pub fn conflicts(&self, other: &Access) -> Vec<Target> {
        let mine = self.writes.iter().filter(|target| other.may_read(**target));
        let others = other.writes.iter().filter(|target| self.may_read(**target));
        let mut targets: Vec<Target> = mine.chain(others).copied().collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }
}

fn insert(list: &mut Vec<Target>, target: Target) {
    if let Err(index) = list.binary_search(&target) {
        list.insert(index, target);
    }
}

impl Target {
    /// Appends 0 for a component or 1 for a resource, and the id.
    pub(crate) fn encode(self, output: &mut Vec<u8>) {
        let (kind, id) = match self {
            Target::Component(id) => (0, id),
            Target::Resource(id) => (1, id),
        };
        output.push(kind);
        output.extend(id.number().to_le_bytes());
    }

    /// The component.
    pub(crate) const fn id(self) -> ComponentId {
        match self {
            Target::Component(id) | Target::Resource(id) => id,
        }
    }

    /// The component's name.
    #[must_use]
    pub fn name(self, registry: &Registry) -> &str {
        match self {
            Target::Component(id) | Target::Resource(id) => registry.kind(id).name(),
        }
    }
}

fn twice(registry: &Registry, target: Target) -> WorldError {
    WorldError::Twice {
        component: target.name(registry).to_string(),
    }
}
