//! Systems whose access is known only at run time: of plugins, scripts and adapters.
//!
//! Such a system comes with a [`Signature`] of names and a function of a [`SystemView`]. The view lets through what the
//! signature says and refuses everything else with `ERR_ACCESS_UNDECLARED`, the names of system and component. It sees
//! rows as canonical bytes, writes to components that are there, and asks for changes of structure by commands.
//!
//! INVARIANT: a system reaches nothing that its signature does not declare.
//! Tests: `tests/it/schedule.rs`.

use super::build::SystemConfig;
use super::param::{Context, Output};
use super::system::{Body, Facts, Fault, Runner, Unresolved};
use crate::access::{Access, Target};
use crate::bus::Post;
use crate::commands::Commands;
use crate::entity::Entity;
use crate::error::WorldError;
use crate::query::{Plan, ReadData};
use crate::registry::{ComponentId, Registry};
use crate::stamp::Stamp;
use crate::world::World;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a system says it reads and writes, by names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Components that are read.
    pub reads: Vec<String>,
    /// Components that are written.
    pub writes: Vec<String>,
    /// Resources that are read.
    pub reads_resources: Vec<String>,
    /// Resources that are written.
    pub writes_resources: Vec<String>,
}

/// Why a view refuses something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The signature does not have it.
    #[error(
        "ERR_ACCESS_UNDECLARED: the system `{system}` {verb} `{target}`, which its signature does not declare"
    )]
    Undeclared {
        /// The system.
        system: String,
        /// `reads` or `writes`.
        verb: &'static str,
        /// The component or resource.
        target: String,
    },
    /// The world refuses it.
    #[error("the system `{system}`: {error}")]
    World {
        /// The system.
        system: String,
        /// Why.
        error: WorldError,
    },
}

impl Signature {
    /// The access, by ids.
    pub(crate) fn resolve(
        &self,
        registry: &Registry,
        access: &mut Access,
    ) -> Result<(), WorldError> {
        let id = |name: &String| {
            registry.id(name).ok_or_else(|| WorldError::Unregistered {
                component: name.clone(),
            })
        };
        for name in &self.reads {
            access.read(registry, Target::Component(id(name)?))?;
        }
        for name in &self.writes {
            access.write(registry, Target::Component(id(name)?))?;
        }
        for name in &self.reads_resources {
            access.read(registry, Target::Resource(id(name)?))?;
        }
        for name in &self.writes_resources {
            access.write(registry, Target::Resource(id(name)?))?;
        }
        Ok(())
    }
}

/// A world as a system with a signature sees it.
pub struct SystemView<'w> {
    world: &'w mut World,
    access: &'w Access,
    context: &'w Context<'w>,
    commands: Commands,
    post: Post,
}

