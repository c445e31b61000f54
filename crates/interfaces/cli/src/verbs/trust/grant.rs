//! `gatos trust grant`: capabilities for an actor, for some resources and epochs.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Governing};
use gatos_node::trust::GrantWish;
use gatos_policy::governance::{GrantId, ResourcePattern};
use gatos_values::{Actor, Text as Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust grant",
    examples: &[
        example(
            "let a service append invoices",
            "gatos trust grant service:billing --cap journal:append --resource 'gatos://ledger/finance/**' --until-epoch 12",
        ),
        example(
            "pass on what was given",
            "gatos trust grant user:alan --cap journal:append --resource 'gatos://ledger/finance/**' --until-epoch 9 --prev blake3:6f1c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0 --propose",
        ),
    ],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// To whom: `user:NAME`, `agent:NAME` or `service:NAME`
    #[arg(value_name = "ACTOR", value_parser = Actor::parse)]
    subject: Actor,
    /// A capability; may be repeated
    #[arg(long = "cap", value_name = "CAP", required = true, value_parser = Value::new)]
    caps: Vec<Value>,
    /// On which resources: `gatos://NAME/PATTERN`, `*` in a segment, `**` for any
    #[arg(long, value_name = "PATTERN", value_parser = ResourcePattern::parse)]
    resource: ResourcePattern,
    /// The first epoch it holds in
    #[arg(long, value_name = "EPOCH", default_value_t = 0)]
    from_epoch: u64,
    /// The first epoch it no longer holds in [default: no end]
    #[arg(long, value_name = "EPOCH")]
    until_epoch: Option<u64>,
    /// The grant it rests on, for those who do not govern
    #[arg(long, value_name = "GRANT", value_parser = GrantId::parse)]
    prev: Option<GrantId>,
    /// A grant of yours that ends with it; may be repeated
    #[arg(long, value_name = "GRANT", value_parser = GrantId::parse)]
    revokes: Vec<GrantId>,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let (mut caps, mut revokes) = (self.caps, self.revokes);
        caps.sort();
        caps.dedup();
        revokes.sort();
        revokes.dedup();
        let operations = vec![node.prepare_grant(GrantWish {
            subject: self.subject,
            caps,
            resource: self.resource,
            not_before_epoch: self.from_epoch,
            expires_epoch: self.until_epoch,
            prev: self.prev,
            revokes,
        })?];
        self.governing.carry_out(console, &node, operations)
    }
}
