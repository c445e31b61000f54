//! `gatos echo replay`: a recording done again, compared tick by tick, and who is to blame where it differs.

use super::tape;
use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field, optional};
use crate::text::{Text, Tone, counted, grouped};
use gatos_echo::recording::Recording;
use gatos_echo::replay::{
    Blame, Divergence, Evidence, Outcome, ReplayOptions, StepKind, Verdict, verify,
};
use gatos_node::{Progress, reply};
use gatos_values::Value;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "echo replay",
    examples: &[
        example(
            "with eight threads; the result must not depend on it",
            "gatos echo replay --verify flock.echo --threads 8",
        ),
        example(
            "a part, from the last key frame before it",
            "gatos echo replay --verify flock.echo --from 500 --until 600",
        ),
        example(
            "every tick in every way that must not matter",
            "gatos echo replay --verify flock.echo --thorough",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether every tick that was compared is the same"),
        field("recording", "the file"),
        field("finished", "whether the recording was ended"),
        field("ticks", "how many ticks the recording has"),
        optional(
            "compared",
            "how many ticks were compared, if all are the same",
        ),
        optional(
            "divergence",
            "`{tick, way, recorded, replayed}` of the first one that is not, each outcome `{hash, events, draws, dropped, branches}` or `{error}`",
        ),
        optional(
            "blame",
            "`{phase, kind, name, plugin, subject, entity, recorded, replayed, evidence}`, where evidence names somebody",
        ),
    ]),
    no_when: "a tick differs",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Recording, as `gatos echo run --record` writes it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Compare every tick; this is what a replay does, with or without the word
    #[arg(long)]
    verify: bool,
    /// First tick that matters; the replay starts at the last key frame before it
    #[arg(long, value_name = "N")]
    from: Option<u64>,
    /// First tick that does not matter any more
    #[arg(long, value_name = "N")]
    until: Option<u64>,
    /// Threads for systems; the result must not depend on it [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Do every tick in all ways that must not matter: on one thread, as shuffled jobs on several, after saving and
    /// loading, with other NaNs
    #[arg(long)]
    thorough: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        // The word is there for whoever writes it; there is no other kind of replay.
        let _ = self.verify;
        let bytes = tape::read(&self.file)?;
        let recording = tape::parse(&self.file, &bytes)?;
        let mut simulation = tape::simulation(&self.file, &recording, console)?;
        let workers = super::workers(self.threads);
        let options = ReplayOptions {
            from: self.from,
            until: self.until,
            is_thorough: self.thorough,
        };
        let mut bars = console.bars();
        let total = recording.first_tick() + recording.len() as u64;
        let mut progress = |tick: u64| {
            bars.draw(Progress {
                stage: "replay",
                done: tick + 1,
                total: Some(total),
            });
        };
        let verdict = verify(
            &mut simulation,
            &recording,
            options,
            &workers,
            &mut progress,
        );
        bars.finish();
        let verdict = verdict.map_err(|error| tape::refused(&self.file, &error.to_string()))?;
        let value = value(&self.file, &recording, &verdict);
        console.show(&value, &text(&self.file, &recording, &verdict))?;
        match verdict {
            Verdict::Identical { .. } => Ok(Answer::Yes),
            Verdict::Diverged(_) => Ok(Answer::No),
        }
    }
}

fn value(file: &std::path::Path, recording: &Recording<'_>, verdict: &Verdict) -> Value {
    let mut fields = vec![
        ("recording", reply::text(&crate::input::shown(file))),
        ("finished", Value::Bool(recording.is_finished())),
        ("ticks", reply::count(recording.len() as u64)),
    ];
    let is_identical = match verdict {
        Verdict::Identical { ticks } => {
            fields.push(("compared", reply::count(*ticks)));
            true
        }
        Verdict::Diverged(divergence) => {
            fields.push(("divergence", divergence_value(divergence)));
            if let Some(blame) = &divergence.blame {
                fields.push(("blame", blame_value(blame, ["recorded", "replayed"])));
            }
            false
        }
    };
    document(is_identical, fields)
}

fn divergence_value(divergence: &Divergence) -> Value {
    reply::object(vec![
        ("tick", reply::count(divergence.tick)),
        ("way", reply::text(&divergence.way.to_string())),
        ("recorded", outcome_value(&divergence.recorded)),
        ("replayed", outcome_value(&divergence.replayed)),
    ])
}

