//! `gatos grants`: what was given, what is proposed, and proofs of agreement.

use crate::console::{Console, Ending, document};
use crate::text::{Text, Tone};
use crate::verbs::governed::listed;
use crate::verbs::policy::{difference, replay};
use gatos_node::proposals::{PolicyReview, Standing, StoredProposal, approvers};
use gatos_node::trust::describe;
use gatos_values::{Actor, Value};

pub mod list;
pub mod proof;
pub mod show;
pub mod verify;

/// `gatos grants …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// List the grants in force and the proposals.
    List(list::Arguments),
    /// Show a proposal: what changes, who agreed, what is missing.
    Show(show::Arguments),
    /// Write the proof that a proposal was agreed to.
    ///
    /// The proof holds governance up to the proposal, the proposal, the rules and the approvals, and
    /// verifies without the repository.
    Proof(proof::Arguments),
    /// Verify a proof of agreement, from its file alone.
    Verify(verify::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::List(arguments) => arguments.run(console),
            Verb::Show(arguments) => arguments.run(console),
            Verb::Proof(arguments) => arguments.run(console),
            Verb::Verify(arguments) => arguments.run(console),
        }
    }
}

/// A proposal as a reply, with what its policy would change.
pub fn proposal_value(stored: &StoredProposal, review: Option<&PolicyReview>) -> Value {
    let Value::Map(mut map) = stored.to_value() else {
        return document(true, []);
    };
    map.insert(
        gatos_values::Text::from_ascii("policy"),
        review.map_or(Value::Null, PolicyReview::to_value),
    );
    map.insert(gatos_values::Text::from_ascii("ok"), Value::Bool(true));
    Value::Map(map)
}

/// What a proposed policy would change, for those who approve.
pub fn review_text(review: &PolicyReview, is_verbose: bool) -> Text {
    let text = Text::new()
        .say("  ")
        .faint("compared with the policy in force:")
        .end();
    match &review.found {
        Some((difference, report)) => text
            .then(difference::text(difference, ["in force", "proposed"]))
            .then(replay::text(report, is_verbose)),
        None => text
            .toned(
                Tone::Warn,
                "  its bytes are not here: what it changes is not known; `gatos sync` may bring them",
            )
            .end(),
    }
}

/// A proposal for people.
pub fn proposal_text(stored: &StoredProposal) -> Text {
    let said = &stored.proposal.said;
    let words: Vec<String> = said.change.changes.iter().map(describe).collect();
    let text = Text::new()
        .strong(said.ulid)
        .say(" by ")
        .foreign(&said.proposer)
        .say(": ")
        .foreign(&said.reason)
        .end()
        .then(listed(&words));
    match &stored.standing {
        Standing::Made(version) => text
            .toned(Tone::Good, format!("  made as version {version}"))
            .end(),
        Standing::Past(reason) => text.toned(Tone::Warn, "  past: ").foreign(reason).end(),
        Standing::Open(tally) => {
            let names: Vec<&str> = approvers(tally).into_iter().map(Actor::as_str).collect();
            let text = text.field(
                "agreed",
                if names.is_empty() {
                    "nobody yet".to_owned()
                } else {
                    names.join(", ")
                },
            );
            let text = tally.ignored.iter().fold(text, |text, (approval, why)| {
                text.field("does not count", format!("{}: {why}", approval.said.actor))
            });
            match &tally.missing {
                None => text.toned(Tone::Good, "  nothing is missing").end(),
                Some(missing) => text.field("missing", missing),
            }
        }
    }
}
