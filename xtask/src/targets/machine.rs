//! What a run needs of the machine: can a target be prepared, prepare it, build the program, run it.
//!
//! The host builds with cargo as it is; every other target goes through `scripts/targets.sh`. Tests put another
//! machine in place of this one. Tests of the watch over programs: `machine/tests.rs`.

#[cfg(test)]
mod tests;

use super::list::{self, NATIVE, Target};
use crate::report::{Failure, Outcome};
use crate::shell;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The package and its program.
const PROGRAM: &str = "gatos-sweeps";

/// How often a running program is looked after.
const GLANCE: Duration = Duration::from_millis(20);

/// Where programs are built and run. Errors are sentences for the table.
pub trait Machine {
    /// The machine's own target.
    fn host(&self) -> Target;
    /// Whether the target can be prepared here, or why not.
    fn able(&self, target: &Target) -> Result<(), String>;
    /// Gets linker, emulator and standard library.
    fn prepare(&self, target: &Target) -> Result<(), String>;
    /// Builds the program and tells where it lies.
    fn build(&self, target: &Target) -> Result<PathBuf, String>;
    /// Runs the program with these words and gives what it printed.
    fn run(&self, target: &Target, program: &Path, words: &[&str]) -> Result<String, String>;
}

/// The machine this runs on.
pub struct Here {
    host: Target,
    limit: Duration,
}

impl Here {
    /// The machine, as the compiler describes it.
    pub fn new(limit: Duration) -> Outcome<Here> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let version = shell::output(Command::new(rustc).arg("-vV"))?;
        let triple = version.lines().find_map(|line| line.strip_prefix("host: "));
        let triple = triple.ok_or_else(|| Failure::new("rustc names no host"))?;
        let host = match list::find(triple) {
            Some(target) => Target {
                emulator: NATIVE,
                ..target.clone()
            },
            // Not one of ours, but a native run is worth a row anyway. Leaks a few bytes once.
            None => Target {
                triple: String::leak(triple.to_owned()),
                width_bits: usize::BITS,
                is_big_endian: cfg!(target_endian = "big"),
                emulator: NATIVE,
            },
        };
        Ok(Here { host, limit })
    }

    fn is_host(&self, target: &Target) -> bool {
        target.triple == self.host.triple
    }

    fn build_host(&self) -> Outcome<PathBuf> {
        let mut cargo = shell::cargo();
        cargo.args(["build", "--quiet", "--release", "--locked"]);
        shell::run(cargo.args(["--package", PROGRAM]))?;
        let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
        Ok(shell::target_directory()?.join("release").join(name))
    }
}

impl Machine for Here {
    fn host(&self) -> Target {
        self.host.clone()
    }

    fn able(&self, target: &Target) -> Result<(), String> {
        ask(script("able").arg(target.triple)).map(|_| ())
    }

    fn prepare(&self, target: &Target) -> Result<(), String> {
        ask(script("setup").arg(target.triple)).map(|_| ())
    }

    fn build(&self, target: &Target) -> Result<PathBuf, String> {
        if self.is_host(target) {
            return self.build_host().map_err(|failure| failure.to_string());
        }
        let path = ask(script("build").args([target.triple, PROGRAM, PROGRAM]))?;
        Ok(PathBuf::from(path.trim_end()))
    }

    fn run(&self, target: &Target, program: &Path, words: &[&str]) -> Result<String, String> {
        let mut command = if self.is_host(target) {
            Command::new(program)
        } else {
            let mut command = script("exec");
            command.arg(target.triple).arg(program);
            command
        };
        command.args(words);
        watched(&mut command, self.limit)
    }
}

fn script(verb: &str) -> Command {
    let mut command = Command::new("bash");
    command
        .arg(shell::root().join("scripts/targets.sh"))
        .arg(verb);
    command
}

/// Runs the script and gives its standard output. What it says on standard error is passed on, and its last line is
/// the error.
fn ask(command: &mut Command) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let complaints = child.stderr.take().expect("the error output is piped");
    let mut last = String::new();
    for line in BufReader::new(complaints).lines().map_while(Result::ok) {
        eprintln!("{line}");
        last = line;
    }
    let output = child
        .wait_with_output()
        .map_err(|error| format!("lost {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let last = last.strip_prefix("targets: ").unwrap_or(&last);
    Err(if last.is_empty() {
        format!("{}: {command:?}", output.status)
    } else {
        last.to_owned()
    })
}

/// Runs a program to its end, or ends it after `limit`, and gives its standard output.
fn watched(command: &mut Command, limit: Duration) -> Result<String, String> {
    // A file and not a pipe: nobody needs to read while the program runs.
    let mut printed =
        tempfile::tempfile().map_err(|error| format!("no temporary file: {error}"))?;
    let sink = printed
        .try_clone()
        .map_err(|error| format!("no temporary file: {error}"))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(sink)
        .spawn()
        .map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Err(error) => return Err(format!("lost the program: {error}")),
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() >= limit => {
                // It may have ended by itself just now; either way it is gone after this.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("did not end within {} s", limit.as_secs()));
            }
            Ok(None) => std::thread::sleep(GLANCE),
        }
    };
    if !status.success() {
        return Err(format!("the program ended with {status}"));
    }
    let mut text = String::new();
    printed
        .rewind()
        .and_then(|()| printed.read_to_string(&mut text))
        .map_err(|error| format!("the output cannot be read: {error}"))?;
    Ok(text)
}
