//! `gatos key list`: the keys at hand.

use crate::console::{Answer, Console, Ending, document, fault_text};
use crate::manual::{Manual, Reply, example, field};
use crate::table::{Side, Table};
use crate::text::Text;
use crate::verbs::common;
use gatos_node::agent::AgentIdentity;
use gatos_node::keys::{KeyListing, KeyStore};
use gatos_node::{Fault, reply};
use gatos_values::{Actor, PublicKey, Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "key list",
    examples: &[example("which keys can sign here", "gatos key list")],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field(
            "keys",
            "each `{key, public, place, actor, remark}`: `place` is a file or `agent`, `actor` whom the repository here enrols it for, or null",
        ),
        field(
            "faults",
            "what is wrong with other files of the key folder, as refusals",
        ),
    ]),
    no_when: "",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// A key at hand.
struct Row {
    public: PublicKey,
    place: String,
    remark: String,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let keys = KeyStore::open(None)?;
        let listing = keys.list()?;
        let rows = rows(&listing, keys.agent_identities()?);
        for fault in &listing.faults {
            console.wrong(&fault_text(fault));
        }
        // Outside a repository there is nobody to enrol a key for.
        let chain = common::open().and_then(|node| node.governance()).ok();
        let actor_of = |row: &Row| {
            let chain = chain.as_ref()?;
            chain
                .key_at(&row.public.key_id(), chain.version())
                .map(|record| record.actor.clone())
        };
        let values = rows.iter().map(|row| value(row, actor_of(row))).collect();
        let faults = listing.faults.iter().map(Fault::to_value).collect();
        let reply = document(
            true,
            [
                ("keys", Value::List(values)),
                ("faults", Value::List(faults)),
            ],
        );
        console.show(&reply, &text(&rows, &actor_of))?;
        Ok(Answer::Yes)
    }
}

/// Keys of the folder, then keys that only the agent has.
fn rows(listing: &KeyListing, identities: Vec<AgentIdentity>) -> Vec<Row> {
    let in_agent =
        |public: &PublicKey| identities.iter().any(|identity| identity.public == *public);
    let mut rows: Vec<Row> = Vec::new();
    for stored in &listing.keys {
        let remark = match (stored.encrypted, in_agent(&stored.public)) {
            (true, true) => "encrypted, the agent signs",
            (true, false) => "encrypted: ssh-add it to sign",
            (false, _) => "",
        };
        let place = stored.path.display().to_string();
        rows.push(Row {
            public: stored.public,
            place,
            remark: remark.to_owned(),
        });
    }
    for identity in identities {
        if rows.iter().all(|row| row.public != identity.public) {
            let place = "agent".to_owned();
            rows.push(Row {
                public: identity.public,
                place,
                remark: identity.comment,
            });
        }
    }
    rows
}

fn value(row: &Row, actor: Option<Actor>) -> Value {
    reply::object(vec![
        ("key", reply::text(&row.public.key_id().to_string())),
        ("public", reply::text(&row.public.openssh_text())),
        ("place", reply::text(&row.place)),
        (
            "actor",
            reply::optional_text(actor.as_ref().map(Actor::as_str)),
        ),
        ("remark", reply::text(&row.remark)),
    ])
}

fn text(rows: &[Row], actor_of: &dyn Fn(&Row) -> Option<Actor>) -> Text {
    if rows.is_empty() {
        return Text::new().say("no key at hand; make one: gatos key new\n");
    }
    let mut table = Table::new(&[
        ("key", Side::Left),
        ("enrolled here for", Side::Left),
        ("place", Side::Left),
        ("", Side::Left),
    ]);
    for row in rows {
        let actor = actor_of(row).map_or("nobody".to_owned(), |actor| actor.to_string());
        table.row([
            row.public.key_id().to_string(),
            actor,
            row.place.clone(),
            row.remark.clone(),
        ]);
    }
    table.text(0)
}
