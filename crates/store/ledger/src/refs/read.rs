//! Reading refs: the loose file first, then `packed-refs`, opened afresh.
//!
//! `git pack-refs` writes `packed-refs` before it removes a loose file, so a reader in this order
//! sees some value the ref had during the call, never an older one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use gix::refs::packed;

use super::{ROOT, RefError, check_name};
use crate::files::{FileError, FileOperation};
use crate::git::Repository;
use crate::object_id::ObjectId;

/// A loose ref is 41 bytes; what is longer than this is no ref.
const LOOSE_SIZE_MAX: u64 = 1024;
/// `packed-refs` is mapped into memory above this size, in bytes.
const PACKED_MAP_SIZE_MIN: u64 = 32 << 10;

/// The value of one ref, or `None` when there is no such ref.
pub fn read(repository: &Repository, name: &str) -> Result<Option<ObjectId>, RefError> {
    check_name(name)?;
    if let Some(id) = repository.pending_refs().get(name) {
        return Ok(Some(*id));
    }
    match read_loose(repository.common_dir(), name)? {
        Some(id) => Ok(Some(id)),
        None => PackedRefs::open(repository.common_dir())?.find(name),
    }
}

/// All refs whose names begin with `prefix`, sorted by name. One damaged ref fails the call.
pub fn list(repository: &Repository, prefix: &str) -> Result<Vec<(String, ObjectId)>, RefError> {
    list_checked(repository, prefix)?
        .into_iter()
        .map(|(name, outcome)| outcome.map(|id| (name, id)))
        .collect()
}

/// As [`list`], with the damage of each ref beside the sound ones.
#[allow(clippy::type_complexity, reason = "a name and what it holds")]
pub fn list_checked(
    repository: &Repository,
    prefix: &str,
) -> Result<Vec<(String, Result<ObjectId, RefError>)>, RefError> {
    let mut found = BTreeMap::new();
    if !prefix.starts_with(ROOT)
        || prefix
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
    {
        let reason = "a prefix must begin with `refs/gatos/`".to_owned();
        return Err(RefError::BadName {
            name: prefix.to_owned(),
            reason,
        });
    }
    let (folder, _) = prefix.rsplit_once('/').unwrap_or((prefix, ""));
    list_loose(repository.common_dir(), folder, prefix, &mut found)?;
    let packed = PackedRefs::open(repository.common_dir())?;
    packed.each(prefix, |name, id| {
        found.entry(name.to_owned()).or_insert(Ok(id));
    })?;
    let pending = repository.pending_refs().iter();
    for (name, id) in pending.filter(|(name, _)| name.starts_with(prefix)) {
        found.insert(name.clone(), Ok(*id));
    }
    Ok(found.into_iter().collect())
}

/// How many refs below `refs/gatos/` are files of their own.
pub fn loose_ref_count(repository: &Repository) -> Result<usize, RefError> {
    let mut found = BTreeMap::new();
    list_loose(
        repository.common_dir(),
        ROOT.trim_end_matches('/'),
        ROOT,
        &mut found,
    )?;
    Ok(found.len())
}

fn list_loose(
    common_dir: &Path,
    folder: &str,
    prefix: &str,
    found: &mut BTreeMap<String, Result<ObjectId, RefError>>,
) -> Result<(), RefError> {
    let path = common_dir.join(folder);
    let failed = |source| FileError::new(FileOperation::List, &path, source);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        // No such ref yet, or packing has just taken the folder away; the packed file is read later.
        Err(error) if is_absent(&error) => return Ok(()),
        Err(source) => return Err(failed(source).into()),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if !(name.starts_with(prefix) || prefix.starts_with(&name)) || name.ends_with(".lock") {
            continue;
        }
        let is_folder = match entry.file_type() {
            Ok(kind) => kind.is_dir(),
            Err(error) if is_absent(&error) => continue,
            Err(source) => return Err(failed(source).into()),
        };
        if is_folder {
            list_loose(common_dir, &name, prefix, found)?;
        } else if name.starts_with(prefix) {
            match check_name(&name).and_then(|()| read_loose(common_dir, &name)) {
                Ok(Some(id)) => found.insert(name, Ok(id)),
                Ok(None) => None,
                Err(error @ RefError::File(_)) => return Err(error),
                Err(damage) => found.insert(name, Err(damage)),
            };
        }
    }
    Ok(())
}

