//! The desk: what a script's calls work on during one moment, and the functions of `echo`.
//!
//! It holds a fork of the world, which nobody changes meanwhile, and what scripts write down: edits, envelopes, lines of
//! the log. A script reads the world as it was when the moment began; what it asks for is done when the moment is over.
//! Which number is which function stands in [`FUNCTIONS`]; the parts of a call are `api_world`'s, `api_time`'s and
//! `object`'s work.
//!
//! INVARIANT: a script reaches nothing that its signature does not declare; what it tried beyond stops the tick, caught or not.
//! Tests: `tests/it/script_api.rs`.

use super::edits::{Edits, Presence, Promises};
use super::field;
use super::query::Plan;
use super::tables::Tables;
use super::terms::{Term, Terms};
use crate::access::{Access, Target};
use crate::bus::Draft;
use crate::entity::Entity;
use crate::registry::{ComponentId, Registry};
use crate::schedule::Phase;
use crate::stamp::Stamp;
use crate::world::World;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_echolua::{Embedder, Fault, HostCall, Value};
use gatos_numbers::Pcg32;

/// What a script may use, as the world's manifest declares it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    /// `None` where nothing is declared: then everything may be used.
    pub access: Option<Access>,
    /// Kinds of events it may emit; `None` for all.
    pub emits: Option<BTreeSet<String>>,
}

/// Who runs.
#[derive(Clone)]
pub(crate) struct Runner {
    /// The script's place among all.
    pub index: usize,
    pub name: Arc<str>,
    pub rights: Arc<Rights>,
    /// Whether its main function runs, which happens again when it is loaded anew.
    pub is_main: bool,
    /// Whether it is a module that is loaded anew and may define things, not do them.
    pub is_module: bool,
}

/// When a script asked last what is new, by script and phase: the stamp of the world then.
pub(crate) type Marks = BTreeMap<(usize, Phase), Stamp>;

/// Random numbers of a script in this tick.
pub(crate) struct Stream {
    pub script: usize,
    pub generator: Pcg32,
    pub counted: u64,
}

/// Everything that functions of `echo` work on.
pub(crate) struct Desk {
    pub world: World,
    pub registry: Registry,
    pub ticks_per_second: u32,
    /// The number of the moment.
    pub moment: u64,
    pub tables: Tables,
    pub terms: Terms,
    pub runner: Runner,
    pub edits: Edits,
    pub promises: Promises,
    pub plans: Vec<Plan>,
    /// Who emits what, in order.
    pub drafts: Vec<(Arc<str>, Draft)>,
    pub streams: Vec<Stream>,
    /// The number of the next timer.
    pub timer_next: i64,
    pub log: Vec<(Arc<str>, String)>,
    /// Branches that are asked for.
    pub forks: Vec<String>,
    /// The phase, where its entry points run.
    pub phase: Option<Phase>,
    /// When scripts asked what is new, before this moment.
    pub marks: Marks,
    /// Who asks in this moment.
    pub asked: Vec<usize>,
    /// What stops the tick whether the script catches it or not.
    pub fatal: Option<String>,
    pub scratch: Vec<u8>,
    pub values: Vec<Value>,
}

