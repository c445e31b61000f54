//! Conditions that are often wanted. Every function of a world is one; see
//! [`SystemConfig::run_if`](super::SystemConfig::run_if).
//!
//! Tests: `tests/it/authoring.rs`.

use crate::component::Component;
use crate::world::World;

/// Whether a resource is there and has this value.
pub fn in_state<S: Component + PartialEq>(
    state: S,
) -> impl Fn(&World) -> bool + Send + Sync + 'static {
    move |world| world.resource::<S>().is_ok_and(|now| *now == state)
}

/// Every so many ticks, from the first one on; 0 is never.
pub fn every_ticks(count: u64) -> impl Fn(&World) -> bool + Send + Sync + 'static {
    move |world| world.tick().checked_rem(count) == Some(0)
}
