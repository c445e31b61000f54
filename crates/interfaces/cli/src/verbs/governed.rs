//! What the verbs of governed change share: made at once, or proposed for others to approve.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Field, field};
use crate::text::{Text, Tone};
use crate::verbs::common::{self, Signing};
use gatos_node::trust::describe;
use gatos_node::{Node, Outcome, reply};
use gatos_policy::governance::ChangeOperation;
use gatos_values::Value;

/// The reply of every verb that changes governance.
pub const CHANGE_REPLY: &[Field] = &[
    field("ok", "`true`"),
    field("changes", "what changes, in words"),
    field("gov", "governance version made, or null"),
    field(
        "proposal",
        "proposal made instead with `--propose`, or null",
    ),
];

/// When such a verb says no.
pub const CHANGE_NO: &str =
    "the change does not fit governance, or the keys at hand are not those that must sign";

/// How a change is made.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Governing {
    /// Ask others instead of signing alone: make a proposal
    #[arg(long)]
    propose: bool,
    /// Why; shown to those who approve
    #[arg(long, value_name = "TEXT", requires = "propose")]
    reason: Option<String>,
    /// Hours until the proposal is over [default: no end]
    #[arg(long, value_name = "COUNT", requires = "propose")]
    hours: Option<u32>,
    #[command(flatten)]
    signing: Signing,
}

impl Governing {
    /// The repository here, with the wishes of whoever acts.
    pub fn open(&self) -> Outcome<Node> {
        common::open_as(&self.signing)
    }

    /// Makes or proposes the change, and says what it is.
    pub fn carry_out(
        &self,
        console: &mut Console,
        node: &Node,
        operations: Vec<ChangeOperation>,
    ) -> Ending {
        let words: Vec<String> = operations.iter().map(describe).collect();
        let (gov, proposal) = if self.propose {
            let reason = self.reason.as_deref().unwrap_or("");
            let id = node.propose(operations, reason, lifetime_ms(self.hours))?;
            (None, Some(id.to_string()))
        } else {
            (Some(node.govern(operations)?.to_string()), None)
        };
        node.close_writer()?;
        let value = document(
            true,
            [
                ("changes", texts(&words)),
                ("gov", reply::optional_text(gov.as_deref())),
                ("proposal", reply::optional_text(proposal.as_deref())),
            ],
        );
        let head = match &proposal {
            Some(id) => Text::new().toned(Tone::Good, "proposed ").strong(id).end(),
            None => Text::new().toned(Tone::Good, "governance changed").end(),
        };
        let mut text = head.then(listed(&words));
        if let Some(gov) = &gov {
            text = text.field("governance", gov);
        }
        if let Some(id) = &proposal {
            text = text.field("approve with", format!("gatos approve {id}"));
        }
        console.done(&value, &text)?;
        Ok(Answer::Yes)
    }
}

/// The same for a verb that only proposes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Proposing {
    /// Why; shown to those who approve
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Hours until the proposal is over [default: no end]
    #[arg(long, value_name = "COUNT")]
    hours: Option<u32>,
    #[command(flatten)]
    signing: Signing,
}

impl Proposing {
    /// As [`Governing::open`].
    pub fn open(&self) -> Outcome<Node> {
        common::open_as(&self.signing)
    }

    /// Proposes the change, and says what it is.
    pub fn carry_out(
        &self,
        console: &mut Console,
        node: &Node,
        operations: Vec<ChangeOperation>,
    ) -> Ending {
        let governing = Governing {
            propose: true,
            reason: self.reason.clone(),
            hours: self.hours,
            signing: self.signing.clone(),
        };
        governing.carry_out(console, node, operations)
    }
}

/// Hours as milliseconds.
pub fn lifetime_ms(hours: Option<u32>) -> Option<u64> {
    hours.map(|hours| u64::from(hours) * 3_600_000)
}

/// Texts as a list of the reply.
pub fn texts(texts: &[String]) -> Value {
    Value::List(texts.iter().map(|text| reply::text(text)).collect())
}

/// A line each.
pub fn listed(lines: &[String]) -> Text {
    lines
        .iter()
        .fold(Text::new(), |text, line| text.say("  ").foreign(line).end())
}
