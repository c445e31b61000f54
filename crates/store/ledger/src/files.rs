//! Durable files: the few file operations whose order decides what survives a power cut.
//!
//! Every byte the ledger keeps beside Git (write-ahead log, position tables, look-up index, packs)
//! goes through these helpers, so that each failure names its operation and its path and falls into
//! one of three codes (`DISK_FULL`, `READ_ONLY`, `IO`). What the bytes mean is the callers' business.
//!
//! INVARIANT: a name made by [`atomic_write`] or [`rename_durable`] refers to the old or to the new
//! content after a crash at any instant, never to a part. A failed sync is reported once and is
//! never retried here: after it the state of the page cache is unknown.
//! Tests: files/tests.rs. Fault injection for other modules' tests: files/fault.rs.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gatos_values::ErrorCode;

#[cfg(test)]
pub(crate) mod fault;
#[cfg(test)]
mod tests;

/// What was being done to a file when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOperation {
    /// Opening an existing file.
    Open,
    /// Making a new file or directory.
    Create,
    /// Reading bytes or a length.
    Read,
    /// Writing bytes or setting a length.
    Write,
    /// Flushing bytes or a directory to the disk.
    Sync,
    /// Renaming a file.
    Rename,
    /// Removing a file.
    Remove,
    /// Listing a directory.
    List,
    /// Taking an advisory lock.
    Lock,
}

impl FileOperation {
    fn as_str(self) -> &'static str {
        match self {
            FileOperation::Open => "open",
            FileOperation::Create => "create",
            FileOperation::Read => "read",
            FileOperation::Write => "write",
            FileOperation::Sync => "flush",
            FileOperation::Rename => "rename",
            FileOperation::Remove => "remove",
            FileOperation::List => "list",
            FileOperation::Lock => "lock",
        }
    }

    fn only_reads(self) -> bool {
        matches!(self, FileOperation::Read | FileOperation::List)
    }
}

/// A file operation that the system refused.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {} `{}`: {source}", operation.as_str(), path.display())]
pub struct FileError {
    /// What was tried.
    pub operation: FileOperation,
    /// The file or directory it was tried on.
    pub path: PathBuf,
    /// What the system answered.
    #[source]
    pub source: Arc<io::Error>,
}

impl FileError {
    /// A failure of `operation` on `path`.
    pub fn new(operation: FileOperation, path: &Path, source: io::Error) -> FileError {
        FileError {
            operation,
            path: path.to_path_buf(),
            source: Arc::new(source),
        }
    }

    /// `DISK_FULL`, `READ_ONLY` or `IO`.
    pub fn code(&self) -> ErrorCode {
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorCode::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem => ErrorCode::ReadOnly,
            io::ErrorKind::PermissionDenied if !self.operation.only_reads() => ErrorCode::ReadOnly,
            _ => ErrorCode::Io,
        }
    }

    /// Whether the file or directory was not there.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// An open file that is read and written at explicit offsets and knows its path.
///
/// Reading takes `&self` and keeps no position, so readers never wait for each other.
#[derive(Debug)]
pub struct DurableFile {
    file: File,
    path: PathBuf,
}

impl DurableFile {
    /// Opens an existing file for reading.
    pub fn open_to_read(path: &Path) -> Result<DurableFile, FileError> {
        Self::open_with(OpenOptions::new().read(true), path, FileOperation::Open)
    }

    /// Opens an existing file for reading and writing.
    pub fn open_to_write(path: &Path) -> Result<DurableFile, FileError> {
        Self::open_with(
            OpenOptions::new().read(true).write(true),
            path,
            FileOperation::Open,
        )
    }

    /// Makes a new file for reading and writing; fails when the name is taken.
    pub fn create(path: &Path) -> Result<DurableFile, FileError> {
        Self::open_with(
            OpenOptions::new().read(true).write(true).create_new(true),
            path,
            FileOperation::Create,
        )
    }

    fn open_with(
        options: &OpenOptions,
        path: &Path,
        operation: FileOperation,
    ) -> Result<DurableFile, FileError> {
        if operation == FileOperation::Create {
            check_fault(operation, path)?;
        }
        match options.open(path) {
            Ok(file) => Ok(DurableFile {
                file,
                path: path.to_path_buf(),
            }),
            Err(source) => Err(FileError::new(operation, path, source)),
        }
    }

