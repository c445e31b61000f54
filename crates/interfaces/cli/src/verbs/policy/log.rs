//! `gatos policy log`: the versions that brought policies into force.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::{common, trust};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy log",
    examples: &[example("who activated what", "gatos policy log")],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field(
            "versions",
            "as those of `gatos trust log`, of which a policy came into force",
        ),
    ]),
    no_when: "",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        let chain = node.governance()?;
        let mut versions = node.trust_log()?;
        versions.retain(|version| chain.policy_since(version.version) == version.version);
        trust::log::show(console, &versions)
    }
}
