//! `gatos import`: events from other systems.

use crate::console::{Console, Ending};

pub mod git_log;

/// `gatos import …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Turn the history of a Git repository into signed `git.commit` events.
    ///
    /// Author, time, message, changed paths and line counts of every commit, oldest first, signed by an
    /// actor of its own. ULIDs come from commit times and ids, so importing again adds only what is new.
    #[command(name = "git-log")]
    GitLog(git_log::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::GitLog(arguments) => arguments.run(console),
        }
    }
}
