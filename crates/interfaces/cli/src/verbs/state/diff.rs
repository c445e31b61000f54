//! `gatos state diff`: what changed in the state, field by field.

use crate::console::{Answer, Console, Ending};
use crate::diff::{self, Edit};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::common::{self, Moment, NamespaceArgument};
use gatos_node::reply;
use gatos_node::state::StateChange;
use gatos_values::Value;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "state diff",
    examples: &[
        example(
            "what the newest checkpoint changed",
            "gatos state diff --ns finance",
        ),
        example(
            "what a month changed",
            "gatos state diff --ns finance --from 2026-02-01 --to 2026-03-01",
        ),
    ],
    reply: Reply::Lines(&[
        field("path", "path of a state file"),
        field("change", "`added`, `removed` or `changed`"),
        field(
            "edits",
            "each `{op, at, before?, after?}`: `add`, `remove` or `replace` at a JSON pointer (a line number in `.jsonl` files)",
        ),
    ]),
    no_when: "there is no checkpoint at one of the ends",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// Older end: state as of this ULID or time [default: the checkpoint before the newer end]
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    from: Option<Moment>,
    /// Newer end [default: the newest checkpoint]
    #[arg(long, value_name = "WHEN", value_parser = Moment::parse)]
    to: Option<Moment>,
    /// Only this state file
    #[arg(value_name = "PATH")]
    path: Option<String>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let (from, to) = (
            self.from.map(Moment::last_ulid),
            self.to.map(Moment::last_ulid),
        );
        let changes = common::open()?.state_diff(&self.namespace.ns, from, to)?;
        let mut is_empty = true;
        for change in changes.iter().filter(|change| self.wants(change)) {
            let edits = diff::edits(change.before.as_deref(), change.after.as_deref());
            console.item(|| value(change, &edits), || text(change, &edits))?;
            is_empty = false;
        }
        if is_empty {
            console.note(&Text::new().say("no difference\n"));
        }
        Ok(Answer::Yes)
    }

    fn wants(&self, change: &StateChange) -> bool {
        self.path.as_ref().is_none_or(|path| *path == change.path)
    }
}

fn value(change: &StateChange, edits: &[Edit]) -> Value {
    reply::object(vec![
        ("path", reply::text(&change.path)),
        ("change", Value::from(change.kind())),
        (
            "edits",
            Value::List(edits.iter().map(Edit::to_value).collect()),
        ),
    ])
}

fn text(change: &StateChange, edits: &[Edit]) -> Text {
    let tone = match change.kind() {
        "added" => Tone::Good,
        "removed" => Tone::Bad,
        _ => Tone::Warn,
    };
    let head = Text::new()
        .toned(tone, change.kind())
        .say(" ")
        .strong(&change.path)
        .end();
    edits.iter().fold(head, |text, edit| text.then(edit.text()))
}
