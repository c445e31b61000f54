//! Findings: what the front end has to say about a source, each with its place and its cure.
//!
//! Parser and linter collect findings instead of stopping at the first; showing them is the caller's work.
//! Tests: `tests/it/front.rs`.

use alloc::string::String;
use core::fmt;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The source does not compile.
    Error,
    /// The source compiles, but probably not to what was meant.
    Warning,
}

/// A place in a source: line and column in bytes, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
}

impl Place {
    /// The column in characters, from 1, as editors and people count.
    #[must_use]
    pub fn column_in_characters(self, source: &str) -> u32 {
        let line = source
            .split('\n')
            .nth(self.line.max(1) as usize - 1)
            .unwrap_or_default();
        let bytes = (self.column.max(1) as usize - 1).min(line.len());
        let before = line.as_bytes().get(..bytes).unwrap_or_default();
        let count = String::from_utf8_lossy(before).chars().count();
        u32::try_from(count + 1).unwrap_or(u32::MAX)
    }
}

/// One remark about a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// Which check speaks, for example `no-pairs`; fixed words for machines.
    pub rule: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in one lower-case line.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Finding {
    pub(crate) fn error(
        place: Place,
        rule: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Finding {
        Finding {
            place,
            rule,
            severity: Severity::Error,
            message: message.into(),
            hint: hint.into(),
        }
    }

    pub(crate) fn warning(
        place: Place,
        rule: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Finding {
        Finding {
            severity: Severity::Warning,
            ..Finding::error(place, rule, message, hint)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let Place { line, column } = self.place;
        write!(
            formatter,
            "{line}:{column}: {severity}[{}]: {} ({})",
            self.rule, self.message, self.hint
        )
    }
}
