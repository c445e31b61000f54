//! `gatos trust settle`: of two branches that one key signed, one counts.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_REPLY, Governing};
use gatos_values::EventId;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust settle",
    examples: &[
        example(
            "the branch with this event counts",
            "gatos trust settle blake3:6f1c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ),
        example(
            "ask the other governors",
            "gatos trust settle blake3:6f1c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0 --propose",
        ),
    ],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: "no journal stands still here because of this event, the change does not fit governance, or the keys at hand are not those that must sign",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// An event that only the good branch has
    #[arg(value_name = "EVENT", value_parser = EventId::parse)]
    event: EventId,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let operation = node.prepare_choice(&self.event)?;
        self.governing.carry_out(console, &node, vec![operation])
    }
}
