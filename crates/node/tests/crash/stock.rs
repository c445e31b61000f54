//! Stock programs: `git` and whatever mounts disks, with a clean environment.

use std::path::Path;
use std::process::{Command, Stdio};

/// What a program said.
pub struct Said {
    pub ok: bool,
    pub output: Vec<u8>,
    pub complaint: String,
}

/// Runs a program to its end.
pub fn try_run(directory: &Path, program: &str, arguments: &[&str]) -> Said {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "t")
        .env("GIT_AUTHOR_EMAIL", "t@example.org")
        .env("GIT_COMMITTER_NAME", "t")
        .env("GIT_COMMITTER_EMAIL", "t@example.org")
        .output();
    match output {
        Ok(output) => Said {
            ok: output.status.success(),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
            output: output.stdout,
        },
        Err(error) => Said {
            ok: false,
            output: Vec::new(),
            complaint: format!("{program} cannot be started: {error}"),
        },
    }
}

/// Runs a program that must end well, and gives what it printed.
pub fn run(directory: &Path, program: &str, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let said = try_run(directory, program, arguments);
    if said.ok {
        return Ok(said.output);
    }
    let printed = String::from_utf8_lossy(&said.output);
    Err(format!(
        "`{program} {}`: {} {}",
        arguments.join(" "),
        said.complaint.trim(),
        printed.trim()
    ))
}

pub fn git(directory: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    run(directory, "git", arguments)
}

pub fn git_text(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = git(directory, arguments)?;
    String::from_utf8(output).map_err(|_| format!("`git {}` printed no UTF-8", arguments.join(" ")))
}
