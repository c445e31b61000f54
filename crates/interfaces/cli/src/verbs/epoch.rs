//! `gatos epoch`: sealed stretches of history.

use crate::console::{Console, Ending};
use crate::text::Text;
use gatos_node::epochs::SealedEpoch;

pub mod list;
pub mod new;
pub mod verify;

/// `gatos epoch …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Seal what the journals of a namespace hold now.
    ///
    /// Writes a signed anchor: the head of every journal, the roots of events and state, and the highest ULID. Later
    /// events must have a ULID above it.
    New(new::Arguments),
    /// List the sealed epochs of a namespace, newest first.
    List(list::Arguments),
    /// Verify the anchors of a namespace against its journals and states.
    Verify(verify::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::New(arguments) => arguments.run(console),
            Verb::List(arguments) => arguments.run(console),
            Verb::Verify(arguments) => arguments.run(console),
        }
    }
}

/// An epoch as a few lines.
pub fn text(sealed: &SealedEpoch) -> Text {
    let anchor = &sealed.anchor;
    Text::new()
        .say("epoch ")
        .strong(anchor.epoch)
        .say(" of ")
        .strong(&anchor.ns)
        .end()
        .field("anchor", sealed.id)
        .field("events", anchor.count)
        .field("up to", anchor.max_ulid)
        .field("state_root", anchor.state_root)
}
