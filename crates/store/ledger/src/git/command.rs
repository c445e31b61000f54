//! One run of `git`: clean environment, bounded memory, typed failure.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatos_values::ErrorCode;

use super::version::{GIT_VERSION_MIN, GitVersion};

/// Standard output kept by [`GitCommand::run`], in bytes.
const STDOUT_SIZE_MAX: u64 = 64 << 20;
/// Standard error kept from either end of what was printed, in bytes.
const STDERR_SIZE_MAX: usize = 16 << 10;

/// How long standard error is waited for after git has ended.
const STDERR_PATIENCE: Duration = Duration::from_secs(2);

/// Variables of the `GIT_` family that say how to reach other machines and where the user's own
/// settings are. Every other `GIT_` variable is taken away: it may name another repository.
const GIT_VARIABLES_KEPT: &[&str] = &[
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "GIT_SSL_NO_VERIFY",
    "GIT_PROXY_COMMAND",
    "GIT_PROXY_SSL_CAINFO",
    "GIT_HTTP_PROXY_AUTHMETHOD",
    "GIT_HTTP_USER_AGENT",
    "GIT_ALLOW_PROTOCOL",
    "GIT_PROTOCOL_FROM_USER",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
];

/// The installed `git`, found and checked once.
#[derive(Clone, Debug)]
pub struct GitProgram {
    path: PathBuf,
    version: GitVersion,
}

impl GitProgram {
    /// Finds `git` on the search path and checks its version.
    pub fn find() -> Result<GitProgram, GitError> {
        GitProgram::at(Path::new("git"))
    }

    /// Checks the `git` at this path (or of this name on the search path).
    pub fn at(path: &Path) -> Result<GitProgram, GitError> {
        // A version is needed to build a program; this one only lasts until the answer is read.
        let unchecked = GitProgram {
            path: path.to_path_buf(),
            version: GIT_VERSION_MIN,
        };
        let output = unchecked.command().argument("--version").run()?;
        let text = output.text();
        let Some(version) = GitVersion::parse(&text) else {
            return Err(GitError::VersionUnreadable {
                printed: text.chars().take(80).collect(),
            });
        };
        if version < GIT_VERSION_MIN {
            return Err(GitError::TooOld { found: version });
        }
        Ok(GitProgram {
            path: path.to_path_buf(),
            version,
        })
    }

    /// Where the program is, as it was given or found.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its version, at least [`GIT_VERSION_MIN`].
    pub fn version(&self) -> GitVersion {
        self.version
    }

    /// Starts a command line.
    pub fn command(&self) -> GitCommand {
        GitCommand::new(&self.path)
    }
}

/// A command line of `git` under construction.
#[derive(Debug)]
pub struct GitCommand {
    command: Command,
    shown: Vec<String>,
    stdout_size_max: u64,
    stderr_size_max: usize,
}

impl GitCommand {
    fn new(program: &Path) -> GitCommand {
        let mut command = Command::new(program);
        clean_environment(&mut command, std::env::vars_os().map(|(name, _)| name));
        GitCommand {
            command,
            shown: vec!["git".to_owned()],
            stdout_size_max: STDOUT_SIZE_MAX,
            stderr_size_max: STDERR_SIZE_MAX,
        }
    }

    /// Adds one argument.
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> GitCommand {
        self.shown
            .push(argument.as_ref().to_string_lossy().into_owned());
        self.command.arg(argument);
        self
    }

