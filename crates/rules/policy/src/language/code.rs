//! The bytes of a `.rgc`: rules and expressions as maps and lists, written here and read in `read.rs`.
//!
//! INVARIANT: different rules have different bytes.
//! TWIN: expressions, rgc-fields — docs/formats/rgc.md. Tests: `code/tests.rs`, `policy/tests.rs`. Vectors: vectors/policy.

mod read;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod tests;

pub(super) use read::rules;

use super::decision::DEFAULT_DENY;
use super::expression::{Expression, Literal};
use super::intent::IntentSet;
use super::policy::{REASON_SIZE_MAX, Rule, When};
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::{Sha256Digest, Value, cbor, hex};

/// What ids of the compiler start with.
pub(super) const AUTO_PREFIX: &str = "auto-";

/// Hex digits of an id of the compiler.
const AUTO_DIGITS: usize = 12;

/// What a rule usually takes, in bytes.
const RULE_SIZE_USUAL: usize = 256;

/// Longest id, in bytes.
pub(super) const ID_SIZE_MAX: usize = 63;

/// The `.rgc` of these rules: the map `{v, kind, rules}`.
pub(super) fn policy_bytes(rules: &[Rule]) -> Vec<u8> {
    let mut output = Vec::with_capacity(RULE_SIZE_USUAL * rules.len());
    cbor::encode_map_head_into(3, &mut output);
    text("v", &mut output);
    integer(1, &mut output);
    text("kind", &mut output);
    text("policy", &mut output);
    text("rules", &mut output);
    cbor::encode_list_head_into(rules.len(), &mut output);
    for rule in rules {
        write_rule(rule, true, &mut output);
    }
    output
}

/// The keys of a rule in the order of their encodings.
fn write_rule(rule: &Rule, with_id: bool, output: &mut Vec<u8>) {
    cbor::encode_map_head_into(5 + usize::from(with_id), output);
    if with_id {
        text("id", output);
        text(&rule.id, output);
    }
    text("deny", output);
    write_lines(&rule.deny_if, output);
    text("when", output);
    write_when(&rule.when, output);
    text("allow", output);
    match &rule.allow_if {
        Some(lines) => write_lines(lines, output),
        None => scalar(&Value::Null, output),
    }
    text("audit", output);
    scalar(&Value::Bool(rule.audit), output);
    text("reason", output);
    match &rule.reason {
        Some(reason) => text(reason, output),
        None => scalar(&Value::Null, output),
    }
}

fn write_lines(lines: &[Expression], output: &mut Vec<u8>) {
    cbor::encode_list_head_into(lines.len(), output);
    for line in lines {
        write(line, output);
    }
}

fn write_when(when: &When, output: &mut Vec<u8>) {
    cbor::encode_map_head_into(2, output);
    text("path", output);
    match &when.paths {
        None => scalar(&Value::Null, output),
        Some(globs) => {
            cbor::encode_list_head_into(globs.len(), output);
            globs.iter().for_each(|glob| text(glob.as_str(), output));
        }
    }
    text("intent", output);
    if when.intents == IntentSet::ALL {
        return scalar(&Value::Null, output);
    }
    cbor::encode_list_head_into(when.intents.iter().count(), output);
    let intents = when.intents.iter();
    intents.for_each(|intent| text(intent.as_str(), output));
}

/// The id the compiler gives a rule without one: from what it says, so that it does not move with its neighbours.
pub(super) fn auto_id(rule: &Rule) -> Arc<str> {
    let mut bytes = Vec::with_capacity(RULE_SIZE_USUAL);
    write_rule(rule, false, &mut bytes);
    let digits = hex::encode(Sha256Digest::of(&bytes).as_bytes());
    Arc::from(format!(
        "{AUTO_PREFIX}{}",
        digits.get(..AUTO_DIGITS).unwrap_or_default()
    ))
}

/// What lines are sorted by.
pub(super) fn sort_key(expression: &Expression) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(expression, &mut bytes);
    bytes
}

