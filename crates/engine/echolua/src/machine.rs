//! The machine: loads programs, runs them, and is itself data that can be cloned.
//!
//! Reading order: this file (state and doors), `op`, `lower`, `execute` (the loop), `call` (calls and returns), `unwind`
//! (errors), `closing`, `meaning` (what an operation means once the fast path does not fit), `message`, `coroutine`.
//!
//! There is no recursion of the host from one program function to another: frames lie in a list. Only functions of the
//! library that call back (a comparator of `table.sort`, a function given to `string.gsub`) start the loop anew, at most
//! [`NATIVE_DEPTH_MAX`] deep.
//!
//! INVARIANT 1: what a program does, the fuel it uses and every index it gets is a function of program and input.
//! INVARIANT 2: no program makes the machine panic; running out of fuel or memory ends it and cannot be caught.
//! Tests: `tests/it/language.rs`, `twin/tests.rs`.

pub(crate) mod call;
mod closing;
pub(crate) mod coroutine;
mod execute;
#[cfg(test)]
mod for_twin;
pub(crate) mod lower;
pub(crate) mod meaning;
pub(crate) mod message;
pub(crate) mod op;
pub(crate) mod snapshot;
mod trace;
pub(crate) mod unchecked;
pub(crate) mod unwind;

pub use snapshot::{SNAPSHOT_VERSION, SnapshotError};
pub use trace::TraceLine;

use crate::elc::Module;
use crate::heap::{Heap, STEP_UNITS, collect};
use crate::library::embed::Seat;
use crate::library::{self, HostState};
use crate::profile::Profile;
use crate::value::{ClosureId, CoroutineId, NativeId, StringId, TableId, Value};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use lower::{Constant, Hint, Lowered, Source};
use op::Op;
use unchecked::Code;

/// Native functions of the library inside each other.
pub const NATIVE_DEPTH_MAX: u32 = 190;
/// Values on one stack, as in Lua.
pub const STACK_SIZE_MAX: usize = 1_000_000;
/// Registers that are always there behind a frame's base.
const WINDOW: usize = 256;

/// Units of the collector that a call may spend at its limit of memory, whatever its fuel: a few collections of the largest
/// heaps that are usual.
const UNITS_AT_LIMIT: u64 = 1 << 26;
/// And how many more for each unit of fuel it has used.
const UNITS_PER_FUEL: u64 = 64;

/// Limits of a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Fuel: operations by the weights of ELC, and what the library charges.
    pub fuel: u64,
    /// Memory by our own table of sizes, in bytes.
    pub memory_bytes: usize,
}

impl Default for Limits {
    /// Without a limit of fuel; 256 MiB.
    fn default() -> Limits {
        Limits {
            fuel: u64::MAX / 2,
            memory_bytes: 256 << 20,
        }
    }
}

/// Why a run stopped.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// An error that `pcall` can catch, with its value.
    Raised(Value),
    /// The fuel is used up. Cannot be caught.
    FuelExhausted,
    /// The memory limit is reached. Cannot be caught.
    MemoryExhausted,
}

/// A function as the machine runs it. What a call needs lies in the list of functions itself, and in one line of a
/// processor's cache; a clone shares the rest.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Prototype {
    code: Code,
    /// Upvalues that a closure must have to be called the short way, which variadic functions are not.
    plain_upvalue_count: u32,
    weight: u32,
    parameter_count: u8,
    is_variadic: bool,
    register_count: u8,
    /// The library function that a closure of this prototype calls with its upvalue first; see [`Vm::bind`].
    bound: Option<NativeId>,
    notes: Arc<Notes>,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Prototype>() == 64, "one line of a cache");

/// What messages, traces, saved machines and new closures need of a function.
#[derive(Debug)]
pub(crate) struct Notes {
    /// Where a new closure takes its upvalues from.
    sources: Vec<Source>,
    /// Index of the first function of its module.
    module_start: u32,
    lines: Vec<u32>,
    hints: Vec<Hint>,
    line: u32,
    /// Name of the source.
    source: Arc<str>,
}

/// Every function that was loaded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    prototypes: Vec<Prototype>,
    /// What a saved machine holds, and what the twin runs: modules and the index of their first function.
    pub(crate) modules: Vec<(u32, Arc<Module>)>,
    /// The prototypes of bound functions, by what they call; a handful.
    bound: Vec<(NativeId, u32)>,
}

