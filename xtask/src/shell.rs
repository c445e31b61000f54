//! Running programs and finding the repository: the only place that starts processes by name.
//!
//! INVARIANT: a program that cannot be started or that fails is named in full, with its arguments.

use crate::report::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds the workspace.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .parent()
        .expect("xtask lies in the workspace")
        .to_path_buf()
}

/// The cargo that runs us, so that a toolchain choice is kept.
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// `cargo metadata --no-deps`, parsed.
pub fn metadata() -> Outcome<serde_json::Value> {
    let text = output(cargo().args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--offline",
    ]))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))
}

/// Where cargo builds, with `CARGO_TARGET_DIR` and configuration respected.
pub fn target_directory() -> Outcome<PathBuf> {
    let metadata = metadata()?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| Failure::new("cargo metadata names no target_directory"))
}

/// Runs `command` with our own standard output and error; a bad exit is a failure.
pub fn run(command: &mut Command) -> Outcome {
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("cannot start {command:?}: {error}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!("{status}: {command:?}")))
    }
}

/// Runs `command` and gives its standard output; a bad exit is a failure that shows its error text.
pub fn output(command: &mut Command) -> Outcome<String> {
    let output = command
        .output()
        .map_err(|error| Failure::new(format!("cannot start {command:?}: {error}")))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!(
            "{}: {command:?}\n{complaint}",
            output.status
        )));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::new(format!("not UTF-8 from {command:?}")))
}

/// The contents of a text file.
pub fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read `{}`: {error}", path.display())))
}

/// The compiler's name for this machine.
pub fn host() -> Outcome<String> {
    let text = output(Command::new("rustc").arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc -vV names no host"))
}