/// An expression: scalars stand for themselves, everything else is a list that starts with a word.
fn write(expression: &Expression, output: &mut Vec<u8>) {
    match expression {
        Expression::Literal(literal) => write_literal(literal, output),
        Expression::List(items) => {
            head("list", items.len(), output);
            items.iter().for_each(|item| write_literal(item, output));
        }
        Expression::Variable(variable) => {
            head("get", 1, output);
            text(variable.as_str(), output);
        }
        Expression::Field(inner, name) => one_and_text("field", inner, name, output),
        Expression::Index(inner, index) => two("index", inner, index, output),
        Expression::Trust(actor, field) => one_and_text("trust", actor, field.as_str(), output),
        Expression::Not(inner) => one("not", inner, output),
        Expression::And(operands) => many("and", operands, output),
        Expression::Or(operands) => many("or", operands, output),
        Expression::Compare(comparison, left, right) => {
            two(comparison.as_str(), left, right, output);
        }
        Expression::Add(left, right) => two("+", left, right, output),
        Expression::Subtract(left, right) => two("-", left, right, output),
        Expression::Multiply(inner, factor) => {
            head("*", 2, output);
            write(inner, output);
            integer(*factor, output);
        }
        Expression::Includes(left, right) => two("includes", left, right, output),
        Expression::Contains(left, right) => two("contains", left, right, output),
        Expression::StartsWith(left, right) => two("starts_with", left, right, output),
        Expression::EndsWith(left, right) => two("ends_with", left, right, output),
        Expression::AnyOf(left, right) => two("any_of", left, right, output),
        Expression::AllOf(left, right) => two("all_of", left, right, output),
        Expression::MatchesGlob(inner, glob) => {
            one_and_text("matches_glob", inner, glob.as_str(), output);
        }
        Expression::InNetwork(inner, network) => {
            one_and_text("in_cidr", inner, &network.to_string(), output);
        }
        Expression::Length(inner) => one("len", inner, output),
        Expression::Lower(inner) => one("lower", inner, output),
        Expression::Upper(inner) => one("upper", inner, output),
        Expression::Quorum {
            actors,
            group,
            count,
        } => {
            head("quorum", 3, output);
            write(actors, output);
            text(group, output);
            integer(i128::from(*count), output);
        }
    }
}

fn write_literal(literal: &Literal, output: &mut Vec<u8>) {
    match literal {
        Literal::Null => scalar(&Value::Null, output),
        Literal::Bool(value) => scalar(&Value::Bool(*value), output),
        Literal::Number(number) => scalar(&Value::number(*number), output),
        Literal::Text(literal) => text(literal, output),
    }
}

/// A list of a word and so many operands, which follow.
fn head(word: &str, operand_count: usize, output: &mut Vec<u8>) {
    cbor::encode_list_head_into(1 + operand_count, output);
    text(word, output);
}

fn one(word: &str, inner: &Expression, output: &mut Vec<u8>) {
    head(word, 1, output);
    write(inner, output);
}

fn one_and_text(word: &str, inner: &Expression, constant: &str, output: &mut Vec<u8>) {
    head(word, 2, output);
    write(inner, output);
    text(constant, output);
}

fn two(word: &str, left: &Expression, right: &Expression, output: &mut Vec<u8>) {
    head(word, 2, output);
    write(left, output);
    write(right, output);
}

fn many(word: &str, operands: &[Expression], output: &mut Vec<u8>) {
    head(word, operands.len(), output);
    operands.iter().for_each(|operand| write(operand, output));
}

/// Words and ids are ASCII, and everything else in a policy came as a [`Text`](gatos_values::Text).
fn text(text: &str, output: &mut Vec<u8>) {
    cbor::encode_text_into(text, output);
}

fn integer(integer: i128, output: &mut Vec<u8>) {
    scalar(&Value::Integer(integer), output);
}

/// Neither a text nor anything deep, so it has an encoding.
fn scalar(value: &Value, output: &mut Vec<u8>) {
    let _ = cbor::encode_into(value, output);
}

// What writing and reading share.

/// What is wrong with an id.
pub(super) fn check_id(id: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
    };
    if id.is_empty() || id.len() > ID_SIZE_MAX {
        return Err("must have 1 to 63 bytes");
    }
    if !id.bytes().all(allowed) || !id.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return Err(
            "must be lower-case letters, digits, `.`, `_` and `-`, starting with a letter or digit",
        );
    }
    if id == DEFAULT_DENY {
        return Err("is the name of the denial that no rule asked for");
    }
    Ok(())
}

pub(super) fn is_reason(text: &str) -> bool {
    (1..=REASON_SIZE_MAX).contains(&text.len())
}
