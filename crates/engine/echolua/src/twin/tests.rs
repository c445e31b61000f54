//! Machine and twin on the same programs: output, error, fuel.

use super::take_over;
use crate::compile::compile;
use crate::elc;
use crate::machine::{Fault, Limits, Vm};
use crate::profile::Profile;
use crate::value::Value;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::path::Path;

/// What a program came to.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome {
    pub output: String,
    pub ending: String,
    pub fuel: u64,
}

pub(super) fn run(source: &[u8], profile: Profile, fuel: u64, by_twin: bool) -> Outcome {
    let compiled = compile(source, profile);
    assert!(compiled.module.is_some(), "{:?}", compiled.findings);
    let module = compiled.module.expect("looked at above");
    let module = elc::decode(&elc::encode(&module)).expect("what was encoded decodes");
    let limits = Limits {
        fuel,
        ..Limits::default()
    };
    let mut vm = Vm::new(profile, limits);
    // The twin knows no names of variables.
    vm.has_names = false;
    if by_twin {
        take_over(&mut vm);
    }
    let main = vm.load(&module, "test").expect("it was lowered once");
    let result = vm.call(main, &[]);
    let ending = ending_of(&vm, result);
    Outcome {
        output: String::from_utf8_lossy(&vm.take_output()).into_owned(),
        ending,
        fuel: fuel - vm.fuel(),
    }
}

/// How a call ended, as text.
pub(super) fn ending_of(vm: &Vm, result: Result<Vec<Value>, Fault>) -> String {
    match result {
        Ok(values) => {
            let values: Vec<String> = values.iter().map(|value| vm.show(*value)).collect();
            format!("ok {}", values.join(" "))
        }
        Err(Fault::Raised(value)) => format!("error {}", vm.show(value)),
        Err(fault) => format!("{fault:?}"),
    }
}

/// Machine and twin agree with all the fuel they want, and with ever less of it.
fn check(name: &str, source: &[u8], profile: Profile) {
    const PLENTY: u64 = 1 << 40;
    let machine = run(source, profile, PLENTY, false);
    let twin = run(source, profile, PLENTY, true);
    assert_eq!(machine, twin, "{name}");
    for part in [2, 3, 7, 50] {
        let fuel = machine.fuel / part;
        let machine = run(source, profile, fuel, false);
        let twin = run(source, profile, fuel, true);
        assert_eq!(machine, twin, "{name} with fuel {fuel}");
        assert_eq!(machine.ending, "FuelExhausted", "{name} with fuel {fuel}");
    }
}

#[test]
fn the_machine_does_what_the_twin_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut count = 0;
    for (part, profile) in [("script", Profile::Script), ("fold", Profile::Fold)] {
        let mut paths: Vec<_> = std::fs::read_dir(folder.join(part))
            .expect("the programs are there")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        for path in paths {
            let source = std::fs::read(&path).expect("a program");
            check(&format!("{}", path.display()), &source, profile);
            count += 1;
        }
    }
    assert!(count >= 13, "{count} programs");
}
