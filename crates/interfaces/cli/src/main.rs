//! The `gatos` program. Everything is in the library, where tests and generated documents reach it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    ExitCode::from(gatos_cli::run(&program, arguments))
}
