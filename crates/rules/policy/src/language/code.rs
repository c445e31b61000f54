//! The values a `.rgc` holds: rules and expressions as maps and lists, and back.
//!
//! Reading knows forms and limits only; that an expression is what the compiler would have made is asked of `lower`,
//! by raising it to syntax and lowering it again.
//!
//! INVARIANT: [`rules`] accepts only what [`policy_bytes`] writes for some checked rules, but for the order of things,
//! which the caller settles by comparing bytes.
//! TWIN: expressions, rgc-fields — docs/formats/rgc.md. Tests: `policy/tests.rs`. Vectors: vectors/policy.

use super::decision::DEFAULT_DENY;
use super::expression::{
    Comparison, DEPTH_MAX, Expression, Literal, NODE_COUNT_MAX, TrustField, Variable,
};
use super::intent::{Intent, IntentSet};
use super::lower::lower_clause;
use super::network::Network;
use super::policy::{
    CLAUSE_COUNT_MAX, GLOB_COUNT_MAX, REASON_SIZE_MAX, RULE_COUNT_MAX, RgcError, Rule, When,
};
use super::raise::raise;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::{Glob, Map, Sha256Digest, Value, cbor, hex};

/// What ids of the compiler start with.
pub(super) const AUTO_PREFIX: &str = "auto-";

/// Hex digits of an id of the compiler.
const AUTO_DIGITS: usize = 12;

/// What a rule usually takes, in bytes.
const RULE_SIZE_USUAL: usize = 256;

/// Longest id, in bytes.
pub(super) const ID_SIZE_MAX: usize = 63;

// Writing.

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

// Reading.

type Read<T> = Result<T, RgcError>;

const fn form(what: &'static str) -> RgcError {
    RgcError::Form(what)
}

/// The rules of a policy map, in the order they stand.
pub(super) fn rules(value: &Value) -> Read<Vec<Rule>> {
    let map = fields(
        value,
        ["v", "kind", "rules"],
        "the policy has other fields than v, kind, rules",
    )?;
    if map.get("v").and_then(Value::as_integer) != Some(1) {
        return Err(form("`v` is not 1"));
    }
    if map.get("kind").and_then(Value::as_str) != Some("policy") {
        return Err(form("`kind` is not `policy`"));
    }
    let items = items(
        map.get("rules"),
        RULE_COUNT_MAX,
        "`rules` is not a list of at most 1024",
    )?;
    let rules: Vec<Rule> = items.iter().map(rule).collect::<Read<_>>()?;
    if rules
        .windows(2)
        .any(|pair| matches!(pair, [left, right] if left.id >= right.id))
    {
        return Err(form("rules are not sorted by id, or one occurs twice"));
    }
    Ok(rules)
}

fn fields<'a, const COUNT: usize>(
    value: &'a Value,
    names: [&str; COUNT],
    complaint: &'static str,
) -> Read<&'a Map> {
    let map = value.as_map().ok_or(form(complaint))?;
    let complete = map.len() == COUNT && names.iter().all(|name| map.contains_key(name));
    if complete {
        Ok(map)
    } else {
        Err(form(complaint))
    }
}

fn items<'a>(
    value: Option<&'a Value>,
    count_max: usize,
    complaint: &'static str,
) -> Read<&'a [Value]> {
    let list = value.and_then(Value::as_list);
    list.filter(|items| items.len() <= count_max)
        .ok_or(form(complaint))
}

fn rule(value: &Value) -> Read<Rule> {
    const FIELDS: [&str; 6] = ["id", "when", "allow", "deny", "audit", "reason"];
    let map = fields(
        value,
        FIELDS,
        "a rule has other fields than id, when, allow, deny, audit, reason",
    )?;
    let id = map.get("id").and_then(Value::as_str).unwrap_or_default();
    if let Err(complaint) = check_id(id) {
        return Err(RgcError::Invalid(format!("rule id `{id}` {complaint}")));
    }
    let allow_if = match map.get("allow") {
        Some(Value::Null) => None,
        lines => Some(clauses(lines)?),
    };
    let rule = Rule {
        id: Arc::from(id),
        when: when(map.get("when").unwrap_or(&Value::Null))?,
        allow_if,
        deny_if: clauses(map.get("deny"))?,
        audit: map
            .get("audit")
            .and_then(Value::as_bool)
            .ok_or(form("`audit` is not a truth value"))?,
        reason: match map.get("reason") {
            Some(Value::Text(text)) if is_reason(text) => Some(text.clone()),
            Some(Value::Null) => None,
            _ => return Err(form("`reason` is not null or a text of 1 to 256 bytes")),
        },
    };
    if rule.allow_if.as_ref().is_some_and(Vec::is_empty) {
        return Err(form("`allow` is an empty list"));
    }
    if rule.allow_if.is_none() && rule.deny_if.is_empty() && !rule.audit {
        return Err(form("a rule that neither allows nor denies nor audits"));
    }
    if id.starts_with(AUTO_PREFIX) && rule.id != auto_id(&rule) {
        return Err(form("an id of the compiler that is not this rule's"));
    }
    Ok(rule)
}

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

