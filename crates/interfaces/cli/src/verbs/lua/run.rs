//! `gatos lua run`: a script with its arguments, or a fold over events from a file.

use crate::console::{Answer, Console, Ending, Stop};
use crate::findings;
use crate::lua::host::{self, Bounds};
use crate::manual::{Manual, Reply, example};
use crate::{faults, input, lua};
use gatos_echolua::{Profile, compile};
use gatos_fold::{Fold, FoldEvent, FoldState, compile_lua};
use gatos_node::{Fault, Outcome};
use gatos_values::{Blake3Digest, ErrorCode, EventId, Ulid, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "lua run",
    examples: &[
        example(
            "a script with arguments",
            "gatos lua run report.lua 2026 --all",
        ),
        example("other dice", "gatos lua run --seed 7 dice.lua"),
        example(
            "try a fold on events from a file",
            "gatos lua run folds/invoices.lua events.jsonl",
        ),
    ],
    reply: Reply::Bytes(
        "what the program prints; of a fold, each state file as its path, a tab and its content",
    ),
    no_when: "the program has errors, raises one, or uses up its fuel or memory",
};

/// Time of the first event of a file that names no ULIDs, in milliseconds: 2026-01-01.
const FIRST_TIME_MS: u64 = 1_767_225_600_000;

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Its profile [default: fold below a folder `folds` or with `---@profile fold`, else script]
    #[arg(long, value_parser = lua::parse_profile, value_name = "script|fold")]
    profile: Option<Profile>,
    #[command(flatten)]
    bounds: Bounds,
    /// Program to run, or `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Arguments of the program; of a fold, a file of events, each line `{type, actor, payload}`
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<String>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let source = input::read(&self.file, input::SOURCE_SIZE_MAX)?;
        let name = input::shown(&self.file);
        let found = findings::check_lua(&name, &source, self.profile);
        let is_wrong = found.error_count() > 0;
        for finding in found.texts() {
            if is_wrong {
                console.wrong(&finding);
            } else {
                console.note(&finding);
            }
        }
        if is_wrong {
            return Err(found.to_fault().into());
        }
        let text = String::from_utf8_lossy(&source);
        let profile = self
            .profile
            .unwrap_or_else(|| lua::profile_of(&name, &text));
        if profile == Profile::Fold && lua::is_whole_fold(&text) {
            return self.run_fold(console, &text, &name);
        }
        let module = compile(&source, profile).module;
        let module =
            module.ok_or_else(|| faults::internal("a program without findings did not compile"))?;
        let mut vm = self.bounds.machine(profile);
        let loaded = host::load(&mut vm, &module, &name, &self.arguments);
        let (main, arguments) =
            loaded.ok_or_else(|| faults::internal("a compiled program did not load"))?;
        let values = host::call(&mut vm, console, main, &arguments, &name)?;
        if profile == Profile::Fold {
            // A pure program cannot print: what it returns is its output.
            let shown: Vec<String> = values.iter().map(|value| vm.show(*value)).collect();
            if !shown.is_empty() {
                console.bytes(format!("{}\n", shown.join("\t")).as_bytes())?;
            }
            show_files(console, vm.take_files())?;
        }
        Ok(Answer::Yes)
    }

    fn run_fold(&self, console: &mut Console, source: &str, name: &str) -> Ending {
        let compiled = compile_lua(source, name)
            .map_err(|_| faults::internal("a checked fold did not compile"))?;
        let mut fold = Fold::decode(&compiled.rgf).map_err(Fault::from)?;
        if let Some(map) = &compiled.map {
            fold = fold.with_map(map).map_err(Fault::from)?;
        }
        let mut state = FoldState::new(&fold);
        let events = match self.arguments.as_slice() {
            [] => Vec::new(),
            [file] => read_events(Path::new(file))?,
            _ => return Err(faults::usage("lua run", "a fold takes one file of events").into()),
        };
        for event in &events {
            state.apply(&fold, &event.seen()).map_err(Fault::from)?;
        }
        let files = state.emit(&fold).map_err(Fault::from)?;
        show_files(
            console,
            files.into_iter().map(|file| (file.path, file.bytes)),
        )?;
        let skipped: u64 = state.skipped(&fold).values().sum();
        if skipped > 0 {
            let counted = crate::text::counted(skipped, "event", "events");
            console.note(&crate::text::Text::new().say(format!("skipped {counted}\n")));
        }
        Ok(Answer::Yes)
    }
}

fn show_files(
    console: &mut Console,
    files: impl IntoIterator<Item = (String, Vec<u8>)>,
) -> Result<(), Stop> {
    for (path, bytes) in files {
        console.bytes(path.as_bytes())?;
        console.bytes(b"\t")?;
        console.json_text(&bytes)?;
        if !console.output_is_terminal() {
            console.bytes(b"\n")?;
        }
    }
    Ok(())
}

/// An event of a file.
struct LineEvent {
    id: EventId,
    ulid: Ulid,
    event_type: String,
    actor: String,
    journal: String,
    position: u64,
    payload: Value,
}

impl LineEvent {
    fn seen(&self) -> FoldEvent<'_> {
        FoldEvent {
            id: self.id,
            ulid: self.ulid,
            event_type: &self.event_type,
            actor: &self.actor,
            journal: &self.journal,
            position: self.position,
            payload: &self.payload,
        }
    }
}

/// The events of a file in canonical order. A line may name its `ulid`, `id` and `ns`; otherwise they follow from its number
/// and its bytes.
fn read_events(path: &Path) -> Outcome<Vec<LineEvent>> {
    let bytes = input::read(path, input::DOCUMENT_SIZE_MAX)?;
    let shown = input::shown(path);
    let mut events = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let at = format!("{shown}:{}", number + 1);
        let value = json::decode_strict(line, usize::MAX)
            .map_err(|error| faults::json(&at, line, &error))?;
        events.push(line_event(&value, number as u64, line, &at)?);
    }
    events.sort_by_key(|event| (event.ulid, event.id));
    let mut positions: BTreeMap<String, u64> = BTreeMap::new();
    for event in &mut events {
        let position = positions.entry(event.journal.clone()).or_default();
        *position += 1;
        event.position = *position;
    }
    Ok(events)
}

fn line_event(value: &Value, number: u64, line: &[u8], at: &str) -> Outcome<LineEvent> {
    let wrong = |reason: String| {
        Fault::new(ErrorCode::BadEvent, at, reason).with_hint(
            "write one event a line: {\"type\":…,\"actor\":\"user:ada\",\"payload\":{…}}",
        )
    };
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let event_type = text("type").ok_or_else(|| wrong(format!("`{at}` has no `type`")))?;
    let actor = text("actor").unwrap_or("user:nobody");
    let ulid = match text("ulid") {
        Some(ulid) => Ulid::parse(ulid).map_err(|error| wrong(error.to_string()))?,
        None => Ulid::from_parts(FIRST_TIME_MS + number * 1000, u128::from(number))
            .ok_or_else(|| wrong(format!("`{at}` has a number beyond all times")))?,
    };
    let id = match text("id") {
        Some(id) => EventId::parse(id).map_err(|error| wrong(error.to_string()))?,
        None => EventId::from_digest(Blake3Digest::of(line)),
    };
    let ns = text("ns").unwrap_or("draft");
    Ok(LineEvent {
        id,
        ulid,
        event_type: event_type.to_owned(),
        actor: actor.to_owned(),
        journal: format!(
            "gatos/journal/{ns}/{}/0123456789abcdef",
            actor.replace(':', "/")
        ),
        position: 0,
        payload: value.get("payload").cloned().unwrap_or(Value::Null),
    })
}
