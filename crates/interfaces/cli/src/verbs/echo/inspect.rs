//! `gatos echo inspect`: what stands in a recording.

use super::tape;
use crate::console::{Answer, Console, Ending, document};
use crate::input;
use crate::manual::{Manual, Reply, example, field, optional};
use crate::table::{Side, Table};
use crate::text::{Text, grouped};
use gatos_echo::recording::{Recording, TickRecord, TraceDepth};
use gatos_node::reply;
use gatos_values::Value;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "echo inspect",
    examples: &[
        example("what was recorded", "gatos echo inspect flock.echo"),
        example(
            "the ticks from 500 on, for a program",
            "gatos echo inspect flock.echo --from 500 --json",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "true"),
        field("recording", "the file"),
        field("engine", "the engine that wrote it"),
        field("ticks_per_second", "of the world's time"),
        field("config", "digest of the configuration"),
        field("plugins", "each `{id, version}`"),
        field("handlers", "digest of the table of handlers"),
        field("scripts", "each `{name, digest}`"),
        field("sources", "each `{name, size}`"),
        field("trace", "`none`, `digests` or `values`"),
        field("key_frames", "how many ticks were completed at each"),
        field(
            "first_tick",
            "how many ticks were completed before the first one",
        ),
        field("tick_count", "how many ticks were recorded"),
        field("finished", "whether the recording was ended"),
        optional("torn", "the byte where a frame begins that is cut off"),
        optional("failure", "`{tick, reason}` of a tick that stopped"),
        field("seal", "the digest of everything up to the end"),
        field(
            "ticks",
            "each `{tick, inputs, events, draws, dropped, steps, hash}`; `steps` is null without traces",
        ),
    ]),
    no_when: "",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Recording, as `gatos echo run --record` writes it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// First tick to list
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    /// First tick not to list any more
    #[arg(long, value_name = "N")]
    until: Option<u64>,
    /// How many ticks to list at most
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let bytes = tape::read(&self.file)?;
        let recording = tape::parse(&self.file, &bytes)?;
        let first = recording.first_tick();
        let place = |tick: u64| tick.saturating_sub(first).min(recording.len() as u64) as usize;
        let start = self.from.map_or(0, place);
        let end = self.until.map_or(recording.len(), place);
        let rows: Vec<Row> = (start..end)
            .take(self.limit)
            .filter_map(|index| Row::of(&recording, index))
            .collect();
        let file = input::shown(&self.file);
        let left_out = end.saturating_sub(start).saturating_sub(rows.len());
        let text = text(&file, &recording, &rows, left_out);
        console.show(&value(&file, &recording, &rows), &text)?;
        Ok(Answer::Yes)
    }
}

/// A tick in the list.
struct Row {
    tick: TickRecord,
    steps: Option<u64>,
}

impl Row {
    fn of(recording: &Recording<'_>, index: usize) -> Option<Row> {
        let steps = recording.trace(index).map(|steps| steps.len() as u64);
        let tick = recording.tick(index)?;
        Some(Row { tick, steps })
    }
}

const fn trace_word(trace: TraceDepth) -> &'static str {
    match trace {
        TraceDepth::None => "none",
        TraceDepth::Digests => "digests",
        TraceDepth::Values => "values",
    }
}

