//! `gatos trust key`: the history of a key.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::common;
use gatos_node::{Fault, reply};
use gatos_values::{ErrorCode, KeyId, Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust key",
    examples: &[example(
        "since when a key may sign",
        "gatos trust key 00112233aabbccdd",
    )],
    reply: Reply::Document(&[
        field("ok", "whether the key may sign now"),
        field("actor", "whose it is"),
        field("since", "governance version that enrolled it"),
        field("until", "governance version that revoked it, or null"),
        field("rotated_from", "the key whose place it took, or null"),
    ]),
    no_when: "the key is revoked, or was never enrolled",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Id of the key
    #[arg(value_name = "KEY", value_parser = KeyId::parse)]
    key: KeyId,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let chain = common::open()?.governance()?;
        let record = chain.key(&self.key).ok_or_else(|| {
            let reason = format!("key `{}` was never enrolled here", self.key);
            Fault::new(ErrorCode::UnknownKey, self.key.to_string(), reason)
        })?;
        let is_live = record.is_live_at(chain.version());
        let from = record.rotated_from.map(|key| key.to_string());
        let value = document(
            is_live,
            [
                ("actor", reply::text(record.actor.as_str())),
                ("since", reply::count(record.since_version)),
                (
                    "until",
                    record.until_version.map_or(Value::Null, reply::count),
                ),
                ("rotated_from", reply::optional_text(from.as_deref())),
            ],
        );
        let mut text = Text::new()
            .strong(self.key)
            .say(" of ")
            .strong(&record.actor)
            .end()
            .field("since", format!("version {}", record.since_version));
        if let Some(until) = record.until_version {
            text = text.field("until", format!("version {until}"));
        }
        if let Some(from) = &from {
            text = text.field("in the place of", from);
        }
        console.show(&value, &text)?;
        Ok(if is_live { Answer::Yes } else { Answer::No })
    }
}
