//! Trees: from paths and blobs to nested tree objects, and back.
//!
//! [`build`] computes the objects, writing them is the caller's (`pack` or `objects`). Reading is
//! for trees that strangers made: every name, mode and order is judged before it is believed.
//!
//! INVARIANT 1: a path that [`build`] takes or [`list`] gives can be joined to a folder without
//! leaving it and without touching a `.git` of any spelling.
//! INVARIANT 2: memory and time are bounded by [`TreeLimits`], however small the objects are.
//! Format: gitformat tree entries `<mode> SP <name> NUL <20 bytes>`, sorted as if the names of
//! folders ended in `/`. Tests: `tree/tests.rs`.

mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use gatos_values::ErrorCode;

use crate::object_id::{ObjectId, ObjectKind};
use crate::objects::ObjectError;

pub use read::{TreeLimits, blob_at, list, list_commit, of_commit};

/// Mode of a plain file.
const MODE_FILE: &[u8] = b"100644";
/// Mode of a folder.
const MODE_TREE: &[u8] = b"40000";
/// The longest path, in bytes: what common systems can check out.
pub const PATH_SIZE_MAX: usize = 4000;
/// The deepest nesting of folders.
pub const DEPTH_MAX: usize = 64;

/// One file of a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TreeFile {
    /// Path below the root, segments joined by `/`.
    pub path: String,
    /// The blob with its bytes.
    pub blob: ObjectId,
}

/// The tree objects for a list of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trees {
    /// Id of the root.
    pub root: ObjectId,
    /// Id and content of every tree, each once, children before parents.
    pub objects: Vec<(ObjectId, Vec<u8>)>,
}

/// Computes the trees that hold these files, whatever their order.
pub fn build(files: &[TreeFile]) -> Result<Trees, TreeError> {
    let mut root = Folder::default();
    for file in files {
        check_path(&file.path)?;
        root.insert(&file.path, &file.path, file.blob)?;
    }
    let mut trees = Trees {
        root: ObjectId::EMPTY_TREE,
        objects: Vec::new(),
    };
    trees.root = root.write(&mut trees.objects, &mut BTreeSet::new());
    Ok(trees)
}

#[derive(Default)]
struct Folder<'f> {
    children: BTreeMap<&'f str, Child<'f>>,
}

enum Child<'f> {
    Blob(ObjectId),
    Folder(Folder<'f>),
}

impl<'f> Folder<'f> {
    fn insert(&mut self, whole: &str, path: &'f str, blob: ObjectId) -> Result<(), TreeError> {
        let twice = || TreeError::Twice {
            path: whole.to_owned(),
        };
        let Some((first, rest)) = path.split_once('/') else {
            return match self.children.insert(path, Child::Blob(blob)) {
                None => Ok(()),
                Some(_) => Err(twice()),
            };
        };
        match self
            .children
            .entry(first)
            .or_insert_with(|| Child::Folder(Folder::default()))
        {
            Child::Folder(folder) => folder.insert(whole, rest, blob),
            Child::Blob(_) => Err(twice()),
        }
    }

    /// Appends the objects of this folder and those below it; equal folders come once.
    fn write(
        &self,
        objects: &mut Vec<(ObjectId, Vec<u8>)>,
        known: &mut BTreeSet<ObjectId>,
    ) -> ObjectId {
        let mut entries: Vec<(&str, &[u8], ObjectId)> = self
            .children
            .iter()
            .map(|(name, child)| match child {
                Child::Blob(blob) => (*name, MODE_FILE, *blob),
                Child::Folder(folder) => (*name, MODE_TREE, folder.write(objects, known)),
            })
            .collect();
        entries.sort_by(|a, b| sort_key(a.0, a.1).cmp(sort_key(b.0, b.1)));
        let mut content = Vec::new();
        for (name, mode, id) in entries {
            content.extend_from_slice(mode);
            content.push(b' ');
            content.extend_from_slice(name.as_bytes());
            content.push(0);
            content.extend_from_slice(id.as_bytes());
        }
        let id = ObjectId::of(ObjectKind::Tree, &content);
        if known.insert(id) {
            objects.push((id, content));
        }
        id
    }
}

/// Folders sort as if their names ended in `/`.
fn sort_key<'n>(name: &'n str, mode: &[u8]) -> impl Iterator<Item = u8> + use<'n> {
    let end = (mode == MODE_TREE).then_some(b'/');
    name.bytes().chain(end)
}

/// Checks a whole path.
fn check_path(path: &str) -> Result<(), TreeError> {
    let bad = |reason| TreeError::BadPath {
        path: shown(path),
        reason,
    };
    if path.len() > PATH_SIZE_MAX {
        return Err(bad("it is too long"));
    }
    let mut depth = 0;
    for segment in path.split('/') {
        check_segment(segment).map_err(bad)?;
        depth += 1;
    }
    if depth > DEPTH_MAX {
        Err(bad("it is nested too deeply"))
    } else {
        Ok(())
    }
}

/// Checks one name. What Git's own checks refuse (`fsck --strict`, `core.protectNTFS`,
/// `core.protectHFS`) is refused, and what other systems cannot store as it stands.
fn check_segment(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("it has an empty segment");
    }
    if name == "." || name == ".." {
        return Err("it has a segment `.` or `..`");
    }
    if name.len() > 255 {
        return Err("it has a segment of more than 255 bytes");
    }
    if name.contains(|letter: char| letter.is_control() || matches!(letter, '/' | '\\')) {
        return Err("it has a control character, a slash or a backslash in a segment");
    }
    if is_git_folder(name) {
        return Err("it has a segment that some systems take for `.git`");
    }
    Ok(())
}

/// `.git` in any case; with trailing dots, spaces or a stream name as NTFS ignores them, or in its
/// short form `git~1`; and with the letters HFS+ ignores.
fn is_git_folder(name: &str) -> bool {
    let visible: String = name
        .chars()
        .filter(|letter| !is_ignored_by_hfs(*letter))
        .collect();
    let lower = visible.to_lowercase();
    let stem = lower
        .split(':')
        .next()
        .unwrap_or_default()
        .trim_end_matches(['.', ' ']);
    matches!(stem, ".git" | "git~1")
}

/// The code points HFS+ leaves out when it compares names (from Git's `utf8.c`, `next_hfs_char`).
fn is_ignored_by_hfs(letter: char) -> bool {
    matches!(letter, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

fn shown(path: &str) -> String {
    path.chars().take(300).collect()
}

/// Why a tree cannot be made or is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A path that may not be in a tree of ours.
    #[error("`{}` cannot be a path in a tree: {reason}", path.escape_debug())]
    BadPath {
        /// The path, cut if long.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A path comes twice, or is the folder of another.
    #[error("path `{path}` comes twice in a tree, or is both file and folder")]
    Twice {
        /// The path.
        path: String,
    },
    /// A tree object breaks the rules of trees.
    #[error("tree `{id}` is malformed at byte {offset}: {reason}")]
    Malformed {
        /// The tree.
        id: ObjectId,
        /// Where in its content.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The tree has more files than the caller wants.
    #[error("tree `{id}` has more than {count_max} entries")]
    TooMany {
        /// The root.
        id: ObjectId,
        /// The limit.
        count_max: usize,
    },
    /// An object cannot be read.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl TreeError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        match self {
            TreeError::BadPath { .. } | TreeError::Twice { .. } => ErrorCode::BadName,
            TreeError::Malformed { .. } => ErrorCode::BadCommit,
            TreeError::TooMany { .. } => ErrorCode::TooLarge,
            TreeError::Object(error) => error.code(),
        }
    }
}
