//! Making a schedule: names, phases, order, and what is refused.
//!
//! Tests: `tests/it/schedule.rs`.

use super::system::{Body, System};
use super::{CachedGraph, Phase, Schedule};
use crate::access::Access;
use crate::bus::BusConfig;
use crate::error::WorldError;
use crate::registry::Registry;
use crate::world::World;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Why systems are no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A name that is empty or longer than 128 bytes.
    #[error("`{name}` is no name of a system or handler: 1 to 128 bytes")]
    Name {
        /// The name.
        name: String,
    },
    /// Two systems of one name.
    #[error("the system or handler `{name}` is there twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A system that is to run before or after one that is not in its phase.
    #[error("the system `{name}` is ordered by `{other}`, which is no other system of its phase")]
    UnknownOrder {
        /// The system.
        name: String,
        /// Whom it names.
        other: String,
    },
    /// Orders that go in a circle.
    #[error("the order of systems goes in a circle: {names}")]
    Cycle {
        /// The names, each before the next, ending with the first again.
        names: String,
    },
    /// Two systems of one phase conflict, and nothing says which runs first.
    #[error(
        "`{first}` and `{second}` both use {targets} and one of them writes: say which runs first with `before`, `after` or `priority`"
    )]
    Ambiguous {
        /// One system.
        first: String,
        /// The other system.
        second: String,
        /// The components and resources, in back-ticks.
        targets: String,
    },
    /// Under the strict rule, two systems that write one component or resource.
    #[error("`{first}` and `{second}` both write `{target}`, which the strict rule forbids")]
    SecondWriter {
        /// One system.
        first: String,
        /// The other system.
        second: String,
        /// The component or resource.
        target: String,
    },
    /// What a system reads and writes does not fit together or is not registered.
    #[error("the system `{name}` cannot be: {error}")]
    System {
        /// The system.
        name: String,
        /// What is wrong.
        error: WorldError,
    },
}

/// A system with its place in the tick.
pub struct SystemConfig {
    name: String,
    phase: Phase,
    priority: i32,
    before: Vec<String>,
    after: Vec<String>,
    condition: Option<Condition>,
    body: Body,
}

/// Whether a system runs in a tick: a pure function of the world.
pub(crate) type Condition = Box<dyn Fn(&World) -> bool + Send + Sync>;

impl SystemConfig {
    pub(crate) fn new(name: &str, body: Body) -> SystemConfig {
        SystemConfig {
            name: name.to_string(),
            phase: Phase::default(),
            priority: 0,
            before: Vec::new(),
            after: Vec::new(),
            condition: None,
            body,
        }
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The same system under another name, and ordered by other names.
    pub(crate) fn renamed(mut self, rename: impl Fn(&str) -> String) -> SystemConfig {
        self.name = rename(&self.name);
        for names in [&mut self.before, &mut self.after] {
            for name in names {
                *name = rename(name);
            }
        }
        self
    }

    /// Runs in this phase; [`Phase::Update`] if nothing is said.
    #[must_use]
    pub const fn phase(mut self, phase: Phase) -> SystemConfig {
        self.phase = phase;
        self
    }

    /// Systems of a lower number run first, where no order says otherwise; 0 if nothing is said.
    #[must_use]
    pub const fn priority(mut self, priority: i32) -> SystemConfig {
        self.priority = priority;
        self
    }

    /// Runs before the system of this name, in the same phase.
    #[must_use]
    pub fn before(mut self, name: &str) -> SystemConfig {
        self.before.push(name.to_string());
        self
    }

    /// Runs after the system of this name, in the same phase.
    #[must_use]
    pub fn after(mut self, name: &str) -> SystemConfig {
        self.after.push(name.to_string());
        self
    }

    /// Runs only in ticks where the condition holds when its phase begins. The condition must be a function of the world.
    #[must_use]
    pub fn run_if(
        mut self,
        condition: impl Fn(&World) -> bool + Send + Sync + 'static,
    ) -> SystemConfig {
        self.condition = Some(Box::new(condition));
        self
    }
}

/// A system in its canonical place.
pub(crate) struct Entry {
    pub name: Arc<str>,
    pub priority: i32,
    pub access: Access,
    pub condition: Option<Condition>,
    pub system: Box<dyn System>,
    /// Systems of the phase that run before because it was said, by their places; all are lower.
    pub after: Vec<usize>,
}

/// Collects systems.
pub struct ScheduleBuilder {
    registry: Registry,
    systems: Vec<SystemConfig>,
    is_strict: bool,
    bus: BusConfig,
}

impl ScheduleBuilder {
    const NAME_SIZE_MAX: usize = 128;

