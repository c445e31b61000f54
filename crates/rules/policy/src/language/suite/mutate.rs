//! Mutants: a policy changed in one place.
//!
//! Rules and lines are dropped, lines are negated, patterns and intents of `when` are widened. A dropped allow line holds;
//! a dropped deny line does not.
//!
//! Tests: `tests.rs`.

use crate::language::expression::Expression;
use crate::language::intent::IntentSet;
use crate::language::policy::{Policy, Rule};
use crate::language::raise::raise;
use crate::language::syntax::print;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A policy that differs in one place.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// The rule that was changed.
    pub rule: Arc<str>,
    /// What was done, in a few words.
    pub change: String,
    /// The changed policy. It is for running only: it need not be one that a source compiles to.
    pub policy: Policy,
}

/// Every mutant, rule by rule.
#[must_use]
pub fn mutants(policy: &Policy) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for (index, rule) in policy.rules().iter().enumerate() {
        let mut put = |change: String, changed: Option<Rule>| {
            let mut rules = policy.rules().to_vec();
            match changed {
                Some(changed) => rules[index] = changed,
                None => drop(rules.remove(index)),
            }
            // Without any rule left it would be the empty policy, which allows.
            if !rules.is_empty() {
                mutants.push(Mutant {
                    rule: rule.id.clone(),
                    change,
                    policy: Policy::from_rules(rules),
                });
            }
        };
        put("drop the rule".to_string(), None);
        widened(rule)
            .into_iter()
            .for_each(|(change, rule)| put(change, Some(rule)));
        changed_lines(rule)
            .into_iter()
            .for_each(|(change, rule)| put(change, Some(rule)));
    }
    mutants
}

fn widened(rule: &Rule) -> Vec<(String, Rule)> {
    let mut changes = Vec::new();
    let mut changed = rule.clone();
    if rule.when.paths.is_some() {
        changed.when.paths = None;
        changes.push(("match every path".to_string(), changed.clone()));
        changed = rule.clone();
    }
    if rule.when.intents != IntentSet::ALL {
        changed.when.intents = IntentSet::ALL;
        changes.push(("match every intent".to_string(), changed));
    }
    changes
}

fn changed_lines(rule: &Rule) -> Vec<(String, Rule)> {
    let mut changes = Vec::new();
    let allow_count = rule.allow_if.as_ref().map_or(0, Vec::len);
    for index in 0..allow_count + rule.deny_if.len() {
        for negate in [false, true] {
            let mut changed = rule.clone();
            let lines = match &mut changed.allow_if {
                Some(lines) if index < allow_count => lines,
                _ => &mut changed.deny_if,
            };
            let (place, kind) = match index.checked_sub(allow_count) {
                None => (index, "allow_if"),
                Some(place) => (place, "deny_if"),
            };
            let Some(line) = lines.get_mut(place) else {
                continue;
            };
            let text = print(&raise(line));
            let verb = if negate { "negate" } else { "drop" };
            *line = match negate {
                true => Expression::Not(Box::new(line.clone())),
                false => Expression::bool(kind == "allow_if"),
            };
            changes.push((format!("{verb} `{text}` of {kind}"), changed));
        }
    }
    changes
}
