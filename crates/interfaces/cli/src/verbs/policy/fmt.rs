//! `gatos policy fmt`: the one layout of policy sources.

use crate::console::{Answer, Console, Ending, document};
use crate::findings::{SourceFindings, text_of};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::policy::load;
use crate::{files, input};
use gatos_node::reply;
use gatos_policy::language::format_source;
use gatos_values::{ErrorCode, Value};
use std::path::{Path, PathBuf};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy fmt",
    examples: &[
        example("format a source in place", "gatos policy fmt policy.rgs"),
        example(
            "for CI: change nothing, say what differs",
            "gatos policy fmt --check policies/finance.rgs",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`false` with `--check` where a file differs"),
        field("checked", "how many files were read"),
        field("changed", "files that were, or would be, rewritten"),
    ]),
    no_when: "a source has errors, or `--check` finds one in another layout",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Sources (`.rgs`); `-` formats standard input to standard output
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Change nothing; exit 1 where a file would change
    #[arg(long)]
    check: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let mut changed = Vec::new();
        for path in &self.files {
            let source = input::read(path, input::SOURCE_SIZE_MAX)?;
            let formatted = match formatted(path, &source) {
                Ok(formatted) => formatted,
                Err(findings) => return load::refuse(console, &findings),
            };
            if input::is_standard_input(path) && !self.check {
                console.bytes(formatted.as_bytes())?;
                return Ok(Answer::Yes);
            }
            if formatted.as_bytes() != source {
                changed.push(input::shown(path));
                if !self.check {
                    files::write_whole(path, formatted.as_bytes())?;
                }
            }
        }
        let ok = !self.check || changed.is_empty();
        let names = changed.iter().map(|name| reply::text(name)).collect();
        let reply = document(
            ok,
            [
                ("checked", Value::from(self.files.len())),
                ("changed", Value::List(names)),
            ],
        );
        console.done(&reply, &self.text(&changed))?;
        Ok(if ok { Answer::Yes } else { Answer::No })
    }

    fn text(&self, changed: &[String]) -> Text {
        let (verb, tone) = if self.check {
            ("differs", Tone::Bad)
        } else {
            ("formatted", Tone::Good)
        };
        let mut text = Text::new();
        for name in changed {
            text = text.toned(tone, verb).say(": ").foreign(name).end();
        }
        let checked = counted(self.files.len() as u64, "file", "files");
        let count = changed.len();
        text.say(format!("{checked} checked, {count} {verb}\n"))
    }
}

fn formatted(path: &Path, source: &[u8]) -> Result<String, SourceFindings> {
    let (file, code) = (input::shown(path), ErrorCode::BadPolicySource);
    let text = text_of(&file, code, source)?;
    format_source(text).map_err(|found| SourceFindings::new(&file, code, found))
}
