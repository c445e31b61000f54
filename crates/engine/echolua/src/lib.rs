//! EchoLua: Lua 5.4 as an authoring language whose every result is the same on every machine.
//!
//! ```text
//! source ─ syntax ─► tree ─ compile (names, lint, constants) ─► ELC ─ canonical CBOR ─► hash
//!                                                                └─ machine: register code, heap, library
//! ```
//!
//! Two profiles of one language: `fold` is pure, with integers that trap and Q32.32; `script` is Lua 5.4 with binary64
//! and one NaN. What is stored and hashed is ELC; what runs is derived from it when it is loaded. Numbers come from
//! `gatos-numbers`, canonical bytes from `gatos-values`. Files, clocks, output and randomness are the callers' work.
//!
//! Reading order: [`profile`], [`finding`], [`syntax`], [`names`], [`compile`](mod@compile), [`elc`], [`arithmetic`], [`value`], [`table`],
//! [`heap`], [`machine`], `library`.
//!
//! INVARIANT 1: same module, same input, same limits: same results, same fuel, same errors, on every target.
//! INVARIANT 2: no source, no bytes and no program make this crate panic, recurse without bound or run past its limits.
//!
//! Guide: `docs/guide/echolua.md`. Format: `docs/formats/elc.md`. Vectors: `vectors/echolua`. Tests: `tests/it`.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

pub mod arithmetic;
pub mod compile;
pub mod elc;
pub mod finding;
pub mod heap;
mod library;
pub mod machine;
pub mod names;
pub mod profile;
pub mod syntax;
pub mod table;
#[cfg(test)]
mod twin;
pub mod value;

pub use compile::{Compiled, compile};
pub use elc::{ElcError, Module};
pub use finding::{Finding, Place, Severity};
pub use heap::Heap;
pub use library::bridge::BridgeError;
pub use library::embed::{EMBEDDED_COUNT, Embedder, HostCall};
pub use library::host::Sink;
pub use library::kept::{KEPT_DEPTH_MAX, KeepError};
pub use machine::{Fault, Limits, SNAPSHOT_VERSION, SnapshotError, TraceLine, Vm};
pub use profile::Profile;
pub use value::Value;
