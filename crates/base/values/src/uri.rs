//! Resource URIs: `gatos://<repository>/<namespace>/<path>`, the `resource` of events, decisions and errors.
//!
//! The path after the repository starts with the namespace; where the namespace ends is not visible in the text,
//! so [`ResourceUri::in_namespace`] takes it as an argument. Patterns over resources are `glob`'s work.
//!
//! INVARIANT: one resource has one text: path segments use a fixed set of raw ASCII characters and percent-encode
//! every other byte, with upper-case hex, and never encode a raw one.
//! Vectors: `vectors/values/uris.tsv`. Tests: `tests/it/uri.rs`.

use crate::name::{check_namespace, check_segment_bytes};
use crate::{ErrorCode, Namespace, Segment, Text, Value};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

/// Longest resource URI in bytes.
pub const RESOURCE_URI_SIZE_MAX: usize = 1024;

const SCHEME: &str = "gatos://";

/// A resource URI.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceUri {
    text: Arc<str>,
    /// Byte offset of the `/` after the repository's name.
    repo_end: usize,
}

/// Why a text is not a resource URI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not a resource URI: {reason} (byte {offset})",
    crate::excerpt::excerpt(text)
)]
pub struct UriError {
    /// The text as given.
    pub text: String,
    /// Which rule it breaks.
    pub reason: &'static str,
    /// Byte offset of the first byte that breaks it.
    pub offset: usize,
}

impl UriError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadUri
    }
}

impl ResourceUri {
    /// Reads and checks a resource URI.
    ///
    /// # Errors
    /// [`UriError`].
    pub fn parse(text: &str) -> Result<ResourceUri, UriError> {
        let repo_end = check(text).map_err(|(reason, offset)| UriError {
            text: text.to_owned(),
            reason,
            offset,
        })?;
        Ok(ResourceUri {
            text: Arc::from(text),
            repo_end,
        })
    }

    /// `gatos://<repository>/<namespace>/journal`: the resource of an event that names no other.
    #[must_use]
    pub fn journal(repository: &Segment, ns: &Namespace) -> ResourceUri {
        ResourceUri::in_repository(repository, ns, "journal")
    }

    /// `gatos://<repository>/<namespace>/state`: the resource of checkpoints.
    #[must_use]
    pub fn state(repository: &Segment, ns: &Namespace) -> ResourceUri {
        ResourceUri::in_repository(repository, ns, "state")
    }

    /// `path` must be a valid path; names are within the limits, so the whole is.
    fn in_repository(repository: &Segment, ns: &Namespace, path: &'static str) -> ResourceUri {
        let text = format!("{SCHEME}{repository}/{ns}/{path}");
        ResourceUri {
            repo_end: SCHEME.len() + repository.as_str().len(),
            text: Arc::from(text),
        }
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The repository's name; a valid [`Segment`].
    #[must_use]
    pub fn repo(&self) -> &str {
        &self.text[SCHEME.len()..self.repo_end]
    }

    /// Everything after the repository: namespace and path, without a leading `/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.text[self.repo_end + 1..]
    }

    /// The path below the namespace, if the resource lies in it.
    #[must_use]
    pub fn path_in(&self, ns: &Namespace) -> Option<&str> {
        self.path().strip_prefix(ns.as_str())?.strip_prefix('/')
    }

    /// Whether the resource lies in the namespace.
    #[must_use]
    pub fn in_namespace(&self, ns: &Namespace) -> bool {
        self.path_in(ns).is_some()
    }

    /// The text as a value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        // Resource URIs are ASCII, so they are text as they stand.
        Text::new(self.as_str()).map_or(Value::Null, Value::Text)
    }
}

/// The offset where the repository's name ends.
fn check(text: &str) -> Result<usize, (&'static str, usize)> {
    let Some(rest) = text.strip_prefix(SCHEME) else {
        return Err(("it does not start with `gatos://`", 0));
    };
    if text.len() > RESOURCE_URI_SIZE_MAX {
        return Err(("it has at most 1024 bytes", RESOURCE_URI_SIZE_MAX));
    }
    let Some((repository, path)) = rest.split_once('/') else {
        return Err(("there is no path after the repository", text.len()));
    };
    let repo_end = SCHEME.len() + repository.len();
    check_segment_bytes(repository.as_bytes())
        .map_err(|(reason, offset)| (reason, SCHEME.len() + offset))?;
    let Some((first, _)) = path.split_once('/') else {
        return Err(("there is no path after the namespace", text.len()));
    };
    check_namespace(first).map_err(|(reason, offset)| (reason, repo_end + 1 + offset))?;
    let mut offset = repo_end + 1;
    for segment in path.as_bytes().split(|byte| *byte == b'/') {
        check_path_segment(segment).map_err(|(reason, inner)| (reason, offset + inner))?;
        offset += segment.len() + 1;
    }
    Ok(repo_end)
}

fn check_path_segment(bytes: &[u8]) -> Result<(), (&'static str, usize)> {
    match bytes {
        b"" => return Err(("a path segment is empty", 0)),
        b"." | b".." => return Err(("`.` and `..` are no path segments", 0)),
        _ => {}
    }
    let mut offset = 0;
    while offset < bytes.len() {
        if bytes[offset] == b'%' {
            let Some(encoded) = bytes.get(offset + 1..offset + 3).and_then(decode_pair) else {
                return Err(("`%` must be followed by two upper-case hex digits", offset));
            };
            if is_raw(encoded) {
                return Err(("this character must not be percent-encoded", offset));
            }
            offset += 3;
        } else if is_raw(bytes[offset]) {
            offset += 1;
        } else {
            return Err(("this character must be percent-encoded", offset));
        }
    }
    Ok(())
}

const fn is_raw(byte: u8) -> bool {
    RAW_BYTES[byte as usize]
}

/// Which bytes a path segment shows as they are.
const RAW_BYTES: [bool; 256] = raw_bytes();

const fn raw_bytes() -> [bool; 256] {
    let mut raw = [false; 256];
    let mut index = 0;
    while index < raw.len() {
        let byte = index as u8;
        raw[index] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.' | b'_' | b'~' | b':' | b'@' | b'+' | b'=' | b','
            );
        index += 1;
    }
    raw
}

fn decode_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    Some((digit(*pair.first()?)? << 4) | digit(*pair.get(1)?)?)
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

impl fmt::Debug for ResourceUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl FromStr for ResourceUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<ResourceUri, UriError> {
        ResourceUri::parse(text)
    }
}
