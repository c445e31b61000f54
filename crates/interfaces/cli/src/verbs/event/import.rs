//! `gatos event import`: events from JSON lines, in batches.

use crate::console::{Answer, Console, Ending};
use crate::input;
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::common::{self, NamespaceArgument, Signing};
use gatos_node::import::ImportReport;
use gatos_values::Namespace;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "event import",
    examples: &[
        example(
            "import a file",
            "gatos event import --ns finance --jsonl invoices.jsonl",
        ),
        example(
            "import what another program prints",
            r#"jq -c '{type:"user.seen",payload:.,idem:.id}' users.json | gatos event import --ns people --jsonl -"#,
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`: every line is an event now"),
        field("appended", "events added by this call"),
        field("duplicates", "lines that were events before"),
    ]),
    no_when: "a line is bad; the refusal has its `line`, and nothing of its batch was written",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// File of JSON lines, or `-` for standard input
    #[arg(long, value_name = "FILE|-")]
    jsonl: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let mut lines = input::lines(&self.jsonl)?;
        let node = common::open_as(&self.signing)?;
        let mut bars = console.bars();
        let imported = node.import_jsonl(
            &self.namespace.ns,
            self.signing.actor.as_ref(),
            &mut lines,
            &mut |progress| bars.draw(progress),
        );
        bars.finish();
        let report = imported?;
        node.close_writer()?;
        console.done(&report.to_value(), &text(&report, &self.namespace.ns))?;
        Ok(Answer::Yes)
    }
}

/// The confirmation of an import.
pub fn text(report: &ImportReport, ns: &Namespace) -> Text {
    let mut text = Text::new()
        .toned(Tone::Good, "imported ")
        .strong(counted(report.appended, "event", "events"))
        .say(" into ")
        .foreign(ns);
    if report.duplicates > 0 {
        let known = counted(report.duplicates, "was", "were");
        text = text.say(format!("; {known} there before"));
    }
    text.end()
}
