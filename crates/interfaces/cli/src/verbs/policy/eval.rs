//! `gatos policy eval`: a decision for each request.

use crate::console::{Answer, Console, Ending, document};
use crate::faults;
use crate::manual::{Manual, Reply, example, field};
use crate::text::{Text, Tone};
use crate::verbs::policy::load::Asking;
use gatos_node::reply;
use gatos_policy::language::suite::describe;
use gatos_policy::language::{Decision, DenyReason, Policy};
use gatos_values::Value;

/// What the verb says about itself.
pub const MANUAL: Manual = Manual {
    command: "policy eval",
    examples: &[
        example(
            "may Alice append?",
            r#"gatos policy eval policy.rgs --request '{"intent":"write","actor":"user:alice","caps":["journal:append"],"path":"gatos/journal/finance/user:alice/00"}'"#,
        ),
        example(
            "many requests, a line each, and a line for each answer",
            "gatos policy eval --json --policy policy.rgc --request - < requests.jsonl",
        ),
    ],
    reply: Reply::Lines(&[
        field("ok", "whether it is allowed"),
        field("policy_root", "SHA-256 of the policy"),
        field("decision", "`allow` or `deny`"),
        field(
            "rule_id",
            "the lowest rule that decides, `default-deny` where none does, null under the empty policy",
        ),
        field("rule_ids", "all rules that decide, rising"),
        field(
            "reason",
            "null for an allow; else `deny_rule`, `deny_unknown` or `deny_default`",
        ),
        field("unknown", "what has no value, where that decides, or null"),
        field(
            "record",
            "the decision in its canonical form; see docs/formats/rgc.md",
        ),
    ]),
    no_when: "a request is denied",
};

/// Arguments of the verb.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asking: Asking,
}

impl Arguments {
    /// Runs the verb.
    pub fn run(self, console: &mut Console) -> Ending {
        let policy = self.asking.policy(console)?.policy;
        let mut all = Answer::Yes;
        let mut requests = self.asking.requests()?.peekable();
        if requests.peek().is_none() {
            return Err(faults::usage("policy eval", "there is no request").into());
        }
        for context in requests {
            let decision = context?.ask(|request| policy.evaluate(request));
            console.item(|| reply_of(&policy, &decision), || text(&policy, &decision))?;
            if !decision.is_allow() {
                all = Answer::No;
            }
        }
        Ok(all)
    }
}

fn reply_of(policy: &Policy, decision: &Decision) -> Value {
    let (rule_id, rule_ids, reason, unknown) = match decision {
        Decision::Allow { rule_ids, .. } => (rule_ids.first(), rule_ids, None, None),
        Decision::Deny {
            rule_id,
            reason,
            firing,
            ..
        } => {
            let unknown = match reason {
                DenyReason::Unknown { path, .. } => Some(path.as_str()),
                _ => None,
            };
            (Some(rule_id), firing, Some(reason.as_str()), unknown)
        }
    };
    document(
        decision.is_allow(),
        [
            ("policy_root", policy.root().to_value()),
            (
                "decision",
                Value::from(if decision.is_allow() { "allow" } else { "deny" }),
            ),
            ("rule_id", reply::optional_text(rule_id.map(|id| &**id))),
            (
                "rule_ids",
                Value::List(rule_ids.iter().map(|id| reply::text(id)).collect()),
            ),
            ("reason", reply::optional_text(reason)),
            ("unknown", reply::optional_text(unknown)),
            ("record", decision.to_value()),
        ],
    )
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
