//! The installed `git`, and the repository it and we share.
//!
//! [`GitProgram`] runs `git` with a clean environment for the work it does best: init, fetch, push,
//! clone, repack, commit-graph, fsck. [`Repository`] opens a repository without running anything.
//! Objects are read in `objects`, refs in `refs`, settings are judged in `settings`.
//!
//! INVARIANT 1: no variable of the caller's environment that names another repository, index or
//! object folder reaches `git`; replacements and grafts are off for everything we run or read.
//! INVARIANT 2: what `git` prints is held in memory only up to a stated limit.
//! Format: docs/formats/repository.md. Tests: `git/tests.rs`.

mod command;
mod incoming;
mod init;
mod repository;
#[cfg(test)]
mod tests;
mod version;

pub use command::{GitCommand, GitError, GitOutput, GitProgram};
pub use incoming::Incoming;
pub use init::{InitError, InitReport};
pub(crate) use repository::open_objects;
pub use repository::{OpenError, Repository};
pub use version::{GIT_VERSION_MIN, GitVersion};
