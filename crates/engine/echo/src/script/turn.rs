//! A turn: the calls that belong to one moment, script after script, instance after instance.
//!
//! Tests: `tests/it/script_state.rs`, `tests/it/script_api.rs`.

use super::api_time::{TIMER, read_timer, timer_draft};
use super::desk::{Desk, Runner};
use super::field;
use super::host::{Scripts, module_key};
use super::{object, payload};
use crate::bus::Envelope;
use crate::entity::Entity;
use crate::registry::ComponentId;
use crate::schedule::Phase;
use crate::simulation::ScriptError;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write as _;
use gatos_echolua::value::TableId;
use gatos_echolua::{Fault, Heap, Value};

/// Place of the metatable among a script's instances, whose handles are all larger.
const FALLBACK: i64 = 0;

/// One moment's calls.
pub(super) struct Turn<'a> {
    host: &'a mut Scripts,
    /// With the machine while a function runs.
    desk: Option<Desk>,
}

/// Why the desk is there: calls give it back.
const AT_HOME: &str = "the desk is out only while a function runs";

type Result<T> = core::result::Result<T, ScriptError>;

impl<'a> Turn<'a> {
    pub(super) const fn new(host: &'a mut Scripts, desk: Desk) -> Turn<'a> {
        Turn {
            host,
            desk: Some(desk),
        }
    }

    /// The desk with what was written down.
    pub(super) fn finish(self) -> Desk {
        self.desk.expect(AT_HOME)
    }

    fn desk(&mut self) -> &mut Desk {
        self.desk.as_mut().expect(AT_HOME)
    }

    fn scripts(&self) -> core::ops::Range<usize> {
        0..self.host.fixed.scripts.len()
    }

    fn attached_to(&self, script: usize) -> Option<ComponentId> {
        self.host.fixed.scripts[script].attached_to
    }

    /// The first moment: main functions, then `on_start`.
    pub(super) fn start(&mut self) -> Result<()> {
        for script in self.scripts() {
            if let Some(component) = self.attached_to(script) {
                self.meet_instances(script, component)?;
            } else {
                let main = self.main_of(script);
                self.call(script, true, main, &[])?;
                self.call_entry(script, "on_start")?;
            }
        }
        Ok(())
    }

    /// The entry point of a phase. What waits to be loaded comes first of all, and instances come and go then.
    pub(super) fn phase(&mut self, phase: Phase) -> Result<()> {
        if phase == Phase::PreUpdate {
            for module in 0..self.host.fixed.modules.len() {
                self.load_module(module)?;
            }
            for script in self.scripts() {
                self.load_pending(script)?;
            }
        }
        for script in self.scripts() {
            if let (Phase::PreUpdate, Some(component)) = (phase, self.attached_to(script)) {
                self.part_from_instances(script, component)?;
                self.meet_instances(script, component)?;
            }
            self.call_entry(script, phase.as_str())?;
        }
        Ok(())
    }

    pub(super) fn stop(&mut self) -> Result<()> {
        for script in self.scripts() {
            self.call_entry(script, "on_stop")?;
        }
        Ok(())
    }

    /// A timer, or an event: handlers by priority, then `on_event` of every script.
    pub(super) fn event(&mut self, envelope: &Envelope) -> Result<()> {
        if envelope.kind() == TIMER {
            return self.timer(envelope);
        }
        let handlers = self.take_handlers(envelope.kind());
        self.hold(handlers.iter().map(|(_, function)| *function));
        for (script, function) in handlers {
            let (payload, event) = (self.payload_of(envelope), self.event_of(envelope));
            self.call(script, false, function, &[payload, event])?;
        }
        self.hold(core::iter::empty());
        for script in self.scripts() {
            for home in self.homes(script) {
                let Some(function) = self.entry(script, home, "on_event") else {
                    continue;
                };
                let kind = self.host.vm.text(envelope.kind());
                let (payload, event) = (self.payload_of(envelope), self.event_of(envelope));
                self.call(script, false, function, &[kind, payload, event])?;
            }
        }
        Ok(())
    }

    fn timer(&mut self, envelope: &Envelope) -> Result<()> {
        let timers = self.host.tables.timers;
        let Some((number, period)) = read_timer(envelope.payload()) else {
            return Ok(());
        };
        let key = Value::Integer(number);
        let function = self.host.vm.heap().table(timers).get(key);
        let is_same = |script: &usize| *self.host.fixed.scripts[*script].name == *envelope.source();
        let Some(script) = self.scripts().find(is_same).filter(|_| !function.is_nil()) else {
            return Ok(());
        };
        if period > 0 {
            let name = Arc::clone(&self.host.fixed.scripts[script].name);
            let draft = timer_draft(number, period, period);
            self.desk().drafts.push((name, draft));
        } else {
            self.host.vm.heap_mut().set(timers, key, Value::Nil);
        }
        self.call(script, false, function, &[])
    }

    /// The handlers of a kind in the order they are called; those that hear once are taken off the list.
    fn take_handlers(&mut self, kind: &str) -> Vec<(usize, Value)> {
        let handlers = self.host.tables.handlers;
        let script_count = self.host.fixed.scripts.len();
        let heap = self.host.vm.heap_mut();
        let key = Value::String(heap.string(kind.as_bytes()));
        let Value::Table(list) = heap.table(handlers).get(key) else {
            return Vec::new();
        };
        let mut found: Vec<(i64, usize, Value)> = Vec::new();
        let mut kept = Vec::new();
        let entries = heap.table(list);
        for index in 1..=entries.length() {
            let entry = entries.get_integer(index);
            let Value::Table(entry_table) = entry else {
                continue;
            };
            let place = |index| heap.table(entry_table).get_integer(index);
            if let (function, Value::Integer(script), Value::Integer(priority)) =
                (place(1), place(2), place(4))
                && let Ok(script) = usize::try_from(script)
                && script < script_count
            {
                found.push((priority, script, function));
            }
            if !place(5).is_true() {
                kept.push(entry);
            }
        }
        let has_some_less = (kept.len() as i64) < entries.length();
        if has_some_less {
            self.set_handlers(key, &kept);
        }
        found.sort_by_key(|(priority, _, _)| *priority);
        let pair = |(_, script, function)| (script, function);
        found.into_iter().map(pair).collect()
    }

    /// Keeps functions alive that wait for their turn, whatever those before them do to the list of handlers.
    fn hold(&mut self, functions: impl Iterator<Item = Value>) {
        let heap = self.host.vm.heap_mut();
        let list = heap.new_table();
        for (function, index) in functions.zip(1..) {
            heap.set(list, Value::Integer(index), function);
        }
        heap.set_text(self.host.tables.handlers_held, "list", Value::Table(list));
    }

    fn set_handlers(&mut self, kind: Value, entries: &[Value]) {
        let handlers = self.host.tables.handlers;
        let heap = self.host.vm.heap_mut();
        let list = heap.new_table();
        for (entry, index) in entries.iter().zip(1..) {
            heap.set(list, Value::Integer(index), *entry);
        }
        heap.set(handlers, kind, Value::Table(list));
    }

    /// What an envelope carries, made anew for each who hears it: the row of a component, a world value, or the bytes.
    fn payload_of(&mut self, envelope: &Envelope) -> Value {
        let registry = &self.host.fixed.registry;
        let bytes = envelope.payload();
        let heap = self.host.vm.heap_mut();
        if let Some(id) = registry.id(envelope.kind()) {
            let schema = registry.kind(id).schema();
            if schema.accepts(bytes) {
                return field::read_row(schema, bytes, heap);
            }
        }
        match payload::decode(heap, bytes) {
            Ok(value) => value,
            Err(_) => Value::String(heap.string(bytes)),
        }
    }

    /// What else is known of an envelope.
    fn event_of(&mut self, envelope: &Envelope) -> Value {
        let heap = self.host.vm.heap_mut();
        let event = heap.new_table();
        let kind = Value::String(heap.string(envelope.kind().as_bytes()));
        let source = Value::String(heap.string(envelope.source().as_bytes()));
        heap.set_text(event, "kind", kind);
        heap.set_text(event, "source", source);
        let id = Value::Integer(envelope.id().cast_signed());
        let tick = Value::Integer(envelope.chronos().cast_signed());
        heap.set_text(event, "id", id);
        heap.set_text(event, "tick", tick);
        Value::Table(event)
    }
}

/// Code and instances.
impl Turn<'_> {
    fn main_of(&self, script: usize) -> Value {
        let mains = self.host.vm.heap().table(self.host.tables.mains);
        mains.get_integer(script as i64)
    }

