//! `gatos grants show`: one proposal.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::{common, grants};
use gatos_values::Ulid;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "grants show",
    examples: &[example(
        "what would change",
        "gatos grants show 01KDVDNFVG0000000000000006",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("proposal", "the proposal"),
        field("proposer", "who made it"),
        field("reason", "why"),
        field("version", "the governance version it would be"),
        field("changes", "what changes, in words"),
        field("state", "`open`, `made` or `past`"),
        field("approvers", "whose approvals count"),
        field("missing", "what is missing, or null"),
    ]),
    no_when: "there is no such proposal",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The proposal
    #[arg(value_name = "PROPOSAL", value_parser = Ulid::parse)]
    proposal: Ulid,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let stored = common::open()?.proposal(self.proposal)?;
        console.show(
            &grants::proposal_value(&stored),
            &grants::proposal_text(&stored),
        )?;
        Ok(Answer::Yes)
    }
}
