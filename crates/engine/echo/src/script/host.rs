//! The host of a world's scripts: making it, its moments, its state as bytes.
//!
//! Bytes: `docs/formats/scripts.md`, section State. Tests: `tests/it/script_state.rs`.

use super::api_time::{TIMER, TIMER_PHASE};
use super::desk::{Desk, FUNCTIONS, Marks, Rights, Runner, Stream};
use super::edits::{Edits, Promises};
use super::tables::Tables;
use super::terms::Terms;
use super::turn::Turn;
use super::{ScriptSet, ScriptSetError};
use crate::access::Access;
use crate::error::WorldError;
use crate::hash::Tag;
use crate::registry::{ComponentId, Registry};
use crate::schedule::Phase;
use crate::simulation::{Moment, ScriptError, ScriptHost, ScriptView};
use crate::snapshot::Reader;
use crate::stamp::Stamp;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_echolua::value::TableId;
use gatos_echolua::{Limits, Module, Profile, Value, Vm, compile, elc};
use gatos_values::Blake3Digest;

/// The first bytes of a saved host.
const MAGIC: &[u8; 8] = b"ECHOSCPT";
const VERSION: u16 = 2;

/// What a world's machine has of Lua's library. Time, files, chance and the compiler are absent.
const LIBRARY: &[&str] = &[
    "_VERSION",
    "assert",
    "coroutine",
    "error",
    "getmetatable",
    "ipairs",
    "math",
    "next",
    "pairs",
    "pcall",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "select",
    "setmetatable",
    "string",
    "table",
    "tonumber",
    "tostring",
    "type",
    "utf8",
    "xpcall",
];

/// `require` over two tables: main functions by name, and what they gave.
const REQUIRE: &str = r#"
local mains, loaded = ...
return function(name)
  local value = loaded[name]
  if value == mains then error("the module '" .. tostring(name) .. "' requires itself", 2) end
  if value ~= nil then return value end
  local main = mains[name]
  if main == nil then error("the world has no module '" .. tostring(name) .. "'", 2) end
  loaded[name] = mains
  local is_made, made = pcall(main, name)
  if not is_made then
    loaded[name] = nil
    error(made, 0)
  end
  if made == nil then made = true end
  loaded[name] = made
  return made
end
"#;

/// What does not change while the world lives.
pub(super) struct Fixed {
    pub registry: Registry,
    pub scripts: Vec<Script>,
    /// The modules' names for `require`.
    pub modules: Vec<Arc<str>>,
    pub limits: super::ScriptLimits,
}

/// A script with its names resolved.
pub(super) struct Script {
    pub name: Arc<str>,
    pub attached_to: Option<ComponentId>,
    pub rights: Arc<Rights>,
}

/// The scripts of a world with their machine.
pub struct Scripts {
    pub(super) fixed: Arc<Fixed>,
    pub(super) vm: Vm,
    pub(super) tables: Tables,
    /// Names with the digests of the code that runs: scripts, then modules by the names of their files.
    roots: Vec<(String, Blake3Digest)>,
    /// The digest, if nothing was called or loaded since it was computed.
    digest: Option<Blake3Digest>,
    /// When scripts asked last what is new.
    marks: Marks,
    /// The number of the last moment.
    moment: u64,
    timer_next: i64,
    /// The tick that fuel and random numbers belong to.
    tick: Option<u64>,
    streams: Vec<Stream>,
    terms: Terms,
}

impl Scripts {
    /// Compiles and loads the scripts of a world. Nothing of them runs yet.
    ///
    /// # Errors
    /// [`ScriptSetError`].
    pub fn new(set: &ScriptSet, registry: &Registry) -> Result<Scripts, ScriptSetError> {
        check_names(set)?;
        let mut scripts = Vec::new();
        for script in &set.scripts {
            let access = |error: WorldError| ScriptSetError::Access {
                name: script.name.clone(),
                error,
            };
            let attached_to = match &script.attached_to {
                None => None,
                Some(name) => Some(component(registry, name).map_err(access)?),
            };
            let declared = script.signature.as_ref();
            let declared = declared.map(|signature| {
                let mut access = Access::default();
                signature.resolve(registry, &mut access).map(|()| access)
            });
            scripts.push(Script {
                name: Arc::from(&*script.name),
                attached_to,
                rights: Arc::new(Rights {
                    access: declared.transpose().map_err(access)?,
                    emits: script.emits.clone(),
                }),
            });
        }
        let fixed = Arc::new(Fixed {
            registry: registry.clone(),
            scripts,
            modules: set
                .modules
                .iter()
                .map(|module| Arc::from(&*module.name))
                .collect(),
            limits: set.limits,
        });
        load_all(set, fixed)
    }

