//! `gatos policy explain`: why, rule by rule and line by line.

use crate::console::{Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::policy::eval;
use crate::verbs::policy::load::Asking;
use gatos_policy::language::explain::{Explanation, LineExplanation, Nearest, RuleExplanation};
use gatos_policy::language::{Truth, explain};
use gatos_values::Value;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy explain",
    examples: &[example(
        "why was that denied?",
        "gatos policy explain policy.rgs --request @request.json",
    )],
    reply: Reply::Document(&[
        field("ok", "whether it is allowed"),
        field("policy_root", "SHA-256 of the policy"),
        field("decision", "the decision as records hold it"),
        field(
            "rules",
            "each `{id, line, matches, allows, denies, reason, lines}`; a line is `{kind, text, line, truth, unknown, values}`",
        ),
        field(
            "nearest",
            "null, or the rule nearest to allowing: `{rule, when_differs, missing}`",
        ),
    ]),
    no_when: "the request is denied",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asking: Asking,
    /// Show rules that do not match, too
    #[arg(short, long)]
    all: bool,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let loaded = self.asking.policy(console)?;
        let context = self.asking.request()?;
        let explanation =
            context.ask(|request| explain(&loaded.policy, request, &loaded.source_map));
        let value = explanation.to_value();
        let part = |name: &str| value.get(name).cloned().unwrap_or_default();
        let reply = document(
            explanation.decision.is_allow(),
            [
                ("policy_root", loaded.policy.root().to_value()),
                ("decision", part("decision")),
                ("rules", part("rules")),
                ("nearest", part("nearest")),
            ] as [(&'static str, Value); 4],
        );
        let decision = eval::text(&loaded.policy, &explanation.decision);
        console.show(&reply, &decision.then(self.text(&explanation)))?;
        Ok(eval::answer(&explanation.decision))
    }

    fn text(&self, explanation: &Explanation) -> Text {
        let mut text = Text::new();
        let shown = |rule: &&RuleExplanation| self.all || rule.matches != Truth::False;
        for rule in explanation.rules.iter().filter(shown) {
            text = text.then(rule_text(rule));
        }
        match &explanation.nearest {
            // Where nothing is missing, a denial stands in the way, and it has been shown.
            Some(nearest) if nearest.when_differs || !nearest.missing.is_empty() => {
                text.then(nearest_text(nearest))
            }
            _ => text,
        }
    }
}

fn rule_text(rule: &RuleExplanation) -> Text {
    let verdict = match (rule.matches, rule.denies, rule.allows) {
        (Truth::False, ..) => ("does not match", Tone::Faint),
        (_, Truth::True, _) => ("denies", Tone::Bad),
        (_, Truth::Unknown, _) => ("denies, for something is unknown", Tone::Bad),
        (_, _, Truth::True) => ("allows", Tone::Good),
        (_, _, Truth::Unknown) => ("would allow but for something unknown", Tone::Warn),
        _ => ("says nothing", Tone::Faint),
    };
    let mut text = Text::new().say("rule ").strong(&rule.id);
    if let Some(position) = rule.position {
        text = text.faint(format!(" (line {})", position.line));
    }
    text = text.say(": ").toned(verdict.1, verdict.0).end();
    for line in &rule.lines {
        text = text.then(line_text(line));
    }
    text
}

fn line_text(line: &LineExplanation) -> Text {
    let kind = if line.is_allow { "allow_if" } else { "deny_if" };
    let tone = match (line.truth, line.is_allow) {
        (Truth::True, true) | (Truth::False, false) => Tone::Good,
        (Truth::Unknown, _) => Tone::Warn,
        _ => Tone::Bad,
    };
    let mut text = Text::new()
        .say(format!("  {kind:<8} "))
        .toned(tone, format!("{:<7}", line.truth.as_str()))
        .say("  ")
        .foreign(&line.text);
    if let Some(position) = line.position {
        text = text.faint(format!("  (line {})", position.line));
    }
    text = text.end();
    for (name, value) in &line.values {
        text = text.faint("             ").foreign(name).faint(" = ");
        text = match value {
            Some(value) => text.foreign(value).end(),
            None => text.toned(Tone::Warn, "unknown").end(),
        };
    }
    text
}

fn nearest_text(nearest: &Nearest) -> Text {
    let mut text = Text::new()
        .say("nearest to allowing: ")
        .strong(&nearest.id)
        .end();
    if nearest.when_differs {
        text = text.say("  its `when` is about other requests").end();
    }
    for line in &nearest.missing {
        text = text.say("  missing: ").foreign(line).end();
    }
    text
}