impl SystemView<'_> {
    /// How many ticks were completed before this one.
    #[must_use]
    pub const fn tick(&self) -> u64 {
        self.context.tick
    }

    /// The stamp of the system's last run.
    #[must_use]
    pub const fn since(&self) -> Stamp {
        self.context.since
    }

    /// Names and schemas.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.world.registry()
    }

    /// Asks for changes of structure, done when the phase ends.
    pub const fn commands(&mut self) -> &mut Commands {
        &mut self.commands
    }

    /// Where to put what the system emits.
    pub const fn post(&mut self) -> &mut Post {
        &mut self.post
    }

    /// Both places to put what the system asks for.
    pub(crate) const fn outputs(&mut self) -> (&mut Commands, &mut Post) {
        (&mut self.commands, &mut self.post)
    }

    /// The entities that have all of some components and none of others, in canonical order.
    #[must_use]
    pub fn find(&self, with: &[ComponentId], without: &[ComponentId]) -> Vec<Entity> {
        let state = self.world.state();
        let archetypes = state.archetypes.iter().map(|slot| &*slot.archetype);
        archetypes
            .filter(|archetype| {
                with.iter().all(|id| archetype.has(*id))
                    && !without.iter().any(|id| archetype.has(*id))
            })
            .flat_map(|archetype| (0..archetype.len()).map(|row| archetype.entity(row)))
            .collect()
    }

    /// Calls `visit` for every row of a query that only reads, in canonical order.
    ///
    /// # Errors
    /// [`ViewError::Undeclared`] where the query reads more than the signature, [`ViewError::World`] as [`Plan::new`].
    pub fn read_each<D: ReadData>(&self, visit: impl FnMut(D::Item<'_>)) -> Result<(), ViewError> {
        let plan = Plan::<D>::new(self.world.registry());
        let mut plan = plan.map_err(|error| self.refused(error))?;
        let undeclared = plan.access().reads().iter();
        let undeclared = undeclared
            .copied()
            .find(|target| !self.access.may_read(*target));
        if let Some(target) = undeclared {
            return Err(self.undeclared("reads", target));
        }
        self.world.read_each_of(&mut plan, Stamp::default(), visit);
        Ok(())
    }

    /// The canonical bytes of an entity's component.
    ///
    /// # Errors
    /// [`ViewError::Undeclared`], or [`ViewError::World`] where there is no such entity or component.
    pub fn get_row(&self, entity: Entity, id: ComponentId) -> Result<Vec<u8>, ViewError> {
        let target = Target::Component(id);
        if !self.access.may_read(target) {
            return Err(self.undeclared("reads", target));
        }
        self.world
            .get_row(entity, id)
            .map_err(|error| self.refused(error))
    }

    /// Overwrites an entity's component, which must be there, by canonical bytes.
    ///
    /// # Errors
    /// [`ViewError::Undeclared`], or [`ViewError::World`] where there is no such entity or component, or the bytes are
    /// no row.
    pub fn set_row(
        &mut self,
        entity: Entity,
        id: ComponentId,
        bytes: &[u8],
    ) -> Result<(), ViewError> {
        let target = Target::Component(id);
        if !self.access.may_write(target) {
            return Err(self.undeclared("writes", target));
        }
        let written = self
            .world
            .replace_row(entity, id, bytes, self.context.stamp);
        written.map_err(|error| self.refused(error))
    }

    /// The canonical bytes of a resource.
    ///
    /// # Errors
    /// As [`SystemView::get_row`].
    pub fn get_resource(&self, id: ComponentId) -> Result<Vec<u8>, ViewError> {
        let target = Target::Resource(id);
        if !self.access.may_read(target) {
            return Err(self.undeclared("reads", target));
        }
        self.world
            .resource_row(id)
            .map_err(|error| self.refused(error))
    }

    /// Overwrites a resource, which must be there, by canonical bytes.
    ///
    /// # Errors
    /// As [`SystemView::set_row`].
    pub fn set_resource(&mut self, id: ComponentId, bytes: &[u8]) -> Result<(), ViewError> {
        let target = Target::Resource(id);
        if !self.access.may_write(target) {
            return Err(self.undeclared("writes", target));
        }
        let written = self
            .world
            .replace_resource_row(id, bytes, self.context.stamp);
        written.map_err(|error| self.refused(error))
    }

    fn undeclared(&self, verb: &'static str, target: Target) -> ViewError {
        ViewError::Undeclared {
            system: self.context.name.to_string(),
            verb,
            target: target.name(self.world.registry()).to_string(),
        }
    }

    fn refused(&self, error: WorldError) -> ViewError {
        ViewError::World {
            system: self.context.name.to_string(),
            error,
        }
    }
}

impl SystemConfig {
    /// A system whose access is known only at run time. It runs alone on the caller's thread.
    ///
    /// An error stops the tick; the world is then as before the tick.
    #[must_use]
    pub fn with_signature<E: ToString + 'static>(
        name: &str,
        signature: Signature,
        function: impl Fn(&mut SystemView<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) -> SystemConfig {
        let function =
            move |view: &mut SystemView<'_>| function(view).map_err(|error| error.to_string());
        let body = SignedBody {
            signature,
            function: Box::new(function),
        };
        SystemConfig::new(name, Body(Box::new(body)))
    }
}

type Function = Box<dyn Fn(&mut SystemView<'_>) -> Result<(), Fault> + Send + Sync>;

struct SignedBody {
    signature: Signature,
    function: Function,
}

pub(crate) struct SignedSystem {
    access: Access,
    function: Function,
}

impl Unresolved for SignedBody {
    fn resolve(
        self: Box<Self>,
        registry: &Registry,
        access: &mut Access,
    ) -> Result<Runner, WorldError> {
        self.signature.resolve(registry, access)?;
        Ok(Runner::Signed(Box::new(SignedSystem {
            access: access.clone(),
            function: self.function,
        })))
    }
}

impl SignedSystem {
    pub(crate) const FACTS: Facts = Facts {
        can_fail: true,
        looks_back: true,
        needs_check: false,
    };

    /// Runs at once.
    pub(crate) fn run(
        &self,
        world: &mut World,
        context: &Context<'_>,
        output: &mut Output,
    ) -> Result<(), Fault> {
        let mut view = SystemView {
            world,
            access: &self.access,
            context,
            commands: Commands::default(),
            post: Post::default(),
        };
        let result = (self.function)(&mut view);
        if !view.commands.is_empty() {
            output.commands.push(view.commands);
        }
        if !view.post.is_empty() {
            output.posts.push(view.post);
        }
        result
    }
}
