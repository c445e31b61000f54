//! The library: functions of Lua's own that are the same everywhere, and the fold's prelude.
//!
//! A function gets its arguments on the machine's stack and puts its results where the callee was. It charges fuel for
//! each byte, element or probe it touches. Which functions there are is one table, by name.
//!
//! Reading order: this file (table, arguments), `base`, `text`, `pattern`, `format`, `pack`, `table`, `sort`, `math`,
//! `utf8`, `coroutine`, `bridge` (JSON and the value model), `fold`, `host`, `embed`.
//!
//! INVARIANT: no function looks at a clock, an address, a locale or an order that depends on a hash.
//! Tests: `library/tests.rs`, `tests/it`.

mod base;
pub mod bridge;
mod coroutine;
pub mod embed;
mod fold;
mod format;
mod hidden;
pub mod host;
pub mod kept;
mod math;
mod pack;
mod pattern;
mod sort;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod utf8;
mod wide;

use crate::compile::compile;
use crate::machine::call::Repeated;
use crate::machine::{Fault, Vm};
use crate::profile::Profile;
use crate::value::{NativeId, TableId, Value};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_numbers::Pcg32;
use math::Xoshiro;

/// A function of the library that runs at once.
pub(crate) type PlainFunction = fn(&mut Vm, Arguments) -> Result<usize, Fault>;

/// What a function of the library is.
#[derive(Clone, Copy)]
pub(crate) enum Native {
    /// It runs at once.
    Plain(PlainFunction),
    /// It changes who runs.
    Control(Control),
}

/// Functions that change who runs; the machine does them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    ProtectedCall,
    ProtectedCallWithHandler,
    Resume,
    ResumeWrapped,
    Yield,
    Pairs,
}

/// Where the arguments of a running function lie on the stack; the callee is just below.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arguments {
    pub base: usize,
    pub count: usize,
}

/// Which profiles have a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Both,
    Script,
    Fold,
    /// It has no name for programs.
    Hidden,
}

struct Row {
    name: &'static str,
    profiles: In,
    native: Native,
}

const fn plain(name: &'static str, profiles: In, function: PlainFunction) -> Row {
    Row {
        name,
        profiles,
        native: Native::Plain(function),
    }
}

const fn control(name: &'static str, profiles: In, control: Control) -> Row {
    Row {
        name,
        profiles,
        native: Native::Control(control),
    }
}

/// `next`; the loop knows it.
pub(crate) const NEXT: NativeId = NativeId(0);
/// The step of `ipairs`; the loop knows it.
pub(crate) const IPAIRS_STEP: NativeId = NativeId(1);

/// What a function made by `coroutine.wrap` calls.
pub(crate) const RESUME_WRAPPED: NativeId = NativeId(2);

/// Steps of iterators that keep a state; see [`Vm::bind`].
pub(crate) const GMATCH_STEP: NativeId = NativeId(3);
pub(crate) const DPAIRS_STEP: NativeId = NativeId(4);
pub(crate) const RNG_STEP: NativeId = NativeId(5);
/// The functions that closures are bound to; see `Vm::bind`.
pub(crate) const BOUND: [NativeId; 4] = [RESUME_WRAPPED, GMATCH_STEP, DPAIRS_STEP, RNG_STEP];
pub(crate) const UTF8_STEP_STRICT: NativeId = NativeId(6);
pub(crate) const UTF8_STEP_LAX: NativeId = NativeId(7);

