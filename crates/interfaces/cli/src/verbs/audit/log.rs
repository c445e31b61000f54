//! `gatos audit log`: the decisions, newest first.

use super::text;
use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::common;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "audit log",
    examples: &[
        example("what the gate refused lately", "gatos audit log --limit 10"),
        example(
            "who was refused, and why, for a program",
            "gatos audit log --json | jq -r '[.record.actor, .record.code, .record.reason] | @tsv'",
        ),
    ],
    reply: Reply::Lines(&[
        field("id", "id of the decision: BLAKE3 of the record"),
        field("commit", "Git commit that holds it"),
        field("signer", "key of the node that signed it"),
        field("record", "the signed record, see docs/formats/audit.md"),
    ]),
    no_when: "a record on the way is damaged",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// At most this many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        for record in node.audit_log()?.take(self.limit.unwrap_or(usize::MAX)) {
            let record = record?;
            let value = record.to_value()?;
            console.item(|| value, || text(&record))?;
        }
        Ok(Answer::Yes)
    }
}