    /// Adds arguments in order.
    pub fn arguments<I>(self, arguments: I) -> GitCommand
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        arguments.into_iter().fold(self, GitCommand::argument)
    }

    /// Sets one variable for this run only.
    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> GitCommand {
        self.command.env(name, value);
        self
    }

    /// Runs in this folder.
    pub fn directory(mut self, directory: &Path) -> GitCommand {
        self.command.current_dir(directory);
        self
    }

    /// Raises or lowers what [`GitCommand::run`] keeps of standard output, in bytes.
    pub fn stdout_size_max(mut self, size: u64) -> GitCommand {
        self.stdout_size_max = size;
        self
    }

    /// Raises or lowers what is kept of standard error at either end, in bytes.
    pub fn stderr_size_max(mut self, size: usize) -> GitCommand {
        self.stderr_size_max = size;
        self
    }

    /// The command line for messages.
    pub fn shown(&self) -> String {
        self.shown.join(" ")
    }

    /// Runs to the end and requires success.
    pub fn run(self) -> Result<GitOutput, GitError> {
        let shown = self.shown();
        self.run_any()?.require_success(shown)
    }

    /// Runs to the end; a failure of `git` itself is in the output's status.
    pub fn run_any(self) -> Result<GitOutput, GitError> {
        let limit = self.stdout_size_max;
        let shown = self.shown();
        let mut stdout = Vec::new();
        let (status, stderr) = self
            .execute(None::<fn(&mut dyn Write) -> io::Result<()>>, |reader| {
                reader.take(limit + 1).read_to_end(&mut stdout).map(|_| ())
            })?;
        if stdout.len() as u64 > limit {
            return Err(GitError::TooMuchOutput {
                command: shown,
                size_max: limit,
            });
        }
        Ok(GitOutput {
            status,
            stdout,
            stderr,
        })
    }

    /// Runs, hands standard output to `read` as it comes and requires success. An error of `read`
    /// stops `git`.
    pub fn stream(
        self,
        read: impl FnMut(&mut dyn BufRead) -> io::Result<()>,
    ) -> Result<(), GitError> {
        let shown = self.shown();
        let (status, stderr) = self.execute(None::<fn(&mut dyn Write) -> io::Result<()>>, read)?;
        GitOutput {
            status,
            stdout: Vec::new(),
            stderr,
        }
        .require_success(shown)
        .map(|_| ())
    }

    /// As [`GitCommand::stream`], and feeds standard input from `write`, on a thread of its own so
    /// that neither side waits for the other. A pipe that `git` closed early is no error by itself.
    pub fn stream_with_input(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send,
        read: impl FnMut(&mut dyn BufRead) -> io::Result<()>,
    ) -> Result<(), GitError> {
        let shown = self.shown();
        let (status, stderr) = self.execute(Some(write), read)?;
        GitOutput {
            status,
            stdout: Vec::new(),
            stderr,
        }
        .require_success(shown)
        .map(|_| ())
    }

    fn execute<W>(
        mut self,
        write: Option<W>,
        mut read: impl FnMut(&mut dyn BufRead) -> io::Result<()>,
    ) -> Result<(ExitStatus, String), GitError>
    where
        W: FnOnce(&mut dyn Write) -> io::Result<()> + Send,
    {
        let shown = self.shown();
        let end_size_max = self.stderr_size_max;
        let broken = |source: io::Error| GitError::Pipe {
            command: shown.clone(),
            source,
        };
        let stdin = if write.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let child = self
            .command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| GitError::NotStarted {
                program: self.command.get_program().into(),
                source,
            })?;
        let mut child = RunningChild(child);
        let child_stdin = child.0.stdin.take();
        let child_stdout = child.0.stdout.take();
        let child_stderr = child.0.stderr.take();

        let stderr = child_stderr.map(|pipe| StderrReader::start(pipe, end_size_max));
        let (fed, read_out) = std::thread::scope(|scope| {
            let fed = scope.spawn(move || match (write, child_stdin) {
                (Some(write), Some(mut pipe)) => write(&mut pipe).and_then(|()| pipe.flush()),
                _ => Ok(()),
            });
            let read_out = match child_stdout {
                Some(pipe) => read(&mut BufReader::with_capacity(64 << 10, pipe)),
                None => Ok(()),
            };
            if read_out.is_err() {
                child.stop();
            }
            (fed.join(), read_out)
        });
        read_out.map_err(broken)?;
        let status = child.0.wait().map_err(broken)?;
        match fed {
            Ok(Ok(())) => {}
            // `git` has said on standard error why it would not read on.
            Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Ok(Err(source)) => return Err(broken(source)),
            Err(_) => {
                return Err(broken(io::Error::other(
                    "the thread that feeds git stopped",
                )));
            }
        }
        Ok((status, stderr.map(StderrReader::finish).unwrap_or_default()))
    }
}

/// Takes away what could redirect `git`, and settles language, prompts and replacements.
pub(super) fn clean_environment(command: &mut Command, names: impl Iterator<Item = OsString>) {
    for name in names {
        let text = name.to_string_lossy();
        if text.starts_with("GIT_") && !GIT_VARIABLES_KEPT.contains(&text.as_ref()) {
            command.env_remove(&name);
        }
    }
    command
        .env("LC_ALL", "C")
        .env_remove("LANGUAGE")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_NO_LAZY_FETCH", "1")
        // A path that cannot exist: for one that can be opened git complains that grafts are old.
        .env("GIT_GRAFT_FILE", "/dev/null/none")
        .env("GIT_ADVICE", "0");
}

/// Stops the child when we leave early, so that no `git` outlives the call that started it.
struct RunningChild(Child);

impl RunningChild {
    fn stop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.0.kill();
    }
}

impl Drop for RunningChild {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            self.stop();
            let _ = self.0.wait();
        }
    }
}