/// Every function. The first rows are named by number above.
static ROWS: &[Row] = &[
    plain("next", In::Script, base::next),
    plain("ipairs step", In::Hidden, base::ipairs_step),
    control("resume wrapped", In::Hidden, Control::ResumeWrapped),
    plain("gmatch step", In::Hidden, pattern::gmatch_step),
    plain("dpairs step", In::Hidden, fold::dpairs_step),
    plain("rng step", In::Hidden, fold::rng_step),
    plain("utf8 step", In::Hidden, utf8::step_strict),
    plain("utf8 lax step", In::Hidden, utf8::step_lax),
    plain("assert", In::Both, base::assert),
    plain("collectgarbage", In::Script, base::collect_garbage),
    plain("coroutine.close", In::Script, coroutine::close),
    plain("coroutine.create", In::Script, coroutine::create),
    plain("coroutine.isyieldable", In::Script, coroutine::is_yieldable),
    control("coroutine.resume", In::Script, Control::Resume),
    plain("coroutine.running", In::Script, coroutine::running),
    plain("coroutine.status", In::Script, coroutine::status),
    plain("coroutine.wrap", In::Script, coroutine::wrap),
    control("coroutine.yield", In::Script, Control::Yield),
    plain("error", In::Both, base::error),
    plain("getmetatable", In::Both, base::get_metatable),
    plain("ipairs", In::Both, base::ipairs),
    plain("load", In::Script, base::load),
    control("pairs", In::Script, Control::Pairs),
    control("pcall", In::Both, Control::ProtectedCall),
    plain("print", In::Script, base::print),
    plain("rawequal", In::Both, base::raw_equal),
    plain("rawget", In::Both, base::raw_get),
    plain("rawlen", In::Both, base::raw_len),
    plain("rawset", In::Both, base::raw_set),
    plain("select", In::Both, base::select),
    plain("setmetatable", In::Both, base::set_metatable),
    plain("tonumber", In::Both, base::to_number),
    plain("tostring", In::Both, base::to_string),
    plain("type", In::Both, base::type_name),
    control("xpcall", In::Both, Control::ProtectedCallWithHandler),
    plain("string.byte", In::Both, text::byte),
    plain("string.char", In::Both, text::char),
    plain("string.len", In::Both, text::length),
    plain("string.lower", In::Both, text::lower),
    plain("string.rep", In::Both, text::repeat),
    plain("string.reverse", In::Both, text::reverse),
    plain("string.sub", In::Both, text::sub),
    plain("string.upper", In::Both, text::upper),
    plain("string.find", In::Both, pattern::find),
    plain("string.match", In::Both, pattern::match_),
    plain("string.gmatch", In::Both, pattern::gmatch),
    plain("string.gsub", In::Both, pattern::gsub),
    plain("string.format", In::Both, format::format),
    plain("string.pack", In::Both, pack::pack),
    plain("string.packsize", In::Both, pack::pack_size),
    plain("string.unpack", In::Both, pack::unpack),
    plain("table.concat", In::Both, table::concat),
    plain("table.insert", In::Both, table::insert),
    plain("table.move", In::Both, table::move_),
    plain("table.pack", In::Both, table::pack),
    plain("table.remove", In::Both, table::remove),
    plain("table.unpack", In::Both, table::unpack),
    plain("table.sort", In::Both, sort::sort),
    plain("utf8.char", In::Both, utf8::char),
    plain("utf8.codepoint", In::Both, utf8::codepoint),
    plain("utf8.codes", In::Both, utf8::codes),
    plain("utf8.len", In::Both, utf8::length),
    plain("utf8.offset", In::Both, utf8::offset),
    plain("math.abs", In::Both, math::abs),
    plain("math.acos", In::Both, math::acos),
    plain("math.asin", In::Both, math::asin),
    plain("math.atan", In::Both, math::atan),
    plain("math.ceil", In::Both, math::ceil),
    plain("math.cos", In::Both, math::cos),
    plain("math.exp", In::Both, math::exp),
    plain("math.floor", In::Both, math::floor),
    plain("math.fmod", In::Both, math::fmod),
    plain("math.log", In::Both, math::log),
    plain("math.max", In::Both, math::max),
    plain("math.min", In::Both, math::min),
    plain("math.modf", In::Both, math::modf),
    plain("math.sin", In::Both, math::sin),
    plain("math.sqrt", In::Both, math::sqrt),
    plain("math.tan", In::Both, math::tan),
    plain("math.tointeger", In::Both, math::to_integer_value),
    plain("math.type", In::Both, math::number_type),
    plain("math.ult", In::Both, math::unsigned_less),
    plain("math.random", In::Script, math::random),
    plain("math.randomseed", In::Script, math::random_seed),
    plain("math.add", In::Fold, math::add),
    plain("math.sub", In::Fold, math::subtract),
    plain("math.mul", In::Fold, math::multiply),
    plain("math.div", In::Fold, math::divide),
    plain("math.cbrt", In::Fold, math::cbrt),
    plain("math.cosh", In::Fold, math::cosh),
    plain("math.hypot", In::Fold, math::hypot),
    plain("math.log10", In::Fold, math::log10),
    plain("math.log2", In::Fold, math::log2),
    plain("math.pow", In::Fold, math::pow),
    plain("math.sinh", In::Fold, math::sinh),
    plain("math.tanh", In::Fold, math::tanh),
    plain("dkeys", In::Fold, fold::dkeys),
    plain("table.dkeys", In::Fold, fold::dkeys),
    plain("dpairs", In::Fold, fold::dpairs),
    plain("table.dpairs", In::Fold, fold::dpairs),
    plain("dsort", In::Fold, fold::dsort),
    plain("table.dsort", In::Fold, fold::dsort),
    plain("dvalues", In::Fold, fold::dvalues),
    plain("table.dvalues", In::Fold, fold::dvalues),
    plain("rng", In::Fold, fold::rng),
    plain("emit_json_canonical", In::Fold, bridge::emit),
    plain("json.array", In::Fold, bridge::array),
    plain("json.object", In::Fold, bridge::object),
    plain("json.decode_strict", In::Fold, bridge::decode_strict),
    plain("json.encode_canonical", In::Fold, bridge::encode_canonical),
    plain("hash.blake3", In::Fold, bridge::blake3),
    plain("hash.sha256", In::Fold, bridge::sha256),
    plain("uri.parse", In::Fold, bridge::parse_uri),
    plain("ulid.compare", In::Fold, bridge::compare_ulids),
    plain("math.deg", In::Script, math::deg),
    plain("math.rad", In::Script, math::rad),
    plain("io write", In::Hidden, host::io_write),
    plain("output write", In::Hidden, host::output_write),
    plain("wide refuse", In::Hidden, wide::refuse),
    plain("wide equal", In::Hidden, wide::equal),
    plain("wide text", In::Hidden, wide::show),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<0>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<1>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<2>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<3>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<4>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<5>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<6>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<7>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<8>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<9>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<10>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<11>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<12>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<13>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<14>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<15>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<16>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<17>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<18>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<19>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<20>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<21>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<22>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<23>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<24>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<25>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<26>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<27>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<28>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<29>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<30>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<31>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<32>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<33>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<34>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<35>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<36>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<37>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<38>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<39>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<40>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<41>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<42>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<43>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<44>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<45>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<46>),
    plain(embed::ROW_NAME, In::Hidden, embed::call::<47>),
];

