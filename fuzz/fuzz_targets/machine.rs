//! Saved machines: with changed bytes one is refused, or is exactly another machine's bytes and runs within its limits.
#![no_main]

use gatos_echolua::{Limits, Profile, Vm, compile};
use gatos_fuzz::Change;
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

const LIMITS: Limits = Limits {
    fuel: 1 << 40,
    memory_bytes: 4 << 20,
};
const PROGRAM: &[u8] = include_bytes!("../../crates/engine/echolua/testdata/stepped.lua");

/// A program with coroutines in the middle of everything, after some steps.
fn saved() -> &'static [Vec<u8>] {
    static SAVED: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAVED.get_or_init(|| {
        let module = compile(PROGRAM, Profile::Script)
            .module
            .expect("it compiles");
        let mut vm = Vm::new(Profile::Script, LIMITS);
        let main = vm.load(&module, "stepped").expect("it loads");
        vm.call(main, &[]).expect("it begins");
        let step = vm.export_of("step");
        let mut found = Vec::new();
        while vm.call(step, &[]).is_ok_and(|values| values[0].is_true()) {
            found.push(vm.save().expect("nothing runs"));
        }
        found
    })
}

fuzz_target!(|input: (u8, Vec<Change>)| {
    let (which, changes) = input;
    let machines = saved();
    let mut bytes = machines[usize::from(which) % machines.len()].clone();
    for change in &changes {
        change.apply(&mut bytes);
    }
    let Ok(mut vm) = Vm::restore(&bytes, LIMITS.memory_bytes) else {
        return;
    };
    assert_eq!(vm.save().expect("nothing runs"), bytes);
    for _ in 0..4 {
        vm.set_fuel(20_000);
        let step = vm.export_of("step");
        let _ = vm.call(step, &[]);
        let again = Vm::restore(&vm.save().expect("nothing runs"), usize::MAX);
        assert!(again.is_ok(), "a machine that ran cannot be restored");
    }
});
