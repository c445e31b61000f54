//! Any Git history as a stream of payloads for `git.commit` events, oldest first.
//!
//! [`GitLog`] lists the commits of a repository, orders them by (commit time, commit id) and
//! yields one [`GitCommitRecord`] each: who, when, why, which paths, how many lines. Making events
//! of them (actor, ULID, idempotency, signature) is the importer's work.
//!
//! INVARIANT 1: the same history gives the same payload bytes on every machine, in every locale,
//! under every configuration of the repository, its owner or the reader.
//! INVARIANT 2: besides some 50 bytes a commit memory does not grow with
//! the history, and a payload never exceeds [`PAYLOAD_SIZE_MAX`].
//! Format: docs/formats/git-commit.md. Tests: `git_log/tests.rs`.

mod commit;
mod diff;
mod order;
mod payload;
mod process;
mod source;
mod text;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatos_values::{ErrorCode, Value, hex};

use diff::DiffWorkers;
use order::CommitOrder;
use payload::PayloadBuilder;
use process::Pipeline;
use source::{Source, parse_commit, read_object};

pub use payload::PAYLOAD_SIZE_MAX;

/// How to read a history.
#[derive(Debug, Clone)]
pub struct GitLogOptions {
    /// Take the history of every ref and `HEAD`, not of `HEAD` alone. GATOS's own refs
    /// (`refs/gatos/`) are never taken: importing them would never end.
    pub all_refs: bool,
    /// The `git` program.
    pub program: PathBuf,
    /// Where a small scratch directory may live while the history is read.
    pub scratch_parent: PathBuf,
    /// How many diff processes run side by side (at least one, at most four).
    pub diff_processes: usize,
    /// After how many blocks of 64 commits a diff process is replaced by a fresh one (at least one): Git keeps
    /// what it has parsed, so this bounds its memory.
    pub process_blocks: usize,
}

impl Default for GitLogOptions {
    fn default() -> Self {
        GitLogOptions {
            all_refs: false,
            program: PathBuf::from("git"),
            scratch_parent: std::env::temp_dir(),
            diff_processes: std::thread::available_parallelism().map_or(1, |count| count.get()),
            process_blocks: 128,
        }
    }
}

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitLogError {
    /// There is no `git` to run.
    #[error("`{}` cannot be found", program.display())]
    GitMissing {
        /// What was looked for.
        program: PathBuf,
    },
    /// The path names no Git repository.
    #[error("`{}` is not a Git repository: {complaint}", path.display())]
    NotARepository {
        /// The path as given.
        path: PathBuf,
        /// Git's words.
        complaint: String,
    },
    /// Git failed; a damaged or incomplete repository is the usual cause.
    #[error("git {command} failed: {complaint}")]
    Git {
        /// The subcommand.
        command: &'static str,
        /// Git's words.
        complaint: String,
    },
    /// The repository is of a kind we do not know.
    #[error("`{}` keeps its objects in the unknown format `{format}`", path.display())]
    UnknownObjectFormat {
        /// The path as given.
        path: PathBuf,
        /// Git's name of the format.
        format: String,
    },
    /// An object that Git lists as a commit is none.
    #[error("commit `{commit}` cannot be read: {reason}")]
    BadCommit {
        /// The commit id.
        commit: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The operating system refused something.
    #[error("cannot {doing}: {error}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The refusal.
        error: io::Error,
    },
}

impl GitLogError {
    /// The code of the published table.
    pub fn code(&self) -> ErrorCode {
        match self {
            GitLogError::GitMissing { .. } => ErrorCode::GitMissing,
            GitLogError::NotARepository { .. } => ErrorCode::NoRepository,
            GitLogError::Git { .. } => ErrorCode::GitFailed,
            GitLogError::UnknownObjectFormat { .. } => ErrorCode::UnsupportedRepository,
            GitLogError::BadCommit { .. } => ErrorCode::BadCommit,
            GitLogError::Io { .. } => ErrorCode::Io,
        }
    }

    /// What to try next.
    pub fn hint(&self) -> &'static str {
        match self {
            GitLogError::GitMissing { .. } => "install git, or put it on PATH",
            GitLogError::NotARepository { .. } => "name the folder of a Git repository",
            GitLogError::Git { complaint, .. } if complaint.contains("dubious ownership") => {
                "if you trust that folder: git config --global --add safe.directory <folder>"
            }
            GitLogError::Git { .. } => {
                "run `git fsck` there; in a partial clone fetch the missing objects first \
                 (git fetch --refetch --no-filter)"
            }
            GitLogError::UnknownObjectFormat { .. } => "convert it to SHA-1 or SHA-256",
            GitLogError::BadCommit { .. } => "run `git fsck` there",
            GitLogError::Io { .. } => "check the temporary folder and the free disk space",
        }
    }
}