/// The last rows, by number: those of embedders, and before them these.
pub(crate) const EMBEDDED: NativeId = NativeId((ROWS.len() - embed::EMBEDDED_COUNT) as u16);
pub(crate) const IO_WRITE: NativeId = NativeId(EMBEDDED.0 - 5);
pub(crate) const OUTPUT_WRITE: NativeId = NativeId(EMBEDDED.0 - 4);
pub(crate) const WIDE_REFUSE: NativeId = NativeId(EMBEDDED.0 - 3);
pub(crate) const WIDE_EQUAL: NativeId = NativeId(EMBEDDED.0 - 2);
pub(crate) const WIDE_TEXT: NativeId = NativeId(EMBEDDED.0 - 1);

/// The full name of a function, such as `string.rep`.
pub(crate) fn native_name(id: NativeId) -> &'static str {
    ROWS[usize::from(id.0)].name
}

/// The function with this number.
#[inline]
pub(crate) fn native(id: NativeId) -> Native {
    #[cfg(test)]
    SEEN[usize::from(id.0)].store(true, core::sync::atomic::Ordering::Relaxed);
    ROWS[usize::from(id.0)].native
}

/// Functions that were called in this process, for the coverage of tests.
#[cfg(test)]
static SEEN: [core::sync::atomic::AtomicBool; ROWS.len()] =
    [const { core::sync::atomic::AtomicBool::new(false) }; ROWS.len()];

/// The functions that programs can name, and whether each was called in this process.
#[cfg(test)]
pub(crate) fn calls_seen() -> impl Iterator<Item = (&'static str, bool)> {
    let rows = ROWS.iter().zip(&SEEN);
    let named = rows.filter(|(row, _)| row.profiles != In::Hidden);
    named.map(|(row, seen)| (row.name, seen.load(core::sync::atomic::Ordering::Relaxed)))
}

/// How many functions there are.
pub(crate) const fn native_count() -> u16 {
    ROWS.len() as u16
}

/// The generator of `math.random` with a saved state.
pub(crate) const fn xoshiro_of(state: [u64; 4]) -> Xoshiro {
    Xoshiro::of_state(state)
}

