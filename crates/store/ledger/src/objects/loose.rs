//! Writing one object as a file of its own, durably.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::files::{self, FileError, FileOperation};
use crate::git::Repository;
use crate::object_id::{ObjectId, ObjectKind};

/// Writes an object (gitformat-loose: zlib of header and content) and returns its id.
///
/// An object that is there as a loose file already is flushed, not written: whoever wrote it may
/// not have flushed it.
pub fn write_loose(
    repository: &Repository,
    kind: ObjectKind,
    content: &[u8],
) -> Result<ObjectId, FileError> {
    let id = ObjectId::of(kind, content);
    let path = loose_path(repository, id);
    let folder = files::parent_of(&path).to_path_buf();
    if path.is_file() {
        fs::File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|source| FileError::new(FileOperation::Sync, &path, source))?;
        files::sync_directory(&folder)?;
        return files::sync_directory(files::parent_of(&folder)).map(|()| id);
    }
    files::create_directory_durable(&folder)?;
    let temporary = temporary_in(&folder);
    let written = write_file(&temporary, kind, content)
        .map_err(|source| FileError::new(FileOperation::Write, &temporary, source))
        .and_then(|()| files::rename(&temporary, &path));
    if let Err(error) = written {
        // Best effort: git removes files of this name too, once they are old.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    files::sync_directory(&folder)?;
    Ok(id)
}

/// Flushes the folders in which `git` has put packs and objects, which it never does itself. Call
/// it before a ref is moved onto something `git` fetched.
pub fn sync_object_folders(repository: &Repository) -> Result<(), FileError> {
    let pack_dir = repository.pack_dir();
    if pack_dir.is_dir() {
        files::sync_directory(&pack_dir)?;
    }
    let objects_dir = repository.objects_dir();
    for name in files::list(&objects_dir)? {
        if name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            files::sync_directory(&objects_dir.join(name))?;
        }
    }
    files::sync_directory(&objects_dir)
}

fn loose_path(repository: &Repository, id: ObjectId) -> PathBuf {
    let hex = id.to_string();
    let (folder, file) = hex.split_at(2);
    repository.objects_dir().join(folder).join(file)
}

/// A name that `git prune` recognises as left over.
fn temporary_in(folder: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let counter = COUNTER.fetch_add(1, Ordering::Relaxed);
    folder.join(format!("tmp_obj_{}_{counter}", std::process::id()))
}

fn write_file(path: &Path, kind: ObjectKind, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o444);
    }
    let mut encoder = ZlibEncoder::new(options.open(path)?, Compression::fast());
    write!(encoder, "{kind} {}\0", content.len())?;
    encoder.write_all(content)?;
    encoder.finish()?.sync_all()
}
