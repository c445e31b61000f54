//! `gatos verify`: everything from scratch, believing no cache.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::common;
use gatos_node::verify::{VerifyReport, VerifyScope};
use gatos_values::Namespace;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "verify",
    examples: &[
        example(
            "check everything: governance, every signature, every state",
            "gatos verify",
        ),
        example(
            "check the events of one namespace",
            "gatos verify journal --ns finance",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`: everything holds"),
        field(
            "checked",
            "counts: `{governance, journals, events, states, anchors}`, and `stale` events that no longer count",
        ),
    ]),
    no_when: "something does not hold; the first such thing is named",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What to verify; governance always is
    #[arg(value_enum, default_value_t = Scope::All)]
    scope: Scope,
    /// Only this namespace
    #[arg(short, long, value_name = "NS", value_parser = Namespace::parse)]
    ns: Option<Namespace>,
}

/// What to verify, as words of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Scope {
    /// Journals and states.
    All,
    /// Every commit, signature and link of the journals.
    Journal,
    /// Every state, recomputed from its events.
    State,
}

impl From<Scope> for VerifyScope {
    fn from(scope: Scope) -> VerifyScope {
        match scope {
            Scope::All => VerifyScope::All,
            Scope::Journal => VerifyScope::Journal,
            Scope::State => VerifyScope::State,
        }
    }
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        let mut bars = console.bars();
        let verified = node.verify(self.scope.into(), self.ns.as_ref(), &mut |progress| {
            bars.draw(progress)
        });
        bars.finish();
        let report = verified?;
        console.done(&report.to_value(), &text(&report))?;
        Ok(Answer::Yes)
    }
}

fn text(report: &VerifyReport) -> Text {
    Text::new()
        .toned(Tone::Good, "everything holds: ")
        .say(counted(
            report.governance_count,
            "governance version",
            "governance versions",
        ))
        .say(", ")
        .say(counted(report.journal_count, "journal", "journals"))
        .say(", ")
        .say(counted(report.event_count, "event", "events"))
        .say(", ")
        .say(counted(report.state_count, "state", "states"))
        .end()
}
