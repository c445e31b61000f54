//! Entities: handles of index and generation, and the table that says where each one's row is.
//!
//! A despawned entity's index is used again with the next generation, last freed first; its old handles find nothing.
//! The list of free slots runs through the slots themselves, so it is state like everything else and a fork shares
//! it. An index whose generations are used up is never used again.
//!
//! INVARIANT: a slot is either on the free list, retired, or the home of exactly one row of exactly one archetype.
//! Tests: `tests/it/world.rs`, `tests/it/twin.rs`.

mod table;

pub(crate) use table::{EntityTable, Location};

use core::fmt;

/// A handle of an entity: plain data, eight bytes, valid until the entity is despawned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entity {
    index: u32,
    generation: u32,
}

impl Entity {
    /// The handle of no entity.
    pub const NULL: Entity = Entity {
        index: u32::MAX,
        generation: 0,
    };

    /// The handle with this index and generation.
    #[must_use]
    pub const fn new(index: u32, generation: u32) -> Entity {
        Entity { index, generation }
    }

    /// The slot's number.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// How many entities had this slot up to and with this one.
    #[must_use]
    pub const fn generation(self) -> u32 {
        self.generation
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}v{}", self.index, self.generation)
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

crate::component!(Entity = "echo.entity" { index: u32, generation: u32 });
