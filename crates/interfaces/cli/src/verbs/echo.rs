//! `gatos echo`: worlds that run in parallel and replay exactly.

use crate::console::{Console, Ending};

mod live;
pub mod run;

/// `gatos echo …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Run a world: a folder with a `world.yaml` and the scripts it names.
    ///
    /// The result depends on the folder's texts and the seed alone, not on threads or the machine. How worlds are
    /// written: docs/guide/worlds.md.
    Run(run::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Run(arguments) => arguments.run(console),
        }
    }
}
