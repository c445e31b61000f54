//! One tick: phases, levels, jobs, commands, stamps.
//!
//! Every system has a stamp of its own, counted in canonical order, whenever it really ran. What [`Workers`] finds too
//! little to hand over runs inline; else the systems of a level become jobs. Tests: `tests/it/schedule.rs`.

use super::build::Entry;
use super::graph::Graph;
use super::hooks::{Hooks, SCRIPTS, Step};
use super::level::{LevelRun, Outputs};
use super::observer::{Heard, Observers};
use super::param::Output;
use super::{Phase, Schedule, Workers};
use crate::bus::{BusError, Courier, Draft, Drop, PostReport};
use crate::commands::Commands;
use crate::error::WorldError;
use crate::simulation::{LogLine, ScriptOutput};
use crate::stamp::Stamp;
use crate::world::World;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Why a tick was not made. The world is as before the tick.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TickError {
    /// A system gave up.
    #[error("the system `{system}` stopped the tick in {phase}: {reason}")]
    System {
        /// The phase.
        phase: Phase,
        /// The system.
        system: String,
        /// Its own words.
        reason: String,
    },
    /// A system needs something that the world does not have.
    #[error("the system `{system}` cannot run: {error}")]
    Needs {
        /// The system.
        system: String,
        /// What is missing.
        error: WorldError,
    },
    /// The bus refused to go on.
    #[error("the bus stopped the tick in {phase}: {error}")]
    Bus {
        /// The phase.
        phase: Phase,
        /// Why.
        error: BusError,
    },
    /// Scripts gave up.
    #[error("the script `{script}` stopped the tick in {phase}: {reason}")]
    Script {
        /// The phase.
        phase: Phase,
        /// The script.
        script: String,
        /// Its words, with file, line and traceback.
        reason: String,
    },
    /// An observer gave up.
    #[error("the observer `{observer}` stopped the tick in {phase}: {reason}")]
    Observer {
        /// The phase.
        phase: Phase,
        /// The observer.
        observer: String,
        /// Its own words.
        reason: String,
    },
    /// The world has another registry than the schedule.
    #[error("the schedule was made for other components than the world has")]
    Registry,
}

/// What a tick did besides changing the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// The number of the tick: how many were completed before it.
    pub tick: u64,
    /// How many commands there were.
    pub commands: u64,
    /// Commands that found nobody or nothing to work on, with the reason, in order.
    pub refused: Vec<WorldError>,
    /// How many random numbers systems and handlers drew.
    pub draws: u64,
    /// How many envelopes were delivered.
    pub delivered: u64,
    /// How many of those nobody heard.
    pub unheard: u64,
    /// Envelopes that full lanes dropped, in order.
    pub dropped: Vec<Drop>,
    /// What scripts logged, in order.
    pub log: Vec<LogLine>,
    /// Branches that scripts asked for, to begin after this tick.
    pub forks: Vec<String>,
}

impl Schedule {
    /// Makes one tick.
    ///
    /// # Errors
    /// [`TickError`]; the world is as before the tick.
    ///
    /// # Panics
    /// Where a system panics. Nothing is lost; where the schedule is [`guarded`](super::ScheduleBuilder::guarded) or a system, handler or
    /// script can fail, the world is as before the tick, else it has what was written up to then.
    pub fn tick(&mut self, world: &mut World, workers: &Workers) -> Result<TickReport, TickError> {
        self.tick_with(world, workers, &mut Hooks::none())
    }

    /// As [`Schedule::tick`], with scripts and whoever watches.
    pub(crate) fn tick_with(
        &mut self,
        world: &mut World,
        workers: &Workers,
        hooks: &mut Hooks<'_>,
    ) -> Result<TickReport, TickError> {
        if world.registry().digest() != self.registry.digest() {
            return Err(TickError::Registry);
        }
        self.check(world)?;
        let has_bus = !self.bus.handlers.is_empty() || !world.state().mailbox.is_empty();
        // Holding the world as it was makes every first write copy a block; only who may need it pays for it.
        let can_fail = self.can_fail || has_bus || hooks.scripts.is_some();
        let before = can_fail.then(|| world.fork());
        let systems: usize = self.phases.iter().map(Vec::len).sum();
        let mut attempt = Attempt {
            // A phase counts a stamp for each system, one for handlers and one for commands.
            stamp_max: world.state().stamp.0 + systems as u64 + 2 * Phase::ALL.len() as u64,
            world,
            before,
            is_made: false,
        };
        let result = self.run_tick(attempt.world, workers, hooks);
        attempt.is_made = result.is_ok();
        result
    }

