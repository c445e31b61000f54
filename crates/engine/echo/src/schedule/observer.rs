//! Observers: functions that hear when entities get, overwrite or lose a component.
//!
//! Commands and handlers change structure; what they did is heard right after the commands of a system, or the handlers of a
//! phase, are done: in the order it happened, each change by the observers of its component in the order of names. Commands
//! and envelopes of an observer come before anything else, and what they change is heard too, up to a limit.
//!
//! INVARIANT: what observers hear, and when, is a function of the world and the schedule.
//! Tests: `tests/it/memory.rs`.

use super::run::TickError;
use super::{Phase, Schedule};
use crate::bus::{Courier, Post};
use crate::commands::Commands;
use crate::component::Component;
use crate::entity::Entity;
use crate::error::WorldError;
use crate::memory::{Change, On};
use crate::registry::{ComponentId, Registry};
use crate::world::World;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What an observer gets.
pub struct ObserverContext<'a> {
    /// The world after the change, and after others that were made at once with it.
    pub world: &'a World,
    /// Whom it is about. An entity that lost its component may not live any more.
    pub entity: Entity,
    /// Where to ask for changes of structure.
    pub commands: &'a mut Commands,
    /// Where to put what the observer emits.
    pub post: &'a mut Post,
    row: &'a [u8],
}

impl ObserverContext<'_> {
    /// The component as it was when it went away; `None` on other occasions.
    #[must_use]
    pub fn removed<T: Component>(&self) -> Option<T> {
        T::read(self.row)
    }
}

type Function = Box<dyn Fn(&mut ObserverContext<'_>) -> Result<(), String> + Send + Sync>;

/// Somebody who hears what happens to a component.
pub struct Observer {
    pub(crate) name: Arc<str>,
    component: String,
    on: On,
    function: Function,
}

impl Observer {
    /// An observer of a Rust type. An error stops the tick; the world is then as before the tick.
    #[must_use]
    pub fn new<T: Component, E: ToString>(
        name: &str,
        on: On,
        function: impl Fn(&mut ObserverContext<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Observer {
        Observer::of(name, on, T::NAME, function)
    }

    /// An observer of a component known by its name.
    #[must_use]
    pub fn of<E: ToString>(
        name: &str,
        on: On,
        component: &str,
        function: impl Fn(&mut ObserverContext<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Observer {
        Observer {
            name: Arc::from(name),
            component: component.to_string(),
            on,
            function: Box::new(move |context| function(context).map_err(|error| error.to_string())),
        }
    }
}

/// The observers of a schedule, by component, occasion and name.
#[derive(Default)]
pub(crate) struct Observers {
    list: Vec<(ComponentId, Observer)>,
}

impl Observers {
    /// Most changes that observers hear in a phase because of other observers.
    const CHANGES_MAX: usize = 65_536;

    pub(crate) fn new(
        registry: &Registry,
        observers: Vec<Observer>,
    ) -> Result<Observers, (String, WorldError)> {
        let mut list = Vec::with_capacity(observers.len());
        for observer in observers {
            let Some(id) = registry.id(&observer.component) else {
                let component = observer.component.clone();
                let name = observer.name.to_string();
                return Err((name, WorldError::Unregistered { component }));
            };
            list.push((id, observer));
        }
        list.sort_by(|(left_id, left), (right_id, right)| {
            (left_id, left.on, &left.name).cmp(&(right_id, right.on, &right.name))
        });
        Ok(Observers { list })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Appends what a digest of rules covers: for each the component, the occasion and the name.
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        for (id, observer) in &self.list {
            output.extend(id.number().to_le_bytes());
            output.push(observer.on as u8);
            output.push(observer.name.len() as u8);
            output.extend(observer.name.as_bytes());
        }
    }

    fn of(&self, change: &Change) -> &[(ComponentId, Observer)] {
        let key = (change.id, change.on);
        let start = self
            .list
            .partition_point(|(id, observer)| (*id, observer.on) < key);
        let end = self
            .list
            .partition_point(|(id, observer)| (*id, observer.on) <= key);
        &self.list[start..end]
    }
}

/// What observers add to the report of a tick.
#[derive(Default)]
pub(crate) struct Heard {
    pub commands: u64,
    pub refused: Vec<WorldError>,
}

impl Schedule {
    /// Lets observers hear what happened since they heard last.
    pub(crate) fn hear(
        observers: &Observers,
        phase: Phase,
        courier: &mut Courier<'_, '_>,
        heard: &mut Heard,
    ) -> Result<(), TickError> {
        if observers.is_empty() {
            return Ok(());
        }
        let mut waiting = VecDeque::from(taken(courier.world));
        let mut count = 0;
        while let Some(change) = waiting.pop_front() {
            for (_, observer) in observers.of(&change) {
                let (mut commands, mut post) = (Commands::default(), Post::default());
                let result = (observer.function)(&mut ObserverContext {
                    world: courier.world,
                    entity: change.entity,
                    commands: &mut commands,
                    post: &mut post,
                    row: &change.row,
                });
                let stop = |reason| TickError::Observer {
                    phase,
                    observer: observer.name.to_string(),
                    reason,
                };
                result.map_err(stop)?;
                heard.commands += commands.len() as u64;
                commands.apply(courier.world, &mut heard.refused);
                courier
                    .accept_all(&observer.name, post)
                    .map_err(|error| TickError::Bus { phase, error })?;
                let more = taken(courier.world);
                count += more.len();
                if count > Observers::CHANGES_MAX {
                    let limit = Observers::CHANGES_MAX;
                    return Err(stop(alloc::format!(
                        "observers changed more than {limit} components because of each other"
                    )));
                }
                waiting.extend(more);
            }
        }
        Ok(())
    }
}

/// What happened, which is forgotten by this.
fn taken(world: &mut World) -> Vec<Change> {
    match &mut world.state_mut().journal {
        Some(journal) => core::mem::take(journal),
        None => Vec::new(),
    }
}
