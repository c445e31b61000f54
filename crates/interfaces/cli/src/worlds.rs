//! Folders of worlds: reading their texts and putting a world together, with findings as everywhere.
//!
//! What the texts mean is the engine's work. Tests: tests/transcripts/worlds.md.

use crate::console::Console;
use crate::findings::SourceFindings;
use crate::input;
use crate::text::counted;
use gatos_echo::manifest::{Assembled, MANIFEST_NAME, Manifest, SourceFinding, Sources, assemble};
use gatos_echo::plugins::builtin;
use gatos_node::{Fault, Outcome};
use gatos_values::{ErrorCode, Value};
use std::collections::BTreeMap;
use std::path::Path;

pub mod lint;

/// The texts of a world: the manifest, and the files it names that are there.
///
/// # Errors
/// `IO` where the manifest or a file cannot be read, `BAD_SOURCE` for a manifest with errors, which the console has shown.
pub fn read(folder: &Path, console: &mut Console) -> Outcome<Sources> {
    texts(folder)?.map_err(|findings| refuse(folder, console, findings))
}

/// As [`read`], with what is wrong with the manifest instead of a refusal.
fn texts(folder: &Path) -> Outcome<Result<Sources, Vec<SourceFinding>>> {
    let manifest = input::read(&folder.join(MANIFEST_NAME), input::SOURCE_SIZE_MAX)?;
    let read = Manifest::read(&manifest);
    let mut sources = Sources::from([(MANIFEST_NAME.to_owned(), manifest)]);
    let read = match read {
        Ok(read) => read,
        Err(findings) => {
            let of_manifest = |finding| SourceFinding {
                file: MANIFEST_NAME.to_owned(),
                finding,
            };
            return Ok(Err(findings.into_iter().map(of_manifest).collect()));
        }
    };
    for file in read.files() {
        let path = folder.join(file);
        // What is not there is told with the line that names it.
        if path.exists() {
            sources.insert(file.to_owned(), input::read(&path, input::SOURCE_SIZE_MAX)?);
        }
    }
    Ok(Ok(sources))
}

/// The world of these texts, with the engine's own plugins.
///
/// # Errors
/// `BAD_SOURCE`; the console has shown what is wrong.
pub fn make(folder: &Path, sources: &Sources, console: &mut Console) -> Outcome<Assembled> {
    assemble(sources, &builtin).map_err(|findings| refuse(folder, console, findings))
}

/// Shows what is wrong, file by file, and makes a fault of it.
fn refuse(folder: &Path, console: &mut Console, findings: Vec<SourceFinding>) -> Fault {
    let mut files: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for found in findings {
        let path = folder.join(&found.file);
        let shown = input::shown(&path);
        files.entry(shown).or_default().push(found.finding);
    }
    let mut all = Vec::new();
    for (file, findings) in files {
        let found = SourceFindings::new(&file, ErrorCode::BadSource, findings);
        for text in found.texts() {
            console.wrong(&text);
        }
        all.push(found);
    }
    let errors: usize = all.iter().map(SourceFindings::error_count).sum();
    let errors = counted(errors as u64, "error", "errors");
    let values = all.iter().flat_map(SourceFindings::to_values).collect();
    let resource = input::shown(folder);
    let reason = format!("the world `{resource}` has {errors}");
    Fault::new(ErrorCode::BadSource, resource, reason).with_detail("findings", Value::List(values))
}
