//! Echo, the deterministic engine: worlds of entities that fork, hash and replay to the bit.
//!
//! A [`World`] holds entities with components, plain data with a schema, in columns that forks share until one of them
//! writes. The same operations on equal worlds give equal worlds, on every machine, with any number of threads. Numbers
//! come from `gatos-numbers`, digests from `gatos-values`. Nothing here reads a file, a clock, the environment or
//! randomness.
//!
//! Reading order: [`component`](mod@component) (what data is), [`registry`] (names and ids), [`entity`], [`stamp`], `column` (blocks that forks
//! share), `archetype`, `state`, [`world`], `structure`, `moves`, `memory`, [`bundle`], `template`, [`query`], [`access`],
//! `hierarchy`, `relation`, [`snapshot`], [`scene`], [`commands`], [`schedule`], [`bus`], [`pace`], [`adapter`], [`simulation`],
//! [`difference`], [`recording`], [`replay`], [`inspect`].
//!
//! INVARIANT 1: nothing depends on time, addresses, hash order, threads or the host.
//! INVARIANT 2: whatever a later tick can depend on is in the world: rows in their order, generations, the free list,
//! stamps. So it is in its hash and in its snapshot too.
//! INVARIANT 3: no input makes us panic, recurse without bound or reserve memory without bound.
//!
//! Guide: `docs/guide/echo.md`. Format page: `docs/formats/world.md`. Vectors: `vectors/echo`. Tests: `tests/it`.
#![no_std]
#![deny(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

pub mod access;
pub mod adapter;
mod archetype;
pub mod bundle;
pub mod bus;
mod column;
pub mod commands;
pub mod component;
pub mod difference;
pub mod entity;
pub mod error;
mod hash;
mod hierarchy;
pub mod inspect;
pub mod manifest;
mod memory;
mod moves;
pub mod pace;
pub mod plugins;
pub mod query;
pub mod recording;
pub mod registry;
mod relation;
pub mod replay;
mod resource;
pub mod scene;
pub mod schedule;
pub mod script;
mod shared;
pub mod simulation;
pub mod snapshot;
pub mod stamp;
mod state;
mod structure;
mod template;
pub mod world;

pub use access::{Access, Target};
pub use bundle::Bundle;
pub use commands::{Commands, NewEntity, Whom};
pub use component::{Component, Field, FieldKind, FieldValue, Plain, Schema, SchemaError};
pub use entity::Entity;
pub use error::WorldError;
pub use memory::On;
pub use query::{Added, AnyOf, Changed, Plan, QueryData, QueryFilter, ReadData, With, Without};
pub use registry::{ComponentId, ComponentKind, Registry, RegistryBuilder, RegistryError};
pub use relation::{Relation, TargetOf};
pub use snapshot::SnapshotError;
pub use stamp::Stamp;
pub use template::Template;
pub use world::World;
