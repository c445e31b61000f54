//! `gatos echo run`: a world from a folder, so many ticks, with a summary and a recording.

use super::live::{self, View};
use super::watch::Watcher;
use crate::console::{Answer, Console, Ending, Stop, document};
use crate::manual::{Manual, Reply, example, field, optional};
use crate::text::{Text, counted, grouped};
use crate::{faults, input, worlds};
use gatos_echo::World;
use gatos_echo::bus::{BusError, Draft, Lane};
use gatos_echo::manifest::{SEED_NAME, Sources};
use gatos_echo::recording::{RecordError, Recorder, RecorderOptions, Sink, TraceDepth};
use gatos_echo::schedule::{Phase, TickError, TickReport, Workers};
use gatos_echo::script::payload;
use gatos_echo::simulation::{Branch, Input, Simulation, StepError};
use gatos_echolua::{Heap, Value as Lua};
use gatos_node::{Fault, reply};
use gatos_values::{ErrorCode, Value};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "echo run",
    examples: &[
        example(
            "ten seconds of a world",
            "gatos echo run examples/echo/fountain --ticks 600",
        ),
        example(
            "look on while it runs, and write a recording",
            "gatos echo run examples/echo/flock --live --record flock.echo",
        ),
        example(
            "try changes of scripts while the world runs",
            "gatos echo run examples/echo/fountain --ticks 6000 --watch --live",
        ),
        example(
            "another seed, for a program",
            "gatos echo run examples/echo/market --seed 8 --json",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether every tick was made"),
        field("world", "its name"),
        field("ticks", "how many ticks were made"),
        field("ticks_per_second", "of the world's time"),
        field("hash", "the digest of world and scripts"),
        field("entities", "how many live"),
        field("components", "how many entities have each, by name"),
        field(
            "events",
            "`{delivered, unheard, dropped}` of all ticks, and how many are `waiting`",
        ),
        field("commands", "how many commands were done or refused"),
        field("refused", "how many of those found nobody to work on"),
        field("draws", "how many random numbers were drawn"),
        field("log", "what scripts logged, each `{tick, script, text}`"),
        field(
            "branches",
            "branches that scripts asked for, each `{label, tick, hash, entities}`, and `recording` where the run is recorded",
        ),
        optional("recording", "`{file, size}` of the recording"),
    ]),
    no_when: "the world has errors, or a tick stops",
};

/// Lines of the log that are kept for a `--json` reply.
const LOG_LINES_MAX: usize = 10_000;
/// Branches that a run follows.
const BRANCHES_MAX: usize = 16;

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder of the world
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// How many ticks to make
    #[arg(long, value_name = "N", default_value_t = 100)]
    ticks: u64,
    /// Threads for systems; the result does not depend on it [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Seed of the world's random numbers [default: the manifest's]
    #[arg(long, value_name = "SEED")]
    seed: Option<String>,
    /// Write a recording of the run, with the texts of the world in it; branches that scripts ask for have files of their own beside
    /// it, with a number before the extension
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// What a recording says about the steps of ticks; more makes a divergence easier to name
    #[arg(long, value_name = "none|digests|values", value_parser = parse_trace, default_value = "none", requires = "record")]
    trace: TraceDepth,
    /// Write the whole world into the recording after so many ticks each; 0 for the first only
    #[arg(long, value_name = "N", default_value_t = 0, requires = "record")]
    key_frames: u64,
    /// Run in the world's own time, and load scripts and modules anew when their files change; a recording has the change as an
    /// input, so a replay does the same
    #[arg(long)]
    watch: bool,
    /// Show entities, tick time, lanes and hash while it runs, where a terminal looks on
    #[arg(long)]
    live: bool,
}

fn parse_trace(word: &str) -> Result<TraceDepth, String> {
    match word {
        "none" => Ok(TraceDepth::None),
        "digests" => Ok(TraceDepth::Digests),
        "values" => Ok(TraceDepth::Values),
        _ => Err("write `none`, `digests` or `values`".to_owned()),
    }
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let mut sources = worlds::read(&self.folder, console)?;
        if let Some(seed) = &self.seed {
            sources.insert(SEED_NAME.to_owned(), seed.as_bytes().to_vec());
        }
        let mut world = worlds::make(&self.folder, &sources, console)?;
        let workers = super::workers(self.threads);
        let path = self.record.clone();
        let tape = path.map(|path| Tape::begin(&self, path, &sources, &mut world.simulation));
        let mut run = Run {
            arguments: &self,
            sources: &sources,
            workers,
            watcher: self.watch.then(|| Watcher::new(&self.folder, &sources)),
            inputs: world.inputs,
            sums: Sums::default(),
            branches: Vec::new(),
        };
        let mut simulation = world.simulation;
        let recording = run.main(console, &mut simulation, tape.transpose()?)?;
        let branches = run.follow_branches(console)?;
        let summary = Summary {
            name: &world.name,
            sums: &run.sums,
            branches: &branches,
            recording,
        };
        summary.show(console, &mut simulation)?;
        Ok(Answer::Yes)
    }
}

