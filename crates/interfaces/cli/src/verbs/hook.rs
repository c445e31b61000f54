//! `gatos hook`: what Git hooks call. Not for people, so no help lists it.

use crate::console::{Console, Ending};

pub mod pre_push;
pub mod pre_receive;

/// `gatos hook …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Say what of a push may not leave: `<local ref> <local id> <remote ref> <remote id>` lines on standard input.
    PrePush(pre_push::Arguments),
    /// Judge a push: `<old> <new> <ref>` lines on standard input, in the environment git gives the hook.
    PreReceive(pre_receive::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::PrePush(arguments) => arguments.run(console),
            Verb::PreReceive(arguments) => arguments.run(console),
        }
    }
}
