//! Worlds among the files that are linted: a manifest with its folder, and scripts with the components of their world.
//!
//! A script is of the world whose manifest lies in its folder or the nearest one above it and names it. Each world is put
//! together once. Where that fails, its scripts are looked at alone; the manifest's own findings say why.
//!
//! Tests: tests/transcripts/worlds.md.

use super::texts;
use crate::findings::SourceFindings;
use crate::{input, lua};
use gatos_echo::Registry;
use gatos_echo::manifest::{MANIFEST_NAME, SourceFinding, assemble};
use gatos_echo::plugins::builtin;
use gatos_node::Outcome;
use gatos_values::ErrorCode;
use gatos_yaml::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The worlds met so far, by their folders.
#[derive(Default)]
pub struct Worlds {
    known: BTreeMap<PathBuf, World>,
}

struct World {
    /// The files it is made of.
    files: BTreeSet<String>,
    /// What is wrong with the manifest.
    findings: Vec<Finding>,
    /// What there is; none where something is wrong.
    registry: Option<Registry>,
}

impl Worlds {
    /// What is wrong with a manifest; none where the file is no world's.
    ///
    /// # Errors
    /// `IO` where it or a file that it names cannot be read.
    pub fn manifest(&mut self, file: &Path, source: &[u8]) -> Outcome<Option<SourceFindings>> {
        let is_named = file.file_name().is_some_and(|name| name == MANIFEST_NAME);
        let is_world = |line: &[u8]| line.starts_with(b"world:");
        if !is_named || !source.split(|byte| *byte == b'\n').any(is_world) {
            return Ok(None);
        }
        let world = self.at(file.parent().unwrap_or(Path::new("")))?;
        let findings = world.findings.clone();
        let shown = input::shown(file);
        Ok(Some(SourceFindings::new(
            &shown,
            ErrorCode::BadSource,
            findings,
        )))
    }

    /// Names in a script that its world has not; nothing where it is of no world.
    ///
    /// # Errors
    /// `IO` where a file of the world cannot be read.
    pub fn of_script(&mut self, file: &Path, source: &[u8]) -> Outcome<Vec<Finding>> {
        let text = std::str::from_utf8(source).ok();
        let Some(text) = text.filter(|_| file.extension().is_some_and(|kind| kind == "lua")) else {
            return Ok(Vec::new());
        };
        let folders = file.ancestors().skip(1);
        let mut folders = folders.filter(|folder| folder.join(MANIFEST_NAME).is_file());
        let Some(folder) = folders.next() else {
            return Ok(Vec::new());
        };
        let inner = file.strip_prefix(folder).unwrap_or(file);
        let names = inner
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        let name = names.collect::<Vec<_>>().join("/");
        let world = self.at(folder)?;
        let registry = world.registry.as_ref();
        let registry = registry.filter(|_| world.files.contains(&name));
        Ok(registry.map_or_else(Vec::new, |registry| {
            lua::world::terms::findings(text, registry)
        }))
    }

    fn at(&mut self, folder: &Path) -> Outcome<&World> {
        if !self.known.contains_key(folder) {
            let world = World::read(folder)?;
            self.known.insert(folder.to_owned(), world);
        }
        Ok(&self.known[folder])
    }
}

impl World {
    fn read(folder: &Path) -> Outcome<World> {
        let sources = texts(folder)?;
        let files = sources
            .as_ref()
            .map(|sources| sources.keys().cloned().collect());
        let files: BTreeSet<String> = files.unwrap_or_default();
        let made = sources.and_then(|sources| assemble(&sources, &builtin));
        Ok(match made {
            Ok(world) => World {
                files,
                findings: Vec::new(),
                registry: Some(world.simulation.world().registry().clone()),
            },
            // What is wrong with scripts is told with the scripts.
            Err(findings) => World {
                files,
                findings: findings
                    .into_iter()
                    .filter(is_of_manifest)
                    .map(|found| found.finding)
                    .collect(),
                registry: None,
            },
        })
    }
}

fn is_of_manifest(found: &SourceFinding) -> bool {
    found.file == MANIFEST_NAME
}
