//! From the tip of a journal to its root, one commit after the other.

use super::{ObjectError, Reader};
use crate::object_id::ObjectId;

/// One commit of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkedCommit {
    /// Its id.
    pub id: ObjectId,
    /// The commit it stands on.
    pub parent: Option<ObjectId>,
    /// Its content: headers, blank line, message.
    pub content: Vec<u8>,
}

/// Iterates from the newest commit to the oldest; ends after the first error.
pub struct WalkBack<'r> {
    reader: &'r Reader,
    next: Option<ObjectId>,
    until: Option<ObjectId>,
}

impl<'r> WalkBack<'r> {
    pub(super) fn new(reader: &'r Reader, tip: ObjectId, until: Option<ObjectId>) -> WalkBack<'r> {
        WalkBack {
            reader,
            next: Some(tip),
            until,
        }
    }
}

impl Iterator for WalkBack<'_> {
    type Item = Result<WalkedCommit, ObjectError>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        if self.until == Some(id) {
            return None;
        }
        let walked = self.reader.commit(id).and_then(|content| {
            let parent = parent_of_commit(id, &content)?;
            Ok(WalkedCommit {
                id,
                parent,
                content,
            })
        });
        self.next = walked.as_ref().ok().and_then(|walked| walked.parent);
        Some(walked)
    }
}

/// The parent named by a commit's content, which begins `tree <id>\n` and goes on with one line
/// `parent <id>\n` for each parent.
pub fn parent_of_commit(id: ObjectId, content: &[u8]) -> Result<Option<ObjectId>, ObjectError> {
    let damaged = |reason: &str| ObjectError::Corrupt {
        id,
        reason: reason.to_owned(),
    };
    let (_, rest) = header_line(content, b"tree ").ok_or_else(|| damaged("it names no tree"))?;
    let Some((parent, rest)) = header_line(rest, b"parent ") else {
        return match rest.starts_with(b"parent ") {
            true => Err(damaged("its parent is no object id")),
            false => Ok(None),
        };
    };
    if rest.starts_with(b"parent ") {
        return Err(ObjectError::Merge { id });
    }
    Ok(Some(parent))
}

fn header_line<'c>(content: &'c [u8], name: &[u8]) -> Option<(ObjectId, &'c [u8])> {
    let value = content.strip_prefix(name)?;
    let (id, rest) = value.split_at_checked(40)?;
    Some((ObjectId::parse_bytes(id)?, rest.strip_prefix(b"\n")?))
}
