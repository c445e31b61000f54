//! Packs: one batch of Git objects as one pack and its index, whole after a crash or not there.
//!
//! Writes pack version 2 and index version 2, as `gitformat-pack(5)` describes them, with deltas one
//! step deep between commits that are alike; reading packs is the Git library's work, and folding
//! many into one is upkeep's. The bytes depend on the objects and their order only, never on the
//! number of threads.
//!
//! INVARIANT 1: a pack appears under its final name only when pack and index are on the disk.
//! INVARIANT 2: from before it appears until the caller calls [`PackWritten::release`], a `.keep`
//! file stops `git gc` and `git repack` from dropping objects that no ref reaches yet.
//! Tests: pack/tests.rs, with the installed `git` as the judge.

use std::path::{Path, PathBuf};

use gatos_values::ErrorCode;
use sha1::{Digest, Sha1};

use crate::files::{self, DurableFile, FileError, FileOperation};
use crate::object_id::{ObjectId, ObjectKind};

mod delta;
mod entries;
#[cfg(test)]
mod tests;

/// The size, in bytes, of an object this writer accepts at most.
pub const OBJECT_SIZE_MAX: usize = 1 << 30;

const KEEP_TEXT: &[u8] = b"gatos: refs not moved yet\n";
const INDEX_MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
/// Offsets from here on go to the index's table of 64-bit offsets.
const OFFSET_LARGE: u64 = 1 << 31;

/// Why a pack was not written. Nothing is left behind, except what a failing disk refuses to remove.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PackError {
    /// There was no object to write.
    #[error("a pack needs at least one object")]
    Empty,
    /// An object is larger than [`OBJECT_SIZE_MAX`].
    #[error("object `{id}` has {size} bytes, more than {OBJECT_SIZE_MAX}")]
    ObjectTooLarge {
        /// The object.
        id: ObjectId,
        /// Its size in bytes.
        size: usize,
    },
    /// Two different objects came under one id.
    #[error("two different objects have the id `{id}`")]
    IdCollision {
        /// The id.
        id: ObjectId,
    },
    /// The compressor refused its input, which it never should.
    #[error("object `{id}` could not be compressed")]
    Compressor {
        /// The object.
        id: ObjectId,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] FileError),
}

impl PackError {
    /// `TOO_LARGE`, `INTERNAL`, `DISK_FULL`, `READ_ONLY` or `IO`.
    pub fn code(&self) -> ErrorCode {
        match self {
            PackError::ObjectTooLarge { .. } => ErrorCode::TooLarge,
            PackError::Empty | PackError::IdCollision { .. } | PackError::Compressor { .. } => {
                ErrorCode::Internal
            }
            PackError::File(error) => error.code(),
        }
    }
}

/// One object of a batch.
#[derive(Debug, Clone, Copy)]
pub struct PackObject<'a> {
    id: ObjectId,
    kind: ObjectKind,
    bytes: &'a [u8],
}