impl Program {
    /// Adds the prototype of functions that are bound to a function of the library, and gives its index.
    fn add_bound(&mut self, function: NativeId) -> u32 {
        let index = self.prototypes.len() as u32;
        self.prototypes.push(bound_prototype(function));
        self.bound.push((function, index));
        index
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// A function of the program.
    Program,
    /// `pcall` waits here.
    Protected,
    /// `xpcall` waits here; its handler lies at `slot`.
    ProtectedWithHandler,
    /// A native function that called back waits here.
    Boundary,
    /// The bottom of a coroutine.
    Bottom,
    /// `coroutine.resume` waits here.
    Resume,
    /// A function made by `coroutine.wrap` waits here.
    Wrap,
    /// `coroutine.yield` waits here.
    Yield,
    /// The end of a block waits here for a `__close`; `return_to` is the end of the values it leaves alone.
    Closing,
    /// An error on its way waits here for a `__close`; the error lies at `slot`.
    ClosingWithError,
    /// `pairs` waits here for a `__pairs`.
    Pairs,
}

/// What happens to the results of a call before the caller goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    /// They are where they should be.
    Nothing,
    /// If the first counts as `flag`, the caller goes on at `target`.
    Test { flag: bool, target: u32 },
    /// The result becomes the last of the `count` values from `register` on that the caller goes on joining.
    Concat { register: u8, count: u8 },
}

/// A call that has not returned. Its parts stand in an order in which a call writes few words.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Frame {
    closure: ClosureId,
    prototype: u32,
    /// Stack place of register 0; of a marker, its place.
    base: u32,
    /// Where results go.
    return_to: u32,
    pc: u32,
    /// Further arguments, which lie below the base.
    rest_count: u32,
    after: After,
    kind: FrameKind,
    /// Of a program function in the middle of a join, how many values are left; else 0.
    joined: u8,
    /// How many results are wanted.
    want: u8,
}

impl Frame {
    #[inline]
    pub(crate) const fn is_program(&self) -> bool {
        matches!(self.kind, FrameKind::Program)
    }

    /// Stack place of the function that was called; of a marker, its place.
    #[inline]
    const fn slot(&self) -> u32 {
        match self.kind {
            FrameKind::Program => self.base - 1 - self.rest_count,
            _ => self.base,
        }
    }
}

/// Interned names of metamethods.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub events: [StringId; EVENT_NAMES.len()],
}

/// Metamethods by number; a bit each in a table's list of absent ones.
pub(crate) const EVENT_NAMES: [&str; 27] = [
    "__index",
    "__newindex",
    "__call",
    "__eq",
    "__len",
    "__lt",
    "__le",
    "__concat",
    "__add",
    "__sub",
    "__mul",
    "__div",
    "__idiv",
    "__mod",
    "__pow",
    "__band",
    "__bor",
    "__bxor",
    "__shl",
    "__shr",
    "__unm",
    "__bnot",
    "__close",
    "__tostring",
    "__name",
    "__metatable",
    "__pairs",
];

/// Numbers of metamethods in [`EVENT_NAMES`].
pub(crate) mod event {
    pub const INDEX: usize = 0;
    pub const NEW_INDEX: usize = 1;
    pub const CALL: usize = 2;
    pub const EQUAL: usize = 3;
    pub const LENGTH: usize = 4;
    pub const LESS: usize = 5;
    pub const LESS_EQUAL: usize = 6;
    pub const CONCAT: usize = 7;
    /// `__add`; the other operators follow in the order of `arithmetic::Operator`'s names here.
    pub const ADD: usize = 8;
    pub const NEGATE: usize = 20;
    pub const BIT_NOT: usize = 21;
    pub const CLOSE: usize = 22;
    pub const TO_STRING: usize = 23;
    pub const NAME: usize = 24;
    pub const METATABLE: usize = 25;
    pub const PAIRS: usize = 26;
}

/// How the machine runs functions: the fast way, or by the slow twin in tests.
pub(crate) type Executor = fn(&mut Vm, Value, &[Value]) -> Result<Vec<Value>, Fault>;