/// A file as a sink of a recording.
struct FileSink(BufWriter<File>);

impl Sink for FileSink {
    type Error = io::Error;

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}

/// The recorder of a run or of a branch.
struct Tape {
    path: PathBuf,
    recorder: Recorder<FileSink>,
}

impl Tape {
    fn begin(
        arguments: &Arguments,
        path: PathBuf,
        sources: &Sources,
        simulation: &mut Simulation,
    ) -> Result<Tape, Fault> {
        let options = RecorderOptions {
            key_frame_ticks: arguments.key_frames,
            trace: arguments.trace,
        };
        let file = File::create(&path).map_err(|error| faults::unwritable(&path, &error))?;
        let sink = FileSink(BufWriter::with_capacity(1 << 18, file));
        let names = sources.iter();
        let sources: Vec<(&str, &[u8])> = names.map(|(name, text)| (&**name, &**text)).collect();
        let recorder = Recorder::begin(sink, simulation, &sources, options);
        let recorder = recorder.map_err(|error| unwritten(&path, &error))?;
        Ok(Tape { path, recorder })
    }

    /// Ends the recording; the file and its size.
    fn finish(self) -> Result<(String, u64), Fault> {
        let finished = self.recorder.finish();
        let mut sink = finished.map_err(|error| unwritten(&self.path, &error))?;
        let size = sink.0.flush().and_then(|()| sink.0.get_ref().metadata());
        let size = size.map_err(|error| faults::unwritable(&self.path, &error))?;
        Ok((input::shown(&self.path), size.len()))
    }
}

