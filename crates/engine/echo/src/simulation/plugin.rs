//! Plugins: components, systems and handlers that come together under one id.
//!
//! A plugin says in its manifest who it is and what it needs, and registers the rest by hand of a [`Registrar`], which puts
//! the plugin's id in front of every name. Plugins are loaded in the order of their ids, so the order in which somebody
//! adds them does not matter. Running what they registered is `schedule`'s work.
//!
//! INVARIANT 1: whatever a plugin registers carries its id, so what goes wrong can be put down to it.
//! INVARIANT 2: a plugin whose capabilities were not all granted registers nothing.
//! Tests: `tests/it/plugin.rs`.

use crate::bus::{BusConfig, Handler, Lane, Overflow};
use crate::component::{Component, Field};
use crate::error::WorldError;
use crate::hash::{self, Tag};
use crate::registry::{Registry, RegistryBuilder};
use crate::relation::Relation;
use crate::schedule::{Observer, Phase, SetConfig, SystemConfig};
use crate::world::World;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use gatos_values::Blake3Digest;

/// The version of everything a plugin meets: this trait, the registrar, the rules of systems and handlers.
pub const API_VERSION: u32 = 1;

/// A version of a plugin: major, minor, patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Rises with changes that break users.
    pub major: u32,
    /// Rises with additions.
    pub minor: u32,
    /// Rises with repairs.
    pub patch: u32,
}

impl Version {
    /// The version `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Version {
        Version {
            major,
            minor,
            patch,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Who a plugin is and what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    id: String,
    version: Version,
    api_version: u32,
    capabilities: BTreeSet<String>,
}

impl Manifest {
    /// A manifest for this version of the API that needs no capability. An id is words of `a-z0-9_` that begin with a
    /// letter, joined by dots.
    #[must_use]
    pub fn new(id: &str, version: Version) -> Manifest {
        Manifest {
            id: id.to_string(),
            version,
            api_version: API_VERSION,
            capabilities: BTreeSet::new(),
        }
    }

    /// Was written for another version of the API.
    #[must_use]
    pub const fn api_version(mut self, version: u32) -> Manifest {
        self.api_version = version;
        self
    }

    /// Needs a capability, such as `world:entity`. The systems and handlers of the plugin may claim it on the bus.
    #[must_use]
    pub fn needs(mut self, capability: &str) -> Manifest {
        self.capabilities.insert(capability.to_string());
        self
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The capabilities it needs, sorted.
    pub fn capabilities(&self) -> impl Iterator<Item = &str> {
        self.capabilities.iter().map(String::as_str)
    }

    fn encode(&self, output: &mut Vec<u8>) {
        push_text(output, &self.id);
        for number in [
            self.version.major,
            self.version.minor,
            self.version.patch,
            self.api_version,
        ] {
            output.extend(number.to_le_bytes());
        }
        output.extend((self.capabilities.len() as u32).to_le_bytes());
        for capability in &self.capabilities {
            push_text(output, capability);
        }
    }
}

fn push_text(output: &mut Vec<u8>, text: &str) {
    output.extend((text.len() as u32).to_le_bytes());
    output.extend(text.as_bytes());
}

/// The digest of all manifests, in the order they are loaded.
pub(crate) fn manifests_digest(manifests: &[Manifest]) -> Blake3Digest {
    let mut bytes = hash::start(Tag::Plugins);
    for manifest in manifests {
        manifest.encode(&mut bytes);
    }
    Blake3Digest::of(&bytes)
}

/// Something that brings components, systems and handlers.
///
/// ```
/// use gatos_echo::component;
/// use gatos_echo::schedule::{Workers, each};
/// use gatos_echo::simulation::{Manifest, Plugin, Registrar, Simulation, Version};
///
/// #[derive(Clone, Copy)]
/// struct Age(u32);
/// component!(Age = "garden:age" { 0: u32 });
///
/// struct Garden {
///     trees: usize,
/// }
///
/// impl Plugin for Garden {
///     fn manifest(&self) -> Manifest {
///         Manifest::new("garden", Version::new(1, 0, 0))
///     }
///
///     fn register(&self, registrar: &mut Registrar<'_>) {
///         let trees = self.trees;
///         registrar.component::<Age>();
///         registrar.system(each::<&mut Age, ()>("grow", |age| age.0 += 1)); // its name is `garden:grow`
///         registrar.setup(move |world| {
///             world.spawn_batch(vec![Age(0); trees])?;
///             Ok(())
///         });
///     }
/// }
///
/// let mut simulation = Simulation::builder().plugin(Garden { trees: 3 }).build()?;
/// simulation.step(&[], &Workers::inline())?;
/// assert_eq!(simulation.world().len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Plugin: Send + Sync {
    /// Who it is. The same at every call.
    fn manifest(&self) -> Manifest;
    /// Registers everything it brings.
    fn register(&self, registrar: &mut Registrar<'_>);
}

/// Why plugins cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// An id that breaks the rules.
    #[error(
        "`{id}` is no id of a plugin: words of `a-z0-9_` that begin with a letter, joined by dots, 64 bytes at most"
    )]
    Id {
        /// The id.
        id: String,
    },
    /// Two plugins of one id.
    #[error("the plugin `{id}` is there twice, as {first} and {second}")]
    Twice {
        /// The id.
        id: String,
        /// One version.
        first: Version,
        /// The other version.
        second: Version,
    },
    /// A plugin for another version of the API.
    #[error("the plugin `{id}` was written for version {found} of the API, this is {API_VERSION}")]
    Api {
        /// The id.
        id: String,
        /// Its version of the API.
        found: u32,
    },
    /// A capability that nobody granted.
    #[error("the plugin `{id}` needs `{capability}`, which is not granted")]
    Capability {
        /// The id.
        id: String,
        /// The first capability that is missing.
        capability: String,
    },
    /// A component whose name does not begin with the plugin's id.
    #[error("the plugin `{id}` registers the component `{component}`: call it `{id}:…`")]
    Foreign {
        /// The id.
        id: String,
        /// The component's name.
        component: String,
    },
}

