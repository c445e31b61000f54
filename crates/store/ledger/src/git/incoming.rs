//! A repository as it would be after a push: git's quarantined objects seen, the pushed refs moved.
//!
//! While `pre-receive` runs, git keeps what was pushed in a folder of its own and names it in the
//! environment. A view joins that folder and the repository's own through an empty object folder with
//! `info/alternates`, so that every reader of ours works on it as it is. Nothing can be written through
//! a view: it exists to be judged.
//!
//! INVARIANT: making, using and dropping a view changes neither objects nor refs of the repository.
//! Tests: `tests.rs`; with real pushes in the red-team test of the command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::repository::{OpenError, Repository};
use crate::files::{FileError, FileOperation};
use crate::object_id::ObjectId;

/// Folder of views below `<gitdir>/gatos/`.
const VIEWS: &str = "incoming";

/// The view of one push. Its scratch folder goes with it.
#[derive(Debug)]
pub struct Incoming {
    repository: Repository,
    folder: PathBuf,
}

impl Incoming {
    /// A view with the objects of `quarantine` (none when git made no such folder) and these refs.
    ///
    /// # Errors
    /// [`OpenError::File`] when the scratch folder cannot be made.
    pub fn open(
        repository: &Repository,
        quarantine: Option<&Path>,
        refs: BTreeMap<String, ObjectId>,
    ) -> Result<Incoming, OpenError> {
        let folder = scratch_folder(repository);
        let objects = folder.join("objects");
        let written = write_alternates(repository, &objects, quarantine)
            .map_err(OpenError::from)
            .and_then(|()| repository.seen_through(objects, refs));
        match written {
            Ok(repository) => Ok(Incoming { repository, folder }),
            Err(error) => {
                // Best effort: the first error is the one worth reporting.
                let _ = fs::remove_dir_all(&folder);
                Err(error)
            }
        }
    }

    /// The repository as it would be.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // A folder that stays is empty scratch; the next gate does not look at it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A fresh name: several hooks may run at once, and a killed one may have left its folder.
fn scratch_folder(repository: &Repository) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let counter = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-{counter}", std::process::id());
    repository.gatos_dir().join(VIEWS).join(name)
}

fn write_alternates(
    repository: &Repository,
    objects: &Path,
    quarantine: Option<&Path>,
) -> Result<(), FileError> {
    let info = objects.join("info");
    let own = repository.objects_dir();
    let lines: Vec<String> = quarantine
        .into_iter()
        .chain([own.as_path()])
        .map(alternate_line)
        .collect();
    if objects.exists() {
        fs::remove_dir_all(objects)
            .map_err(|source| FileError::new(FileOperation::Remove, objects, source))?;
    }
    fs::create_dir_all(&info)
        .map_err(|source| FileError::new(FileOperation::Create, &info, source))?;
    let path = info.join("alternates");
    fs::write(&path, lines.concat())
        .map_err(|source| FileError::new(FileOperation::Write, &path, source))
}

/// One line of `info/alternates`; a path that could be taken for something else is quoted as git does.
fn alternate_line(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.starts_with(['"', '#']) || text.contains(['\n', '"', '\\']) {
        let escaped = text
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        return format!("\"{escaped}\"\n");
    }
    format!("{text}\n")
}
