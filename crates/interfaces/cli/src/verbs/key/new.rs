//! `gatos key new`: a fresh key in the key folder.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use gatos_node::keys::KeyStore;
use gatos_node::reply;
use gatos_values::{PublicKey, Value};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "key new",
    examples: &[
        example("make a key", "gatos key new"),
        example(
            "make one and send its public half to a governor",
            "gatos key show $(gatos key new --json | jq -r .key) > me.pub",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field(
            "key",
            "key id: the first 16 hex digits of BLAKE3 of the public key",
        ),
        field("public", "the public key in OpenSSH form"),
        field(
            "file",
            "the private key's file; the public one is beside it",
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
        let keys = KeyStore::open(None)?;
        let public = keys.generate()?;
        let text = Text::new()
            .toned(Tone::Good, "made key ")
            .strong(public.key_id())
            .end();
        console.done(&value(&keys, &public), &text.then(fields(&keys, &public)))?;
        Ok(Answer::Yes)
    }
}

/// The reply about a key that came into the folder.
pub fn value(keys: &KeyStore, public: &PublicKey) -> Value {
    document(
        true,
        [
            ("key", reply::text(&public.key_id().to_string())),
            ("public", reply::text(&public.openssh_text())),
            ("file", reply::text(&file(keys, public))),
        ],
    )
}

/// The same for people.
pub fn fields(keys: &KeyStore, public: &PublicKey) -> Text {
    Text::new()
        .field("file", file(keys, public))
        .field("public", public.openssh_text())
}

fn file(keys: &KeyStore, public: &PublicKey) -> String {
    keys.directory()
        .join(public.key_id().to_string())
        .display()
        .to_string()
}
