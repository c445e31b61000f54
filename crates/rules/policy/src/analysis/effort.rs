//! How much the procedure may spend, in steps that are counted alike on every machine.
//!
//! Tests: tests/it/analysis/lints.rs.

use super::diagram::STEP_COUNT_MAX;
use super::texts;

/// A bound on the work of one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Most pairs of nodes that a diagram looks at, and most edges that it holds.
    pub(super) diagram_step_count_max: usize,
    /// Most steps of text machines for one part of a request.
    pub(super) text_step_count_max: usize,
}

impl Effort {
    /// What a command may spend.
    pub const FULL: Effort = Effort {
        diagram_step_count_max: STEP_COUNT_MAX,
        text_step_count_max: texts::STEP_COUNT_MAX,
    };

    /// What an answer may cost that somebody waits for at every key: about a fiftieth of [`Effort::FULL`].
    pub const QUICK: Effort = Effort {
        diagram_step_count_max: STEP_COUNT_MAX / 64,
        text_step_count_max: texts::STEP_COUNT_MAX / 64,
    };
}

impl Default for Effort {
    fn default() -> Effort {
        Effort::FULL
    }
}
