//! Watching the files of a world that runs: what changes is compiled and becomes an input of the next tick.
//!
//! The world depends on the inputs, which a recording has, and not on when a file was written. Code with mistakes is told and left
//! out; so is code whose tick would stop. A change of `world.yaml` is for the next run. Tests: watch/tests.rs, tests/it/recordings.rs.

#[cfg(test)]
mod tests;

use crate::console::{Console, Stop};
use crate::findings::SourceFindings;
use crate::text::Text;
use crate::{faults, input, lua};
use gatos_echo::manifest::{MANIFEST_NAME, SEED_NAME, Sources};
use gatos_echo::schedule::Workers;
use gatos_echo::simulation::{Input, Simulation};
use gatos_echolua::{Profile, elc};
use gatos_values::ErrorCode;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A file with what is known of it.
struct Watched {
    /// Its path inside the folder, by which the world knows it.
    name: String,
    path: PathBuf,
    /// When it was written and how long it is.
    seen: Option<(SystemTime, u64)>,
    text: Vec<u8>,
}

/// The scripts and modules of a world.
pub struct Watcher {
    files: Vec<Watched>,
    started: Instant,
}

impl Watcher {
    /// Watches the files that a world was made from.
    pub fn new(folder: &Path, sources: &Sources) -> Watcher {
        let is_code = |name: &&String| *name != MANIFEST_NAME && *name != SEED_NAME;
        let names = sources.keys().filter(is_code);
        let files = names.map(|name| {
            let path = folder.join(name);
            Watched {
                name: name.clone(),
                seen: None,
                text: sources[name].clone(),
                path,
            }
        });
        Watcher {
            files: files.collect(),
            started: Instant::now(),
        }
    }

    /// Waits until it is time for a tick.
    pub fn wait(&self, tick: u64, ticks_per_second: u32) {
        let nanos = u128::from(tick) * 1_000_000_000 / u128::from(ticks_per_second);
        let due = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        std::thread::sleep(due.saturating_sub(self.started.elapsed()));
    }

    /// What changed since it was asked last, compiled.
    pub fn changes(&mut self, console: &mut Console) -> Vec<Input> {
        let files = self.files.iter_mut();
        files
            .filter_map(|file| file.change().then(|| compiled(file, console)).flatten())
            .collect()
    }

    /// Those changes with which the tick can be made: it is tried on a branch that is thrown away.
    ///
    /// # Errors
    /// What cannot happen: that the branch does not fit.
    pub fn tried(
        &self,
        console: &mut Console,
        simulation: &mut Simulation,
        changes: Vec<Input>,
        others: &[Input],
        workers: &Workers,
    ) -> Result<Vec<Input>, Stop> {
        if changes.is_empty() {
            return Ok(changes);
        }
        let before = simulation.fork();
        let all: Vec<Input> = changes.iter().chain(others).cloned().collect();
        let result = simulation.step(&all, workers);
        let switched = simulation.switch(before);
        switched.map_err(|error| faults::internal(&error.to_string()))?;
        let names = changes.iter().filter_map(|change| match change {
            Input::Reload { script, .. } => Some(script.as_str()),
            _ => None,
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let Err(error) = result else {
            console.note(&Text::new().say("loaded anew: ").foreign(names).end());
            return Ok(changes);
        };
        let text = Text::new().say("not loaded, ").foreign(names);
        console.note(&text.say(": ").foreign(error.to_string()).end());
        Ok(Vec::new())
    }
}

impl Watched {
    /// Whether it has another text than before. One that cannot be read at the moment has not.
    fn change(&mut self) -> bool {
        let Ok(metadata) = std::fs::metadata(&self.path) else {
            return false;
        };
        let seen = metadata.modified().ok().map(|time| (time, metadata.len()));
        if seen.is_some() && seen == self.seen {
            return false;
        }
        let Ok(text) = input::read(&self.path, input::SOURCE_SIZE_MAX) else {
            return false;
        };
        self.seen = seen;
        let is_other = text != self.text;
        self.text = text;
        is_other
    }
}

/// The file as an input, if it compiles; else what is wrong is shown.
fn compiled(file: &Watched, console: &mut Console) -> Option<Input> {
    let compiled = gatos_echolua::compile(&file.text, Profile::Script);
    if let Some(module) = compiled.module {
        return Some(Input::Reload {
            script: file.name.clone(),
            code: elc::encode(&module),
        });
    }
    let text = String::from_utf8_lossy(&file.text);
    let findings = lua::findings_of(&text, Profile::Script);
    let shown = input::shown(&file.path);
    for text in SourceFindings::new(&shown, ErrorCode::BadSource, findings).texts() {
        console.wrong(&text);
    }
    None
}
