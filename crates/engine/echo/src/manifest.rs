//! World manifests: `world.yaml`, which says what a world is made of, and how it becomes a simulation.
//!
//! A world is a folder of texts: the manifest and the scripts that it names. Reading files is the caller's work; he gives
//! [`Sources`]. Built-in plugins come from a catalogue of the caller's. Everything that is wrong is told with file,
//! line, column and a cure, all of it at once.
//!
//! Reading order: this file (what a manifest says), `read` (YAML to that), `assemble` (that to a simulation), `sheet` (places and
//! findings), `value` (YAML to rows and payloads).
//!
//! INVARIANT: equal sources, seed and catalogue give equal simulations; no source makes us panic.
//! Format: `docs/formats/world-manifest.md`. Tests: `tests/it/manifest.rs`.

mod assemble;
mod read;
mod sheet;
mod value;

pub use assemble::{Assembled, Catalogue, assemble};
pub use sheet::SourceFinding;

use crate::bus::{Lane, Overflow};
use crate::component::Field;
use crate::schedule::Phase;
use crate::script::ScriptLimits;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_yaml::{Finding, Node, Position};

/// The name of the manifest in a world's folder.
pub const MANIFEST_NAME: &str = "world.yaml";

/// The name of a text that is no file: the seed of a run that has another one than its manifest.
pub const SEED_NAME: &str = "world.seed";

/// The texts of a world by their paths inside its folder, with `/` between names.
pub type Sources = BTreeMap<String, Vec<u8>>;

/// What a manifest says, with the places where it says it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// What the world is called.
    pub name: String,
    /// How many ticks a second of the world's time has.
    pub ticks_per_second: u32,
    /// Where its random numbers come from.
    pub seed: String,
    /// Whether a component may have one writer only.
    pub is_strict: bool,
    pub(crate) components: Vec<ComponentUse>,
    pub(crate) relations: Vec<RelationUse>,
    pub(crate) resources: Vec<(Position, String, Node)>,
    pub(crate) entities: Vec<EntityUse>,
    pub(crate) plugins: Vec<PluginUse>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) modules: Vec<ModuleUse>,
    pub(crate) scripts: Vec<ScriptUse>,
    pub(crate) limits: ScriptLimits,
    pub(crate) lanes: Vec<(Phase, Lane, usize, Overflow)>,
    pub(crate) grants: Vec<(String, String)>,
    pub(crate) inputs: Vec<InputUse>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(source: &[u8]) -> Result<Manifest, Vec<Finding>> {
        read::manifest(source)
    }

    /// The files that it names, sorted: scripts and modules.
    #[must_use]
    pub fn files(&self) -> Vec<&str> {
        let scripts = self.scripts.iter().map(|script| &*script.file);
        let modules = self.modules.iter().map(|module| &*module.file);
        let mut files: Vec<&str> = scripts.chain(modules).collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

/// A component of the world's own.
#[derive(Clone, Debug)]
pub(crate) struct ComponentUse {
    pub position: Position,
    pub name: String,
    pub fields: Vec<Field>,
}

/// A relation of the world's own.
#[derive(Clone, Debug)]
pub(crate) struct RelationUse {
    pub position: Position,
    pub name: String,
    pub goes_with_target: bool,
}

/// Entities that are there from the beginning.
#[derive(Clone, Debug)]
pub(crate) struct EntityUse {
    pub position: Position,
    pub count: u32,
    pub parts: Vec<(Position, String, Node)>,
}

/// A plugin with its options.
#[derive(Clone, Debug)]
pub(crate) struct PluginUse {
    pub position: Position,
    pub id: String,
    pub options: Options,
}

/// The options of a plugin: numbers by name.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub(crate) values: Vec<(Position, String, f64)>,
}

impl Options {
    /// The option with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        let found = self.values.iter().find(|(_, other, _)| other == name);
        found.map(|(_, _, value)| *value)
    }

    /// The names, in the order of the source.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(_, name, _)| &**name)
    }
}

/// A text for `require`.
#[derive(Clone, Debug)]
pub(crate) struct ModuleUse {
    pub position: Position,
    pub name: String,
    pub file: String,
}

/// A script.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScriptUse {
    pub position: Option<Position>,
    pub file: String,
    pub attached_to: Option<String>,
    pub reads: Option<Vec<String>>,
    pub writes: Option<Vec<String>>,
    pub reads_resources: Option<Vec<String>>,
    pub writes_resources: Option<Vec<String>>,
    pub emits: Option<Vec<String>>,
}

/// An event from outside.
#[derive(Clone, Debug)]
pub(crate) struct InputUse {
    pub position: Position,
    pub tick: u64,
    pub kind: String,
    pub payload: Option<Node>,
    pub phase: Phase,
    pub lane: Lane,
}
