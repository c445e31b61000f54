//! `gatos state list`: the paths of a namespace's state files.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::common::{self, AtLeast, NamespaceArgument};
use crate::verbs::state::At;
use gatos_node::reply;
use gatos_values::Value;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "state list",
    examples: &[example(
        "which files there are",
        "gatos state list --ns finance",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("ns", "the namespace"),
        field("files", "paths of the state files, sorted"),
    ]),
    no_when: "there is no checkpoint yet, or none that covers the event of `--at-least`",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    at_least: AtLeast,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        self.at_least.await_state(&node, &self.namespace.ns)?;
        let paths = node.state_list(&self.namespace.ns, self.at.last_ulid())?;
        let reply = document(
            true,
            [
                ("ns", reply::text(self.namespace.ns.as_str())),
                (
                    "files",
                    Value::List(paths.iter().map(|path| reply::text(path)).collect()),
                ),
            ],
        );
        let text = paths
            .iter()
            .fold(Text::new(), |text, path| text.foreign(path).end());
        console.show(&reply, &text)?;
        Ok(Answer::Yes)
    }
}
