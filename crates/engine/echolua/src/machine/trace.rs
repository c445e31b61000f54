//! Where an error came from: one line for each call that had not returned.
//!
//! Tests: `tests/it/language.rs`.

use super::Vm;
use crate::value::Value;
use alloc::string::String;
use core::fmt;

/// A call that had not returned when an error was raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// Name of the source.
    pub source: String,
    /// The line that was reached.
    pub line: u32,
    /// The line where the function begins; 0 for the main function.
    pub function_line: u32,
}

impl fmt::Display for TraceLine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: in ", self.source, self.line)?;
        match self.function_line {
            0 => formatter.write_str("the main function"),
            line => write!(formatter, "the function of line {line}"),
        }
    }
}

/// Lines of a trace that are kept.
const LINE_COUNT_MAX: usize = 32;

impl Vm {
    /// Where a function begins, as messages name it: source and line. `None` for functions of the library.
    #[must_use]
    pub fn origin(&self, function: Value) -> Option<(&str, u32)> {
        let Value::Closure(id) = function else {
            return None;
        };
        let prototype = self.heap.closure(id).prototype as usize;
        let notes = &self.program.prototypes.get(prototype)?.notes;
        Some((&notes.source, notes.line))
    }

    /// Notes the calls that have not returned.
    pub(super) fn note_trace(&mut self) {
        self.trace.clear();
        for frame in self
            .frames
            .iter()
            .rev()
            .filter(|frame| frame.is_program())
            .take(LINE_COUNT_MAX)
        {
            let notes = &self.program.prototypes[frame.prototype as usize].notes;
            let pc = frame.pc.saturating_sub(1) as usize;
            self.trace.push(TraceLine {
                source: String::from(&*notes.source),
                line: notes.lines.get(pc).copied().unwrap_or(0),
                function_line: notes.line,
            });
        }
    }
}
