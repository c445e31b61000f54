//! Patterns over resources: what a grant is about.
//!
//! `gatos://<repository>/<path pattern>`; in the path `*` stands for any characters of one segment and `**` for any
//! number of segments. Matching is the one glob matcher's work; what is added here is "is one pattern within another".
//!
//! INVARIANT: `a.is_within(b)` only if every resource that `a` matches is matched by `b`.
//! Tests: pattern/tests.rs.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use gatos_values::{Glob, ResourceUri, Segment, Text, Value};

const SCHEME: &str = "gatos://";
const ANY_SEGMENTS: &str = "**";

/// A pattern over the resources of one repository.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourcePattern {
    repo: Segment,
    path: Glob,
}

/// Why a text is no pattern over resources.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not `gatos://<repository>/<path pattern>`: {reason}")]
pub struct PatternError {
    reason: String,
}

impl ResourcePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] for another scheme, a repository that is no segment, and what [`Glob::parse`] refuses; the
    /// path has the characters of resource URIs, `%` and `*`.
    pub fn parse(text: &str) -> Result<ResourcePattern, PatternError> {
        let bad = |reason: String| PatternError { reason };
        let rest = text.strip_prefix(SCHEME);
        let rest = rest.ok_or_else(|| bad("it does not start with `gatos://`".to_string()))?;
        let (repo, path) = rest
            .split_once('/')
            .ok_or_else(|| bad("there is no path after the repository".to_string()))?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@+=,%*/".contains(&byte);
        if let Some(byte) = path.bytes().find(|byte| !is_allowed(*byte)) {
            let shown = byte.escape_ascii();
            return Err(bad(format!("`{shown}` must be percent-encoded")));
        }
        Ok(ResourcePattern {
            repo: Segment::parse(repo).map_err(|error| bad(error.to_string()))?,
            path: Glob::parse(path, '/').map_err(|error| bad(error.to_string()))?,
        })
    }

    /// Everything in a repository.
    #[must_use]
    pub fn everything(repo: &Segment) -> Option<ResourcePattern> {
        ResourcePattern::parse(&format!("{SCHEME}{repo}/{ANY_SEGMENTS}")).ok()
    }

    /// The repository's name.
    #[must_use]
    pub const fn repo(&self) -> &Segment {
        &self.repo
    }

    /// The pattern over the path: namespace and below.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.as_str()
    }

    /// The segments before the first one with a `*`.
    pub fn fixed_segments(&self) -> impl Iterator<Item = &str> {
        self.path
            .as_str()
            .split('/')
            .take_while(|segment| !segment.contains('*'))
    }

    /// Whether a resource matches.
    #[must_use]
    pub fn matches(&self, resource: &ResourceUri) -> bool {
        resource.repo() == self.repo.as_str() && self.path.matches(resource.path())
    }

    /// Whether `wider` surely matches whatever this pattern matches. It may say no where a longer proof would say
    /// yes: each `**` here must be taken up by one `**` there, each `*` by a `*` or `**`.
    #[must_use]
    pub fn is_within(&self, wider: &ResourcePattern) -> bool {
        let narrow: Vec<&str> = self.path.as_str().split('/').collect();
        let wide: Vec<&str> = wider.path.as_str().split('/').collect();
        self.repo == wider.repo
            && covers(
                &wide,
                &narrow,
                |segment| *segment == ANY_SEGMENTS,
                |wide, narrow| *narrow != ANY_SEGMENTS && covers_segment(wide, narrow),
            )
    }

    /// The text as a value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Text::from_string(self.to_string()).map_or(Value::Null, Value::Text)
    }
}

fn covers_segment(wide: &str, narrow: &str) -> bool {
    covers(
        wide.as_bytes(),
        narrow.as_bytes(),
        |byte| *byte == b'*',
        // A `*` of the narrow side is a character like no other: only a `*` takes it up.
        |wide, narrow| wide == narrow,
    )
}

/// Whether `wide`, whose items of kind `is_any` stand for any number of items, takes up all of `narrow`.
/// At most (length × length) steps.
fn covers<T>(
    wide: &[T],
    narrow: &[T],
    is_any: impl Fn(&T) -> bool,
    takes: impl Fn(&T, &T) -> bool,
) -> bool {
    let (mut at_wide, mut at_narrow) = (0, 0);
    // Where to go on when an item does not fit: after the last "any", with one more item given to it.
    let mut retry: Option<(usize, usize)> = None;
    while at_narrow < narrow.len() || at_wide < wide.len() {
        match wide.get(at_wide) {
            Some(item) if is_any(item) => {
                retry = Some((at_wide + 1, at_narrow + 1));
                at_wide += 1;
                continue;
            }
            Some(item) => {
                if let Some(other) = narrow.get(at_narrow)
                    && takes(item, other)
                {
                    at_wide += 1;
                    at_narrow += 1;
                    continue;
                }
            }
            None => {}
        }
        match retry {
            Some((wide_after, narrow_after)) if narrow_after <= narrow.len() => {
                at_wide = wide_after;
                at_narrow = narrow_after;
                retry = Some((wide_after, narrow_after + 1));
            }
            _ => return false,
        }
    }
    true
}

impl fmt::Display for ResourcePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}/{}", self.repo, self.path.as_str())
    }
}

impl fmt::Debug for ResourcePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{self}\"")
    }
}

impl FromStr for ResourcePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<ResourcePattern, PatternError> {
        ResourcePattern::parse(text)
    }
}

#[cfg(test)]
mod tests;
