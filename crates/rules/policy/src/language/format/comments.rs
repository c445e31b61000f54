//! Finding the comments of a YAML source that has been read already.
//!
//! The scanner of YAML drops them, so this small one looks again: a `#` at the start of a line or behind a blank, outside
//! quotes and block scalars.
//!
//! Tests: `tests.rs`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A comment and where it is.
pub(super) struct Comment {
    /// Line, from 1.
    pub line: u32,
    /// Whether nothing stands before it.
    pub is_alone: bool,
    /// From `#` on, without blanks at the end.
    pub text: String,
}

/// The comments in order.
pub(super) fn comments(source: &str) -> Vec<Comment> {
    let mut found = Vec::new();
    let mut open_quote = None;
    // Lines deeper than this belong to a block scalar.
    let mut block_indent: Option<usize> = None;
    for (line, content) in (1_u32..).zip(source.lines()) {
        let indent = content.len() - content.trim_start().len();
        if let Some(outer) = block_indent {
            if content.trim().is_empty() || indent > outer {
                continue;
            }
            block_indent = None;
        }
        let end = comment_start(content, &mut open_quote);
        let before = content.get(..end).unwrap_or_default().trim_end();
        if end < content.len() {
            found.push(Comment {
                line,
                is_alone: before.is_empty(),
                text: content
                    .get(end..)
                    .unwrap_or_default()
                    .trim_end()
                    .to_string(),
            });
        }
        let opens_block = before
            .trim_end_matches(|last: char| last.is_ascii_digit() || matches!(last, '+' | '-'))
            .strip_suffix(['|', '>'])
            .is_some_and(|rest| rest.ends_with(' '));
        if open_quote.is_none() && opens_block {
            block_indent = Some(indent);
        }
    }
    found
}

/// Where the comment of a line starts, or its length; keeps track of quotes that go on in the next line.
fn comment_start(content: &str, open_quote: &mut Option<char>) -> usize {
    let mut previous = ' ';
    let mut characters = content.char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        match *open_quote {
            Some('"') if character == '\\' => {
                characters.next();
            }
            Some(quote) if character == quote => {
                let doubled =
                    quote == '\'' && characters.next_if(|(_, next)| *next == '\'').is_some();
                if !doubled {
                    *open_quote = None;
                }
            }
            Some(_) => {}
            None if character == '#' && previous.is_whitespace() => return index,
            None if matches!(character, '\'' | '"')
                && matches!(previous, ' ' | '\t' | '[' | '{' | ',' | ':' | '-') =>
            {
                *open_quote = Some(character);
            }
            None => {}
        }
        previous = character;
    }
    content.len()
}
