//! `gatos key show`: a public key to hand on.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::key::public_key;
use gatos_node::keys::KeyStore;
use gatos_node::reply;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "key show",
    examples: &[
        example(
            "print the public half of a key at hand",
            "gatos key show 3f9c0a7be1d24586",
        ),
        example(
            "which id an SSH key has here",
            "gatos key show --json ~/.ssh/id_ed25519.pub",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("key", "key id"),
        field("public", "the public key in OpenSSH form"),
    ]),
    no_when: "there is no such key, or it is not ed25519",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Key id, key file (private or public), or the text `ssh-ed25519 AAAA…`
    #[arg(value_name = "KEY", env = "GATOS_KEY", hide_env_values = true)]
    key: String,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let public = public_key(&KeyStore::open(None)?, &self.key)?;
        let line = public.openssh_text();
        let reply = document(
            true,
            [
                ("key", reply::text(&public.key_id().to_string())),
                ("public", reply::text(&line)),
            ],
        );
        console.show(&reply, &Text::new().foreign(line).end())?;
        Ok(Answer::Yes)
    }
}