    /// Puts code in place that waits for it: the script's handlers of its main function go, and the main function runs
    /// with the globals that are there.
    fn load_pending(&mut self, script: usize) -> Result<()> {
        let key = Value::Integer(script as i64);
        let (pending, mains) = (self.host.tables.pending, self.host.tables.mains);
        let main = self.host.vm.heap().table(pending).get(key);
        if main.is_nil() {
            return Ok(());
        }
        let heap = self.host.vm.heap_mut();
        heap.set(pending, key, Value::Nil);
        heap.set(mains, key, main);
        self.drop_main_handlers(script);
        if self.attached_to(script).is_none() {
            return self.call(script, true, main, &[]);
        }
        for (_, globals) in self.instances(script) {
            let main = self.host.vm.main_with(main, globals);
            self.call(script, true, main, &[])?;
        }
        Ok(())
    }

    /// Puts a module's code in place that waits for it. Where scripts have what the old code gave and both are tables, the
    /// old table gets the new one's members, so that everybody who holds it has the new functions.
    fn load_module(&mut self, module: usize) -> Result<()> {
        let key = Value::Integer(module_key(module));
        let tables = self.host.tables;
        let main = self.host.vm.heap().table(tables.pending).get(key);
        if main.is_nil() {
            return Ok(());
        }
        let name = Arc::clone(&self.host.fixed.modules[module]);
        let heap = self.host.vm.heap_mut();
        let name_value = Value::String(heap.string(name.as_bytes()));
        heap.set(tables.pending, key, Value::Nil);
        heap.set(tables.modules, name_value, main);
        let old = heap.table(tables.loaded).get(name_value);
        if old.is_nil() {
            return Ok(());
        }
        let runner = Runner {
            index: self.host.fixed.scripts.len() + module,
            name,
            rights: Arc::default(),
            is_main: true,
            is_module: true,
        };
        let given = self.call_as(runner, main, &[name_value])?;
        let made = given.first().copied().filter(|value| !value.is_nil());
        let made = made.unwrap_or(Value::Boolean(true));
        let heap = self.host.vm.heap_mut();
        match (old, made) {
            (Value::Table(old), Value::Table(made)) => refill(heap, old, made),
            _ => heap.set(tables.loaded, name_value, made),
        }
        Ok(())
    }

