//! The matcher of Lua patterns, after the manual: classes, sets, repetition, captures, `%b`, `%f`.
//!
//! INVARIANT: depth is bounded by [`DEPTH_MAX`], and every step costs fuel.
//! Tests: `tests/it/language.rs`.

use alloc::vec::Vec;

/// Deepest recursion, as in Lua.
const DEPTH_MAX: u32 = 200;
/// Captures of one pattern, as in Lua.
const CAPTURE_COUNT_MAX: usize = 32;

/// Bytes of a set that are found and gone through for a unit of fuel; those of a shorter one cost no more than the step.
const SET_BYTES_PER_FUEL: usize = 32;
/// Sets of this size on cost more than the eighth of a unit for which a repetition looks a byte up.
const SET_SIZE_LONG: usize = 16;

/// Why a pattern cannot be matched.
pub(crate) enum PatternError {
    Malformed(&'static str),
    InvalidCapture(usize),
    Fuel,
}

/// What a capture holds.
#[derive(Clone, Copy)]
pub(crate) enum Capture {
    /// It has begun.
    Open,
    /// `()`: a position, from 0.
    Position(usize),
    /// Start and end.
    Range(usize, usize),
}

pub(crate) struct Matcher<'m> {
    pub text: &'m [u8],
    pattern: &'m [u8],
    captures: Vec<(usize, Capture)>,
    /// Captures so far.
    pub level: usize,
    depth: u32,
    /// Steps that may still be taken.
    pub fuel: u64,
}

type Match<T> = Result<T, PatternError>;

