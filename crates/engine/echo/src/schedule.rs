//! The schedule: which systems run, in which order, and what one tick does.
//!
//! A tick goes through the phases. In each, the systems whose conditions hold form a graph of jobs from what they read
//! and write; what does not conflict may run side by side. At the end of a phase the commands of all systems are done
//! in the order of the schedule. Threads are the business of [`Workers`] alone.
//!
//! INVARIANT 1: the world after a tick depends on the world before and on the schedule: not on threads, not on how
//! systems were cut into jobs, not on which job ended first.
//! INVARIANT 2: two systems that conflict have a declared order, or the schedule is refused with their names.
//! INVARIANT 3: a tick that gives an error leaves the world as it was before.
//! Guide: `docs/guide/echo.md`. Tests: `tests/it/schedule.rs`.

mod build;
mod check;
mod condition;
mod graph;
mod hooks;
mod level;
mod observer;
mod param;
mod run;
mod runtime;
mod sum;
mod system;
mod workers;

pub use build::{Ambiguity, ScheduleBuilder, ScheduleError, SetConfig, SystemConfig};
pub use condition::{every_ticks, in_state};
pub use hooks::{Ran, Step, Watch};
pub use observer::{Observer, ObserverContext};
pub use param::{Local, Query, Removed, Res, ResMut, Rng, SystemParam, Tick};
pub use run::{TickError, TickReport};
pub use runtime::{Signature, SystemView, ViewError};
pub use sum::each_into;
pub use system::{IntoSystem, SystemOutput, each, each_with_commands, system};
pub use workers::Workers;

pub(crate) use hooks::Hooks;
pub(crate) use system::Job;
pub(crate) use workers::LevelCost;

/// A column of a Rust type.
pub(crate) type Typed<T> = crate::column::Column<Vec<T>>;

use crate::bus::BusConfig;
use crate::hash::Tag;
use crate::registry::Registry;
use crate::world::World;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use build::Entry;
use core::fmt;
use gatos_values::Blake3Digest;
use graph::Graph;
use observer::Observers;

/// A part of a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// In the first tick of a world only.
    Initialize,
    /// Before the update: input, scripts that prepare.
    PreUpdate,
    /// The update itself.
    #[default]
    Update,
    /// After the update: constraints, clean-up.
    PostUpdate,
    /// What a renderer needs is gathered.
    RenderPrep,
    /// What was gathered is shown, by adapters.
    Present,
    /// The tick is closed: what history keeps is written.
    TimelineFlush,
}

impl Phase {
    /// Every phase, in the order of a tick.
    pub const ALL: [Phase; 7] = [
        Phase::Initialize,
        Phase::PreUpdate,
        Phase::Update,
        Phase::PostUpdate,
        Phase::RenderPrep,
        Phase::Present,
        Phase::TimelineFlush,
    ];

    /// The phase's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Initialize => "initialize",
            Phase::PreUpdate => "pre_update",
            Phase::Update => "update",
            Phase::PostUpdate => "post_update",
            Phase::RenderPrep => "render_prep",
            Phase::Present => "present",
            Phase::TimelineFlush => "timeline_flush",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Systems in their order, ready to run on any world with the same registry.
///
/// ```
/// use gatos_echo::schedule::{Phase, Schedule, Workers, each, system, Query, Res};
/// use gatos_echo::{Registry, World, component};
///
/// #[derive(Clone, Copy)]
/// struct Position(f64);
/// component!(Position = "position" { 0: f64 });
/// #[derive(Clone, Copy)]
/// struct Velocity(f64);
/// component!(Velocity = "velocity" { 0: f64 });
/// #[derive(Clone, Copy)]
/// struct Gravity(f64);
/// component!(Gravity = "gravity" { 0: f64 });
///
/// fn fall(mut bodies: Query<&mut Velocity>, gravity: Res<Gravity>) {
///     bodies.for_each(|velocity| velocity.0 += gravity.0);
/// }
///
/// let registry = Registry::builder()
///     .with::<Position>()
///     .with::<Velocity>()
///     .with::<Gravity>()
///     .build()?;
/// let mut schedule = Schedule::builder(&registry)
///     .add(system("fall", fall))
///     .add(
///         each::<(&mut Position, &Velocity), ()>("move", |(position, velocity)| {
///             position.0 += velocity.0;
///         })
///         .after("fall"),
///     )
///     .build()?;
///
/// let mut world = World::new(&registry);
/// world.set_resource(Gravity(-1.0))?;
/// let stone = world.spawn((Position(10.0), Velocity(0.0)))?;
/// let workers = Workers::inline();
/// for _ in 0..3 {
///     schedule.tick(&mut world, &workers)?;
/// }
/// assert_eq!(world.get::<Position>(stone)?.0, 4.0);
/// assert_eq!(world.tick(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Schedule {
    registry: Registry,
    /// Systems by phase, in each in canonical order.
    phases: [Vec<Entry>; Phase::ALL.len()],
    plans: [PhasePlan; Phase::ALL.len()],
    /// Whether a tick may have to be undone.
    can_fail: bool,
    bus: BusConfig,
    observers: Observers,
}

