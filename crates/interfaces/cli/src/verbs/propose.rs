//! `gatos propose`: any list of operations, for others to approve.

use crate::console::{Console, Ending};
use crate::input;
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Proposing};
use gatos_node::Fault;
use gatos_policy::governance::ChangeOperation;
use gatos_values::json;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "propose",
    examples: &[example(
        "propose what a file lists",
        "gatos propose changes.json --reason 'spring cleaning'",
    )],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Operations as they stand in `changes` of a governance document; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    proposing: Proposing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.proposing.open()?;
        let bytes = input::read(&self.file, input::SOURCE_SIZE_MAX)?;
        let value = json::decode_strict(&bytes, bytes.len()).map_err(Fault::from)?;
        let operations = ChangeOperation::list_from_value(&value).map_err(Fault::from)?;
        self.proposing.carry_out(console, &node, operations)
    }
}
