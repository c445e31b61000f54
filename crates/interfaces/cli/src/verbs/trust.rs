//! `gatos trust`: who is trusted with what, and how that changes.

use crate::console::{Console, Ending};

pub mod actor;
pub mod governors;
pub mod grant;
pub mod group;
pub mod key;
pub mod log;
pub mod namespace;
pub mod quorum;
pub mod revoke;
pub mod rotate;
pub mod settle;
pub mod verify;

/// `gatos trust …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Say how far an actor is trusted.
    Actor(actor::Arguments),
    /// Say who belongs to a group.
    Group(group::Arguments),
    /// Say who governs, and how many of them must sign.
    Governors(governors::Arguments),
    /// Say who must agree to a kind of action besides the governors.
    Quorum(quorum::Arguments),
    /// Name a namespace, and mark it for export.
    Namespace(namespace::Arguments),
    /// Show the history of a key.
    Key(key::Arguments),
    /// Give capabilities to an actor.
    Grant(grant::Arguments),
    /// End a key or a grant.
    ///
    /// Governance then says for every journal concerned which event was the last that counts: what is
    /// signed later under an older governance is never folded.
    Revoke(revoke::Arguments),
    /// Replace a key by a new one, step by step.
    Rotate(rotate::Arguments),
    /// Choose between two branches that one key signed.
    ///
    /// A journal whose key signed two events in one place stands still until then. The branch that is
    /// chosen goes on; the other stays in quarantine and counts nowhere.
    Settle(settle::Arguments),
    /// Show the versions of governance in words.
    Log(log::Arguments),
    /// Verify governance from its genesis on.
    Verify(verify::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Actor(arguments) => arguments.run(console),
            Verb::Group(arguments) => arguments.run(console),
            Verb::Governors(arguments) => arguments.run(console),
            Verb::Quorum(arguments) => arguments.run(console),
            Verb::Namespace(arguments) => arguments.run(console),
            Verb::Key(arguments) => arguments.run(console),
            Verb::Grant(arguments) => arguments.run(console),
            Verb::Revoke(arguments) => arguments.run(console),
            Verb::Rotate(arguments) => arguments.run(console),
            Verb::Settle(arguments) => arguments.run(console),
            Verb::Log(arguments) => arguments.run(console),
            Verb::Verify(arguments) => arguments.run(console),
        }
    }
}
