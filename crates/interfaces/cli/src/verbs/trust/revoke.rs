//! `gatos trust revoke`: a key or a grant ends.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Governing};
use gatos_policy::governance::ChangeOperation;
use gatos_policy::governance::GrantId;
use gatos_values::KeyId;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust revoke",
    examples: &[
        example("a stolen key", "gatos trust revoke 00112233aabbccdd"),
        example(
            "a grant, and what hangs on it",
            "gatos trust revoke blake3:6f1c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ),
    ],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Id of a key (16 hex digits) or of a grant (`blake3:` and 64)
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let operation = if self.id.contains(':') {
            let grant = GrantId::parse(&self.id).map_err(gatos_node::Fault::from)?;
            ChangeOperation::GrantRevoke { grant }
        } else {
            let key = KeyId::parse(&self.id).map_err(gatos_node::Fault::from)?;
            ChangeOperation::KeyRevoke { key }
        };
        let operations = vec![operation];
        self.governing.carry_out(console, &node, operations)
    }
}
