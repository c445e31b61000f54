//! `gatos policy show`: the source of the policy in force, or of an earlier one.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::{common, governed};
use gatos_node::{Fault, reply};
use gatos_values::{ErrorCode, Sha256Digest};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy show",
    examples: &[
        example("what is in force", "gatos policy show"),
        example(
            "what was in force",
            "gatos policy show sha256:f462cb67dd0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("policy_root", "SHA-256 of the compiled policy"),
        field("size", "its size in bytes"),
        field("sources", "names of the sources kept with it"),
    ]),
    no_when: "the policy's bytes are not here",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Root of a policy [default: the one in force]
    #[arg(value_name = "ROOT", value_parser = Sha256Digest::parse)]
    policy: Option<Sha256Digest>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        let kept = match self.policy {
            None => node.active_policy()?,
            Some(root) => node.find_policy(root)?.ok_or_else(|| {
                Fault::new(
                    ErrorCode::BadPolicy,
                    root.to_string(),
                    "its bytes are not here",
                )
            })?,
        };
        let names: Vec<String> = kept.sources.iter().map(|(name, _)| name.clone()).collect();
        let root = Sha256Digest::of(&kept.rgc);
        let value = document(
            true,
            [
                ("policy_root", root.to_value()),
                ("size", reply::count(kept.rgc.len() as u64)),
                ("sources", governed::texts(&names)),
            ],
        );
        let mut text = Text::new().field("policy_root", root);
        for (name, bytes) in &kept.sources {
            text = text.strong(name).end();
            for line in String::from_utf8_lossy(bytes).lines() {
                text = text.foreign(line).end();
            }
        }
        console.show(&value, &text)?;
        Ok(Answer::Yes)
    }
}
