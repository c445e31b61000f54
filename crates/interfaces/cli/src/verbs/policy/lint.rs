//! `gatos policy lint`: policy sources, checked without writing anything.

use crate::console::{Answer, Console, Ending};
use crate::findings::{self, SourceFindings};
use crate::input;
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::common;
use crate::verbs::policy::load;
use gatos_node::Outcome;
use gatos_policy::analysis::KnownNames;
use gatos_values::ErrorCode;
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy lint",
    examples: &[
        example("check a source", "gatos policy lint policy.rgs"),
        example(
            "findings for a program",
            "gatos policy lint --json policies/finance.rgs policies/ops.rgs",
        ),
        example(
            "does a rule ask for a capability that nobody holds?",
            "gatos policy lint --granted policy.rgs",
        ),
        example(
            "does a line ask for a label that is misspelt?",
            "gatos policy lint --labels policy.rgs",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether no source has an error"),
        field("checked", "how many files were read"),
        field(
            "findings",
            "each `{file, line, column, rule, severity, message, hint}`",
        ),
    ]),
    no_when: "a source has an error; warnings alone leave it 0",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Sources (`.rgs`); `-` is standard input
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// Warn of capabilities that no grant in force in the repository here gives
    #[arg(short, long)]
    granted: bool,
    /// Warn of labels that no event in the repository here carries, but for those that limit export
    #[arg(short, long)]
    labels: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let known = self.known()?;
        let mut all = Vec::new();
        for path in &self.files {
            let source = input::read(path, input::SOURCE_SIZE_MAX)?;
            let shown = input::shown(path);
            all.push(match load::check(&shown, &source, &known) {
                Ok((_, warnings)) => {
                    SourceFindings::new(&shown, ErrorCode::BadPolicySource, warnings)
                }
                Err(errors) => errors,
            });
        }
        console.show(&findings::lint_reply(all.len(), &all), &text(&all))?;
        let clean = all.iter().all(|source| source.error_count() == 0);
        Ok(if clean { Answer::Yes } else { Answer::No })
    }
}

impl Arguments {
    fn known(&self) -> Outcome<KnownNames> {
        let mut known = KnownNames::default();
        if !self.granted && !self.labels {
            return Ok(known);
        }
        let node = common::open()?;
        if self.granted {
            let chain = node.governance()?;
            let grants = chain.grants_at(chain.version());
            let given = grants.flat_map(|(_, record)| record.signed.grant.caps.clone());
            known.capabilities = Some(given.map(|cap| cap.as_str().to_owned()).collect());
        }
        if self.labels {
            known.labels = Some(node.known_labels()?);
        }
        Ok(known)
    }
}

fn text(all: &[SourceFindings]) -> Text {
    let errors: usize = all.iter().map(SourceFindings::error_count).sum();
    let found: usize = all.iter().map(SourceFindings::count).sum();
    let mut text = Text::new();
    for finding in all.iter().flat_map(SourceFindings::texts) {
        text = text.then(finding);
    }
    let tone = if errors == 0 { Tone::Good } else { Tone::Bad };
    let files = counted(all.len() as u64, "file", "files");
    let warnings = counted((found - errors) as u64, "warning", "warnings");
    text.say(format!("{files} checked: "))
        .toned(tone, counted(errors as u64, "error", "errors"))
        .say(format!(", {warnings}\n"))
}
