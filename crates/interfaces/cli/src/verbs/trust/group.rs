//! `gatos trust group`: who belongs to a group.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Governing};
use gatos_policy::governance::ChangeOperation;
use gatos_values::{Actor, DottedName};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust group",
    examples: &[
        example(
            "who reviews",
            "gatos trust group review user:grace user:alan",
        ),
        example("end a group", "gatos trust group review"),
    ],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Name of the group
    #[arg(value_name = "GROUP", value_parser = DottedName::parse)]
    group: DottedName,
    /// Its members from now on; none ends the group
    #[arg(value_name = "ACTOR", value_parser = Actor::parse)]
    members: Vec<Actor>,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let mut members = self.members;
        members.sort();
        members.dedup();
        let group = self.group;
        let operations = vec![ChangeOperation::GroupSet { group, members }];
        self.governing.carry_out(console, &node, operations)
    }
}