/// The file of a branch's recording: `pond.echo` becomes `pond.1.echo`, counted from 1.
fn path_of_branch(path: &Path, number: usize) -> PathBuf {
    let extension = path.extension().map(|extension| extension.to_owned());
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{number}"));
    if let Some(extension) = extension {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

fn unwritten(path: &Path, error: &RecordError<io::Error>) -> Fault {
    match error {
        RecordError::Sink(error) => faults::unwritable(path, error),
        other => faults::internal(&other.to_string()),
    }
}

/// What all ticks came to.
#[derive(Default)]
struct Sums {
    ticks: u64,
    delivered: u64,
    unheard: u64,
    dropped: u64,
    commands: u64,
    refused: u64,
    draws: u64,
    log: Vec<Value>,
}

impl Sums {
    fn add(&mut self, report: &TickReport) {
        self.ticks += 1;
        self.delivered += report.delivered;
        self.unheard += report.unheard;
        self.dropped += report.dropped.len() as u64;
        self.commands += report.commands;
        self.refused += report.refused.len() as u64;
        self.draws += report.draws;
    }
}

/// A branch that a script asked for, where it begins.
struct Fork {
    label: String,
    tick: u64,
    branch: Branch,
}

/// Where a branch has come to.
struct Followed {
    label: String,
    tick: u64,
    hash: String,
    entities: u64,
    recording: Option<String>,
}

struct Run<'a> {
    arguments: &'a Arguments,
    sources: &'a Sources,
    workers: Workers,
    watcher: Option<Watcher>,
    inputs: BTreeMap<u64, Vec<Input>>,
    sums: Sums,
    branches: Vec<Fork>,
}

impl Run<'_> {
    /// All ticks of the world itself; the recording's file and size.
    fn main(
        &mut self,
        console: &mut Console,
        simulation: &mut Simulation,
        mut tape: Option<Tape>,
    ) -> Result<Option<(String, u64)>, Stop> {
        let mut view = View::new(self.arguments.live && console.errors_are_seen());
        for tick in 0..self.arguments.ticks {
            let mut inputs = self.inputs_of(tick);
            if let Some(watcher) = &mut self.watcher {
                watcher.wait(tick, simulation.ticks_per_second());
                let changes = watcher.changes(console);
                let tried = watcher.tried(console, simulation, changes, &inputs, &self.workers);
                inputs.splice(0..0, tried?);
            }
            let started = Instant::now();
            let stepped = self.step(simulation, &inputs, &mut tape)?;
            let spent = started.elapsed();
            let report = match stepped {
                Ok(report) => report,
                Err(error) => {
                    // A recording of a run that failed says so.
                    tape.map(Tape::finish).transpose()?;
                    return Err(self.failed(tick, &error).into());
                }
            };
            self.sums.add(&report);
            self.show_log(console, &report)?;
            for label in &report.forks {
                self.fork(console, label, simulation);
            }
            let is_last = tick + 1 == self.arguments.ticks;
            view.tick(console, simulation, spent, is_last);
            if self.watcher.is_some() {
                console.flush()?;
            }
        }
        Ok(tape.map(Tape::finish).transpose()?)
    }

    /// One tick, written down where the run is recorded.
    fn step(
        &self,
        simulation: &mut Simulation,
        inputs: &[Input],
        tape: &mut Option<Tape>,
    ) -> Result<Result<TickReport, StepError>, Stop> {
        let Some(tape) = tape else {
            return Ok(simulation.step(inputs, &self.workers));
        };
        match tape.recorder.step(simulation, inputs, &self.workers) {
            Err(RecordError::Step(error)) => Ok(Err(error)),
            Err(error) => Err(unwritten(&tape.path, &error).into()),
            Ok(report) => Ok(Ok(report)),
        }
    }

    fn inputs_of(&self, tick: u64) -> Vec<Input> {
        let mut inputs = self.inputs.get(&tick).cloned().unwrap_or_default();
        if tick + 1 == self.arguments.ticks {
            inputs.push(Input::Stop);
        }
        inputs
    }

    fn failed(&self, tick: u64, error: &StepError) -> Fault {
        let folder = input::shown(&self.arguments.folder);
        let (reason, trace) = match error {
            StepError::Tick(TickError::Script { reason, .. }) => split_trace(reason),
            StepError::Tick(TickError::Bus {
                error: BusError::Handler { reason, .. },
                ..
            }) => split_trace(reason),
            other => split_trace(&other.to_string()),
        };
        let trace = trace.into_iter().map(|line| reply::text(&line)).collect();
        Fault::new(
            ErrorCode::ProgramFailed,
            folder,
            format!("tick {tick} was not made: {reason}"),
        )
        .with_hint("correct the script or system at the place named")
        .with_detail("trace", Value::List(trace))
    }

    fn show_log(&mut self, console: &mut Console, report: &TickReport) -> Result<(), Stop> {
        for line in &report.log {
            if console.is_json() {
                if self.sums.log.len() < LOG_LINES_MAX {
                    self.sums.log.push(reply::object(vec![
                        ("tick", reply::count(report.tick)),
                        ("script", reply::text(&line.script)),
                        ("text", reply::text(&line.text)),
                    ]));
                }
                continue;
            }
            let text = Text::new()
                .faint(format!("{:>5} ", report.tick))
                .foreign(line.text.replace('\t', "  "))
                .end();
            console.print(&text)?;
        }
        Ok(())
    }

    fn fork(&mut self, console: &mut Console, label: &str, simulation: &Simulation) {
        if self.branches.len() >= BRANCHES_MAX {
            let text = Text::new()
                .say("the branch ")
                .foreign(label)
                .say(format!(" is not followed: a run follows {BRANCHES_MAX}\n"));
            console.note(&text);
            return;
        }
        self.branches.push(Fork {
            label: label.to_owned(),
            tick: simulation.world().tick(),
            branch: simulation.fork(),
        });
    }

    /// Runs the branches that scripts asked for to the same tick; each hears `forked` first of all.
    fn follow_branches(&mut self, console: &mut Console) -> Result<Vec<Followed>, Stop> {
        let mut followed = Vec::new();
        for (number, fork) in (1..).zip(std::mem::take(&mut self.branches)) {
            let folder = &self.arguments.folder;
            let mut simulation = worlds::make(folder, self.sources, console)?.simulation;
            let switched = simulation.switch(fork.branch);
            switched.map_err(|error| faults::internal(&error.to_string()))?;
            let path = self.arguments.record.as_ref();
            let tape = path.map(|path| {
                let path = path_of_branch(path, number);
                Tape::begin(self.arguments, path, self.sources, &mut simulation)
            });
            let mut tape = tape.transpose()?;
            let mut first = vec![Input::Emit(forked(&fork.label))];
            for tick in fork.tick..self.arguments.ticks {
                let mut inputs = std::mem::take(&mut first);
                inputs.extend(self.inputs_of(tick));
                if let Err(error) = self.step(&mut simulation, &inputs, &mut tape)? {
                    tape.map(Tape::finish).transpose()?;
                    return Err(self.failed(tick, &error).into());
                }
            }
            let recording = tape.map(Tape::finish).transpose()?;
            followed.push(Followed {
                tick: fork.tick,
                hash: simulation.hash().to_string(),
                entities: simulation.world().len() as u64,
                label: fork.label,
                recording: recording.map(|(file, _)| file),
            });
        }
        Ok(followed)
    }
}

