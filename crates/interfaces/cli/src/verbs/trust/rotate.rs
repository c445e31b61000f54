//! `gatos trust rotate`: a new key in the place of an old one, step by step.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::common::{self, Signing};
use crate::verbs::governed::listed;
use gatos_values::KeyId;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust rotate",
    examples: &[
        example(
            "replace a key that is at hand",
            "gatos trust rotate 00112233aabbccdd",
        ),
        example(
            "replace a key that is gone",
            "gatos trust rotate 00112233aabbccdd --lost",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("actor", "whose key"),
        field("old", "the key that is revoked now"),
        field("new", "the key that took its place"),
        field("steps", "the nine steps, in words"),
        field("gov", "governance version that revoked the old key"),
    ]),
    no_when: "somebody would be left without a usable key, a quorum could not be met, or a key that must sign is not at hand",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Id of the old key
    #[arg(value_name = "KEY", value_parser = KeyId::parse)]
    old: KeyId,
    /// The old key is lost: the quorum for `recovery` speaks for it
    #[arg(long)]
    lost: bool,
    #[command(flatten)]
    signing: Signing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open_as(&self.signing)?;
        let report = node.rotate(self.old, self.lost)?;
        node.close_writer()?;
        let steps: Vec<String> = (1..)
            .zip(&report.steps)
            .map(|(number, step)| format!("{number} {step}"))
            .collect();
        let text = Text::new()
            .toned(Tone::Good, "rotated the key of ")
            .strong(&report.actor)
            .end()
            .then(listed(&steps))
            .field("governance", report.gov);
        console.done(&report.to_value(), &text)?;
        Ok(Answer::Yes)
    }
}
