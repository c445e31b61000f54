//! `gatos key add`: a further key for an enrolled actor.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::actor::add::{enrolled_text, enrolled_value};
use crate::verbs::common;
use crate::verbs::key::public_key;
use gatos_node::Fault;
use gatos_values::{Actor, ErrorCode};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "key add",
    examples: &[
        example(
            "let an actor sign from a second machine",
            "gatos key add laptop.pub --actor user:ada",
        ),
        example(
            "enrol an SSH key given as text",
            "gatos key add 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGm5vY5dXhJ0T7m6Xg1w0v0Yv8b1cQn3d6k4s2p9r7t1' --actor user:grace",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("actor", "the actor"),
        field("key", "id of the key"),
        field("key_made", "`false`: the key was there before"),
        field("gov", "governance version that enrols it"),
    ]),
    no_when: "the key is enrolled already, the actor is unknown, or too few governors' keys are at hand",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Public key: a `.pub` file, the text `ssh-ed25519 AAAA…`, or id of a key at hand
    #[arg(value_name = "KEY")]
    key: String,
    /// Actor it is for
    #[arg(long, value_name = "ACTOR", value_parser = Actor::parse)]
    actor: Actor,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open()?;
        let public = public_key(node.keys(), &self.key)?;
        if !node
            .actors()?
            .iter()
            .any(|record| record.actor == self.actor)
        {
            return Err(unknown(&self.actor).into());
        }
        let gov = node.enrol(&self.actor, &public)?;
        node.close_writer()?;
        let key = public.key_id();
        let text = enrolled_text(&self.actor, &key, false, &gov);
        console.done(&enrolled_value(&self.actor, &key, false, &gov), &text)?;
        Ok(Answer::Yes)
    }
}

/// A typing error must not enrol a new actor.
fn unknown(actor: &Actor) -> Fault {
    Fault::new(
        ErrorCode::UnknownActor,
        actor.as_str(),
        format!("actor `{actor}` is not enrolled"),
    )
    .with_hint(format!(
        "`gatos actor list` shows who is; enrol a new one with `gatos actor add {actor} --key KEY`"
    ))
}
