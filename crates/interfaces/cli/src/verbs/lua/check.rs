//! `gatos lua check`: what the compiler says about one program.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::verbs::lint;
use crate::{findings, input, lua};
use gatos_echolua::Profile;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "lua check",
    examples: &[
        example("a script", "gatos lua check tools/report.lua"),
        example("as a fold", "gatos lua check --profile fold draft.lua"),
    ],
    reply: Reply::Document(&[
        field("ok", "whether the program has no error"),
        field("checked", "1"),
        field(
            "findings",
            "each `{file, line, column, rule, severity, message, hint}`",
        ),
    ]),
    no_when: "the program has an error",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Program to check, or `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its profile [default: fold below a folder `folds` or with `---@profile fold`, else script]
    #[arg(long, value_parser = lua::parse_profile, value_name = "script|fold")]
    profile: Option<Profile>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let source = input::read(&self.file, input::SOURCE_SIZE_MAX)?;
        let found = findings::check_lua(&input::shown(&self.file), &source, self.profile);
        let all = [found];
        console.show(&findings::lint_reply(1, &all), &lint::text(1, &all))?;
        Ok(match all[0].error_count() {
            0 => Answer::Yes,
            _ => Answer::No,
        })
    }
}
