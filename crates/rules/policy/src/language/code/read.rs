//! Reading a `.rgc`: item after item, straight into rules.
//!
//! The bytes stand in one order with one spelling, and the reader insists on it at every step, so nothing has to be
//! written again to compare. That an expression is what the compiler would have made is asked of `lower`; of most
//! lines its [`is_settled`] knows that without making anything.
//!
//! INVARIANT: [`rules`] accepts exactly what [`policy_bytes`](super::policy_bytes) writes for some checked rules.
//! TWIN: expressions, rgc-fields — docs/formats/rgc.md. Tests: `tests.rs`, beside the slow reader `slow.rs`.

use super::{AUTO_PREFIX, auto_id, check_id, is_reason};
use crate::language::expression::{
    Comparison, DEPTH_MAX, Expression, Literal, NODE_COUNT_MAX, TrustField, Variable,
};
use crate::language::intent::{Intent, IntentSet};
use crate::language::lower::{is_settled, lower_clause};
use crate::language::network::Network;
use crate::language::policy::{
    CLAUSE_COUNT_MAX, GLOB_COUNT_MAX, RGC_SIZE_MAX, RULE_COUNT_MAX, RgcError, Rule, When,
};
use crate::language::raise::raise;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::cbor::{self, Item, Items};
use gatos_values::{Glob, Number, Text};

type Read<T> = Result<T, RgcError>;

const POLICY_FIELDS: &str = "the policy has other fields than v, kind, rules";
const RULE_FIELDS: &str = "a rule has other fields than id, when, allow, deny, audit, reason";
const WHEN_FIELDS: &str = "`when` has other fields than intent, path";
const TOO_LARGE: &str = "an expression is too deep or too large";
const NO_OPERATION: &str = "an operation that policies do not have";

const fn form(what: &'static str) -> RgcError {
    RgcError::Form(what)
}

fn invalid(cause: &impl ToString) -> RgcError {
    RgcError::Invalid(cause.to_string())
}

/// The rules of a `.rgc`, sorted by id.
pub(in crate::language) fn rules(bytes: &[u8]) -> Read<Vec<Rule>> {
    if bytes.len() > RGC_SIZE_MAX {
        return Err(because(bytes, form(POLICY_FIELDS)));
    }
    let mut reader = Reader {
        bytes,
        items: Items::new(bytes),
    };
    let rules = reader.policy().map_err(|error| because(bytes, error))?;
    debug_assert_eq!(super::policy_bytes(&rules), bytes);
    Ok(rules)
}

