//! A stage: an empty folder that is home and working folder, with nothing of the developer's own.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest time anything on a stage may take.
const TIME_MAX: Duration = Duration::from_secs(120);

/// An empty folder and an environment that knows of nothing else.
pub struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    /// A new stage; `gatos` and `git-gatos` are first on its path.
    pub fn new() -> Stage {
        let stage = Stage {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        let programs = stage.root().join("bin");
        fs::create_dir(&programs).expect("writable");
        fs::create_dir(stage.work()).expect("writable");
        for name in ["gatos", "git-gatos"] {
            link(Path::new(env!("CARGO_BIN_EXE_gatos")), &programs.join(name));
        }
        stage
    }

    /// The folder of everything.
    pub fn root(&self) -> PathBuf {
        // Messages name the true path, and temporary folders may lie behind links.
        self.folder.path().canonicalize().expect("it is there")
    }

    /// Where commands run.
    pub fn work(&self) -> PathBuf {
        self.root().join("desk")
    }

    /// A program on this stage.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let root = self.root();
        let system_path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(
            [root.join("bin")]
                .into_iter()
                .chain(std::env::split_paths(&system_path)),
        );
        let mut command = Command::new(program);
        command
            .current_dir(self.work())
            .env_clear()
            .env("PATH", path.expect("no colon in it"))
            .env("HOME", &root)
            .env("USER", "ada")
            .env("GATOS_HOME", root.join("home"))
            .env("TMPDIR", root.join("desk"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", root.join("no-git-config"))
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org")
            .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    /// `gatos` with these arguments.
    pub fn gatos<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.command(self.root().join("bin/gatos"));
        command.args(arguments);
        command
    }
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) {
    std::os::unix::fs::symlink(target, at).expect("links can be made");
}

#[cfg(not(unix))]
fn link(target: &Path, at: &Path) {
    fs::copy(target, at.with_extension("exe")).expect("writable");
}

/// Runs a command to its end with this standard input; a command that hangs is a failure.
pub fn run(mut command: Command, input: &[u8]) -> Output {
    let spawned = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    // A command may end without reading everything.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let id = child.id();
    let (done, finished) = std::sync::mpsc::channel();
    let waiter = std::thread::spawn(move || {
        let output = child.wait_with_output();
        let _ = done.send(());
        output
    });
    let started = Instant::now();
    if finished.recv_timeout(TIME_MAX).is_err() {
        panic!(
            "process {id} ({command:?}) still runs after {} s",
            started.elapsed().as_secs()
        );
    }
    writer.join().expect("writing does not panic");
    waiter
        .join()
        .expect("waiting does not panic")
        .expect("the command can be waited for")
}
