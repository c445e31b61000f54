//! Ways of doing one tick again that must not matter, and do where somebody breaks the rules.
//!
//! Tests: `tests/it/faults.rs`.

use super::trace::{StepTrace, Tracer};
use super::verify::Outcome;
use crate::schedule::Workers;
use crate::simulation::{Branch, Input, Simulation};
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

/// A way of doing a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// With the threads that the replay was given.
    AsGiven,
    /// On one thread, without jobs.
    Inline,
    /// As jobs, on so many threads, taken in an order drawn from the seed.
    Permuted {
        /// How many threads.
        threads: usize,
        /// The seed.
        seed: u64,
    },
    /// On one thread, after saving and loading.
    Reloaded,
    /// On one thread, every NaN in the world having another payload.
    OtherNans,
}

impl Way {
    /// All that are tried. Those that break what depends on chance are tried more than once.
    pub const ALL: [Way; 9] = [
        Way::AsGiven,
        Way::Inline,
        Way::Permuted {
            threads: 1,
            seed: 1,
        },
        Way::Permuted {
            threads: 2,
            seed: 2,
        },
        Way::Permuted {
            threads: 4,
            seed: 3,
        },
        Way::Permuted {
            threads: 4,
            seed: 4,
        },
        Way::Inline,
        Way::Reloaded,
        Way::OtherNans,
    ];
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::AsGiven => formatter.write_str("as given"),
            Way::Inline => formatter.write_str("on one thread"),
            Way::Permuted { threads, seed } => {
                write!(formatter, "on {threads} threads in order {seed}")
            }
            Way::Reloaded => formatter.write_str("after saving and loading"),
            Way::OtherNans => formatter.write_str("with other NaNs"),
        }
    }
}

/// A tick that was done in some way.
pub(super) struct Run {
    pub way: Way,
    pub outcome: Outcome,
    /// The steps, where somebody watched.
    pub steps: Vec<StepTrace>,
}

/// Does the tick behind `before` again. The simulation is left behind it.
pub(super) fn run(
    simulation: &mut Simulation,
    before: &Branch,
    inputs: &[Input],
    way: Way,
    given: &Workers,
    is_traced: bool,
) -> Run {
    let made;
    let workers = match way {
        Way::AsGiven => given,
        Way::Permuted { threads, seed } => {
            made = Workers::new(threads).always().permuted(seed);
            &made
        }
        Way::Inline | Way::Reloaded | Way::OtherNans => {
            made = Workers::inline();
            &made
        }
    };
    let mut steps = Vec::new();
    let result = prepare(simulation, before, way).and_then(|()| {
        if !is_traced {
            let report = simulation.step(inputs, workers);
            return report.map_err(|error| error.to_string());
        }
        let mut tracer = Tracer::new(simulation.world());
        let report = simulation.step_watched(inputs, workers, &mut tracer);
        steps = tracer.into_steps();
        report.map_err(|error| error.to_string())
    });
    let outcome = match result {
        Ok(report) => Outcome::of(simulation.hash(), &report),
        Err(reason) => Outcome::Stopped { reason },
    };
    Run {
        way,
        outcome,
        steps,
    }
}

/// Does the tick behind `before` in all ways, traced.
pub(super) fn run_all(
    simulation: &mut Simulation,
    before: &Branch,
    inputs: &[Input],
    given: &Workers,
) -> Vec<Run> {
    let mut rerun = |way: Way| {
        disturb(simulation);
        run(simulation, before, inputs, way, given, true)
    };
    Way::ALL.into_iter().map(&mut rerun).collect()
}

/// Does one tick more, whose result nobody wants: whoever keeps something outside of the world then keeps something else,
/// and the tick that is done next shows it.
fn disturb(simulation: &mut Simulation) {
    let wasted = simulation.step(&[], &Workers::inline());
    drop(wasted);
}

/// Puts the simulation where the tick begins.
fn prepare(
    simulation: &mut Simulation,
    before: &Branch,
    way: Way,
) -> Result<(), alloc::string::String> {
    let mut branch = before.fork();
    match way {
        Way::Reloaded => {
            let loaded = simulation.load(&branch.save());
            branch = loaded.map_err(|error| error.to_string())?;
        }
        Way::OtherNans => branch.world_mut().scramble_nans(),
        Way::AsGiven | Way::Inline | Way::Permuted { .. } => {}
    }
    let switched = simulation.switch(branch);
    switched.map(|_| ()).map_err(|error| error.to_string())
}