/// A machine with its heap.
#[derive(Clone, Debug)]
pub struct Vm {
    pub(crate) heap: Heap,
    pub(crate) profile: Profile,
    pub(crate) program: Arc<Program>,
    /// The same once more, while something runs; see `run`.
    kept_program: Option<Arc<Program>>,
    pub(crate) stack: Vec<Value>,
    frames: Vec<Frame>,
    to_close: Vec<u32>,
    /// Beyond this place the stack holds nil.
    pub(crate) high: usize,
    /// End of the values that the last instruction of many results left.
    top: usize,
    pub(crate) fuel: u64,
    /// Fuel that was left when the running call from outside began.
    fuel_before: u64,
    /// What this call has spent on collections at the limit of memory, in units of the collector.
    units_at_limit: u64,
    pub(crate) globals: TableId,
    pub(crate) string_metatable: Option<TableId>,
    pub(crate) words: Words,
    native_depth: u32,
    /// Where the arguments of the innermost native function end.
    native_end: usize,
    /// Native calls that called back, in the running coroutine.
    boundary_count: u32,
    /// Protected calls inside each other, in the running coroutine.
    protected_count: u32,
    current: Option<CoroutineId>,
    /// The object that stands for the main program, once somebody asked for it.
    main_coroutine: Option<CoroutineId>,
    /// What the host and the library keep: output, files, generators.
    pub(crate) host: HostState,
    pub(crate) executor: Executor,
    /// Lines and names in messages: scripts have them, folds do not.
    pub(crate) has_places: bool,
    pub(crate) has_names: bool,
    /// The line the twin is at.
    pub(crate) twin_lines: Vec<(Arc<str>, u32)>,
    /// The twin's coroutines.
    #[cfg(test)]
    pub(crate) twin_coroutines: crate::twin::coroutine::Coroutines,
    /// Message handlers under the twin.
    #[cfg(test)]
    pub(crate) twin_handlers: crate::twin::handler::Handlers,
    /// Values that native functions hold while they call back.
    pub(crate) held: Vec<Value>,
    /// Values on one stack before calls are refused; at most [`STACK_SIZE_MAX`].
    stack_size_max: usize,
    /// Whether a message handler runs.
    is_handling: bool,
    /// Where the last error that nobody caught came from.
    trace: Vec<TraceLine>,
    /// Whoever gives further functions, for the time of a call.
    pub(crate) seat: Seat,
}

impl Vm {
    /// A machine with the library of a profile.
    #[must_use]
    pub fn new(profile: Profile, limits: Limits) -> Vm {
        let mut heap = Heap::new(limits.memory_bytes);
        let events = EVENT_NAMES.map(|name| heap.string(name.as_bytes()));
        for event in events {
            heap.pin(Value::String(event));
        }
        let globals = heap.new_table();
        let mut vm = Vm {
            fuel: limits.fuel,
            globals,
            ..Vm::bare(profile, heap, Words { events })
        };
        library::open(&mut vm);
        vm
    }

    /// A machine in which nothing was loaded or opened.
    fn bare(profile: Profile, heap: Heap, words: Words) -> Vm {
        Vm {
            heap,
            profile,
            program: Arc::new(Program::default()),
            kept_program: None,
            stack: alloc::vec![Value::Nil; WINDOW * 2],
            frames: Vec::new(),
            to_close: Vec::new(),
            high: 0,
            top: 0,
            fuel: 0,
            fuel_before: 0,
            units_at_limit: 0,
            globals: TableId(0),
            string_metatable: None,
            words,
            native_depth: 0,
            native_end: 0,
            boundary_count: 0,
            protected_count: 0,
            current: None,
            main_coroutine: None,
            host: HostState::default(),
            executor: Vm::execute_call,
            has_places: profile == Profile::Script,
            has_names: profile == Profile::Script,
            twin_lines: Vec::new(),
            #[cfg(test)]
            twin_coroutines: crate::twin::coroutine::Coroutines::default(),
            #[cfg(test)]
            twin_handlers: crate::twin::handler::Handlers::default(),
            held: Vec::new(),
            stack_size_max: STACK_SIZE_MAX,
            is_handling: false,
            trace: Vec::new(),
            seat: Seat::default(),
        }
    }

    /// Loads a module and gives its main function; `name` is the source's in messages.
    pub fn load(&mut self, module: &Module, name: &str) -> Option<Value> {
        self.load_in(module, name, None)
    }

