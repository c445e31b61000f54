//! Faults on demand: makes the n-th durable operation below a directory fail. Tests only.
//!
//! A plan is bound to a directory, so tests that run side by side (and threads inside a test) do not
//! disturb each other. A failing write leaves half of its bytes behind, as real disks do.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::{FileError, FileOperation};

struct Plan {
    directory: PathBuf,
    operation: Option<FileOperation>,
    passes_left: u64,
    failures_left: u64,
    has_failed: bool,
    kind: ErrorKind,
}

static PLANS: Mutex<Vec<Plan>> = Mutex::new(Vec::new());

/// Ends the plan when dropped.
pub(crate) struct Injection {
    directory: PathBuf,
}

impl Injection {
    /// Whether an operation has met its failure.
    pub(crate) fn has_failed(&self) -> bool {
        let mine = |plan: &&Plan| plan.directory == self.directory;
        plans()
            .iter()
            .find(mine)
            .is_some_and(|plan| plan.has_failed)
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        plans().retain(|plan| plan.directory != self.directory);
    }
}

/// Lets `passes` operations (of one kind, or of any) below `directory` pass, then fails `failures` of them.
pub(crate) fn inject(
    directory: &Path,
    operation: Option<FileOperation>,
    passes: u64,
    failures: u64,
    kind: ErrorKind,
) -> Injection {
    let mut plans = plans();
    plans.retain(|plan| plan.directory != directory);
    plans.push(Plan {
        directory: directory.to_path_buf(),
        operation,
        passes_left: passes,
        failures_left: failures,
        has_failed: false,
        kind,
    });
    Injection {
        directory: directory.to_path_buf(),
    }
}

pub(super) fn check(operation: FileOperation, path: &Path) -> Result<(), FileError> {
    for plan in plans().iter_mut() {
        if !path.starts_with(&plan.directory)
            || plan.operation.is_some_and(|only| only != operation)
        {
            continue;
        }
        if plan.passes_left > 0 {
            plan.passes_left -= 1;
        } else if plan.failures_left > 0 {
            plan.failures_left -= 1;
            plan.has_failed = true;
            return Err(FileError::new(operation, path, plan.kind.into()));
        }
    }
    Ok(())
}

fn plans() -> std::sync::MutexGuard<'static, Vec<Plan>> {
    PLANS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
