//! Tests of policies: cases with what is expected, what they cover, and which changes they would not notice.
//!
//! A suite is YAML: requests and the decision each must get. Running it counts, for every rule and line, whether both
//! outcomes were seen. Mutation changes the policy in one place at a time and asks whether some case fails.
//! Finding files is the caller's work.
//!
//! INVARIANT: running a suite depends on the suite and the policy alone.
//! Format: docs/guide/policies.md. Tests: `suite/tests.rs`.

mod coverage;
mod mutate;
mod read;
#[cfg(test)]
mod tests;

pub use coverage::{Coverage, Outcomes, Part};
pub use mutate::{Mutant, mutants};

use super::context::Context;
use super::decision::{Decision, DenyReason};
use super::policy::Policy;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use gatos_yaml::{Finding, Position};

/// Most cases of one suite.
pub const CASE_COUNT_MAX: usize = 10_000;

/// Cases, and the policy they are about.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The policy's file as the suite names it, if it does.
    pub policy: Option<String>,
    /// The cases, in order.
    pub cases: Vec<Case>,
}

/// One request with what must come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is called in reports.
    pub name: String,
    /// Where it stands in the source.
    pub position: Position,
    /// The request.
    pub context: Context,
    /// What must come of it.
    pub expect: Expectation,
}

/// What must come of a request. What is `None` may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Whether it must be allowed.
    pub allow: bool,
    /// A rule that must allow, or the rule that must be named for a denial.
    pub rule: Option<String>,
    /// `deny_rule`, `deny_unknown` or `deny_default`.
    pub reason: Option<String>,
    /// The expression that must be unknown.
    pub unknown: Option<String>,
    /// Whether a rule must ask for a record.
    pub audit: Option<bool>,
}

/// A case that got something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which case, from 0.
    pub case_index: usize,
    /// What differs, in one line.
    pub message: String,
    /// The decision it got.
    pub decision: Decision,
}

/// What running a suite showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many cases ran.
    pub case_count: usize,
    /// Cases that got something else.
    pub failures: Vec<Failure>,
    /// What was seen.
    pub coverage: Coverage,
}

impl Suite {
    /// Reads a suite.
    ///
    /// # Errors
    /// All findings, in source order.
    pub fn parse(source: &str) -> Result<Suite, Vec<Finding>> {
        read::suite(source)
    }

    /// Runs every case.
    #[must_use]
    pub fn run(&self, policy: &Policy) -> Report {
        let mut coverage = Coverage::new(policy);
        let mut failures = Vec::new();
        for (case_index, case) in self.cases.iter().enumerate() {
            let decision = case.context.ask(|request| {
                coverage.see(policy, request);
                policy.evaluate(request)
            });
            if let Some(message) = case.expect.differs(&decision) {
                failures.push(Failure {
                    case_index,
                    message,
                    decision,
                });
            }
        }
        Report {
            case_count: self.cases.len(),
            failures,
            coverage,
        }
    }

    /// Whether some case gets something else than it expects; stops at the first.
    #[must_use]
    pub fn notices(&self, policy: &Policy) -> bool {
        self.cases.iter().any(|case| {
            let decision = case.context.ask(|request| policy.evaluate(request));
            case.expect.differs(&decision).is_some()
        })
    }

    /// The changes to the policy that no case notices.
    #[must_use]
    pub fn survivors(&self, policy: &Policy) -> Vec<Mutant> {
        let mut mutants = mutants(policy);
        mutants.retain(|mutant| !self.notices(&mutant.policy));
        mutants
    }
}

impl Expectation {
    /// What is not as expected, in one line.
    #[must_use]
    pub fn differs(&self, decision: &Decision) -> Option<String> {
        if self.allow != decision.is_allow() {
            let verdict = |allow| if allow { "allow" } else { "deny" };
            let (wanted, found) = (verdict(self.allow), describe(decision));
            return Some(format!("expected {wanted}, got {found}"));
        }
        if self.audit.is_some_and(|audit| audit != decision.audit()) {
            let found = decision.audit();
            return Some(format!("expected audit {}, got {found}", !found));
        }
        match decision {
            Decision::Allow { rule_ids, .. } => {
                let wanted = self.rule.as_ref()?;
                let is_there = rule_ids.iter().any(|id| **id == **wanted);
                (!is_there).then(|| format!("expected rule `{wanted}`, got {}", describe(decision)))
            }
            Decision::Deny {
                rule_id, reason, ..
            } => {
                let path = match reason {
                    DenyReason::Unknown { path, .. } => path.as_str(),
                    _ => "",
                };
                let pairs = [
                    ("rule", &self.rule, &**rule_id),
                    ("reason", &self.reason, reason.as_str()),
                    ("unknown", &self.unknown, path),
                ];
                let wrong = |(_, wanted, found): &(_, &Option<String>, &str)| {
                    wanted.as_ref().is_some_and(|wanted| wanted != found)
                };
                let (what, wanted, _) = pairs.into_iter().find(wrong)?;
                let wanted = wanted.as_deref().unwrap_or_default();
                Some(format!(
                    "expected {what} `{wanted}`, got {}",
                    describe(decision)
                ))
            }
        }
    }
}

/// A decision in a few words.
#[must_use]
pub fn describe(decision: &Decision) -> String {
    match decision {
        Decision::Allow { rule_ids, .. } if rule_ids.is_empty() => {
            "allow (the empty policy)".to_string()
        }
        Decision::Allow { rule_ids, .. } => format!("allow ({})", rule_ids.join(", ")),
        Decision::Deny {
            rule_id, reason, ..
        } => match reason {
            DenyReason::Unknown { path, cause } => {
                let cause = cause.as_str();
                format!("deny ({rule_id}, deny_unknown: {path} {cause})")
            }
            other => format!("deny ({rule_id}, {})", other.as_str()),
        },
    }
}
