//! Running the installed `git` on somebody else's repository, read-only and undisturbed by it.
//!
//! Two kinds of call. A *question* (where are the objects, what is `HEAD`) runs in the repository
//! itself. All *reading* runs in a scratch Git directory of ours whose object store is the
//! repository's: its configuration, attributes, grafts, replace refs, hooks and promisor remotes
//! are then out of reach, so they can neither run anything nor change a byte of the answer.
//!
//! INVARIANT: nothing is written below the repository, and no process outlives its [`Pipeline`].
//! Tests: `tests.rs` beside this file.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use super::GitLogError;

/// How much of a failed program's complaint is kept, in bytes.
const COMPLAINT_SIZE_MAX: u64 = 4096;

/// A `git` command without the caller's `GIT_*` variables, in the C locale, that never asks.
fn clean_command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"GIT_") {
            command.env_remove(name);
        }
    }
    command
        .env("LC_ALL", "C")
        .env("LANGUAGE", "C")
        .env("TZ", "UTC")
        .env("GIT_PAGER", "cat")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        // Older versions do not know the first; the second stops every transport in all of them.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none");
    command
}

/// What a short-lived command said.
pub(super) struct Answer {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub complaint: String,
}

/// Asks the repository at `path` one question.
pub(super) fn ask(program: &Path, path: &Path, arguments: &[&str]) -> Result<Answer, GitLogError> {
    let output = clean_command(program)
        .arg("-C")
        .arg(path)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| start_error(program, error))?;
    let kept = output.stderr.len().min(COMPLAINT_SIZE_MAX as usize);
    Ok(Answer {
        status: output.status,
        stdout: output.stdout,
        complaint: complaint_text(&output.stderr[..kept]),
    })
}

fn start_error(program: &Path, error: io::Error) -> GitLogError {
    if error.kind() == io::ErrorKind::NotFound {
        GitLogError::GitMissing {
            program: program.to_owned(),
        }
    } else {
        GitLogError::Io {
            doing: "start git",
            error,
        }
    }
}

fn complaint_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// A scratch Git directory that borrows the objects of another repository; removed when dropped.
pub(super) struct Scratch {
    program: PathBuf,
    directory: PathBuf,
    objects: OsString,
}

impl Scratch {
    /// Makes one below `parent`. `shallow` is the text of the repository's shallow file, if any.
    pub fn create(
        program: &Path,
        parent: &Path,
        objects: &OsStr,
        sha256: bool,
        shallow: Option<&[u8]>,
    ) -> Result<Scratch, GitLogError> {
        let directory = create_private_directory(parent).map_err(|error| GitLogError::Io {
            doing: "create a scratch directory",
            error,
        })?;
        let scratch = Scratch {
            program: program.to_owned(),
            directory,
            objects: objects.to_owned(),
        };
        scratch
            .fill(sha256, shallow)
            .map_err(|error| GitLogError::Io {
                doing: "fill the scratch directory",
                error,
            })?;
        Ok(scratch)
    }

    fn fill(&self, sha256: bool, shallow: Option<&[u8]>) -> io::Result<()> {
        let file = |name: &str| self.directory.join(name);
        fs::create_dir(file("refs"))?;
        fs::create_dir(file("objects"))?;
        fs::write(file("HEAD"), "ref: refs/heads/none\n")?;
        fs::write(file("nothing"), "")?;
        // Small windows keep the mapped part of a large pack small; measured: no slower.
        let mut config = String::from("[core]\n\tbare = true\n\tcommitGraph = false\n");
        config.push_str("\tpackedGitWindowSize = 1m\n\tpackedGitLimit = 16m\n");
        config.push_str("\tdeltaBaseCacheLimit = 16m\n");
        if sha256 {
            config.push_str("\trepositoryformatversion = 1\n");
            config.push_str("[extensions]\n\tobjectFormat = sha256\n");
        } else {
            config.push_str("\trepositoryformatversion = 0\n");
        }
        fs::write(file("config"), config)?;
        if let Some(shallow) = shallow {
            fs::write(file("shallow"), shallow)?;
        }
        Ok(())
    }

