//! `gatos actor list`: the enrolled actors and their live keys.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::table::{Side, Table};
use crate::verbs::common;
use gatos_node::actors::ActorRecord;
use gatos_values::{KeyId, Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "actor list",
    examples: &[example("who may sign here", "gatos actor list")],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field(
            "actors",
            "each `{actor, keys, governor}`; `keys` are the ids of its live keys",
        ),
    ]),
    no_when: "",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let actors = common::open()?.actors()?;
        let values = actors.iter().map(ActorRecord::to_value).collect();
        let reply = document(true, [("actors", Value::List(values))]);
        let mut table = Table::new(&[
            ("actor", Side::Left),
            ("keys", Side::Left),
            ("role", Side::Left),
        ]);
        for record in &actors {
            let keys: Vec<String> = record.keys.iter().map(KeyId::to_string).collect();
            let role = if record.governor { "governor" } else { "" };
            table.row([record.actor.to_string(), keys.join(" "), role.to_owned()]);
        }
        console.show(&reply, &table.text(0))?;
        Ok(Answer::Yes)
    }
}
