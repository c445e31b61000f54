//! `gatos lint`: every fold, world and script below some paths, checked without writing anything.

use crate::console::{Answer, Console, Ending};
use crate::findings::{self, SourceFindings, sarif};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::worlds::lint::Worlds;
use crate::{faults, input};
use gatos_node::Outcome;
use std::fs;
use std::path::{Path, PathBuf};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "lint",
    examples: &[
        example("check every fold of a project", "gatos lint folds/"),
        example(
            "a world: its manifest, and its scripts with the components they name",
            "gatos lint pond/",
        ),
        example(
            "a gate that takes no warnings",
            "gatos lint --strict folds/",
        ),
        example(
            "findings for a code host",
            "gatos lint --sarif folds/ > findings.sarif",
        ),
        example(
            "findings for a program",
            "gatos lint --json folds/invoices.yaml",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether no source has an error"),
        field("checked", "how many files were read"),
        field(
            "findings",
            "each `{file, line, column, rule, severity, message, hint}`",
        ),
    ]),
    no_when: "a source has an error; warnings alone leave it 0",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files, or folders to search for `.yaml`, `.yml` and `.lua` files; `-` is YAML from standard input
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Count every warning as an error
    #[arg(long)]
    strict: bool,
    /// Count the warnings of a rule as errors; may be given again
    #[arg(long, value_name = "RULE")]
    deny: Vec<String>,
    /// Print one SARIF 2.1.0 document instead
    #[arg(long, conflicts_with = "json")]
    sarif: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let mut files = Vec::new();
        for path in &self.paths {
            collect(path, &mut files)?;
        }
        let mut all = Vec::new();
        let mut worlds = Worlds::default();
        for file in &files {
            let source = input::read(file, input::SOURCE_SIZE_MAX)?;
            let mut found = match worlds.manifest(file, &source)? {
                Some(found) => found,
                None => findings::check(&input::shown(file), &source),
            };
            found.add(worlds.of_script(file, &source)?);
            found.promote(self.strict, &self.deny);
            all.push(found);
        }
        if self.sarif {
            console.json_document(&sarif::document(&all))?;
            return Ok(answer(&all));
        }
        console.show(
            &findings::lint_reply(files.len(), &all),
            &text(files.len(), &all),
        )?;
        Ok(answer(&all))
    }
}

fn answer(all: &[SourceFindings]) -> Answer {
    match all.iter().all(|source| source.error_count() == 0) {
        true => Answer::Yes,
        false => Answer::No,
    }
}

/// What was found, for people.
pub fn text(checked: usize, all: &[SourceFindings]) -> Text {
    let errors: usize = all.iter().map(SourceFindings::error_count).sum();
    let found: usize = all.iter().map(SourceFindings::count).sum();
    let mut text = Text::new();
    for finding in all.iter().flat_map(SourceFindings::texts) {
        text = text.then(finding);
    }
    let tone = if errors == 0 { Tone::Good } else { Tone::Bad };
    text.say(format!(
        "{} checked: ",
        counted(checked as u64, "file", "files")
    ))
    .toned(tone, counted(errors as u64, "error", "errors"))
    .say(format!(
        ", {}\n",
        counted((found - errors) as u64, "warning", "warnings")
    ))
}

/// The file itself, or the sources below a folder in order of their names.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Outcome<()> {
    if input::is_standard_input(path) || !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(|error| faults::unreadable(path, &error))?;
    let mut inner: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| faults::unreadable(path, &error))?;
        if is_searched(&entry) {
            inner.push(entry.path());
        }
    }
    inner.sort();
    inner.iter().try_for_each(|path| collect(path, files))
}

/// Folders, YAML and Lua files that are not hidden; links to folders are not followed, they may loop.
fn is_searched(entry: &fs::DirEntry) -> bool {
    let path = entry.path();
    let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
    let is_source = path
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml" || extension == "lua");
    let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
    !is_hidden && (is_folder || (is_source && path.is_file()))
}
