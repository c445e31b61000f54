//! `gatos policy test`: suites of cases, what they cover, and which changes they would not notice.

use crate::console::{Answer, Console, Ending, document};
use crate::findings::{SourceFindings, text_of};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone, counted};
use crate::verbs::policy::load;
use crate::{faults, input};
use gatos_node::{Outcome, reply};
use gatos_policy::language::Suite;
use gatos_policy::language::suite::{Mutant, Part, Report};
use gatos_values::{ErrorCode, Value};
use std::path::{Path, PathBuf};

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy test",
    examples: &[
        example("run a suite", "gatos policy test policy.test.yaml"),
        example(
            "for CI: every outcome seen, every change noticed",
            "gatos policy test policy.test.yaml --threshold 100 --mutate",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether every case passed and the demands were met"),
        field("cases", "how many cases ran"),
        field("failures", "each `{name, line, message, decision}`"),
        field("coverage", "outcomes seen of a hundred"),
        field(
            "missing",
            "parts of which an outcome was not seen: each `{rule, kind, text, true, false, unknown}`",
        ),
        field(
            "survivors",
            "null without `--mutate`, else each `{rule, change}`",
        ),
    ]),
    no_when: "a case fails, coverage is below the threshold, or a mutant survives",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Suite of cases (`.test.yaml`)
    #[arg(value_name = "SUITE")]
    suite: PathBuf,
    /// Policy to test [default: the one the suite names, beside it]
    #[arg(short, long, value_name = "POLICY")]
    policy: Option<PathBuf>,
    /// Least coverage, in percent of outcomes
    #[arg(short, long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    threshold: u8,
    /// Change the policy in one place at a time and list what no case notices
    #[arg(short, long)]
    mutate: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let suite = match self.read() {
            Ok(suite) => suite?,
            Err(findings) => return load::refuse(console, &findings),
        };
        let path = self.policy_path(&suite)?;
        let policy = load::policy(console, &path)?.policy;
        let report = suite.run(&policy);
        let survivors = self.mutate.then(|| suite.survivors(&policy));
        let enough = report.coverage.percent() >= usize::from(self.threshold);
        let ok =
            report.failures.is_empty() && enough && survivors.as_ref().is_none_or(Vec::is_empty);
        let reply = value(ok, &suite, &report, survivors.as_deref());
        let text = self.text(&suite, &report, survivors.as_deref(), console.is_verbose());
        console.show(&reply, &text)?;
        Ok(if ok { Answer::Yes } else { Answer::No })
    }

    fn read(&self) -> Result<Outcome<Suite>, SourceFindings> {
        let bytes = match input::read(&self.suite, input::SOURCE_SIZE_MAX) {
            Ok(bytes) => bytes,
            Err(fault) => return Ok(Err(fault)),
        };
        let (file, code) = (input::shown(&self.suite), ErrorCode::BadPolicySource);
        let text = text_of(&file, code, &bytes)?;
        let suite = Suite::parse(text).map_err(|found| SourceFindings::new(&file, code, found))?;
        Ok(Ok(suite))
    }

    /// What the suite names lies beside it.
    fn policy_path(&self, suite: &Suite) -> Outcome<PathBuf> {
        if let Some(path) = &self.policy {
            return Ok(path.clone());
        }
        let folder = self.suite.parent().unwrap_or(Path::new(""));
        let named = suite.policy.as_ref().map(|name| folder.join(name));
        named.ok_or_else(|| {
            faults::usage(
                "policy test",
                "the suite names no policy; name one with --policy",
            )
        })
    }

    fn text(
        &self,
        suite: &Suite,
        report: &Report,
        survivors: Option<&[Mutant]>,
        is_verbose: bool,
    ) -> Text {
        let mut text = Text::new();
        for failure in &report.failures {
            let Some(case) = suite.cases.get(failure.case_index) else {
                continue;
            };
            let place = format!("{}:{}", input::shown(&self.suite), case.position.line);
            text = text
                .strong(place)
                .say(": ")
                .toned(Tone::Bad, "fails")
                .say(": ");
            text = text
                .foreign(&case.name)
                .say(": ")
                .foreign(&failure.message)
                .end();
        }
        if is_verbose || report.coverage.percent() < usize::from(self.threshold) {
            for part in report.coverage.missing() {
                text = text.then(missing_text(part));
            }
        }
        for mutant in survivors.unwrap_or_default() {
            text = text
                .toned(Tone::Warn, "survives")
                .say(": ")
                .strong(&mutant.rule);
            text = text.say(": ").foreign(&mutant.change).end();
        }
        let failed = report.failures.len();
        let (seen, all) = report.coverage.seen();
        text = text
            .say(counted(report.case_count as u64, "case", "cases"))
            .say(": ")
            .toned(
                if failed == 0 { Tone::Good } else { Tone::Bad },
                counted(failed as u64, "failure", "failures"),
            )
            .say(format!(
                "; {} % covered, {seen} of {all} outcomes",
                report.coverage.percent()
            ));
        if let Some(survivors) = survivors {
            let count = counted(survivors.len() as u64, "survivor", "survivors");
            text = text.say("; ").say(count);
        }
        text.end()
    }
}

fn missing_text(part: &Part) -> Text {
    let outcomes = part.outcomes;
    let never = match (outcomes.true_count, outcomes.false_count) {
        (0, 0) => "never true, never false",
        (0, _) => "never true",
        _ => "never false",
    };
    let text = Text::new()
        .toned(Tone::Warn, never)
        .say(": ")
        .strong(&part.rule);
    let text = text.say(format!(" {}", part.kind));
    if part.text.is_empty() {
        text.end()
    } else {
        text.say(" ").foreign(&part.text).end()
    }
}

fn value(ok: bool, suite: &Suite, report: &Report, survivors: Option<&[Mutant]>) -> Value {
    let failures = report.failures.iter().map(|failure| {
        let case = suite.cases.get(failure.case_index);
        reply::object(vec![
            ("name", reply::text(case.map_or("", |case| &case.name))),
            (
                "line",
                Value::from(case.map_or(0, |case| case.position.line)),
            ),
            ("message", reply::text(&failure.message)),
            ("decision", failure.decision.to_value()),
        ])
    });
    let missing = report.coverage.missing().map(|part| {
        reply::object(vec![
            ("rule", reply::text(&part.rule)),
            ("kind", Value::from(part.kind)),
            ("text", reply::text(&part.text)),
            ("true", reply::count(part.outcomes.true_count)),
            ("false", reply::count(part.outcomes.false_count)),
            ("unknown", reply::count(part.outcomes.unknown_count)),
        ])
    });
    let survivors = survivors.map(|survivors| {
        let survivors = survivors.iter().map(|mutant| {
            reply::object(vec![
                ("rule", reply::text(&mutant.rule)),
                ("change", reply::text(&mutant.change)),
            ])
        });
        Value::List(survivors.collect())
    });
    document(
        ok,
        [
            ("cases", Value::from(report.case_count)),
            ("failures", Value::List(failures.collect())),
            ("coverage", Value::from(report.coverage.percent())),
            ("missing", Value::List(missing.collect())),
            ("survivors", survivors.unwrap_or_default()),
        ],
    )
}
