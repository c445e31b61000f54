//! Making a schedule: names, phases, order, and what is refused.
//!
//! Tests: `tests/it/schedule.rs`.

use super::check::{check_ambiguity, check_commuting, check_handlers, check_writers, cycle};
use super::observer::{Observer, Observers};
use super::system::{Body, Facts, Runner};
use super::{Phase, PhasePlan, Schedule};
use crate::access::Access;
use crate::bus::BusConfig;
use crate::error::WorldError;
use crate::registry::Registry;
use crate::world::World;
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
    /// Systems of one phase conflict, and nothing says which runs first.
    #[error("{}", listed(pairs))]
    Ambiguous {
        /// Every such pair of the phase, in canonical order.
        pairs: Vec<Ambiguity>,
    },
    /// Two systems are said to commute, and one of them asks what changed since it ran last, which tells their order.
    #[error(
        "`{first}` and `{second}` cannot commute: `{first}` asks what changed since it ran last"
    )]
    CannotCommute {
        /// The system that asks.
        first: String,
        /// The other system.
        second: String,
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

/// Two systems that conflict and have no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{first}` and `{second}` both use {targets} and one of them writes: say which runs first with `before`, `after` or `priority`"
)]
pub struct Ambiguity {
    /// One system.
    pub first: String,
    /// The other system.
    pub second: String,
    /// The components and resources, in back-ticks.
    pub targets: String,
}

