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
mod process;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatos_values::{ErrorCode, Map, Text, Value, json};
use process::{Pipeline, Scratch};

/// The largest payload, in bytes of canonical JSON: an envelope's limit less room for its fields.
pub const PAYLOAD_SIZE_MAX: usize = 88 * 1024;

const MESSAGE_SIZE_MAX: usize = 32 * 1024;
const NAME_SIZE_MAX: usize = 1024;
const WORD_SIZE_MAX: usize = 64;
const PARENTS_MAX: usize = 256;
const PATH_SIZE_MAX: usize = 4096;
/// How much of one commit object is looked at; a longer message is cut anyway.
const OBJECT_SIZE_READ_MAX: u64 = 4 << 20;
const TOKEN_SIZE_MAX: usize = PATH_SIZE_MAX + 64;

/// Commits in one block; the blocks go round among the diff processes.
const BLOCK_COMMITS: usize = 64;
const DIFF_PROCESSES_MAX: usize = 4;

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
        to_hex(&self.id)
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

/// The repository to read: its objects behind a [`Scratch`], its tips, its shallow boundary.
struct Source {
    scratch: Arc<Scratch>,
    sha256: bool,
    tips: Vec<u8>,
    shallow: Arc<BTreeSet<Vec<u8>>>,
    diff_processes: usize,
    process_blocks: usize,
}

impl Source {
    fn find(path: &Path, options: &GitLogOptions) -> Result<Source, GitLogError> {
        let question = Question {
            program: &options.program,
            path,
        };
        let format = question.must(&["rev-parse", "--show-object-format=storage"])?;
        let sha256 = match trim_line(&format) {
            b"sha1" => false,
            b"sha256" => true,
            other => {
                return Err(GitLogError::UnknownObjectFormat {
                    path: path.to_owned(),
                    format: String::from_utf8_lossy(other).into_owned(),
                });
            }
        };
        let objects = question.git_path("objects")?;
        let shallow_file = process::read_optional(Path::new(&question.git_path("shallow")?))?;
        let tips = question.tips(options.all_refs)?;
        let shallow = shallow_file.as_deref().unwrap_or_default();
        let shallow = Arc::new(
            shallow
                .split(|byte| *byte == b'\n')
                .filter_map(from_hex)
                .collect(),
        );
        let scratch = Scratch::create(
            &options.program,
            &options.scratch_parent,
            &objects,
            sha256,
            shallow_file.as_deref(),
        )?;
        let diff_processes = options.diff_processes.clamp(1, DIFF_PROCESSES_MAX);
        Ok(Source {
            scratch: Arc::new(scratch),
            sha256,
            tips,
            shallow,
            diff_processes,
            process_blocks: options.process_blocks.max(1),
        })
    }

    /// All commits reachable from the tips, in order.
    fn order(&self) -> Result<CommitOrder, GitLogError> {
        let mut order = CommitOrder::new(self.sha256);
        let command = self.scratch.command(&["rev-list", "--stdin"]);
        let tips = self.tips.clone();
        let mut listing =
            Pipeline::start("rev-list", self.scratch.program(), command, move |to| {
                to.write_all(&tips)
            })?;
        // The ids go through us, in a listing of their own, so that both programs can be told
        // from each other when one fails.
        let mut ids = Vec::new();
        let mut line = Vec::new();
        while listing.read_token(b'\n', WORD_SIZE_MAX + 1, &mut line)? {
            let Some(id) = from_hex(&line).filter(|id| id.len() == order.id_size()) else {
                return Err(listing.failure("listed something that is no commit id"));
            };
            ids.extend_from_slice(&id);
        }
        listing.finish()?;
        let id_size = order.id_size();
        let count = ids.len() / id_size;
        let mut objects = self.object_reader("cat-file", move |to| {
            ids.chunks_exact(id_size)
                .try_for_each(|id| writeln!(to, "{}", to_hex(id)))
        })?;
        let mut object = Vec::new();
        for _ in 0..count {
            let Some(found) = read_object(&mut objects, &mut object, None)? else {
                return Err(objects.failure("stopped early"));
            };
            let unread = found.size - object.len() as u64;
            let commit = parse_commit(&object, &found.id_text, unread)?;
            let id = from_hex(found.id_text.as_bytes()).filter(|id| id.len() == id_size);
            let Some(id) = id else {
                return Err(objects.failure("answered with something that is no commit id"));
            };
            order.push(commit.committer.time.seconds, &id);
        }
        objects.finish()?;
        order.sort();
        Ok(order)
    }

