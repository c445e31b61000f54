//! `gatos init`: a repository, a key and a first actor, so that the next command works.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, shell_word};
use crate::verbs;
use gatos_node::Node;
use gatos_node::init::{InitOptions, InitReport};
use gatos_values::{Actor, Segment};
use std::path::{Path, PathBuf};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "init",
    examples: &[
        example(
            "make a repository with a new key for you",
            "gatos init ledger",
        ),
        example(
            "turn the Git repository here into one, with your SSH key",
            "gatos init --actor user:ada --key ~/.ssh/id_ed25519",
        ),
        example(
            "make a bare one for others to push to",
            "gatos init --bare /srv/ledger.git",
        ),
        example(
            "make one whose hooks judge every push",
            "gatos init --bare --profile push-gate /srv/ledger.git",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field(
            "repo",
            "id of the repository: BLAKE3 of its genesis document",
        ),
        field("name", "its name in resource URIs"),
        field("actor", "the first actor, who governs"),
        field("key", "id of that actor's key"),
        field("key_made", "whether the key was made by this call"),
        field("profile", "who enforces what: `local` or `push-gate`"),
        field("git_dir", "the Git folder"),
        field("remarks", "what a person should know, as texts"),
    ]),
    no_when: "there is a genesis already",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder to make, or of a Git repository to extend
    #[arg(value_name = "DIR", default_value = verbs::HERE, hide_default_value = true)]
    directory: PathBuf,
    /// Make a bare repository, without a working tree
    #[arg(long)]
    bare: bool,
    /// Name of the repository in resource URIs [default: the folder's]
    #[arg(long, value_parser = Segment::parse)]
    name: Option<Segment>,
    /// First actor and governor [default: `user:` and your login name]
    #[arg(long, value_parser = Actor::parse)]
    actor: Option<Actor>,
    /// Private key file, or id of a key at hand, for that actor [default: a new key]
    #[arg(long, value_name = "KEY", env = "GATOS_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Who enforces what: `local`, or `push-gate` for a repository whose hooks judge every push
    #[arg(long, default_value = "local")]
    profile: String,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let elsewhere = (self.directory != Path::new(verbs::HERE)).then(|| self.directory.clone());
        let report = Node::init(&InitOptions {
            directory: self.directory,
            bare: self.bare,
            name: self.name,
            actor: self.actor,
            key: self.key,
            profile: Some(self.profile),
            home: None,
        })?;
        let text = text(&report).then(next_steps(elsewhere.as_deref()));
        console.done(&report.to_value(), &text)?;
        Ok(Answer::Yes)
    }
}

fn text(report: &InitReport) -> Text {
    let key = if report.key_made {
        format!("{} (new)", report.key)
    } else {
        report.key.to_string()
    };
    let mut text = Text::new()
        .say("made GATOS repository ")
        .strong(&report.name)
        .end()
        .field("id", report.repository)
        .field("actor", &report.actor)
        .field("key", key)
        .field("profile", &report.profile)
        .field("folder", report.git_dir.display());
    for remark in &report.remarks {
        text = text.toned(Tone::Warn, "  note: ").foreign(remark).end();
    }
    text
}

/// Commands to go on with; they run as they stand.
fn next_steps(elsewhere: Option<&Path>) -> Text {
    let mut text = Text::new().say("\nnext:\n");
    if let Some(directory) = elsewhere {
        text = text.say("  cd ").foreign(shell_word(directory)).end();
    }
    text.say("  gatos event append --ns demo --type note.made --payload '{\"text\":\"hello\"}'\n")
        .say("  gatos event log --ns demo\n")
}
