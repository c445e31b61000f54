//! Replay: doing a recording again, comparing every tick, and saying who is to blame where it differs.
//!
//! Every tick's hash is in the recording, so the first tick that differs is found while going forward. That tick is then
//! done again, traced, in several ways that must not matter: on one thread, on several, jobs in other orders, after
//! saving and loading, with other NaNs. Where the recording holds traces, the first step that differs from them is named;
//! else the first step in which two of the ways disagree.
//!
//! Two recordings of one world are compared without a world: `bisect` finds the tick where they part by halves.
//!
//! INVARIANT: a replay of a world that keeps the rules says identical, whatever the threads.
//! Guide: `docs/guide/echo.md`. Tests: `tests/it/faults.rs`.

mod bisect;
mod blame;
mod trace;
mod verify;
mod ways;

pub use bisect::{
    BisectError, Bisection, Difference, Explanation, InputDifference, bisect, explain,
};
pub use blame::{Blame, Evidence};
pub use trace::{Group, Mismatch, Seen, StepKind, StepTrace, Tracer, first_mismatch};
pub use verify::{Divergence, Outcome, ReplayError, ReplayOptions, Verdict, verify};
pub use ways::Way;

pub(crate) use trace::{changes_digest, encode_change};

use verify::check_alike;
