//! Tests of the engine, one module a theme.
//!
//! `parts` holds the components they share, `slow` the obvious twin of a world: maps of entities. `vectors` reads and
//! blesses golden files.

mod adapter;
mod authoring;
mod bisect;
mod bus;
mod component;
mod difference;
mod examples;
mod faults;
mod guide;
mod hash;
mod hierarchy;
mod inspect;
mod manifest;
mod memory;
mod moves;
mod order;
mod parts;
mod plugin;
mod query;
mod recording;
mod relation;
mod scene;
mod schedule;
mod script_api;
mod script_family;
mod script_new;
mod script_parts;
mod script_payload;
mod script_speed;
mod script_state;
mod script_twin;
mod signature;
mod simulation;
mod slow;
mod snapshot;
mod twin;
mod vectors;
mod world;