    pub(super) fn new(registry: &Registry) -> ScheduleBuilder {
        ScheduleBuilder {
            registry: registry.clone(),
            systems: Vec::new(),
            is_strict: false,
            bus: BusConfig::default(),
        }
    }

    /// Adds a system.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "the word users know; nobody adds schedules with `+`"
    )]
    pub fn add(mut self, system: SystemConfig) -> ScheduleBuilder {
        self.systems.push(system);
        self
    }

    /// Allows at most one system that writes a component or resource, over all phases.
    #[must_use]
    pub const fn strict(mut self) -> ScheduleBuilder {
        self.is_strict = true;
        self
    }

    /// Sets the rules of the bus.
    #[must_use]
    pub fn bus(mut self, bus: BusConfig) -> ScheduleBuilder {
        self.bus = bus;
        self
    }

    /// The schedule. It does not depend on the order in which systems were added.
    ///
    /// # Errors
    /// [`ScheduleError`], the first mistake in the order of phases and names.
    pub fn build(self) -> Result<Schedule, ScheduleError> {
        let mut systems = self.systems;
        systems.sort_by(|left, right| left.name.cmp(&right.name));
        for pair in systems.windows(2) {
            if pair[0].name == pair[1].name {
                return Err(ScheduleError::Twice {
                    name: pair[0].name.clone(),
                });
            }
        }
        check_handlers(&self.bus)?;
        let mut phases: [Vec<SystemConfig>; Phase::ALL.len()] = Default::default();
        for system in systems {
            if system.name.is_empty() || system.name.len() > Self::NAME_SIZE_MAX {
                return Err(ScheduleError::Name { name: system.name });
            }
            phases[system.phase as usize].push(system);
        }
        let mut entries: [Vec<Entry>; Phase::ALL.len()] = Default::default();
        for (place, systems) in entries.iter_mut().zip(phases) {
            *place = order(&self.registry, systems)?;
            check_ambiguity(&self.registry, place)?;
        }
        if self.is_strict {
            check_writers(&self.registry, &entries)?;
        }
        Ok(Schedule {
            registry: self.registry,
            phases: entries,
            bus: self.bus,
            graphs: core::array::from_fn(|_| CachedGraph::default()),
        })
    }
}

/// The systems of a phase in canonical order: of those whose predecessors are placed, the one of the lowest priority
/// number and, among equals, name comes next.
fn order(registry: &Registry, systems: Vec<SystemConfig>) -> Result<Vec<Entry>, ScheduleError> {
    let after = predecessors(&systems)?;
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    let mut waiting: Vec<usize> = (0..systems.len()).collect();
    // Names are sorted, so a stable sort by priority orders equals by name.
    waiting.sort_by_key(|index| systems[*index].priority);
    let mut sequence = Vec::with_capacity(systems.len());
    while !waiting.is_empty() {
        let is_ready = |index: &usize| after[*index].iter().all(|other| places.contains_key(other));
        let Some(next) = waiting.iter().position(is_ready) else {
            return Err(cycle(&systems, &after, &waiting));
        };
        let index = waiting.remove(next);
        places.insert(index, sequence.len());
        sequence.push(index);
    }
    let mut systems: Vec<Option<SystemConfig>> = systems.into_iter().map(Some).collect();
    sequence
        .into_iter()
        .filter_map(|index| systems[index].take().map(|system| (index, system)))
        .map(|(index, system)| {
            let after = after[index].iter().map(|other| places[other]).collect();
            entry(registry, system, after)
        })
        .collect()
}

