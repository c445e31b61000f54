//! Lines of a commit: a cursor for the decoders and pushers for the encoders.
//!
//! Layout: docs/formats/journal.md. TWIN: journal commit.

use super::CommitError;
use crate::object_id::ObjectId;

/// Reads a commit line by line, from the front.
pub(super) struct Lines<'a> {
    content: &'a [u8],
    offset: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(content: &'a [u8]) -> Lines<'a> {
        Lines { content, offset: 0 }
    }

    /// The lines `tree` and, where there is one, `parent`.
    pub(super) fn head(&mut self) -> Result<Option<ObjectId>, CommitError> {
        let expected = "`tree` and the id of the empty tree";
        if self.field(b"tree ", expected)? != ObjectId::EMPTY_TREE.to_hex() {
            return Err(self.error_before(expected));
        }
        if !self.rest().starts_with(b"parent ") {
            return Ok(None);
        }
        let expected = "`parent` and 40 hex digits";
        let parent = ObjectId::parse_bytes(self.field(b"parent ", expected)?);
        parent.map(Some).ok_or_else(|| self.error_before(expected))
    }

    /// The lines `author` and `committer` and the empty line; what they say is compared later.
    pub(super) fn people(&mut self) -> Result<(), CommitError> {
        self.field(b"author ", "`author`")?;
        self.field(b"committer ", "`committer`")?;
        self.empty()
    }

    pub(super) fn empty(&mut self) -> Result<(), CommitError> {
        let expected = "an empty line";
        if self.line(expected)?.is_empty() {
            Ok(())
        } else {
            Err(self.error_before(expected))
        }
    }

    /// The rest of a line that begins with `name`.
    pub(super) fn field(
        &mut self,
        name: &[u8],
        expected: &'static str,
    ) -> Result<&'a [u8], CommitError> {
        if !self.rest().starts_with(name) {
            return Err(self.error(expected));
        }
        self.offset += name.len();
        self.line(expected)
    }

    /// Everything up to the next line feed.
    pub(super) fn line(&mut self, expected: &'static str) -> Result<&'a [u8], CommitError> {
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == b'\n');
        let Some(end) = end else {
            return Err(self.error(expected));
        };
        self.offset += end + 1;
        Ok(&rest[..end])
    }

    pub(super) fn text(&mut self, expected: &'static str) -> Result<&'a str, CommitError> {
        let line = self.line(expected)?;
        self.utf8(line, expected)
    }

    pub(super) fn field_text(
        &mut self,
        name: &[u8],
        expected: &'static str,
    ) -> Result<&'a str, CommitError> {
        let line = self.field(name, expected)?;
        self.utf8(line, expected)
    }

    fn utf8(&self, line: &'a [u8], expected: &'static str) -> Result<&'a str, CommitError> {
        std::str::from_utf8(line).map_err(|_| self.error_before(expected))
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.offset == self.content.len()
    }

    pub(super) fn end(&self) -> Result<(), CommitError> {
        if self.is_at_end() {
            Ok(())
        } else {
            Err(self.error("the end of the commit"))
        }
    }

    pub(super) fn error(&self, expected: &'static str) -> CommitError {
        CommitError::Malformed {
            offset: self.offset,
            expected,
        }
    }

    /// An error about the line that was just read.
    pub(super) fn error_before(&self, expected: &'static str) -> CommitError {
        let read = &self.content[..self.offset.saturating_sub(1)];
        let start = read
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        CommitError::Malformed {
            offset: start,
            expected,
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.content[self.offset..]
    }
}

/// Appends the lines `tree`, `parent` where there is one, `author`, `committer` and the empty line.
pub(super) fn push_head(out: &mut Vec<u8>, parent: Option<ObjectId>, person: &[&[u8]]) {
    push(out, &[b"tree ", &ObjectId::EMPTY_TREE.to_hex(), b"\n"]);
    if let Some(parent) = parent {
        push(out, &[b"parent ", &parent.to_hex(), b"\n"]);
    }
    push(out, &[b"author "]);
    push(out, person);
    push(out, &[b"\ncommitter "]);
    push(out, person);
    push(out, &[b"\n\n"]);
}

pub(super) fn push(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}