/// What is no canonical CBOR at all is called that, wherever reading stopped.
#[cold]
fn because(bytes: &[u8], error: RgcError) -> RgcError {
    match cbor::decode(bytes, RGC_SIZE_MAX) {
        Ok(_) => error,
        Err(cause) => RgcError::Cbor(cause),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    items: Items<'a>,
}

impl<'a> Reader<'a> {
    fn policy(&mut self) -> Read<Vec<Rule>> {
        self.map(3, POLICY_FIELDS)?;
        self.key("v", POLICY_FIELDS)?;
        if self.items.item()? != Item::Integer(1) {
            return Err(form("`v` is not 1"));
        }
        self.key("kind", POLICY_FIELDS)?;
        if self.items.item()? != Item::Text("policy") {
            return Err(form("`kind` is not `policy`"));
        }
        self.key("rules", POLICY_FIELDS)?;
        let count = self.list(RULE_COUNT_MAX, "`rules` is not a list of at most 1024")?;
        let mut rules: Vec<Rule> = Vec::with_capacity(count);
        for _ in 0..count {
            let rule = self.rule()?;
            if rules.last().is_some_and(|last| last.id >= rule.id) {
                return Err(form("rules are not sorted by id, or one occurs twice"));
            }
            rules.push(rule);
        }
        self.items.end()?;
        Ok(rules)
    }

    /// The fields in the order of their encodings: shorter names first.
    fn rule(&mut self) -> Read<Rule> {
        self.map(6, RULE_FIELDS)?;
        self.key("id", RULE_FIELDS)?;
        let id = self.text().unwrap_or_default();
        if let Err(complaint) = check_id(id) {
            return Err(RgcError::Invalid(format!("rule id `{id}` {complaint}")));
        }
        self.key("deny", RULE_FIELDS)?;
        let deny_if = self.lines()?;
        self.key("when", RULE_FIELDS)?;
        let when = self.when()?;
        self.key("allow", RULE_FIELDS)?;
        let allow_if = if self.items.null()? {
            None
        } else {
            Some(self.lines()?)
        };
        self.key("audit", RULE_FIELDS)?;
        let Item::Bool(audit) = self.items.item()? else {
            return Err(form("`audit` is not a truth value"));
        };
        self.key("reason", RULE_FIELDS)?;
        let reason = match self.items.item()? {
            Item::Text(text) if is_reason(text) => Some(owned(text)?),
            Item::Null => None,
            _ => return Err(form("`reason` is not null or a text of 1 to 256 bytes")),
        };
        let rule = Rule {
            id: Arc::from(id),
            when,
            allow_if,
            deny_if,
            audit,
            reason,
        };
        check_rule(&rule)?;
        Ok(rule)
    }

    fn when(&mut self) -> Read<When> {
        self.map(2, WHEN_FIELDS)?;
        self.key("path", WHEN_FIELDS)?;
        let paths = if self.items.null()? {
            None
        } else {
            Some(self.globs()?)
        };
        self.key("intent", WHEN_FIELDS)?;
        let intents = if self.items.null()? {
            IntentSet::ALL
        } else {
            self.intents()?
        };
        Ok(When { intents, paths })
    }

    fn globs(&mut self) -> Read<Vec<Glob>> {
        let count = self.list(GLOB_COUNT_MAX, "`path` is not null or a list of at most 64")?;
        let mut globs: Vec<Glob> = Vec::with_capacity(count);
        for _ in 0..count {
            let text = self.text().ok_or(form("a pattern is not a text"))?;
            let glob = Glob::parse(text, '/').map_err(|cause| invalid(&cause))?;
            if globs.last().is_some_and(|last| last.as_str() >= text) {
                return Err(form("`path` is empty, not sorted or has repeats"));
            }
            globs.push(glob);
        }
        if globs.is_empty() {
            return Err(form("`path` is empty, not sorted or has repeats"));
        }
        Ok(globs)
    }

    /// One spelling: in order, without repeats, not empty, and all of them are null.
    fn intents(&mut self) -> Read<IntentSet> {
        let count = self.list(
            Intent::ALL.len(),
            "`intent` is not null or a list of intents",
        )?;
        let mut set = IntentSet::NONE;
        let mut last = None;
        for _ in 0..count {
            let intent = self.text().and_then(Intent::parse);
            let intent = intent.ok_or(form("an unknown intent"))?;
            if last.is_some_and(|last| last >= intent) {
                return Err(form("`intent` is not in order or has repeats"));
            }
            last = Some(intent);
            set = set.with(intent);
        }
        if set == IntentSet::NONE || set == IntentSet::ALL {
            return Err(form("`intent` is empty or complete"));
        }
        Ok(set)
    }

    /// Lines: valid, in normal form, sorted by their encoding without repeats.
    fn lines(&mut self) -> Read<Vec<Expression>> {
        let count = self.list(CLAUSE_COUNT_MAX, "lines are not a list of at most 64")?;
        let mut lines = Vec::with_capacity(count);
        let mut last: &[u8] = &[];
        for _ in 0..count {
            let start = self.items.offset();
            let mut budget = NODE_COUNT_MAX;
            let line = self.expression(DEPTH_MAX, &mut budget)?;
            check_line(&line)?;
            let encoding = self.bytes.get(start..self.items.offset());
            let encoding = encoding.unwrap_or_default();
            // No encoding is empty, so the first line is above what stands before it.
            if last >= encoding {
                return Err(form("lines are not sorted, or one occurs twice"));
            }
            last = encoding;
            lines.push(line);
        }
        Ok(lines)
    }

    /// An expression of at most `levels` levels and `budget` nodes.
    fn expression(&mut self, levels: usize, budget: &mut usize) -> Read<Expression> {
        if levels == 0 || *budget == 0 {
            return Err(form(TOO_LARGE));
        }
        *budget -= 1;
        match self.items.item()? {
            Item::List(0) => Err(form("an expression does not start with a word")),
            Item::List(count) => {
                let word = self.text();
                let word = word.ok_or(form("an expression does not start with a word"))?;
                self.operation(word, count - 1, levels, budget)
            }
            item => literal(item).map(Expression::Literal),
        }
    }

    fn operation(
        &mut self,
        word: &str,
        operand_count: usize,
        levels: usize,
        budget: &mut usize,
    ) -> Read<Expression> {
        match (word, operand_count) {
            ("list", count) => self.constants(count, levels, budget),
            ("and" | "or", 2..) => {
                let mut operands = Vec::with_capacity(operand_count.min(*budget));
                for _ in 0..operand_count {
                    operands.push(self.expression(levels - 1, budget)?);
                }
                Ok(if word == "and" {
                    Expression::And(operands)
                } else {
                    Expression::Or(operands)
                })
            }
            ("get", 1) => {
                let variable = self.text().and_then(Variable::parse);
                variable
                    .map(Expression::Variable)
                    .ok_or(form("`get` of an unknown part of the request"))
            }
            ("trust", 2) => {
                let levels = levels.checked_sub(2).ok_or(form(TOO_LARGE))?;
                let actor = self.expression(levels, budget)?;
                let field = self.text().and_then(TrustField::parse);
                let field = field.ok_or(form("`trust` of an unknown field"))?;
                Ok(Expression::Trust(Box::new(actor), field))
            }
            (_, 1) => {
                let inner = self.expression(levels - 1, budget)?;
                unary(word, Box::new(inner))
            }
            (_, 2) => {
                let left = Box::new(self.expression(levels - 1, budget)?);
                match self.binary_with_constant(word, left)? {
                    Ok(expression) => Ok(expression),
                    Err(left) => {
                        let right = self.expression(levels - 1, budget)?;
                        binary(word, left, Box::new(right))
                    }
                }
            }
            ("quorum", 3) => {
                let actors = Box::new(self.expression(levels - 1, budget)?);
                let group = owned(self.text().ok_or(form(NO_OPERATION))?)?;
                let Item::Integer(count) = self.items.item()? else {
                    return Err(form(NO_OPERATION));
                };
                Ok(Expression::Quorum {
                    actors,
                    group,
                    count: u32::try_from(count)
                        .map_err(|_| form("`quorum` of an impossible count"))?,
                })
            }
            _ => Err(form(NO_OPERATION)),
        }
    }

    fn constants(&mut self, count: usize, levels: usize, budget: &mut usize) -> Read<Expression> {
        *budget = budget.checked_sub(count).ok_or(form(TOO_LARGE))?;
        if levels < 2 && count > 0 {
            return Err(form(TOO_LARGE));
        }
        let mut constants = Vec::with_capacity(count);
        for _ in 0..count {
            constants.push(literal(self.items.item()?)?);
        }
        Ok(Expression::List(constants))
    }

    /// An operation whose second operand is part of it, or the first operand back.
    fn binary_with_constant(
        &mut self,
        word: &str,
        inner: Box<Expression>,
    ) -> Read<Result<Expression, Box<Expression>>> {
        Ok(Ok(match word {
            "field" => {
                let name = self.text().ok_or(form(NO_OPERATION))?;
                Expression::Field(inner, owned(name)?)
            }
            "*" => {
                let Item::Integer(factor) = self.items.item()? else {
                    return Err(form(NO_OPERATION));
                };
                Expression::Multiply(inner, factor)
            }
            "matches_glob" => {
                let pattern = self.text().ok_or(form(NO_OPERATION))?;
                let glob = Glob::parse(pattern, '/').map_err(|cause| invalid(&cause))?;
                Expression::MatchesGlob(inner, glob)
            }
            "in_cidr" => {
                let network = self.text().ok_or(form(NO_OPERATION))?;
                let network = Network::parse(network).map_err(|cause| invalid(&cause))?;
                Expression::InNetwork(inner, network)
            }
            _ => return Ok(Err(inner)),
        }))
    }

    /// A text, or nothing if something else comes.
    fn text(&mut self) -> Option<&'a str> {
        self.items.text().ok()
    }

    fn list(&mut self, count_max: usize, complaint: &'static str) -> Read<usize> {
        match self.items.item()? {
            Item::List(count) if count <= count_max => Ok(count),
            _ => Err(form(complaint)),
        }
    }

    fn map(&mut self, count: usize, complaint: &'static str) -> Read<()> {
        if self.items.item()? == Item::Map(count) {
            Ok(())
        } else {
            Err(form(complaint))
        }
    }

    fn key(&mut self, name: &str, complaint: &'static str) -> Read<()> {
        if self.text() == Some(name) {
            Ok(())
        } else {
            Err(form(complaint))
        }
    }
}