    /// Digest of a compiled script.
    #[must_use]
    pub fn root_of(module: &Module) -> Blake3Digest {
        Blake3Digest::of(&elc::encode(module))
    }

    /// Memory in use, by the machine's own count, in bytes.
    #[must_use]
    pub const fn bytes_in_use(&self) -> usize {
        self.vm.bytes_in_use()
    }

    fn desk(&mut self, view: &ScriptView<'_>, phase: Option<Phase>) -> Desk {
        let world = view.world().fork();
        Desk {
            promises: Promises::new(&world),
            world,
            registry: self.fixed.registry.clone(),
            ticks_per_second: view.ticks_per_second(),
            moment: self.moment,
            tables: self.tables,
            terms: core::mem::take(&mut self.terms),
            runner: Runner {
                index: 0,
                name: Arc::from(""),
                rights: Arc::default(),
                is_main: false,
                is_module: false,
            },
            phase,
            marks: core::mem::take(&mut self.marks),
            asked: Vec::new(),
            edits: Edits::default(),
            plans: Vec::new(),
            drafts: Vec::new(),
            streams: core::mem::take(&mut self.streams),
            timer_next: self.timer_next,
            log: Vec::new(),
            forks: Vec::new(),
            fatal: None,
            scratch: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Hands on what scripts wrote down.
    fn clear_desk(&mut self, desk: Desk, view: &mut ScriptView<'_>) {
        self.terms = desk.terms;
        self.marks = desk.marks;
        for script in desk.asked {
            if let Some(phase) = desk.phase {
                self.marks
                    .insert((script, phase), view.world().state().stamp);
            }
        }
        self.timer_next = desk.timer_next;
        self.streams = desk.streams;
        for stream in &mut self.streams {
            let draws = stream.generator.draws();
            view.count_draws(draws.wrapping_sub(stream.counted));
            stream.counted = draws;
        }
        view.commands().edits(desk.edits);
        for (source, draft) in desk.drafts {
            view.post(&source).emit(draft);
        }
        for (source, line) in desk.log {
            view.log(&source, line);
        }
        for label in desk.forks {
            view.fork(label);
        }
    }

    /// What does not depend on the machine's globals being a world's.
    fn of_machine(
        fixed: Arc<Fixed>,
        vm: Vm,
        tables: Tables,
        roots: Vec<(String, Blake3Digest)>,
    ) -> Scripts {
        Scripts {
            fixed,
            vm,
            tables,
            roots,
            digest: None,
            marks: Marks::new(),
            moment: 0,
            timer_next: 1,
            tick: None,
            streams: Vec::new(),
            terms: Terms::default(),
        }
    }

    fn restore(&self, bytes: &[u8]) -> Result<Scripts, String> {
        let mut reader = Reader::new(bytes);
        let head = read_head(&mut reader);
        let Some((moment, timer_next, roots, marks)) = head else {
            return Err(alloc::format!(
                "no saved scripts, version {VERSION} (byte {})",
                reader.offset()
            ));
        };
        let names = roots.iter().map(|(name, _)| &**name);
        if !names.eq(self.roots.iter().map(|(name, _)| &**name)) {
            return Err("they are other scripts".to_string());
        }
        let rest = reader.take(reader.rest_len()).unwrap_or_default();
        let memory = self.fixed.limits.memory_bytes;
        let mut vm = Vm::restore(rest, memory).map_err(|error| error.to_string())?;
        let tables = Tables::find(&mut vm).filter(|_| vm.profile() == Profile::Script);
        let tables = tables.ok_or("the machine is no world's")?;
        let mut scripts = Scripts::of_machine(Arc::clone(&self.fixed), vm, tables, roots);
        (scripts.moment, scripts.timer_next) = (moment, timer_next);
        let is_known =
            |((script, _), _): (&(usize, Phase), &Stamp)| *script < scripts.fixed.scripts.len();
        if !marks.iter().all(is_known) {
            return Err("they are other scripts".to_string());
        }
        scripts.marks = marks;
        Ok(scripts)
    }
}

type Head = (u64, i64, Vec<(String, Blake3Digest)>, Marks);

fn read_head(reader: &mut Reader<'_>) -> Option<Head> {
    if reader.take(MAGIC.len())? != MAGIC || reader.u16()? != VERSION {
        return None;
    }
    let moment = reader.u64()?;
    let timer_next = reader.u64()?.cast_signed();
    let mut roots = Vec::new();
    for _ in 0..reader.u32()? {
        let name = reader.name()?.to_string();
        roots.push((name, Blake3Digest::from_bytes(reader.array()?)));
    }
    let mut marks = Marks::new();
    for _ in 0..reader.u32()? {
        let script = reader.u32()? as usize;
        let phase = *Phase::ALL.get(reader.u8()? as usize)?;
        let is_rising = marks
            .last_key_value()
            .is_none_or(|(last, _)| *last < (script, phase));
        marks.insert((script, phase), Stamp(reader.u64()?));
        if !is_rising {
            return None;
        }
    }
    Some((moment, timer_next, roots, marks))
}

impl ScriptHost for Scripts {
    fn roots(&self) -> Vec<(String, Blake3Digest)> {
        let mut roots = self.roots.clone();
        roots.sort();
        roots
    }

    fn hears(&self, phase: Phase, kind: &str) -> bool {
        if kind == TIMER {
            return phase == TIMER_PHASE;
        }
        let heap = self.vm.heap();
        let has_handler = heap.known(kind.as_bytes()).is_some_and(|key| {
            match heap.table(self.tables.handlers).get_string(key) {
                Value::Table(list) => heap.table(list).length() > 0,
                _ => false,
            }
        });
        has_handler || self.listens()
    }

    fn call(&mut self, moment: Moment<'_>, view: &mut ScriptView<'_>) -> Result<(), ScriptError> {
        let tick = view.world().tick();
        if self.tick != Some(tick) {
            self.tick = Some(tick);
            self.vm.set_fuel(self.fixed.limits.fuel);
            self.streams.clear();
        }
        self.moment += 1;
        self.digest = None;
        let phase = match moment {
            Moment::Phase(phase) => Some(phase),
            _ => None,
        };
        let desk = self.desk(view, phase);
        let mut turn = Turn::new(self, desk);
        let result = match moment {
            Moment::Start => turn.start(),
            Moment::Phase(phase) => turn.phase(phase),
            Moment::Event(envelope) => turn.event(envelope),
            Moment::Stop => turn.stop(),
        };
        let desk = turn.finish();
        result?;
        self.clear_desk(desk, view);
        if matches!(moment, Moment::Phase(Phase::PostUpdate)) {
            let units = self.fixed.limits.collector_units;
            self.vm.collect_between_calls(units);
        }
        Ok(())
    }

    fn reload(&mut self, script: &str, code: &[u8]) -> Result<(), ScriptError> {
        let refuse = |reason: &str| ScriptError {
            script: script.to_string(),
            reason: reason.to_string(),
        };
        let index = self.roots.iter().position(|(name, _)| name == script);
        let index = index.ok_or_else(|| refuse("the world has no such script"))?;
        let module = elc::decode(code).map_err(|error| refuse(&error.to_string()))?;
        if module.profile != Profile::Script {
            return Err(refuse("it is compiled for folds"));
        }
        let key = self.key_of(index);
        let globals = self.globals_of(key);
        let main = globals.and_then(|globals| self.vm.load_with(&module, script, globals));
        let main = main.ok_or_else(|| refuse("it cannot be loaded"))?;
        let pending = self.tables.pending;
        self.digest = None;
        self.vm.heap_mut().set(pending, Value::Integer(key), main);
        self.roots[index].1 = Scripts::root_of(&module);
        Ok(())
    }

    fn fork(&self) -> Box<dyn ScriptHost> {
        let mut fork = Scripts::of_machine(
            Arc::clone(&self.fixed),
            self.vm.clone(),
            self.tables,
            self.roots.clone(),
        );
        (fork.moment, fork.timer_next) = (self.moment, self.timer_next);
        (fork.digest, fork.marks) = (self.digest, self.marks.clone());
        Box::new(fork)
    }

    fn save(&mut self) -> Vec<u8> {
        let mut output = self.head();
        output.extend(self.machine());
        output
    }

    fn load(&self, bytes: &[u8]) -> Result<Box<dyn ScriptHost>, String> {
        Ok(Box::new(self.restore(bytes)?))
    }

    fn hash(&mut self) -> Blake3Digest {
        if let Some(digest) = self.digest {
            return digest;
        }
        let tag = [Tag::Scripts as u8];
        let digest = Blake3Digest::of_parts(&[&tag, &self.head(), &self.machine()]);
        self.digest = Some(digest);
        digest
    }
}

/// What is saved and hashed.
impl Scripts {
    /// Everything but the machine.
    fn head(&self) -> Vec<u8> {
        let mut output = MAGIC.to_vec();
        output.extend(VERSION.to_le_bytes());
        output.extend(self.moment.to_le_bytes());
        output.extend(self.timer_next.to_le_bytes());
        output.extend((self.roots.len() as u32).to_le_bytes());
        for (name, root) in &self.roots {
            output.push(name.len() as u8);
            output.extend(name.as_bytes());
            output.extend(root.as_bytes());
        }
        output.extend((self.marks.len() as u32).to_le_bytes());
        for ((script, phase), stamp) in &self.marks {
            output.extend((*script as u32).to_le_bytes());
            output.push(*phase as u8);
            output.extend(stamp.0.to_le_bytes());
        }
        output
    }

    fn machine(&mut self) -> Vec<u8> {
        self.vm.save().expect("scripts are saved between two calls")
    }
}

/// What a moment asks.
impl Scripts {
    /// The place among the host's tables of a script or module, by its place among roots.
    fn key_of(&self, index: usize) -> i64 {
        match index.checked_sub(self.fixed.scripts.len()) {
            None => index as i64,
            Some(module) => module_key(module),
        }
    }

    /// The globals of a script that the world has once, or that instances fall back to; or of a module.
    pub(super) fn globals_of(&self, key: i64) -> Option<TableId> {
        let table = self.vm.heap().table(self.tables.globals);
        match table.get_integer(key) {
            Value::Table(globals) => Some(globals),
            _ => None,
        }
    }

    /// Whether some script may have `on_event`.
    fn listens(&self) -> bool {
        let heap = self.vm.heap();
        let Some(word) = heap.known(b"on_event") else {
            return false;
        };
        (0..self.fixed.scripts.len()).any(|script| {
            if self.fixed.scripts[script].attached_to.is_some() {
                return !self.handles(script).is_empty();
            }
            let globals = self.globals_of(script as i64);
            globals.is_some_and(|globals| !heap.table(globals).get_string(word).is_nil())
        })
    }
}

/// The place of a module among the host's tables.
pub(super) const fn module_key(module: usize) -> i64 {
    -1 - module as i64
}

fn component(registry: &Registry, name: &str) -> Result<ComponentId, WorldError> {
    registry.id(name).ok_or_else(|| WorldError::Unregistered {
        component: name.to_string(),
    })
}

fn check_names(set: &ScriptSet) -> Result<(), ScriptSetError> {
    let mut seen = BTreeSet::new();
    let scripts = set.scripts.iter().map(|script| &script.name);
    let modules = set.modules.iter().map(|module| &module.file);
    for name in scripts.chain(modules) {
        if name.is_empty() || name.len() > 128 {
            return Err(ScriptSetError::Name { name: name.clone() });
        }
        if !seen.insert(name) {
            return Err(ScriptSetError::Twice { name: name.clone() });
        }
    }
    let mut seen = BTreeSet::new();
    match set.modules.iter().find(|module| !seen.insert(&module.name)) {
        Some(module) => Err(ScriptSetError::Twice {
            name: module.name.clone(),
        }),
        None => Ok(()),
    }
}

fn compiled(file: &str, source: &[u8]) -> Result<Module, ScriptSetError> {
    let compiled = compile(source, Profile::Script);
    if let Some(module) = compiled.module {
        return Ok(module);
    }
    let is_error =
        |finding: &gatos_echolua::Finding| finding.severity == gatos_echolua::Severity::Error;
    let finding = compiled.findings.into_iter().find(is_error);
    Err(ScriptSetError::Source {
        file: file.to_string(),
        finding: finding.expect("a source without a module has an error"),
    })
}

/// The machine of a world: library, `echo`, `require`, and every script's main function with globals of its own.
fn load_all(set: &ScriptSet, fixed: Arc<Fixed>) -> Result<Scripts, ScriptSetError> {
    let limits = Limits {
        fuel: fixed.limits.fuel,
        memory_bytes: fixed.limits.memory_bytes,
    };
    let mut vm = Vm::new(Profile::Script, limits);
    Tables::make(&mut vm);
    let tables = Tables::find(&mut vm).ok_or(ScriptSetError::Memory)?;
    if let Value::Table(math) = vm.library("math") {
        for name in ["random", "randomseed"] {
            vm.heap_mut().set_text(math, name, Value::Nil);
        }
    }
    let echo = make_echo(&mut vm, &tables);
    let require = make_require(&mut vm, &tables)?;
    let mut module_roots = Vec::new();
    for (module, index) in set.modules.iter().zip(0..) {
        let globals = new_globals(&mut vm, echo, require);
        let code = compiled(&module.file, &module.source)?;
        let main = vm.load_with(&code, &module.file, globals);
        let main = main.ok_or(ScriptSetError::Memory)?;
        let key = Value::Integer(module_key(index));
        let heap = vm.heap_mut();
        heap.set_text(tables.modules, &module.name, main);
        heap.set(tables.globals, key, Value::Table(globals));
        module_roots.push((module.file.clone(), Scripts::root_of(&code)));
    }
    let mut roots = Vec::new();
    for (script, index) in set.scripts.iter().zip(0_i64..) {
        let globals = new_globals(&mut vm, echo, require);
        let code = compiled(&script.name, &script.source)?;
        let main = vm.load_with(&code, &script.name, globals);
        let main = main.ok_or(ScriptSetError::Memory)?;
        let instances = new_instances(&mut vm, globals);
        let heap = vm.heap_mut();
        let key = Value::Integer(index);
        heap.set(tables.globals, key, Value::Table(globals));
        heap.set(tables.mains, key, main);
        heap.set(tables.instances, key, Value::Table(instances));
        roots.push((script.name.clone(), Scripts::root_of(&code)));
    }
    roots.append(&mut module_roots);
    vm.tidy().map_err(|_| ScriptSetError::Memory)?;
    if vm.heap().would_exceed(0) {
        return Err(ScriptSetError::Memory);
    }
    Ok(Scripts::of_machine(fixed, vm, tables, roots))
}

/// `echo` with its functions, and the metatables of handles and views.
fn make_echo(vm: &mut Vm, tables: &Tables) -> Value {
    let heap = vm.heap_mut();
    let echo = heap.new_table();
    for ((name, _), number) in FUNCTIONS.iter().zip(0..) {
        let function = Vm::embedded(number);
        match name.split_once(' ') {
            None => heap.set_text(echo, name, function),
            Some(("entity", event)) => {
                heap.set_text(tables.entity_meta, &alloc::format!("__{event}"), function);
            }
            Some(("view", event)) => {
                heap.set_text(tables.view_meta, &alloc::format!("__{event}"), function);
            }
            Some(_) => {}
        }
    }
    for (table, name) in [(tables.entity_meta, "entity"), (tables.view_meta, "view")] {
        let name = Value::String(heap.string(name.as_bytes()));
        heap.set_text(table, "__name", name);
        // What `getmetatable` gives instead of the table, which scripts must not change.
        heap.set_text(table, "__metatable", name);
    }
    Value::Table(echo)
}

fn make_require(vm: &mut Vm, tables: &Tables) -> Result<Value, ScriptSetError> {
    let module = compiled("require", REQUIRE.as_bytes())?;
    let main = vm.load(&module, "").ok_or(ScriptSetError::Memory)?;
    let (mains, loaded) = (tables.modules, tables.loaded);
    let made = vm.call(main, &[Value::Table(mains), Value::Table(loaded)]);
    let made = made.map_err(|_| ScriptSetError::Memory)?;
    Ok(made.first().copied().unwrap_or_default())
}

/// Globals of a script: its own table with Lua's library and the world's.
fn new_globals(vm: &mut Vm, echo: Value, require: Value) -> TableId {
    let globals = vm.heap_mut().new_table();
    for name in LIBRARY {
        let member = vm.library(name);
        vm.heap_mut().set_text(globals, name, member);
    }
    let log = match echo {
        Value::Table(echo) => {
            let key = vm.heap_mut().string(b"log");
            vm.heap().table(echo).get_string(key)
        }
        _ => Value::Nil,
    };
    let heap = vm.heap_mut();
    heap.set_text(globals, "echo", echo);
    heap.set_text(globals, "require", require);
    heap.set_text(globals, "print", log);
    heap.set_text(globals, "_G", Value::Table(globals));
    globals
}

/// The table of a script's instances; at 0 lies the metatable of their globals, which fall back to the script's.
fn new_instances(vm: &mut Vm, globals: TableId) -> TableId {
    let heap = vm.heap_mut();
    let instances = heap.new_table();
    let fallback = heap.new_table();
    heap.set_text(fallback, "__index", Value::Table(globals));
    heap.set(instances, Value::Integer(0), Value::Table(fallback));
    instances
}
