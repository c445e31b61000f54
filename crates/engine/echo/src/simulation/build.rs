//! Putting a simulation together: plugins, configuration, scripts, the first world.
//!
//! Tests: `tests/it/simulation.rs`, `tests/it/plugin.rs`.

use super::plugin::{self, Manifest, Parts, Plugin, PluginError, Setup};
use super::{Branch, ScriptHost, Simulation};
use crate::bus::BusConfig;
use crate::component::{Component, Field};
use crate::error::WorldError;
use crate::hash::{self, Tag};
use crate::registry::{Registry, RegistryError};
use crate::relation::Relation;
use crate::schedule::{Observer, Schedule, ScheduleError, SetConfig, SystemConfig};
use crate::world::World;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::Blake3Digest;

/// Why a simulation cannot be put together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A plugin cannot be loaded.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A component cannot be registered.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Systems and handlers are no schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The first world could not be made.
    #[error("the world that `{source_name}` sets up: {error}")]
    Setup {
        /// The plugin, or `world`.
        source_name: String,
        /// Why.
        error: WorldError,
    },
    /// The scripts cannot be loaded.
    #[error("the scripts: {reason}")]
    Scripts {
        /// Why.
        reason: String,
    },
    /// No ticks a second.
    #[error("a world has at least one tick a second")]
    TickRate,
}

/// Digests of everything that a simulation runs by and that its branches do not hold.
///
/// Two simulations with one identity and one branch do the same for ever, if nothing in them breaks the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Ticks a second, seed, components, systems, rules of the bus, settings.
    pub config: Blake3Digest,
    /// All plugins' manifests.
    pub plugins: Blake3Digest,
    /// The table of handlers.
    pub handlers: Blake3Digest,
}

/// Makes the host of the scripts once it is known which components there are.
type MakeScripts = Box<dyn FnOnce(&Registry) -> Result<Box<dyn ScriptHost>, String>>;

/// Collects what a simulation is made of.
pub struct SimulationBuilder {
    parts: Parts,
    plugins: Vec<Box<dyn Plugin>>,
    granted: BTreeSet<String>,
    setups: Vec<Setup>,
    scripts: Option<MakeScripts>,
    settings: Vec<u8>,
    ticks_per_second: u32,
    seed: Blake3Digest,
    is_strict: bool,
}

impl SimulationBuilder {
    /// How many ticks a second has if nothing is said.
    pub const TICKS_PER_SECOND: u32 = 60;

    pub(super) fn new() -> SimulationBuilder {
        SimulationBuilder {
            parts: Parts::new(),
            plugins: Vec::new(),
            granted: BTreeSet::new(),
            setups: Vec::new(),
            scripts: None,
            settings: Vec::new(),
            ticks_per_second: SimulationBuilder::TICKS_PER_SECOND,
            seed: Blake3Digest::of(b""),
            is_strict: false,
        }
    }

    /// Adds a plugin.
    #[must_use]
    pub fn plugin(self, plugin: impl Plugin + 'static) -> SimulationBuilder {
        self.boxed_plugin(Box::new(plugin))
    }

    /// Adds a plugin that was chosen at run time.
    #[must_use]
    pub fn boxed_plugin(mut self, plugin: Box<dyn Plugin>) -> SimulationBuilder {
        self.plugins.push(plugin);
        self
    }

    /// Grants plugins a capability.
    #[must_use]
    pub fn grant(mut self, capability: &str) -> SimulationBuilder {
        self.granted.insert(capability.to_string());
        self
    }

    /// Registers a Rust type of the world's own.
    #[must_use]
    pub fn component<T: Component>(mut self) -> SimulationBuilder {
        self.parts.components.add::<T>(false);
        self
    }

    /// Registers a record of the world's own.
    #[must_use]
    pub fn record(mut self, name: &str, fields: &[Field]) -> SimulationBuilder {
        self.parts.components.add_record(name, fields);
        self
    }

    /// Registers a relation of the world's own that no Rust type stands for.
    #[must_use]
    pub fn named_relation(mut self, name: &str, goes_with_target: bool) -> SimulationBuilder {
        self.parts
            .components
            .add_named_relation(name, goes_with_target);
        self
    }

    /// Adds a system of the world's own.
    #[must_use]
    pub fn system(mut self, system: SystemConfig) -> SimulationBuilder {
        self.parts.systems.push(system);
        self
    }

    /// Says what holds for the systems of a set.
    #[must_use]
    pub fn set(mut self, set: SetConfig) -> SimulationBuilder {
        self.parts.sets.push(set);
        self
    }

    /// Adds an observer of the world's own.
    #[must_use]
    pub fn observe(mut self, observer: Observer) -> SimulationBuilder {
        self.parts.observers.push(observer);
        self
    }