    /// One tick on a world that somebody puts back if this fails.
    fn run_tick(
        &mut self,
        world: &mut World,
        workers: &Workers,
        hooks: &mut Hooks<'_>,
    ) -> Result<TickReport, TickError> {
        let mut report = TickReport {
            tick: world.tick(),
            ..TickReport::default()
        };
        let mut post = PostReport::default();
        let first = world.state().stamp;
        let mut stamp = first;
        if !self.observers.is_empty() {
            world.state_mut().journal = Some(Vec::new());
        }
        for phase in Phase::ALL {
            let mut sums = Sums {
                stamp: &mut stamp,
                report: &mut report,
                post: &mut post,
            };
            self.deliver(phase, world, &mut sums, hooks)?;
            self.run_phase(phase, world, workers, &mut sums, hooks)?;
        }
        let state = world.state_mut();
        state.journal = None;
        if state.memory.is_watching() {
            Arc::make_mut(&mut state.memory).end_tick(first);
        }
        state.stamp = Stamp(stamp.0 + 1);
        state.tick += 1;
        report.draws = report.draws.wrapping_add(post.draws);
        report.delivered = post.delivered;
        report.unheard = post.unheard;
        report.commands += post.commands;
        report.dropped = post.dropped;
        Ok(report)
    }

    /// What systems need must be there before anything is changed.
    fn check(&self, world: &mut World) -> Result<(), TickError> {
        let is_first = world.tick() == 0;
        for phase in Phase::ALL {
            if phase == Phase::Initialize && !is_first {
                continue;
            }
            for index in &self.plans[phase as usize].checks {
                let entry = &self.phases[phase as usize][*index];
                let checked = entry.system.check(world.state());
                checked.map_err(|error| TickError::Needs {
                    system: entry.name.to_string(),
                    error,
                })?;
            }
        }
        Ok(())
    }

    /// Puts an envelope into its lane from outside of ticks, in the name of `input`. What a full lane dropped, by its rule.
    ///
    /// # Errors
    /// [`BusError`]; the world is as before.
    pub fn emit(&self, world: &mut World, draft: Draft) -> Result<Option<Drop>, BusError> {
        let before = world.fork();
        let mut report = PostReport::default();
        let accepted = Courier::new(&self.bus, world, None, &mut report, &mut Hooks::none())
            .accept(&Arc::from("input"), draft);
        if accepted.is_err() {
            *world = before;
        }
        accepted.map(|()| report.dropped.pop())
    }

    /// Delivers what is due in a phase. Handlers write with a stamp of their own.
    fn deliver(
        &self,
        phase: Phase,
        world: &mut World,
        sums: &mut Sums<'_>,
        hooks: &mut Hooks<'_>,
    ) -> Result<(), TickError> {
        hooks.done(phase, Step::Begin, world);
        if !world.state().mailbox.has_due(phase, world.tick()) {
            return Ok(());
        }
        sums.stamp.0 += 1;
        world.state_mut().stamp = *sums.stamp;
        let mut courier = Courier::new(&self.bus, world, Some(phase), sums.post, hooks);
        courier
            .deliver(phase)
            .map_err(|error| TickError::Bus { phase, error })?;
        hear(&self.observers, phase, &mut courier, sums.report)?;
        sums.report.refused.append(&mut sums.post.refused);
        sums.report.log.append(&mut sums.post.log);
        sums.report.forks.append(&mut sums.post.forks);
        Ok(())
    }

