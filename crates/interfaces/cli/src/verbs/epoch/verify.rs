//! `gatos epoch verify`: anchors against journals and states.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::common;
use gatos_values::Namespace;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "epoch verify",
    examples: &[example(
        "do the anchors hold?",
        "gatos epoch verify finance",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("ns", "namespace"),
        field("anchors", "anchors, every signature good"),
        field("events", "events they cover"),
    ]),
    no_when: "an anchor is broken, wrongly signed, or not what journals and states give",
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
        let node = common::open()?;
        let mut bars = console.bars();
        let verified = node.epoch_verify(&self.ns, &mut |progress| bars.draw(progress));
        bars.finish();
        let verified = verified?;
        let text = Text::new()
            .toned(Tone::Good, "the epochs hold")
            .say(": ")
            .say(counted(verified.anchor_count, "anchor", "anchors"))
            .say(", ")
            .say(counted(verified.event_count, "event", "events"))
            .end();
        console.show(&verified.to_value(), &text)?;
        Ok(Answer::Yes)
    }
}