    fn drop_main_handlers(&mut self, script: usize) {
        let handlers = self.host.tables.handlers;
        let kinds: Vec<(Value, Value)> = self.host.vm.heap().table(handlers).pairs().collect();
        for (kind, list) in kinds {
            let Value::Table(list) = list else {
                continue;
            };
            let heap = self.host.vm.heap();
            let entries = heap.table(list);
            let is_kept = |entry: &Value| match entry {
                Value::Table(entry) => {
                    let entry = heap.table(*entry);
                    let is_its = matches!(entry.get_integer(2), Value::Integer(index) if index == script as i64);
                    !(is_its && entry.get_integer(3).is_true())
                }
                _ => false,
            };
            let kept: Vec<Value> = (1..=entries.length())
                .map(|index| entries.get_integer(index))
                .filter(is_kept)
                .collect();
            if (kept.len() as i64) < entries.length() {
                self.set_handlers(kind, &kept);
            }
        }
    }

    /// The globals of a script's instances with their entities, in the order in which they came.
    fn instances(&self, script: usize) -> Vec<(Entity, TableId)> {
        let handles = self.host.handles(script);
        let table = self.host.instances_of(script);
        let globals = |handle: &i64| match table {
            Some(table) => self.host.vm.heap().table(table).get_integer(*handle),
            None => Value::Nil,
        };
        let pair = |handle: i64| match globals(&handle) {
            Value::Table(globals) => Some((field::to_entity(handle), globals)),
            _ => None,
        };
        handles.into_iter().filter_map(pair).collect()
    }

