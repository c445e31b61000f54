//! `gatos event show`: one event by its id.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::moment;
use crate::text::Text;
use crate::verbs::common::{self, Serving};
use gatos_node::ObjectId;
use gatos_node::{Outcome, reply};
use gatos_values::{EventId, SealedEvent, json};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "event show",
    examples: &[example(
        "look at one event",
        "gatos event show blake3:6f1c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("id", "event id"),
        field("commit", "Git commit that holds it"),
        field("event", "the signed envelope"),
        field(
            "signature",
            "its signature, armored as `ssh-keygen -Y sign` writes it",
        ),
    ]),
    no_when: "no journal holds the event, or the actor of `--for` may not read it",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Event id: `blake3:` and 64 hex digits
    #[arg(value_name = "ID", value_parser = common::event_id)]
    id: EventId,
    #[command(flatten)]
    serving: Serving,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        let stored = node.find_event(&self.id)?;
        self.serving.check_event(&node, &stored.event)?;
        let bytes = stored.event.bytes();
        let envelope = json::decode_canonical(bytes, bytes.len())
            .map_err(|error| crate::faults::json(&self.id.to_string(), bytes, &error))?;
        let reply = document(
            true,
            [
                ("id", reply::text(&stored.event.id().to_string())),
                ("commit", reply::text(&stored.commit.to_string())),
                ("event", envelope),
                (
                    "signature",
                    reply::text(&stored.event.signature().armored()),
                ),
            ],
        );
        console.show(&reply, &text(stored.commit, &stored.event)?)?;
        Ok(Answer::Yes)
    }
}

fn text(commit: ObjectId, event: &SealedEvent) -> Outcome<Text> {
    let envelope = event.envelope();
    let payload = super::log::payload_text(envelope)?;
    let mut text = Text::new()
        .strong(event.id())
        .end()
        .field("type", &envelope.event_type)
        .field("namespace", &envelope.ns)
        .field("actor", &envelope.actor)
        .field("key", envelope.key)
        .field("ulid", envelope.ulid)
        .field(
            "time",
            format!("{} UTC", moment::time_text(envelope.ulid.time_ms())),
        )
        .field("resource", &envelope.resource)
        .field("commit", commit);
    if let Some(idem) = &envelope.idem {
        text = text.field("idem", idem);
    }
    for label in &envelope.labels {
        text = text.field("label", label);
    }
    Ok(text.field("payload", payload))
}