/// The value in a loose ref's file, if there is such a file.
pub(super) fn read_loose(common_dir: &Path, name: &str) -> Result<Option<ObjectId>, RefError> {
    let path = common_dir.join(name);
    let mut content = Vec::with_capacity(64);
    match File::open(&path).and_then(|file| file.take(LOOSE_SIZE_MAX).read_to_end(&mut content)) {
        Ok(_) => parse_loose(name, &content).map(Some),
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(FileError::new(FileOperation::Read, &path, source).into()),
    }
}

/// No file of this name: nothing there, a folder there, or a file where a folder would have to be.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory
    )
}

/// A loose ref is 40 hexadecimal digits and a line end; Git allows any white space behind.
fn parse_loose(name: &str, content: &[u8]) -> Result<ObjectId, RefError> {
    let damaged = |reason: &str| RefError::Damaged {
        name: name.to_owned(),
        reason: reason.to_owned(),
    };
    if content.is_empty() {
        return Err(damaged(
            "its file is empty, as after a power cut without flush",
        ));
    }
    if content.starts_with(b"ref:") {
        return Err(damaged(
            "it is symbolic, and refs below `refs/gatos/` are never symbolic",
        ));
    }
    match ObjectId::parse_bytes(content.trim_ascii_end()) {
        Some(ObjectId::ZERO) => Err(damaged("it holds the zero id")),
        Some(id) => Ok(id),
        None => Err(damaged("its file holds no object id")),
    }
}

/// One snapshot of `packed-refs`.
pub(super) struct PackedRefs(Option<packed::Buffer>);

impl PackedRefs {
    pub(super) fn open(common_dir: &Path) -> Result<PackedRefs, RefError> {
        let path = common_dir.join("packed-refs");
        match packed::Buffer::open(path, PACKED_MAP_SIZE_MIN, gix::hash::Kind::Sha1) {
            Ok(buffer) => Ok(PackedRefs(Some(buffer))),
            Err(error) if error.is_not_found() => Ok(PackedRefs(None)),
            Err(error) => Err(unreadable(&error)),
        }
    }

    pub(super) fn find(&self, name: &str) -> Result<Option<ObjectId>, RefError> {
        let Some(buffer) = &self.0 else {
            return Ok(None);
        };
        match buffer.try_find(name).map_err(|error| unreadable(&error))? {
            Some(reference) => id_of(&reference).map(Some),
            None => Ok(None),
        }
    }

    pub(super) fn each(
        &self,
        prefix: &str,
        mut take: impl FnMut(&str, ObjectId),
    ) -> Result<(), RefError> {
        let Some(buffer) = &self.0 else {
            return Ok(());
        };
        for reference in buffer
            .iter_prefixed(prefix.into())
            .map_err(|error| unreadable(&error))?
        {
            let reference = reference.map_err(|error| unreadable(&error))?;
            let name = reference.name.as_bstr().to_string();
            take(&name, id_of(&reference)?);
        }
        Ok(())
    }
}

fn id_of(reference: &packed::Reference<'_>) -> Result<ObjectId, RefError> {
    ObjectId::parse_bytes(reference.target).ok_or_else(|| RefError::Damaged {
        name: reference.name.as_bstr().to_string(),
        reason: "its line in `packed-refs` holds no object id".to_owned(),
    })
}

fn unreadable(error: &gix::Error) -> RefError {
    RefError::PackedRefs {
        reason: error.to_string(),
    }
}
