//! `gatos audit show`: one decision.

use super::text;
use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::common;
use gatos_values::{Text as ValueText, Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "audit show",
    examples: &[example(
        "the decision a refusal named",
        "gatos audit show blake3:6c584b972bdef8ee4c8ecfe2295f831b9d69270d9a51fdd72a2e48e6a0d9bc0e",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("id", "id of the decision: BLAKE3 of the record"),
        field("commit", "Git commit that holds it"),
        field("signer", "key of the node that signed it"),
        field("record", "the signed record, see docs/formats/audit.md"),
    ]),
    no_when: "there is no such decision",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Id of the decision, or its first 8 digits or more
    #[arg(value_name = "ID")]
    id: String,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let record = common::open()?.audit_show(&self.id)?;
        let mut reply = record.to_value()?;
        if let Value::Map(map) = &mut reply {
            map.insert(ValueText::from_ascii("ok"), Value::Bool(true));
        }
        console.show(&reply, &text(&record))?;
        Ok(Answer::Yes)
    }
}
