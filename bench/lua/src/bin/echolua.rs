//! Runs one file under EchoLua and prints what it wrote: the process that the table times.
//!
//! Tests: none; `gatos-bench-lua` compares the output with every peer's.
#![forbid(unsafe_code)]

use gatos_echolua::{Fault, Limits, Profile, Vm, compile};
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: echolua FILE");
        return ExitCode::FAILURE;
    };
    let source = match std::fs::read(&path) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let compiled = compile(&source, Profile::Script);
    let Some(module) = compiled.module else {
        eprintln!("{path}: {:?}", compiled.findings);
        return ExitCode::FAILURE;
    };
    let limits = Limits {
        memory_bytes: 2 << 30,
        ..Limits::default()
    };
    let mut vm = Vm::new(Profile::Script, limits);
    let Some(main) = vm.load(&module, &path) else {
        eprintln!("{path}: too large");
        return ExitCode::FAILURE;
    };
    let result = vm.call(main, &[]);
    let output = vm.take_output();
    if std::io::stdout().write_all(&output).is_err() {
        return ExitCode::FAILURE;
    }
    match result {
        Ok(_) => ExitCode::SUCCESS,
        Err(Fault::Raised(value)) => {
            eprintln!("{path}: {}", vm.show(value));
            ExitCode::FAILURE
        }
        Err(fault) => {
            eprintln!("{path}: {fault:?}");
            ExitCode::FAILURE
        }
    }
}
