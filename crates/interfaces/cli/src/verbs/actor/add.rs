//! `gatos actor add`: an actor and its first key, enrolled by governance.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::{common, key};
use gatos_node::{Fault, Node, Outcome, reply};
use gatos_values::{Actor, ErrorCode, GovernanceId, KeyId, PublicKey, Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "actor add",
    examples: &[
        example(
            "enrol a colleague with the public key sent by mail",
            "gatos actor add user:grace --key grace.pub",
        ),
        example(
            "enrol a service of this machine with a new key",
            "gatos actor add service:deploy",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("actor", "the actor"),
        field("key", "id of its key"),
        field("key_made", "whether the key was made by this call"),
        field("gov", "governance version that enrols it"),
    ]),
    no_when: "the actor or the key is enrolled already, or too few governors' keys are at hand",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Actor to enrol: `user:NAME`, `agent:NAME` or `service:NAME`
    #[arg(value_name = "ACTOR", value_parser = Actor::parse)]
    actor: Actor,
    /// Its public key: a `.pub` file, the text `ssh-ed25519 AAAA…`, or id of a key at hand [default: a new key]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        if node
            .actors()?
            .iter()
            .any(|record| record.actor == self.actor)
        {
            return Err(known(&self.actor).into());
        }
        let (public, key_made) = self.public(&node)?;
        let gov = node.enrol(&self.actor, &public)?;
        node.close_writer()?;
        let reply = enrolled_value(&self.actor, &public.key_id(), key_made, &gov);
        console.done(
            &reply,
            &enrolled_text(&self.actor, &public.key_id(), key_made, &gov),
        )?;
        Ok(Answer::Yes)
    }

    fn public(&self, node: &Node) -> Outcome<(PublicKey, bool)> {
        match &self.key {
            Some(named) => Ok((key::public_key(node.keys(), named)?, false)),
            None => Ok((node.keys().generate()?, true)),
        }
    }
}

/// A further key is another wish, and has its own verb.
fn known(actor: &Actor) -> Fault {
    Fault::new(
        ErrorCode::BadGovernance,
        actor.as_str(),
        format!("actor `{actor}` is enrolled already"),
    )
    .with_hint(format!(
        "enrol a further key for it with `gatos key add KEY --actor {actor}`"
    ))
}

/// The reply to an enrolment.
pub fn enrolled_value(actor: &Actor, key: &KeyId, key_made: bool, gov: &GovernanceId) -> Value {
    document(
        true,
        [
            ("actor", reply::text(actor.as_str())),
            ("key", reply::text(&key.to_string())),
            ("key_made", Value::from(key_made)),
            ("gov", reply::text(&gov.to_string())),
        ],
    )
}

/// The confirmation of an enrolment.
pub fn enrolled_text(actor: &Actor, key: &KeyId, key_made: bool, gov: &GovernanceId) -> Text {
    let key = if key_made {
        format!("{key} (new)")
    } else {
        key.to_string()
    };
    Text::new()
        .toned(Tone::Good, "enrolled ")
        .strong(actor)
        .end()
        .field("key", key)
        .field("governance", gov)
}
