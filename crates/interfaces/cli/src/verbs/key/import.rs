//! `gatos key import`: an existing private key, copied into the key folder.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::key::new;
use gatos_node::keys::KeyStore;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "key import",
    examples: &[example(
        "sign with your SSH key from now on",
        "gatos key import ~/.ssh/id_ed25519",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("key", "key id"),
        field("public", "the public key in OpenSSH form"),
        field("file", "the copy of the private key"),
    ]),
    no_when: "the file is encrypted (use the ssh-agent then) or holds no ed25519 private key",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// OpenSSH private key file without a passphrase
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let keys = KeyStore::open(None)?;
        let public = keys.import(&self.file)?;
        let text = Text::new()
            .toned(Tone::Good, "imported key ")
            .strong(public.key_id())
            .end();
        console.done(
            &new::value(&keys, &public),
            &text.then(new::fields(&keys, &public)),
        )?;
        Ok(Answer::Yes)
    }
}
