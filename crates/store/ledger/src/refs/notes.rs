//! Notes of the locks a transaction is about to take, so that recovery can remove exactly those.
//!
//! The file `<gitdir>/gatos/noted-locks` is rewritten in place by each transaction, flushed before
//! the first lock exists, and emptied (without a flush) after the last one is gone. Reading it is
//! only meaningful under the writer's lock, when no transaction runs.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{RefChange, RefError, check_name};
use crate::files::{self, FileError, FileOperation};
use crate::git::Repository;
use crate::object_id::ObjectId;

const HEADER: &str = "gatos noted-locks 1\n";
/// The file grows in steps of this size, so that rewriting it rarely changes its length, in bytes.
const STEP: usize = 4096;
/// A note of 100,000 refs fits; what is longer is not ours.
const SIZE_MAX: u64 = 64 << 20;

pub(super) fn path(repository: &Repository) -> PathBuf {
    repository.gatos_dir().join("noted-locks")
}

/// The notes of one transaction, emptied when dropped.
pub(super) struct Notes {
    file: File,
}

impl Notes {
    /// Notes the locks of these changes, durably.
    pub(super) fn write(
        repository: &Repository,
        changes: &[RefChange],
    ) -> Result<Notes, FileError> {
        let path = path(repository);
        let mut text = encode(changes);
        text.resize(text.len().next_multiple_of(STEP), b'\n');
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|source| FileError::new(FileOperation::Open, &path, source))?;
        file.write_all(&text)
            .map_err(|source| FileError::new(FileOperation::Write, &path, source))?;
        file.sync_data()
            .map_err(|source| FileError::new(FileOperation::Sync, &path, source))?;
        Ok(Notes { file })
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        // A note that stays behind is checked against the lock file before anything is removed.
        let _ = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(&encode(&[])));
    }
}

/// Header, one line `<new value> <name>` per lock, then a checksum so that a torn note counts as none.
fn encode(changes: &[RefChange]) -> Vec<u8> {
    let mut text = Vec::from(HEADER);
    for change in changes {
        text.extend_from_slice(&change.new.to_hex());
        text.push(b' ');
        text.extend_from_slice(change.name.as_bytes());
        text.push(b'\n');
    }
    let digest = blake3::hash(&text).to_hex();
    text.extend_from_slice(format!("end {digest}\n").as_bytes());
    text
}

fn decode(text: &[u8]) -> Vec<(String, ObjectId)> {
    let Some(end) = text.windows(5).position(|window| window == b"\nend ") else {
        return Vec::new();
    };
    let (body, rest) = text.split_at(end + 1);
    let digest = blake3::hash(body).to_hex();
    if !rest
        .get(4..)
        .is_some_and(|rest| rest.starts_with(digest.as_bytes()))
    {
        return Vec::new();
    }
    String::from_utf8_lossy(body)
        .strip_prefix(HEADER)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| {
            let (value, name) = line.split_once(' ')?;
            check_name(name).ok()?;
            Some((name.to_owned(), ObjectId::parse(value).ok()?))
        })
        .collect()
}

/// Removes the lock files that a killed writer left: those noted, and holding what was noted.
/// Only the holder of the writer's lock may call this. Returns the paths removed.
pub fn remove_noted_locks(repository: &Repository) -> Result<Vec<PathBuf>, RefError> {
    let path = path(repository);
    let mut text = Vec::new();
    match File::open(&path).and_then(|file| file.take(SIZE_MAX).read_to_end(&mut text)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(FileError::new(FileOperation::Read, &path, source).into()),
    }
    let mut removed = Vec::new();
    for (name, value) in decode(&text) {
        let lock = super::lock::lock_path(repository.common_dir(), &name);
        if fs::read(&lock).is_ok_and(|content| content == super::lock::content(value)) {
            files::remove(&lock)?;
            removed.push(lock);
        }
    }
    remove_new_refs(&super::lock::new_refs_dir(repository))?;
    // Emptied by dropping.
    drop(Notes::write(repository, &[])?);
    Ok(removed)
}

/// Values that were written but never became locks.
fn remove_new_refs(directory: &Path) -> Result<(), FileError> {
    for name in files::list(directory)? {
        files::remove(&directory.join(name))?;
    }
    Ok(())
}
