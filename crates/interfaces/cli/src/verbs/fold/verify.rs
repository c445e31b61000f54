//! `gatos fold verify`: a checkpoint recomputed from the events.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::common::{self, NamespaceArgument};
use crate::verbs::fold::roots_text;
use gatos_node::ObjectId;
use gatos_node::folding::{Roots, roots_entries};
use gatos_node::{Fault, Node, Outcome, reply};
use gatos_values::{ErrorCode, Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "fold verify",
    examples: &[
        example(
            "check the newest checkpoint",
            "gatos fold verify --ns finance",
        ),
        example(
            "check an earlier one of `gatos state log`",
            "gatos fold verify --ns finance 3b1c9f2",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`: every root was recomputed and is the same"),
        field("ns", "the namespace"),
        field("checkpoint", "Git commit of the checkpoint"),
        field("state_root", "Merkle root over the state files"),
        field("inputs_root", "Merkle root over the event ids"),
        field("policy_root", "SHA-256 of the policy"),
        field("fold_root", "SHA-256 of the fold"),
        field("events", "events recomputed and verified"),
    ]),
    no_when: "a root, a path or a signature differs; the reason says which",
};

/// Fewest digits that stand for a commit.
const ABBREVIATION_LENGTH_MIN: usize = 4;

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// Checkpoint to check: its commit id or the beginning of it, or a full ref name [default: the newest]
    #[arg(value_name = "REF")]
    reference: Option<String>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        let commit = self.checkpoint(&node)?;
        let mut bars = console.bars();
        let verified = node.fold_verify(&self.namespace.ns, Some(commit), &mut |progress| {
            bars.draw(progress)
        });
        bars.finish();
        let (roots, event_count) = verified?;
        console.done(
            &self.reply(&roots, event_count, commit),
            &self.text(&roots, event_count, commit),
        )?;
        Ok(Answer::Yes)
    }

    /// The checkpoint to check: the newest, or the one whose commit or ref was named.
    fn checkpoint(&self, node: &Node) -> Outcome<ObjectId> {
        let ns = &self.namespace.ns;
        let Some(reference) = &self.reference else {
            return Ok(node.checkpoint_at(ns, None)?.commit);
        };
        if let Ok(commit) = ObjectId::parse(reference) {
            return Ok(commit);
        }
        if reference.starts_with("refs/") {
            return node
                .commit_of_ref(reference)?
                .ok_or_else(|| no_such(reference, "there is no such ref"));
        }
        let known = node.state_log(ns, usize::MAX)?;
        let is_meant = |commit: &ObjectId| {
            reference.len() >= ABBREVIATION_LENGTH_MIN
                && commit.to_string().starts_with(reference.as_str())
        };
        let meant: Vec<ObjectId> = known
            .iter()
            .map(|read| read.commit)
            .filter(is_meant)
            .collect();
        match meant.as_slice() {
            [commit] => Ok(*commit),
            [] => Err(no_such(
                reference,
                "no checkpoint of the namespace has a commit id that begins so",
            )),
            _ => Err(no_such(
                reference,
                "several checkpoints have commit ids that begin so",
            )),
        }
    }

    fn reply(&self, roots: &Roots, event_count: u64, commit: ObjectId) -> Value {
        let entries = roots_entries(roots).into_iter().chain([
            ("ns", reply::text(self.namespace.ns.as_str())),
            ("events", reply::count(event_count)),
            ("checkpoint", reply::text(&commit.to_string())),
        ]);
        document(true, entries)
    }

    fn text(&self, roots: &Roots, event_count: u64, commit: ObjectId) -> Text {
        let events = counted(event_count, "event", "events");
        Text::new()
            .toned(Tone::Good, "verified ")
            .say(format!("{events} of "))
            .strong(&self.namespace.ns)
            .say(": every root is the one its events give\n")
            .then(roots_text(roots))
            .field("checkpoint", commit)
    }
}

fn no_such(reference: &str, reason: &str) -> Fault {
    Fault::new(
        ErrorCode::NoCheckpoint,
        reference,
        format!("`{reference}`: {reason}"),
    )
    .with_hint("`gatos state log` lists the checkpoints")
}