fn entry(
    registry: &Registry,
    config: SystemConfig,
    after: Vec<usize>,
) -> Result<Entry, ScheduleError> {
    let mut access = Access::default();
    let system = config
        .body
        .resolve(registry, &mut access)
        .map_err(|error| ScheduleError::System {
            name: config.name.clone(),
            error,
        })?;
    Ok(Entry {
        name: Arc::from(config.name),
        priority: config.priority,
        access,
        condition: config.condition,
        system,
        after,
    })
}

/// For each system the places of those that run before it.
fn predecessors(systems: &[SystemConfig]) -> Result<Vec<Vec<usize>>, ScheduleError> {
    let mut after: Vec<Vec<usize>> = alloc::vec![Vec::new(); systems.len()];
    for (index, system) in systems.iter().enumerate() {
        let find = |other: &String| {
            systems
                .binary_search_by(|system| system.name.cmp(other))
                .map_err(|_| ScheduleError::UnknownOrder {
                    name: system.name.clone(),
                    other: other.clone(),
                })
        };
        for other in &system.after {
            after[index].push(find(other)?);
        }
        for other in &system.before {
            after[find(other)?].push(index);
        }
    }
    for list in &mut after {
        list.sort_unstable();
        list.dedup();
    }
    Ok(after)
}

/// Names a circle among systems that all wait for each other.
fn cycle(systems: &[SystemConfig], after: &[Vec<usize>], waiting: &[usize]) -> ScheduleError {
    let mut path = Vec::new();
    let mut at = waiting[0];
    while !path.contains(&at) {
        path.push(at);
        // Whoever waits, waits for somebody who waits.
        at = after[at]
            .iter()
            .copied()
            .find(|other| waiting.contains(other))
            .unwrap_or(at);
    }
    let start = path.iter().position(|index| *index == at).unwrap_or(0);
    let mut circle: Vec<usize> = path[start..].to_vec();
    circle.push(at);
    circle.reverse();
    let names: Vec<String> = circle
        .iter()
        .map(|index| alloc::format!("`{}`", systems[*index].name))
        .collect();
    ScheduleError::Cycle {
        names: names.join(", "),
    }
}

/// Every two systems that conflict must be ordered: by a chain of orders, or by priorities that differ.
fn check_ambiguity(registry: &Registry, entries: &[Entry]) -> Result<(), ScheduleError> {
    // For each system, all that come before it by some chain.
    let mut before: Vec<Vec<bool>> = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut all = alloc::vec![false; entries.len()];
        for other in &entry.after {
            all[*other] = true;
            for (place, is_before) in all.iter_mut().zip(&before[*other]) {
                *place |= is_before;
            }
        }
        before.push(all);
    }
    for (second, entry) in entries.iter().enumerate() {
        for first in 0..second {
            let other = &entries[first];
            let is_ordered = before[second][first] || entry.priority != other.priority;
            let conflicts = other.access.conflicts(&entry.access);
            if is_ordered || conflicts.is_empty() {
                continue;
            }
            let targets: Vec<String> = conflicts
                .iter()
                .map(|target| alloc::format!("`{}`", target.name(registry)))
                .collect();
            return Err(ScheduleError::Ambiguous {
                first: other.name.to_string(),
                second: entry.name.to_string(),
                targets: targets.join(", "),
            });
        }
    }
    Ok(())
}

/// Names of handlers are theirs alone: what they emit and that they heard once is kept by name.
fn check_handlers(bus: &BusConfig) -> Result<(), ScheduleError> {
    let mut names = BTreeMap::new();
    for handler in &bus.handlers {
        let name = handler.name.to_string();
        if name.is_empty() || name.len() > ScheduleBuilder::NAME_SIZE_MAX {
            return Err(ScheduleError::Name { name });
        }
        if names.insert(name.clone(), ()).is_some() {
            return Err(ScheduleError::Twice { name });
        }
    }
    Ok(())
}

fn check_writers(registry: &Registry, phases: &[Vec<Entry>]) -> Result<(), ScheduleError> {
    let mut writers = BTreeMap::new();
    for entry in phases.iter().flatten() {
        for target in entry.access.writes() {
            if let Some(first) = writers.insert(*target, &entry.name) {
                return Err(ScheduleError::SecondWriter {
                    first: first.to_string(),
                    second: entry.name.to_string(),
                    target: target.name(registry).to_string(),
                });
            }
        }
    }
    Ok(())
}
