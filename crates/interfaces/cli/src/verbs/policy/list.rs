//! `gatos policy list`: the policies that are or were in force.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::table::{Side, Table};
use crate::verbs::common;
use gatos_node::policies::PolicyRecord;
use gatos_values::Value;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy list",
    examples: &[example("which policy is in force", "gatos policy list")],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field(
            "policies",
            "each `{policy_root, version, gov, active, kept}`, oldest first; `kept` is whether its bytes are here",
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
        let policies = common::open()?.policies()?;
        let values = policies.iter().map(PolicyRecord::to_value).collect();
        let mut table = Table::new(&[
            ("version", Side::Right),
            ("policy", Side::Left),
            ("", Side::Left),
        ]);
        for record in &policies {
            let standing = match (record.is_active, record.is_kept) {
                (true, true) => "in force",
                (true, false) => "in force, but its bytes are not here",
                (false, true) => "",
                (false, false) => "its bytes are not here",
            };
            table.row([
                record.since_version.to_string(),
                record.policy_root.to_string(),
                standing.to_owned(),
            ]);
        }
        console.show(
            &document(true, [("policies", Value::List(values))]),
            &table.text(0),
        )?;
        Ok(Answer::Yes)
    }
}
