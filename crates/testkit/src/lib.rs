//! Fixtures and slow twins for the tests of the other crates.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod git_fixture;

pub mod author;

pub mod fold_twin;
