//! `gatos state show`: one state file, byte for byte.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::verbs::common::{self, AtLeast, NamespaceArgument, Serving};
use crate::verbs::state::At;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "state show",
    examples: &[
        example(
            "read a value out of the state",
            "gatos state show --ns finance state/finance/invoices.json | jq '.\"i-1\"'",
        ),
        example(
            "as it was at the end of February",
            "gatos state show --ns finance state/finance/invoices.json --at 2026-03-01",
        ),
    ],
    reply: Reply::Bytes("the file's canonical bytes"),
    no_when: "there is no such file, no checkpoint yet, none that covers the event of `--at-least`, or the actor of `--for` may read none of its rows",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// Path of the file, as `gatos state list` prints it
    #[arg(value_name = "PATH")]
    path: String,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    at_least: AtLeast,
    #[command(flatten)]
    serving: Serving,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        self.at_least.await_state(&node, &self.namespace.ns)?;
        let bytes = node.state_show(&self.namespace.ns, &self.path, self.at.last_ulid())?;
        let bytes = match self.serving.reading(&node)? {
            Some(reading) => reading.visible_state(&self.namespace.ns, &self.path, &bytes)?,
            None => bytes,
        };
        console.json_text(&bytes)?;
        Ok(Answer::Yes)
    }
}
