//! `gatos policyc`: a policy's source to the `.rgc` that decides.

use crate::console::{Answer, Console, Ending, document};
use crate::findings::SourceFindings;
use crate::manual::{Manual, Reply, example, field};
use crate::text::Text;
use crate::verbs::policy::load;
use crate::{files, input};
use gatos_node::reply;
use gatos_policy::analysis::{KnownNames, UNEXPLAINED};
use gatos_policy::language::{Compiled, Policy};
use gatos_values::{ErrorCode, Value};
use std::path::{Path, PathBuf};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policyc",
    examples: &[
        example("compile beside the source", "gatos policyc policy.rgs"),
        example(
            "choose where the result goes, and see what each rule costs",
            "gatos policyc -v policy.rgs -o build/policy.rgc",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "`true`: the policy was compiled"),
        field("policy_root", "SHA-256 of the compiled policy"),
        field(
            "output",
            "the file written; its `.sha` companion holds the root",
        ),
        field(
            "rules",
            "each `{id, steps, scans}`: the bound on what a decision costs it",
        ),
        field(
            "findings",
            "warnings, each `{file, line, column, rule, severity, message, hint}`",
        ),
    ]),
    no_when: "the source has errors; the refusal's `findings` lists them",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Source of the policy (`.rgs`), or `-` for standard input
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// File to write [default: the source's name with `.rgc`]
    #[arg(short, long, value_name = "OUT.rgc", required_if_eq("source", "-"))]
    output: Option<PathBuf>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let source = input::read(&self.source, input::SOURCE_SIZE_MAX)?;
        let shown = input::shown(&self.source);
        let (compiled, mut warnings) = match load::check(&shown, &source, &KnownNames::default()) {
            Ok(checked) => checked,
            Err(findings) => return load::refuse(console, &findings),
        };
        // Manners are for `gatos policy lint`; here counts what may not do what it says.
        warnings.retain(|finding| finding.rule != UNEXPLAINED);
        let findings = SourceFindings::new(&shown, ErrorCode::BadPolicySource, warnings);
        for finding in findings.texts() {
            console.note(&finding);
        }
        for rule in compiled.policy.rules() {
            let line = format!("  {}: {}", rule.id, rule.cost());
            console.detail(&Text::new().faint(line).end());
        }
        let output = self
            .output
            .unwrap_or_else(|| self.source.with_extension("rgc"));
        let root_line = format!("policy_root = {}\n", compiled.root);
        files::write_whole(&output, &compiled.rgc)?;
        files::write_whole(&files::with_suffix(&output, "sha"), root_line.as_bytes())?;
        let text = Text::new().say(&root_line);
        console.done(&report(&compiled, &output, &findings), &text)?;
        Ok(Answer::Yes)
    }
}

fn report(compiled: &Compiled, output: &Path, findings: &SourceFindings) -> Value {
    document(
        true,
        [
            ("policy_root", compiled.root.to_value()),
            ("output", reply::text(&output.display().to_string())),
            ("rules", costs(&compiled.policy)),
            ("findings", findings.to_value()),
        ],
    )
}

fn costs(policy: &Policy) -> Value {
    let rules = policy.rules().iter().map(|rule| {
        let cost = rule.cost();
        reply::object(vec![
            ("id", reply::text(&rule.id)),
            ("steps", reply::count(cost.steps)),
            ("scans", reply::count(cost.scans)),
        ])
    });
    Value::List(rules.collect())
}