/// What a plugin does to a new world.
pub(crate) type Setup = Box<dyn Fn(&mut World) -> Result<(), WorldError> + Send + Sync>;

/// Everything that plugins and the world itself bring, before it is put together.
pub(crate) struct Parts {
    pub components: RegistryBuilder,
    pub systems: Vec<SystemConfig>,
    pub sets: Vec<SetConfig>,
    pub observers: Vec<Observer>,
    pub bus: BusConfig,
    /// In the order of plugins, with the plugin's id.
    pub setups: Vec<(String, Setup)>,
}

impl Parts {
    pub(crate) fn new() -> Parts {
        Parts {
            components: Registry::builder(),
            systems: Vec::new(),
            sets: Vec::new(),
            observers: Vec::new(),
            bus: BusConfig::new(),
            setups: Vec::new(),
        }
    }
}

/// Where a plugin puts what it brings.
pub struct Registrar<'a> {
    manifest: &'a Manifest,
    parts: &'a mut Parts,
    error: Option<PluginError>,
}

impl Registrar<'_> {
    /// Registers a Rust type as a component or resource. Its name must begin with the plugin's id and `:`.
    pub fn component<T: Component>(&mut self) {
        if self.is_own(T::NAME) {
            self.parts.components.add::<T>(false);
        }
    }

    /// Registers a record. Its name must begin with the plugin's id and `:`.
    pub fn record(&mut self, name: &str, fields: &[Field]) {
        if self.is_own(name) {
            self.parts.components.add_record(name, fields);
        }
    }

    /// Adds a system. The plugin's id is put in front of its name and of names it is ordered by, where they have no `:`.
    pub fn system(&mut self, system: SystemConfig) {
        let system = system.renamed(|name| self.full_name(name));
        self.grant_all(system.name());
        self.parts.systems.push(system);
    }

    /// Adds a handler. The plugin's id is put in front of its name.
    pub fn handler(&mut self, mut handler: Handler) {
        handler.name = Arc::from(self.full_name(&handler.name));
        self.grant_all(&handler.name);
        self.with_bus(|bus| bus.handler(handler));
    }

    /// Says what holds for the systems of a set. The plugin's id is put in front of names, as for systems.
    pub fn set(&mut self, set: SetConfig) {
        let set = set.renamed(|name| self.full_name(name));
        self.parts.sets.push(set);
    }

    /// Makes a resource a state machine; see [`BusConfig::machine`].
    pub fn machine<S: Component + PartialEq>(&mut self) {
        self.with_bus(BusConfig::machine::<S>);
    }

    /// Adds an observer. The plugin's id is put in front of its name; it may hear of any component.
    pub fn observer(&mut self, mut observer: Observer) {
        observer.name = Arc::from(self.full_name(&observer.name));
        self.grant_all(&observer.name);
        self.parts.observers.push(observer);
    }

    /// Registers a relation. Its name must begin with the plugin's id and `:`.
    pub fn relation<R: Relation>(&mut self) {
        if self.is_own(R::NAME) {
            self.parts.components.add_relation::<R>();
        }
    }

    /// Says how many envelopes a lane holds, and what happens then. The plugin that is loaded last has the last word.
    pub fn lane(&mut self, phase: Phase, lane: Lane, capacity: usize, overflow: Overflow) {
        self.with_bus(|bus| bus.lane(phase, lane, capacity, overflow));
    }

    /// Lets handlers emit envelopes of this kind to be delivered at once, so many more a tick.
    pub fn immediate(&mut self, kind: &str, budget: u32) {
        self.with_bus(|bus| {
            let budget = bus.immediate_budget.saturating_add(budget);
            bus.immediate(kind).immediate_budget(budget)
        });
    }

    /// Says what a new world has from the beginning: resources, entities. Worlds that were loaded have it already.
    pub fn setup(
        &mut self,
        setup: impl Fn(&mut World) -> Result<(), WorldError> + Send + Sync + 'static,
    ) {
        let id = self.manifest.id.clone();
        self.parts.setups.push((id, Box::new(setup)));
    }

    fn is_own(&mut self, component: &str) -> bool {
        let plugin = component.split_once(':').map(|(plugin, _)| plugin);
        let is_own = plugin == Some(self.manifest.id.as_str());
        if !is_own {
            self.error.get_or_insert(PluginError::Foreign {
                id: self.manifest.id.clone(),
                component: component.to_string(),
            });
        }
        is_own
    }

    fn full_name(&self, name: &str) -> String {
        if name.contains(':') {
            name.to_string()
        } else {
            alloc::format!("{}:{name}", self.manifest.id)
        }
    }

    /// Lets somebody of the plugin claim what the plugin was granted.
    fn grant_all(&mut self, source: &str) {
        for capability in &self.manifest.capabilities {
            let bus = core::mem::take(&mut self.parts.bus);
            self.parts.bus = bus.grant(source, capability);
        }
    }

    fn with_bus(&mut self, change: impl FnOnce(BusConfig) -> BusConfig) {
        self.parts.bus = change(core::mem::take(&mut self.parts.bus));
    }
}

