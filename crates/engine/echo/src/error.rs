//! What can go wrong with a world, as data.
//!
//! Tests: `tests/it/world.rs`.

use crate::Entity;
use alloc::string::String;

/// Why an operation on a world was refused; the world is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// The entity was despawned or never lived here.
    #[error("the entity `{entity}` does not live")]
    Dead {
        /// The handle.
        entity: Entity,
    },
    /// The entity has no such component.
    #[error("the entity `{entity}` has no `{component}`")]
    Missing {
        /// The handle.
        entity: Entity,
        /// Name of the component.
        component: String,
    },
    /// No component of this name is registered.
    #[error("no component `{component}` is registered")]
    Unregistered {
        /// The name.
        component: String,
    },
    /// One component twice in one bundle or query.
    #[error("the component `{component}` occurs twice")]
    Twice {
        /// The name.
        component: String,
    },
    /// The world has no such resource.
    #[error("the world has no resource `{resource}`")]
    NoResource {
        /// The name.
        resource: String,
    },
    /// Bytes that are no row of the component.
    #[error("the bytes are no row of `{component}`")]
    BadRow {
        /// Name of the component.
        component: String,
    },
    /// An entity that would be its own ancestor.
    #[error("the entity `{child}` cannot be a child of `{parent}`, which is below it")]
    Loop {
        /// The entity that was to move.
        child: Entity,
        /// The entity it was to move below.
        parent: Entity,
    },
    /// A component that the engine alone writes.
    #[error("`{component}` is the engine's own; use the calls that keep its links")]
    Reserved {
        /// The name.
        component: String,
    },
    /// Every index is in use.
    #[error("the world has no room for another entity")]
    Full,
}