fn when(value: &Value) -> Read<When> {
    let map = fields(
        value,
        ["intent", "path"],
        "`when` has other fields than intent, path",
    )?;
    let intents = match map.get("intent") {
        Some(Value::Null) => IntentSet::ALL,
        list => intents(items(
            list,
            Intent::ALL.len(),
            "`intent` is not null or a list of intents",
        )?)?,
    };
    let paths = match map.get("path") {
        Some(Value::Null) => None,
        list => Some(globs(items(
            list,
            GLOB_COUNT_MAX,
            "`path` is not null or a list of at most 64",
        )?)?),
    };
    Ok(When { intents, paths })
}

fn intents(items: &[Value]) -> Read<IntentSet> {
    let mut set = IntentSet::NONE;
    for item in items {
        let intent = item
            .as_str()
            .and_then(Intent::parse)
            .ok_or(form("an unknown intent"))?;
        set = set.with(intent);
    }
    // One spelling: in order, without repeats, not empty, and all of them are null.
    let count = set.iter().count();
    if count == 0 || count != items.len() || set == IntentSet::ALL {
        return Err(form("`intent` is empty, complete or has repeats"));
    }
    Ok(set)
}

fn globs(items: &[Value]) -> Read<Vec<Glob>> {
    let parsed = items.iter().map(|item| {
        let text = item.as_str().ok_or(form("a pattern is not a text"))?;
        Glob::parse(text, '/').map_err(|cause| RgcError::Invalid(cause.to_string()))
    });
    let globs: Vec<Glob> = parsed.collect::<Read<_>>()?;
    let rising = globs
        .windows(2)
        .all(|pair| matches!(pair, [left, right] if left.as_str() < right.as_str()));
    if globs.is_empty() || !rising {
        return Err(form("`path` is empty, not sorted or has repeats"));
    }
    Ok(globs)
}

/// Lines: valid, in normal form, sorted by their encoding without repeats.
fn clauses(value: Option<&Value>) -> Read<Vec<Expression>> {
    let items = items(
        value,
        CLAUSE_COUNT_MAX,
        "lines are not a list of at most 64",
    )?;
    let mut lines: Vec<Expression> = Vec::with_capacity(items.len());
    let mut previous_key: Option<Vec<u8>> = None;
    for item in items {
        let mut budget = NODE_COUNT_MAX;
        let line = expression(item, DEPTH_MAX, &mut budget)?;
        let checked =
            lower_clause(&raise(&line)).map_err(|cause| RgcError::Invalid(cause.message))?;
        if checked != line {
            return Err(RgcError::NotNormal);
        }
        if items.len() > 1 {
            let key = sort_key(&line);
            if previous_key.is_some_and(|previous| previous >= key) {
                return Err(form("lines are not sorted, or one occurs twice"));
            }
            previous_key = Some(key);
        }
        lines.push(line);
    }
    Ok(lines)
}

/// An expression of at most `levels` levels and `budget` nodes.
fn expression(value: &Value, levels: usize, budget: &mut usize) -> Read<Expression> {
    if levels == 0 || *budget == 0 {
        return Err(form("an expression is too deep or too large"));
    }
    *budget -= 1;
    let Value::List(items) = value else {
        return literal(value).map(Expression::Literal);
    };
    let Some((Value::Text(name), operands)) = items.split_first() else {
        return Err(form("an expression does not start with a word"));
    };
    operation(name, operands, levels, budget)
}

