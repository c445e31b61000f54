//! What a refusal of the policy says: rule, line, what is missing and whom to ask.
//!
//! Tests: ../../tests/it/gate.rs.

use gatos_policy::language::explain::RuleExplanation;
use gatos_policy::language::{Decision, DenyReason, Explanation, Intent, Truth};
use gatos_values::{ErrorCode, Value};

use super::{Gate, Question};
use crate::fault::Fault;
use crate::reply;

/// How many clauses a refusal names.
const CLAUSE_COUNT_MAX: usize = 3;

impl Gate {
    pub(super) fn denied(&self, question: &Question<'_>, explanation: &Explanation) -> Fault {
        let Decision::Deny {
            rule_id, reason, ..
        } = &explanation.decision
        else {
            return Fault::new(ErrorCode::Internal, "", "an allow is no refusal");
        };
        let rule = explanation.rules.iter().find(|rule| rule.id == *rule_id);
        let own_words = rule.and_then(|rule| rule.reason.as_ref());
        let firing = rule.and_then(|rule| {
            let mut lines = rule.lines.iter().filter(|line| !line.is_allow);
            lines.find(|line| line.truth != Truth::False)
        });
        let line = firing.map_or_else(String::new, |line| {
            format!(" with its line `{}`", line.text)
        });
        let what = match reason {
            DenyReason::Rule => format!("rule `{rule_id}` denies it{line}"),
            DenyReason::Unknown { path, cause } => format!(
                "rule `{rule_id}` denies it{line}: `{path}` has no value here ({})",
                cause.as_str()
            ),
            DenyReason::Default => "no rule of the policy allows it".to_owned(),
        };
        let words = own_words.map_or_else(String::new, |words| format!(": {}", words.as_str()));
        let nearest_rule = nearest(explanation);
        let missing: Vec<&str> = nearest_rule.map_or_else(Vec::new, missing_lines);
        let nearest = nearest_rule.map_or_else(String::new, |rule| {
            format!(
                "; nearest is rule `{}`, which needs `{}`",
                rule.id,
                missing.join("` and `")
            )
        });
        Fault::new(
            ErrorCode::PolicyDeny,
            question.resource.to_string(),
            format!("{what}{words}{nearest}"),
        )
        .with_hint(self.whom_to_ask(question, &missing))
        .with_detail("rule_id", reply::text(rule_id))
        .with_detail("policy_root", self.policy.root().to_value())
        .with_detail(
            "missing",
            Value::List(missing.iter().map(|line| reply::text(line)).collect()),
        )
    }

    pub(super) fn expired(&self, question: &Question<'_>, ended: &[String]) -> Fault {
        let caps = ended.join("`, `");
        Fault::new(
            ErrorCode::CapExpired,
            question.resource.to_string(),
            format!(
                "the grant of `{caps}` ended before epoch {}; with it the policy would allow this",
                question.epoch
            ),
        )
        .with_hint(format!("ask {} for a new grant", self.governors()))
    }

    fn whom_to_ask(&self, question: &Question<'_>, lines: &[&str]) -> String {
        let governors = self.governors();
        match (lines.is_empty(), question.intent) {
            (true, _) => {
                format!("ask {governors} about the rule; `gatos audit log` shows the decision")
            }
            (false, Intent::Write) => format!(
                "a granted capability is claimed with `gatos event append --cap`; ask {governors} for what is missing"
            ),
            (false, Intent::Govern) => {
                "collect what is missing with `gatos propose` and `gatos approve`".to_owned()
            }
            (false, _) => format!("ask {governors} for what is missing"),
        }
    }

    fn governors(&self) -> String {
        let names = self.chain.governors_at(self.version);
        let names: Vec<&str> = names.iter().map(|actor| actor.as_str()).collect();
        names.join(" or ")
    }
}

/// Of the rules about such requests the one with the fewest lines in the way of an allow.
fn nearest(explanation: &Explanation) -> Option<&RuleExplanation> {
    let about = explanation.rules.iter().filter(|rule| {
        rule.matches == Truth::True && rule.allows != Truth::True && !missing_lines(rule).is_empty()
    });
    about.min_by_key(|rule| missing_lines(rule).len())
}

/// The allow lines of a rule that do not hold, the first few of them.
fn missing_lines(rule: &RuleExplanation) -> Vec<&str> {
    let lines = rule.lines.iter();
    lines
        .filter(|line| line.is_allow && line.truth != Truth::True)
        .take(CLAUSE_COUNT_MAX)
        .map(|line| line.text.as_str())
        .collect()
}
