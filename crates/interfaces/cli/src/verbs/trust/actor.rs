//! `gatos trust actor`: how far an actor is trusted.

use crate::console::{Console, Ending};
use crate::manual::{Manual, Reply, example};
use crate::verbs::governed::{CHANGE_NO, CHANGE_REPLY, Governing};
use gatos_policy::governance::ChangeOperation;
use gatos_values::Actor;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "trust actor",
    examples: &[example(
        "trust a colleague further",
        "gatos trust actor user:grace --level 2",
    )],
    reply: Reply::Document(CHANGE_REPLY),
    no_when: CHANGE_NO,
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Who: `user:NAME`, `agent:NAME` or `service:NAME`
    #[arg(value_name = "ACTOR", value_parser = Actor::parse)]
    who: Actor,
    /// Its level from now on; what a level means is the policy's to say
    #[arg(long, value_name = "LEVEL")]
    level: u64,
    #[command(flatten)]
    governing: Governing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = self.governing.open()?;
        let operations = vec![ChangeOperation::ActorLevel {
            actor: self.who,
            level: self.level,
        }];
        self.governing.carry_out(console, &node, operations)
    }
}
