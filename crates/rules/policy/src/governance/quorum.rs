//! Quorum rules: which actors must agree before a governed action counts.
//!
//! A rule is one line: `2 of dev and 1 of security`, `user:ann or 3 of board`, `2 of (1 of dev, 1 of ops, user:zoe)`.
//! A group is named, never nested; groups of groups are made with rules. One actor counts once in each group it
//! belongs to, so "distinct people" is said by keeping the groups apart.
//!
//! INVARIANT 1: a rule has one text; `parse` accepts exactly what is printed.
//! INVARIANT 2: more approvers never make a met rule unmet.
//! Format: docs/formats/governance.md. Tests: quorum/tests.rs.

mod parse;

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use gatos_values::{Actor, DottedName, Text, Value};

/// Longest rule in bytes.
pub const QUORUM_RULE_SIZE_MAX: usize = 1024;
/// Deepest nesting of parentheses.
pub const QUORUM_RULE_DEPTH_MAX: usize = 8;

/// The group that always holds the governors.
pub const GOVERNORS_GROUP: &str = "governors";

/// A rule, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuorumRule {
    /// So many members of a group.
    Members {
        /// How many, at least 1.
        count: u64,
        /// Of which group.
        group: DottedName,
    },
    /// This actor.
    Actor(Actor),
    /// So many of these rules, at least 1 and at most all.
    Some {
        /// How many.
        count: u64,
        /// Of which rules; two or more.
        rules: Vec<QuorumRule>,
    },
    /// All of these rules; two or more.
    All(Vec<QuorumRule>),
    /// Any of these rules; two or more.
    Any(Vec<QuorumRule>),
}

/// Why a text is no quorum rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a quorum rule: {reason} (byte {offset})")]
pub struct QuorumRuleError {
    /// Which rule of the grammar it breaks.
    pub reason: String,
    /// Where, in bytes.
    pub offset: usize,
}

impl QuorumRule {
    /// Reads a rule.
    ///
    /// # Errors
    /// [`QuorumRuleError`] with the byte where the text stops being a rule.
    pub fn parse(text: &str) -> Result<QuorumRule, QuorumRuleError> {
        parse::rule(text)
    }

    /// Whether these actors meet the rule, given who belongs to a group.
    #[must_use]
    pub fn is_met<'a>(
        &self,
        approvers: &BTreeSet<&Actor>,
        members: &impl Fn(&DottedName) -> &'a [Actor],
    ) -> bool {
        let met = |rule: &QuorumRule| rule.is_met(approvers, members);
        match self {
            QuorumRule::Members { count, group } => {
                let present = members(group)
                    .iter()
                    .filter(|member| approvers.contains(member));
                present.count() as u64 >= *count
            }
            QuorumRule::Actor(actor) => approvers.contains(actor),
            QuorumRule::Some { count, rules } => {
                rules.iter().filter(|rule| met(rule)).count() as u64 >= *count
            }
            QuorumRule::All(rules) => rules.iter().all(met),
            QuorumRule::Any(rules) => rules.iter().any(met),
        }
    }

    /// Whether an actor's approval can matter to the rule.
    #[must_use]
    pub fn counts<'a>(&self, actor: &Actor, members: &impl Fn(&DottedName) -> &'a [Actor]) -> bool {
        match self {
            QuorumRule::Members { group, .. } => members(group).contains(actor),
            QuorumRule::Actor(named) => named == actor,
            QuorumRule::Some { rules, .. } | QuorumRule::All(rules) | QuorumRule::Any(rules) => {
                rules.iter().any(|rule| rule.counts(actor, members))
            }
        }
    }

    /// The groups the rule names, sorted, without repeats.
    #[must_use]
    pub fn groups(&self) -> Vec<&DottedName> {
        let mut groups = Vec::new();
        self.collect_groups(&mut groups);
        groups.sort();
        groups.dedup();
        groups
    }

    fn collect_groups<'a>(&'a self, groups: &mut Vec<&'a DottedName>) {
        match self {
            QuorumRule::Members { group, .. } => groups.push(group),
            QuorumRule::Actor(_) => {}
            QuorumRule::Some { rules, .. } | QuorumRule::All(rules) | QuorumRule::Any(rules) => {
                for rule in rules {
                    rule.collect_groups(groups);
                }
            }
        }
    }

    /// The text as a value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Text::from_string(self.to_string()).map_or(Value::Null, Value::Text)
    }

    fn is_list(&self) -> bool {
        matches!(self, QuorumRule::All(_) | QuorumRule::Any(_))
    }
}

impl fmt::Display for QuorumRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QuorumRule::Members { count, group } => write!(formatter, "{count} of {group}"),
            QuorumRule::Actor(actor) => write!(formatter, "{actor}"),
            QuorumRule::Some { count, rules } => {
                write!(formatter, "{count} of (")?;
                for (index, rule) in rules.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(formatter, "{comma}{rule}")?;
                }
                formatter.write_str(")")
            }
            QuorumRule::All(rules) => list(formatter, rules, " and "),
            QuorumRule::Any(rules) => list(formatter, rules, " or "),
        }
    }
}

fn list(formatter: &mut fmt::Formatter<'_>, rules: &[QuorumRule], word: &str) -> fmt::Result {
    for (index, rule) in rules.iter().enumerate() {
        formatter.write_str(if index == 0 { "" } else { word })?;
        if rule.is_list() {
            write!(formatter, "({rule})")?;
        } else {
            write!(formatter, "{rule}")?;
        }
    }
    Ok(())
}

impl FromStr for QuorumRule {
    type Err = QuorumRuleError;

    fn from_str(text: &str) -> Result<QuorumRule, QuorumRuleError> {
        QuorumRule::parse(text)
    }
}

#[cfg(test)]
mod tests;
