//! Runs one file under Luau's interpreter, without native code.
//!
//! Tests: none; `gatos-bench-lua` compares the output with every peer's.
#![forbid(unsafe_code)]

use mlua::{Lua, chunk::Compiler};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: luau FILE");
        return ExitCode::FAILURE;
    };
    let source = match std::fs::read(&path) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let lua = Lua::new();
    lua.set_compiler(Compiler::new().set_optimization_level(2));
    match lua.load(source).set_name(&path).exec() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}
