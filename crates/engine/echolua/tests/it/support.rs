//! What the tests share: compiling, running, the programs in `testdata`.

use gatos_echolua::{Fault, Limits, Module, Profile, Vm, compile};
use std::path::{Path, PathBuf};

/// The module of a source that compiles.
pub fn module(source: &[u8], profile: Profile) -> Module {
    let compiled = compile(source, profile);
    compiled
        .module
        .unwrap_or_else(|| panic!("{:?}", compiled.findings))
}

/// What a program wrote, what it gave or how it failed, and the fuel it used.
pub fn run(source: &[u8], profile: Profile) -> (String, String, u64) {
    run_module(&module(source, profile), Limits::default())
}

pub fn run_module(module: &Module, limits: Limits) -> (String, String, u64) {
    let mut vm = Vm::new(module.profile, limits);
    let main = vm.load(module, "test").expect("it was lowered once");
    let result = vm.call(main, &[]);
    let ending = match result {
        Ok(values) => values
            .iter()
            .map(|value| vm.show(*value))
            .collect::<Vec<_>>()
            .join(" "),
        Err(Fault::Raised(value)) => format!("error: {}", vm.show(value)),
        Err(fault) => format!("{fault:?}"),
    };
    let output = String::from_utf8_lossy(&vm.take_output()).into_owned();
    (output, ending, limits.fuel - vm.fuel())
}

/// What an expression of a profile gives.
pub fn value(expression: &str, profile: Profile) -> String {
    run(format!("return {expression}").as_bytes(), profile).1
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Name, profile and source of every program in `testdata`, in order.
pub fn programs() -> Vec<(String, Profile, Vec<u8>)> {
    let mut found = Vec::new();
    for profile in [Profile::Fold, Profile::Script] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("testdata")
            .join(profile.as_str());
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .expect("the programs are there")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        for path in paths {
            let stem = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let source = std::fs::read(&path).expect("a program");
            found.push((format!("{}-{stem}", profile.as_str()), profile, source));
        }
    }
    assert!(found.len() >= 10, "{} programs", found.len());
    found
}

/// Lets a machine take a step; whether there is more to do.
pub fn step(vm: &mut Vm) -> bool {
    let function = vm.export_of("step");
    match vm.call(function, &[]) {
        Ok(values) => values.first().is_some_and(|value| value.is_true()),
        Err(Fault::Raised(value)) => panic!("{}", vm.show(value)),
        Err(fault) => panic!("{fault:?}"),
    }
}
