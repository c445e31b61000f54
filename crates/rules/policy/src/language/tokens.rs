//! Words, numbers, texts and signs of an expression.
//!
//! INVARIANT: tokens cover the text but for blanks; every offset is a character boundary.
//! Tests: `parser/tests.rs`.

use super::parser::SyntaxError;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_values::{Number, Text};
use gatos_yaml::Fix;

/// One token and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub offset: usize,
    pub kind: TokenKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Word(String),
    Number(Number),
    Text(Text),
    /// One of [`SIGNS`].
    Sign(&'static str),
    End,
}

impl TokenKind {
    /// How messages name it.
    pub fn shown(&self) -> String {
        match self {
            TokenKind::Word(word) => format!("`{word}`"),
            TokenKind::Number(number) => format!("`{number}`"),
            TokenKind::Text(_) => "a text".to_string(),
            TokenKind::Sign(sign) => format!("`{sign}`"),
            TokenKind::End => "the end".to_string(),
        }
    }
}

/// The signs, longer ones first where one starts like another.
const SIGNS: [&str; 15] = [
    "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", ".", "+", "-", "*",
];

/// Signs of other languages, with what to write here and, where that is a sign or word as well, the word.
const FOREIGN_SIGNS: [(&str, &str, Option<&str>); 6] = [
    ("&&", "write `and`", Some("and")),
    ("||", "write `or`", Some("or")),
    ("!", "write `not`", Some("not ")),
    ("=", "write `==`", Some("==")),
    (
        "/",
        "there is no division; multiply the other side by a constant",
        None,
    ),
    ("%", "there is no remainder", None),
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    while let Some(first) = rest(text, offset).chars().next() {
        if matches!(first, ' ' | '\t' | '\n' | '\r') {
            offset += 1;
            continue;
        }
        let (kind, size) = token(rest(text, offset), offset)?;
        tokens.push(Token { offset, kind });
        offset += size;
    }
    tokens.push(Token {
        offset: text.len(),
        kind: TokenKind::End,
    });
    Ok(tokens)
}

fn rest(text: &str, offset: usize) -> &str {
    text.get(offset..).unwrap_or_default()
}

/// The first token of `rest`, which is not empty, and its size in bytes.
fn token(rest: &str, offset: usize) -> Result<(TokenKind, usize), SyntaxError> {
    let first = rest.chars().next().unwrap_or(' ');
    match first {
        'a'..='z' | 'A'..='Z' | '_' => {
            let size = word_size(rest);
            Ok((TokenKind::Word(head(rest, size).to_string()), size))
        }
        '0'..='9' => number(rest, offset),
        '\'' | '"' => quoted(rest, offset, first),
        _ => sign(rest, offset, first),
    }
}

fn head(text: &str, size: usize) -> &str {
    text.get(..size).unwrap_or_default()
}

fn word_size(rest: &str) -> usize {
    rest.bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count()
}

fn number(rest: &str, offset: usize) -> Result<(TokenKind, usize), SyntaxError> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    let fraction = rest
        .get(whole..)
        .and_then(|rest| rest.strip_prefix('.'))
        .map_or(0, digits);
    let size = whole + if fraction > 0 { 1 + fraction } else { 0 };
    let text = head(rest, size);
    let end = size + word_size(rest.get(size..).unwrap_or_default());
    if end > size {
        let message = format!("`{}` is neither a number nor a word", head(rest, end));
        return Err(SyntaxError::new(
            offset,
            message,
            "write a plain decimal such as 12 or 0.5",
        ));
    }
    // Leading zeros read as octal elsewhere, so they are refused.
    if whole > 1 && text.starts_with('0') {
        let message = format!("`{text}` has a leading zero");
        return Err(SyntaxError::new(
            offset,
            message,
            "remove the zeros in front",
        ));
    }
    match Number::parse(text) {
        Ok(number) if number_is_exact(text, number) => Ok((TokenKind::Number(number), size)),
        _ => {
            let message = format!("`{text}` is not a number this language can hold");
            let hint = "numbers are integers of 128 bits, or decimals in steps of 2^-32";
            Err(SyntaxError::new(offset, message, hint))
        }
    }
}

/// A decimal that is rounded to a step would not mean what it says, but the nearest step prints the same digits.
fn number_is_exact(text: &str, number: Number) -> bool {
    let trimmed = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    };
    number.to_string() == trimmed
}

/// A text between quotes; a backslash escapes.
fn quoted(rest: &str, offset: usize, quote: char) -> Result<(TokenKind, usize), SyntaxError> {
    let mut content = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            let text = Text::new(&content).map_err(|cause| {
                SyntaxError::new(offset, cause.to_string(), "use assigned characters only")
            })?;
            return Ok((TokenKind::Text(text), at + 1));
        }
        if character != '\\' {
            content.push(character);
            continue;
        }
        let escaped = match characters.next() {
            Some((_, same @ ('\\' | '\'' | '"'))) => same,
            Some((_, 'n')) => '\n',
            Some((_, 't')) => '\t',
            Some((_, 'r')) => '\r',
            Some((_, 'u')) => {
                unicode_escape(&mut characters).ok_or_else(|| wrong_escape(offset + at))?
            }
            _ => return Err(wrong_escape(offset + at)),
        };
        content.push(escaped);
    }
    let message = "a text without its closing quote".to_string();
    Err(SyntaxError::new(
        offset,
        message,
        format!("close it with `{quote}`"),
    ))
}

/// `{1F600}` behind `\u`.
fn unicode_escape(characters: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    if characters.next()?.1 != '{' {
        return None;
    }
    let mut code_point: u32 = 0;
    for digit_index in 0..7 {
        match characters.next()?.1 {
            '}' if digit_index > 0 => return char::from_u32(code_point),
            digit => code_point = code_point.checked_mul(16)? + digit.to_digit(16)?,
        }
    }
    None
}

fn wrong_escape(offset: usize) -> SyntaxError {
    let hint = "escapes are \\\\ \\' \\\" \\n \\t \\r \\u{..}";
    SyntaxError::new(
        offset,
        "an escape this language does not have".to_string(),
        hint,
    )
}

fn sign(rest: &str, offset: usize, first: char) -> Result<(TokenKind, usize), SyntaxError> {
    if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        return Ok((TokenKind::Sign(sign), sign.len()));
    }
    let foreign = FOREIGN_SIGNS
        .into_iter()
        .find(|(sign, ..)| rest.starts_with(sign));
    let (shown, hint, word) = foreign.map_or_else(
        || (first.to_string(), "put text in quotes", None),
        |(sign, hint, word)| (sign.to_string(), hint, word),
    );
    let message = format!("`{shown}` has no meaning here");
    let fix = word.map(|word| Fix::new(shown, word));
    Err(SyntaxError::new(offset, message, hint).with_fix(fix))
}
