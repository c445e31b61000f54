//! The node: gate, sign, append, fold, checkpoint and verify, in that order.
//!
//! One API over the planes: `ledger` keeps bytes, `policy` says whose keys count, `fold` computes; this crate
//! gives them their order and speaks to the world (key files, agent, clock). Interfaces are thin shells
//! over it. It has no format of its own.
//!
//! Reading order: [`node`], `init`, `governance`, `gate`, `append`, `log`, `folding`, `epochs`, `installed`, `policies`, `state`, `verify`, `import`,
//! `arrivals`, `branches`, `sync`, `audit`, `profile`, `push_gate`, `replay`, `status`, `doctor`, `demo`. Tests: `tests/it/`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod node;

pub mod fault;
pub mod reply;

pub mod agent;
pub mod clock;
pub mod keys;
pub mod signing;

pub mod actors;
mod branches;
pub mod bundles;
mod cuts;
pub mod governance;
pub mod init;
mod kept;
pub mod policies;
pub mod proposals;
mod seen;
pub mod trust;

pub mod append;
pub mod at_least;
pub mod export;
pub mod gate;
pub mod git_log;
pub mod import;
pub mod log;

pub mod epochs;
pub mod folding;
pub mod installed;
pub mod state;
pub mod verify;

pub(crate) mod arrivals;
pub mod audit;
pub mod doctor;
pub mod profile;
pub mod push_gate;
pub mod replay;
pub mod status;
pub mod sync;

pub mod demo;

pub use actors::ActorRecord;
pub use append::{Acknowledgement, Appended, Intent, Repeats};
pub use branches::SettledJournal;
pub use fault::{Fault, Outcome};
pub use folding::{InstallReport, Roots, RunReport};
pub use gatos_ledger::{ObjectId, StoredEvent};
pub use git_log::GitLogOptions;
pub use import::ImportReport;
pub use init::{InitOptions, InitReport};
pub use log::{Follower, LogEntry, LogQuery};
pub use node::{Node, NodeOptions};
pub use state::{ReadCheckpoint, StateChange, checkpoint_value};
pub use status::{NamespaceStatus, StatusReport};
pub use verify::{VerifyReport, VerifyScope};

/// How far a long task is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What is being done.
    pub stage: &'a str,
    /// How much of it is done.
    pub done: u64,
    /// How much there is, when known.
    pub total: Option<u64>,
}