/// What the library and the host keep beside the heap.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostState {
    /// What the program has written.
    pub output: Vec<u8>,
    /// Where it goes meanwhile, if not only to who takes it at the end.
    pub sink: Option<host::Sink>,
    /// Numbers given to tables and functions that were printed, by kind and index.
    pub serials: BTreeMap<(u8, u64), u64>,
    pub serial_next: u64,
    /// Files a fold has emitted, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The stream of `rng`, where it is allowed.
    pub draws: Option<Pcg32>,
    /// The generator of `math.random`.
    pub random: Xoshiro,
    /// A buffer that is used again.
    pub scratch: Vec<u8>,
}

/// The generator of `math.random` from a seed.
pub(crate) const fn xoshiro(seed: u64) -> Xoshiro {
    Xoshiro::new(seed, 0)
}

/// Puts the library of the machine's profile into its globals.
pub(crate) fn open(vm: &mut Vm) {
    let globals = vm.globals;
    for (index, row) in ROWS.iter().enumerate() {
        let is_there = match row.profiles {
            In::Both => true,
            In::Script => vm.profile == Profile::Script,
            In::Fold => vm.profile == Profile::Fold,
            In::Hidden => false,
        };
        if is_there {
            let value = Value::Native(NativeId(index as u16));
            put(vm, globals, row.name, value);
        }
    }
    put(vm, globals, "math.maxinteger", Value::Integer(i64::MAX));
    put(vm, globals, "math.mininteger", Value::Integer(i64::MIN));
    let pattern = Value::String(vm.heap.string(utf8::CHARACTER_PATTERN));
    put(vm, globals, "utf8.charpattern", pattern);
    match vm.profile {
        Profile::Script => {
            put(vm, globals, "math.pi", Value::Float(core::f64::consts::PI));
            put(vm, globals, "math.huge", Value::Float(f64::INFINITY));
            let version = vm.text("Lua 5.4");
            put(vm, globals, "_VERSION", version);
            put(vm, globals, "_G", Value::Table(globals));
        }
        Profile::Fold => {
            put(vm, globals, "json.null", Value::Null);
            open_prelude(vm);
            wide::open(vm);
        }
    }
    let library = vm.library_value("string");
    let metatable = vm.heap.new_table();
    vm.heap.set_text(metatable, "__index", library);
    vm.string_metatable = Some(metatable);
}

/// Runs the prelude that is written in Lua and makes what it returns part of the library; it costs no fuel.
fn open_prelude(vm: &mut Vm) {
    let module = compile(fold::PRELUDE.as_bytes(), Profile::Fold).module;
    let fuel = vm.fuel();
    vm.set_fuel(u64::MAX / 2);
    let main = module.and_then(|module| vm.load(&module, ""));
    let members = main.and_then(|main| vm.call(main, &[]).ok());
    vm.set_fuel(fuel);
    if let Some([Value::Table(members)]) = members.as_deref() {
        let pairs: Vec<(Value, Value)> = vm.heap.table(*members).pairs().collect();
        for (key, value) in pairs {
            vm.heap.set(vm.globals, key, value);
        }
    }
}

/// Stores a value under a full name such as `string.format`.
fn put(vm: &mut Vm, globals: TableId, name: &str, value: Value) {
    let Some((folder, member)) = name.split_once('.') else {
        vm.heap.set_text(globals, name, value);
        return;
    };
    let table = match vm.library_value(folder) {
        Value::Table(table) => table,
        _ => {
            let table = vm.heap.new_table();
            vm.heap.set_text(globals, folder, Value::Table(table));
            table
        }
    };
    vm.heap.set_text(table, member, value);
}

impl Vm {
    /// An argument, counted from 0; nil where there is none.
    #[inline]
    pub(crate) fn argument(&self, arguments: Arguments, index: usize) -> Value {
        if index < arguments.count {
            self.stack[arguments.base + index]
        } else {
            Value::Nil
        }
    }

    /// All arguments.
    pub(crate) fn arguments(&self, arguments: Arguments) -> Vec<Value> {
        self.stack[arguments.base..arguments.base + arguments.count].to_vec()
    }

    /// Gives the arguments back.
    #[inline]
    pub(crate) fn give_arguments(&mut self, arguments: Arguments) -> usize {
        let Arguments { base, count } = arguments;
        if count == 1 {
            return self.give(arguments, self.stack[base]);
        }
        self.stack.copy_within(base..base + count, base - 1);
        count
    }

    /// Gives no result.
    pub(crate) fn give_nothing(&self) -> usize {
        0
    }