impl<'a> PackObject<'a> {
    /// A commit, whose id is computed here.
    pub fn commit(content: &'a [u8]) -> PackObject<'a> {
        PackObject::new(ObjectKind::Commit, content)
    }

    /// An object whose id is computed here.
    pub fn new(kind: ObjectKind, bytes: &'a [u8]) -> PackObject<'a> {
        PackObject {
            id: ObjectId::of(kind, bytes),
            kind,
            bytes,
        }
    }

    /// An object whose id the caller has computed already. A wrong id makes a pack that `git fsck` refuses.
    pub fn with_id(id: ObjectId, kind: ObjectKind, bytes: &'a [u8]) -> PackObject<'a> {
        debug_assert_eq!(id, ObjectId::of(kind, bytes));
        PackObject { id, kind, bytes }
    }

    /// The object's id.
    pub fn id(&self) -> ObjectId {
        self.id
    }
}

/// A pack that is on the disk, protected by its `.keep` file until [`PackWritten::release`].
///
/// Dropping it leaves the file there, as a kill would: same objects make a pack of the same name, and a
/// `git repack -a -d` that saw the first one unprotected would remove the second. The next writer
/// takes the file away once recovery is done ([`remove_stale_keeps`]).
#[derive(Debug)]
#[must_use = "the `.keep` file stays until the pack is released"]
pub struct PackWritten {
    /// The common stem of the files: `pack-` and the checksum of the pack in hex.
    pub name: String,
    /// The number of different objects in the pack.
    pub object_count: usize,
    /// The size of the pack in bytes, without its index.
    pub size_bytes: u64,
    keep: PathBuf,
}

impl PackWritten {
    /// Removes the `.keep` file. Call it once a durable ref reaches the objects, or once they are given up.
    pub fn release(self) -> Result<(), FileError> {
        files::remove(&self.keep)
    }
}

/// Writes the objects as one pack below `pack_directory` (`objects/pack`) and flushes it.
///
/// Objects named twice are written once. Order on the disk: pack and index under temporary names,
/// flushed; `.keep`; pack renamed, then index; directory flushed. The temporary names do not begin
/// with `tmp_`, which `git prune --expire=now` would remove under our hands.
pub fn write_pack<'a>(
    pack_directory: &Path,
    objects: impl IntoIterator<Item = PackObject<'a>>,
) -> Result<PackWritten, PackError> {
    let objects = unique(objects.into_iter().collect())?;
    files::create_directory_durable(pack_directory)?;
    let mut temporaries = Temporaries::default();
    let pack_temporary = temporaries.add(pack_directory, "pack");
    let content = write_objects(&pack_temporary, &objects)?;
    let index_temporary = temporaries.add(pack_directory, "idx");
    write_index(&index_temporary, content.entries, content.checksum)?;

    let name = format!("pack-{}", content.checksum);
    let pack = pack_directory.join(format!("{name}.pack"));
    let index = pack_directory.join(format!("{name}.idx"));
    let keep = pack_directory.join(format!("{name}.keep"));
    let pack_was_there = pack.exists();
    temporaries.paths.push(keep.clone());
    write_keep(&keep)?;
    files::rename(&pack_temporary, &pack)?;
    if !pack_was_there {
        temporaries.paths.push(pack.clone());
    }
    files::rename(&index_temporary, &index)?;
    // From here on the pack is whole: it may stay, even if nobody ever refers to it.
    temporaries.paths.retain(|path| *path != pack);
    files::sync_directory(pack_directory)?;
    temporaries.paths.clear();
    Ok(PackWritten {
        name,
        object_count: objects.len(),
        size_bytes: content.size_bytes,
        keep,
    })
}

/// Removes temporary files that a killed writer left, and tells how many. Only the holder of the
/// writer's lock may call this.
pub fn remove_stale_temporaries(pack_directory: &Path) -> Result<usize, FileError> {
    files::remove_temporaries(pack_directory)
}

/// Removes the `.keep` files that a killed writer left, and tells how many; those of other programs stay.
///
/// Only the holder of the writer's lock may call this, and only after recovery: until then a pack
/// without a ref is what recovery writes once more, under the same name, while a `git repack -a -d` that
/// has seen it unprotected may be about to remove that name.
pub fn remove_stale_keeps(pack_directory: &Path) -> Result<usize, FileError> {
    let mut removed = 0;
    for name in files::list(pack_directory)? {
        let path = pack_directory.join(&name);
        if name.ends_with(".keep") && DurableFile::open_to_read(&path)?.read_all()? == KEEP_TEXT {
            files::remove(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Files to remove unless the pack was finished.
#[derive(Default)]
struct Temporaries {
    paths: Vec<PathBuf>,
}

impl Temporaries {
    fn add(&mut self, directory: &Path, stem: &str) -> PathBuf {
        let path = files::temporary_beside(&directory.join(stem));
        self.paths.push(path.clone());
        path
    }
}

impl Drop for Temporaries {
    fn drop(&mut self) {
        for path in &self.paths {
            // Best effort: the error that led here is the one worth reporting.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Where an object went; what the index tells about it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    id: ObjectId,
    crc32: u32,
    offset: u64,
}

struct PackContent {
    entries: Vec<Entry>,
    checksum: ObjectId,
    size_bytes: u64,
}

/// The objects in their order, each id once.
fn unique(objects: Vec<PackObject<'_>>) -> Result<Vec<PackObject<'_>>, PackError> {
    let mut order: Vec<usize> = (0..objects.len()).collect();
    order.sort_by_key(|&index| (objects[index].id, index));
    let mut repeated = vec![false; objects.len()];
    for pair in order.windows(2) {
        let (first, second) = (&objects[pair[0]], &objects[pair[1]]);
        if first.id == second.id {
            if first.kind != second.kind || first.bytes != second.bytes {
                return Err(PackError::IdCollision { id: first.id });
            }
            repeated[pair[1]] = true;
        }
    }
    let kept = objects
        .into_iter()
        .zip(repeated)
        .filter(|(_, repeated)| !repeated);
    let unique: Vec<PackObject<'_>> = kept.map(|(object, _)| object).collect();
    if let Some(large) = unique
        .iter()
        .find(|object| object.bytes.len() > OBJECT_SIZE_MAX)
    {
        return Err(PackError::ObjectTooLarge {
            id: large.id,
            size: large.bytes.len(),
        });
    }
    if unique.is_empty() {
        Err(PackError::Empty)
    } else {
        Ok(unique)
    }
}

fn write_objects(path: &Path, objects: &[PackObject<'_>]) -> Result<PackContent, PackError> {
    let file = DurableFile::create(path)?;
    let mut hasher = Sha1::new();
    let mut size_bytes = 0;
    let mut append = |bytes: &[u8]| -> Result<(), FileError> {
        hasher.update(bytes);
        file.write_all_at(bytes, size_bytes)?;
        size_bytes += bytes.len() as u64;
        Ok(())
    };
    let count =
        u32::try_from(objects.len()).expect("a batch in memory has fewer than 2^32 objects");
    let mut header = *b"PACK\0\0\0\x02\0\0\0\0";
    header[8..].copy_from_slice(&count.to_be_bytes());
    append(&header)?;
    let mut entries = Vec::with_capacity(objects.len());
    let mut offset = header.len() as u64;
    entries::pack_in_order(objects, |chunk| {
        for packed in &chunk.objects {
            entries.push(Entry {
                id: packed.id,
                crc32: packed.crc32,
                offset,
            });
            offset += packed.size as u64;
        }
        append(&chunk.bytes).map_err(PackError::from)
    })?;
    let checksum = ObjectId::from_bytes(hasher.finalize().into());
    file.write_all_at(checksum.as_bytes(), size_bytes)?;
    finish(&file)?;
    Ok(PackContent {
        entries,
        checksum,
        size_bytes: size_bytes + 20,
    })
}

fn write_index(path: &Path, mut entries: Vec<Entry>, pack: ObjectId) -> Result<(), FileError> {
    entries.sort_unstable_by_key(|entry| entry.id);
    let bytes = index_bytes(&entries, pack);
    let file = DurableFile::create(path)?;
    file.write_all_at(&bytes, 0)?;
    finish(&file)
}

/// Index version 2: fanout, ids, CRC-32s, offsets, large offsets, checksums of pack and index.
fn index_bytes(entries: &[Entry], pack: ObjectId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + 1024 + entries.len() * 28 + 40);
    bytes.extend_from_slice(&INDEX_MAGIC);
    let mut next = 0;
    for first_byte in 0..=u8::MAX {
        while next < entries.len() && entries[next].id.as_bytes()[0] <= first_byte {
            next += 1;
        }
        bytes.extend_from_slice(&(next as u32).to_be_bytes());
    }
    for entry in entries {
        bytes.extend_from_slice(entry.id.as_bytes());
    }
    for entry in entries {
        bytes.extend_from_slice(&entry.crc32.to_be_bytes());
    }
    let mut large = Vec::new();
    for entry in entries {
        let small = if entry.offset < OFFSET_LARGE {
            entry.offset as u32
        } else {
            large.push(entry.offset);
            OFFSET_LARGE as u32 | (large.len() - 1) as u32
        };
        bytes.extend_from_slice(&small.to_be_bytes());
    }
    for offset in large {
        bytes.extend_from_slice(&offset.to_be_bytes());
    }
    bytes.extend_from_slice(pack.as_bytes());
    let checksum: [u8; 20] = Sha1::digest(&bytes).into();
    bytes.extend_from_slice(&checksum);
    bytes
}

/// Flushes a file and makes it read-only, as Git's own packs are.
fn finish(file: &DurableFile) -> Result<(), FileError> {
    file.sync()?;
    let read_only = std::fs::metadata(file.path()).and_then(|metadata| {
        let mut permissions = metadata.permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(file.path(), permissions)
    });
    match read_only {
        Ok(()) => Ok(()),
        Err(source) => Err(FileError::new(FileOperation::Write, file.path(), source)),
    }
}

fn write_keep(path: &Path) -> Result<(), FileError> {
    // Whole or absent, also after a power cut: recovery knows our files by their text.
    files::atomic_write(path, KEEP_TEXT)
}
