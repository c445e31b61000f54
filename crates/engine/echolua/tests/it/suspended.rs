//! A machine that is saved while a coroutine waits inside something: a `__close`, a `__pairs`, an iterator, a metamethod,
//! a protected call. What it was saved as goes on like the machine itself, and both print what stock Lua 5.4 prints.

use crate::support::{module, step};
use gatos_echolua::{Limits, Profile, Vm};
use gatos_numbers::Pcg32;
use std::io::Write as _;
use std::process::{Command, Stdio};

const PROGRAM: &[u8] = include_bytes!("../../testdata/suspended.lua");
/// What stock Lua 5.4 prints; `stock_lua_still_prints_what_is_expected` asks it again.
const EXPECTED: &str = include_str!("../../testdata/suspended.txt");
const MEMORY_BYTES: usize = 16 << 20;

/// What a machine came to.
#[derive(Debug, PartialEq)]
struct Ending {
    output: String,
    fuel: u64,
    hash: String,
    steps: u32,
}

/// Runs the program to its end; before each step `round` may put another machine in the place of this one.
fn ending(mut round: impl FnMut(Vm, u32) -> Vm) -> Ending {
    let limits = Limits {
        fuel: 1 << 40,
        memory_bytes: MEMORY_BYTES,
    };
    let mut vm = Vm::new(Profile::Script, limits);
    let main = vm
        .load(&module(PROGRAM, Profile::Script), "suspended")
        .expect("it loads");
    vm.call(main, &[]).expect("it begins");
    let mut steps = 0;
    while step(&mut vm) {
        steps += 1;
        vm = round(vm, steps);
    }
    Ending {
        fuel: vm.fuel(),
        hash: vm.hash().expect("nothing runs").to_string(),
        output: String::from_utf8_lossy(&vm.take_output()).into_owned(),
        steps,
    }
}

/// The machine that bytes give, which gives the same bytes.
fn restored(vm: &Vm, steps: u32) -> Vm {
    let bytes = vm.save().expect("nothing runs");
    let other =
        Vm::restore(&bytes, MEMORY_BYTES).unwrap_or_else(|error| panic!("step {steps}: {error}"));
    assert!(
        other.save().expect("nothing runs") == bytes,
        "step {steps}: other bytes"
    );
    other
}

fn assert_output(found: &str, expected: &str) {
    for (index, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", index + 1);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

#[test]
fn what_waits_inside_something_goes_on_as_in_stock_lua() {
    let found = ending(|vm, _| vm);
    assert_output(&found.output, EXPECTED);
    // Every case waits, and waits in what it is about.
    for place in [
        "close q",
        "__pairs again",
        "step 3",
        "bad iterator",
        "__eq again",
        "deeper",
    ] {
        assert!(found.output.contains(place), "{place}");
    }
    assert!(found.steps > 200, "{} steps", found.steps);
}

#[test]
fn what_is_saved_inside_something_goes_on_as_if_nothing_had_happened() {
    let undisturbed = ending(|vm, _| vm);
    let at_every_step = ending(|vm, steps| restored(&vm, steps));
    assert_output(&at_every_step.output, &undisturbed.output);
    assert_eq!(at_every_step, undisturbed);
}

/// Once saved at one step only, so that an error made by restoring is not hidden by the next time.
#[test]
fn what_is_saved_once_goes_on_as_if_nothing_had_happened() {
    let undisturbed = ending(|vm, _| vm);
    let seed = 17;
    let mut dice = Pcg32::new(seed, 3);
    for _ in 0..24 {
        let chosen = 1 + dice.next_u32() % undisturbed.steps;
        let found = ending(|vm, steps| {
            if steps == chosen {
                restored(&vm, steps)
            } else {
                vm
            }
        });
        assert_eq!(found, undisturbed, "saved at step {chosen}, seed {seed}");
    }
}

/// The side of a fork that is thrown away closes, resumes and ends what the other still waits in.
#[test]
fn a_fork_that_goes_on_alone_disturbs_nothing() {
    let undisturbed = ending(|vm, _| vm);
    let seed = 23;
    let mut dice = Pcg32::new(seed, 3);
    let found = ending(|vm, steps| {
        let mut other = if steps % 2 == 0 {
            vm.clone()
        } else {
            restored(&vm, steps)
        };
        for _ in 0..dice.next_u32() % 6 {
            if !step(&mut other) {
                break;
            }
        }
        // And a full cycle of the collector, which must find everything that waits.
        while !other.collect_between_calls(1000) {}
        step(&mut other);
        vm
    });
    assert_eq!(found, undisturbed, "seed {seed}");
}

/// A collector that finishes a cycle while something waits frees nothing of it.
#[test]
fn what_waits_survives_a_collection_at_every_step() {
    let undisturbed = ending(|vm, _| vm);
    let found = ending(|vm, steps| {
        let mut vm = restored(&vm, steps);
        while !vm.collect_between_calls(1000) {}
        vm
    });
    assert_output(&found.output, &undisturbed.output);
    assert_eq!(found.fuel, undisturbed.fuel);
}

#[test]
fn stock_lua_still_prints_what_is_expected() {
    let host = "local s = io.read('a') assert(load(s, '=suspended'))() while step() do end";
    let child = Command::new("lua5.4")
        .args(["-e", host])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: no stock Lua here; install lua5.4 to compare with it");
        return;
    };
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(PROGRAM).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert_output(&String::from_utf8_lossy(&output.stdout), EXPECTED);
}
