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
        field(
            "policy",
            "null, or what a proposed policy would change: `{first, second, difference, replay}` as `gatos policy diff` and `whatif` say; the last two are null where its bytes are not here",
        ),
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
        let node = common::open()?;
        let stored = node.proposal(self.proposal)?;
        let review = node.review(&stored, &mut console.bars().on_progress())?;
        let mut text = grants::proposal_text(&stored);
        if let Some(review) = &review {
            text = text.then(grants::review_text(review, console.is_verbose()));
        }
        console.show(&grants::proposal_value(&stored, review.as_ref()), &text)?;
        Ok(Answer::Yes)
    }
}
