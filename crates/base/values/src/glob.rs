//! The one glob matcher: `*` within a segment, `**` for any number of whole segments, everything else literal.
//!
//! Fold inputs use it with `/` over journal names, event types with `.`. There are no character classes and no
//! escapes. Matching takes at most (pattern length × text length) steps and no recursion.
//!
//! Tests: `tests/it/glob.rs`, with a slow recursive twin.

use crate::ErrorCode;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// Longest pattern in bytes.
pub const GLOB_SIZE_MAX: usize = 1024;

/// A parsed pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob {
    pattern: Arc<str>,
    separator: char,
}

/// Why a text is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is not a pattern: {reason} (byte {offset})",
    crate::excerpt::excerpt(pattern)
)]
pub struct GlobError {
    /// The text as given.
    pub pattern: String,
    /// Which rule it breaks.
    pub reason: &'static str,
    /// Byte offset of the first byte that breaks it.
    pub offset: usize,
}

impl GlobError {
    /// The error code for replies.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        ErrorCode::BadPattern
    }
}

impl Glob {
    /// Parses a pattern whose segments are separated by `separator`.
    ///
    /// # Errors
    /// [`GlobError`] for an empty pattern or segment, for `**` beside other characters, for more than 1024 bytes.
    pub fn parse(pattern: &str, separator: char) -> Result<Glob, GlobError> {
        check(pattern, separator).map_err(|(reason, offset)| GlobError {
            pattern: String::from(pattern),
            reason,
            offset,
        })?;
        Ok(Glob {
            pattern: Arc::from(pattern),
            separator,
        })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// The separator of segments.
    #[must_use]
    pub const fn separator(&self) -> char {
        self.separator
    }

    /// Whether the whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if &*self.pattern == "**" {
            return true;
        }
        let mut pattern = Some(&*self.pattern);
        let mut rest = Some(text);
        // Where to go on when a later segment does not match: after the last `**`, one text segment further.
        let mut retry: Option<(Option<&str>, &str)> = None;
        loop {
            if let Some((segment, pattern_after)) = pattern.map(|pattern| self.split(pattern)) {
                if segment == "**" {
                    let Some(text) = rest else {
                        // Only `**` matches nothing; what follows must be `**` as well.
                        pattern = pattern_after;
                        continue;
                    };
                    retry = Some((pattern_after, text));
                    pattern = pattern_after;
                    continue;
                }
                if let Some(text) = rest {
                    let (text_segment, text_after) = self.split(text);
                    if segment_matches(segment, text_segment) {
                        pattern = pattern_after;
                        rest = text_after;
                        continue;
                    }
                }
            } else if rest.is_none() {
                return true;
            }
            let Some((pattern_after, text)) = retry else {
                return false;
            };
            let (_, text_after) = self.split(text);
            let Some(next) = text_after else {
                // The last `**` takes everything that is left.
                rest = None;
                pattern = pattern_after;
                retry = None;
                continue;
            };
            retry = Some((pattern_after, next));
            pattern = pattern_after;
            rest = Some(next);
        }
    }

    /// The first segment and what follows its separator.
    fn split<'a>(&self, text: &'a str) -> (&'a str, Option<&'a str>) {
        if !self.separator.is_ascii() {
            return text
                .split_once(self.separator)
                .map_or((text, None), |(segment, rest)| (segment, Some(rest)));
        }
        // Segments are short, so looking at one byte after the other is the fastest.
        let separator = self.separator as u8;
        match text.bytes().position(|byte| byte == separator) {
            Some(end) => (&text[..end], Some(&text[end + 1..])),
            None => (text, None),
        }
    }
}

fn check(pattern: &str, separator: char) -> Result<(), (&'static str, usize)> {
    if pattern.len() > GLOB_SIZE_MAX {
        return Err(("it has at most 1024 bytes", GLOB_SIZE_MAX));
    }
    let mut offset = 0;
    for segment in pattern.split(separator) {
        if segment.is_empty() {
            return Err(("a segment is empty", offset));
        }
        if segment != "**"
            && let Some(inner) = segment.find("**")
        {
            return Err(("`**` must stand alone between separators", offset + inner));
        }
        offset += segment.len() + separator.len_utf8();
    }
    Ok(())
}

/// Matches `*` and literals: on a mismatch the last `*` takes one more byte. Earlier stars never need to give
/// back, because the leftmost match of what stands between two stars leaves most room for the rest.
fn segment_matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut pattern_index, mut text_index) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while text_index < text.len() {
        match pattern.get(pattern_index) {
            Some(b'*') => {
                star = Some((pattern_index, text_index));
                pattern_index += 1;
            }
            Some(byte) if *byte == text[text_index] => {
                pattern_index += 1;
                text_index += 1;
            }
            _ => {
                let Some((star_index, taken)) = star else {
                    return false;
                };
                star = Some((star_index, taken + 1));
                pattern_index = star_index + 1;
                text_index = taken + 1;
            }
        }
    }
    pattern[pattern_index..].iter().all(|byte| *byte == b'*')
}

impl fmt::Display for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.pattern)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}
