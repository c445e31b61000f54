//! Moving many refs as one step, as far as files allow it.
//!
//! Order: write and flush the new values; note the locks and flush the note; take all locks; read
//! every value under its lock and compare; rename; flush the folders; empty the note. Killed before
//! the first of these renames, nothing has moved; killed between them, some have: the write-ahead
//! log makes the next writer repeat the call, and a ref with its new value counts as moved.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::lock::{NewValue, RefLock, new_refs_dir};
use super::notes::Notes;
use super::read::{PackedRefs, read_loose};
use super::{RefChange, RefError, check_name};
use crate::files::{self, FileError, FileOperation};
use crate::git::Repository;
use crate::object_id::ObjectId;

/// Threads that flush at the same time; the file system's journal then commits for several at once.
const SYNC_THREAD_COUNT_MAX: usize = 8;
/// Flushes worth a thread of their own.
const SYNC_PER_THREAD_MIN: usize = 4;

/// Moves all these refs, each from its expected to its new value, durably.
///
/// The caller holds the writer's lock. On [`RefError::Moved`], [`RefError::Locked`] and
/// [`RefError::Conflict`] nothing has moved.
pub fn update(repository: &Repository, changes: &[RefChange]) -> Result<(), RefError> {
    let mut changes = changes.to_vec();
    changes.sort();
    check_changes(&changes)?;
    if changes.is_empty() {
        return Ok(());
    }
    let _alone = repository.lock_ref_updates();
    let new_refs_dir = new_refs_dir(repository);
    files::create_directory_durable(&new_refs_dir)?;
    let values: Vec<NewValue> = changes
        .iter()
        .map(|change| NewValue::write(&new_refs_dir, change.new))
        .collect::<Result<_, _>>()?;
    in_parallel(&values, NewValue::sync)?;
    let _notes = Notes::write(repository, &changes)?;
    let locks: Vec<RefLock> = changes
        .iter()
        .zip(values)
        .map(|(change, value)| RefLock::take(repository, &change.name, value))
        .collect::<Result<_, _>>()?;
    let folders = compare(repository, &changes, &locks)?;
    for lock in locks {
        lock.commit()?;
    }
    in_parallel(&folders, |folder| {
        sync_folder(repository.common_dir(), folder)
    })?;
    Ok(())
}

/// Flushes all folders on the way to a ref, for a move of which only the rename is known to have been made.
pub fn make_durable(repository: &Repository, name: &str) -> Result<(), RefError> {
    check_name(name)?;
    let common_dir = repository.common_dir();
    let folders: Vec<PathBuf> = folders_above(common_dir, name).collect();
    Ok(in_parallel(&folders, |folder| {
        sync_folder(common_dir, folder)
    })?)
}

fn folders_above<'a>(common_dir: &'a Path, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
    names_above(name).map(|above| common_dir.join(above))
}

/// Flushes a folder. `git pack-refs` may have packed our new values and taken the folder away
/// already; then the values are in `packed-refs`, and its folder is the one to flush.
fn sync_folder(common_dir: &Path, folder: &Path) -> Result<(), FileError> {
    match files::sync_directory(folder) {
        Err(error) if error.is_not_found() && folder != common_dir => {
            sync_folder(common_dir, files::parent_of(folder))?;
            files::sync_directory(common_dir)
        }
        outcome => outcome,
    }
}

/// Names are well-formed, each comes once, and none is the folder of another.
fn check_changes(changes: &[RefChange]) -> Result<(), RefError> {
    let names: BTreeSet<&str> = changes.iter().map(|change| change.name.as_str()).collect();
    for change in changes {
        check_name(&change.name)?;
        if let Some(above) = names_above(&change.name).find(|above| names.contains(above)) {
            return Err(RefError::Conflict {
                name: change.name.clone(),
                other: above.to_owned(),
            });
        }
    }
    match changes.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(RefError::Conflict {
            name: pair[0].name.clone(),
            other: pair[1].name.clone(),
        }),
        None => Ok(()),
    }
}

/// `a/b/c` stands below `a/b` and `a`.
pub(super) fn names_above(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(at, _)| &name[..at])
}

/// Compares every ref with what was expected, under the locks, and tells which folders a durable
/// move has to flush.
fn compare(
    repository: &Repository,
    changes: &[RefChange],
    locks: &[RefLock],
) -> Result<Vec<PathBuf>, RefError> {
    let common_dir = repository.common_dir();
    let packed = PackedRefs::open(common_dir)?;
    let mut folders = BTreeSet::new();
    for (change, lock) in changes.iter().zip(locks) {
        let loose = read_loose(common_dir, &change.name)?;
        let found = match loose {
            Some(id) => Some(id),
            None => packed.find(&change.name)?,
        };
        if found != change.expected && found != Some(change.new) {
            return Err(RefError::Moved {
                name: change.name.clone(),
                expected: change.expected,
                found,
            });
        }
        if found.is_none() {
            check_free(&packed, &change.name)?;
        }
        folders.insert(lock.folder().to_path_buf());
        if loose.is_none() {
            clear_empty_folder(common_dir, &change.name)?;
        }
        if loose.is_none() || found == Some(change.new) {
            // The file, and perhaps folders on the way to it, are new, or were when an earlier try at this
            // move was cut short.
            folders.extend(folders_above(common_dir, &change.name));
        }
    }
    Ok(folders.into_iter().collect())
}

/// A new ref may neither stand below a packed ref nor be the folder of one.
fn check_free(packed: &PackedRefs, name: &str) -> Result<(), RefError> {
    let conflict = |other: &str| RefError::Conflict {
        name: name.to_owned(),
        other: other.to_owned(),
    };
    for above in names_above(name).filter(|above| above.len() > super::ROOT.len()) {
        if packed.find(above)?.is_some() {
            return Err(conflict(above));
        }
    }
    let mut below: Option<String> = None;
    packed.each(&format!("{name}/"), |other, _: ObjectId| {
        below.get_or_insert_with(|| other.to_owned());
    })?;
    match below {
        Some(other) => Err(conflict(&other)),
        None => Ok(()),
    }
}

/// Packing leaves empty folders behind; one in the place of a ref's file is taken away.
fn clear_empty_folder(common_dir: &Path, name: &str) -> Result<(), RefError> {
    let path = common_dir.join(name);
    if !path.is_dir() {
        return Ok(());
    }
    match remove_empty(&path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Err(RefError::Conflict {
            name: name.to_owned(),
            other: format!("{name}/…"),
        }),
        Err(source) => Err(FileError::new(FileOperation::Remove, &path, source).into()),
    }
}

fn remove_empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

/// Runs `work` on all items, on a few threads when there are many: each flush mostly waits.
fn in_parallel<T: Sync>(
    items: &[T],
    work: impl Fn(&T) -> Result<(), FileError> + Sync,
) -> Result<(), FileError> {
    let thread_count = (items.len() / SYNC_PER_THREAD_MIN).min(SYNC_THREAD_COUNT_MAX);
    if thread_count < 2 {
        return items.iter().try_for_each(&work);
    }
    let work = &work;
    std::thread::scope(|scope| {
        let parts: Vec<_> = items
            .chunks(items.len().div_ceil(thread_count))
            .map(|part| scope.spawn(move || part.iter().try_for_each(work)))
            .collect();
        parts.into_iter().try_for_each(|part| match part.join() {
            Ok(outcome) => outcome,
            Err(_) => Err(FileError::new(
                FileOperation::Sync,
                Path::new("refs"),
                io::Error::other("a flushing thread stopped"),
            )),
        })
    })
}
