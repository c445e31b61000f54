//! `gatos policy bundle`: a policy in one file, for other repositories.

use crate::console::{Answer, Console, Ending, document};
use crate::files;
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::common;
use gatos_node::bundles::MadeBundle;
use gatos_values::Sha256Digest;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy bundle",
    examples: &[
        example(
            "share the rules in force",
            "gatos policy bundle -o rules.bundle",
        ),
        example(
            "and take them over elsewhere",
            "gatos policy install ../ledger/rules.bundle@sha256:f462cb67dd0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("file", "the file written"),
        field("digest", "SHA-256 of the file: what others name"),
        field("size", "its size in bytes"),
        field("policy_root", "SHA-256 of the compiled policy"),
        field("trust_root", "genesis of this repository"),
        field("name", "name of this repository"),
        field("version", "governance version that put the policy in force"),
    ]),
    no_when: "the policy never was in force here, or its bytes are not here",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Root of a policy [default: the one in force]
    #[arg(value_name = "ROOT", value_parser = Sha256Digest::parse)]
    policy: Option<Sha256Digest>,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let made = common::open()?.policy_bundle(self.policy)?;
        files::write_whole(&self.output, &made.bytes)?;
        let file = self.output.display().to_string();
        let fields = made.fields().into_iter();
        let value = document(
            true,
            fields.chain([("file", gatos_node::reply::text(&file))]),
        );
        console.done(&value, &text(&made, &file))?;
        Ok(Answer::Yes)
    }
}

fn text(made: &MadeBundle, file: &str) -> Text {
    Text::new()
        .toned(Tone::Good, "wrote ")
        .foreign(file)
        .end()
        .field("digest", made.digest)
        .field("policy_root", made.report.policy_root)
        .field("trust_root", made.report.trust_root)
}
