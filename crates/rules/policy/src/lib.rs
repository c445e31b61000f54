//! Policy: who may sign, and what may be done, as pure functions.
//!
//! [`governance`] reads and makes the signed chain and folds it into "which key of which actor at which version".
//! [`audit`] and [`epoch`] are the documents of decisions and of sealed stretches of history; a [`bundle`] carries a
//! policy to another repository.
//! [`language`] compiles policies and decides requests under them; [`analysis`] proves and refutes things about them,
//! [`replay`] decides recorded requests again, [`governing`] puts changes of the chain to the policy in force.
//! Keeping the chain and the policies in Git is the ledger's and the node's work; making signatures and recording
//! decisions is the node's.
//!
//! INVARIANT: the same documents, policy and request give the same answers everywhere. Nothing here reads a clock, a
//! file or a map in hash order.
//! Formats: docs/formats/governance.md, docs/formats/rgs.md, docs/formats/rgc.md. Vectors: vectors/governance,
//! vectors/policy. Tests: tests/it.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;

pub mod analysis;
pub mod audit;
pub mod bundle;
pub mod epoch;
pub mod governance;
pub mod governing;
pub mod language;
pub mod replay;

mod fields;

pub use fields::FieldError;
