//! `gatos audit verify`: every record, link and signature of the audit journal.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::common;
use gatos_node::audit::AuditReport;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "audit verify",
    examples: &[example("is the record whole?", "gatos audit verify")],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("records", "records, every signature good"),
        field("denied", "refusals among them"),
        field(
            "counted",
            "refused requests without a record of their own, by code",
        ),
    ]),
    no_when: "a record is damaged, out of its place or signed by a key that is not enrolled",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let report = common::open()?.audit_verify()?;
        console.show(&report.to_value(), &text(&report))?;
        Ok(Answer::Yes)
    }
}

fn text(report: &AuditReport) -> Text {
    let text = Text::new()
        .toned(Tone::Good, "the audit journal holds")
        .say(": ")
        .say(counted(report.record_count, "record", "records"))
        .say(", ")
        .say(counted(report.denied_count, "refusal", "refusals"))
        .end();
    report.counted.iter().fold(text, |text, (code, count)| {
        text.field("counted", format!("{count} × {}", code.as_str()))
    })
}
