//! `gatos event log`: events of a namespace as they come in canonical order.

use crate::console::{Answer, Console, Ending, Stop};
use crate::faults;
use crate::manual::{Manual, Reply, example, field};
use crate::moment;
use crate::text::Text;
use crate::verbs::common::{self, AtLeast, Moment, NamespaceArgument, Serving};
use gatos_node::gate::reading::Reading;
use gatos_node::log::{LogEntry, LogQuery};
use gatos_node::{Node, Outcome};
use gatos_values::{Actor, Envelope, Glob, json};
use std::thread;
use std::time::Duration;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "event log",
    examples: &[
        example(
            "what happened in a namespace",
            "gatos event log --ns finance",
        ),
        example(
            "one actor's payments of the last week, for a program",
            "gatos event log --json --ns finance --actor user:ada --type 'invoice.*' --since 7d",
        ),
        example("keep watching", "gatos event log --ns ops/deploy --follow"),
    ],
    reply: Reply::Lines(&[
        field("id", "event id"),
        field("commit", "Git commit that holds it"),
        field("event", "the signed envelope"),
    ]),
    no_when: "an event on the way may not stand (it is named), or the one of `--at-least` is not seen",
};

/// Pause between two looks at the journals while following.
const ROUND_PAUSE: Duration = Duration::from_millis(200);

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// Only this actor's events
    #[arg(long, value_parser = Actor::parse)]
    actor: Option<Actor>,
    /// Only types that match: `*` stands for one name, `**` for any
    #[arg(short = 't', long = "type", value_name = "GLOB", value_parser = common::type_glob)]
    event_type: Option<Glob>,
    /// Only from this ULID or time on: a ULID, `2026-03-01T09:30:00Z`, `2026-03-01`, `@SECONDS`, `90m`, `7d`
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    since: Option<Moment>,
    /// Only before this ULID or time
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    until: Option<Moment>,
    /// At most this many
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
    #[command(flatten)]
    at_least: AtLeast,
    #[command(flatten)]
    serving: Serving,
    /// Go on with new events as they become visible, until interrupted or `--limit` is reached
    #[arg(short, long)]
    follow: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        self.at_least.await_event(&node)?;
        let shown = match self.follow {
            true => self.keep_watching(console, &node)?,
            false => self.show_all(console, &node)?,
        };
        if shown == 0 {
            console
                .note(&Text::new().say(format!("no event of `{}` matches\n", self.namespace.ns)));
        }
        Ok(Answer::Yes)
    }

    fn show_all(&self, console: &mut Console, node: &Node) -> Result<u64, Stop> {
        let reading = self.serving.reading(node)?;
        // What is hidden does not count for the limit.
        let query = LogQuery {
            limit: self.limit.filter(|_| reading.is_none()),
            ..self.query()
        };
        let mut shown = 0;
        for entry in node.log(query)? {
            if self.limit.is_some_and(|limit| shown >= limit) {
                break;
            }
            let entry = entry?;
            if !is_hidden(reading.as_ref(), &entry)? {
                show(console, &entry)?;
                shown += 1;
            }
        }
        console.flush()?;
        Ok(shown)
    }

    /// Shows what becomes visible until enough is shown, the reader goes away or a signal ends us.
    fn keep_watching(&self, console: &mut Console, node: &Node) -> Result<u64, Stop> {
        let mut follower = node.follow(LogQuery {
            limit: None,
            ..self.query()
        });
        let mut shown = 0;
        loop {
            // Made anew in every round, so that a change of governance is followed.
            let reading = self.serving.reading(node)?;
            for entry in follower.round()?.into_iter().flatten() {
                if self.limit.is_some_and(|limit| shown >= limit) {
                    return Ok(shown);
                }
                let entry = entry?;
                if !is_hidden(reading.as_ref(), &entry)? {
                    show(console, &entry)?;
                    shown += 1;
                }
            }
            console.flush()?;
            if self.limit.is_some_and(|limit| shown >= limit) {
                return Ok(shown);
            }
            thread::sleep(ROUND_PAUSE);
        }
    }

    fn query(&self) -> LogQuery {
        LogQuery {
            actor: self.actor.clone(),
            event_type: self.event_type.clone(),
            since: self.since.map(Moment::first_ulid),
            until: self.until.map(Moment::first_ulid),
            limit: self.limit,
            ..LogQuery::all(self.namespace.ns.clone())
        }
    }
}

fn is_hidden(reading: Option<&Reading<'_>>, entry: &LogEntry) -> Outcome<bool> {
    match reading {
        Some(reading) => Ok(reading.refuse_event(entry.event.envelope())?.is_some()),
        None => Ok(false),
    }
}

/// People see the whole payload with `-v`, else its beginning and end.
fn show(console: &mut Console, entry: &LogEntry) -> Result<(), Stop> {
    if console.is_json() {
        return console.json_line(&json_line(entry));
    }
    let payload_width = if console.is_verbose() {
        usize::MAX
    } else {
        PAYLOAD_WIDTH_MAX
    };
    let text = text(entry, payload_width)?;
    console.print(&text)
}

/// `{commit, event, id}` in canonical form. The envelope is canonical already, so its bytes go in as
/// they are: a stream of millions is not decoded and encoded again.
fn json_line(entry: &LogEntry) -> Vec<u8> {
    let mut line = format!(r#"{{"commit":"{}","event":"#, entry.commit).into_bytes();
    line.extend_from_slice(entry.event.bytes());
    line.extend_from_slice(format!(r#","id":"{}"}}"#, entry.event.id()).as_bytes());
    line
}

/// Columns of a payload that a list shows.
const PAYLOAD_WIDTH_MAX: usize = 240;

fn text(entry: &LogEntry, payload_width: usize) -> Outcome<Text> {
    let envelope = entry.event.envelope();
    let payload = crate::table::cut(&payload_text(envelope)?, payload_width);
    Ok(Text::new()
        .strong(entry.event.id())
        .end()
        .say(format!(
            "  {} UTC  ",
            moment::time_text(envelope.ulid.time_ms())
        ))
        .foreign(&envelope.event_type)
        .say("  ")
        .foreign(&envelope.actor)
        .end()
        .say("  ")
        .foreign(payload)
        .end())
}

/// The payload as one line of JSON.
pub fn payload_text(envelope: &Envelope) -> Outcome<String> {
    let bytes = json::encode_canonical(&envelope.payload)
        .map_err(|error| faults::internal(&format!("a payload has no JSON form: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
