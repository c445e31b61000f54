//! `gatos policy whatif`: what was decided, decided again under another policy.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::common;
use crate::verbs::policy::{load, replay};
use gatos_values::{Namespace, Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy whatif",
    examples: &[
        example(
            "what would the new policy have decided?",
            "gatos policy whatif --policy new.rgc",
        ),
        example(
            "for CI: no event of finance may be refused by the source",
            "gatos policy whatif --policy policy.rgs --ns finance --json | jq -e '.newly_denied == 0'",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether every answer that can be told is as before"),
        field("policy_root", "root of the policy that was asked"),
        field("events", "events of the journals that were decided again"),
        field(
            "records",
            "records of the audit journal that were: refusals, and allows whose event is not here",
        ),
        field(
            "other",
            "records of refusals that no policy made; they stand",
        ),
        field("same", "how many get the same answer"),
        field("newly_allowed", "how many were denied and would be allowed"),
        field("newly_denied", "how many were allowed and would be denied"),
        field(
            "untold",
            "how many hang on something that is not on record, such as the payload of a refused event",
        ),
        field(
            "changes",
            "each `{turn, actor, path, before, after, count, example}`, the most frequent first; `turn` is `newly_allowed`, `newly_denied` or `untold`, `example` an event",
        ),
    ]),
    no_when: "an answer would change",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Source (`.rgs`), compiled policy (`.rgc`), root or governance version
    #[arg(short, long, value_name = "POLICY")]
    policy: String,
    /// Only what concerns this namespace
    #[arg(long, value_name = "NS", value_parser = Namespace::parse)]
    ns: Option<Namespace>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let policy = load::named(console, &self.policy)?;
        let node = common::open()?;
        let report = node.what_if(&policy, self.ns.as_ref(), &mut console.bars().on_progress())?;
        let ok = report.is_unchanged();
        let mut reply = document(ok, [("policy_root", policy.root().to_value())]);
        if let Value::Map(reply) = &mut reply {
            for (name, value) in report.fields() {
                reply.insert(gatos_values::Text::from_ascii(name), value);
            }
        }
        console.show(&reply, &replay::text(&report, console.is_verbose()))?;
        Ok(if ok { Answer::Yes } else { Answer::No })
    }
}
