//! `gatos trust verify`: governance from its genesis on, and that it was not rolled back.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::common;
use gatos_node::reply;
use gatos_values::GovernanceId;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust verify",
    examples: &[
        example("does governance hold", "gatos trust verify"),
        example(
            "and is it the one you were told of",
            "gatos trust verify --root blake3:6f1c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("repo", "id of the repository: of its genesis"),
        field("gov", "id of the newest version"),
        field("version", "its number"),
    ]),
    no_when: "a document or signature does not hold, a newer governance was seen on this machine, or the genesis is another than `--root`",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Genesis that the repository must have
    #[arg(long, value_name = "GENESIS", value_parser = GovernanceId::parse)]
    root: Option<GovernanceId>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let chain = common::open()?.verify_governance(self.root.as_ref())?;
        let value = document(
            true,
            [
                ("repo", reply::text(&chain.repository_id().to_string())),
                ("gov", reply::text(&chain.head().to_string())),
                ("version", reply::count(chain.version())),
            ],
        );
        let text = Text::new()
            .toned(Tone::Good, "governance holds")
            .end()
            .field("id", chain.repository_id())
            .field("version", chain.version())
            .field("governance", chain.head());
        console.show(&value, &text)?;
        Ok(Answer::Yes)
    }
}
