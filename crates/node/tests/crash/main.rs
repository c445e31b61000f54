//! What was acknowledged stays: killed at any instant, powered off, disk full, read-only, many writers.
//!
//! Writers run as processes of their own: this very binary, started again with `writer_process` as its
//! only test (or the `gatos` program, see [`lanes`]). They print what was acknowledged to them; the
//! parent kills them, lets recovery run, and [`books`] judges the repository with stock `git`.
//!
//! INVARIANT: a seed decides what is appended and when the parent strikes. It is printed; a failure
//! leaves its repository behind and prints the command that runs it again.
//! By command: `cargo xtask crash`, `cargo xtask power-cut`, `cargo xtask soak`. Guide:
//! docs/guide/durability.md.
#![forbid(unsafe_code)]

mod dice;
mod scene;
mod stock;
mod work;

mod books;
mod lanes;
mod writer;

mod hands;
mod kills;

mod disk;
mod imports;
#[cfg(target_os = "linux")]
mod power_cut;
mod two_writers;

mod soak;
