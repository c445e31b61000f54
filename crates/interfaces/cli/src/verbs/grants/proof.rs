//! `gatos grants proof`: the proof that a proposal was agreed to, as a file.

use crate::console::{Answer, Console, Ending, document};
use crate::files;
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::common;
use gatos_node::reply;
use gatos_values::Ulid;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "grants proof",
    examples: &[example(
        "for an auditor",
        "gatos grants proof 01KDVDNFVG0000000000000006 -o consensus.json",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("file", "the proof"),
        field("size", "its size in bytes"),
    ]),
    no_when: "agreement is missing",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The proposal
    #[arg(value_name = "PROPOSAL", value_parser = Ulid::parse)]
    proposal: Ulid,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let proof = common::open()?.prove_consensus(self.proposal)?;
        files::write_whole(&self.output, &proof)?;
        let shown = self.output.display().to_string();
        let value = document(
            true,
            [
                ("file", reply::text(&shown)),
                ("size", reply::count(proof.len() as u64)),
            ],
        );
        console.done(
            &value,
            &Text::new()
                .toned(Tone::Good, "wrote ")
                .foreign(&shown)
                .end(),
        )?;
        Ok(Answer::Yes)
    }
}
