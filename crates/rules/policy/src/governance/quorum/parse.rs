//! The grammar of quorum rules, by recursive descent with a depth limit.
//!
//! ```text
//! rule  = term *( " and " term ) / term *( " or " term )      ; one word throughout
//! term  = actor / count " of " group / count " of (" rule 1*( ", " rule ) ")" / "(" rule ")"
//! ```
//!
//! A parenthesised rule is a list of its own (`and`, `or`): parentheses that say nothing are refused.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use gatos_values::{Actor, DottedName};

use super::{QUORUM_RULE_DEPTH_MAX, QUORUM_RULE_SIZE_MAX, QuorumRule, QuorumRuleError};

pub(super) fn rule(text: &str) -> Result<QuorumRule, QuorumRuleError> {
    if text.len() > QUORUM_RULE_SIZE_MAX {
        return Err(QuorumRuleError {
            reason: "it has at most 1024 bytes".to_string(),
            offset: QUORUM_RULE_SIZE_MAX,
        });
    }
    let mut parser = Parser { text, offset: 0 };
    let rule = parser.rule(0)?;
    if parser.offset < text.len() {
        return Err(parser.bad("nothing may follow here"));
    }
    Ok(rule)
}

struct Parser<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Parser<'a> {
    fn bad(&self, reason: impl Into<String>) -> QuorumRuleError {
        QuorumRuleError {
            reason: reason.into(),
            offset: self.offset,
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    fn skip(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word);
        if found {
            self.offset += word.len();
        }
        found
    }

    fn expect(&mut self, word: &str) -> Result<(), QuorumRuleError> {
        if self.skip(word) {
            return Ok(());
        }
        Err(self.bad(alloc::format!("`{word}` is missing")))
    }

    fn rule(&mut self, depth: usize) -> Result<QuorumRule, QuorumRuleError> {
        if depth > QUORUM_RULE_DEPTH_MAX {
            return Err(self.bad("it nests deeper than 8"));
        }
        let first = self.term(depth)?;
        for (word, all) in [(" and ", true), (" or ", false)] {
            if !self.rest().starts_with(word) {
                continue;
            }
            let mut rules = alloc::vec![first];
            while self.skip(word) {
                rules.push(self.term(depth)?);
            }
            let list = if all {
                QuorumRule::All
            } else {
                QuorumRule::Any
            };
            return Ok(list(rules));
        }
        Ok(first)
    }

    fn term(&mut self, depth: usize) -> Result<QuorumRule, QuorumRuleError> {
        if self.skip("(") {
            let rule = self.rule(depth + 1)?;
            if !rule.is_list() {
                return Err(self.bad("these parentheses say nothing"));
            }
            self.expect(")")?;
            return Ok(rule);
        }
        if self
            .rest()
            .starts_with(|first: char| first.is_ascii_digit())
        {
            let count = self.count()?;
            self.expect(" of ")?;
            if self.skip("(") {
                return self.some(count, depth);
            }
            let word = self.word();
            let group = DottedName::parse(word).map_err(|error| self.bad(error.to_string()))?;
            self.offset += word.len();
            return Ok(QuorumRule::Members { count, group });
        }
        let word = self.word();
        let actor = Actor::parse(word).map_err(|error| self.bad(error.to_string()))?;
        self.offset += word.len();
        Ok(QuorumRule::Actor(actor))
    }

    fn some(&mut self, count: u64, depth: usize) -> Result<QuorumRule, QuorumRuleError> {
        let mut rules: Vec<QuorumRule> = Vec::new();
        loop {
            rules.push(self.rule(depth + 1)?);
            if !self.skip(", ") {
                break;
            }
        }
        self.expect(")")?;
        if rules.len() < 2 || count > rules.len() as u64 {
            return Err(self.bad("it must ask for at most all of two or more rules"));
        }
        Ok(QuorumRule::Some { count, rules })
    }

    /// A count from 1 on, without leading zeros.
    fn count(&mut self) -> Result<u64, QuorumRuleError> {
        let rest = self.rest();
        let end = rest
            .find(|next: char| !next.is_ascii_digit())
            .unwrap_or(rest.len());
        let digits = &rest[..end];
        let count = digits.parse().ok().filter(|_| !digits.starts_with('0'));
        let count = count.ok_or_else(|| self.bad("a count is a whole number from 1 on"))?;
        self.offset += end;
        Ok(count)
    }

    /// What stands before the next space, comma or parenthesis.
    fn word(&self) -> &'a str {
        let rest = self.rest();
        let end = rest.find([' ', ',', '(', ')']).unwrap_or(rest.len());
        &rest[..end]
    }
}
