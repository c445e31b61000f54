//! `gatos event export`: an event as files that stock tools check.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::common::{self, Serving};
use gatos_node::export::ExportReport;
use gatos_values::EventId;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "event export",
    examples: &[example(
        "export an event and let ssh-keygen verify it",
        "gatos event export blake3:6f1c2d3e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0 -o proof && cd proof && ssh-keygen -Y verify -f allowed_signers -I user:ada -n gatos-event -s event.json.sig < event.json",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("dir", "where the files are"),
        field(
            "document",
            "name of the signed file; its signature is beside it with `.sig`",
        ),
        field("identity", "who signed it, as `ssh-keygen -I` wants it"),
        field(
            "namespace",
            "kind of signature, as `ssh-keygen -n` wants it",
        ),
        field(
            "check",
            "the command that checks it, to be run in the folder",
        ),
    ]),
    no_when: "no journal holds the event, or the actor of `--for` may not read it",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Event id: `blake3:` and 64 hex digits
    #[arg(value_name = "ID", value_parser = common::event_id)]
    id: EventId,
    /// Folder to write to; it is made where missing
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    serving: Serving,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        self.serving
            .check_event(&node, &node.find_event(&self.id)?.event)?;
        let report = node.export_event(&self.id, &self.output)?;
        console.done(&report.to_value(), &text(&report))?;
        Ok(Answer::Yes)
    }
}

/// Where the files are and how to check them.
pub fn text(report: &ExportReport) -> Text {
    Text::new()
        .say("wrote ")
        .strong(&report.document)
        .say(" and its signature to ")
        .foreign(report.directory.display())
        .say("\ncheck it there:\n  ")
        .foreign(report.check_command())
        .end()
}
