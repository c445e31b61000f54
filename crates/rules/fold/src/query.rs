//! RFC 9535 singular queries: `$.a['b'][0]`, each naming at most one value.
//!
//! A query starts at `$` (the payload) or, where the fold allows it, at `@` (one element of the list that
//! `each` names). Everything that could select several values (`*`, `..`, slices, filters, lists of
//! selectors) is refused. Which queries a fold has is `compile`'s business.
//!
//! INVARIANT 1: `Query::parse(&query.to_string())` gives the same query; this text, RFC 9535's normalized
//! path, is what a `.rgf` holds.
//! INVARIANT 2: evaluation neither allocates nor recurses.
//!
//! Guide: `docs/guide/folds.md`. Tests: `query/tests.rs` (also against the RFC's compliance suite).

#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use gatos_values::{Text, Value};

/// Most segments in one query.
pub const SEGMENT_COUNT_MAX: usize = 64;

/// Longest query text, in bytes.
pub const QUERY_SIZE_MAX: usize = 4096;

/// Largest index magnitude: the integers that every JSON reader keeps exactly (RFC 9535 §2.1).
const INDEX_MAX: u64 = (1 << 53) - 1;

/// Where a query starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// `$`: the event's payload.
    Payload,
    /// `@`: the current element of the list that `each` names.
    Element,
}

/// One step of a query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// The member of a map with this name.
    Name(Text),
    /// The element of a list at this index; negative counts from the end.
    Index(i64),
}

/// A parsed singular query.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    root: Root,
    segments: Vec<Segment>,
}

/// Why a text is no singular query. `offset` counts bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The text does not start with `$` or `@`.
    #[error("a query starts with `$`")]
    Start,
    /// Well-formed JSONPath perhaps, but it may select several values.
    #[error(
        "byte {offset}: a query here names one value; wildcards, slices, filters, `..` and lists of selectors are refused"
    )]
    NotSingular {
        /// Where the selector starts.
        offset: usize,
    },
    /// Not JSONPath.
    #[error("byte {offset}: expected {expected}")]
    Syntax {
        /// Where the text goes wrong.
        offset: usize,
        /// What should have stood there.
        expected: &'static str,
    },
    /// A name that no map of the value model can have.
    #[error("byte {offset}: the name has a code point unassigned in the pinned Unicode version")]
    Unassigned {
        /// Where the name starts.
        offset: usize,
    },
    /// Longer than the limits of this module.
    #[error("a query has at most {SEGMENT_COUNT_MAX} segments and {QUERY_SIZE_MAX} bytes")]
    TooLong,
}

impl Query {
    /// The query that names the whole payload or element.
    #[must_use]
    pub fn whole(root: Root) -> Query {
        Query {
            root,
            segments: Vec::new(),
        }
    }

    /// Reads a query such as `$.paths[0]['name']`.
    ///
    /// # Errors
    /// [`QueryError`] with the byte offset.
    pub fn parse(text: &str) -> Result<Query, QueryError> {
        if text.len() > QUERY_SIZE_MAX {
            return Err(QueryError::TooLong);
        }
        let root = match text.as_bytes().first() {
            Some(b'$') => Root::Payload,
            Some(b'@') => Root::Element,
            _ => return Err(QueryError::Start),
        };
        let mut reader = Reader { text, offset: 1 };
        let mut segments = Vec::new();
        while let Some(segment) = reader.segment()? {
            if segments.len() == SEGMENT_COUNT_MAX {
                return Err(QueryError::TooLong);
            }
            segments.push(segment);
        }
        Ok(Query { root, segments })
    }

    /// Where the query starts.
    #[must_use]
    pub fn root(&self) -> Root {
        self.root
    }

    /// Its steps, in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The value the query names, if there is one. A query at `@` finds nothing where there is no element.
    #[must_use]
    pub fn find<'a>(&self, payload: &'a Value, element: Option<&'a Value>) -> Option<&'a Value> {
        let start = match self.root {
            Root::Payload => payload,
            Root::Element => element?,
        };
        self.segments.iter().try_fold(start, step)
    }
}

fn step<'a>(value: &'a Value, segment: &Segment) -> Option<&'a Value> {
    match (segment, value) {
        (Segment::Name(name), Value::Map(map)) => map.get(name.as_str()),
        (Segment::Index(index), Value::List(list)) => match usize::try_from(*index) {
            Ok(index) => list.get(index),
            Err(_) => {
                let from_end = usize::try_from(index.unsigned_abs()).ok()?;
                list.get(list.len().checked_sub(from_end)?)
            }
        },
        _ => None,
    }
}

impl fmt::Display for Query {
    /// The normalized path of RFC 9535 §2.7, negative indexes kept.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.root {
            Root::Payload => "$",
            Root::Element => "@",
        })?;
        for segment in &self.segments {
            match segment {
                Segment::Index(index) => write!(formatter, "[{index}]")?,
                Segment::Name(name) => write_name(formatter, name.as_str())?,
            }
        }
        Ok(())
    }
}

fn write_name(formatter: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    formatter.write_str("['")?;
    for character in name.chars() {
        match character {
            '\'' => formatter.write_str("\\'")?,
            '\\' => formatter.write_str("\\\\")?,
            '\u{8}' => formatter.write_str("\\b")?,
            '\t' => formatter.write_str("\\t")?,
            '\n' => formatter.write_str("\\n")?,
            '\u{c}' => formatter.write_str("\\f")?,
            '\r' => formatter.write_str("\\r")?,
            control if control < ' ' => write!(formatter, "\\u{:04x}", u32::from(control))?,
            other => write!(formatter, "{other}")?,
        }
    }
    formatter.write_str("']")
}

