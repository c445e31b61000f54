//! The program: see `command` in the library.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut output = std::io::stdout().lock();
    let outcome = gatos_sweeps::command::run(&arguments, &mut |line| {
        // Each line at once: who runs many targets wants to see that something happens.
        writeln!(output, "{line}").and_then(|()| output.flush())
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
