//! `gatos state`: what the events of a namespace amount to.

use crate::console::{Console, Ending};
use crate::verbs::common::Moment;

pub mod diff;
pub mod export;
pub mod list;
pub mod log;
pub mod show;

/// `gatos state …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Print a state file's canonical bytes.
    Show(show::Arguments),
    /// List the state files of a namespace.
    List(list::Arguments),
    /// List the checkpoints of a namespace, newest first.
    Log(log::Arguments),
    /// Show what changed between two checkpoints, field by field.
    Diff(diff::Arguments),
    /// Write the newest checkpoint and its signature to files that `ssh-keygen` verifies.
    ///
    /// Writes `checkpoint.json`, `checkpoint.json.sig` and `allowed_signers`.
    Export(export::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Show(arguments) => arguments.run(console),
            Verb::List(arguments) => arguments.run(console),
            Verb::Log(arguments) => arguments.run(console),
            Verb::Diff(arguments) => arguments.run(console),
            Verb::Export(arguments) => arguments.run(console),
        }
    }
}

/// Which checkpoint.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct At {
    /// State as of this ULID or time [default: the newest]
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    pub at: Option<Moment>,
}

impl At {
    /// The last ULID that counts.
    pub fn last_ulid(self) -> Option<gatos_values::Ulid> {
        self.at.map(Moment::last_ulid)
    }
}
