//! `gatos lsp`: the language server on standard input and output. Tests: tests/it/editor.rs.

use crate::console::{Console, Ending};
use crate::lsp;
use crate::manual::{Manual, Reply, example};
use std::io;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "lsp",
    examples: &[example(
        "what an editor is told to start",
        "gatos lsp --stdio",
    )],
    reply: Reply::Bytes("the messages of the protocol"),
    no_when: "the editor leaves without `shutdown`, or what it sends is not the protocol",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Speak over standard input and output; there is no other way, but many editors say so
    #[arg(long)]
    stdio: bool,
    /// The editor's process; the end of standard input tells as much.
    #[arg(long = "clientProcessId", value_name = "PID", hide = true)]
    client_process_id: Option<u32>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        lsp::serve(&mut io::stdin().lock(), console)
    }
}
