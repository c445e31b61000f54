//! The `gatos` program. Everything is in the library, where tests and generated documents reach it.
#![deny(unsafe_code)]

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: gatos_cli::allocator::Allocator = gatos_cli::allocator::Allocator;

fn main() -> ExitCode {
    gatos_cli::allocator::give_back_at_once();
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    ExitCode::from(gatos_cli::run(&program, arguments))
}
