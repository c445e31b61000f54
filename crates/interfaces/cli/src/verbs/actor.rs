//! `gatos actor`: who may sign.

use crate::console::{Console, Ending};

pub mod add;
pub mod list;

/// `gatos actor …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the enrolled actors and their keys.
    List(list::Arguments),
    /// Enrol an actor with a key; a governor's key must be at hand to sign that.
    ///
    /// Without `--key` a new key is made for it in the key folder. To enrol a further key for an actor,
    /// use `gatos key add`.
    Add(add::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::List(arguments) => arguments.run(console),
            Verb::Add(arguments) => arguments.run(console),
        }
    }
}
