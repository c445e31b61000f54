//! Functions of an embedder: calls, results, errors, and a machine that is whole again when the call has ended.

use crate::support::module;
use gatos_echolua::{EMBEDDED_COUNT, Embedder, Fault, HostCall, Limits, Profile, Value, Vm};

/// Counts how it is called; gives a sum, several values, an error, a table.
#[derive(Default)]
struct Counter {
    calls: u64,
}

impl Embedder for Counter {
    fn call(&mut self, function: u16, call: &mut HostCall<'_>) -> Result<usize, Fault> {
        self.calls += 1;
        call.pay(10)?;
        match function {
            0 => {
                let mut sum = 0;
                for index in 0..call.count() {
                    match call.argument(index) {
                        Value::Integer(integer) => sum += integer,
                        _ => return Err(call.bad_type(index, "sum", "integer")),
                    }
                }
                Ok(call.give(Value::Integer(sum)))
            }
            1 => call.give_all(&[Value::Integer(1), Value::Boolean(true), Value::Nil]),
            2 => Err(call.raise("no")),
            _ => {
                let table = call.heap_mut().new_table();
                let text = Value::String(call.heap_mut().string(b"made"));
                call.heap_mut().set_text(table, "name", text);
                Ok(call.give(Value::Table(table)))
            }
        }
    }
}

fn machine(source: &str) -> (Vm, Value) {
    let mut vm = Vm::new(Profile::Script, Limits::default());
    let globals = vm.globals();
    for (number, name) in (0..).zip(["sum", "several", "fail", "make"]) {
        vm.heap_mut().set_text(globals, name, Vm::embedded(number));
    }
    let main = vm.load(&module(source.as_bytes(), Profile::Script), "world.lua");
    (vm, main.expect("it loads"))
}

/// What a program gave or how it failed, and how often it called.
fn check(source: &str, calls: u64, expected: &str) {
    let (mut vm, main) = machine(source);
    let (counter, result) = vm.call_with(Counter::default(), main, &[]);
    let found = match result {
        Ok(values) => values
            .iter()
            .map(|value| vm.show(*value))
            .collect::<Vec<_>>()
            .join(" "),
        Err(Fault::Raised(value)) => format!("error: {}", vm.show(value)),
        Err(fault) => format!("{fault:?}"),
    };
    assert_eq!(
        (found.as_str(), counter.calls),
        (expected, calls),
        "{source}"
    );
    let saved = vm.save().expect("nothing runs");
    let restored = Vm::restore(&saved, usize::MAX).expect("it is a machine");
    assert_eq!(restored.hash(), vm.hash());
}

#[test]
fn programs_call_an_embedder() {
    for (source, calls, expected) in [
        ("return sum(1, 2, 3)", 1, "6"),
        ("return select('#', several()), (several())", 2, "3 1"),
        ("return make().name", 1, "made"),
        ("return fail()", 1, "error: world.lua:1: no"),
        ("return pcall(fail)", 1, "false no"),
        (
            "\nreturn sum(1, {})",
            1,
            "error: world.lua:2: bad argument #2 to 'sum' (integer expected, got table)",
        ),
        // From a comparator and from a coroutine, too.
        (
            "local t = {3, 1, 2} table.sort(t, function(a, b) return sum(a) < sum(b) end) return t[1], t[3]",
            4,
            "1 3",
        ),
        (
            "local c = coroutine.wrap(function() while true do coroutine.yield(sum(1)) end end) return c() + c()",
            2,
            "2",
        ),
    ] {
        check(source, calls, expected);
    }
}

#[test]
fn functions_stay_when_the_embedder_goes() {
    let (mut vm, main) = machine("function f() return sum(2, 2) end");
    let (_, result) = vm.call_with(Counter::default(), main, &[]);
    assert!(result.is_ok());
    let function = vm.export_of("f");
    let Err(Fault::Raised(value)) = vm.call(function, &[]) else {
        panic!("nobody is there");
    };
    let expected = "world.lua:1: this function is there only while its host runs the program";
    assert_eq!(vm.show(value), expected);
    // A saved machine knows the functions by their numbers.
    let mut copy = Vm::restore(&vm.save().expect("at rest"), usize::MAX).expect("its bytes");
    let function = copy.export_of("f");
    let (counter, result) = copy.call_with(Counter { calls: 7 }, function, &[]);
    assert!(matches!(result.as_deref(), Ok([Value::Integer(4)])));
    assert_eq!(counter.calls, 8);
    assert_eq!(copy.origin(function), Some(("world.lua", 1)));
    assert!(Vm::embedded(EMBEDDED_COUNT as u16).is_nil());
}

#[test]
fn one_main_function_runs_with_several_globals() {
    let mut vm = Vm::new(Profile::Script, Limits::default());
    let source = "n = (n or 0) + 1 function get() return n end";
    let first = vm.heap_mut().new_table();
    let second = vm.heap_mut().new_table();
    let module = module(source.as_bytes(), Profile::Script);
    let main = vm.load_with(&module, "a.lua", first).expect("it loads");
    let other = vm.main_with(main, second);
    for function in [main, main, other] {
        assert!(vm.call(function, &[]).is_ok());
    }
    let key = Value::String(vm.heap_mut().string(b"n"));
    let count = |vm: &Vm, table| vm.heap().table(table).get(key);
    assert!(matches!(count(&vm, first), Value::Integer(2)));
    assert!(matches!(count(&vm, second), Value::Integer(1)));
    assert!(vm.main_with(Value::Nil, first).is_nil());
}

#[test]
fn fuel_of_an_embedder_ends_a_program() {
    let (mut vm, main) = machine("while true do pcall(sum, 1) end");
    vm.set_fuel(5_000);
    let (counter, result) = vm.call_with(Counter::default(), main, &[]);
    assert!(matches!(result, Err(Fault::FuelExhausted)));
    assert!(counter.calls > 50 && vm.fuel() == 0);
}