    fn run_phase(
        &mut self,
        phase: Phase,
        world: &mut World,
        workers: &Workers,
        sums: &mut Sums<'_>,
        hooks: &mut Hooks<'_>,
    ) -> Result<(), TickError> {
        let scripted = hooks
            .call_phase(phase, world)
            .map_err(|error| TickError::Script {
                phase,
                script: error.script,
                reason: error.reason,
            })?;
        let entries = &mut self.phases[phase as usize];
        let is_idle = entries.is_empty() || phase == Phase::Initialize && world.tick() > 0;
        if is_idle && scripted.is_none() {
            return Ok(());
        }
        let entries = if is_idle { &mut [] } else { &mut entries[..] };
        let plan = &mut self.plans[phase as usize];
        let graph = plan.graph(entries, world, workers.shuffle(world.tick()));
        let first = sums.stamp.0 + 1;
        let mut outputs: Outputs = Vec::new();
        for (number, level) in graph.levels().enumerate() {
            let mut run = LevelRun {
                phase,
                number: (phase as u64) << 32 | number as u64,
                first,
                workers,
                cost: &mut plan.costs[number],
                has_signed: plan.has_signed,
                hooks,
                outputs: &mut outputs,
            };
            run.level(entries, level, world)
                .map_err(|(system, reason)| TickError::System {
                    phase,
                    system,
                    reason,
                })?;
        }
        outputs.sort_unstable_by_key(|(index, _)| *index);
        *sums.stamp = Stamp(first + entries.len() as u64);
        if plan.looks_back {
            note_marks(entries, &graph, world, first);
        }
        world.state_mut().stamp = *sums.stamp;
        let mut courier = Courier::new(&self.bus, world, Some(phase), sums.post, hooks);
        let observers = &self.observers;
        let stop = |error| TickError::Bus { phase, error };
        if scripted.is_some() {
            reduce_scripts(scripted, &mut courier, sums.report).map_err(stop)?;
            hear(observers, phase, &mut courier, sums.report)?;
        }
        for (index, output) in outputs {
            let entry = &entries[index];
            reduce(entry, output, &mut courier, sums.report).map_err(stop)?;
            hear(observers, phase, &mut courier, sums.report)?;
        }
        Ok(())
    }
}

/// A tick that was not made yet: if it ends before it is, by an error or a panic, the world is put back, or has at least
/// no stamp of the future.
struct Attempt<'w> {
    world: &'w mut World,
    before: Option<World>,
    stamp_max: u64,
    is_made: bool,
}

impl core::ops::Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_made {
            return;
        }
        match self.before.take() {
            Some(before) => *self.world = before,
            None => {
                let state = self.world.state_mut();
                state.stamp = Stamp(self.stamp_max);
                state.journal = None;
            }
        }
    }
}

/// What adds up over the phases of a tick.
struct Sums<'a> {
    stamp: &'a mut Stamp,
    report: &'a mut TickReport,
    post: &'a mut PostReport,
}

/// The end of a phase: what scripts want comes before what systems want.
fn reduce_scripts(
    scripted: Option<ScriptOutput>,
    courier: &mut Courier<'_, '_>,
    report: &mut TickReport,
) -> Result<(), BusError> {
    let Some(scripted) = scripted else {
        return Ok(());
    };
    report.draws = report.draws.wrapping_add(scripted.draws);
    report.commands += scripted.commands.len() as u64;
    let refused = &mut report.refused;
    scripted.commands.apply(courier.world, refused);
    report.log.extend(scripted.log);
    report.forks.extend(scripted.forks);
    for (source, post) in scripted.posts {
        courier.accept_all(&source, post)?;
    }
    courier.done(Step::Reduced { source: SCRIPTS });
    Ok(())
}

/// The end of a phase for a system: its commands and envelopes.
fn reduce(
    entry: &Entry,
    output: Output,
    courier: &mut Courier<'_, '_>,
    report: &mut TickReport,
) -> Result<(), BusError> {
    let is_empty = output.commands.is_empty() && output.posts.is_empty();
    report.draws = report.draws.wrapping_add(output.draws);
    for commands in output.commands {
        report.commands += commands.len() as u64;
        Commands::apply(commands, courier.world, &mut report.refused);
    }
    for post in output.posts {
        courier.accept_all(&entry.name, post)?;
    }
    if !is_empty {
        let source = &entry.name;
        courier.done(Step::Reduced { source });
    }
    Ok(())
}

/// Lets observers hear what was just done.
fn hear(
    observers: &Observers,
    phase: Phase,
    courier: &mut Courier<'_, '_>,
    report: &mut TickReport,
) -> Result<(), TickError> {
    let mut heard = Heard::default();
    Schedule::hear(observers, phase, courier, &mut heard)?;
    report.commands += heard.commands;
    report.refused.append(&mut heard.refused);
    Ok(())
}

/// Notes when systems ran that will ask what changed since.
fn note_marks(entries: &[Entry], graph: &Graph, world: &mut World, first: u64) {
    let looks_back = |index: &&usize| entries[**index].facts.looks_back;
    let marks = Arc::make_mut(&mut world.state_mut().marks);
    for index in graph.places().iter().filter(looks_back) {
        let name = &entries[*index].name;
        let stamp = Stamp(first + *index as u64);
        match marks.binary_search_by(|(other, _)| other.cmp(name)) {
            Ok(place) => marks[place].1 = stamp,
            Err(place) => marks.insert(place, (Arc::clone(name), stamp)),
        }
    }
}