/// A cursor over the query text. `offset` always stands on a character boundary.
struct Reader<'a> {
    text: &'a str,
    offset: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.offset..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.offset += character.len_utf8();
        Some(character)
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.offset += wanted.len_utf8();
        }
        found
    }

    fn skip_blank(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.offset += 1;
        }
    }

    fn expected(&self, expected: &'static str) -> QueryError {
        QueryError::Syntax {
            offset: self.offset,
            expected,
        }
    }

    /// The next segment, or `None` at the end. Blank space may precede a segment but not end the text.
    fn segment(&mut self) -> Result<Option<Segment>, QueryError> {
        if self.offset == self.text.len() {
            return Ok(None);
        }
        self.skip_blank();
        if self.take('.') {
            return self.shorthand().map(Some);
        }
        if self.take('[') {
            return self.bracketed().map(Some);
        }
        Err(self.expected("`.` or `[`"))
    }

    /// The name after a dot: letters, digits, `_` and everything beyond ASCII; no digit first.
    fn shorthand(&mut self) -> Result<Segment, QueryError> {
        let start = self.offset;
        if matches!(self.peek(), Some('.' | '*')) {
            return Err(QueryError::NotSingular {
                offset: start.saturating_sub(1),
            });
        }
        if !self.peek().is_some_and(is_name_first) {
            return Err(self.expected("a name: letters, digits and `_`; write others as `['…']`"));
        }
        while self
            .peek()
            .is_some_and(|character| is_name_first(character) || character.is_ascii_digit())
        {
            self.next();
        }
        let name = self.text.get(start..self.offset).unwrap_or_default();
        self.name(name, start)
    }

    fn name(&self, name: &str, offset: usize) -> Result<Segment, QueryError> {
        Text::new(name)
            .map(Segment::Name)
            .map_err(|_| QueryError::Unassigned { offset })
    }

    fn bracketed(&mut self) -> Result<Segment, QueryError> {
        self.skip_blank();
        let start = self.offset;
        let segment = match self.peek() {
            Some(quote @ ('\'' | '"')) => {
                self.next();
                let name = self.quoted(quote)?;
                self.name(&name, start)?
            }
            Some('-' | '0'..='9') => self.index()?,
            Some('*' | ':' | '?') => return Err(QueryError::NotSingular { offset: start }),
            _ => return Err(self.expected("a quoted name or an index")),
        };
        self.skip_blank();
        match self.peek() {
            Some(',' | ':') => Err(QueryError::NotSingular { offset: start }),
            Some(']') => {
                self.next();
                Ok(segment)
            }
            _ => Err(self.expected("`]`")),
        }
    }

    fn index(&mut self) -> Result<Segment, QueryError> {
        let start = self.offset;
        self.take('-');
        while matches!(self.peek(), Some('0'..='9')) {
            self.offset += 1;
        }
        let text = self.text.get(start..self.offset).unwrap_or_default();
        let digits = text.strip_prefix('-').unwrap_or(text);
        let canonical = text == "0" || (!digits.is_empty() && !digits.starts_with('0'));
        let index = text
            .parse()
            .ok()
            .filter(|index: &i64| canonical && index.unsigned_abs() <= INDEX_MAX);
        let expected = "an index without leading zeros, at most 2^53 - 1";
        index.map(Segment::Index).ok_or(QueryError::Syntax {
            offset: start,
            expected,
        })
    }

    fn quoted(&mut self, quote: char) -> Result<String, QueryError> {
        let mut name = String::new();
        loop {
            let before = self.offset;
            match self.next() {
                Some(character) if character == quote => return Ok(name),
                Some('\\') => name.push(self.escape(quote)?),
                Some(character) if character >= ' ' => name.push(character),
                Some(_) => {
                    let expected = "an escape instead of a control character";
                    return Err(QueryError::Syntax {
                        offset: before,
                        expected,
                    });
                }
                None => return Err(self.expected("the closing quote")),
            }
        }
    }

    fn escape(&mut self, quote: char) -> Result<char, QueryError> {
        let start = self.offset;
        let expected = "one of the escapes b f n r t / \\ u or the quote itself";
        match self.next() {
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => self.unicode_escape(),
            Some(character) if matches!(character, '/' | '\\') || character == quote => {
                Ok(character)
            }
            _ => Err(QueryError::Syntax {
                offset: start,
                expected,
            }),
        }
    }

    /// The rest of `\uXXXX`, which for a high surrogate includes the low one behind it.
    fn unicode_escape(&mut self) -> Result<char, QueryError> {
        let start = self.offset;
        let wrong = QueryError::Syntax {
            offset: start,
            expected: "four hexadecimal digits of a character",
        };
        let first = self.hex4().ok_or_else(|| wrong.clone())?;
        let code = match first {
            0xd800..=0xdbff => {
                if !(self.take('\\') && self.take('u')) {
                    return Err(wrong);
                }
                match self.hex4() {
                    Some(second @ 0xdc00..=0xdfff) => {
                        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    _ => return Err(wrong),
                }
            }
            other => other,
        };
        char::from_u32(code).ok_or(wrong)
    }

    fn hex4(&mut self) -> Option<u32> {
        let text = self.text.get(self.offset..self.offset + 4)?;
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.offset += 4;
        u32::from_str_radix(text, 16).ok()
    }
}

fn is_name_first(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_' || character >= '\u{80}'
}