    /// Registers a relation of the world's own.
    #[must_use]
    pub fn relation<R: Relation>(mut self) -> SimulationBuilder {
        self.parts.components.add_relation::<R>();
        self
    }

    /// Sets the rules of the bus, to which plugins add theirs.
    #[must_use]
    pub fn bus(mut self, bus: BusConfig) -> SimulationBuilder {
        self.parts.bus = bus;
        self
    }

    /// Says what the world has from the beginning, after what plugins set up.
    #[must_use]
    pub fn setup(
        mut self,
        setup: impl Fn(&mut World) -> Result<(), WorldError> + Send + Sync + 'static,
    ) -> SimulationBuilder {
        self.setups.push(Box::new(setup));
        self
    }

    /// Gives the world scripts. The host is made when it is known which components there are.
    #[must_use]
    pub fn scripts(
        mut self,
        make: impl FnOnce(&Registry) -> Result<Box<dyn ScriptHost>, String> + 'static,
    ) -> SimulationBuilder {
        self.scripts = Some(Box::new(make));
        self
    }

    /// Bytes that say what else the simulation depends on, such as options of plugins; they enter its identity.
    #[must_use]
    pub fn settings(mut self, bytes: &[u8]) -> SimulationBuilder {
        self.settings = bytes.to_vec();
        self
    }

    /// How many ticks a second of the world's time has.
    #[must_use]
    pub const fn ticks_per_second(mut self, count: u32) -> SimulationBuilder {
        self.ticks_per_second = count;
        self
    }

    /// Where the world's random numbers come from.
    #[must_use]
    pub const fn seed(mut self, seed: Blake3Digest) -> SimulationBuilder {
        self.seed = seed;
        self
    }

    /// Allows at most one system that writes a component or resource, over all phases.
    #[must_use]
    pub const fn strict(mut self) -> SimulationBuilder {
        self.is_strict = true;
        self
    }

    /// The simulation, with its first world.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(mut self) -> Result<Simulation, BuildError> {
        if self.ticks_per_second == 0 {
            return Err(BuildError::TickRate);
        }
        let manifests = plugin::load(&self.plugins, &self.granted, &mut self.parts)?;
        let Parts {
            components,
            systems,
            sets,
            observers,
            bus,
            setups,
        } = self.parts;
        let registry = components.build()?;
        let mut schedule = Schedule::builder(&registry).bus(bus);
        if self.is_strict {
            schedule = schedule.strict();
        }
        let schedule = systems
            .into_iter()
            .fold(schedule, |schedule, system| schedule.add(system));
        let schedule = sets
            .into_iter()
            .fold(schedule, |schedule, set| schedule.set(set));
        let schedule = observers
            .into_iter()
            .fold(schedule, |schedule, observer| schedule.observe(observer))
            .build()?;
        let mut world = World::with_seed(&registry, self.seed);
        let own = self.setups.into_iter();
        let own = own.map(|setup| ("world".to_string(), setup));
        for (source_name, setup) in setups.into_iter().chain(own) {
            setup(&mut world).map_err(|error| BuildError::Setup { source_name, error })?;
        }
        let scripts = match self.scripts {
            None => None,
            Some(make) => Some(make(&registry).map_err(|reason| BuildError::Scripts { reason })?),
        };
        let config = Config {
            ticks_per_second: self.ticks_per_second,
            seed: self.seed,
            is_strict: self.is_strict,
            settings: &self.settings,
        };
        Ok(Simulation {
            identity: identity(&config, &schedule, &manifests),
            schedule,
            manifests,
            ticks_per_second: self.ticks_per_second,
            branch: Branch::new(world, scripts),
        })
    }
}

/// What was configured and is not in schedule or plugins.
struct Config<'a> {
    ticks_per_second: u32,
    seed: Blake3Digest,
    is_strict: bool,
    settings: &'a [u8],
}

fn identity(config: &Config<'_>, schedule: &Schedule, manifests: &[Manifest]) -> Identity {
    let mut bytes = hash::start(Tag::Config);
    bytes.extend(config.ticks_per_second.to_le_bytes());
    bytes.push(u8::from(config.is_strict));
    bytes.extend(config.seed.as_bytes());
    bytes.extend(schedule.registry().digest().as_bytes());
    bytes.extend(schedule.systems_digest().as_bytes());
    bytes.extend(schedule.bus().rules_digest().as_bytes());
    bytes.extend(config.settings);
    Identity {
        config: Blake3Digest::of(&bytes),
        plugins: plugin::manifests_digest(manifests),
        handlers: schedule.bus().handlers_digest(),
    }
}