/// The event that a new branch hears: who it is.
fn forked(label: &str) -> Draft {
    let mut heap = Heap::new(1 << 20);
    let table = heap.new_table();
    let text = Lua::String(heap.string(label.as_bytes()));
    heap.set_text(table, "label", text);
    let mut bytes = Vec::new();
    let encoded = payload::encode(&mut heap, Lua::Table(table), &mut |_, _| None, &mut bytes);
    debug_assert!(encoded.is_ok(), "a text in a table has bytes");
    Draft::new("forked", &bytes).phase(Phase::PreUpdate)
}

/// An error's text, and the lines below it that say how it came there.
fn split_trace(text: &str) -> (String, Vec<String>) {
    let mut lines = text.lines();
    let reason = lines.next().unwrap_or_default().to_owned();
    (reason, lines.map(|line| line.trim().to_owned()).collect())
}

struct Summary<'a> {
    name: &'a str,
    sums: &'a Sums,
    branches: &'a [Followed],
    /// The file and its size.
    recording: Option<(String, u64)>,
}

impl Summary<'_> {
    fn show(&self, console: &mut Console, simulation: &mut Simulation) -> Result<(), Stop> {
        let hash = simulation.hash().to_string();
        let value = self.value(simulation, &hash);
        let text = self.text(simulation, &hash);
        console.show(&value, &text)
    }

    fn value(&self, simulation: &Simulation, hash: &str) -> Value {
        let sums = self.sums;
        let world = simulation.world();
        let components = live::counts(world).into_iter().map(|(name, count)| {
            let count = reply::count(count as u64);
            reply::object(vec![("name", reply::text(&name)), ("count", count)])
        });
        let events = reply::object(vec![
            ("delivered", reply::count(sums.delivered)),
            ("unheard", reply::count(sums.unheard)),
            ("dropped", reply::count(sums.dropped)),
            ("waiting", reply::count(waiting(world))),
        ]);
        let branches = self.branches.iter().map(|branch| {
            let mut fields = vec![
                ("label", reply::text(&branch.label)),
                ("tick", reply::count(branch.tick)),
                ("hash", reply::text(&branch.hash)),
                ("entities", reply::count(branch.entities)),
            ];
            if let Some(file) = &branch.recording {
                fields.push(("recording", reply::text(file)));
            }
            reply::object(fields)
        });
        let mut fields = vec![
            ("world", reply::text(self.name)),
            ("ticks", reply::count(sums.ticks)),
            (
                "ticks_per_second",
                reply::count(simulation.ticks_per_second().into()),
            ),
            ("hash", reply::text(hash)),
            ("entities", reply::count(world.len() as u64)),
            ("components", Value::List(components.collect())),
            ("events", events),
            ("commands", reply::count(sums.commands)),
            ("refused", reply::count(sums.refused)),
            ("draws", reply::count(sums.draws)),
            ("log", Value::List(sums.log.clone())),
            ("branches", Value::List(branches.collect())),
        ];
        if let Some((file, size)) = &self.recording {
            let recording = reply::object(vec![
                ("file", reply::text(file)),
                ("size", reply::count(*size)),
            ]);
            fields.push(("recording", recording));
        }
        document(true, fields)
    }

    fn text(&self, simulation: &Simulation, hash: &str) -> Text {
        let sums = self.sums;
        let world = simulation.world();
        let rate = simulation.ticks_per_second();
        let counts: Vec<String> = live::counts(world)
            .into_iter()
            .map(|(name, count)| format!("{name} {}", grouped(count as u64)))
            .collect();
        let ticks = counted(sums.ticks, "tick", "ticks");
        let mut text = Text::new()
            .field("world", self.name)
            .field("time", format!("{ticks} of {rate} a second"))
            .field("entities", grouped(world.len() as u64))
            .field("components", counts.join(", "))
            .field(
                "events",
                format!(
                    "{} delivered, {} unheard, {} dropped, {} waiting",
                    grouped(sums.delivered),
                    grouped(sums.unheard),
                    grouped(sums.dropped),
                    grouped(waiting(world))
                ),
            )
            .field(
                "commands",
                format!(
                    "{}, {} refused",
                    grouped(sums.commands),
                    grouped(sums.refused)
                ),
            )
            .field("draws", grouped(sums.draws))
            .field("hash", hash);
        for branch in self.branches {
            let mut shown = format!(
                "{} from tick {}: {} entities, {}",
                branch.label,
                branch.tick,
                grouped(branch.entities),
                branch.hash
            );
            if let Some(file) = &branch.recording {
                shown = format!("{shown}, in {file}");
            }
            text = text.field("branch", shown);
        }
        if let Some((file, _)) = &self.recording {
            text = text.field("recording", file);
        }
        text
    }
}

/// How many envelopes wait in all lanes.
fn waiting(world: &World) -> u64 {
    let lanes = Phase::ALL
        .iter()
        .flat_map(|phase| Lane::ALL.iter().map(|lane| world.waiting(*phase, *lane)));
    lanes.sum::<usize>() as u64
}