    fn object_reader(
        &self,
        name: &'static str,
        feed: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Result<Pipeline, GitLogError> {
        let command = self.scratch.command(&["cat-file", "--batch", "--buffer"]);
        Pipeline::start(name, self.scratch.program(), command, feed)
    }
}

/// Questions to the repository itself.
struct Question<'a> {
    program: &'a Path,
    path: &'a Path,
}

impl Question<'_> {
    fn ask(&self, arguments: &[&str]) -> Result<process::Answer, GitLogError> {
        process::ask(self.program, self.path, arguments)
    }

    fn must(&self, arguments: &[&str]) -> Result<Vec<u8>, GitLogError> {
        let answer = self.ask(arguments)?;
        if answer.status.success() {
            Ok(answer.stdout)
        } else {
            Err(self.refusal(answer))
        }
    }

    fn refusal(&self, answer: process::Answer) -> GitLogError {
        let complaint = answer.complaint;
        let nothing_there = ["not a git repository", "cannot change to"];
        if nothing_there.iter().any(|words| complaint.contains(words)) {
            return GitLogError::NotARepository {
                path: self.path.to_owned(),
                complaint,
            };
        }
        GitLogError::Git {
            command: "rev-parse",
            complaint,
        }
    }

    fn git_path(&self, name: &str) -> Result<OsString, GitLogError> {
        let arguments = ["rev-parse", "--path-format=absolute", "--git-path", name];
        os_string(trim_line(&self.must(&arguments)?)).ok_or_else(|| GitLogError::Git {
            command: "rev-parse",
            complaint: "the repository's path is not text".to_owned(),
        })
    }

    /// The ids to start from, one a line.
    fn tips(&self, all_refs: bool) -> Result<Vec<u8>, GitLogError> {
        let mut tips = self.head()?;
        if all_refs {
            let format = "--format=%(objectname) %(refname)";
            let refs = self.must(&["for-each-ref", format])?;
            for line in refs.split(|byte| *byte == b'\n') {
                let Some(space) = line.iter().position(|byte| *byte == b' ') else {
                    continue;
                };
                if !line[space + 1..].starts_with(b"refs/gatos/") {
                    tips.extend_from_slice(&line[..space]);
                    tips.push(b'\n');
                }
            }
        }
        Ok(tips)
    }

    /// The commit `HEAD` names; nothing on a branch without commits.
    fn head(&self) -> Result<Vec<u8>, GitLogError> {
        let answer = self.ask(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
        if answer.status.success() {
            return Ok(answer.stdout);
        }
        // Quiet failure: either nothing is there yet, or something that is no commit.
        let answer = self.ask(&["rev-parse", "--verify", "--quiet", "HEAD"])?;
        if answer.status.success() {
            let head = String::from_utf8_lossy(trim_line(&answer.stdout)).into_owned();
            let reason = "HEAD names it, but it is missing or no commit";
            return Err(GitLogError::BadCommit {
                commit: head,
                reason,
            });
        }
        if answer.complaint.is_empty() {
            Ok(Vec::new())
        } else {
            Err(self.refusal(answer))
        }
    }
}

/// Commit ids in order of (commit time, id), packed.
#[derive(Clone)]
enum CommitOrder {
    Sha1(Vec<[u8; 28]>),
    Sha256(Vec<[u8; 40]>),
}

impl CommitOrder {
    fn new(sha256: bool) -> CommitOrder {
        if sha256 {
            CommitOrder::Sha256(Vec::new())
        } else {
            CommitOrder::Sha1(Vec::new())
        }
    }

    fn id_size(&self) -> usize {
        match self {
            CommitOrder::Sha1(_) => 20,
            CommitOrder::Sha256(_) => 32,
        }
    }

    /// `id` has [`CommitOrder::id_size`] bytes.
    fn push(&mut self, time_seconds: u64, id: &[u8]) {
        fn record<const SIZE: usize>(time_seconds: u64, id: &[u8]) -> [u8; SIZE] {
            let mut record = [0; SIZE];
            record[..8].copy_from_slice(&time_seconds.to_be_bytes());
            record[8..].copy_from_slice(id);
            record
        }
        match self {
            CommitOrder::Sha1(records) => records.push(record(time_seconds, id)),
            CommitOrder::Sha256(records) => records.push(record(time_seconds, id)),
        }
    }

    fn sort(&mut self) {
        match self {
            CommitOrder::Sha1(records) => records.sort_unstable(),
            CommitOrder::Sha256(records) => records.sort_unstable(),
        }
    }

    fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        match self {
            CommitOrder::Sha1(records) => records.retain(|record| keep(&record[8..])),
            CommitOrder::Sha256(records) => records.retain(|record| keep(&record[8..])),
        }
    }

    fn len(&self) -> usize {
        match self {
            CommitOrder::Sha1(records) => records.len(),
            CommitOrder::Sha256(records) => records.len(),
        }
    }

    fn record(&self, index: usize) -> &[u8] {
        match self {
            CommitOrder::Sha1(records) => &records[index],
            CommitOrder::Sha256(records) => &records[index],
        }
    }

    fn id(&self, index: usize) -> &[u8] {
        &self.record(index)[8..]
    }

    fn id_text(&self, index: usize) -> String {
        to_hex(self.id(index))
    }

    fn time_seconds(&self, index: usize) -> u64 {
        self.record(index)[..8]
            .iter()
            .fold(0, |time, byte| time << 8 | u64::from(*byte))
    }
}

struct FoundObject {
    id_text: String,
    /// The whole object, in bytes; only the first [`OBJECT_SIZE_READ_MAX`] are kept.
    size: u64,
}

/// The next commit object of a `cat-file --batch`; `None` at its end (unless one is expected).
fn read_object(
    objects: &mut Pipeline,
    object: &mut Vec<u8>,
    expected: Option<&str>,
) -> Result<Option<FoundObject>, GitLogError> {
    // `<id> commit <size>` or `<id> missing`.
    if !objects.read_token(b'\n', 256, object)? {
        return match expected {
            None => Ok(None),
            Some(_) => Err(objects.failure("stopped early")),
        };
    }
    let line = String::from_utf8_lossy(object).into_owned();
    let mut words = line.split(' ');
    let id_text = words.next().unwrap_or_default().to_owned();
    if expected.is_some_and(|expected| expected != id_text) {
        return Err(objects.failure("answered out of turn"));
    }
    let kind = words.next().unwrap_or_default();
    let size = words.next().and_then(|size| size.parse::<u64>().ok());
    let size = match (kind, size) {
        ("commit", Some(size)) => size,
        ("missing", _) => {
            return Err(GitLogError::BadCommit {
                commit: id_text,
                reason: "it is missing",
            });
        }
        _ => {
            return Err(GitLogError::BadCommit {
                commit: id_text,
                reason: "it is no commit",
            });
        }
    };
    if !objects.read_content(size, OBJECT_SIZE_READ_MAX, object)? {
        return Err(objects.failure("stopped early"));
    }
    let mut end = Vec::new();
    if !objects.read_token(b'\n', 1, &mut end)? || !end.is_empty() {
        return Err(objects.failure("answered with a wrong size"));
    }
    Ok(Some(FoundObject { id_text, size }))
}

/// `unread` counts the bytes of the object behind those given.
fn parse_commit<'a>(
    object: &'a [u8],
    id: &str,
    unread: u64,
) -> Result<commit::Commit<'a>, GitLogError> {
    let parsed = match commit::parse(object, id.len()) {
        Ok(commit) if unread > 0 && !commit.header_ended => Err("its header is above 4 MiB"),
        parsed => parsed,
    };
    parsed.map_err(|reason| GitLogError::BadCommit {
        commit: id.to_owned(),
        reason,
    })
}

/// One changed path, as `--numstat` tells it.
struct Change<'a> {
    /// `None` for binary content.
    added: Option<u64>,
    deleted: Option<u64>,
    path: &'a [u8],
}

/// The diff processes. Blocks of commits go round among them, so that all work ahead at once
/// while their answers are read in order.
struct DiffWorkers {
    scratch: Arc<Scratch>,
    order: Arc<CommitOrder>,
    shallow: Arc<BTreeSet<Vec<u8>>>,
    process_blocks: usize,
    workers: Vec<DiffWorker>,
}

#[derive(Default)]
struct DiffWorker {
    generation: usize,
    running: Option<Pipeline>,
    /// The last token read; a header when `header_ready`.
    token: Vec<u8>,
    header_ready: bool,
}

impl DiffWorkers {
    fn new(source: &Source, order: &Arc<CommitOrder>) -> DiffWorkers {
        DiffWorkers {
            scratch: Arc::clone(&source.scratch),
            order: Arc::clone(order),
            shallow: Arc::clone(&source.shallow),
            process_blocks: source.process_blocks,
            workers: (0..source.diff_processes)
                .map(|_| DiffWorker::default())
                .collect(),
        }
    }

