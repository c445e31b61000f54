//! `gatos doctor`: what is wrong with this clone, and the command that mends it.

use crate::console::{Answer, Console, Ending};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::common;

use gatos_node::doctor::{DoctorReport, Finding, Severity};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "doctor",
    examples: &[
        example("examine the clone here", "gatos doctor"),
        example(
            "is this repository set up as its profile says?",
            "gatos doctor profile",
        ),
        example(
            "the commands that would mend it",
            "gatos doctor --json | jq -r '.findings[] | select(.severity != \"info\") | .mend'",
        ),
    ],
    reply: Reply::Document(&[
        field(
            "ok",
            "whether nothing is wrong; remarks of severity `info` do not count",
        ),
        field("checks", "names of the checks made"),
        field(
            "findings",
            "each `{severity, check, resource, evidence, mend}`, worst first; `severity` is `error`, `warning` or `info`",
        ),
    ]),
    no_when: "something is wrong",
};

/// What to examine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Subject {
    /// What the clone's profile asks for: hooks, settings, keys.
    Profile,
}

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What to examine [default: the clone as a whole]
    #[arg(value_name = "WHAT", value_enum)]
    subject: Option<Subject>,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let node = common::open_to_examine()?;
        let report = match self.subject {
            None => node.doctor()?,
            Some(Subject::Profile) => node.doctor_profile()?,
        };
        console.show(&report.to_value(), &text(&report))?;
        Ok(if report.is_healthy() {
            Answer::Yes
        } else {
            Answer::No
        })
    }
}

fn text(report: &DoctorReport) -> Text {
    let mut text = Text::new();
    for check in &report.checks {
        let findings = report
            .findings
            .iter()
            .filter(|finding| finding.check == *check);
        let findings: Vec<&Finding> = findings.collect();
        let worst = findings.iter().map(|finding| finding.severity).max();
        let (tone, mark) = match worst {
            Some(Severity::Error) => (Tone::Bad, "fail"),
            Some(Severity::Warning) => (Tone::Warn, "warn"),
            _ => (Tone::Good, "ok  "),
        };
        text = text.toned(tone, mark).say("  ").strong(check).end();
        text = findings
            .into_iter()
            .fold(text, |text, finding| text.then(finding_text(finding)));
    }
    text.then(verdict(report))
}

fn finding_text(finding: &Finding) -> Text {
    let text = Text::new()
        .say("      ")
        .foreign(&finding.resource)
        .say(": ")
        .foreign(&finding.evidence)
        .end();
    match finding.severity {
        Severity::Info => text,
        _ => text.faint("      mend: ").foreign(&finding.mend).end(),
    }
}

fn verdict(report: &DoctorReport) -> Text {
    let count = |severity| {
        report
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count() as u64
    };
    let text = Text::new().end();
    if report.is_healthy() {
        return text.toned(Tone::Good, "nothing is wrong").end();
    }
    text.toned(
        Tone::Bad,
        counted(count(Severity::Error), "error", "errors"),
    )
    .say(", ")
    .toned(
        Tone::Warn,
        counted(count(Severity::Warning), "warning", "warnings"),
    )
    .end()
}
