//! `gatos state log`: the checkpoints of a namespace.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::moment;
use crate::text::{Text, counted};
use crate::verbs::common::{self, NamespaceArgument};
use gatos_node::state::{ReadCheckpoint, checkpoint_value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "state log",
    examples: &[
        example(
            "which checkpoints there are",
            "gatos state log --ns finance",
        ),
        example(
            "the root of each of the last ten, for a program",
            "gatos state log --json --ns finance --limit 10 | jq -r .state_root",
        ),
    ],
    reply: Reply::Lines(&[
        field("commit", "Git commit of the checkpoint"),
        field("events", "events in it"),
        field("last", "ULID of its last event, or null"),
        field("state_root", "Merkle root over the state files"),
        field("inputs_root", "Merkle root over the event ids"),
        field("policy_root", "SHA-256 of the policy"),
        field("fold_root", "SHA-256 of the fold"),
        field("gov", "governance version it was made under"),
        field("signer", "id of the key that signed it"),
    ]),
    no_when: "",
};

/// Checkpoints shown unless told otherwise.
const LIMIT_DEFAULT: usize = 100;

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// At most this many
    #[arg(long, value_name = "COUNT", default_value_t = LIMIT_DEFAULT)]
    limit: usize,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let checkpoints = common::open()?.state_log(&self.namespace.ns, self.limit)?;
        for read in &checkpoints {
            console.item(|| checkpoint_value(read), || text(read))?;
        }
        if checkpoints.is_empty() {
            let ns = &self.namespace.ns;
            console.note(&Text::new().say(format!(
                "no checkpoint yet; make one: gatos fold run --ns {ns}\n"
            )));
        }
        Ok(Answer::Yes)
    }
}

fn text(read: &ReadCheckpoint) -> Text {
    let window = &read.checkpoint.window;
    let until = match window.last {
        Some(mark) => format!(
            ", the last at {} UTC ({})",
            moment::time_text(mark.ulid.time_ms()),
            mark.ulid
        ),
        None => String::new(),
    };
    Text::new()
        .strong(format!("checkpoint {}", read.commit))
        .end()
        .say(format!(
            "  {}{until}\n",
            counted(window.count, "event", "events")
        ))
        .field("state_root", read.checkpoint.state_root)
        .field("signer", read.signature.public.key_id())
}
