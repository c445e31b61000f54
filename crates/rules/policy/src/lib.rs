//! Governance: who may sign, as a pure function of one signed chain.
//!
//! A repository's governance is a list of signed documents, each naming the one before it. This crate reads
//! and makes the documents, folds the chain into "which key of which actor at which version", and says
//! whether an event's envelope fits the version it names. Keeping the chain in Git is the ledger's and the
//! node's work; making signatures is the node's. Rules beyond "every enrolled key may write" come later.
//!
//! INVARIANT: the same documents give the same answers everywhere. Nothing here reads a clock, a file or a
//! map in hash order.
//! Format: docs/formats/governance.md. Vectors: vectors/governance. Tests: tests/it.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

pub mod governance;
