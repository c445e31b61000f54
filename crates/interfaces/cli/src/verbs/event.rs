//! `gatos event`: signed facts, written and read.

use crate::console::{Console, Ending};

pub mod append;
pub mod export;
pub mod import;
pub mod log;
pub mod show;

/// `gatos event …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Sign one event and append it to its journal.
    ///
    /// The event is durable before the command ends, and with the default `--ack visible` every Git
    /// command sees it. Repeating a call with the same `--idem` or `--ulid` adds nothing: the reply
    /// names the first event and says `duplicate`.
    Append(append::Arguments),
    /// Append events from JSON lines, by the million.
    ///
    /// Each line is an object `{"type": …, "payload": …}` with optional `ulid`, `idem` and `actor`.
    /// Lines go in batches; on a bad line nothing of its batch is written and the reply names the line.
    /// Give each line an `idem` (or `ulid`), and an import that was cut short can simply be repeated.
    Import(import::Arguments),
    /// List events of a namespace in canonical order: by ULID, then event id.
    Log(log::Arguments),
    /// Show one event.
    Show(show::Arguments),
    /// Write an event and its signature to files that `ssh-keygen` verifies.
    ///
    /// Writes `event.json`, `event.json.sig` and `allowed_signers`; `b3sum event.json` gives the event id.
    Export(export::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::Append(arguments) => arguments.run(console),
            Verb::Import(arguments) => arguments.run(console),
            Verb::Log(arguments) => arguments.run(console),
            Verb::Show(arguments) => arguments.run(console),
            Verb::Export(arguments) => arguments.run(console),
        }
    }
}
