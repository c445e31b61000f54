//! The host's own tables in the machine: handlers, timers, instances, modules, metatables.
//!
//! They are members of the machine's globals, which no program of a world sees: every script has globals of its own. So all
//! of a host's state that is made of Lua values is saved and forked with the machine.
//!
//! Tests: `tests/it/script_state.rs`.

use gatos_echolua::value::TableId;
use gatos_echolua::{Value, Vm};

/// The tables, by their places.
#[derive(Clone, Copy)]
pub(crate) struct Tables {
    /// Kind of event → list of `{function, script, is_main, priority, once}`.
    pub handlers: TableId,
    /// Number of a timer → function.
    pub timers: TableId,
    /// Number of a script → its globals. Modules count down from −1.
    pub globals: TableId,
    /// Number of a script → its main function.
    pub mains: TableId,
    /// Number of a script or module → main function of code that waits for the next tick.
    pub pending: TableId,
    /// Number of a script → handle of an entity → globals of the instance.
    pub instances: TableId,
    /// The functions of handlers that wait for their turn.
    pub handlers_held: TableId,
    /// Name of a module → its main function, and what that gave.
    pub modules: TableId,
    pub loaded: TableId,
    /// Metatables of handles as objects and of views of components.
    pub entity_meta: TableId,
    pub view_meta: TableId,
    /// The function that `echo.query` gives, and `next`.
    pub query_step: Value,
    pub next: Value,
}

const NAMES: [&str; 11] = [
    "handlers",
    "timers",
    "globals",
    "mains",
    "pending",
    "instances",
    "held",
    "modules",
    "loaded",
    "entity",
    "view",
];

impl Tables {
    /// Makes the tables in a new machine.
    pub(crate) fn make(vm: &mut Vm) {
        let globals = vm.globals();
        for name in NAMES {
            let table = Value::Table(vm.heap_mut().new_table());
            vm.heap_mut().set_text(globals, &hidden(name), table);
        }
    }

    /// Finds the tables; `None` in a machine that is no world's.
    pub(crate) fn find(vm: &mut Vm) -> Option<Tables> {
        let mut found = [TableId::default(); NAMES.len()];
        for (place, name) in found.iter_mut().zip(NAMES) {
            let Value::Table(table) = vm.export_of(&hidden(name)) else {
                return None;
            };
            *place = table;
        }
        let [
            handlers,
            timers,
            globals,
            mains,
            pending,
            instances,
            handlers_held,
            modules,
            loaded,
            entity_meta,
            view_meta,
        ] = found;
        let step = super::desk::FUNCTIONS
            .iter()
            .position(|(name, _)| *name == "query step");
        Some(Tables {
            handlers,
            timers,
            globals,
            mains,
            pending,
            instances,
            handlers_held,
            modules,
            loaded,
            entity_meta,
            view_meta,
            query_step: Vm::embedded(step.unwrap_or_default() as u16),
            next: vm.library("next"),
        })
    }
}

/// A name that no library has.
fn hidden(name: &str) -> alloc::string::String {
    alloc::format!("world {name}")
}