/// What is known about the systems of a phase from tick to tick.
#[derive(Default)]
pub(crate) struct PhasePlan {
    /// Whether some system runs in some ticks only.
    has_conditions: bool,
    /// Whether some system asks what changed since it ran last.
    looks_back: bool,
    /// Whether some system comes with a signature.
    has_signed: bool,
    /// How many components and resources its systems use.
    target_count: usize,
    /// Systems that need something to be there.
    checks: Vec<usize>,
    /// The graph with the systems it was made for.
    enabled: Vec<bool>,
    graph: Option<Arc<Graph>>,
    /// Two systems that commute and run in the other order, to see whether they do.
    turned: Option<(usize, usize)>,
    /// What levels cost, for who runs them.
    costs: Vec<LevelCost>,
}

impl Schedule {
    /// A schedule to be filled.
    #[must_use]
    pub fn builder(registry: &Registry) -> ScheduleBuilder {
        ScheduleBuilder::new(registry)
    }

    /// The rules of the bus.
    #[must_use]
    pub const fn bus(&self) -> &BusConfig {
        &self.bus
    }

    /// The components that worlds must have.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The digest of the table of systems: phases, priorities, names, orders, what is read and written.
    #[must_use]
    pub fn systems_digest(&self) -> Blake3Digest {
        let mut bytes = crate::hash::start(Tag::Systems);
        let push_u32 = |bytes: &mut Vec<u8>, value: usize| {
            bytes.extend((value as u32).to_le_bytes());
        };
        for (phase, entries) in self.phases.iter().enumerate() {
            for entry in entries {
                bytes.push(phase as u8);
                bytes.push(entry.name.len() as u8);
                bytes.extend(entry.name.as_bytes());
                bytes.extend(entry.priority.to_le_bytes());
                bytes.push(u8::from(!entry.conditions.is_empty()));
                push_u32(&mut bytes, entry.after.len());
                for other in &entry.after {
                    push_u32(&mut bytes, *other);
                }
                for targets in [entry.access.reads(), entry.access.writes()] {
                    push_u32(&mut bytes, targets.len());
                    for target in targets {
                        target.encode(&mut bytes);
                    }
                }
            }
        }
        self.observers.encode(&mut bytes);
        Blake3Digest::of(&bytes)
    }

    /// The pairs of systems that were said to commute and do not, seen on this world: for each pair, a tick in canonical order
    /// and one with the two in the other order give different worlds. That none are found proves nothing about other worlds.
    ///
    /// # Errors
    /// [`TickError`] where the tick is not made at all.
    pub fn check_commuting(
        &mut self,
        world: &World,
        workers: &Workers,
    ) -> Result<Vec<(String, String)>, TickError> {
        let mut expected = world.fork();
        self.tick(&mut expected, workers)?;
        let mut broken = Vec::new();
        for phase in 0..Phase::ALL.len() {
            for (first, second) in self.commuting(phase) {
                self.plans[phase].turned = Some((first, second));
                let mut turned = world.fork();
                let result = self.tick(&mut turned, workers);
                self.plans[phase].turned = None;
                if result.is_err() || turned.hash() != expected.hash() {
                    let name = |index: usize| self.phases[phase][index].name.to_string();
                    broken.push((name(first), name(second)));
                }
            }
        }
        Ok(broken)
    }

    /// The pairs of a phase that were said to commute, by their places.
    fn commuting(&self, phase: usize) -> Vec<(usize, usize)> {
        let entries = self.phases[phase].iter().enumerate();
        let pairs = entries.flat_map(|(index, entry)| {
            let later = entry.commutes.iter().filter(move |other| **other > index);
            later.map(move |other| (index, *other))
        });
        pairs.collect()
    }

    /// The names of the systems of a phase, in canonical order.
    pub fn systems(&self, phase: Phase) -> impl Iterator<Item = &str> {
        self.phases[phase as usize].iter().map(|entry| &*entry.name)
    }

    /// The names of the systems of a phase that may run side by side, level by level, if all of them run.
    #[must_use]
    pub fn levels(&self, phase: Phase) -> Vec<Vec<&str>> {
        let entries = &self.phases[phase as usize];
        let enabled = alloc::vec![true; entries.len()];
        let target_count = self.plans[phase as usize].target_count;
        let graph = graph::build(entries, target_count, &enabled);
        let name = |index: &usize| &*entries[*index].name;
        graph
            .levels()
            .map(|level| level.iter().map(name).collect())
            .collect()
    }
}
