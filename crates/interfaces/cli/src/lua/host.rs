//! The machine of `gatos lua`: the script profile with the host's few functions, and errors as reports.
//!
//! What a program prints leaves in pieces while it runs, as it is: it is the user's own program. Time, files, environment and
//! modules stay absent; chance comes from a seed that is the same unless the user names another.
//!
//! Tests: tests/transcripts/lua.md.

use crate::console::{Console, Stop};
use crate::text::Text;
use gatos_echolua::{Fault as LuaFault, Limits, Module, Profile, Value as Lua, Vm};
use gatos_node::{Fault, reply};
use gatos_values::{ErrorCode, Value};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Limits and seed of a run, as options.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Bounds {
    /// Fuel of the run: operations by the weights of ELC [default: no limit]
    #[arg(long, value_name = "UNITS")]
    pub fuel: Option<u64>,
    /// Memory of the machine, by its own count
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..=65536))]
    pub memory: u64,
    /// Seed of `math.random`
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

impl Default for Bounds {
    /// What the options say by themselves.
    fn default() -> Bounds {
        Bounds {
            fuel: None,
            memory: 1024,
            seed: 0,
        }
    }
}

impl Bounds {
    /// A machine of a profile within these bounds.
    pub fn machine(&self, profile: Profile) -> Vm {
        let defaults = Limits::default();
        let mut vm = Vm::new(
            profile,
            Limits {
                fuel: self.fuel.unwrap_or(defaults.fuel),
                memory_bytes: usize::try_from(self.memory << 20).unwrap_or(usize::MAX),
            },
        );
        if profile == Profile::Script {
            vm.open_host(send);
            vm.seed_random(self.seed);
        }
        vm
    }
}

/// Whether standard output could not be written any more.
static READER_GONE: AtomicBool = AtomicBool::new(false);

/// Sends what a program wrote; false where nobody reads it.
fn send(bytes: &[u8]) -> bool {
    let mut output = io::stdout().lock();
    let sent = output
        .write_all(bytes)
        .and_then(|()| output.flush())
        .is_ok();
    if !sent {
        READER_GONE.store(true, Ordering::Relaxed);
    }
    sent
}

/// Calls a function and sends what it wrote.
///
/// # Errors
/// [`Stop::ReaderGone`], or the program's error as a report.
pub fn call(
    vm: &mut Vm,
    console: &mut Console,
    function: Lua,
    arguments: &[Lua],
    name: &str,
) -> Result<Vec<Lua>, Stop> {
    let result = vm.call(function, arguments);
    let rest = vm.take_output();
    if !rest.is_empty() {
        send(&rest);
    }
    if READER_GONE.load(Ordering::Relaxed) {
        return Err(Stop::ReaderGone);
    }
    result.map_err(|fault| {
        let trace: Vec<String> = vm
            .trace()
            .iter()
            .filter(|line| !line.source.is_empty())
            .map(ToString::to_string)
            .collect();
        if trace.len() > 1 {
            let mut text = Text::new().say("calls, innermost first:\n");
            for line in &trace {
                text = text.say("  ").foreign(line).end();
            }
            console.wrong(&text);
        }
        report(vm, fault, name, &trace).into()
    })
}

fn report(vm: &mut Vm, fault: LuaFault, name: &str, trace: &[String]) -> Fault {
    let (code, reason) = match fault {
        LuaFault::Raised(value) => (ErrorCode::ProgramFailed, message_of(vm, value)),
        LuaFault::FuelExhausted => (ErrorCode::FuelExhausted, at(trace, "the fuel is used up")),
        LuaFault::MemoryExhausted => (
            ErrorCode::MemoryExhausted,
            at(trace, "the memory is used up"),
        ),
    };
    let hint = match code {
        ErrorCode::FuelExhausted => "give it more with `--fuel`",
        ErrorCode::MemoryExhausted => "give it more with `--memory`",
        _ => "correct the program at the place named",
    };
    let lines = trace.iter().map(|line| reply::text(line)).collect();
    Fault::new(code, name, reason)
        .with_hint(hint)
        .with_detail("trace", Value::List(lines))
}

/// A reason behind the place it belongs to.
fn at(trace: &[String], reason: &str) -> String {
    let place = trace.first().and_then(|line| line.split_once(": in "));
    match place {
        // A loop without a call or an operation in it has no line.
        Some((place, _)) => format!("{}: {reason}", place.strip_suffix(":0").unwrap_or(place)),
        None => reason.to_owned(),
    }
}

/// An error value as Lua's own interpreter shows it.
fn message_of(vm: &mut Vm, value: Lua) -> String {
    match value {
        Lua::Table(_) => {
            let has_text = vm.has_metamethod(value, "__tostring");
            match has_text.then(|| text_of(vm, value)).flatten() {
                Some(text) => text,
                None => "(error object is a table value)".to_owned(),
            }
        }
        Lua::String(_) | Lua::Integer(_) | Lua::Float(_) | Lua::Fixed(_) => vm.show(value),
        other => format!("(error object is a {} value)", other.type_name()),
    }
}

/// What `tostring` gives.
pub fn text_of(vm: &mut Vm, value: Lua) -> Option<String> {
    let to_string = vm.library("tostring");
    let values = vm.call(to_string, &[value]).ok()?;
    Some(vm.show(*values.first()?))
}

/// Loads a program and makes its `arg`.
pub fn load(
    vm: &mut Vm,
    module: &Module,
    name: &str,
    arguments: &[String],
) -> Option<(Lua, Vec<Lua>)> {
    let main = vm.load(module, name)?;
    let values: Vec<Lua> = arguments.iter().map(|text| vm.text(text)).collect();
    if module.profile == Profile::Script {
        let table = vm.heap_mut().new_table();
        let zero = vm.text(name);
        vm.heap_mut().set(table, Lua::Integer(0), zero);
        for (value, number) in values.iter().zip(1_i64..) {
            vm.heap_mut().set(table, Lua::Integer(number), *value);
        }
        let globals = vm.globals();
        vm.heap_mut().set_text(globals, "arg", Lua::Table(table));
    }
    Some((main, values))
}
