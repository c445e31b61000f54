//! The host table: output in pieces, an end that the reader makes, seeds, and warnings about what does nothing.

use crate::support::module;
use gatos_echolua::{Fault, Limits, Profile, Severity, Vm, compile};
use std::sync::Mutex;

static SEEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn machine(source: &str) -> (Vm, Result<Vec<gatos_echolua::Value>, Fault>) {
    let mut vm = Vm::new(Profile::Script, Limits::default());
    vm.open_host(|bytes| {
        let mut seen = SEEN.lock().expect("one test uses it");
        seen.extend_from_slice(bytes);
        seen.len() < 40_000
    });
    let main = vm.load(&module(source.as_bytes(), Profile::Script), "host.lua");
    let result = vm.call(main.expect("it loads"), &[]);
    (vm, result)
}

#[test]
fn output_leaves_in_pieces_and_ends_with_its_reader() {
    let (mut vm, result) =
        machine("io.write('a', 1, 2.5):write('b\\n') print(select('#', io.stdout:write()))");
    assert!(result.is_ok());
    assert_eq!(vm.take_output(), b"a12.5b\n1\n");
    assert!(
        SEEN.lock().expect("free").is_empty(),
        "little is kept together"
    );
    let (vm, result) =
        machine("local n = 0 while true do n = n + 1 pcall(print, string.rep('x', 999)) end");
    assert!(matches!(result, Err(Fault::FuelExhausted)));
    assert!(SEEN.lock().expect("free").len() < 50_000);
    assert_eq!(vm.fuel(), 0);
    let (vm, result) = machine("io.write({})");
    let Err(Fault::Raised(value)) = result else {
        panic!("{result:?}");
    };
    let expected = "host.lua:1: bad argument #1 to 'write' (string expected, got table)";
    assert_eq!(vm.show(value), expected);
}

#[test]
fn seeds_choose_the_draws() {
    let drawn = |seed: u64| {
        let mut vm = Vm::new(Profile::Script, Limits::default());
        vm.seed_random(seed);
        let source = b"return math.random(1000000), math.random(0)";
        let main = vm
            .load(&module(source, Profile::Script), "dice")
            .expect("it loads");
        let values = vm.call(main, &[]).expect("it draws");
        values
            .iter()
            .map(|value| vm.show(*value))
            .collect::<Vec<String>>()
    };
    assert_eq!(drawn(0), drawn(0));
    assert_ne!(drawn(0), drawn(1));
    // As Lua after `math.randomseed(42)`, whose second seed is 0 too.
    let source = b"math.randomseed(42) return math.random(1000000), math.random(0)";
    let mut vm = Vm::new(Profile::Script, Limits::default());
    let main = vm
        .load(&module(source, Profile::Script), "dice")
        .expect("it loads");
    let values = vm.call(main, &[]).expect("it draws");
    let by_program: Vec<String> = values.iter().map(|value| vm.show(*value)).collect();
    assert_eq!(drawn(42), by_program);
}

#[test]
fn finalizers_and_weak_tables_are_warned_about() {
    let source =
        b"local t = setmetatable({}, {__gc = print, __mode = 'k'})\nt.__gc = nil\nreturn t.__index";
    let compiled = compile(source, Profile::Script);
    assert!(compiled.module.is_some());
    let found: Vec<(u32, u32, Severity)> = compiled
        .findings
        .iter()
        .map(|finding| (finding.place.line, finding.place.column, finding.severity))
        .collect();
    let warning = Severity::Warning;
    assert_eq!(found, [(1, 29, warning), (1, 43, warning), (2, 3, warning)]);
}
