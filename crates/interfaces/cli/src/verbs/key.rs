//! `gatos key`: the user's own keys, outside any repository, and their enrolment.

use crate::console::{Console, Ending};
use crate::input;
use gatos_node::keys::KeyStore;
use gatos_node::{Fault, Outcome};
use gatos_values::{KeyId, PublicKey};
use std::path::Path;

pub mod add;
pub mod import;
pub mod list;
pub mod new;
pub mod show;

/// `gatos key …`
#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Make an ed25519 key in the key folder.
    ///
    /// The folder is `$GATOS_HOME/keys`, else `$XDG_CONFIG_HOME/gatos/keys`, else
    /// `~/.config/gatos/keys`. The file is an OpenSSH private key that only you can read.
    New(new::Arguments),
    /// Copy an existing ed25519 private key file into the key folder.
    Import(import::Arguments),
    /// List the keys at hand: those in the key folder and those the ssh-agent holds.
    List(list::Arguments),
    /// Print a public key in OpenSSH form.
    Show(show::Arguments),
    /// Enrol a further public key for an actor; a governor's key must be at hand to sign that.
    Add(add::Arguments),
}

impl Verb {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        match self {
            Verb::New(arguments) => arguments.run(console),
            Verb::Import(arguments) => arguments.run(console),
            Verb::List(arguments) => arguments.run(console),
            Verb::Show(arguments) => arguments.run(console),
            Verb::Add(arguments) => arguments.run(console),
        }
    }
}

/// A public key as typed: the OpenSSH text itself, a file (`-` is standard input) with the public or the
/// private key, or the id of a key at hand.
///
/// # Errors
/// `BAD_KEY`, `UNKNOWN_KEY`, `IO`.
pub fn public_key(keys: &KeyStore, typed: &str) -> Outcome<PublicKey> {
    if typed.starts_with("ssh-") {
        return parse(typed, "public key");
    }
    let path = Path::new(typed);
    if KeyId::parse(typed).is_ok() && !path.exists() {
        return Ok(keys.load(typed)?.public());
    }
    let bytes = input::read(path, input::SOURCE_SIZE_MAX)?;
    let text = String::from_utf8_lossy(&bytes);
    if text.trim_start().starts_with("-----BEGIN") {
        return Ok(keys.load_file(path)?.public());
    }
    parse(&text, &input::shown(path))
}

/// The first line, its comment left out.
fn parse(text: &str, resource: &str) -> Outcome<PublicKey> {
    let words: Vec<&str> = text.split_ascii_whitespace().take(2).collect();
    PublicKey::parse_openssh(&words.join(" "))
        .map_err(|error| Fault::new(error.code(), resource, error.to_string()))
}
