//! From bytes to tokens, each with its place.
//!
//! Wrong input is a finding, never a stop: the lexer skips what it cannot read and goes on.
//! Tests: `tests/it/front.rs`.

use super::number::{Numeral, parse_numeral};
use crate::finding::{Finding, Place};
use crate::profile::Profile;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_numbers::Number;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub enum Token<'a> {
    /// A name that is no keyword.
    Name(&'a str),
    /// A keyword or a mark such as `..` and `<=`.
    Mark(&'static str),
    /// A number.
    Number(Numeral),
    /// A string.
    Text(Vec<u8>),
    /// The end of the source.
    End,
}

const KEYWORDS: &[&str] = &[
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
    "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// Longest first, so that the first that fits is the token.
const MARKS: &[&str] = &[
    "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", "..", "+", "-", "*", "/", "%", "^", "#",
    "&", "~", "|", "<", ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", ".",
];

/// Reads tokens one by one.
pub struct Lexer<'a> {
    source: &'a [u8],
    position: usize,
    line: u32,
    line_start: usize,
    profile: Profile,
    /// Where the last token begins.
    token_start: usize,
    /// What was wrong so far.
    pub findings: Vec<Finding>,
}

impl<'a> Lexer<'a> {
    /// Starts before the first token; a first line that starts with `#` is skipped.
    #[must_use]
    pub fn new(source: &'a [u8], profile: Profile) -> Lexer<'a> {
        let mut lexer = Lexer {
            source,
            position: 0,
            line: 1,
            line_start: 0,
            profile,
            token_start: 0,
            findings: Vec::new(),
        };
        if source.starts_with(b"\xef\xbb\xbf") {
            lexer.position = 3;
        }
        if lexer.peek() == b'#' {
            lexer.skip_line();
        }
        lexer
    }

    /// The next token and where it starts.
    pub fn next_token(&mut self) -> (Token<'a>, Place) {
        loop {
            self.skip_blanks();
            let place = self.place();
            self.token_start = self.position;
            let byte = self.peek();
            if byte == 0 && self.position >= self.source.len() {
                return (Token::End, place);
            }
            if byte.is_ascii_alphabetic() || byte == b'_' {
                return (self.word(), place);
            }
            if byte.is_ascii_digit() || (byte == b'.' && self.peek_at(1).is_ascii_digit()) {
                return (Token::Number(self.number(place)), place);
            }
            if byte == b'"' || byte == b'\'' {
                return (Token::Text(self.quoted(byte, place)), place);
            }
            if byte == b'['
                && let Some(level) = self.long_bracket_level()
            {
                return (Token::Text(self.long_text(level, place, "string")), place);
            }
            if byte == b'[' && self.peek_at(1) == b'=' {
                self.position += 1;
                while self.peek() == b'=' {
                    self.position += 1;
                }
                let message = self.near("invalid long string delimiter");
                self.complain(
                    place,
                    "bad-character",
                    message,
                    "write `[=[`, or a space between `[` and `=`",
                );
                return (Token::Text(Vec::new()), place);
            }
            let rest = &self.source[self.position..];
            if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(mark.as_bytes())) {
                self.position += mark.len();
                return (Token::Mark(mark), place);
            }
            self.position += 1;
            let message = if byte.is_ascii_graphic() {
                self.near("unexpected symbol")
            } else {
                format!("unexpected symbol near '<\\{byte}>'")
            };
            self.complain(place, "bad-character", message, "remove it");
        }
    }

    /// The text of the token that was read last, or of as much of it as was read.
    pub fn token_text(&self) -> &'a [u8] {
        &self.source[self.token_start..self.position]
    }

    /// A message that shows what was read of the token, as Lua's do.
    fn near(&self, message: &str) -> String {
        let text = String::from_utf8_lossy(self.token_text());
        format!("{message} near '{text}'")
    }

    fn complain(&mut self, place: Place, rule: &'static str, message: String, hint: &str) {
        self.findings
            .push(Finding::error(place, rule, message, hint));
    }

    fn place(&self) -> Place {
        let column = u32::try_from(self.position - self.line_start + 1).unwrap_or(u32::MAX);
        Place {
            line: self.line,
            column,
        }
    }

    fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    fn peek_at(&self, distance: usize) -> u8 {
        self.source
            .get(self.position + distance)
            .copied()
            .unwrap_or(0)
    }

    /// Steps over a line end: `\n`, `\r`, `\r\n` and `\n\r` count once.
    fn skip_line_end(&mut self) {
        let (first, second) = (self.peek(), self.peek_at(1));
        let is_pair = matches!((first, second), (b'\r', b'\n') | (b'\n', b'\r'));
        self.position += if is_pair { 2 } else { 1 };
        self.line = self.line.saturating_add(1);
        self.line_start = self.position;
    }

    fn skip_line(&mut self) {
        while self.position < self.source.len() && !matches!(self.peek(), b'\n' | b'\r') {
            self.position += 1;
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                b'\n' | b'\r' => self.skip_line_end(),
                b' ' | b'\t' | 0x0b | 0x0c => self.position += 1,
                b'-' if self.peek_at(1) == b'-' => {
                    let place = self.place();
                    self.position += 2;
                    match self.long_bracket_level() {
                        Some(level) => {
                            self.long_text(level, place, "comment");
                        }
                        None => self.skip_line(),
                    }
                }
                _ => return,
            }
        }
    }

    fn word(&mut self) -> Token<'a> {
        let start = self.position;
        while self.peek().is_ascii_alphanumeric() || self.peek() == b'_' {
            self.position += 1;
        }
        let word = core::str::from_utf8(&self.source[start..self.position]).unwrap_or_default();
        match KEYWORDS.binary_search(&word) {
            Ok(index) => Token::Mark(KEYWORDS[index]),
            Err(_) => Token::Name(word),
        }
    }

    fn number(&mut self, place: Place) -> Numeral {
        let start = self.position;
        let is_hexadecimal = self.peek() == b'0' && matches!(self.peek_at(1), b'x' | b'X');
        let exponents: &[u8] = if is_hexadecimal { b"pP" } else { b"eE" };
        loop {
            let byte = self.peek();
            if exponents.contains(&byte) && matches!(self.peek_at(1), b'+' | b'-') {
                self.position += 2;
            } else if byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_' {
                self.position += 1;
            } else {
                break;
            }
        }
        let text = &self.source[start..self.position];
        let shown = String::from_utf8_lossy(text);
        if self.profile == Profile::Fold && !Number::is_canonical_text(text) {
            let cure = canonical_cure(text);
            self.complain(
                place,
                "number-form",
                format!("the number `{shown}` is not written in its one form"),
                &cure,
            );
            return Numeral::Integer(0);
        }
        match parse_numeral(text, self.profile) {
            Some(numeral) => numeral,
            None => {
                self.complain(
                    place,
                    "bad-number",
                    format!("malformed number near '{shown}'"),
                    "write a number of the profile, within its range",
                );
                Numeral::Integer(0)
            }
        }
    }

    /// The level of a long bracket that opens here, if one does; stays before it.
    fn long_bracket_level(&self) -> Option<usize> {
        if self.peek() != b'[' {
            return None;
        }
        let mut level = 0;
        while self.peek_at(1 + level) == b'=' {
            level += 1;
        }
        (self.peek_at(1 + level) == b'[').then_some(level)
    }

    fn long_text(&mut self, level: usize, place: Place, what: &str) -> Vec<u8> {
        self.position += level + 2;
        if matches!(self.peek(), b'\n' | b'\r') {
            self.skip_line_end();
        }
        let mut text = Vec::new();
        loop {
            if self.position >= self.source.len() {
                self.complain(
                    place,
                    "unfinished-text",
                    format!(
                        "unfinished long {what} (starting at line {}) near <eof>",
                        place.line
                    ),
                    "close it with the bracket that opened it",
                );
                return text;
            }
            match self.peek() {
                b']' if self.closes(level) => {
                    self.position += level + 2;
                    return text;
                }
                b'\n' | b'\r' => {
                    self.skip_line_end();
                    text.push(b'\n');
                }
                byte => {
                    text.push(byte);
                    self.position += 1;
                }
            }
        }
    }

    fn closes(&self, level: usize) -> bool {
        (0..level).all(|index| self.peek_at(1 + index) == b'=') && self.peek_at(1 + level) == b']'
    }

    fn quoted(&mut self, quote: u8, place: Place) -> Vec<u8> {
        self.position += 1;
        let finding_count = self.findings.len();
        let mut text = Vec::new();
        loop {
            let byte = self.peek();
            if byte == quote {
                self.position += 1;
                return text;
            }
            let is_end = self.position >= self.source.len();
            if is_end || matches!(byte, b'\n' | b'\r') {
                // One complaint about a string is enough.
                if self.findings.len() == finding_count {
                    let message = if is_end {
                        String::from("unfinished string near <eof>")
                    } else {
                        self.near("unfinished string")
                    };
                    self.complain(
                        place,
                        "unfinished-text",
                        message,
                        "close it with the quote that opened it, on the same line",
                    );
                }
                return text;
            }
            self.position += 1;
            if byte == b'\\' {
                self.escape(&mut text);
            } else {
                text.push(byte);
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, text: &mut Vec<u8>) {
        let place = self.place();
        let byte = self.peek();
        let plain = match byte {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'"' | b'\'' => byte,
            b'\n' | b'\r' => {
                self.skip_line_end();
                text.push(b'\n');
                return;
            }
            b'x' => return self.escape_hexadecimal(place, text),
            b'u' => return self.escape_unicode(place, text),
            b'z' => {
                self.position += 1;
                while matches!(self.peek(), b' ' | b'\t'..=b'\r') {
                    if matches!(self.peek(), b'\n' | b'\r') {
                        self.skip_line_end();
                    } else {
                        self.position += 1;
                    }
                }
                return;
            }
            b'0'..=b'9' => return self.escape_decimal(place, text),
            _ => return self.bad_escape(place, "invalid escape sequence"),
        };
        self.position += 1;
        text.push(plain);
    }

    /// The message shows the string up to and with the character that does not fit.
    fn bad_escape(&mut self, place: Place, message: &str) {
        let position = self.position;
        if position < self.source.len() && !matches!(self.peek(), b'\n' | b'\r') {
            self.position += 1;
        }
        let message = self.near(message);
        self.position = position;
        self.complain(
            place,
            "bad-escape",
            message,
            "write an escape of Lua such as \\n, \\x41, \\065 or \\u{41}",
        );
    }

    fn escape_decimal(&mut self, place: Place, text: &mut Vec<u8>) {
        let mut value = 0u32;
        for _ in 0..3 {
            if !self.peek().is_ascii_digit() {
                break;
            }
            value = value * 10 + u32::from(self.peek() - b'0');
            self.position += 1;
        }
        match u8::try_from(value) {
            Ok(byte) => text.push(byte),
            Err(_) => self.bad_escape(place, "decimal escape too large"),
        }
    }

    fn escape_hexadecimal(&mut self, place: Place, text: &mut Vec<u8>) {
        self.position += 1;
        let mut value = 0u8;
        for _ in 0..2 {
            match (self.peek() as char).to_digit(16) {
                Some(digit) => value = value << 4 | digit as u8,
                None => return self.bad_escape(place, "hexadecimal digit expected"),
            }
            self.position += 1;
        }
        text.push(value);
    }

    fn escape_unicode(&mut self, place: Place, text: &mut Vec<u8>) {
        self.position += 1;
        if self.peek() != b'{' {
            return self.bad_escape(place, "missing '{' in \\u{xxxx}");
        }
        self.position += 1;
        let mut value = 0u64;
        let mut is_empty = true;
        while let Some(digit) = (self.peek() as char).to_digit(16) {
            value = value << 4 | u64::from(digit);
            is_empty = false;
            if value > 0x7FFF_FFFF {
                return self.bad_escape(place, "UTF-8 value too large");
            }
            self.position += 1;
        }
        if is_empty {
            return self.bad_escape(place, "hexadecimal digit expected");
        }
        if self.peek() != b'}' {
            return self.bad_escape(place, "missing '}' in \\u{xxxx}");
        }
        self.position += 1;
        push_utf8(value as u32, text);
    }
}

/// What to write instead of a number that is not in its one form.
fn canonical_cure(text: &[u8]) -> String {
    let float = core::str::from_utf8(text)
        .ok()
        .and_then(|text| Number::parse(text).ok());
    match float {
        Some(number) => format!("write `{number}`"),
        None => String::from("write a plain decimal such as 16 or 0.1, without exponent"),
    }
}

/// Appends UTF-8 as Lua extends it: up to 2^31 − 1, in up to six bytes.
pub fn push_utf8(code: u32, text: &mut Vec<u8>) {
    if code < 0x80 {
        text.push(code as u8);
        return;
    }
    let mut count = 2;
    while count < 6 && u64::from(code) >= 1u64 << (5 * count + 1) {
        count += 1;
    }
    let lead = (0xFFu32 << (8 - count)) as u8;
    text.push(lead | (code >> (6 * (count - 1))) as u8);
    for index in (0..count - 1).rev() {
        text.push(0x80 | ((code >> (6 * index)) & 0x3F) as u8);
    }
}