/// What came of a tick, as a value.
pub(super) fn outcome_value(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Made {
            hash,
            events,
            draws,
            dropped,
            forks,
        } => reply::object(vec![
            ("hash", reply::text(&hash.to_string())),
            ("events", reply::count(*events)),
            ("draws", reply::count(*draws)),
            ("dropped", reply::count(*dropped)),
            (
                "branches",
                Value::List(forks.iter().map(|label| reply::text(label)).collect()),
            ),
        ]),
        Outcome::Stopped { reason } => reply::object(vec![("error", reply::text(reason))]),
    }
}

/// Who is to blame, as a value; `sides` are the names of the two values' sides.
pub(super) fn blame_value(blame: &Blame, sides: [&'static str; 2]) -> Value {
    let or_null = |text: Option<String>| text.map_or(Value::Null, |text| reply::text(&text));
    let plugin = blame.plugin.as_ref();
    reply::object(vec![
        ("phase", reply::text(blame.phase.as_str())),
        ("kind", reply::text(blame.kind.as_str())),
        ("name", reply::text(&blame.name)),
        (
            "plugin",
            or_null(plugin.map(|plugin| format!("{} {}", plugin.id, plugin.version))),
        ),
        ("subject", or_null(blame.subject.clone())),
        (
            "entity",
            or_null(blame.entity.map(|entity| entity.to_string())),
        ),
        (sides[0], reply::text(&blame.recorded)),
        (sides[1], reply::text(&blame.replayed)),
        ("evidence", reply::text(&evidence(blame.evidence))),
    ])
}

fn evidence(evidence: Evidence) -> String {
    match evidence {
        Evidence::Recorded { way } => format!("the steps that were recorded; done again {way}"),
        Evidence::Reruns { one, other } => {
            format!("the tick was done again {one} and {other}, and must be the same")
        }
        Evidence::Recordings => "the steps that both recordings hold".to_owned(),
    }
}

fn text(file: &std::path::Path, recording: &Recording<'_>, verdict: &Verdict) -> Text {
    let text = Text::new().field("recording", crate::input::shown(file));
    let text = match recording.is_finished() {
        true => text,
        false => text.field(
            "note",
            "its writer was cut off; it is read up to the last whole tick",
        ),
    };
    match verdict {
        Verdict::Identical { ticks } => {
            let compared = counted(*ticks, "tick", "ticks");
            text.toned(Tone::Good, "identical")
                .say(format!(": {compared} compared"))
                .end()
        }
        Verdict::Diverged(divergence) => text
            .toned(Tone::Bad, "different")
            .say(format!(
                ": tick {}, done {}",
                grouped(divergence.tick),
                divergence.way
            ))
            .end()
            .then(divergence_text(divergence)),
    }
}

fn divergence_text(divergence: &Divergence) -> Text {
    let text = Text::new()
        .field("recorded", outcome_text(&divergence.recorded))
        .field("replayed", outcome_text(&divergence.replayed));
    let Some(blame) = &divergence.blame else {
        return text.field(
            "blame",
            "nobody: each way of doing the tick again gives the same here. Record with `--trace values` to see the step",
        );
    };
    blame_text(text, blame, ["recorded", "replayed"])
}

/// What came of a tick, in a line.
pub(super) fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Made {
            hash,
            events,
            draws,
            dropped,
            forks,
        } => {
            let branches = match &forks[..] {
                [] => String::new(),
                some => format!(", branches {}", some.join(", ")),
            };
            format!("{hash}, {events} events, {draws} draws, {dropped} dropped{branches}")
        }
        Outcome::Stopped { reason } => format!("stopped: {reason}"),
    }
}

/// Adds who is to blame; `sides` are the names of the two values' sides.
pub(super) fn blame_text(text: Text, blame: &Blame, sides: [&'static str; 2]) -> Text {
    let text = text
        .field("phase", blame.phase)
        .field(kind_label(blame.kind), &blame.name);
    let text = match &blame.plugin {
        Some(plugin) => text.field("plugin", format!("{} {}", plugin.id, plugin.version)),
        None => text,
    };
    let text = match &blame.subject {
        Some(subject) => text.field("what", subject),
        None => text,
    };
    let text = match blame.entity {
        Some(entity) => text.field("entity", entity),
        None => text,
    };
    text.field(sides[0], &blame.recorded)
        .field(sides[1], &blame.replayed)
        .field("evidence", evidence(blame.evidence))
}

const fn kind_label(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Inputs => "inputs",
        StepKind::Handler => "handler",
        StepKind::Event => "event",
        StepKind::Scripts => "scripts",
        StepKind::System => "system",
        StepKind::Reduced => "commands",
    }
}
