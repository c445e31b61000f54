//! Integers, wide fixed point and Q32.32 arithmetic that is the same on every target.
#![forbid(unsafe_code)]
