//! `gatos sync`: fetch, verify, forward, push.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::common;
use gatos_node::sync::{SyncFinding, SyncReport, remotes};
use gatos_node::{Fault, Node, Outcome};
use gatos_values::ErrorCode;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "sync",
    examples: &[
        example("exchange events with the usual remote", "gatos sync"),
        example(
            "only take over what a mirror has",
            "gatos sync mirror --no-push",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether everything fitted"),
        field("remote", "the remote"),
        field("governance", "governance versions taken over"),
        field("events", "events taken over"),
        field("journals", "journals moved forward"),
        field("stale", "events among them that no longer count"),
        field(
            "settled",
            "journals that go on because governance chose one of their branches",
        ),
        field("states", "folds and checkpoints moved forward or joined"),
        field("pushed", "refs pushed"),
        field(
            "stale",
            "events taken over that stand beyond a cut of governance and count nowhere",
        ),
        field(
            "findings",
            "what did not fit, each `{code, resource, reason}`",
        ),
    ]),
    no_when: "something did not fit; the rest was exchanged all the same",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Remote as `git remote` names it [default: the only one, else `origin`]
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
    /// Fetch and forward only
    #[arg(long)]
    no_push: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        let remote = remote(&node, self.remote)?;
        let mut bars = console.bars();
        let synced = node.sync(&remote, !self.no_push, &mut |progress| bars.draw(progress));
        bars.finish();
        let report = synced?;
        node.close_writer()?;
        for finding in &report.findings {
            console.wrong(&finding_text(finding));
        }
        console.done(&report.to_value(), &text(&report))?;
        Ok(if report.findings.is_empty() {
            Answer::Yes
        } else {
            Answer::No
        })
    }
}

/// The remote named, or the one that can only be meant.
fn remote(node: &Node, named: Option<String>) -> Outcome<String> {
    let known = remotes(node.repository())?;
    if let Some(named) = named {
        if known.contains(&named) {
            return Ok(named);
        }
        return Err(unknown(&format!("there is no remote `{named}`"), &known));
    }
    match known.as_slice() {
        [only] => Ok(only.clone()),
        several if several.iter().any(|name| name == "origin") => Ok("origin".to_owned()),
        [] => Err(unknown("this repository has no remote", &known)),
        _ => Err(unknown(
            "there are several remotes and none is `origin`",
            &known,
        )),
    }
}

fn unknown(reason: &str, known: &[String]) -> Fault {
    let hint = match known {
        [] => "add one: `git remote add origin URL`".to_owned(),
        _ => format!("name one of: {}", known.join(", ")),
    };
    Fault::new(ErrorCode::Usage, "gatos sync", reason).with_hint(hint)
}

/// Something that did not fit, as a line.
pub fn finding_text(finding: &SyncFinding) -> Text {
    Text::new()
        .toned(Tone::Bad, finding.code.as_str())
        .say(" ")
        .strong(&finding.resource)
        .say(": ")
        .foreign(&finding.reason)
        .end()
}

fn text(report: &SyncReport) -> Text {
    let (tone, word) = match report.findings.is_empty() {
        true => (Tone::Good, "in step with "),
        false => (Tone::Warn, "partly in step with "),
    };
    let text = Text::new()
        .toned(tone, word)
        .strong(&report.remote)
        .end()
        .field("taken over", taken_over(report))
        .field("pushed", counted(report.pushed_count, "ref", "refs"));
    match report.findings.len() as u64 {
        0 => text,
        count => text.field("did not fit", counted(count, "thing", "things")),
    }
}

fn taken_over(report: &SyncReport) -> String {
    [
        counted(report.event_count, "event", "events"),
        counted(
            report.governance_count,
            "governance version",
            "governance versions",
        ),
        counted(report.state_count, "fold or state", "folds and states"),
    ]
    .join(", ")
}
