//! `gatos policy diff`: whether two policies decide alike, proved; or a request that they decide differently.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::policy::{difference, load};
use gatos_policy::analysis::{Difference, Verdict};
use gatos_values::Value;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy diff",
    examples: &[
        example(
            "does the new one decide as the old one?",
            "gatos policy diff policy.rgs new.rgs",
        ),
        example(
            "for CI: the policy in force must allow nothing that the source denies",
            "gatos policy diff --narrower policy.rgs active",
        ),
        example(
            "what did version 7 of governance change?",
            "gatos policy diff 6 7",
        ),
    ],
    reply: Reply::Document(&[
        field(
            "ok",
            "whether it is proved that nothing differs; with `--narrower`, that nothing is newly allowed",
        ),
        field("first", "root of the first policy"),
        field("second", "root of the second policy"),
        field("verdict", "`equivalent`, `differs` or `undecided`"),
        field(
            "newly_allowed",
            "what the second allows and the first denies: `{answer, …}`, where `answer` is `nothing` (proved), `example` with `request` and both `decisions`, or `undecided` with the `clauses` in the way and `too_large`",
        ),
        field("newly_denied", "the same for what the second denies"),
        field(
            "records",
            "the same for requests that only one puts on record",
        ),
    ]),
    no_when: "the policies differ, or it could not be decided",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Source (`.rgs`), compiled policy (`.rgc`), root, governance version, or `active`
    #[arg(value_name = "FIRST")]
    first: String,
    /// The policy to compare with it
    #[arg(value_name = "SECOND")]
    second: String,
    /// Be content if the second allows nothing that the first denies
    #[arg(short, long)]
    narrower: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let first = load::named(console, &self.first)?;
        let second = load::named(console, &self.second)?;
        let found = Difference::between(&first, &second);
        let ok = match self.narrower {
            true => found.newly_allowed == Verdict::Equivalent,
            false => found.is_equivalent(),
        };
        let mut reply = document(
            ok,
            [
                ("first", first.root().to_value()),
                ("second", second.root().to_value()),
            ],
        );
        if let (Value::Map(reply), Value::Map(parts)) = (&mut reply, found.to_value()) {
            for (name, value) in &parts {
                reply.insert(name.clone(), value.clone());
            }
        }
        let names = [self.first.as_str(), self.second.as_str()];
        let text = Text::new().then(difference::text(&found, names));
        console.show(&reply, &text)?;
        Ok(if ok { Answer::Yes } else { Answer::No })
    }
}
