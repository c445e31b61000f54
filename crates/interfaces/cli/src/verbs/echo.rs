//! `gatos echo`: worlds that run in parallel and replay exactly.

use crate::console::{Console, Ending};
use gatos_echo::schedule::Workers;

pub mod bisect;
pub mod inspect;
mod live;
pub mod replay;
pub mod run;
mod tape;
mod watch;

/// `gatos echo …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Run a world: a folder with a `world.yaml` and the scripts it names.
    ///
    /// The result depends on the folder's texts and the seed alone, not on threads or the machine. How worlds are
    /// written: docs/guide/worlds.md.
    Run(run::Arguments),
    /// Do a recording again, compare every tick, and name who is to blame where one differs.
    ///
    /// The world comes from the recording itself. Exit status 1 where a tick differs: with the phase, system, component and
    /// entity that differ first, both values, and what shows it.
    Replay(replay::Arguments),
    /// Find where two recordings of one world part, and name who is to blame.
    ///
    /// The first tick that differs is found by halves, without running anything; then it is done again from the nearest key
    /// frame. Exit status 1 where one differs: with the phase, system, component and entity that differ first, and both
    /// values, as far as recorded steps or this build show them.
    Bisect(bisect::Arguments),
    /// Show what stands in a recording: what ran, and a list of its ticks.
    Inspect(inspect::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Run(arguments) => arguments.run(console),
            Verb::Replay(arguments) => arguments.run(console),
            Verb::Bisect(arguments) => arguments.run(console),
            Verb::Inspect(arguments) => arguments.run(console),
        }
    }
}

/// So many threads for systems, or as many as the machine has.
fn workers(threads: Option<u16>) -> Workers {
    match threads {
        Some(1) => Workers::inline(),
        Some(count) => Workers::new(count.into()),
        None => Workers::new(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}
