//! Keeping the object store quick: folding packs, writing the commit graph, packing refs.
//!
//! Each visible batch of events is a pack of its own, so packs pile up; readers slow down from some
//! hundreds on. `git` does the folding. It keeps objects without a ref, and packs with a `.keep`
//! beside them are left alone; a `git gc` by other hands honours the latter, too.
//!
//! INVARIANT: nothing here runs but under the writer's lock, while no fresh pack waits for its ref.
//! Tests: `upkeep/tests.rs`.

use std::fs;
use std::io;

use gatos_values::ErrorCode;

use crate::files::{self, FileError, FileOperation};
use crate::git::{GitCommand, GitError, Repository};
use crate::objects;
use crate::refs::{self, RefError};

#[cfg(test)]
mod tests;

/// Packs from which on they are folded.
pub const PACK_COUNT_MAX: usize = 64;
/// Loose objects from which on they are packed.
pub const LOOSE_COUNT_MAX: usize = 4096;
/// Loose refs from which on they are packed.
pub const LOOSE_REF_COUNT_MAX: usize = 1024;
/// From how many on something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Packs without `.keep`.
    pub pack_count: usize,
    /// Loose objects.
    pub loose_count: usize,
    /// Loose refs below `refs/gatos/`.
    pub loose_ref_count: usize,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds {
            pack_count: PACK_COUNT_MAX,
            loose_count: LOOSE_COUNT_MAX,
            loose_ref_count: LOOSE_REF_COUNT_MAX,
        }
    }
}

/// Lines of `git fsck` kept.
const FSCK_LINE_COUNT_MAX: usize = 100;

/// What is in the object store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Packs, whatever their size.
    pub pack_count: usize,
    /// Those among them with a `.keep`.
    pub kept_pack_count: usize,
    /// Length of all packs together, in bytes.
    pub pack_size: u64,
    /// Objects that are files of their own.
    pub loose_count: usize,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpkeepReport {
    /// The store before.
    pub before: StoreCounts,
    /// The store after.
    pub after: StoreCounts,
    /// Whether packs were folded.
    pub repacked: bool,
    /// Whether refs were packed.
    pub refs_packed: bool,
}

/// Counts packs and loose objects.
pub fn count(repository: &Repository) -> Result<StoreCounts, UpkeepError> {
    let mut counts = count_packs(repository)?;
    let objects_dir = repository.objects_dir();
    for folder in files::list(&objects_dir)? {
        if is_hex(&folder, 2) {
            let names = files::list(&objects_dir.join(folder))?;
            counts.loose_count += names.iter().filter(|name| is_hex(name, 38)).count();
        }
    }
    Ok(counts)
}

/// Length of all packs together, in bytes.
pub(crate) fn pack_size(repository: &Repository) -> Result<u64, FileError> {
    Ok(count_packs(repository)?.pack_size)
}

fn count_packs(repository: &Repository) -> Result<StoreCounts, FileError> {
    let pack_dir = repository.pack_dir();
    let mut counts = StoreCounts::default();
    for name in files::list(&pack_dir)? {
        let path = pack_dir.join(&name);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("pack") => {
                counts.pack_count += 1;
                counts.pack_size += match fs::metadata(&path) {
                    Ok(file) => file.len(),
                    // Somebody else's repack has just taken it away.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
                    Err(source) => return Err(FileError::new(FileOperation::Read, &path, source)),
                };
            }
            Some("keep") => counts.kept_pack_count += 1,
            _ => {}
        }
    }
    Ok(counts)
}

fn is_hex(name: &str, length: usize) -> bool {
    name.len() == length && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Folds packs and packs refs where there are many. The caller holds the writer's lock.
pub fn run(repository: &Repository) -> Result<UpkeepReport, UpkeepError> {
    run_with(repository, Thresholds::default())
}

/// As [`run`], with other thresholds.
pub fn run_with(
    repository: &Repository,
    thresholds: Thresholds,
) -> Result<UpkeepReport, UpkeepError> {
    let before = count(repository)?;
    let mut report = UpkeepReport {
        before,
        after: before,
        ..UpkeepReport::default()
    };
    let foldable_count = before.pack_count.saturating_sub(before.kept_pack_count);
    if foldable_count >= thresholds.pack_count || before.loose_count >= thresholds.loose_count {
        fold_packs(repository)?;
        report.repacked = true;
    }
    if refs::loose_ref_count(repository)? >= thresholds.loose_ref_count {
        quiet(repository)?
            .arguments(["pack-refs", "--all", "--prune"])
            .run()?;
        // `git` flushes the file, not the folder that names it.
        files::sync_directory(repository.common_dir())?;
        report.refs_packed = true;
    }
    if report.repacked {
        report.after = count(repository)?;
    }
    Ok(report)
}

/// Folds packs and loose objects so that each pack is at least twice as large as the next smaller
/// one, and writes the commit graph. The caller holds the writer's lock.
///
/// No multi-pack index is written: so few packs do not need one, and where another repack takes packs away
/// meanwhile it would go on naming them.
pub fn fold_packs(repository: &Repository) -> Result<(), UpkeepError> {
    quiet(repository)?
        .arguments(["repack", "-d", "--quiet", "--geometric=2"])
        .run()?;
    objects::sync_object_folders(repository)?;
    quiet(repository)?
        .arguments([
            "commit-graph",
            "write",
            "--reachable",
            "--split",
            "--no-progress",
        ])
        .run()?;
    Ok(())
}

/// `git` with flushing on and maintenance of its own off, whatever the settings have become.
fn quiet(repository: &Repository) -> Result<GitCommand, GitError> {
    Ok(repository.git()?.arguments([
        "-c",
        "core.fsync=all",
        "-c",
        "gc.auto=0",
        "-c",
        "maintenance.auto=false",
    ]))
}

/// What `git fsck --strict` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FsckReport {
    /// Whether it found nothing.
    pub clean: bool,
    /// Its words, at most a hundred lines.
    pub lines: Vec<String>,
}

/// Runs `git fsck --strict` over everything. Unreferenced objects are no fault.
pub fn fsck_strict(repository: &Repository) -> Result<FsckReport, UpkeepError> {
    let output = repository
        .git()?
        .arguments([
            "fsck",
            "--strict",
            "--full",
            "--no-dangling",
            "--no-progress",
        ])
        .run_any()?;
    let lines = output
        .text()
        .lines()
        .chain(output.stderr.lines())
        // A fresh repository has a HEAD without a branch yet.
        .filter(|line| !line.is_empty() && !line.starts_with("notice: "))
        .take(FSCK_LINE_COUNT_MAX)
        .map(str::to_owned)
        .collect();
    Ok(FsckReport {
        clean: output.status.success(),
        lines,
    })
}

/// Why upkeep stopped. Nothing is lost then; the next run begins anew.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// `git` failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Refs cannot be listed.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl UpkeepError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        match self {
            UpkeepError::Git(error) => error.code(),
            UpkeepError::Ref(error) => error.code(),
            UpkeepError::File(error) => error.code(),
        }
    }
}
