//! Findings: what the compiler has to say about a source, each with its place and its cure.
//!
//! The compiler collects findings instead of stopping at the first; showing them is the caller's work.

use crate::Position;
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

/// One remark about a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Which check speaks, for example `unknown-key`; fixed words for machines.
    pub rule: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in one lower-case line.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// The same as an edit, where it is known word for word.
    pub fix: Option<Fix>,
    /// Another place the message speaks of.
    pub related: Option<Position>,
}

/// An edit at the place of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What stands at the place, without quotes around it. If something else does, the edit does not apply.
    pub replaces: String,
    /// What to write there.
    pub with: String,
}

impl Fix {
    /// Another word for the one that stands there.
    pub fn new(replaces: impl Into<String>, with: impl Into<String>) -> Fix {
        let (replaces, with) = (replaces.into(), with.into());
        Fix { replaces, with }
    }
}

impl Finding {
    /// A finding that stops the source from compiling.
    pub fn error(
        place: Position,
        rule: &'static str,
        message: String,
        hint: impl Into<String>,
    ) -> Finding {
        let (line, column, hint) = (place.line, place.column, hint.into());
        Finding {
            line,
            column,
            rule,
            severity: Severity::Error,
            message,
            hint,
            fix: None,
            related: None,
        }
    }

    /// A finding that does not.
    pub fn warning(
        place: Position,
        rule: &'static str,
        message: String,
        hint: impl Into<String>,
    ) -> Finding {
        Finding {
            severity: Severity::Warning,
            ..Finding::error(place, rule, message, hint)
        }
    }

    /// The finding with an edit that mends it.
    #[must_use]
    pub fn with_fix(self, fix: Option<Fix>) -> Finding {
        Finding { fix, ..self }
    }

    /// The finding with another place that it speaks of.
    #[must_use]
    pub fn with_related(self, place: Position) -> Finding {
        Finding {
            related: Some(place),
            ..self
        }
    }

    /// Where it is.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position {
            line: self.line,
            column: self.column,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(
            formatter,
            "{}:{}: {severity}[{}]: {} ({})",
            self.line, self.column, self.rule, self.message, self.hint
        )
    }
}
