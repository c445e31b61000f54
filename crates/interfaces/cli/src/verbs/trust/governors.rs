//! `gatos trust governors`: who governs, and how many of them must sign.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Governing};
use gatos_policy::governance::ChangeOperation;
use gatos_values::Actor;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust governors",
    examples: &[example(
        "two of three govern",
        "gatos trust governors --threshold 2 user:ada user:grace user:alan --propose",
    )],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Who governs from now on
    #[arg(value_name = "ACTOR", value_parser = Actor::parse, required = true)]
    governors: Vec<Actor>,
    /// How many of them must sign a change
    #[arg(long, value_name = "COUNT")]
    threshold: u64,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let mut governors = self.governors;
        governors.sort();
        governors.dedup();
        let operations = vec![ChangeOperation::GovernorsSet {
            governors,
            threshold: self.threshold,
        }];
        self.governing.carry_out(console, &node, operations)
    }
}