/// Lets all plugins register, in the order of ids. Their manifests, in that order.
pub(crate) fn load(
    plugins: &[Box<dyn Plugin>],
    granted: &BTreeSet<String>,
    parts: &mut Parts,
) -> Result<Vec<Manifest>, PluginError> {
    let mut plugins: Vec<(Manifest, &dyn Plugin)> = plugins
        .iter()
        .map(|plugin| (plugin.manifest(), &**plugin))
        .collect();
    plugins
        .sort_by(|(left, _), (right, _)| (&left.id, left.version).cmp(&(&right.id, right.version)));
    check(&plugins, granted)?;
    for (manifest, plugin) in &plugins {
        let mut registrar = Registrar {
            manifest,
            parts,
            error: None,
        };
        plugin.register(&mut registrar);
        if let Some(error) = registrar.error {
            return Err(error);
        }
    }
    Ok(plugins.into_iter().map(|(manifest, _)| manifest).collect())
}

fn check(
    plugins: &[(Manifest, &dyn Plugin)],
    granted: &BTreeSet<String>,
) -> Result<(), PluginError> {
    for (manifest, _) in plugins {
        let id = manifest.id.clone();
        if !crate::registry::is_dotted(&id) || id.len() > ID_SIZE_MAX || id == "echo" {
            return Err(PluginError::Id { id });
        }
        if manifest.api_version != API_VERSION {
            let found = manifest.api_version;
            return Err(PluginError::Api { id, found });
        }
        if let Some(capability) = manifest.capabilities.difference(granted).next() {
            let capability = capability.clone();
            return Err(PluginError::Capability { id, capability });
        }
    }
    for pair in plugins.windows(2) {
        let (first, second) = (&pair[0].0, &pair[1].0);
        if first.id == second.id {
            return Err(PluginError::Twice {
                id: first.id.clone(),
                first: first.version,
                second: second.version,
            });
        }
    }
    Ok(())
}

/// Longest id in bytes.
const ID_SIZE_MAX: usize = 64;
