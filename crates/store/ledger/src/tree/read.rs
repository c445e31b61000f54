//! Reading trees that anybody may have made.

use std::collections::BTreeSet;

use super::{
    DEPTH_MAX, MODE_FILE, MODE_TREE, PATH_SIZE_MAX, TreeError, TreeFile, check_segment, shown,
    sort_key,
};
use crate::git::Repository;
use crate::object_id::{ObjectId, ObjectKind};
use crate::objects::{ObjectError, Reader};

/// What a reader is ready to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeLimits {
    /// Files and folders in all.
    pub entry_count_max: usize,
    /// Length of one tree object, in bytes.
    pub tree_size_max: u64,
}

impl Default for TreeLimits {
    /// A million entries; 64 MiB for one folder.
    fn default() -> TreeLimits {
        TreeLimits {
            entry_count_max: 1_000_000,
            tree_size_max: 64 << 20,
        }
    }
}

/// The tree a commit names.
pub fn of_commit(repository: &Repository, commit: ObjectId) -> Result<ObjectId, TreeError> {
    tree_of(&Reader::new(repository), commit)
}

fn tree_of(reader: &Reader, commit: ObjectId) -> Result<ObjectId, TreeError> {
    let content = reader.commit(commit)?;
    let tree = content
        .strip_prefix(b"tree ")
        .and_then(|rest| rest.split_at_checked(40))
        .filter(|(_, rest)| rest.starts_with(b"\n"))
        .and_then(|(hex, _)| ObjectId::parse_bytes(hex));
    tree.ok_or_else(|| {
        ObjectError::Corrupt {
            id: commit,
            reason: "it names no tree".to_owned(),
        }
        .into()
    })
}

/// All files of a commit's tree, sorted by path, within the default limits.
pub fn list_commit(repository: &Repository, commit: ObjectId) -> Result<Vec<TreeFile>, TreeError> {
    let reader = Reader::new(repository);
    let tree = tree_of(&reader, commit)?;
    list(&reader, tree, TreeLimits::default())
}

/// All files below a tree, sorted by path.
pub fn list(
    reader: &Reader,
    root: ObjectId,
    limits: TreeLimits,
) -> Result<Vec<TreeFile>, TreeError> {
    let mut listing = Listing {
        reader,
        root,
        limits,
        entry_count: 0,
        files: Vec::new(),
    };
    listing.folder(root, "", 0)?;
    listing.files.sort();
    Ok(listing.files)
}

/// The blob at a path, or `None` when there is no such file. Only the folders on the way are read.
pub fn blob_at(reader: &Reader, root: ObjectId, path: &str) -> Result<Option<ObjectId>, TreeError> {
    super::check_path(path)?;
    let mut tree = root;
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let content = reader.read(tree, ObjectKind::Tree, TreeLimits::default().tree_size_max)?;
        let mut found = None;
        for entry in entries(tree, &content) {
            let entry = entry?;
            if entry.name == segment {
                found = Some((entry.is_folder, entry.id));
            }
        }
        match (found, segments.peek()) {
            (Some((true, id)), Some(_)) => tree = id,
            (Some((false, id)), None) => return Ok(Some(id)),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

struct Listing<'r> {
    reader: &'r Reader,
    root: ObjectId,
    limits: TreeLimits,
    entry_count: usize,
    files: Vec<TreeFile>,
}

impl Listing<'_> {
    fn folder(&mut self, tree: ObjectId, above: &str, depth: usize) -> Result<(), TreeError> {
        if depth > DEPTH_MAX {
            return Err(TreeError::BadPath {
                path: shown(above),
                reason: "it is nested too deeply",
            });
        }
        let content = self
            .reader
            .read(tree, ObjectKind::Tree, self.limits.tree_size_max)?;
        for entry in entries(tree, &content) {
            let entry = entry?;
            self.entry_count += 1;
            // Small objects can stand for endless files, as one folder may come again and again.
            if self.entry_count > self.limits.entry_count_max {
                return Err(TreeError::TooMany {
                    id: self.root,
                    count_max: self.limits.entry_count_max,
                });
            }
            let path = if above.is_empty() {
                entry.name.to_owned()
            } else {
                format!("{above}/{}", entry.name)
            };
            if path.len() > PATH_SIZE_MAX {
                return Err(TreeError::BadPath {
                    path: shown(&path),
                    reason: "it is too long",
                });
            }
            if entry.is_folder {
                self.folder(entry.id, &path, depth + 1)?;
            } else {
                self.files.push(TreeFile {
                    path,
                    blob: entry.id,
                });
            }
        }
        Ok(())
    }
}

struct Entry<'c> {
    name: &'c str,
    is_folder: bool,
    id: ObjectId,
}

/// The entries of one tree, each judged, in strictly rising order.
fn entries(id: ObjectId, content: &[u8]) -> impl Iterator<Item = Result<Entry<'_>, TreeError>> {
    let mut offset = 0;
    let mut before: Option<(&str, &[u8])> = None;
    let mut names = BTreeSet::new();
    std::iter::from_fn(move || {
        let rest = content.get(offset..).filter(|rest| !rest.is_empty())?;
        let outcome = entry(rest).and_then(|(mode, entry, size)| {
            let rises = before
                .is_none_or(|(name, other)| sort_key(name, other).lt(sort_key(entry.name, mode)));
            // A file and a folder of one name need not be neighbours.
            if !rises || !names.insert(entry.name) {
                return Err("its entries are not in order, or one comes twice");
            }
            before = Some((entry.name, mode));
            Ok((entry, size))
        });
        let here = offset;
        match outcome {
            Ok((entry, size)) => {
                offset += size;
                Some(Ok(entry))
            }
            Err(reason) => {
                offset = content.len();
                Some(Err(TreeError::Malformed {
                    id,
                    offset: here,
                    reason,
                }))
            }
        }
    })
}

/// Mode, entry and length of the first entry.
fn entry(content: &[u8]) -> Result<(&[u8], Entry<'_>, usize), &'static str> {
    let space = content
        .iter()
        .take(8)
        .position(|&byte| byte == b' ')
        .ok_or("a mode is not ended")?;
    let (mode, rest) = (&content[..space], &content[space + 1..]);
    let end = rest
        .iter()
        .position(|&byte| byte == 0)
        .ok_or("a name is not ended")?;
    let name = std::str::from_utf8(&rest[..end]).map_err(|_| "a name is not UTF-8")?;
    check_segment(name).map_err(|_| "a name is not allowed")?;
    let id = rest
        .get(end + 1..end + 21)
        .and_then(ObjectId::from_slice)
        .ok_or("an id is cut short")?;
    let is_folder = match mode {
        MODE_TREE => true,
        MODE_FILE => false,
        _ => return Err("a mode is neither that of a plain file nor that of a folder"),
    };
    Ok((
        mode,
        Entry {
            name,
            is_folder,
            id,
        },
        space + 1 + end + 1 + 20,
    ))
}