    /// A command that sees the borrowed objects and no configuration but ours.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let nothing = self.directory.join("nothing");
        let mut attributes = OsString::from("core.attributesFile=");
        attributes.push(&nothing);
        let mut command = clean_command(&self.program);
        command
            .current_dir(&self.directory)
            .env("GIT_DIR", &self.directory)
            .env("GIT_OBJECT_DIRECTORY", &self.objects)
            .env("GIT_GRAFT_FILE", &nothing)
            .env("GIT_CONFIG_GLOBAL", &nothing)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .arg("--no-pager")
            .arg("-c")
            .arg(attributes)
            .args(arguments);
        command
    }

    pub fn program(&self) -> &Path {
        &self.program
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing of value is inside; a leftover in the temporary directory harms nobody.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn create_private_directory(parent: &Path) -> io::Result<PathBuf> {
    let mut attempts_left = 16;
    loop {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let directory = parent.join(format!("gatos-read-{:016x}", u64::from_le_bytes(random)));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&directory) {
            Ok(()) => return fs::canonicalize(directory),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts_left > 0 => {
                attempts_left -= 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// A running `git`: a thread feeds its standard input, its output is read here, its complaint is
/// collected by another thread. Dropped early, it is killed.
pub(super) struct Pipeline {
    name: &'static str,
    child: Child,
    stdout: BufReader<ChildStdout>,
    feeder: Option<JoinHandle<()>>,
    complaint: Option<JoinHandle<Vec<u8>>>,
    finished: bool,
}

impl Pipeline {
    /// Starts `command`; `feed` writes its whole input and may stop at the first error.
    pub fn start(
        name: &'static str,
        program: &Path,
        mut command: Command,
        feed: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Pipeline, GitLogError> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| start_error(program, error))?;
        let stdin = child.stdin.take().expect("standard input was asked for");
        let stdout = child.stdout.take().expect("standard output was asked for");
        let mut stderr = child.stderr.take().expect("standard error was asked for");
        let feeder = std::thread::spawn(move || {
            // A broken pipe means the program died; its exit status tells why.
            let mut input = BufWriter::with_capacity(32 * 1024, stdin);
            let _ = feed(&mut input).and_then(|()| input.flush());
        });
        let complaint = std::thread::spawn(move || {
            let mut kept = Vec::new();
            let _ = (&mut stderr)
                .take(COMPLAINT_SIZE_MAX)
                .read_to_end(&mut kept);
            let _ = io::copy(&mut stderr, &mut io::sink());
            kept
        });
        Ok(Pipeline {
            name,
            child,
            stdout: BufReader::with_capacity(64 * 1024, stdout),
            feeder: Some(feeder),
            complaint: Some(complaint),
            finished: false,
        })
    }

    /// Reads up to and including `end` into `token` (emptied first), keeping at most `kept_max`
    /// bytes; `end` itself is not kept. `false` at the end of the output.
    pub fn read_token(
        &mut self,
        end: u8,
        kept_max: usize,
        token: &mut Vec<u8>,
    ) -> Result<bool, GitLogError> {
        token.clear();
        let mut anything = false;
        loop {
            let available = self.stdout.fill_buf().map_err(read_error)?;
            if available.is_empty() {
                return Ok(anything);
            }
            anything = true;
            let found = available.iter().position(|byte| *byte == end);
            let part = &available[..found.unwrap_or(available.len())];
            let kept = part.len().min(kept_max - token.len());
            token.extend_from_slice(&part[..kept]);
            let consumed = part.len() + usize::from(found.is_some());
            self.stdout.consume(consumed);
            if found.is_some() {
                return Ok(true);
            }
        }
    }

    /// Reads `size` bytes, keeping at most `kept_max` of them in `content` (emptied first).
    /// `false` when the output ends before.
    pub fn read_content(
        &mut self,
        size: u64,
        kept_max: u64,
        content: &mut Vec<u8>,
    ) -> Result<bool, GitLogError> {
        content.clear();
        let kept_max = size.min(kept_max);
        let kept = (&mut self.stdout).take(kept_max).read_to_end(content);
        let kept = kept.map_err(read_error)? as u64;
        let rest = size - kept_max;
        let skipped = io::copy(&mut (&mut self.stdout).take(rest), &mut io::sink());
        let skipped = skipped.map_err(read_error)?;
        Ok(kept == kept_max && skipped == rest)
    }

    /// Waits for the end; an error if the program failed or said more than was read.
    pub fn finish(&mut self) -> Result<(), GitLogError> {
        let rest = self.stdout.fill_buf().map_err(read_error)?;
        if !rest.is_empty() {
            return Err(self.failure("said more than it was asked"));
        }
        let status = self.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(self.failure("failed"))
        }
    }

    /// The error for a program that stopped or spoke wrongly; ends it.
    pub fn failure(&mut self, what: &str) -> GitLogError {
        let _ = self.child.kill();
        let status = self.wait();
        let mut complaint = self.complaint.take().map_or_else(String::new, |thread| {
            complaint_text(&thread.join().unwrap_or_default())
        });
        if complaint.is_empty() {
            complaint = match status {
                Ok(status) => format!("{what} ({status})"),
                Err(error) => error.to_string(),
            };
        }
        GitLogError::Git {
            command: self.name,
            complaint,
        }
    }

    fn wait(&mut self) -> Result<ExitStatus, GitLogError> {
        self.finished = true;
        self.child.wait().map_err(|error| GitLogError::Io {
            doing: "wait for git",
            error,
        })
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if !self.finished {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        // Both threads end with the process: their pipes are closed.
        if let Some(thread) = self.feeder.take() {
            let _ = thread.join();
        }
        if let Some(thread) = self.complaint.take() {
            let _ = thread.join();
        }
    }
}

fn read_error(error: io::Error) -> GitLogError {
    GitLogError::Io {
        doing: "read from git",
        error,
    }
}

/// Reads a small file that may be absent.
pub(super) fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, GitLogError> {
    let open = |path: &Path| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match open(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(GitLogError::Io {
            doing: "read the shallow file",
            error,
        }),
    }
}
