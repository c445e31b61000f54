//! Scripts: the rules of a world written in EchoLua, one machine for each world.
//!
//! [`Scripts`] is the [`ScriptHost`](crate::simulation::ScriptHost) of a simulation. It calls the entry points `on_start`,
//! `pre_update`, `update`, `post_update`, `on_event` and `on_stop` of every script in the order in which they are listed, and gives
//! them `echo`: queries to read the world, commands and events to change it. A script attached to a component has an instance
//! for each entity with it, whose `self` is a stable handle.
//!
//! Reading order: this file (sources), `host` (moments), `turn` (calls), `desk` (what calls work on), `api_world`, `api_family`, `api_time`, `object`,
//! `query`, `edits`, `field`, `payload`, `terms`, `tables`.
//!
//! INVARIANT 1: what scripts do depends on their code, the machine and the world alone; never on threads, which they have not.
//! INVARIANT 2: a script that fails stops the tick; machine and world are then as before it.
//! INVARIANT 3: machine, timers, handlers, instances and suspended coroutines are in the hash, in forks and in what is saved.
//! Guide: `docs/guide/worlds.md`. Format: `docs/formats/scripts.md`. Tests: `tests/it/script_api.rs`, `tests/it/script_state.rs`.

mod api_family;
mod api_time;
mod api_world;
mod desk;
mod edits;
pub(crate) mod field;
mod host;
mod object;
pub mod payload;
mod query;
mod tables;
mod terms;
mod turn;

pub use host::Scripts;

pub(crate) use edits::{Edits, Promises};

use crate::registry::Registry;
use crate::schedule::Signature;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_echolua::Finding;

/// The members of `echo`, for tools that know scripts.
pub fn members() -> impl Iterator<Item = &'static str> {
    let names = desk::FUNCTIONS.iter().map(|(name, _)| *name);
    names.filter(|name| !name.contains(' '))
}

/// Why a text names neither a component nor a field of one, for tools that know scripts; none where it does.
#[must_use]
pub fn term_flaw(registry: &Registry, text: &str) -> Option<String> {
    terms::resolve(registry, text.as_bytes()).err()
}

/// A script of a world.
#[derive(Clone, Debug)]
pub struct ScriptSource {
    /// Its name in messages and on the bus: that of its file.
    pub name: String,
    /// The text.
    pub source: Vec<u8>,
    /// The component whose entities have an instance each; `None` for a script that the world has once.
    pub attached_to: Option<String>,
    /// What it may read and write; `None` for everything.
    pub signature: Option<Signature>,
    /// Kinds of events it may emit; `None` for all.
    pub emits: Option<BTreeSet<String>>,
}

impl ScriptSource {
    /// A script that the world has once and that may use everything.
    #[must_use]
    pub fn new(name: &str, source: &str) -> ScriptSource {
        ScriptSource {
            name: String::from(name),
            source: source.as_bytes().to_vec(),
            attached_to: None,
            signature: None,
            emits: None,
        }
    }

    /// Has an instance for each entity with this component.
    #[must_use]
    pub fn attached_to(mut self, component: &str) -> ScriptSource {
        self.attached_to = Some(String::from(component));
        self
    }

    /// May read and write this and nothing else.
    #[must_use]
    pub fn signature(mut self, signature: Signature) -> ScriptSource {
        self.signature = Some(signature);
        self
    }
}

/// A text that scripts get by `require`.
#[derive(Clone, Debug)]
pub struct ModuleSource {
    /// The name that `require` knows it by.
    pub name: String,
    /// The name of its file, in messages.
    pub file: String,
    /// The text.
    pub source: Vec<u8>,
}

/// Limits of a world's scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptLimits {
    /// Fuel of one tick.
    pub fuel: u64,
    /// Memory of the machine by its own count, in bytes.
    pub memory_bytes: usize,
    /// Units that the collector may use at the end of each tick.
    pub collector_units: u64,
}

impl Default for ScriptLimits {
    /// Four billion units of fuel a tick, 256 MiB, 20,000 units of the collector.
    fn default() -> ScriptLimits {
        ScriptLimits {
            fuel: 4_000_000_000,
            memory_bytes: 256 << 20,
            collector_units: 20_000,
        }
    }
}

/// The scripts of a world, before they are compiled.
#[derive(Clone, Debug, Default)]
pub struct ScriptSet {
    /// In the order in which they are called.
    pub scripts: Vec<ScriptSource>,
    /// What `require` knows.
    pub modules: Vec<ModuleSource>,
    /// Their limits.
    pub limits: ScriptLimits,
}

/// Why scripts cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptSetError {
    /// A name that is empty or longer than 128 bytes.
    #[error("`{name}` is no name of a script: 1 to 128 bytes")]
    Name {
        /// The name.
        name: String,
    },
    /// Two scripts or modules of one name.
    #[error("the script or module `{name}` is there twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A text that is no program.
    #[error("{file}:{}:{}: {}", finding.place.line, finding.place.column, finding.message)]
    Source {
        /// The file.
        file: String,
        /// The first error.
        finding: Finding,
    },
    /// A component or resource that is not registered, or declared twice.
    #[error("the script `{name}`: {error}")]
    Access {
        /// The script.
        name: String,
        /// What is wrong.
        error: crate::WorldError,
    },
    /// Limits in which not even the library has room.
    #[error("the scripts need more memory than their limit allows")]
    Memory,
}
