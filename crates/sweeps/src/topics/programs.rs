//! EchoLua: the golden programs run as their vectors say, and generated programs come to the same everywhere.
//!
//! A generated program is a small step of a long-lived machine: it works with numbers, strings, tables and coroutines, and
//! the machine is saved, restored or cloned between its steps. Results, fuel and the machine's hash are recorded.
//!
//! TWIN: vectors — `crates/engine/echolua/tests/it/elc.rs`, `snapshot.rs`.

use crate::dice::Dice;
use crate::record::Record;
use gatos_echolua::{Fault, Limits, Profile, Vm, compile, elc};
use gatos_values::hex;

macro_rules! vector {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../../vectors/echolua/", $name, ".tsv")),
        )
    };
}

const PROGRAMS: [(&str, &str); 11] = [
    vector!("fold-numbers"),
    vector!("fold-program"),
    vector!("script-close"),
    vector!("script-closures"),
    vector!("script-control"),
    vector!("script-coroutines"),
    vector!("script-errors"),
    vector!("script-metamethods"),
    vector!("script-numbers"),
    vector!("script-strings"),
    vector!("script-tables"),
];

const MACHINE: &str = include_str!("../../../../vectors/echolua-machine/stepped.tsv");
/// The limit of the machine that the vector was saved from, in bytes.
const MACHINE_BYTES_MAX: usize = 64 << 20;
/// More steps than the saved machine has left.
const STEP_COUNT_MAX: u32 = 10_000;

/// The value of a line `key TAB value`.
fn field<'t>(vector: &'t str, key: &str) -> &'t str {
    vector
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('\t'))
        .unwrap_or_default()
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map_while(byte).collect()
}

/// Every golden program from its ELC; the golden saved machine, run to its end.
pub fn golden(_dice: &mut Dice, record: &mut Record) {
    for (name, vector) in PROGRAMS {
        for difference in differences(vector) {
            record.text("DIFFERS", format_args!("echolua/{name}: {difference}"));
        }
        record.text("file", name);
    }
    match continued() {
        Ok((hash, fuel)) => {
            if hash != field(MACHINE, "end") || fuel.to_string() != field(MACHINE, "fuel") {
                record.text("DIFFERS", format_args!("echolua-machine: {hash} {fuel}"));
            }
        }
        Err(reason) => record.text("DIFFERS", format_args!("echolua-machine: {reason}")),
    }
    record.text("file", "stepped");
}

/// What of a program came out otherwise.
fn differences(vector: &str) -> Vec<String> {
    let bytes = unhex(field(vector, "elc"));
    let Ok(module) = elc::decode(&bytes) else {
        return vec![String::from("it does not decode")];
    };
    let mut found = Vec::new();
    let mut compare = |key: &str, text: String| {
        if text != field(vector, key) {
            found.push(format!("{key} {text}"));
        }
    };
    compare("elc", hex::encode(&elc::encode(&module)));
    compare("digest", module.digest().to_string());
    let (output, ending, fuel) = run(&module, Limits::default());
    compare("output", hex::encode(&output));
    compare("ending", hex::encode(ending.as_bytes()));
    compare("fuel", fuel.to_string());
    found
}

/// What a program wrote, what it gave or how it failed, and the fuel it used.
fn run(module: &gatos_echolua::Module, limits: Limits) -> (Vec<u8>, String, u64) {
    let mut vm = Vm::new(module.profile, limits);
    let main = vm.load(module, "test").expect("golden programs load");
    let ending = match vm.call(main, &[]) {
        Ok(values) => {
            let shown: Vec<String> = values.iter().map(|value| vm.show(*value)).collect();
            shown.join(" ")
        }
        Err(Fault::Raised(value)) => format!("error: {}", vm.show(value)),
        Err(fault) => format!("{fault:?}"),
    };
    (vm.take_output(), ending, limits.fuel - vm.fuel())
}