impl<'m> Matcher<'m> {
    pub fn new(text: &'m [u8], pattern: &'m [u8]) -> Matcher<'m> {
        Matcher {
            text,
            pattern,
            captures: Vec::new(),
            level: 0,
            depth: 0,
            fuel: u64::MAX,
        }
    }

    /// Matches from a place of the text and the pattern; gives the end.
    pub fn run(&mut self, start: usize, pattern: usize) -> Match<Option<usize>> {
        self.level = 0;
        self.captures.clear();
        self.depth = 0;
        self.match_here(start, pattern)
    }

    pub fn capture(&self, index: usize) -> Option<Capture> {
        (index < self.level).then(|| self.captures[index].1)
    }

    fn pay(&mut self, fuel: usize) -> Match<()> {
        let rest = self.fuel.checked_sub(fuel as u64);
        self.fuel = rest.ok_or(PatternError::Fuel)?;
        Ok(())
    }

    fn at(&self, pattern: usize) -> Option<u8> {
        self.pattern.get(pattern).copied()
    }

    fn match_here(&mut self, start: usize, pattern: usize) -> Match<Option<usize>> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(PatternError::Malformed("pattern too complex"));
        }
        let result = self.match_inside(start, pattern);
        self.depth -= 1;
        result
    }

    fn match_inside(&mut self, mut start: usize, mut pattern: usize) -> Match<Option<usize>> {
        loop {
            self.pay(1)?;
            let Some(byte) = self.at(pattern) else {
                return Ok(Some(start));
            };
            match byte {
                b'(' if self.at(pattern + 1) == Some(b')') => {
                    return self.open(start, pattern + 2, Capture::Position(start));
                }
                b'(' => return self.open(start, pattern + 1, Capture::Open),
                b')' => return self.close(start, pattern + 1),
                b'$' if pattern + 1 == self.pattern.len() => {
                    return Ok((start == self.text.len()).then_some(start));
                }
                b'%' => match self.at(pattern + 1) {
                    Some(b'b') => match self.balance(start, pattern + 2)? {
                        Some(end) => {
                            start = end;
                            pattern += 4;
                            continue;
                        }
                        None => return Ok(None),
                    },
                    Some(b'f') => {
                        pattern += 2;
                        if self.at(pattern) != Some(b'[') {
                            return Err(PatternError::Malformed(
                                "missing '[' after '%f' in pattern",
                            ));
                        }
                        let end = self.class_end(pattern)?;
                        let before = if start == 0 { 0 } else { self.text[start - 1] };
                        let here = self.text.get(start).copied().unwrap_or(0);
                        if !self.in_set(before, pattern, end - 1)
                            && self.in_set(here, pattern, end - 1)
                        {
                            pattern = end;
                            continue;
                        }
                        return Ok(None);
                    }
                    Some(digit @ b'0'..=b'9') => match self.back_reference(start, digit)? {
                        Some(end) => {
                            start = end;
                            pattern += 2;
                            continue;
                        }
                        None => return Ok(None),
                    },
                    _ => {}
                },
                _ => {}
            }
            let end = self.class_end(pattern)?;
            match self.at(end) {
                Some(b'?') => {
                    if self.is_single(start, pattern, end)
                        && let Some(found) = self.match_here(start + 1, end + 1)?
                    {
                        return Ok(Some(found));
                    }
                    pattern = end + 1;
                }
                Some(b'+') => {
                    if !self.is_single(start, pattern, end) {
                        return Ok(None);
                    }
                    return self.most(start + 1, pattern, end);
                }
                Some(b'*') => return self.most(start, pattern, end),
                Some(b'-') => return self.fewest(start, pattern, end),
                _ => {
                    if !self.is_single(start, pattern, end) {
                        return Ok(None);
                    }
                    start += 1;
                    pattern = end;
                }
            }
        }
    }

    /// Where the single-character class at `pattern` ends. Pays for a long set, for whoever looks a byte up in it too.
    fn class_end(&mut self, pattern: usize) -> Match<usize> {
        let end = self.find_class_end(pattern);
        let size = end.as_ref().map_or(self.pattern.len(), |end| *end) - pattern;
        self.pay(size / SET_BYTES_PER_FUEL)?;
        end
    }

    fn find_class_end(&self, pattern: usize) -> Match<usize> {
        let mut end = pattern + 1;
        match self.at(pattern) {
            Some(b'%') => {
                if self.at(end).is_none() {
                    return Err(PatternError::Malformed("malformed pattern (ends with '%')"));
                }
                Ok(end + 1)
            }
            Some(b'[') => {
                if self.at(end) == Some(b'^') {
                    end += 1;
                }
                loop {
                    let Some(byte) = self.at(end) else {
                        return Err(PatternError::Malformed("malformed pattern (missing ']')"));
                    };
                    end += 1;
                    if byte == b'%' {
                        end += 1;
                    }
                    if self.at(end) == Some(b']') {
                        return Ok(end + 1);
                    }
                    if end >= self.pattern.len() {
                        return Err(PatternError::Malformed("malformed pattern (missing ']')"));
                    }
                }
            }
            _ => Ok(end),
        }
    }

    fn is_single(&self, start: usize, pattern: usize, end: usize) -> bool {
        let Some(byte) = self.text.get(start).copied() else {
            return false;
        };
        match self.pattern[pattern] {
            b'.' => true,
            b'%' => is_class(byte, self.pattern[pattern + 1]),
            b'[' => self.in_set(byte, pattern, end - 1),
            other => other == byte,
        }
    }

    /// Whether a byte is in the set between `[` at `pattern` and `]` at `last`.
    fn in_set(&self, byte: u8, mut pattern: usize, last: usize) -> bool {
        let mut wanted = true;
        pattern += 1;
        if self.at(pattern) == Some(b'^') {
            wanted = false;
            pattern += 1;
        }
        while pattern < last {
            let here = self.pattern[pattern];
            if here == b'%' {
                pattern += 1;
                if self.at(pattern).is_some_and(|class| is_class(byte, class)) {
                    return wanted;
                }
                pattern += 1;
            } else if self.at(pattern + 1) == Some(b'-') && pattern + 2 < last {
                if (here..=self.pattern[pattern + 2]).contains(&byte) {
                    return wanted;
                }
                pattern += 3;
            } else {
                if here == byte {
                    return wanted;
                }
                pattern += 1;
            }
        }
        !wanted
    }

    fn most(&mut self, start: usize, pattern: usize, end: usize) -> Match<Option<usize>> {
        let mut count = 0;
        while self.is_single(start + count, pattern, end) {
            count += 1;
        }
        self.pay(count / 8)?;
        let set_size = end - pattern;
        if set_size >= SET_SIZE_LONG {
            self.pay(count * set_size / (2 * SET_BYTES_PER_FUEL))?;
        }
        loop {
            if let Some(found) = self.match_here(start + count, end + 1)? {
                return Ok(Some(found));
            }
            if count == 0 {
                return Ok(None);
            }
            count -= 1;
        }
    }

    fn fewest(&mut self, mut start: usize, pattern: usize, end: usize) -> Match<Option<usize>> {
        loop {
            if let Some(found) = self.match_here(start, end + 1)? {
                return Ok(Some(found));
            }
            self.pay((end - pattern) / SET_BYTES_PER_FUEL)?;
            if !self.is_single(start, pattern, end) {
                return Ok(None);
            }
            start += 1;
        }
    }

    fn open(&mut self, start: usize, pattern: usize, capture: Capture) -> Match<Option<usize>> {
        if self.level >= CAPTURE_COUNT_MAX {
            return Err(PatternError::Malformed("too many captures"));
        }
        self.captures.truncate(self.level);
        self.captures.push((start, capture));
        self.level += 1;
        let found = self.match_here(start, pattern)?;
        if found.is_none() {
            self.level -= 1;
        }
        Ok(found)
    }

    fn close(&mut self, start: usize, pattern: usize) -> Match<Option<usize>> {
        let open = (0..self.level)
            .rev()
            .find(|index| matches!(self.captures[*index].1, Capture::Open));
        let Some(index) = open else {
            return Err(PatternError::Malformed("invalid pattern capture"));
        };
        let begun = self.captures[index].0;
        self.captures[index].1 = Capture::Range(begun, start);
        let found = self.match_here(start, pattern)?;
        if found.is_none() {
            self.captures[index].1 = Capture::Open;
        }
        Ok(found)
    }

    fn balance(&mut self, start: usize, pattern: usize) -> Match<Option<usize>> {
        let (Some(open), Some(close)) = (self.at(pattern), self.at(pattern + 1)) else {
            return Err(PatternError::Malformed(
                "malformed pattern (missing arguments to '%b')",
            ));
        };
        if self.text.get(start) != Some(&open) {
            return Ok(None);
        }
        let mut depth = 1;
        for (index, byte) in self.text.iter().enumerate().skip(start + 1) {
            if *byte == close {
                depth -= 1;
                if depth == 0 {
                    self.pay((index - start) / 8)?;
                    return Ok(Some(index + 1));
                }
            } else if *byte == open {
                depth += 1;
            }
        }
        self.pay((self.text.len() - start) / 8)?;
        Ok(None)
    }

    /// What a capture holds, once more; a long one is compared at every place that is tried.
    fn back_reference(&mut self, start: usize, digit: u8) -> Match<Option<usize>> {
        let index = usize::from(digit).wrapping_sub(usize::from(b'1'));
        let Some(Capture::Range(from, to)) = self.capture(index) else {
            return Err(PatternError::InvalidCapture(index.wrapping_add(1)));
        };
        let text = self.text;
        let wanted = &text[from..to];
        let is_same = text[start..].starts_with(wanted);
        if wanted.len() <= text.len() - start {
            self.pay(wanted.len() / 32)?;
        }
        Ok(is_same.then_some(start + wanted.len()))
    }
}

/// Whether a byte is of the class a letter names; an upper-case letter names the others.
fn is_class(byte: u8, class: u8) -> bool {
    let is_in = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'g' => byte.is_ascii_graphic(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b' ' | b'\t'..=b'\r'),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    is_in != class.is_ascii_uppercase()
}
