//! Which paths each commit changed, by how many lines: `git diff-tree` in a few processes side by side.
//!
//! INVARIANT: answers are matched to commits by their ids; a process that says anything else ends the log.
//! Tests: `tests.rs` beside this file.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use super::GitLogError;
use super::order::CommitOrder;
use super::payload::PATH_SIZE_MAX;
use super::process::{Pipeline, Scratch};
use super::source::Source;

/// Commits in one block; the blocks go round among the processes.
pub(super) const BLOCK_COMMITS: usize = 64;
/// A path longer than this is only known to be too long.
const TOKEN_SIZE_MAX: usize = PATH_SIZE_MAX + 64;

/// One changed path, as `--numstat` tells it.
pub(super) struct Change<'a> {
    /// `None` for binary content.
    pub added: Option<u64>,
    pub deleted: Option<u64>,
    pub path: &'a [u8],
}

/// The diff processes. Blocks of commits go round among them, so that all work ahead at once
/// while their answers are read in order.
pub(super) struct DiffWorkers {
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
    pub fn new(source: &Source, order: &Arc<CommitOrder>) -> DiffWorkers {
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
    pub fn read(&mut self, index: usize, each: impl FnMut(Change<'_>)) -> Result<(), GitLogError> {
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

    pub fn finish(&mut self) -> Result<(), GitLogError> {
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
pub(super) fn change(token: &[u8]) -> Option<Change<'_>> {
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