fn value(file: &str, recording: &Recording<'_>, rows: &[Row]) -> Value {
    let header = recording.header();
    let plugins = header.plugins.iter().map(|plugin| {
        reply::object(vec![
            ("id", reply::text(&plugin.id)),
            ("version", reply::text(&plugin.version.to_string())),
        ])
    });
    let scripts = header.scripts.iter().map(|(name, digest)| {
        reply::object(vec![
            ("name", reply::text(name)),
            ("digest", reply::text(&digest.to_string())),
        ])
    });
    let sources = recording.sources().iter().map(|(name, bytes)| {
        reply::object(vec![
            ("name", reply::text(name)),
            ("size", reply::count(bytes.len() as u64)),
        ])
    });
    let key_frames = recording.key_frames().iter();
    let key_frames = key_frames.map(|frame| reply::count(frame.tick));
    let ticks = rows.iter().map(|row| {
        let tick = &row.tick;
        reply::object(vec![
            ("tick", reply::count(tick.tick)),
            ("inputs", reply::count(tick.inputs.len() as u64)),
            ("events", reply::count(tick.events)),
            ("draws", reply::count(tick.draws)),
            ("dropped", reply::count(tick.dropped.len() as u64)),
            ("steps", row.steps.map_or(Value::Null, reply::count)),
            ("hash", reply::text(&tick.hash.to_string())),
        ])
    });
    let mut fields = vec![
        ("recording", reply::text(file)),
        ("engine", reply::text(&header.engine)),
        (
            "ticks_per_second",
            reply::count(header.ticks_per_second.into()),
        ),
        ("config", reply::text(&header.identity.config.to_string())),
        ("plugins", Value::List(plugins.collect())),
        (
            "handlers",
            reply::text(&header.identity.handlers.to_string()),
        ),
        ("scripts", Value::List(scripts.collect())),
        ("sources", Value::List(sources.collect())),
        ("trace", reply::text(trace_word(header.trace))),
        ("key_frames", Value::List(key_frames.collect())),
        ("first_tick", reply::count(recording.first_tick())),
        ("tick_count", reply::count(recording.len() as u64)),
        ("finished", Value::Bool(recording.is_finished())),
        ("seal", reply::text(&recording.seal().to_string())),
        ("ticks", Value::List(ticks.collect())),
    ];
    if let Some(offset) = recording.torn() {
        fields.push(("torn", reply::count(offset as u64)));
    }
    if let Some(failure) = recording.failure() {
        let failure = reply::object(vec![
            ("tick", reply::count(failure.tick)),
            ("reason", reply::text(&failure.reason)),
        ]);
        fields.push(("failure", failure));
    }
    document(true, fields)
}

fn text(file: &str, recording: &Recording<'_>, rows: &[Row], left_out: usize) -> Text {
    let header = recording.header();
    let list = |names: Vec<String>| match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    };
    let plugins = header.plugins.iter();
    let plugins = plugins.map(|plugin| format!("{} {}", plugin.id, plugin.version));
    let sources = recording.sources().iter();
    let sources = sources.map(|(name, _)| (*name).to_owned());
    let frames = recording.key_frames().iter();
    let frames = frames.map(|frame| grouped(frame.tick));
    let scripts = header.scripts.iter().map(|(name, _)| name.clone());
    let mut text = Text::new()
        .field("recording", file)
        .field("engine", &header.engine)
        .field(
            "rate",
            format!("{} ticks a second", header.ticks_per_second),
        )
        .field("plugins", list(plugins.collect()))
        .field("scripts", list(scripts.collect()))
        .field("sources", list(sources.collect()))
        .field("config", header.identity.config)
        .field("handlers", header.identity.handlers)
        .field("traces", trace_word(header.trace))
        .field("key frames", list(frames.collect()))
        .field("ticks", grouped(recording.len() as u64))
        .field("seal", recording.seal());
    if !recording.is_finished() {
        text = text.field("note", "its writer was cut off before the end");
    }
    if let Some(failure) = recording.failure() {
        let reason = format!("tick {}: {}", failure.tick, failure.reason);
        text = text.field("stopped", reason);
    }
    let mut table = Table::new(&[
        ("tick", Side::Right),
        ("inputs", Side::Right),
        ("events", Side::Right),
        ("draws", Side::Right),
        ("dropped", Side::Right),
        ("hash", Side::Left),
    ]);
    for row in rows {
        let tick = &row.tick;
        table.row([
            grouped(tick.tick),
            tick.inputs.len().to_string(),
            tick.events.to_string(),
            tick.draws.to_string(),
            tick.dropped.len().to_string(),
            tick.hash.to_string(),
        ]);
    }
    if !table.is_empty() {
        text = text.then(Text::new().end()).then(table.text(0));
    }
    if left_out > 0 {
        let more = format!("{} more; see --from and --limit", grouped(left_out as u64));
        text = text.faint(more).end();
    }
    text
}