/// Restores the golden machine, saves it again, and lets it go on to its end: hash and fuel there.
fn continued() -> Result<(String, u64), String> {
    let bytes = unhex(field(MACHINE, "bytes"));
    let mut vm = Vm::restore(&bytes, MACHINE_BYTES_MAX).map_err(|error| error.to_string())?;
    if vm.save().map_err(|error| error.to_string())? != bytes {
        return Err(String::from("it is saved otherwise"));
    }
    for _ in 0..STEP_COUNT_MAX {
        let step = vm.export_of("step");
        match vm.call(step, &[]) {
            Ok(values) if values.first().is_some_and(|value| value.is_true()) => {}
            Ok(_) => break,
            Err(Fault::Raised(value)) => return Err(vm.show(value)),
            Err(fault) => return Err(format!("{fault:?}")),
        }
    }
    let hash = vm.hash().map_err(|error| error.to_string())?;
    Ok((hash.to_string(), vm.fuel()))
}

/// Steps of one machine. What they share lives in its globals.
const STEPS: [&str; 8] = [
    "list[#list + 1] = {id = #list, at = A * B / 3.0, name = 'n' .. A} return #list, list[#list].at",
    "local s = 0 for key, value in pairs(list) do s = s + value.at // 1 end return s, s % 7, s ^ 0.5",
    "return string.format('%.14g %a %5.2f %x', A / 7, B / 3, A * 1.5, B), tostring(A / B), 1e15 * A",
    "local t = {} for i = 1, A do t['k' .. (i * B) % 17] = i end local s = '' for k, v in pairs(t) do s = s .. k .. v end return s",
    "table.sort(list, function(x, y) return x.at < y.at or (x.at == y.at and x.id < y.id) end) return #list > 0 and list[1].id",
    "waiting[#waiting + 1] = coroutine.wrap(function(x) local n = x for i = 1, 50 do n = n + coroutine.yield(n * i) end return n end) return waiting[#waiting](A)",
    "local s = 0 for i = #waiting, 1, -1 do local ok, n = pcall(waiting[i], B) if ok and n then s = s + n else table.remove(waiting, i) end end return s",
    "return pcall(function() return math.sin(A) + math.exp(B / 9) + math.log(A + 1), list[A].at, nothing.x end)",
];

/// A machine that takes generated steps, with a copy of itself, or itself saved and restored, between them.
pub fn machines(dice: &mut Dice, record: &mut Record) {
    let limits = Limits {
        fuel: 1 << 32,
        memory_bytes: 8 << 20,
    };
    let mut vm = Vm::new(Profile::Script, limits);
    step(&mut vm, "list, waiting = {}, {}", record);
    for _ in 0..dice.below(8) + 4 {
        let source = STEPS[dice.below(STEPS.len() as u64) as usize]
            .replace('A', &(dice.below(30) + 1).to_string())
            .replace('B', &(dice.below(30) + 1).to_string());
        step(&mut vm, &source, record);
        match dice.below(3) {
            0 => vm = vm.clone(),
            1 => {
                let bytes = vm.save().expect("nothing runs");
                vm = Vm::restore(&bytes, limits.memory_bytes).expect("it was saved");
            }
            _ => {}
        }
    }
    record.text("fuel", vm.fuel());
    record.text("machine", vm.hash().expect("nothing runs"));
}

fn step(vm: &mut Vm, source: &str, record: &mut Record) {
    let module = compile(source.as_bytes(), Profile::Script).module;
    let module = module.expect("the steps compile");
    let main = vm.load(&module, "step").expect("the steps load");
    let outcome = match vm.call(main, &[]) {
        Ok(values) => {
            let shown: Vec<String> = values.iter().map(|value| vm.show(*value)).collect();
            format!("ok {}", shown.join(" "))
        }
        Err(Fault::Raised(value)) => format!("error {}", vm.show(value)),
        Err(fault) => format!("{fault:?}"),
    };
    record.text("step", outcome);
}
