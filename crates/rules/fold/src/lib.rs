//! Folds: from a namespace's events to its state files, as a pure function.
//!
//! A fold is written in YAML (`gatos-yaml` reads it, `compile` understands it) or in Lua (`gatos-echolua` reads and runs it,
//! `program` knows what a fold is), fixed as one canonical CBOR document, the `.rgf` ([`Fold`]), and run over
//! events ([`FoldState`]). Same events, same fold: the same bytes on every machine. Keeping events and commits is
//! the ledger's work, which fold is installed where is governance's, and the order of things is the node's: this
//! crate never sees a clock, a file, a ref or a commit id.
//!
//! Reading order: [`query`], `ir`, [`compile`](mod@compile), `program`, [`Fold`], [`FoldState`], `path`, `emit`, [`checkpoint`].
//!
//! INVARIANT 1: every kind of reducer but `list-append` is a join-semilattice, and the fold of a union of events is the join of
//! the folds.
//! INVARIANT 2: a state is a cache; deleting all of them loses nothing.
//!
//! Guide: `docs/guide/folds.md`. Formats: `docs/formats/rgf.md`, `docs/formats/checkpoint.md`. Vectors:
//! `vectors/fold`. Tests: `tests/it`.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

pub mod query;

mod ir;
mod path;

pub mod compile;

mod program;

mod rgf;
mod state;

mod emit;

pub mod checkpoint;

pub use compile::{Compiled, compile_yaml};
pub use gatos_yaml::{Finding, Severity};
pub use path::{MadePathError, PathError, STATE_FOLDER};
pub use program::{Attempt, OnError, ProgramCause, ProgramFault, ProgramLimits, compile_lua};
pub use rgf::{Fold, RGF_SIZE_MAX, RgfError};
pub use state::{
    CHUNK_ENTRY_COUNT_MAX, EncodedState, FoldEvent, FoldFault, FoldState, InputsRoot,
    PAYLOAD_DEPTH_MAX, StateError, StateFile,
};