fn literal(value: &Value) -> Read<Literal> {
    Ok(match value {
        Value::Null => Literal::Null,
        Value::Bool(value) => Literal::Bool(*value),
        Value::Text(text) => Literal::Text(text.clone()),
        Value::Integer(_) | Value::Fixed(_) => {
            Literal::Number(value.as_number().ok_or(form("a number without a value"))?)
        }
        Value::Bytes(_) | Value::List(_) | Value::Map(_) => {
            return Err(form("a constant of a kind that policies do not have"));
        }
    })
}

fn operation(
    name: &str,
    operands: &[Value],
    levels: usize,
    budget: &mut usize,
) -> Read<Expression> {
    let mut nested = |value: &Value, used: usize| {
        let levels = levels
            .checked_sub(used)
            .ok_or(form("an expression is too deep"))?;
        expression(value, levels, budget)
    };
    match (name, operands) {
        ("list", items) => {
            *budget = budget
                .checked_sub(items.len())
                .ok_or(form("an expression is too large"))?;
            if levels < 2 && !items.is_empty() {
                return Err(form("an expression is too deep"));
            }
            Ok(Expression::List(
                items.iter().map(literal).collect::<Read<_>>()?,
            ))
        }
        ("get", [Value::Text(name)]) => Variable::parse(name)
            .map(Expression::Variable)
            .ok_or(form("`get` of an unknown part of the request")),
        ("field", [inner, Value::Text(name)]) => {
            Ok(Expression::Field(Box::new(nested(inner, 1)?), name.clone()))
        }
        ("trust", [actor, Value::Text(name)]) => {
            let field = TrustField::parse(name).ok_or(form("`trust` of an unknown field"))?;
            Ok(Expression::Trust(Box::new(nested(actor, 2)?), field))
        }
        ("and" | "or", [_, _, ..]) => {
            let parts = operands.iter().map(|operand| nested(operand, 1));
            let parts = parts.collect::<Read<Vec<Expression>>>()?;
            Ok(if name == "and" {
                Expression::And(parts)
            } else {
                Expression::Or(parts)
            })
        }
        ("*", [inner, Value::Integer(factor)]) => {
            Ok(Expression::Multiply(Box::new(nested(inner, 1)?), *factor))
        }
        ("matches_glob", [inner, Value::Text(pattern)]) => {
            let glob =
                Glob::parse(pattern, '/').map_err(|cause| RgcError::Invalid(cause.to_string()))?;
            Ok(Expression::MatchesGlob(Box::new(nested(inner, 1)?), glob))
        }
        ("in_cidr", [inner, Value::Text(network)]) => {
            let network =
                Network::parse(network).map_err(|cause| RgcError::Invalid(cause.to_string()))?;
            Ok(Expression::InNetwork(Box::new(nested(inner, 1)?), network))
        }
        ("quorum", [actors, Value::Text(group), Value::Integer(count)]) => Ok(Expression::Quorum {
            actors: Box::new(nested(actors, 1)?),
            group: group.clone(),
            count: u32::try_from(*count).map_err(|_| form("`quorum` of an impossible count"))?,
        }),
        (_, [inner]) => unary(name, Box::new(nested(inner, 1)?)),
        (_, [left, right]) => {
            let left = Box::new(nested(left, 1)?);
            binary(name, left, Box::new(nested(right, 1)?))
        }
        _ => Err(form("an operation that policies do not have")),
    }
}

fn unary(name: &str, inner: Box<Expression>) -> Read<Expression> {
    Ok(match name {
        "not" => Expression::Not(inner),
        "len" => Expression::Length(inner),
        "lower" => Expression::Lower(inner),
        "upper" => Expression::Upper(inner),
        _ => return Err(form("an operation that policies do not have")),
    })
}

fn binary(name: &str, left: Box<Expression>, right: Box<Expression>) -> Read<Expression> {
    let comparison = Comparison::ALL
        .into_iter()
        .find(|known| known.as_str() == name);
    if let Some(comparison) = comparison {
        return Ok(Expression::Compare(comparison, left, right));
    }
    Ok(match name {
        "index" => Expression::Index(left, right),
        "+" => Expression::Add(left, right),
        "-" => Expression::Subtract(left, right),
        "includes" => Expression::Includes(left, right),
        "contains" => Expression::Contains(left, right),
        "starts_with" => Expression::StartsWith(left, right),
        "ends_with" => Expression::EndsWith(left, right),
        "any_of" => Expression::AnyOf(left, right),
        "all_of" => Expression::AllOf(left, right),
        _ => return Err(form("an operation that policies do not have")),
    })
}
