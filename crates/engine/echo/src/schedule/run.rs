//! One tick: phases, levels, jobs, commands, stamps.
//!
//! Every system has a stamp of its own, counted in canonical order, whenever it really ran. What [`Workers`] finds too
//! little to hand over runs inline; else the systems of a level become jobs. Tests: `tests/it/schedule.rs`.

use super::build::Entry;
use super::graph::{self, Graph};
use super::hooks::{Hooks, Ran, SCRIPTS, Step};
use super::param::{Context, Output};
use super::system::Job;
use super::{CachedGraph, Phase, Schedule, Workers};
use crate::bus::{BusError, Courier, Draft, Drop, PostReport};
use crate::commands::Commands;
use crate::error::WorldError;
use crate::simulation::{LogLine, ScriptOutput};
use crate::stamp::Stamp;
use crate::world::World;
use alloc::boxed::Box;
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

/// What a system left behind, by its place in the phase.
type Outputs = Vec<Output>;

impl Schedule {
    /// Makes one tick.
    ///
    /// # Errors
    /// [`TickError`]; the world is as before the tick.
    ///
    /// # Panics
    /// Where a system panics. The world has then lost what the system was writing and must be thrown away.
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
        let mut entries = self.phases.iter().flatten();
        let has_bus = !self.bus.handlers.is_empty() || !world.state().mailbox.is_empty();
        // Holding the world as it was makes every first write copy a block; only who may need it pays for it.
        let can_fail =
            has_bus || hooks.scripts.is_some() || entries.any(|entry| entry.system.can_fail());
        let before = can_fail.then(|| world.fork());
        let mut report = TickReport {
            tick: world.tick(),
            ..TickReport::default()
        };
        let mut post = PostReport::default();
        let mut stamp = world.state().stamp;
        for phase in Phase::ALL {
            let mut sums = Sums {
                stamp: &mut stamp,
                report: &mut report,
                post: &mut post,
            };
            let result = self
                .deliver(phase, world, &mut sums, hooks)
                .and_then(|()| self.run_phase(phase, world, workers, &mut sums, hooks));
            if let Err(error) = result {
                if let Some(before) = before {
                    *world = before;
                }
                return Err(error);
            }
        }
        let state = world.state_mut();
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
            for entry in &self.phases[phase as usize] {
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
        let accepted = Courier {
            config: &self.bus,
            world,
            phase: None,
            report: &mut report,
            hooks: &mut Hooks::none(),
        }
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
        Courier {
            config: &self.bus,
            world,
            phase: Some(phase),
            report: sums.post,
            hooks,
        }
        .deliver(phase)
        .map_err(|error| TickError::Bus { phase, error })?;
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
        let enabled: Vec<bool> = entries
            .iter()
            .map(|entry| entry.condition.as_ref().is_none_or(|holds| holds(world)))
            .collect();
        let graph = self.graphs[phase as usize].get(entries, enabled);
        let first = sums.stamp.0 + 1;
        let mut outputs: Outputs = Vec::new();
        outputs.resize_with(entries.len(), Output::default);
        for (number, level) in graph.levels.iter().enumerate() {
            let mut run = LevelRun {
                phase,
                number: (phase as u64) << 32 | number as u64,
                first,
                workers,
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
        *sums.stamp = Stamp(first + entries.len() as u64);
        note_marks(entries, &graph, world, first);
        world.state_mut().stamp = *sums.stamp;
        let mut courier = Courier {
            config: &self.bus,
            world,
            phase: Some(phase),
            report: sums.post,
            hooks,
        };
        reduce_scripts(scripted, &mut courier, sums.report)
            .and_then(|()| reduce(entries, outputs, &mut courier, sums.report))
            .map_err(|error| TickError::Bus { phase, error })
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

/// The end of a phase: commands and envelopes in the order of the schedule.
fn reduce(
    entries: &[Entry],
    outputs: Outputs,
    courier: &mut Courier<'_, '_>,
    report: &mut TickReport,
) -> Result<(), BusError> {
    for (entry, output) in entries.iter().zip(outputs) {
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
    }
    Ok(())
}

/// Notes when systems ran that will ask what changed since.
fn note_marks(entries: &[Entry], graph: &Graph, world: &mut World, first: u64) {
    let looks_back = |index: &&usize| entries[**index].system.looks_back();
    let mut ran = graph.levels.iter().flatten().filter(looks_back).peekable();
    if ran.peek().is_none() {
        return;
    }
    let marks = Arc::make_mut(&mut world.state_mut().marks);
    for index in ran {
        let name = &entries[*index].name;
        let stamp = Stamp(first + *index as u64);
        match marks.binary_search_by(|(other, _)| other.cmp(name)) {
            Ok(place) => marks[place].1 = stamp,
            Err(place) => marks.insert(place, (Arc::clone(name), stamp)),
        }
    }
}

/// When and as who a system runs.
fn context(entry: &Entry, index: usize, world: &World, first: u64) -> Context {
    let state = world.state();
    let since = if entry.system.looks_back() {
        let marks = &state.marks;
        marks
            .binary_search_by(|(other, _)| other.cmp(&entry.name))
            .map_or(Stamp::default(), |place| marks[place].1)
    } else {
        Stamp::default()
    };
    Context {
        tick: state.tick,
        stamp: Stamp(first + index as u64),
        since,
        seed: state.seed,
        name: Arc::clone(&entry.name),
    }
}

/// Who stopped the tick, and his words.
type Stop = (String, String);

/// A level on its way: systems that do not conflict.
struct LevelRun<'a, 'h> {
    phase: Phase,
    /// The level's number over all phases.
    number: u64,
    /// The stamp of the phase's first system.
    first: u64,
    workers: &'a Workers,
    hooks: &'a mut Hooks<'h>,
    outputs: &'a mut Outputs,
}

impl LevelRun<'_, '_> {
    /// Runs the systems of one level. If several give up, the first in canonical order is told.
    fn level(
        &mut self,
        entries: &mut [Entry],
        level: &[usize],
        world: &mut World,
    ) -> Result<(), Stop> {
        if self.workers.wants_jobs(self.number) {
            return self.jobs(entries, level, world);
        }
        let workers = self.workers;
        workers.inline_level(self.number, || self.inline(entries, level, world))
    }

    fn inline(
        &mut self,
        entries: &mut [Entry],
        level: &[usize],
        world: &mut World,
    ) -> Result<(), Stop> {
        for index in level {
            let context = context(&entries[*index], *index, world, self.first);
            let system = &mut entries[*index].system;
            let result = system.run(world, &context, &mut self.outputs[*index]);
            result.map_err(|reason| (context.name.to_string(), reason))?;
            let ran = ran(&entries[*index]);
            self.hooks.done(self.phase, Step::Systems(&[ran]), world);
        }
        Ok(())
    }

    fn jobs(
        &mut self,
        entries: &mut [Entry],
        level: &[usize],
        world: &mut World,
    ) -> Result<(), Stop> {
        let mut results: Vec<Result<(), Stop>> = Vec::with_capacity(level.len());
        let mut jobs: Vec<Box<dyn Job>> = Vec::new();
        // How many jobs each system made; `None` for one that ran inline.
        let mut counts: Vec<Option<usize>> = Vec::with_capacity(level.len());
        for index in level {
            let context = context(&entries[*index], *index, world, self.first);
            let system = &mut entries[*index].system;
            let before = jobs.len();
            if system.split(world.state_mut(), &context, &mut jobs) {
                counts.push(Some(jobs.len() - before));
                results.push(Ok(()));
            } else {
                counts.push(None);
                let result = system.run(world, &context, &mut self.outputs[*index]);
                results.push(result.map_err(|reason| (context.name.to_string(), reason)));
            }
        }
        let mut jobs = self.workers.run(jobs, self.number).into_iter();
        for ((index, count), result) in level.iter().zip(counts).zip(&mut results) {
            let Some(count) = count else {
                continue;
            };
            let own = jobs.by_ref().take(count).collect();
            let entry = &mut entries[*index];
            let joined = entry
                .system
                .join(world.state_mut(), own, &mut self.outputs[*index]);
            *result = joined.map_err(|reason| (entry.name.to_string(), reason));
        }
        if self.hooks.watch.is_some() {
            let ran: Vec<Ran<'_>> = level.iter().map(|index| ran(&entries[*index])).collect();
            self.hooks.done(self.phase, Step::Systems(&ran), world);
        }
        results.into_iter().collect()
    }
}

fn ran(entry: &Entry) -> Ran<'_> {
    Ran {
        name: &entry.name,
        access: &entry.access,
    }
}

impl CachedGraph {
    /// The graph for these systems, made anew where others run than last time.
    fn get(&mut self, entries: &[Entry], enabled: Vec<bool>) -> Arc<Graph> {
        match &self.graph {
            Some(graph) if self.enabled == enabled => {
                debug_assert_eq!(
                    **graph,
                    graph::build(entries, &enabled),
                    "a graph made anew"
                );
                Arc::clone(graph)
            }
            _ => {
                let graph = Arc::new(graph::build(entries, &enabled));
                self.enabled = enabled;
                self.graph = Some(Arc::clone(&graph));
                graph
            }
        }
    }
}
