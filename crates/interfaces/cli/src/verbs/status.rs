//! `gatos status`: what the repository holds, at a glance.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::table::{Side, Table};
use crate::text::{Text, Tone, counted, grouped};
use crate::verbs::common;
use gatos_node::status::{NamespaceStatus, StatusReport};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "status",
    examples: &[
        example("look around", "gatos status"),
        example(
            "namespaces whose state is behind their events",
            "gatos status --json | jq '.namespaces[] | select(.events != .checkpoint_events)'",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("repo", "id of the repository"),
        field("name", "its name in resource URIs"),
        field("git_dir", "the Git folder"),
        field(
            "governance_version",
            "newest version of the governance chain, from 0",
        ),
        field("gov", "its id"),
        field("actor", "who acts here by default, or null"),
        field("actors", "how many actors are enrolled"),
        field(
            "namespaces",
            "each `{ns, journals, events, checkpoint_events, fold}`",
        ),
        field(
            "quarantined",
            "refs set aside because they failed verification",
        ),
        field("writer", "who holds the writer's lock, or null"),
    ]),
    no_when: "",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let report = common::open()?.status()?;
        console.show(&report.to_value(), &text(&report))?;
        Ok(Answer::Yes)
    }
}

fn text(report: &StatusReport) -> Text {
    let actor = report
        .actor
        .as_ref()
        .map_or("none; name one with --actor", |actor| actor.as_str());
    let mut text = Text::new()
        .say("GATOS repository ")
        .strong(&report.name)
        .end()
        .field("id", &report.repository)
        .field("folder", &report.git_dir)
        .field("acting as", actor)
        .field(
            "governance",
            format!(
                "version {}, {}",
                report.governance_version,
                counted(report.actor_count, "actor", "actors")
            ),
        );
    if let Some(writer) = &report.writer {
        text = text.field("writer", writer);
    }
    if report.quarantine_count > 0 {
        let refs = counted(report.quarantine_count, "ref", "refs");
        text = text
            .toned(
                Tone::Warn,
                format!("  quarantine    {refs}; see refs/gatos/quarantine"),
            )
            .end();
    }
    text.end().then(namespaces(&report.namespaces))
}

fn namespaces(namespaces: &[NamespaceStatus]) -> Text {
    if namespaces.is_empty() {
        return Text::new().say("no events yet; record one:\n  gatos event append --ns demo --type note.made --payload '{\"text\":\"hello\"}'\n");
    }
    let mut table = Table::new(&[
        ("namespace", Side::Left),
        ("journals", Side::Right),
        ("events", Side::Right),
        ("state", Side::Left),
    ]);
    for ns in namespaces {
        table.row([
            ns.ns.to_string(),
            grouped(ns.journal_count),
            grouped(ns.event_count),
            state_words(ns),
        ]);
    }
    table.text(0)
}

fn state_words(ns: &NamespaceStatus) -> String {
    match (ns.has_fold, ns.checkpoint_event_count) {
        (false, None) => "no fold".to_owned(),
        (true, None) => "no checkpoint yet".to_owned(),
        (_, Some(covered)) if covered >= ns.event_count => "up to date".to_owned(),
        (_, Some(covered)) => format!("{} behind", grouped(ns.event_count - covered)),
    }
}