    /// Loads a module with a table of globals of its own.
    pub(crate) fn load_in(
        &mut self,
        module: &Module,
        name: &str,
        environment: Option<Value>,
    ) -> Option<Value> {
        let lowered = lower::lower(module).ok()?;
        let start = self.program.prototypes.len() as u32;
        let source: Arc<str> = Arc::from(name);
        let has_cell = lowered
            .first()
            .is_some_and(|main| main.has_cell_environment);
        let mut prototypes = Vec::new();
        for function in lowered {
            prototypes.push(self.prototype(function, start, &source)?);
        }
        let program = Arc::make_mut(&mut self.program);
        program.prototypes.extend(prototypes);
        program.modules.push((start, Arc::new(module.clone())));
        let mut environment = environment.unwrap_or(Value::Table(self.globals));
        if has_cell || self.is_twin() {
            environment = Value::Cell(self.heap.new_cell(environment));
        }
        let upvalues: Box<[Value]> = match module.profile {
            Profile::Script => Box::new([environment]),
            Profile::Fold => Box::new([]),
        };
        Some(Value::Closure(self.heap.new_closure(start, upvalues)))
    }

    pub(crate) fn is_twin(&self) -> bool {
        !core::ptr::fn_addr_eq(self.executor, Vm::execute_call as Executor)
    }

    fn prototype(
        &mut self,
        function: Lowered,
        module_start: u32,
        source: &Arc<str>,
    ) -> Option<Prototype> {
        let constants: Vec<Value> = function
            .constants
            .iter()
            .map(|constant| self.constant(constant))
            .collect();
        for constant in &constants {
            self.heap.pin(*constant);
        }
        Vm::prototype_of(function, constants, module_start, source)
    }

    /// A function with its constants in the heap.
    fn prototype_of(
        function: Lowered,
        constants: Vec<Value>,
        module_start: u32,
        source: &Arc<str>,
    ) -> Option<Prototype> {
        Some(Prototype {
            code: Code::new(function.code, constants, function.upvalue_count)?,
            plain_upvalue_count: if function.is_variadic {
                u32::MAX
            } else {
                function.upvalue_count as u32
            },
            parameter_count: function.parameter_count,
            is_variadic: function.is_variadic,
            register_count: function.register_count,
            weight: function.weight,
            bound: None,
            notes: Arc::new(Notes {
                sources: function.sources,
                module_start,
                lines: function.lines,
                hints: function.hints,
                line: function.line,
                source: Arc::clone(source),
            }),
        })
    }

    /// A function that calls a function of the library with `state` before its own arguments.
    pub(crate) fn bind(&mut self, function: NativeId, state: Value) -> Value {
        let known = self.program.bound.iter();
        let known = known.copied().find(|(native, _)| *native == function);
        let index = match known {
            Some((_, index)) => index,
            None => Arc::make_mut(&mut self.program).add_bound(function),
        };
        Value::Closure(self.heap.new_closure(index, Box::new([state])))
    }

    fn constant(&mut self, constant: &Constant) -> Value {
        match constant {
            Constant::Nil => Value::Nil,
            Constant::Boolean(value) => Value::Boolean(*value),
            Constant::Integer(integer) => Value::Integer(*integer),
            Constant::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Constant::Fixed(steps) => Value::Fixed(*steps),
            Constant::Text(text) => Value::String(self.heap.string(text)),
            Constant::Intrinsic(name) => self.library_value(name),
        }
    }

    /// A member of the library by its full name, such as `string.format`.
    pub(crate) fn library_value(&mut self, name: &str) -> Value {
        let mut value = Value::Table(self.globals);
        for part in name.split('.') {
            let Value::Table(table) = value else {
                return Value::Nil;
            };
            let key = self.heap.string(part.as_bytes());
            value = self.heap.table(table).get_string(key);
        }
        value
    }

    /// Calls a function from outside and gives its results.
    ///
    /// # Errors
    /// [`Fault`]; [`Vm::trace`] then says where it came from.
    pub fn call(&mut self, function: Value, arguments: &[Value]) -> Result<Vec<Value>, Fault> {
        self.trace.clear();
        if self.native_depth == 0 {
            self.fuel_before = self.fuel;
            self.units_at_limit = 0;
        }
        let result = (self.executor)(self, function, arguments);
        if result.is_err() && self.native_depth == 0 {
            self.frames.clear();
            self.to_close.clear();
            self.held.clear();
            self.boundary_count = 0;
            self.protected_count = 0;
            self.current = None;
        }
        if self.native_depth == 0 {
            self.kept_program = None;
            self.clear_stack_from(0);
            self.top = 0;
        }
        result
    }

    /// Where the last error came from that ended a call from outside, innermost first.
    #[must_use]
    pub fn trace(&self) -> &[TraceLine] {
        &self.trace
    }

