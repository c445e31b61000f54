//! Fixtures and slow twins for the tests of the other crates.
#![forbid(unsafe_code)]
