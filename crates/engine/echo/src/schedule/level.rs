//! Running the systems of one level: one after the other here, or as jobs.
//!
//! What a phase knows about its systems, the graph and what levels cost is kept from tick to tick; nothing of it shows in
//! a result. Tests: `tests/it/schedule.rs`.

use super::build::Entry;
use super::graph::{self, Graph};
use super::hooks::{Hooks, Ran, Step};
use super::param::{Context, Output};
use super::system::{Facts, Job, Runner};
use super::workers::{LevelCost, Workers};
use super::{Phase, PhasePlan};
use crate::stamp::Stamp;
use crate::state::State;
use crate::world::World;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What systems left behind that left something, by their places in the phase.
pub(crate) type Outputs = Vec<(usize, Output)>;

/// Who stopped the tick, and his words.
type Stop = (String, String);

/// A level on its way: systems that do not conflict.
pub(crate) struct LevelRun<'a, 'h> {
    pub phase: Phase,
    /// The level's number over all phases.
    pub number: u64,
    /// The stamp of the phase's first system.
    pub first: u64,
    pub workers: &'a Workers,
    pub cost: &'a mut LevelCost,
    /// Whether the phase has systems with signatures.
    pub has_signed: bool,
    pub hooks: &'a mut Hooks<'h>,
    pub outputs: &'a mut Outputs,
}

/// When and as who a system runs.
#[inline]
fn context<'a>(name: &'a Arc<str>, facts: &Facts, place: u64, state: &State) -> Context<'a> {
    let since = if facts.looks_back {
        let marks = &state.marks;
        marks
            .binary_search_by(|(other, _)| other.cmp(name))
            .map_or(Stamp::default(), |place| marks[place].1)
    } else {
        Stamp::default()
    };
    Context {
        tick: state.tick,
        stamp: Stamp(place),
        since,
        seed: state.seed,
        name,
    }
}

impl LevelRun<'_, '_> {
    /// Runs the systems of one level. If several give up, the first in canonical order is told.
    pub(crate) fn level(
        &mut self,
        entries: &mut [Entry],
        level: &[usize],
        world: &mut World,
    ) -> Result<(), Stop> {
        if self.workers.wants_jobs(self.cost) {
            return self.jobs(entries, level, world);
        }
        let timer = self.workers.start(self.cost);
        let result = if self.has_signed || self.hooks.watch.is_some() {
            self.inline(entries, level, world)
        } else {
            self.inline_typed(entries, level, world.state_mut())
        };
        self.workers.stop(timer, self.cost);
        result
    }

    fn inline(
        &mut self,
        entries: &mut [Entry],
        level: &[usize],
        world: &mut World,
    ) -> Result<(), Stop> {
        for index in level {
            match &entries[*index].system {
                Runner::Typed(_) => self.inline_typed(entries, &[*index], world.state_mut())?,
                Runner::Signed(system) => {
                    let entry = &entries[*index];
                    let place = self.first + entry.stamp_place;
                    let context = context(&entry.name, &entry.facts, place, world.state());
                    let mut output = Output::default();
                    let result = system.run(world, &context, &mut output);
                    self.keep(*index, output);
                    result.map_err(|reason| (entry.name.to_string(), reason))?;
                }
            }
            let ran = ran(&entries[*index]);
            self.hooks.done(self.phase, Step::Systems(&[ran]), world);
        }
        Ok(())
    }

    /// Runs systems whose access is known by types, without looking into the world's ownership for each.
    fn inline_typed(
        &mut self,
        entries: &mut [Entry],
        level: &[usize],
        state: &mut State,
    ) -> Result<(), Stop> {
        let mut output = Output::default();
        for index in level {
            let entry = &mut entries[*index];
            let Runner::Typed(system) = &mut entry.system else {
                continue;
            };
            let place = self.first + entry.stamp_place;
            let context = context(&entry.name, &entry.facts, place, state);
            let result = system.run(state, &context, &mut output);
            if !output.is_empty() {
                self.keep(*index, core::mem::take(&mut output));
            }
            result.map_err(|reason| (entry.name.to_string(), reason))?;
        }
        Ok(())
    }

