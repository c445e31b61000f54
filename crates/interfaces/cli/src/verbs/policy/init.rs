//! `gatos policy init`: a policy to start from, with its suite.

use crate::console::{Answer, Console, Ending, document};
use crate::files;
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use clap::builder::PossibleValuesParser;
use gatos_node::{Fault, reply};
use gatos_policy::language::templates::{TEMPLATES, template};
use gatos_values::{ErrorCode, Value};
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy init",
    examples: &[
        example(
            "nothing but what a capability allows",
            "gatos policy init --template minimal",
        ),
        example(
            "two approvals, records, grants that end; then run its tests",
            "gatos policy init --template regulated policies && gatos policy test policies/policy.test.yaml",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`: both files were written"),
        field("policy", "the policy's source"),
        field("suite", "its suite"),
    ]),
    no_when: "one of the files is there already",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Which policy to start from
    #[arg(short, long, value_name = "NAME", value_parser = PossibleValuesParser::new(TEMPLATES.map(|template| template.name)))]
    template: String,
    /// Folder to write `policy.rgs` and `policy.test.yaml` to
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let template = template(&self.template)
            .ok_or_else(|| crate::faults::usage("policy init", "there is no such template"))?;
        let policy = self.folder.join("policy.rgs");
        let suite = self.folder.join("policy.test.yaml");
        for path in [&policy, &suite] {
            if path.symlink_metadata().is_ok() {
                let shown = path.display().to_string();
                let reason = format!("`{shown}` is there already; nothing was written");
                return Err(Fault::new(ErrorCode::FileExists, shown, reason).into());
            }
        }
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| crate::faults::unwritable(&self.folder, &error))?;
        files::write_whole(&policy, template.policy.as_bytes())?;
        files::write_whole(&suite, template.suite.as_bytes())?;
        let (policy, suite) = (policy.display().to_string(), suite.display().to_string());
        let text = Text::new()
            .field("policy", &policy)
            .field("suite", &suite)
            .field("about", template.summary);
        let reply = document(
            true,
            [
                ("policy", reply::text(&policy)),
                ("suite", reply::text(&suite)),
            ] as [(&'static str, Value); 2],
        );
        console.done(&reply, &text)?;
        Ok(Answer::Yes)
    }
}
