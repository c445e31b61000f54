//! The node: gate, sign, append, fold, checkpoint and verify, in that order.
#![forbid(unsafe_code)]