    /// Gives one result.
    #[inline]
    pub(crate) fn give(&mut self, arguments: Arguments, value: Value) -> usize {
        self.stack[arguments.base - 1] = value;
        1
    }

    /// Gives results.
    pub(crate) fn give_all(
        &mut self,
        arguments: Arguments,
        values: &[Value],
    ) -> Result<usize, Fault> {
        let start = arguments.base - 1;
        self.reserve_stack(start + values.len())?;
        self.stack[start..start + values.len()].copy_from_slice(values);
        Ok(values.len())
    }

    /// An error about an argument, counted from 0.
    pub(crate) fn bad_argument(&mut self, index: usize, function: &str, text: &str) -> Fault {
        // As in Lua, the function has the name it was called by, and the object of a method is not counted.
        let called = self.name_of_call();
        let (is_method, name) = match &called {
            Some((kind, name)) => (*kind == "method", &**name),
            // An embedder's functions share a row; what they are called only he knows.
            None => {
                let full = self.full_name_of_call();
                let full = full.filter(|name| *name != embed::ROW_NAME);
                (false, full.unwrap_or(function))
            }
        };
        let text = match (is_method, index) {
            (true, 0) => format!("calling '{name}' on bad self ({text})"),
            (true, index) => format!("bad argument #{index} to '{name}' ({text})"),
            (false, index) => format!("bad argument #{} to '{name}' ({text})", index + 1),
        };
        self.raise(&text)
    }

    /// An error about the type of an argument.
    pub(crate) fn bad_type(
        &mut self,
        arguments: Arguments,
        index: usize,
        function: &str,
        wanted: &str,
    ) -> Fault {
        let found = if index >= arguments.count {
            String::from("no value")
        } else {
            let value = self.argument(arguments, index);
            self.type_of(value)
        };
        self.bad_argument(index, function, &format!("{wanted} expected, got {found}"))
    }

    #[inline]
    pub(crate) fn check_any(
        &mut self,
        arguments: Arguments,
        index: usize,
        function: &str,
    ) -> Result<Value, Fault> {
        if index >= arguments.count {
            return Err(self.bad_argument(index, function, "value expected"));
        }
        Ok(self.argument(arguments, index))
    }

    pub(crate) fn check_table(
        &mut self,
        arguments: Arguments,
        index: usize,
        function: &str,
    ) -> Result<TableId, Fault> {
        match self.argument(arguments, index) {
            Value::Table(table) => Ok(table),
            _ => Err(self.bad_type(arguments, index, function, "table")),
        }
    }

    pub(crate) fn check_integer(
        &mut self,
        arguments: Arguments,
        index: usize,
        function: &str,
    ) -> Result<i64, Fault> {
        let value = self.argument(arguments, index);
        if let Value::Integer(integer) = value {
            return Ok(integer);
        }
        self.pay_for_number(value)?;
        match self.to_integer(value) {
            Some(integer) => Ok(integer),
            None if self.to_numeral(value).is_some() => {
                Err(self.bad_argument(index, function, "number has no integer representation"))
            }
            None => Err(self.bad_type(arguments, index, function, "number")),
        }
    }

    pub(crate) fn optional_integer(
        &mut self,
        arguments: Arguments,
        index: usize,
        function: &str,
        default: i64,
    ) -> Result<i64, Fault> {
        if self.argument(arguments, index).is_nil() {
            return Ok(default);
        }
        self.check_integer(arguments, index, function)
    }

    /// Calls a function from the library.
    pub(crate) fn call_back(
        &mut self,
        function: Value,
        arguments: &[Value],
    ) -> Result<Vec<Value>, Fault> {
        (self.executor)(self, function, arguments)
    }

    /// The same for the first result alone.
    pub(crate) fn call_back_for_one(
        &mut self,
        function: Value,
        arguments: &[Value],
    ) -> Result<Value, Fault> {
        if self.is_twin() {
            let results = self.call_back(function, arguments)?;
            return Ok(results.first().copied().unwrap_or_default());
        }
        self.execute_for_one(function, arguments)
    }

    /// The same for a function of two arguments that is called again and again.
    #[inline]
    pub(crate) fn call_back_repeated(
        &mut self,
        repeated: Repeated,
        left: Value,
        right: Value,
    ) -> Result<Value, Fault> {
        if self.is_twin() {
            return self.call_back_for_one(repeated.function, &[left, right]);
        }
        self.call_repeated(repeated, left, right)
    }
}