type Function = fn(&mut Desk, &mut HostCall<'_>) -> Result<usize, Fault>;

/// Names of the members of `echo`, with their functions; those with a blank are for metatables.
pub(crate) const FUNCTIONS: &[(&str, Function)] = &[
    ("spawn", Desk::spawn),
    ("despawn", Desk::despawn),
    ("add", Desk::add),
    ("remove", Desk::remove),
    ("get", Desk::get),
    ("set", Desk::set),
    ("has", Desk::has),
    ("alive", Desk::alive),
    ("query", Desk::query),
    ("query step", Desk::query_step),
    ("count", Desk::count),
    ("list", Desk::list),
    ("entity", Desk::entity),
    ("id", Desk::id),
    ("emit", Desk::emit),
    ("on", Desk::on),
    ("delay", Desk::delay),
    ("every", Desk::every),
    ("cancel", Desk::cancel),
    ("rng", Desk::rng),
    ("tick", Desk::tick),
    ("time", Desk::time),
    ("log", Desk::log),
    ("fork", Desk::fork),
    ("entity index", Desk::entity_index),
    ("entity newindex", Desk::entity_new_index),
    ("entity eq", Desk::entity_equal),
    ("entity tostring", Desk::entity_text),
    ("view index", Desk::view_index),
    ("view newindex", Desk::view_new_index),
    ("view pairs", Desk::view_pairs),
    ("parent", Desk::parent),
    ("children", Desk::children),
    ("set_parent", Desk::set_parent),
    ("target", Desk::target),
    ("sources", Desk::sources),
    ("link", Desk::link),
    ("unlink", Desk::unlink),
];

/// What a module may call while it is loaded anew.
const FOR_MODULES: [&str; 3] = ["tick", "time", "log"];

impl Embedder for Desk {
    fn call(&mut self, function: u16, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        call.pay(4)?;
        match FUNCTIONS.get(usize::from(function)) {
            Some((name, _)) if self.runner.is_module && !FOR_MODULES.contains(name) => {
                let text = "a module that is loaded anew defines what scripts call; it does nothing itself";
                Err(call.raise(text))
            }
            Some((_, function)) => function(self, call),
            None => Ok(0),
        }
    }
}

/// What the functions share.
impl Desk {
    /// The handle in an argument: a number, or an object of [`Desk::entity`].
    pub(super) fn entity_of(
        &mut self,
        call: &mut HostCall<'_>,
        index: usize,
        function: &str,
    ) -> Result<Entity, Fault> {
        match self.handle(call, call.argument(index)) {
            Some(entity) => Ok(entity),
            None => Err(call.bad_type(index, function, "entity")),
        }
    }

    /// The entity that a value is a handle of.
    pub(super) fn handle(&self, call: &HostCall<'_>, value: Value) -> Option<Entity> {
        match value {
            Value::Integer(number) => Some(field::to_entity(number)),
            Value::Table(table) => {
                let table = call.heap().table(table);
                match (table.metatable(), table.get_integer(1)) {
                    (Some(metatable), Value::Integer(number))
                        if metatable == self.tables.entity_meta =>
                    {
                        Some(field::to_entity(number))
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The term in an argument.
    pub(super) fn term_of(
        &mut self,
        call: &mut HostCall<'_>,
        index: usize,
        function: &str,
    ) -> Result<Term, Fault> {
        let Value::String(place) = call.argument(index) else {
            return Err(call.bad_type(index, function, "name of a component"));
        };
        let found = self
            .terms
            .find(&self.registry, place, call.heap().bytes_of(place));
        match found {
            Ok(term) => Ok(term),
            Err(reason) => Err(call.bad_argument(index, function, &reason)),
        }
    }

    /// As [`Desk::term_of`], of a whole component.
    pub(super) fn component_of(
        &mut self,
        call: &mut HostCall<'_>,
        index: usize,
        function: &str,
    ) -> Result<ComponentId, Fault> {
        let term = self.term_of(call, index, function)?;
        if term.is_part {
            let text = "a component is wanted, not a field";
            return Err(call.bad_argument(index, function, text));
        }
        Ok(term.id)
    }

    pub(super) fn may_read(
        &mut self,
        call: &mut HostCall<'_>,
        target: Target,
    ) -> Result<(), Fault> {
        match &self.runner.rights.access {
            Some(access) if !access.may_read(target) => Err(self.undeclared(call, "reads", target)),
            _ => Ok(()),
        }
    }

    pub(super) fn may_write(
        &mut self,
        call: &mut HostCall<'_>,
        target: Target,
    ) -> Result<(), Fault> {
        match &self.runner.rights.access {
            Some(access) if !access.may_write(target) => {
                Err(self.undeclared(call, "writes", target))
            }
            _ => {
                let name = target.name(&self.registry);
                if name.starts_with("echo.") {
                    let text = format!("`{name}` is the engine's own");
                    return Err(call.raise(&text));
                }
                if self.registry.kind(target.id()).relation().is_some() {
                    let text = format!("`{name}` is a relation: use `echo.link` and `echo.unlink`");
                    return Err(call.raise(&text));
                }
                Ok(())
            }
        }
    }

    /// As [`Desk::may_write`] of a component; what is right every time takes no look at names.
    #[inline]
    pub(super) fn may_write_term(
        &mut self,
        call: &mut HostCall<'_>,
        term: &Term,
    ) -> Result<(), Fault> {
        if term.is_free && self.runner.rights.access.is_none() {
            return Ok(());
        }
        self.may_write(call, Target::Component(term.id))
    }

    /// As [`Desk::may_write`] for links, which have functions of their own.
    pub(super) fn may_bind(
        &mut self,
        call: &mut HostCall<'_>,
        id: ComponentId,
    ) -> Result<(), Fault> {
        let target = Target::Component(id);
        match &self.runner.rights.access {
            Some(access) if !access.may_write(target) => {
                Err(self.undeclared(call, "writes", target))
            }
            _ => Ok(()),
        }
    }

    fn undeclared(&mut self, call: &mut HostCall<'_>, verb: &str, target: Target) -> Fault {
        let text = format!(
            "ERR_ACCESS_UNDECLARED: the script `{}` {verb} `{}`, which its signature does not declare",
            self.runner.name,
            target.name(&self.registry)
        );
        self.stop(call, text)
    }

    /// An error that stops the tick even where the script catches it.
    pub(super) fn stop(&mut self, call: &mut HostCall<'_>, text: String) -> Fault {
        let fault = call.raise(&text);
        if let Fault::Raised(value) = fault {
            self.fatal.get_or_insert(call.show(value));
        }
        fault
    }

    /// Refuses what is asked of an entity that is not, or no longer, there.
    pub(super) fn must_live(
        &mut self,
        call: &mut HostCall<'_>,
        entity: Entity,
    ) -> Result<Presence, Fault> {
        match self.promises.presence(&self.world, entity) {
            Presence::Gone => {
                let text = format!("the entity {entity} does not live");
                Err(call.raise(&text))
            }
            presence => Ok(presence),
        }
    }

    /// Refuses more edits than there are places for.
    pub(super) fn must_have_room(&self, call: &mut HostCall<'_>, size: usize) -> Result<(), Fault> {
        if self.edits.has_room(size) {
            Ok(())
        } else {
            Err(call.raise("too much was asked for in one moment"))
        }
    }
}
