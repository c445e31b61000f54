//! Folds: from events to state, as a pure function.
#![forbid(unsafe_code)]