    /// The path the file was opened under.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The length in bytes.
    pub fn length(&self) -> Result<u64, FileError> {
        match self.file.metadata() {
            Ok(metadata) => Ok(metadata.len()),
            Err(source) => Err(self.error(FileOperation::Read, source)),
        }
    }

    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end of the file.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize, FileError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match system::read_at(&self.file, &mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.error(FileOperation::Read, source)),
            }
        }
        Ok(filled)
    }

    /// Reads the whole file as it is now.
    pub fn read_all(&self) -> Result<Vec<u8>, FileError> {
        let length = usize::try_from(self.length()?)
            .map_err(|_| self.error(FileOperation::Read, io::ErrorKind::FileTooLarge.into()))?;
        let mut bytes = vec![0; length];
        let filled = self.read_at(&mut bytes, 0)?;
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Writes all of `bytes` at `offset`. On an error a part may have been written.
    pub fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<(), FileError> {
        #[cfg(test)]
        if let Err(error) = check_fault(FileOperation::Write, &self.path) {
            // A real disk that fails has often written a part already.
            let _ = self.write_unchecked(&bytes[..bytes.len() / 2], offset);
            return Err(error);
        }
        self.write_unchecked(bytes, offset)
    }

    fn write_unchecked(&self, bytes: &[u8], offset: u64) -> Result<(), FileError> {
        let mut written = 0;
        while written < bytes.len() {
            match system::write_at(&self.file, &bytes[written..], offset + written as u64) {
                Ok(0) => {
                    return Err(self.error(FileOperation::Write, io::ErrorKind::WriteZero.into()));
                }
                Ok(count) => written += count,
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.error(FileOperation::Write, source)),
            }
        }
        Ok(())
    }

    /// Cuts or extends the file to `length` bytes.
    pub fn set_length(&self, length: u64) -> Result<(), FileError> {
        check_fault(FileOperation::Write, &self.path)?;
        match self.file.set_len(length) {
            Ok(()) => Ok(()),
            Err(source) => Err(self.error(FileOperation::Write, source)),
        }
    }

    /// Flushes the content, and the length where it changed, to the disk (`fdatasync`).
    pub fn sync(&self) -> Result<(), FileError> {
        check_fault(FileOperation::Sync, &self.path)?;
        match self.file.sync_data() {
            Ok(()) => Ok(()),
            Err(source) => Err(self.error(FileOperation::Sync, source)),
        }
    }

    fn error(&self, operation: FileOperation, source: io::Error) -> FileError {
        FileError::new(operation, &self.path, source)
    }
}

/// Flushes a directory, so that names made, renamed or removed in it survive a power cut.
pub fn sync_directory(directory: &Path) -> Result<(), FileError> {
    check_fault(FileOperation::Sync, directory)?;
    match system::sync_directory(directory) {
        Ok(()) => Ok(()),
        Err(source) => Err(FileError::new(FileOperation::Sync, directory, source)),
    }
}

/// Makes `directory` and its missing parents and flushes the names made.
pub fn create_directory_durable(directory: &Path) -> Result<(), FileError> {
    if directory.is_dir() {
        return Ok(());
    }
    let parent = parent_of(directory);
    create_directory_durable(parent)?;
    check_fault(FileOperation::Create, directory)?;
    match std::fs::create_dir(directory) {
        Ok(()) => sync_directory(parent),
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => {
            Ok(())
        }
        Err(source) => Err(FileError::new(FileOperation::Create, directory, source)),
    }
}

/// Renames over `to` within one file system. The caller flushes the directory when it is ready.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    check_fault(FileOperation::Rename, to)?;
    match std::fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(source) => Err(FileError::new(FileOperation::Rename, to, source)),
    }
}

/// Renames over `to` and flushes its directory.
pub fn rename_durable(from: &Path, to: &Path) -> Result<(), FileError> {
    rename(from, to)?;
    sync_directory(parent_of(to))
}

/// Removes a file; a file that is already gone is no error. The directory is not flushed.
pub fn remove(path: &Path) -> Result<(), FileError> {
    check_fault(FileOperation::Remove, path)?;
    match std::fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(FileError::new(FileOperation::Remove, path, source)),
    }
}

/// The names in a directory, sorted; empty when the directory is not there.
///
/// Names that are not Unicode are left out: no name of ours is.
pub fn list(directory: &Path) -> Result<Vec<String>, FileError> {
    let failed = |source| FileError::new(FileOperation::List, directory, source);
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Replaces the content of `path` as a whole: temporary file, flush, rename, flush of the directory.
pub fn atomic_write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = temporary_beside(path);
    let file = DurableFile::create(&temporary)?;
    let written = file
        .write_all_at(bytes, 0)
        .and_then(|()| file.sync())
        .and_then(|()| rename(&temporary, path));
    if let Err(error) = written {
        // Best effort: the first error is the one worth reporting.
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    sync_directory(parent_of(path))
}

/// The end of the names of temporary files made here; recovery may remove such files.
pub const TEMPORARY_SUFFIX: &str = ".gatos-tmp";

/// A fresh name in the directory of `path`, ending in [`TEMPORARY_SUFFIX`].
pub fn temporary_beside(path: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(
        ".{}.{}{TEMPORARY_SUFFIX}",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    ));
    path.with_file_name(name)
}

/// Removes what interrupted writers left in `directory`. Only the holder of the writer's lock may call it.
pub fn remove_temporaries(directory: &Path) -> Result<usize, FileError> {
    let mut removed = 0;
    for name in list(directory)? {
        if name.ends_with(TEMPORARY_SUFFIX) {
            remove(&directory.join(name))?;
            removed += 1;
        }
    }
    Ok(removed)
}

pub(crate) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
fn check_fault(operation: FileOperation, path: &Path) -> Result<(), FileError> {
    fault::check(operation, path)
}

#[cfg(not(test))]
#[inline(always)]
fn check_fault(_: FileOperation, _: &Path) -> Result<(), FileError> {
    Ok(())
}

/// What differs between systems, and nothing else.
#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;
    use std::path::Path;

    pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        file.read_at(buffer, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.write_at(bytes, offset)
    }

    pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

#[cfg(windows)]
mod system {
    use std::fs::File;
    use std::io;
    use std::os::windows::fs::FileExt;
    use std::path::Path;

    pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        file.seek_read(buffer, offset)
    }

    pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
        file.seek_write(bytes, offset)
    }

    /// NTFS journals its directories; there is no call to flush one.
    pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
        Ok(())
    }
}
