//! The governance chain: documents, the trust fold over them, and the checks it allows.
//!
//! Reading order: [`document`] (what is signed), [`operation`] (what a change can do), [`grant`], [`quorum`],
//! [`pattern`] and [`cut`] (their parts), [`chain`] (what it all means), [`admission`] (what follows for an event),
//! [`export`] (what may leave), `proposal` and [`consensus`] (how several come to sign one change), [`error`].

pub mod admission;
pub mod chain;
pub mod consensus;
pub mod cut;
pub mod document;
pub mod error;
pub mod export;
pub mod grant;
pub mod operation;
pub mod pattern;
pub mod proposal;
pub mod quorum;

mod fields;
mod history;
mod snapshot;

pub use admission::{AdmissionError, AdmittedKey, admit};
pub use chain::{
    Capabilities, Chain, GrantRecord, KeyRecord, Requirement, change, change_with_cut,
};
pub use consensus::{ConsensusReport, Tally};
pub use cut::{Cut, CutEntry, CutScope, JournalChoice, JournalCut, JournalCuts};
pub use document::{
    Change, DOCUMENT_SIZE_MAX, Genesis, GenesisActor, GovernanceDocument, SignedDocument, genesis,
};
pub use error::GovernanceError;
pub use export::{EXPORT_LIMITING_LABELS, is_export_limiting};
pub use grant::{Grant, GrantId, SignedGrant};
pub use operation::{ChangeOperation, GovernedAction, KeyRotation, rotation_bytes};
pub use pattern::ResourcePattern;
pub use proposal::{Approval, Proposal, ProposalId, Signed};
pub use quorum::QuorumRule;