fn listed(pairs: &[Ambiguity]) -> String {
    let lines: Vec<String> = pairs.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// A system with its place in the tick.
pub struct SystemConfig {
    pub(super) name: String,
    phase: Phase,
    priority: i32,
    before: Vec<String>,
    after: Vec<String>,
    sets: Vec<String>,
    commutes: Vec<String>,
    conditions: Vec<Condition>,
    body: Body,
}

/// Whether a system runs in a tick: a pure function of the world.
pub(crate) type Condition = Arc<dyn Fn(&World) -> bool + Send + Sync>;

impl SystemConfig {
    pub(crate) fn new(name: &str, body: Body) -> SystemConfig {
        SystemConfig {
            name: name.to_string(),
            phase: Phase::default(),
            priority: 0,
            before: Vec::new(),
            after: Vec::new(),
            sets: Vec::new(),
            commutes: Vec::new(),
            conditions: Vec::new(),
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
        let lists = [
            &mut self.before,
            &mut self.after,
            &mut self.sets,
            &mut self.commutes,
        ];
        for names in lists {
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

    /// Runs before the system of this name, or all systems of the set of this name, in the same phase.
    #[must_use]
    pub fn before(mut self, name: &str) -> SystemConfig {
        self.before.push(name.to_string());
        self
    }

    /// Runs after the system of this name, or all systems of the set of this name, in the same phase.
    #[must_use]
    pub fn after(mut self, name: &str) -> SystemConfig {
        self.after.push(name.to_string());
        self
    }

    /// Belongs to a set: a name by which others can be ordered, and that can have conditions and an order of its own; see
    /// [`SetConfig`].
    #[must_use]
    pub fn in_set(mut self, set: &str) -> SystemConfig {
        self.sets.push(set.to_string());
        self
    }

    /// Says that this system and the one of this name may run in either order: nobody can tell from the world which ran
    /// first. No order is needed then. [`Workers::permuted`](super::Workers::permuted) runs them in either order, and
    /// [`Schedule::check_commuting`] compares both.
    #[must_use]
    pub fn commutes_with(mut self, name: &str) -> SystemConfig {
        self.commutes.push(name.to_string());
        self
    }

    /// Runs only in ticks where the condition holds when its phase begins; of several, all must. A condition must be a
    /// function of the world.
    #[must_use]
    pub fn run_if(
        mut self,
        condition: impl Fn(&World) -> bool + Send + Sync + 'static,
    ) -> SystemConfig {
        self.conditions.push(Arc::new(condition));
        self
    }
}

/// What holds for all systems of a set, in every phase they are in.
pub struct SetConfig {
    name: String,
    before: Vec<String>,
    after: Vec<String>,
    conditions: Vec<Condition>,
}

impl SetConfig {
    /// A set with this name.
    #[must_use]
    pub fn new(name: &str) -> SetConfig {
        SetConfig {
            name: name.to_string(),
            before: Vec::new(),
            after: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Its systems run before a system or the systems of a set, in the same phase.
    #[must_use]
    pub fn before(mut self, name: &str) -> SetConfig {
        self.before.push(name.to_string());
        self
    }

    /// Its systems run after a system or the systems of a set, in the same phase.
    #[must_use]
    pub fn after(mut self, name: &str) -> SetConfig {
        self.after.push(name.to_string());
        self
    }

    /// The same set under another name, and ordered by other names.
    pub(crate) fn renamed(mut self, rename: impl Fn(&str) -> String) -> SetConfig {
        self.name = rename(&self.name);
        for name in self.before.iter_mut().chain(&mut self.after) {
            *name = rename(name);
        }
        self
    }

    /// Its systems run only in ticks where the condition holds when their phase begins.
    #[must_use]
    pub fn run_if(
        mut self,
        condition: impl Fn(&World) -> bool + Send + Sync + 'static,
    ) -> SetConfig {
        self.conditions.push(Arc::new(condition));
        self
    }
}

/// A system in its canonical place.
pub(crate) struct Entry {
    pub name: Arc<str>,
    pub priority: i32,
    pub access: Access,
    pub conditions: Vec<Condition>,
    pub facts: Facts,
    pub system: Runner,
    /// Systems of the phase that run before because it was said, by their places; all are lower.
    pub after: Vec<usize>,
    /// Systems of the phase that it commutes with, by their places.
    pub commutes: Vec<usize>,
    /// The place that its stamp comes from: its own, or the last one among those it commutes with.
    pub stamp_place: u64,
    /// What is read and written, as numbers from 0 among all targets of the phase.
    pub reads: Vec<u32>,
    pub writes: Vec<u32>,
}

/// Collects systems.
pub struct ScheduleBuilder {
    registry: Registry,
    systems: Vec<SystemConfig>,
    sets: Vec<SetConfig>,
    observers: Vec<Observer>,
    is_strict: bool,
    is_guarded: bool,
    bus: BusConfig,
}

impl ScheduleBuilder {
    pub(super) const NAME_SIZE_MAX: usize = 128;

    pub(super) fn new(registry: &Registry) -> ScheduleBuilder {
        ScheduleBuilder {
            registry: registry.clone(),
            systems: Vec::new(),
            sets: Vec::new(),
            observers: Vec::new(),
            is_strict: false,
            is_guarded: false,
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

    /// Says what holds for the systems of a set.
    #[must_use]
    pub fn set(mut self, set: SetConfig) -> ScheduleBuilder {
        self.sets.push(set);
        self
    }

    /// Adds an observer.
    #[must_use]
    pub fn observe(mut self, observer: Observer) -> ScheduleBuilder {
        self.observers.push(observer);
        self
    }

    /// Puts the world back when a system panics, as it is put back when a system gives an error. Ticks hold on to the world
    /// as it was then, so the first write to each block copies it.
    #[must_use]
    pub const fn guarded(mut self) -> ScheduleBuilder {
        self.is_guarded = true;
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
        check_handlers(&self.bus, &self.observers)?;
        let sets = known_sets(&systems, self.sets)?;
        let mut phases: [Vec<SystemConfig>; Phase::ALL.len()] = Default::default();
        for system in systems {
            if system.name.is_empty() || system.name.len() > Self::NAME_SIZE_MAX {
                return Err(ScheduleError::Name { name: system.name });
            }
            phases[system.phase as usize].push(system);
        }
        let mut entries: [Vec<Entry>; Phase::ALL.len()] = Default::default();
        for (place, systems) in entries.iter_mut().zip(phases) {
            *place = order(&self.registry, systems, &sets)?;
            check_commuting(place)?;
            check_ambiguity(&self.registry, place)?;
        }
        if self.is_strict {
            check_writers(&self.registry, &entries)?;
        }
        let has_observers = !self.observers.is_empty();
        let observers = Observers::new(&self.registry, self.observers)
            .map_err(|(name, error)| ScheduleError::System { name, error })?;
        let mut all = entries.iter().flatten();
        Ok(Schedule {
            registry: self.registry,
            can_fail: self.is_guarded || has_observers || all.any(|entry| entry.facts.can_fail),
            plans: core::array::from_fn(|phase| PhasePlan::new(&mut entries[phase])),
            phases: entries,
            bus: self.bus,
            observers,
        })
    }
}

/// Sets by name. A set is known when a system is in it or it was configured.
type Sets = BTreeMap<String, SetConfig>;

/// The sets, where no set has the name of a system.
fn known_sets(systems: &[SystemConfig], configs: Vec<SetConfig>) -> Result<Sets, ScheduleError> {
    let mut sets = Sets::new();
    for config in configs {
        let name = config.name.clone();
        if sets.insert(name.clone(), config).is_some() {
            return Err(ScheduleError::Twice { name });
        }
    }
    for name in systems.iter().flat_map(|system| &system.sets) {
        sets.entry(name.clone())
            .or_insert_with(|| SetConfig::new(name));
    }
    let is_system = |name: &&String| systems.iter().any(|system| system.name == **name);
    let is_name = |name: &str| !name.is_empty() && name.len() <= ScheduleBuilder::NAME_SIZE_MAX;
    if let Some(name) = sets.keys().find(|name| !is_name(name)) {
        return Err(ScheduleError::Name { name: name.clone() });
    }
    match sets.keys().find(is_system) {
        Some(name) => Err(ScheduleError::Twice { name: name.clone() }),
        None => Ok(sets),
    }
}

/// The systems of a phase in canonical order: of those whose predecessors are placed, the one of the lowest priority
/// number and, among equals, name comes next.
fn order(
    registry: &Registry,
    systems: Vec<SystemConfig>,
    sets: &Sets,
) -> Result<Vec<Entry>, ScheduleError> {
    let (after, commutes) = relations(&systems, sets)?;
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
    let placed =
        |list: &[usize]| -> Vec<usize> { list.iter().map(|other| places[other]).collect() };
    sequence
        .into_iter()
        .filter_map(|index| systems[index].take().map(|system| (index, system)))
        .map(|(index, mut system)| {
            for name in core::mem::take(&mut system.sets) {
                let conditions = sets.get(&name).map(|set| set.conditions.iter().cloned());
                system.conditions.extend(conditions.into_iter().flatten());
            }
            let mut entry = entry(registry, system, places[&index])?;
            entry.after = placed(&after[index]);
            entry.commutes = placed(&commutes[index]);
            Ok(entry)
        })
        .collect()
}

fn entry(registry: &Registry, config: SystemConfig, place: usize) -> Result<Entry, ScheduleError> {
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
        conditions: config.conditions,
        facts: system.facts(),
        system,
        after: Vec::new(),
        commutes: Vec::new(),
        stamp_place: place as u64,
        reads: Vec::new(),
        writes: Vec::new(),
    })
}

/// For each system, others by their numbers.
type Relation = Vec<Vec<usize>>;

/// For each system the numbers of those that run before it, and of those it commutes with.
fn relations(systems: &[SystemConfig], sets: &Sets) -> Result<(Relation, Relation), ScheduleError> {
    let mut after: Relation = alloc::vec![Vec::new(); systems.len()];
    let mut commutes = after.clone();
    for (index, system) in systems.iter().enumerate() {
        let find = |other: &String| {
            meant(systems, sets, other).ok_or_else(|| ScheduleError::UnknownOrder {
                name: system.name.clone(),
                other: other.clone(),
            })
        };
        let of_sets = || system.sets.iter().filter_map(|name| sets.get(name));
        for other in system
            .after
            .iter()
            .chain(of_sets().flat_map(|set| &set.after))
        {
            after[index].extend(find(other)?);
        }
        for other in system
            .before
            .iter()
            .chain(of_sets().flat_map(|set| &set.before))
        {
            for later in find(other)? {
                after[later].push(index);
            }
        }
        for other in &system.commutes {
            for other in find(other)? {
                commutes[index].push(other);
                commutes[other].push(index);
            }
        }
    }
    for list in after.iter_mut().chain(&mut commutes) {
        list.sort_unstable();
        list.dedup();
    }
    Ok((after, commutes))
}

/// The systems of a phase that a name means; `None` for a name that nobody has.
fn meant(systems: &[SystemConfig], sets: &Sets, name: &String) -> Option<Vec<usize>> {
    if let Ok(index) = systems.binary_search_by(|system| system.name.cmp(name)) {
        return Some(alloc::vec![index]);
    }
    let is_member = |index: &usize| systems[*index].sets.contains(name);
    sets.contains_key(name)
        .then(|| (0..systems.len()).filter(is_member).collect())
}
