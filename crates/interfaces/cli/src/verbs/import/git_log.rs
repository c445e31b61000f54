//! `gatos import git-log`: a Git history as `git.commit` events.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::common::{self, NamespaceArgument, Signing};
use crate::verbs::event;
use gatos_node::git_log::GitLogOptions;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "import git-log",
    examples: &[
        example(
            "import the history of a repository nearby",
            "gatos import git-log ../website --ns code/website",
        ),
        example(
            "take every branch and tag, not only HEAD",
            "gatos import git-log ../website --ns code/website --all",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`: every commit is an event now"),
        field("appended", "events added by this call"),
        field("duplicates", "commits that were events before"),
    ]),
    no_when: "a commit of that history cannot be read",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Git repository to read
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    #[command(flatten)]
    namespace: NamespaceArgument,
    /// Take the history of every branch and tag [default: HEAD's alone]
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    signing: Signing,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open_as(&self.signing)?;
        let options = GitLogOptions {
            all_refs: self.all,
            ..GitLogOptions::default()
        };
        let mut bars = console.bars();
        let imported = node.import_git_log(
            &self.repository,
            &self.namespace.ns,
            self.signing.actor.as_ref(),
            &options,
            &mut |progress| bars.draw(progress),
        );
        bars.finish();
        let report = imported?;
        node.close_writer()?;
        console.done(
            &report.to_value(),
            &event::import::text(&report, &self.namespace.ns),
        )?;
        Ok(Answer::Yes)
    }
}
