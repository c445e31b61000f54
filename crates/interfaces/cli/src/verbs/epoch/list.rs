//! `gatos epoch list`: the sealed epochs of a namespace.

use super::text;
use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::common;
use gatos_values::Namespace;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "epoch list",
    examples: &[example("what is sealed", "gatos epoch list finance")],
    reply: Reply::Lines(&[
        field("id", "id of the anchor"),
        field("ns", "namespace"),
        field("epoch", "number of the epoch"),
        field("events", "events up to here"),
        field("journals", "journals"),
        field("max_ulid", "the highest ULID"),
        field("inputs_root", "Merkle root over the event ids"),
        field("state_root", "root of the state"),
        field("policy_root", "policy in force"),
        field("fold_root", "fold of the namespace"),
        field("gov", "governance version"),
        field("signers", "keys that signed the anchor"),
        field("commit", "Git commit that holds it"),
    ]),
    no_when: "the chain of anchors is broken",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Namespace: 1 to 8 names joined by `/`
    #[arg(value_name = "NS", value_parser = Namespace::parse)]
    ns: Namespace,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        for sealed in common::open()?.epoch_list(&self.ns)? {
            console.item(|| sealed.to_value(), || text(&sealed))?;
        }
        Ok(Answer::Yes)
    }
}