fn check_rule(rule: &Rule) -> Read<()> {
    if rule.allow_if.as_ref().is_some_and(Vec::is_empty) {
        return Err(form("`allow` is an empty list"));
    }
    if rule.allow_if.is_none() && rule.deny_if.is_empty() && !rule.audit {
        return Err(form("a rule that neither allows nor denies nor audits"));
    }
    if rule.id.starts_with(AUTO_PREFIX) && rule.id != auto_id(rule) {
        return Err(form("an id of the compiler that is not this rule's"));
    }
    Ok(())
}

fn check_line(line: &Expression) -> Read<()> {
    if is_settled(line) {
        return Ok(());
    }
    let lowered = lower_clause(&raise(line)).map_err(|cause| RgcError::Invalid(cause.message))?;
    if lowered == *line {
        Ok(())
    } else {
        Err(RgcError::NotNormal)
    }
}

/// Items hand out texts that are normal and assigned.
fn owned(text: &str) -> Read<Text> {
    Text::new(text).map_err(|cause| invalid(&cause))
}

fn literal(item: Item<'_>) -> Read<Literal> {
    Ok(match item {
        Item::Null => Literal::Null,
        Item::Bool(value) => Literal::Bool(value),
        Item::Text(text) => Literal::Text(owned(text)?),
        Item::Integer(integer) => Literal::Number(Number::Integer(integer)),
        Item::Fixed(fixed) => Literal::Number(Number::from_fixed(fixed)),
        Item::Bytes(_) | Item::List(_) | Item::Map(_) => {
            return Err(form("a constant of a kind that policies do not have"));
        }
    })
}

fn unary(word: &str, inner: Box<Expression>) -> Read<Expression> {
    Ok(match word {
        "not" => Expression::Not(inner),
        "len" => Expression::Length(inner),
        "lower" => Expression::Lower(inner),
        "upper" => Expression::Upper(inner),
        _ => return Err(form(NO_OPERATION)),
    })
}

fn binary(word: &str, left: Box<Expression>, right: Box<Expression>) -> Read<Expression> {
    Ok(match word {
        "includes" => Expression::Includes(left, right),
        "any_of" => Expression::AnyOf(left, right),
        "all_of" => Expression::AllOf(left, right),
        "contains" => Expression::Contains(left, right),
        "starts_with" => Expression::StartsWith(left, right),
        "ends_with" => Expression::EndsWith(left, right),
        "index" => Expression::Index(left, right),
        "+" => Expression::Add(left, right),
        "-" => Expression::Subtract(left, right),
        _ => {
            let comparison = Comparison::parse(word).ok_or(form(NO_OPERATION))?;
            Expression::Compare(comparison, left, right)
        }
    })
}
