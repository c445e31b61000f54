//! `gatos lua`: run, check and try programs.

use crate::console::{Console, Ending};

pub mod check;
pub mod repl;
pub mod run;

/// `gatos lua …`
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// What to do with programs.
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Run a program.
    ///
    /// A script gets `print`, `io.write`, `arg`, `load` and `math.random`; there are no files, clock, environment or modules,
    /// so it gives the same everywhere and each time. A fold gets events from a file and shows its state files.
    Run(run::Arguments),
    /// Check a program without running it.
    Check(check::Arguments),
    /// Try expressions and statements, line by line.
    Repl(repl::Arguments),
}

impl Arguments {
    /// Runs the verb; without one, the loop of lines.
    pub fn run(self, console: &mut Console) -> Ending {
        match self.verb {
            Some(Verb::Run(arguments)) => arguments.run(console),
            Some(Verb::Check(arguments)) => arguments.run(console),
            Some(Verb::Repl(arguments)) => arguments.run(console),
            None => repl::Arguments::default().run(console),
        }
    }
}