    /// The heap, to read results.
    #[must_use]
    pub const fn heap(&self) -> &Heap {
        &self.heap
    }

    /// The heap, to make arguments.
    pub const fn heap_mut(&mut self) -> &mut Heap {
        &mut self.heap
    }

    /// The profile.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// Memory in use, by our own table of sizes, in bytes; what is garbage but not yet collected counts.
    #[must_use]
    pub const fn bytes_in_use(&self) -> usize {
        self.heap.bytes
    }

    /// Fuel that is left.
    #[must_use]
    pub const fn fuel(&self) -> u64 {
        self.fuel
    }

    /// Sets the fuel that is left.
    pub const fn set_fuel(&mut self, fuel: u64) {
        self.fuel = fuel;
    }

    /// Lowers the limit of values on one stack; it stays within what calls need to begin at all.
    pub fn limit_stack(&mut self, values: usize) {
        self.stack_size_max = values.clamp(WINDOW * 4, STACK_SIZE_MAX);
    }

    /// Collects what nothing reaches any more, where that is due: for hosts that make values between calls.
    ///
    /// # Errors
    /// [`Fault::MemoryExhausted`] if what is reached lies above the limit.
    pub fn tidy(&mut self) -> Result<(), Fault> {
        if self.heap.bytes > self.heap.threshold {
            self.collect(0)?;
        }
        Ok(())
    }

    /// The table of globals.
    #[must_use]
    pub const fn globals(&self) -> TableId {
        self.globals
    }

    /// What a program has assigned to a global, or nil.
    pub fn export_of(&mut self, name: &str) -> Value {
        let key = self.heap.string(name.as_bytes());
        self.heap.table(self.globals).get_string(key)
    }

    /// A member of the library by its full name, such as `string.format`; nil where there is none.
    pub fn library(&mut self, name: &str) -> Value {
        self.library_value(name)
    }

    /// Whether a value's metatable has this member.
    pub fn has_metamethod(&mut self, value: Value, name: &str) -> bool {
        let Value::Table(table) = value else {
            return false;
        };
        let key = self.heap.string(name.as_bytes());
        let metatable = self.heap.table(table).metatable;
        metatable.is_some_and(|metatable| !self.heap.table(metatable).get_string(key).is_nil())
    }

    /// Starts the generator of `math.random` from a seed.
    pub const fn seed_random(&mut self, seed: u64) {
        self.host.random = library::xoshiro(seed);
    }