/// Reads standard error on a thread of its own, keeping the first and the last part: `git` tells
/// the cause first or last.
struct StderrReader {
    kept: Arc<Mutex<BothEnds>>,
    end: Receiver<()>,
}

impl StderrReader {
    fn start(mut pipe: ChildStderr, end_size_max: usize) -> StderrReader {
        let kept = Arc::new(Mutex::new(BothEnds::new(end_size_max)));
        let (sender, end) = channel();
        let shared = kept.clone();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                lock(&shared).push(&chunk[..count]);
            }
            // Nobody waits any more if git ended long ago.
            let _ = sender.send(());
        });
        StderrReader { kept, end }
    }

    /// What was printed. Once git has ended its words are there; something it started may keep the
    /// pipe open much longer, such as a shared ssh connection, and is not waited for.
    fn finish(self) -> String {
        let _ = self.end.recv_timeout(STDERR_PATIENCE);
        lock(&self.kept).text()
    }
}

fn lock(kept: &Mutex<BothEnds>) -> MutexGuard<'_, BothEnds> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The beginning and the end of a long text.
struct BothEnds {
    head: Vec<u8>,
    tail: Vec<u8>,
    size_max: usize,
    has_gap: bool,
}

impl BothEnds {
    fn new(size_max: usize) -> BothEnds {
        BothEnds {
            head: Vec::new(),
            tail: Vec::new(),
            size_max,
            has_gap: false,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self
            .size_max
            .saturating_sub(self.head.len())
            .min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.tail.extend_from_slice(&bytes[room..]);
        if self.tail.len() > 2 * self.size_max {
            self.tail.drain(..self.tail.len() - self.size_max);
            self.has_gap = true;
        }
    }

    fn text(&self) -> String {
        let gap: &[u8] = if self.has_gap {
            "\n[…]\n".as_bytes()
        } else {
            b""
        };
        String::from_utf8_lossy(&[&self.head, gap, &self.tail].concat()).into_owned()
    }
}

/// What one run printed.
#[derive(Debug)]
pub struct GitOutput {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output, whole.
    pub stdout: Vec<u8>,
    /// Standard error, the middle cut out where it was long.
    pub stderr: String,
}

impl GitOutput {
    /// Standard output as text; bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    fn require_success(self, command: String) -> Result<GitOutput, GitError> {
        if self.status.success() {
            return Ok(self);
        }
        Err(GitError::Failed {
            command,
            exit_code: self.status.code(),
            words: self.stderr.trim().to_owned(),
        })
    }
}

/// Why `git` could not be run, or what it answered.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program is not there or cannot be started.
    #[error("cannot start `{}`: {source}", program.display())]
    NotStarted {
        /// The name or path that was tried.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `git --version` printed something else.
    #[error("cannot read the version of git from `{printed}`")]
    VersionUnreadable {
        /// The first 80 characters printed.
        printed: String,
    },
    /// The program is older than [`GIT_VERSION_MIN`].
    #[error("git {found} is too old: {GIT_VERSION_MIN} or newer is needed")]
    TooOld {
        /// The version found.
        found: GitVersion,
    },
    /// `git` ended with a failure of its own.
    #[error("`{command}` failed{}: {words}", exit_code.map(|code| format!(" with exit code {code}")).unwrap_or_default())]
    Failed {
        /// The command line.
        command: String,
        /// Its exit code; `None` when a signal ended it.
        exit_code: Option<i32>,
        /// What it printed on standard error.
        words: String,
    },
    /// It printed more than the caller is ready to hold.
    #[error("`{command}` printed more than {size_max} bytes")]
    TooMuchOutput {
        /// The command line.
        command: String,
        /// The limit, in bytes.
        size_max: u64,
    },
    /// The pipe to or from `git` broke, or the reader of its output gave up.
    #[error("cannot talk with `{command}`: {source}")]
    Pipe {
        /// The command line.
        command: String,
        /// What went wrong.
        source: io::Error,
    },
}

impl GitError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        match self {
            GitError::NotStarted { .. } => ErrorCode::GitMissing,
            GitError::VersionUnreadable { .. } | GitError::TooOld { .. } => ErrorCode::GitTooOld,
            GitError::Failed { words, .. } => code_of_words(words),
            GitError::TooMuchOutput { .. } => ErrorCode::GitFailed,
            GitError::Pipe { .. } => ErrorCode::Io,
        }
    }
}

/// A full or read-only disk is told apart, since the user must act on it outside Git.
fn code_of_words(words: &str) -> ErrorCode {
    if words.contains("No space left on device") || words.contains("Disk quota exceeded") {
        ErrorCode::DiskFull
    } else if words.contains("Read-only file system") {
        ErrorCode::ReadOnly
    } else {
        ErrorCode::GitFailed
    }
}
