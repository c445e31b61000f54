//! `gatos audit`: what the gate answered.

use crate::console::{Console, Ending};
use crate::text::{Text, Tone};
use gatos_node::audit::AuditRecord;

pub mod log;
pub mod show;
pub mod verify;

/// `gatos audit …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List decisions of the gate, newest first.
    Log(log::Arguments),
    /// Show one decision, by its id or the first digits of it.
    Show(show::Arguments),
    /// Verify the audit journal from its newest record to its first.
    Verify(verify::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Log(arguments) => arguments.run(console),
            Verb::Show(arguments) => arguments.run(console),
            Verb::Verify(arguments) => arguments.run(console),
        }
    }
}

/// A record as a few lines.
pub fn text(record: &AuditRecord) -> Text {
    let decision = &record.decision;
    let tone = match record.code() {
        None => Tone::Good,
        Some(_) => Tone::Bad,
    };
    Text::new()
        .toned(tone, answer_word(record))
        .say(" ")
        .strong(&decision.actor)
        .say(" ")
        .foreign(&decision.path)
        .end()
        .say("  ")
        .foreign(&decision.reason)
        .end()
        .faint("  ")
        .foreign(record.id)
        .faint(format!(" {}", decision.ulid))
        .end()
}

/// `allow`, or `deny` with its code.
fn answer_word(record: &AuditRecord) -> String {
    match record.code() {
        None => "allow".to_owned(),
        Some(code) => format!("deny {}", code.as_str()),
    }
}