    /// Makes instances for entities that have none, in canonical order.
    fn meet_instances(&mut self, script: usize, component: ComponentId) -> Result<()> {
        let Some(table) = self.host.instances_of(script) else {
            return Ok(());
        };
        let mut fresh = Vec::new();
        let state = self.desk().world.fork();
        for slot in &state.state().archetypes {
            let archetype = &slot.archetype;
            if archetype.has(component) {
                fresh.extend((0..archetype.len()).map(|row| archetype.entity(row)));
            }
        }
        let known = self.host.vm.heap().table(table);
        fresh.retain(|entity| known.get_integer(field::from_entity(*entity)).is_nil());
        let main = self.main_of(script);
        for entity in fresh {
            let globals = self.new_instance(table, entity);
            let main = self.host.vm.main_with(main, globals);
            self.call(script, true, main, &[])?;
            if let Some(function) = self.function_of(globals, "on_start") {
                self.call(script, false, function, &[])?;
            }
        }
        Ok(())
    }

    fn new_instance(&mut self, table: TableId, entity: Entity) -> TableId {
        let meta = self.host.tables.entity_meta;
        let heap = self.host.vm.heap_mut();
        let globals = heap.new_table();
        if let Value::Table(fallback) = heap.table(table).get_integer(FALLBACK) {
            heap.set_metatable(globals, Some(fallback));
        }
        let object = object::new_entity(heap, meta, entity);
        heap.set_text(globals, "self", Value::Table(object));
        heap.set_text(globals, "_G", Value::Table(globals));
        let handle = Value::Integer(field::from_entity(entity));
        heap.set(table, handle, Value::Table(globals));
        globals
    }

    /// Ends the instances of entities that are gone or have lost the component.
    fn part_from_instances(&mut self, script: usize, component: ComponentId) -> Result<()> {
        let Some(table) = self.host.instances_of(script) else {
            return Ok(());
        };
        for (entity, globals) in self.instances(script) {
            let state = self.desk().world.fork();
            let has = match state.state().locate(entity) {
                Ok(location) => state.state().archetype(location.archetype).has(component),
                Err(_) => false,
            };
            if has {
                continue;
            }
            let handle = Value::Integer(field::from_entity(entity));
            self.host.vm.heap_mut().set(table, handle, Value::Nil);
            if let Some(function) = self.function_of(globals, "on_stop") {
                self.call(script, false, function, &[])?;
            }
        }
        Ok(())
    }
}

/// Makes a table hold what another one holds, its metatable too.
fn refill(heap: &mut Heap, old: TableId, made: TableId) {
    let gone: Vec<Value> = heap.table(old).pairs().map(|(key, _)| key).collect();
    for key in gone {
        heap.set(old, key, Value::Nil);
    }
    let pairs: Vec<(Value, Value)> = heap.table(made).pairs().collect();
    for (key, value) in pairs {
        heap.set(old, key, value);
    }
    let metatable = heap.table(made).metatable();
    heap.set_metatable(old, metatable);
}