    /// Reads the changes of the commit at `index`; indexes only rise.
    fn read(&mut self, index: usize, each: impl FnMut(Change<'_>)) -> Result<(), GitLogError> {
        let block = index / BLOCK_COMMITS;
        let which = block % self.workers.len();
        let generation = block / self.workers.len() / self.process_blocks;
        let worker = &self.workers[which];
        if worker.running.is_none() || worker.generation != generation {
            self.start(which, generation)?;
            if generation == 0 {
                // Let the others begin at once.
                for other in which + 1..self.workers.len() {
                    if self.workers[other].running.is_none() {
                        self.start(other, 0)?;
                    }
                }
            }
        }
        let id_text = self.order.id_text(index);
        self.workers[which].read(id_text.as_bytes(), each)
    }

    fn start(&mut self, which: usize, generation: usize) -> Result<(), GitLogError> {
        let worker = &mut self.workers[which];
        worker.finish()?;
        let command = self.scratch.command(&DIFF_TREE);
        let order = Arc::clone(&self.order);
        let shallow = Arc::clone(&self.shallow);
        let (count, process_blocks) = (self.workers.len(), self.process_blocks);
        let feed = move |input: &mut dyn Write| {
            let turns = generation * process_blocks..(generation + 1) * process_blocks;
            for first in turns.map(|turn| (turn * count + which) * BLOCK_COMMITS) {
                for index in first..(first + BLOCK_COMMITS).min(order.len()) {
                    if !shallow.contains(order.id(index)) {
                        writeln!(input, "{}", order.id_text(index))?;
                    }
                }
            }
            Ok(())
        };
        let running = Pipeline::start("diff-tree", self.scratch.program(), command, feed)?;
        self.workers[which] = DiffWorker {
            generation,
            running: Some(running),
            ..DiffWorker::default()
        };
        Ok(())
    }

    fn finish(&mut self) -> Result<(), GitLogError> {
        self.workers.iter_mut().try_for_each(DiffWorker::finish)
    }
}

/// Every choice that a configuration or a newer Git could make otherwise is written out.
const DIFF_TREE: [&str; 17] = [
    "diff-tree",
    "--stdin",
    "-r",
    "--root",
    "--always",
    "--numstat",
    "-z",
    "--no-renames",
    "--diff-algorithm=myers",
    "--no-indent-heuristic",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--ignore-submodules=none",
    "--submodule=short",
    "--no-notes",
];

impl DiffWorker {
    fn read(
        &mut self,
        id_text: &[u8],
        mut each: impl FnMut(Change<'_>),
    ) -> Result<(), GitLogError> {
        let running = self
            .running
            .as_mut()
            .expect("started by `DiffWorkers::read`");
        if !self.header_ready && !running.read_token(0, TOKEN_SIZE_MAX, &mut self.token)? {
            return Err(running.failure("stopped early"));
        }
        self.header_ready = false;
        if self.token != id_text {
            return Err(running.failure("answered out of turn"));
        }
        // Changes have two tabs in front of the path; the next commit's header has none.
        while running.read_token(0, TOKEN_SIZE_MAX, &mut self.token)? {
            if !self.token.contains(&b'\t') {
                self.header_ready = true;
                return Ok(());
            }
            match change(&self.token) {
                Some(change) => each(change),
                None => return Err(running.failure("listed a change we cannot read")),
            }
        }
        running.finish()
    }

    fn finish(&mut self) -> Result<(), GitLogError> {
        self.header_ready = false;
        match self.running.take() {
            Some(mut running) => running.finish(),
            None => Ok(()),
        }
    }
}

/// `added TAB deleted TAB path`, with `-` twice for binary content.
fn change(token: &[u8]) -> Option<Change<'_>> {
    let mut parts = token.splitn(3, |byte| *byte == b'\t');
    let mut count = || -> Option<Option<u64>> {
        let text = parts.next()?;
        if text == b"-" {
            return Some(None);
        }
        Some(Some(std::str::from_utf8(text).ok()?.parse().ok()?))
    };
    let (added, deleted) = (count()?, count()?);
    Some(Change {
        added,
        deleted,
        path: parts.next()?,
    })
}

/// A payload under construction: everything but the paths.
struct PayloadBuilder {
    fields: Vec<(Text, Value)>,
}

impl PayloadBuilder {
    /// `unread` counts the bytes of the object behind those that were read.
    fn new(id_text: &str, commit: &commit::Commit<'_>, unread: u64) -> PayloadBuilder {
        let mut payload = PayloadBuilder {
            fields: Vec::with_capacity(12),
        };
        payload.put("commit", ascii_value(id_text));
        payload.put("author", identity(&commit.author));
        payload.put("committer", identity(&commit.committer));
        payload.put_time("time", "time_raw", &commit.committer.time);
        payload.put_time("author_time", "author_time_raw", &commit.author.time);
        if let Some(encoding) = commit.encoding {
            payload.put(
                "encoding",
                Value::Text(text::encode(encoding, WORD_SIZE_MAX).0),
            );
        }
        let (message, cut) = text::encode(commit.message, MESSAGE_SIZE_MAX);
        payload.put("message", Value::Text(message));
        payload.put_count("message_omitted", cut as u64 + unread);
        let listed = commit.parents.iter().take(PARENTS_MAX);
        let listed =
            listed.map(|parent| ascii_value(&String::from_utf8_lossy(parent).to_ascii_lowercase()));
        payload.put("parents", Value::List(listed.collect()));
        payload.put_count(
            "parents_omitted",
            commit.parents.len().saturating_sub(PARENTS_MAX) as u64,
        );
        payload
    }

