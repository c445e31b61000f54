//! `gatos fold run`: events to state, with a checkpoint at the end.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::common::{self, NamespaceArgument, Signing};
use crate::verbs::fold::{roots_text, skipped_text};
use gatos_node::folding::RunReport;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "fold run",
    examples: &[
        example("bring the state up to date", "gatos fold run --ns finance"),
        example(
            "keep only the root of the state",
            "gatos fold run --json --ns finance | jq -r .state_root",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("ns", "the namespace"),
        field("state_root", "Merkle root over the state files"),
        field("inputs_root", "Merkle root over the event ids"),
        field("policy_root", "SHA-256 of the policy"),
        field("fold_root", "SHA-256 of the fold"),
        field("events", "events in the state"),
        field(
            "events_read",
            "events this run read itself, the rest came from a checkpoint",
        ),
        field("files", "state files"),
        field("checkpoint", "Git commit of the checkpoint"),
        field(
            "unchanged",
            "whether the newest checkpoint said all this already",
        ),
        field("skipped", "events that did not fit, by reducer"),
    ]),
    no_when: "no fold is installed, a computation fails, or an event may not stand",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    #[command(flatten)]
    signing: Signing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open_as(&self.signing)?;
        let mut bars = console.bars();
        let report = node.fold_run(&self.namespace.ns, &mut |progress| bars.draw(progress))?;
        bars.finish();
        node.close_writer()?;
        console.done(&report.to_value(), &text(&report))?;
        Ok(Answer::Yes)
    }
}

fn text(report: &RunReport) -> Text {
    let events = counted(report.event_count, "event", "events");
    let files = counted(report.file_count, "state file", "state files");
    let words = if report.unchanged {
        "already up to date: "
    } else {
        "folded "
    };
    Text::new()
        .toned(Tone::Good, words)
        .say(format!(
            "{events} into {files}, {} read now\n",
            report.read_count
        ))
        .then(roots_text(&report.roots))
        .field("checkpoint", report.checkpoint)
        .then(skipped_text(&report.skipped))
}
