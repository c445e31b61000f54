//! `gatos epoch new`: seal a stretch of history.

use super::text;
use crate::console::{Answer, Console, Ending};
use crate::manual::{Field, Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::common::{self, Signing};
use gatos_values::Namespace;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "epoch new",
    examples: &[example("seal the quarter", "gatos epoch new finance")],
    reply: Reply::Document(FIELDS),
    no_when: "there is nothing to seal, or those who must sign are not at hand",
};

const FIELDS: &[Field] = &[
    field("ok", "`true`"),
    field("id", "id of the anchor: BLAKE3 of its document"),
    field("ns", "namespace"),
    field("epoch", "number of the epoch, from 0 on"),
    field("events", "events up to here"),
    field("journals", "journals"),
    field("max_ulid", "the highest ULID; later events lie above it"),
    field("inputs_root", "Merkle root over the event ids"),
    field(
        "state_root",
        "root of the state; that of no files without a fold",
    ),
    field("policy_root", "policy in force"),
    field("fold_root", "fold of the namespace"),
    field("gov", "governance version"),
    field("signers", "keys that signed the anchor"),
    field("commit", "Git commit that holds it"),
    field(
        "unchanged",
        "whether there was nothing new since the newest anchor",
    ),
];

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Namespace: 1 to 8 names joined by `/`
    #[arg(value_name = "NS", value_parser = Namespace::parse)]
    ns: Namespace,
    #[command(flatten)]
    signing: Signing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open_as(&self.signing)?;
        let mut bars = console.bars();
        let sealed = node.epoch_new(&self.ns, &mut |progress| bars.draw(progress));
        bars.finish();
        let report = sealed?;
        let head = match report.unchanged {
            true => Text::new().say("nothing new since\n"),
            false => Text::new().toned(Tone::Good, "sealed").end(),
        };
        console.done(&report.to_value(), &head.then(text(&report.sealed)))?;
        Ok(Answer::Yes)
    }
}
