//! The lock file of one ref, made so that it is never seen half-written.
//!
//! Its content is written under a name in `<gitdir>/gatos/new-refs/` and flushed first, and then
//! moved to `<ref>.lock` by a rename that refuses to replace. Where the file system has no such
//! rename, the lock is made in place, as Git does it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::RefError;
use crate::files::{FileError, FileOperation};
use crate::git::Repository;
use crate::object_id::ObjectId;

/// How long a lock held by somebody else is waited for: packing refs holds each for a moment.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 3000 });
/// Tries to make a folder that packing keeps taking away because it is empty.
const FOLDER_TRY_COUNT_MAX: usize = 100;

pub(super) fn lock_path(common_dir: &Path, name: &str) -> PathBuf {
    common_dir.join(format!("{name}.lock"))
}

pub(super) fn new_refs_dir(repository: &Repository) -> PathBuf {
    repository.gatos_dir().join("new-refs")
}

/// What a lock, and later the ref's file, holds.
pub(super) fn content(value: ObjectId) -> Vec<u8> {
    let mut content = value.to_hex().to_vec();
    content.push(b'\n');
    content
}

/// A value written to a file of its own, on its way to becoming a lock.
#[derive(Debug)]
pub(super) struct NewValue {
    value: ObjectId,
    /// `None` where locks are made in place.
    temporary: Option<PathBuf>,
}

impl NewValue {
    /// Writes the value, without a flush.
    pub(super) fn write(directory: &Path, value: ObjectId) -> Result<NewValue, FileError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        if !rename_can_refuse_to_replace() {
            return Ok(NewValue {
                value,
                temporary: None,
            });
        }
        let counter = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!("{}-{counter}", std::process::id()));
        match write_new(&path, value) {
            Ok(_) => Ok(NewValue {
                value,
                temporary: Some(path),
            }),
            Err(source) => Err(FileError::new(FileOperation::Write, &path, source)),
        }
    }

    /// Flushes it.
    pub(super) fn sync(&self) -> Result<(), FileError> {
        let Some(path) = &self.temporary else {
            return Ok(());
        };
        File::open(path)
            .and_then(|file| file.sync_data())
            .map_err(|source| FileError::new(FileOperation::Sync, path, source))
    }

    /// Makes it the file at `path`, which may not exist.
    fn place(&mut self, path: &Path) -> io::Result<()> {
        if let Some(temporary) = &self.temporary {
            match rename_no_replace(temporary, path) {
                Ok(()) => {
                    self.temporary = None;
                    return Ok(());
                }
                Err(error) if is_unsupported(&error) => {}
                Err(error) => return Err(error),
            }
        }
        write_new(path, self.value)?.sync_data()
    }
}

impl Drop for NewValue {
    fn drop(&mut self) {
        if let Some(path) = &self.temporary {
            // Best effort: recovery empties the folder.
            let _ = fs::remove_file(path);
        }
    }
}

/// A lock we hold. Dropping it gives the ref free, unmoved.
#[derive(Debug)]
pub(super) struct RefLock {
    path: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl RefLock {
    /// Takes the lock of a ref for setting it to a value.
    pub(super) fn take(
        repository: &Repository,
        name: &str,
        mut value: NewValue,
    ) -> Result<RefLock, RefError> {
        let path = lock_path(repository.common_dir(), name);
        let started = Instant::now();
        let mut wait = Duration::from_millis(1);
        let mut folder_try_count = 0;
        while let Err(error) = value.place(&path) {
            match error.kind() {
                io::ErrorKind::AlreadyExists if started.elapsed() > PATIENCE => {
                    let name = name.to_owned();
                    return Err(RefError::Locked { name, path });
                }
                io::ErrorKind::AlreadyExists => {
                    std::thread::sleep(spread(wait));
                    wait = (wait * 2).min(Duration::from_millis(50));
                }
                io::ErrorKind::NotFound if folder_try_count < FOLDER_TRY_COUNT_MAX => {
                    folder_try_count += 1;
                    make_folder(repository.common_dir(), name)?;
                }
                io::ErrorKind::NotADirectory => {
                    return Err(conflict_above(repository.common_dir(), name));
                }
                _ => return Err(FileError::new(FileOperation::Create, &path, error).into()),
            }
        }
        Ok(RefLock {
            path,
            target: repository.common_dir().join(name),
            committed: false,
        })
    }

    /// Moves the ref: the lock file becomes the ref's file.
    pub(super) fn commit(mut self) -> Result<(), FileError> {
        fs::rename(&self.path, &self.target)
            .map_err(|source| FileError::new(FileOperation::Rename, &self.target, source))?;
        self.committed = true;
        Ok(())
    }

    /// The folder whose flush makes the move durable.
    pub(super) fn folder(&self) -> &Path {
        crate::files::parent_of(&self.target)
    }
}

impl Drop for RefLock {
    fn drop(&mut self) {
        if !self.committed {
            // If it cannot be removed it is noted, and the next writer removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn write_new(path: &Path, value: ObjectId) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    match file.write_all(&content(value)) {
        Ok(()) => Ok(file),
        Err(error) => {
            let _ = fs::remove_file(path);
            Err(error)
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_no_replace(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

const fn rename_can_refuse_to_replace() -> bool {
    cfg!(any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple"
    ))
}

/// Network and older file systems answer so when they lack the rename that refuses to replace.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    )
}

fn make_folder(common_dir: &Path, name: &str) -> Result<(), RefError> {
    let path = common_dir.join(name);
    let folder = crate::files::parent_of(&path);
    match fs::create_dir_all(folder) {
        Ok(()) => Ok(()),
        // Packing may take an empty folder away between two steps of making the path.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists
            ) =>
        {
            Err(conflict_above(common_dir, name))
        }
        Err(source) => Err(FileError::new(FileOperation::Create, folder, source).into()),
    }
}

/// Names the ref that is a file where `name` needs a folder.
fn conflict_above(common_dir: &Path, name: &str) -> RefError {
    let other = super::update::names_above(name)
        .find(|above| common_dir.join(above).is_file())
        .unwrap_or(name);
    RefError::Conflict {
        name: name.to_owned(),
        other: other.to_owned(),
    }
}

/// Lets waiters come back at different times: the low bits of the clock differ between them.
fn spread(wait: Duration) -> Duration {
    let nanoseconds = Instant::now().elapsed().subsec_nanos() ^ std::process::id();
    wait / 2 + wait * (nanoseconds % 16) / 16
}
