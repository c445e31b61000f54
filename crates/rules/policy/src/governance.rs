//! The governance chain: documents, the trust fold over them, and the checks it allows.
//!
//! Reading order: [`document`] (what is signed), [`chain`] (what it means), [`admission`] (what follows for
//! an event), [`error`].

pub mod admission;
pub mod chain;
pub mod document;
pub mod error;

mod fields;

pub use admission::{AdmissionError, AdmittedKey, admit};
pub use chain::{Chain, KeyRecord, change};
pub use document::{
    Change, ChangeOperation, DOCUMENT_SIZE_MAX, Genesis, GenesisActor, GovernanceDocument,
    SignedDocument, genesis,
};
pub use error::GovernanceError;
