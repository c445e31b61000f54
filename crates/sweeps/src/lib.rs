//! Sweeps: large generated inputs through everything that promises the same bits, one digest a topic.
//!
//! The program prints one line a topic, `name<TAB>cases<TAB>blake3:…`. Built for another target it must print the
//! same lines; `cargo xtask targets` builds, runs and compares. Which results are *right* is for the tests of each
//! crate to say; a sweep only says that they are the same everywhere.
//!
//! Reading order: [`dice`] (where inputs come from), [`record`] and [`refusal`]
//! (what is hashed), [`topic`] (a row, and how it is
//! run), [`topics`] (the table and one file a theme), [`command`] (the command line).
//!
//! INVARIANT 1: inputs depend on the topic's name, the number of the case and nothing else. No clock, no thread, no
//! environment, no float of the host's making, no `usize` in what is hashed.
//! INVARIANT 2: a case of a topic does not depend on how many cases are run, so a longer sweep begins with the
//! shorter one.
//!
//! Page: `docs/targets.md`. Golden digests: `vectors/sweeps/digests.tsv`. Tests: `tests/it`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod dice;
pub mod record;
pub mod refusal;
pub mod topic;
pub mod topics;

pub mod command;