    /// What the program has written so far; the caller takes it.
    pub fn take_output(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.host.output)
    }

    /// A string value.
    pub fn text(&mut self, text: &str) -> Value {
        Value::String(self.heap.string(text.as_bytes()))
    }

    /// The bytes of a string value.
    #[must_use]
    pub fn bytes(&self, value: Value) -> Option<&[u8]> {
        match value {
            Value::String(id) => Some(self.heap.bytes_of(id)),
            _ => None,
        }
    }

    /// A value as people read it in a report: strings as they are, others by `tostring` without metamethods.
    #[must_use]
    pub fn show(&self, value: Value) -> String {
        String::from_utf8_lossy(&self.plain_text(value)).into_owned()
    }

    /// Makes sure that the stack reaches to `end`, with a window behind it.
    pub(crate) fn reserve_stack(&mut self, end: usize) -> Result<(), Fault> {
        self.make_window(end)
    }

    /// Takes fuel.
    ///
    /// # Errors
    /// [`Fault::FuelExhausted`].
    #[inline]
    pub(crate) fn pay(&mut self, fuel: u64) -> Result<(), Fault> {
        match self.fuel.checked_sub(fuel) {
            Some(rest) => {
                self.fuel = rest;
                Ok(())
            }
            None => {
                self.fuel = 0;
                Err(Fault::FuelExhausted)
            }
        }
    }

    /// The collector's next step, where it wants one; `stack_end` is where the values in use end.
    ///
    /// # Errors
    /// [`Fault::MemoryExhausted`] if everything that can be freed is, and the limit is still exceeded.
    fn collect(&mut self, stack_end: usize) -> Result<(), Fault> {
        if self.heap.bytes > self.heap.bytes_max {
            return self.collect_for(0, stack_end);
        }
        self.collect_step(STEP_UNITS, stack_end, false);
        Ok(())
    }

    /// Makes sure that a function of the library may make so many bytes. What it needs later must lie on the stack.
    ///
    /// # Errors
    /// [`Fault::MemoryExhausted`] if everything that can be freed is, and there is still no room for them.
    pub(crate) fn make_room(&mut self, bytes: usize) -> Result<(), Fault> {
        if !self.heap.would_exceed(bytes) {
            return Ok(());
        }
        // The twin holds values where no collector sees them.
        if self.is_twin() {
            return Err(Fault::MemoryExhausted);
        }
        self.collect_for(bytes, self.stack_end())
    }

    /// Frees everything that can be. In a fold, whether that is enough is a function of what the program can reach, however
    /// it came about: a fold that goes on from a state ends where one from the first event on does.
    ///
    /// A program that holds nearly as much as it may would collect everything again and again, and its fuel would not show it:
    /// beyond what its fuel allows, that is taken for the end of its memory.
    #[cold]
    fn collect_for(&mut self, bytes: usize, stack_end: usize) -> Result<(), Fault> {
        let spent = self.fuel_before.saturating_sub(self.fuel);
        let allowed = UNITS_AT_LIMIT.saturating_add(spent.saturating_mul(UNITS_PER_FUEL));
        if self.units_at_limit > allowed {
            return Err(Fault::MemoryExhausted);
        }
        let before = self.heap.cycle.units;
        let outcome = self.collect_everything_for(bytes, stack_end);
        self.units_at_limit += self.heap.cycle.units - before;
        outcome
    }

    fn collect_everything_for(&mut self, bytes: usize, stack_end: usize) -> Result<(), Fault> {
        self.collect_step(STEP_UNITS, stack_end, true);
        // Keys that are gone hold their strings. Scripts may be going through a table.
        if self.profile == Profile::Fold && self.heap.would_exceed(bytes) {
            self.heap.compact_tables();
            self.collect_step(STEP_UNITS, stack_end, true);
        }
        if self.heap.would_exceed(bytes) {
            return Err(Fault::MemoryExhausted);
        }
        Ok(())
    }

    fn collect_step(&mut self, budget: u64, stack_end: usize, is_full: bool) {
        self.clear_stack_from(stack_end);
        let end = stack_end.min(self.stack.len());
        let closures = self
            .frames
            .iter()
            .filter(|frame| frame.is_program())
            .map(|frame| Value::Closure(frame.closure));
        let mut roots = [Value::Table(self.globals)]
            .into_iter()
            .chain(self.string_metatable.map(Value::Table))
            .chain(self.current.map(Value::Coroutine))
            .chain(self.main_coroutine.map(Value::Coroutine))
            .chain(self.held.iter().copied())
            .chain(closures)
            .chain(self.stack[..end].iter().copied());
        let has_ended = if is_full {
            self.heap.collect(&mut roots);
            true
        } else {
            self.heap.step(budget, &mut roots)
        };
        drop(roots);
        if has_ended {
            let heap = &self.heap;
            self.host
                .serials
                .retain(|(tag, payload), _| heap.is_live(*tag, *payload));
        }
    }

    /// Takes a step of the collector between two calls from outside: at most `budget` units, and beyond them what is pinned
    /// to one object and the roots. Whether a cycle has ended. Results, fuel and order never depend on steps.
    pub fn collect_between_calls(&mut self, budget: u64) -> bool {
        self.collect_step(budget, 0, false);
        self.heap.cycle.phase == collect::Phase::Idle
    }

    /// Makes every value from a stack place on nil.
    fn clear_stack_from(&mut self, from: usize) {
        let high = self.high.min(self.stack.len());
        if from < high {
            self.stack[from..high].fill(Value::Nil);
        }
        self.high = self.high.min(from);
    }
}

/// `function(...) return native(upvalue, ...) end`, without fuel of its own. A call of it calls the library function at once
/// (`Vm::call_bound`), so that its code never runs.
fn bound_prototype(function: NativeId) -> Prototype {
    Prototype {
        code: Code::new(Vec::from([Op::ReturnNothing]), Vec::new(), 1)
            .expect("one instruction that returns leads nowhere"),
        plain_upvalue_count: u32::MAX,
        parameter_count: 0,
        is_variadic: true,
        register_count: 0,
        weight: 0,
        bound: Some(function),
        notes: Arc::new(Notes {
            sources: Vec::new(),
            module_start: 0,
            lines: Vec::new(),
            hints: Vec::new(),
            line: 0,
            source: Arc::from(""),
        }),
    }
}