    fn put(&mut self, key: &'static str, value: Value) {
        self.fields.push((Text::from_ascii(key), value));
    }

    fn put_count(&mut self, key: &'static str, count: u64) {
        if count > 0 {
            self.put(key, Value::from(count));
        }
    }

    fn put_time(&mut self, key: &'static str, raw_key: &'static str, time: &commit::Time<'_>) {
        self.put(key, ascii_value(&commit::rfc3339(time.seconds)));
        if let Some(raw) = time.raw {
            self.put(raw_key, Value::Text(text::encode(raw, WORD_SIZE_MAX).0));
        }
    }

    fn paths(mut self) -> PathsBuilder {
        self.put("paths", Value::List(Vec::new()));
        let others = Value::Map(to_map(self.fields.clone()));
        let size = json::encode_canonical(&others).map_or(PAYLOAD_SIZE_MAX, |bytes| bytes.len());
        self.fields.pop();
        PathsBuilder {
            payload: self,
            paths: Vec::new(),
            // Room for `"paths_omitted":<count>,` whether it will be needed or not.
            size_left: PAYLOAD_SIZE_MAX.saturating_sub(size + 40),
            omitted: 0,
        }
    }
}

/// The changed paths of a payload, as many as fit.
struct PathsBuilder {
    payload: PayloadBuilder,
    paths: Vec<Value>,
    size_left: usize,
    omitted: u64,
}

impl PathsBuilder {
    /// Once one does not fit, all that follow are only counted.
    fn push(&mut self, change: Change<'_>) {
        if self.omitted > 0 || !self.push_fitting(&change) {
            self.omitted += 1;
        }
    }

    fn push_fitting(&mut self, change: &Change<'_>) -> bool {
        let (path, cut) = text::encode(change.path, PATH_SIZE_MAX);
        let size = r#"{"added":,"deleted":,"path":""},"#.len()
            + decimal_size(change.added)
            + decimal_size(change.deleted)
            + text::json_size(&path);
        if cut > 0 || size > self.size_left {
            return false;
        }
        self.size_left -= size;
        let count = |count: Option<u64>| count.map_or(Value::Null, Value::from);
        self.paths.push(Value::Map(to_map(vec![
            (Text::from_ascii("added"), count(change.added)),
            (Text::from_ascii("deleted"), count(change.deleted)),
            (Text::from_ascii("path"), Value::Text(path)),
        ])));
        true
    }

    fn finish(mut self) -> Value {
        self.payload.put("paths", Value::List(self.paths));
        self.payload.put_count("paths_omitted", self.omitted);
        Value::Map(to_map(self.payload.fields))
    }
}

fn identity(signature: &commit::Signature<'_>) -> Value {
    let mut fields = PayloadBuilder {
        fields: Vec::with_capacity(2),
    };
    let (email, cut) = text::encode(signature.email, NAME_SIZE_MAX);
    fields.put("email", Value::Text(email));
    fields.put_count("email_omitted", cut as u64);
    let (name, cut) = text::encode(signature.name, NAME_SIZE_MAX);
    fields.put("name", Value::Text(name));
    fields.put_count("name_omitted", cut as u64);
    Value::Map(to_map(fields.fields))
}

fn to_map(fields: Vec<(Text, Value)>) -> Map {
    Map::from_entries(fields).expect("every key is written once")
}

fn ascii_value(text: &str) -> Value {
    Value::Text(Text::new(text).expect("ASCII is NFC"))
}

fn decimal_size(count: Option<u64>) -> usize {
    match count {
        None => "null".len(),
        Some(0) => 1,
        Some(count) => count.ilog10() as usize + 1,
    }
}

fn trim_line(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes.to_vec()))
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> Option<OsString> {
    String::from_utf8(bytes.to_vec()).ok().map(OsString::from)
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Bytes of lower-case hexadecimal text; `None` for anything else, also for nothing.
fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    if text.is_empty() || text.len() % 2 != 0 {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    text.chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}
