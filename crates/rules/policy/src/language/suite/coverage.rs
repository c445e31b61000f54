//! Coverage: which outcomes of which rules and lines a suite has seen.
//!
//! Parts are the `when` of a rule, the rule's verdict, and each of its lines; a line is asked only where its rule matches
//! or may match. Unknown is counted, but is neither outcome. What can have one outcome only is no part.
//!
//! Tests: `tests.rs`.

use crate::language::evaluate::judge;
use crate::language::expression::Expression;
use crate::language::intent::IntentSet;
use crate::language::policy::{Policy, Rule};
use crate::language::raise::raise;
use crate::language::request::Request;
use crate::language::syntax::print;
use crate::language::truth::Truth;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How often a part had which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// It held.
    pub true_count: u64,
    /// It did not.
    pub false_count: u64,
    /// It could not be told.
    pub unknown_count: u64,
}

/// A part of a policy that has outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The rule it belongs to.
    pub rule: Arc<str>,
    /// `when`, `allows`, `denies`, `allow_if` or `deny_if`.
    pub kind: &'static str,
    /// The line, for the last two.
    pub text: String,
    /// What was seen.
    pub outcomes: Outcomes,
}

/// Every part of a policy with what was seen of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The parts, rule by rule.
    pub parts: Vec<Part>,
}

/// Whether `when` can fail to match: one that matches every request has one outcome.
fn has_when(rule: &Rule) -> bool {
    rule.when.intents != IntentSet::ALL || rule.when.paths.is_some()
}

/// The lines with two outcomes: constants have one.
fn lines(rule: &Rule) -> impl Iterator<Item = (&'static str, &Expression)> {
    let allow = rule
        .allow_if
        .iter()
        .flatten()
        .map(|line| ("allow_if", line));
    let deny = rule.deny_if.iter().map(|line| ("deny_if", line));
    allow.chain(deny).filter(|(_, line)| !line.is_constant())
}

impl Outcomes {
    const fn count(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.true_count += 1,
            Truth::False => self.false_count += 1,
            Truth::Unknown => self.unknown_count += 1,
        }
    }

    /// How many of the two outcomes were seen.
    const fn seen(&self) -> usize {
        (self.true_count > 0) as usize + (self.false_count > 0) as usize
    }
}

impl Coverage {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(policy: &Policy) -> Coverage {
        let mut parts = Vec::new();
        for rule in policy.rules() {
            let part = |kind, text| Part {
                rule: rule.id.clone(),
                kind,
                text,
                outcomes: Outcomes::default(),
            };
            if has_when(rule) {
                parts.push(part("when", String::new()));
            }
            if rule.allow_if.is_some() {
                parts.push(part("allows", String::new()));
            }
            if !rule.deny_if.is_empty() {
                parts.push(part("denies", String::new()));
            }
            for (kind, line) in lines(rule) {
                parts.push(part(kind, print(&raise(line))));
            }
        }
        Coverage { parts }
    }

    /// Counts what a request shows. The policy is the one this was made of.
    pub fn see(&mut self, policy: &Policy, request: &Request<'_>) {
        let mut parts = self.parts.iter_mut();
        let mut count = |truth: Option<Truth>| {
            if let (Some(part), Some(truth)) = (parts.next(), truth) {
                part.outcomes.count(truth);
            }
        };
        for rule in policy.rules() {
            let verdict = rule.judge(request);
            if has_when(rule) {
                count(Some(verdict.matches));
            }
            if rule.allow_if.is_some() {
                count(Some(verdict.allows));
            }
            if !rule.deny_if.is_empty() {
                count(Some(verdict.denies));
            }
            let asked = verdict.matches != Truth::False;
            for (_, line) in lines(rule) {
                count(asked.then(|| judge(line, request).0));
            }
        }
    }

    /// Outcomes seen, and outcomes there are.
    #[must_use]
    pub fn seen(&self) -> (usize, usize) {
        let seen = self.parts.iter().map(|part| part.outcomes.seen()).sum();
        (seen, 2 * self.parts.len())
    }

    /// Outcomes seen of a hundred, rounded down; 100 for a policy without parts.
    #[must_use]
    pub fn percent(&self) -> usize {
        let (seen, all) = self.seen();
        (seen * 100).checked_div(all).unwrap_or(100)
    }

    /// Parts of which an outcome was not seen.
    pub fn missing(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.outcomes.seen() < 2)
    }
}
