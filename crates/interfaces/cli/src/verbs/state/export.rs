//! `gatos state export`: a checkpoint as files that stock tools check.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::common::{self, NamespaceArgument};
use crate::verbs::event;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "state export",
    examples: &[example(
        "export the newest checkpoint and let ssh-keygen verify it",
        "gatos state export --ns finance -o proof && cd proof && ssh-keygen -Y verify -f allowed_signers -I user:ada -n gatos-checkpoint -s checkpoint.json.sig < checkpoint.json",
    )],
    reply: Reply::Document(&[
        field("ok", "`true`"),
        field("dir", "where the files are"),
        field(
            "document",
            "name of the signed file; its signature is beside it with `.sig`",
        ),
        field("identity", "who signed it, as `ssh-keygen -I` wants it"),
        field(
            "namespace",
            "kind of signature, as `ssh-keygen -n` wants it",
        ),
        field(
            "check",
            "the command that checks it, to be run in the folder",
        ),
    ]),
    no_when: "there is no checkpoint yet",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// Folder to write to; it is made where missing
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let report = common::open()?.export_checkpoint(&self.namespace.ns, &self.output)?;
        console.done(&report.to_value(), &event::export::text(&report))?;
        Ok(Answer::Yes)
    }
}