impl Scripts {
    pub(super) fn instances_of(&self, script: usize) -> Option<TableId> {
        let instances = self.vm.heap().table(self.tables.instances);
        match instances.get_integer(script as i64) {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The handles of entities with an instance of a script, in the order in which they came.
    pub(super) fn handles(&self, script: usize) -> Vec<i64> {
        let Some(table) = self.instances_of(script) else {
            return Vec::new();
        };
        let handle = |(key, _)| match key {
            Value::Integer(handle) if handle != FALLBACK => Some(handle),
            _ => None,
        };
        let pairs = self.vm.heap().table(table).pairs();
        pairs.filter_map(handle).collect()
    }
}

/// Calls.
impl Turn<'_> {
    /// The function under this name among globals.
    fn function_of(&mut self, globals: TableId, name: &str) -> Option<Value> {
        let heap = self.host.vm.heap();
        let key = heap.known(name.as_bytes())?;
        let value = heap.table(globals).get_string(key);
        matches!(value, Value::Closure(_) | Value::Native(_)).then_some(value)
    }

    /// Who may have an entry point of a script: the script, or each of its instances, by its handle.
    fn homes(&self, script: usize) -> Vec<Option<i64>> {
        if self.attached_to(script).is_none() {
            return Vec::from([None]);
        }
        self.host.handles(script).into_iter().map(Some).collect()
    }

    /// The entry point of one of them. Looked up right before it is called: nothing but the machine keeps functions alive.
    fn entry(&mut self, script: usize, home: Option<i64>, name: &str) -> Option<Value> {
        let globals = match home {
            None => self.host.globals_of(script as i64)?,
            Some(handle) => {
                let table = self.host.instances_of(script)?;
                match self.host.vm.heap().table(table).get_integer(handle) {
                    Value::Table(globals) => globals,
                    _ => return None,
                }
            }
        };
        self.function_of(globals, name)
    }

    fn call_entry(&mut self, script: usize, name: &str) -> Result<()> {
        for home in self.homes(script) {
            if let Some(function) = self.entry(script, home, name) {
                self.call(script, false, function, &[])?;
            }
        }
        Ok(())
    }

    /// Calls a function in the name of a script.
    fn call(
        &mut self,
        script: usize,
        is_main: bool,
        function: Value,
        arguments: &[Value],
    ) -> Result<()> {
        let known = &self.host.fixed.scripts[script];
        let runner = Runner {
            index: script,
            name: Arc::clone(&known.name),
            rights: Arc::clone(&known.rights),
            is_main,
            is_module: false,
        };
        self.call_as(runner, function, arguments).map(|_| ())
    }

    /// Calls a function in somebody's name; what it gave.
    fn call_as(
        &mut self,
        runner: Runner,
        function: Value,
        arguments: &[Value],
    ) -> Result<Vec<Value>> {
        let mut desk = self.desk.take().expect(AT_HOME);
        let script = runner.name.to_string();
        desk.runner = runner;
        let (mut desk, result) = self.host.vm.call_with(desk, function, arguments);
        let fatal = desk.fatal.take();
        self.desk = Some(desk);
        let reason = match (result, fatal) {
            (Ok(given), None) => return Ok(given),
            (_, Some(fatal)) => self.with_trace(fatal),
            (Err(fault), None) => self.reason(fault),
        };
        Err(ScriptError { script, reason })
    }

    fn reason(&mut self, fault: Fault) -> String {
        let vm = &self.host.vm;
        let place = vm.trace().first();
        let at = |text: &str| match place {
            Some(line) => format!("{}:{}: {text}", line.source, line.line),
            None => text.to_string(),
        };
        let text = match fault {
            Fault::Raised(value @ Value::Table(_)) => {
                format!("(error object is a {} value)", value.type_name())
            }
            Fault::Raised(value) => vm.show(value),
            Fault::FuelExhausted => at("the fuel of the tick is used up"),
            Fault::MemoryExhausted => at("the memory is used up"),
        };
        self.with_trace(text)
    }

    /// A reason with the calls that had not returned, where there are any.
    fn with_trace(&self, mut text: String) -> String {
        let lines = self.host.vm.trace().iter();
        for line in lines.filter(|line| !line.source.is_empty()) {
            let _ = write!(text, "\n  {line}");
        }
        text
    }
}
