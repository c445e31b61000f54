//! `gatos event append`: one signed event.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::common::{self, NamespaceArgument, Signing};
use crate::{faults, input};
use gatos_node::Outcome;
use gatos_node::append::{Acknowledgement, Appended, Intent, Repeats};
use gatos_values::{EventType, IdempotencyKey, ResourceUri, Text as ValueText, Ulid, Value, json};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "event append",
    examples: &[
        example(
            "record a fact",
            r#"gatos event append --ns finance --type invoice.paid --payload '{"id":"i-1","amount":12.50}'"#,
        ),
        example(
            "take the payload from a file, safe to repeat",
            "gatos event append --ns ops/deploy --type deploy.done --payload @deploy.json --idem build-4711",
        ),
        example(
            "take it from a pipe and keep the id",
            "jq -c .config app.json | gatos event append --json --ns ops --type config.set --payload - | jq -r .id",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("id", "event id: BLAKE3 of the envelope"),
        field("ulid", "the event's ULID"),
        field("commit", "Git commit that holds it"),
        field(
            "ack",
            "level reached: `durable` (flushed to disk) or `visible` (its ref points at it)",
        ),
        field("duplicate", "whether the event was there before"),
        field("token", "what `--at-least` takes, to read your own write"),
    ]),
    no_when: "the event is refused: bad payload, unknown key, `DUP_COMMIT`, `ULID_NOT_RISING` and the like",
};

/// Longest text of a payload; its canonical form must fit an envelope.
const PAYLOAD_TEXT_SIZE_MAX: u64 = 16 << 20;

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// Event type: names joined by `.`
    #[arg(short = 't', long = "type", value_name = "TYPE", value_parser = EventType::parse)]
    event_type: EventType,
    /// The fact itself as JSON; `@FILE` reads a file, `-` standard input
    #[arg(short, long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    payload: String,
    #[command(flatten)]
    signing: Signing,
    /// Idempotency key: the same key and content never become two events
    #[arg(long, value_parser = IdempotencyKey::parse)]
    idem: Option<IdempotencyKey>,
    /// ULID of the event [default: made from the clock, above the journal's last]
    #[arg(long, value_parser = Ulid::parse)]
    ulid: Option<Ulid>,
    /// What the event is about [default: the namespace's journal]
    #[arg(long, value_name = "URI", value_parser = ResourceUri::parse)]
    resource: Option<ResourceUri>,
    /// Label of the event; may be repeated
    #[arg(long = "label", value_name = "LABEL", value_parser = EventType::parse)]
    labels: Vec<EventType>,
    /// Capability claimed for it; may be repeated
    #[arg(long = "cap", value_name = "CAP", value_parser = ValueText::new)]
    caps: Vec<ValueText>,
    /// When to reply: once on disk, or once every Git command sees the event
    #[arg(long, value_enum, default_value_t = Ack::Visible)]
    ack: Ack,
    /// Refuse a repeat with `DUP_COMMIT` instead of naming the first event
    #[arg(long)]
    no_repeat: bool,
}

/// Acknowledgement levels as words of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Ack {
    /// Flushed to disk.
    Durable,
    /// The journal's ref points at it.
    Visible,
}

impl From<Ack> for Acknowledgement {
    fn from(ack: Ack) -> Acknowledgement {
        match ack {
            Ack::Durable => Acknowledgement::Durable,
            Ack::Visible => Acknowledgement::Visible,
        }
    }
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let payload = payload(&self.payload)?;
        let node = common::open_as(&self.signing)?;
        let ack = self.ack.into();
        let intent = self.into_intent(payload);
        let appended = node.append(&[intent], ack)?;
        node.close_writer()?;
        let Some(appended) = appended.first() else {
            return Err(faults::internal("an append of one event gave no reply").into());
        };
        console.done(&appended.to_value(), &text(appended))?;
        Ok(Answer::Yes)
    }

    fn into_intent(self, payload: Value) -> Intent {
        Intent {
            actor: self.signing.actor,
            key: self.signing.key.key,
            idem: self.idem,
            ulid: self.ulid,
            resource: self.resource,
            labels: self.labels,
            caps: self.caps,
            repeats: if self.no_repeat {
                Repeats::Deny
            } else {
                Repeats::Allow
            },
            ..Intent::new(self.namespace.ns, self.event_type, payload)
        }
    }
}

fn payload(argument: &str) -> Outcome<Value> {
    let (bytes, name) = input::argument(argument, "--payload", PAYLOAD_TEXT_SIZE_MAX)?;
    json::decode_strict(&bytes, bytes.len()).map_err(|error| faults::json(&name, &bytes, &error))
}

fn text(appended: &Appended) -> Text {
    let text = Text::new();
    let text = match appended.duplicate {
        false => text.toned(Tone::Good, "appended ").strong(appended.id),
        true => text.toned(Tone::Warn, "known before ").strong(appended.id),
    };
    text.end()
        .field("ulid", appended.ulid)
        .field("commit", &appended.commit)
        .field("ack", appended.ack.as_str())
}
