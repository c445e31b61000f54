//! `gatos approve`: agree to a proposal; the last one needed makes the change.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::common::{self, Signing};
use crate::verbs::{governed, grants};
use gatos_values::Ulid;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "approve",
    examples: &[
        example("agree", "gatos approve 01KDVDNFVG0000000000000006"),
        example(
            "agree for two days",
            "gatos approve 01KDVDNFVG0000000000000006 --hours 48",
        ),
        example(
            "take it back",
            "gatos approve 01KDVDNFVG0000000000000006 --withdraw",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("proposal", "the proposal"),
        field("proposer", "who made it"),
        field("reason", "why"),
        field("version", "the governance version it would be"),
        field("changes", "what changes, in words"),
        field(
            "state",
            "`open` while agreement is missing, `made` when the change was made",
        ),
        field("approvers", "whose approvals count"),
        field("missing", "what is missing, or null"),
        field(
            "policy",
            "null, or what a proposed policy changes: `{first, second, difference, replay}` as `gatos policy diff` and `whatif` say; the last two are null where its bytes are not here",
        ),
    ]),
    no_when: "the proposal is unknown, was made, was overtaken or has expired",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The proposal
    #[arg(value_name = "PROPOSAL", value_parser = Ulid::parse)]
    proposal: Ulid,
    /// Take an approval back
    #[arg(long, conflicts_with = "hours")]
    withdraw: bool,
    /// Hours until the approval no longer counts [default: no end]
    #[arg(long, value_name = "COUNT")]
    hours: Option<u32>,
    /// Leave the change to somebody else, even if nothing is missing
    #[arg(long)]
    hold: bool,
    #[command(flatten)]
    signing: Signing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open_as(&self.signing)?;
        // Before anything is signed: once the change is made, there is nothing left to compare.
        let review = match self.withdraw {
            true => None,
            false => node.review(
                &node.proposal(self.proposal)?,
                &mut console.bars().on_progress(),
            )?,
        };
        node.approve(
            self.proposal,
            governed::lifetime_ms(self.hours),
            self.withdraw,
        )?;
        if !self.hold {
            node.carry_out_proposal(self.proposal)?;
        }
        let stored = node.proposal(self.proposal)?;
        node.close_writer()?;
        let mut text = grants::proposal_text(&stored);
        if let Some(review) = &review {
            text = text.then(grants::review_text(review, console.is_verbose()));
        }
        console.show(&grants::proposal_value(&stored, review.as_ref()), &text)?;
        Ok(Answer::Yes)
    }
}
