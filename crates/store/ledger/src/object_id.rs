//! Names of Git objects: the SHA-1 of `<kind> <size>\0<content>`.
//!
//! An [`ObjectId`] says which object is meant, nothing about its being present or sound. Git's
//! collision detection is left to Git: what this project proves rests on BLAKE3 and SHA-256,
//! object ids only address bytes.
//! Tests: `object_id/tests.rs`.

use core::fmt;
use core::str::FromStr;

use gatos_values::ErrorCode;
use sha1::{Digest, Sha1};

#[cfg(test)]
mod tests;

/// The kinds of object a repository holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// A tree: one folder level.
    Tree,
    /// A blob: the bytes of one file.
    Blob,
    /// An annotated tag. This project writes none, but a foreign ref may point at one.
    Tag,
}

impl ObjectKind {
    /// The word Git uses in object headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            ObjectKind::Commit => "commit",
            ObjectKind::Tree => "tree",
            ObjectKind::Blob => "blob",
            ObjectKind::Tag => "tag",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl From<gix::objs::Kind> for ObjectKind {
    fn from(kind: gix::objs::Kind) -> ObjectKind {
        match kind {
            gix::objs::Kind::Commit => ObjectKind::Commit,
            gix::objs::Kind::Tree => ObjectKind::Tree,
            gix::objs::Kind::Blob => ObjectKind::Blob,
            gix::objs::Kind::Tag => ObjectKind::Tag,
        }
    }
}

/// The id of one Git object in a SHA-1 repository.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 20]);

impl ObjectId {
    /// The empty tree, on which every journal commit stands.
    pub const EMPTY_TREE: ObjectId = ObjectId([
        0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60, 0xe5, 0x4b, 0xf8, 0xd6, 0x92,
        0x88, 0xfb, 0xee, 0x49, 0x04,
    ]);

    /// The id Git prints for "no object".
    pub const ZERO: ObjectId = ObjectId([0; 20]);

    /// Takes the raw 20 bytes.
    pub const fn from_bytes(bytes: [u8; 20]) -> ObjectId {
        ObjectId(bytes)
    }

    /// Takes raw bytes of unknown length; `None` unless there are exactly 20.
    pub fn from_slice(bytes: &[u8]) -> Option<ObjectId> {
        bytes.try_into().ok().map(ObjectId)
    }

    /// The raw 20 bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Computes the id of an object of this kind and content (gitformat-loose: the header is part of the hash).
    pub fn of(kind: ObjectKind, content: &[u8]) -> ObjectId {
        let mut hasher = Sha1::new();
        hasher.update(kind.as_str());
        hasher.update(b" ");
        hasher.update(DecimalBuffer::new(content.len() as u64).as_bytes());
        hasher.update(b"\0");
        hasher.update(content);
        ObjectId(hasher.finalize().into())
    }

    /// Reads exactly 40 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<ObjectId, ObjectIdError> {
        ObjectId::parse_bytes(text.as_bytes()).ok_or_else(|| ObjectIdError {
            input: text.chars().take(80).collect(),
        })
    }

    /// As [`ObjectId::parse`], from bytes and without an error to show.
    pub fn parse_bytes(text: &[u8]) -> Option<ObjectId> {
        let text: &[u8; 40] = text.try_into().ok()?;
        let mut bytes = [0; 20];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(ObjectId(bytes))
    }

    /// The 40 digits as bytes, without allocating.
    pub fn to_hex(&self) -> [u8; 40] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 40];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        text
    }
}

/// Decimal digits of a size, on the stack: object ids are computed by the million.
struct DecimalBuffer {
    digits: [u8; 20],
    start: usize,
}

impl DecimalBuffer {
    fn new(mut value: u64) -> DecimalBuffer {
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                return DecimalBuffer { digits, start };
            }
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The text is not 40 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{input}` is not an object id: 40 lower-case hexadecimal digits are needed")]
pub struct ObjectIdError {
    input: String,
}

impl ObjectIdError {
    /// The code of the taxonomy.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::BadDigest
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ObjectId({self})")
    }
}

impl FromStr for ObjectId {
    type Err = ObjectIdError;

    fn from_str(text: &str) -> Result<ObjectId, ObjectIdError> {
        ObjectId::parse(text)
    }
}

impl From<ObjectId> for gix::ObjectId {
    fn from(id: ObjectId) -> gix::ObjectId {
        gix::ObjectId::from_bytes_or_panic(&id.0)
    }
}

/// `None` for an id of another hash; this crate opens SHA-1 repositories only.
impl TryFrom<&gix::oid> for ObjectId {
    type Error = ();

    fn try_from(id: &gix::oid) -> Result<ObjectId, ()> {
        ObjectId::from_slice(id.as_bytes()).ok_or(())
    }
}
