//! `gatos policy eval`: one request, one decision.

use crate::console::{Answer, Console, Ending, document};
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::policy::load;
use gatos_policy::language::suite::describe;
use gatos_policy::language::{Decision, Policy};
use std::path::PathBuf;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy eval",
    examples: &[
        example(
            "may Alice append?",
            r#"gatos policy eval policy.rgs --request '{"intent":"write","actor":"user:alice","caps":["journal:append"],"path":"gatos/journal/finance/user:alice/00"}'"#,
        ),
        example(
            "a request from a file",
            "gatos policy eval policy.rgc --request @request.json",
        ),
    ],
    reply: Reply::Document(&[
        field("ok", "whether it is allowed"),
        field("policy_root", "SHA-256 of the policy"),
        field(
            "decision",
            "the decision as records hold it; see docs/formats/rgc.md",
        ),
    ]),
    no_when: "the request is denied",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Policy to ask: a source, or compiled (`.rgc`)
    #[arg(value_name = "POLICY")]
    policy: PathBuf,
    /// The request: JSON, `@FILE`, or `-` for standard input
    #[arg(short, long, value_name = "JSON")]
    request: String,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let loaded = load::policy(console, &self.policy)?;
        let context = load::request(&self.request)?;
        let decision = context.ask(|request| loaded.policy.evaluate(request));
        let reply = document(
            decision.is_allow(),
            [
                ("policy_root", loaded.policy.root().to_value()),
                ("decision", decision.to_value()),
            ],
        );
        console.show(&reply, &text(&loaded.policy, &decision))?;
        Ok(answer(&decision))
    }
}

/// Yes for an allow.
pub fn answer(decision: &Decision) -> Answer {
    if decision.is_allow() {
        Answer::Yes
    } else {
        Answer::No
    }
}

/// The decision on one line, and what the rule's author says to it.
pub fn text(policy: &Policy, decision: &Decision) -> Text {
    let tone = if decision.is_allow() {
        Tone::Good
    } else {
        Tone::Bad
    };
    let text = Text::new().toned(tone, describe(decision)).end();
    let reason = match decision {
        Decision::Deny { rule_id, .. } => {
            policy.rule(rule_id).and_then(|rule| rule.reason.as_ref())
        }
        Decision::Allow { .. } => None,
    };
    match reason {
        Some(reason) => text.faint("  reason: ").foreign(reason).end(),
        None => text,
    }
}