    fn keep(&mut self, index: usize, output: Output) {
        if !output.is_empty() {
            self.outputs.push((index, output));
        }
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
            let entry = &mut entries[*index];
            let place = self.first + entry.stamp_place;
            let context = context(&entry.name, &entry.facts, place, world.state());
            match &mut entry.system {
                Runner::Typed(system) => {
                    let before = jobs.len();
                    system.split(world.state_mut(), &context, &mut jobs);
                    counts.push(Some(jobs.len() - before));
                    results.push(Ok(()));
                }
                Runner::Signed(system) => {
                    counts.push(None);
                    let mut output = Output::default();
                    let result = system.run(world, &context, &mut output);
                    results.push(result.map_err(|reason| (entry.name.to_string(), reason)));
                    self.keep(*index, output);
                }
            }
        }
        let done = self.workers.run(jobs, self.number, self.cost);
        let mut jobs = done.jobs.into_iter();
        for ((index, count), result) in level.iter().zip(counts).zip(&mut results) {
            let entry = &mut entries[*index];
            let (Some(count), Runner::Typed(system)) = (count, &mut entry.system) else {
                continue;
            };
            let own = jobs.by_ref().take(count).collect();
            let mut output = Output::default();
            let joined = system.join(world.state_mut(), own, &mut output);
            *result = joined.map_err(|reason| (entry.name.to_string(), reason));
            self.keep(*index, output);
        }
        // Whatever happened, columns are back in the world by now.
        if let Some(panic) = done.panic {
            panic.resume();
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

impl PhasePlan {
    pub(crate) fn new(entries: &mut [Entry]) -> PhasePlan {
        let target_count = graph::number_targets(entries);
        let entries = &*entries;
        let any = |fact: fn(&Entry) -> bool| entries.iter().any(fact);
        let checked = (0..)
            .zip(entries)
            .filter(|(_, entry)| entry.facts.needs_check);
        PhasePlan {
            has_conditions: any(|entry| !entry.conditions.is_empty()),
            looks_back: any(|entry| entry.facts.looks_back),
            has_signed: any(|entry| matches!(entry.system, Runner::Signed(_))),
            checks: checked.map(|(index, _)| index).collect(),
            target_count,
            ..PhasePlan::default()
        }
    }

    /// The graph for the systems whose conditions hold, made anew where others run than last time.
    pub(crate) fn graph(
        &mut self,
        entries: &[Entry],
        world: &World,
        shuffle: Option<u64>,
    ) -> Arc<Graph> {
        let holds = |entry: &Entry| entry.conditions.iter().all(|holds| holds(world));
        if let Some(seed) = shuffle {
            let enabled: Vec<bool> = entries.iter().map(holds).collect();
            let graph = graph::build_shuffled(entries, self.target_count, &enabled, seed);
            self.costs.resize_with(
                graph.level_count().max(self.costs.len()),
                LevelCost::default,
            );
            return Arc::new(graph);
        }
        if let Some(pair) = self.turned {
            let enabled: Vec<bool> = entries.iter().map(holds).collect();
            let turned = graph::build_turned(entries, self.target_count, &enabled, pair);
            if let Some(graph) = turned {
                let levels = graph.level_count().max(self.costs.len());
                self.costs.resize_with(levels, LevelCost::default);
                return Arc::new(graph);
            }
        }
        let is_known = if self.has_conditions {
            let mut now = entries.iter().map(holds);
            let is_same = self.enabled.iter().all(|was| now.next() == Some(*was));
            is_same && self.enabled.len() == entries.len()
        } else {
            true
        };
        match &self.graph {
            Some(graph) if is_known && self.enabled.len() == entries.len() => {
                debug_assert_eq!(
                    **graph,
                    graph::build(entries, self.target_count, &self.enabled),
                    "a graph made anew"
                );
                Arc::clone(graph)
            }
            _ => {
                self.enabled = entries.iter().map(holds).collect();
                let graph = Arc::new(graph::build(entries, self.target_count, &self.enabled));
                let levels = graph.level_count().max(self.costs.len());
                self.costs.resize_with(levels, LevelCost::default);
                self.graph = Some(Arc::clone(&graph));
                graph
            }
        }
    }
}
