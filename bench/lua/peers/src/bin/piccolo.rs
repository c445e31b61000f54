//! Runs one file under piccolo, a Lua in safe Rust.
//!
//! Tests: none; `gatos-bench-lua` compares the output with every peer's.
#![forbid(unsafe_code)]

use piccolo::{Closure, Executor, Lua};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: piccolo FILE");
        return ExitCode::FAILURE;
    };
    let source = match std::fs::read(&path) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut lua = Lua::full();
    let started = lua.try_enter(|context| {
        let main = Closure::load(context, Some(&path), &source[..])?;
        Ok(context.stash(Executor::start(context, main.into(), ())))
    });
    match started.and_then(|executor| lua.execute::<()>(&executor)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{path}: {error:?}");
            ExitCode::FAILURE
        }
    }
}