/// One commit as an event will carry it.
#[derive(Debug, Clone, PartialEq)]
pub struct GitCommitRecord {
    /// The commit id: 20 or 32 bytes.
    pub id: Vec<u8>,
    /// Commit time in seconds since 1970, clamped to 0 … 2^34 − 1.
    pub time_seconds: u64,
    /// The event's payload.
    pub payload: Value,
}

impl GitCommitRecord {
    /// The commit id in lower-case hexadecimal.
    #[must_use]
    pub fn commit_hex(&self) -> String {
        hex::encode(&self.id)
    }

    /// The commit time in milliseconds.
    #[must_use]
    pub const fn time_ms(&self) -> u64 {
        self.time_seconds * 1000
    }

    /// The first 80 bits of the commit id, for the random part of the ULID.
    #[must_use]
    pub fn random_bits(&self) -> u128 {
        self.id
            .iter()
            .take(10)
            .fold(0, |bits, byte| bits << 8 | u128::from(*byte))
    }
}

/// A history being read: an iterator over its commits, oldest first. Ends after an error.
pub struct GitLog {
    source: Source,
    order: Arc<CommitOrder>,
    next: usize,
    ended: bool,
    reading: Option<Reading>,
}

/// The processes of a history whose first commit has been asked for.
struct Reading {
    /// Commit objects in order.
    objects: Pipeline,
    diffs: DiffWorkers,
    /// The last object; kept for its memory.
    object: Vec<u8>,
}

impl GitLog {
    /// Lists and orders the commits of the repository at (or above) `path`. An empty repository
    /// has an empty history.
    ///
    /// # Errors
    /// [`GitLogError`].
    pub fn open(path: &Path, options: &GitLogOptions) -> Result<GitLog, GitLogError> {
        let source = Source::find(path, options)?;
        let order = Arc::new(source.order()?);
        Ok(GitLog {
            source,
            order,
            next: 0,
            ended: false,
            reading: None,
        })
    }

    /// Leaves out the commits that `keep` does not want, by their ids (20 or 32 bytes). Before the
    /// first commit is read this costs nothing but the asking; afterwards it does nothing.
    pub fn retain(&mut self, keep: impl FnMut(&[u8]) -> bool) {
        if self.reading.is_none() {
            Arc::make_mut(&mut self.order).retain(keep);
        }
    }

    /// How many commits there are in all.
    #[must_use]
    pub fn commit_count(&self) -> u64 {
        self.order.len() as u64
    }

    fn read(&mut self, index: usize) -> Result<GitCommitRecord, GitLogError> {
        if self.reading.is_none() {
            self.reading = Some(Reading::start(&self.source, &self.order)?);
        }
        let reading = self.reading.as_mut().expect("it was started above");
        let id_text = self.order.id_text(index);
        let size = read_object(&mut reading.objects, &mut reading.object, Some(&id_text))?
            .expect("an expected id gives an object or an error")
            .size;
        let unread = size - reading.object.len() as u64;
        let commit = parse_commit(&reading.object, &id_text, unread)?;
        let mut payload = PayloadBuilder::new(&id_text, &commit, unread);
        let shallow = self.source.shallow.contains(self.order.id(index));
        if shallow {
            // Its parents are not here: what it changed cannot be known.
            payload.put("shallow", Value::Bool(true));
        }
        let mut paths = payload.paths();
        if !shallow {
            reading.diffs.read(index, |change| paths.push(change))?;
        }
        if index + 1 == self.order.len() {
            // A process that failed at the very end must not go unnoticed.
            reading.objects.finish()?;
            reading.diffs.finish()?;
        }
        Ok(GitCommitRecord {
            id: self.order.id(index).to_vec(),
            time_seconds: self.order.time_seconds(index),
            payload: paths.finish(),
        })
    }
}

impl Reading {
    fn start(source: &Source, order: &Arc<CommitOrder>) -> Result<Reading, GitLogError> {
        let objects = source.object_reader("cat-file", {
            let order = Arc::clone(order);
            move |input| {
                (0..order.len()).try_for_each(|index| writeln!(input, "{}", order.id_text(index)))
            }
        })?;
        let diffs = DiffWorkers::new(source, order);
        Ok(Reading {
            objects,
            diffs,
            object: Vec::new(),
        })
    }
}

impl Iterator for GitLog {
    type Item = Result<GitCommitRecord, GitLogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended || self.next == self.order.len() {
            return None;
        }
        let record = self.read(self.next);
        self.next += 1;
        self.ended = record.is_err();
        Some(record)
    }
}
