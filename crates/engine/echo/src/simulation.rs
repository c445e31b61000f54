//! Simulations: a world, the rules it runs by, and its scripts, as one thing that goes forward tick by tick.
//!
//! A simulation is built from plugins and a configuration. What runs is the same for every branch: schedule, bus, plugins.
//! What a tick changes is the [`Branch`]: the world and the state of its scripts, forked, saved and hashed together. So a
//! "what if" is a fork that is stepped and thrown away. Writing down what happened is `recording`'s work.
//!
//! INVARIANT 1: a branch after a step depends on the branch before, the inputs and the rules; never on threads.
//! INVARIANT 2: a step that gives an error leaves the branch as it was, its inputs included.
//! INVARIANT 3: the order in which plugins, components, systems and handlers were added does not matter.
//! Guide: `docs/guide/echo.md`. Tests: `tests/it/simulation.rs`, `tests/it/plugin.rs`.

mod branch;
mod build;
mod host;
mod input;
mod plugin;

pub use branch::{Branch, BranchError};
pub use build::{BuildError, Identity, SimulationBuilder};
pub use host::{LogLine, Moment, ScriptError, ScriptHost, ScriptView};
pub use input::Input;
pub use plugin::{API_VERSION, Manifest, Plugin, PluginError, Registrar, Version};

pub(crate) use host::ScriptOutput;

use crate::bus::BusError;
use crate::schedule::{Hooks, Schedule, TickError, TickReport, Watch, Workers};
use crate::world::World;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// Why a step was not made. The branch is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The tick stopped.
    #[error(transparent)]
    Tick(#[from] TickError),
    /// The bus did not take an input.
    #[error("input {index} of tick {tick}: {error}")]
    Input {
        /// The tick.
        tick: u64,
        /// The input's place, from 0.
        index: usize,
        /// Why.
        error: BusError,
    },
    /// A script was not changed.
    #[error("input {index} of tick {tick}: {error}")]
    Reload {
        /// The tick.
        tick: u64,
        /// The input's place, from 0.
        index: usize,
        /// Why.
        error: ScriptError,
    },
    /// An input behind the one that says that there will be no more.
    #[error("input {index} of tick {tick} comes after the stop")]
    AfterStop {
        /// The tick.
        tick: u64,
        /// The input's place, from 0.
        index: usize,
    },
    /// An input for scripts where there are none.
    #[error("input {index} of tick {tick}: the world has no scripts")]
    NoScripts {
        /// The tick.
        tick: u64,
        /// The input's place, from 0.
        index: usize,
    },
}

/// A world with everything it needs to go forward.
pub struct Simulation {
    schedule: Schedule,
    identity: Identity,
    manifests: Vec<Manifest>,
    ticks_per_second: u32,
    branch: Branch,
}

impl Simulation {
    /// A simulation to be put together.
    #[must_use]
    pub fn builder() -> SimulationBuilder {
        SimulationBuilder::new()
    }

    /// Makes one tick with these inputs.
    ///
    /// # Errors
    /// [`StepError`]; the branch is as before.
    pub fn step(&mut self, inputs: &[Input], workers: &Workers) -> Result<TickReport, StepError> {
        self.step_with(inputs, workers, None)
    }

    /// As [`Simulation::step`], seen by somebody who cannot change it.
    ///
    /// # Errors
    /// As [`Simulation::step`].
    pub fn step_watched(
        &mut self,
        inputs: &[Input],
        workers: &Workers,
        watch: &mut dyn Watch,
    ) -> Result<TickReport, StepError> {
        self.step_with(inputs, workers, Some(watch))
    }

    fn step_with(
        &mut self,
        inputs: &[Input],
        workers: &Workers,
        watch: Option<&mut dyn Watch>,
    ) -> Result<TickReport, StepError> {
        // Without inputs and scripts the schedule itself puts back what a failed tick changed.
        let has_more = !inputs.is_empty() || self.branch.has_scripts();
        let before = has_more.then(|| self.branch.fork());
        let result = self.try_step(inputs, workers, watch);
        if let (Err(_), Some(before)) = (&result, before) {
            self.branch = before;
        }
        result
    }

    fn try_step(
        &mut self,
        inputs: &[Input],
        workers: &Workers,
        watch: Option<&mut dyn Watch>,
    ) -> Result<TickReport, StepError> {
        let mut dropped = Vec::new();
        let mut is_last = false;
        for (index, input) in inputs.iter().enumerate() {
            if is_last {
                let tick = self.branch.world().tick();
                return Err(StepError::AfterStop { tick, index });
            }
            is_last = matches!(input, Input::Stop);
            dropped.extend(self.take_input(index, input)?);
        }
        let (world, scripts) = self.branch.parts();
        let mut hooks = Hooks {
            scripts,
            watch: match watch {
                Some(watch) => Some(watch),
                None => None,
            },
            ticks_per_second: self.ticks_per_second,
            is_last,
        };
        let mut report = self.schedule.tick_with(world, workers, &mut hooks)?;
        dropped.append(&mut report.dropped);
        report.dropped = dropped;
        Ok(report)
    }

    fn take_input(
        &mut self,
        index: usize,
        input: &Input,
    ) -> Result<Option<crate::bus::Drop>, StepError> {
        let tick = self.branch.world().tick();
        let (world, scripts) = self.branch.parts();
        match input {
            Input::Emit(draft) => {
                let emitted = self.schedule.emit(world, draft.clone());
                emitted.map_err(|error| StepError::Input { tick, index, error })
            }
            Input::Reload { script, code } => {
                let scripts = scripts.ok_or(StepError::NoScripts { tick, index })?;
                let reloaded = scripts.reload(script, code);
                reloaded.map_err(|error| StepError::Reload { tick, index, error })?;
                Ok(None)
            }
            Input::Stop => Ok(None),
        }
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &World {
        self.branch.world()
    }

    /// The world, for changes between ticks. A recording does not know of them: make them before it begins, or by inputs.
    pub const fn world_mut(&mut self) -> &mut World {
        self.branch.world_mut()
    }

    /// The digest of world and scripts.
    pub fn hash(&mut self) -> Blake3Digest {
        self.branch.hash()
    }

    /// The branch again: the world in constant time, the scripts as their host does it.
    #[must_use]
    pub fn fork(&self) -> Branch {
        self.branch.fork()
    }

    /// Goes on with another branch of the same simulation; gives the one it had.
    ///
    /// # Errors
    /// [`BranchError::Foreign`] where components differ or one has scripts and the other none.
    pub fn switch(&mut self, branch: Branch) -> Result<Branch, BranchError> {
        self.branch.check_alike(&branch)?;
        Ok(core::mem::replace(&mut self.branch, branch))
    }

    /// The branch as canonical bytes.
    #[must_use]
    pub fn save(&mut self) -> Vec<u8> {
        self.branch.save()
    }

    /// The branch with these bytes, to be [switched](Simulation::switch) to.
    ///
    /// # Errors
    /// [`BranchError`] for every other byte string.
    pub fn load(&self, bytes: &[u8]) -> Result<Branch, BranchError> {
        self.branch.load(bytes)
    }

    /// What must be equal for two simulations to do the same.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The scripts' names with the digests of their code, sorted by name.
    #[must_use]
    pub fn script_roots(&self) -> Vec<(String, Blake3Digest)> {
        self.branch.script_roots()
    }

    /// The plugins' manifests, in the order they were loaded.
    #[must_use]
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// The systems and the bus.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// How many ticks a second of the world's time has.
    #[must_use]
    pub const fn ticks_per_second(&self) -> u32 {
        self.ticks_per_second
    }
}
