//! The values a `.rgc` holds: rules and expressions as maps and lists, and back.
//!
//! Reading knows forms and limits only; that an expression is what the compiler would have made is asked of `lower`,
//! by raising it to syntax and lowering it again.
//!
//! INVARIANT: [`rules`] accepts only what [`policy_value`] writes for some checked rules, but for the order of things,
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
use gatos_values::{Glob, Map, Sha256Digest, Text, Value, cbor, hex};

/// What ids of the compiler start with.
pub(super) const AUTO_PREFIX: &str = "auto-";

/// Hex digits of an id of the compiler.
const AUTO_DIGITS: usize = 12;

/// Longest id, in bytes.
pub(super) const ID_SIZE_MAX: usize = 63;

// Writing.

/// `{v, kind, rules}`.
pub(super) fn policy_value(rules: &[Rule]) -> Value {
    let rules = rules.iter().map(|rule| {
        let mut map = body(rule);
        map.insert(Text::from_ascii("id"), text(&rule.id));
        Value::Map(map)
    });
    let map = Map::new()
        .with("v", Value::Integer(1))
        .with("kind", word("policy"))
        .with("rules", Value::List(rules.collect()));
    Value::Map(map)
}

/// A rule without its id.
fn body(rule: &Rule) -> Map {
    let paths = rule.when.paths.as_ref();
    let intents = (rule.when.intents != IntentSet::ALL).then(|| {
        rule.when
            .intents
            .iter()
            .map(|intent| word(intent.as_str()))
            .collect()
    });
    let when = Map::new()
        .with("intent", intents.map_or(Value::Null, Value::List))
        .with(
            "path",
            optional_list(paths.map(|globs| globs.iter().map(|glob| text(glob.as_str())))),
        );
    Map::new()
        .with("when", Value::Map(when))
        .with(
            "allow",
            optional_list(
                rule.allow_if
                    .as_ref()
                    .map(|lines| lines.iter().map(expression_value)),
            ),
        )
        .with(
            "deny",
            Value::List(rule.deny_if.iter().map(expression_value).collect()),
        )
        .with("audit", Value::Bool(rule.audit))
        .with(
            "reason",
            rule.reason.clone().map_or(Value::Null, Value::Text),
        )
}

fn optional_list(items: Option<impl Iterator<Item = Value>>) -> Value {
    items.map_or(Value::Null, |items| Value::List(items.collect()))
}

/// The id the compiler gives a rule without one: from what it says, so that it does not move with its neighbours.
pub(super) fn auto_id(rule: &Rule) -> Arc<str> {
    let bytes = cbor::encode(&Value::Map(body(rule))).unwrap_or_default();
    let digits = hex::encode(Sha256Digest::of(&bytes).as_bytes());
    Arc::from(format!(
        "{AUTO_PREFIX}{}",
        digits.get(..AUTO_DIGITS).unwrap_or_default()
    ))
}

/// What lines are sorted by.
pub(super) fn sort_key(expression: &Expression) -> Vec<u8> {
    cbor::encode(&expression_value(expression)).unwrap_or_default()
}

/// An expression: scalars stand for themselves, everything else is a list that starts with a word.
pub(super) fn expression_value(expression: &Expression) -> Value {
    let one = |name, inner: &Expression| list(name, [expression_value(inner)]);
    let two = |name, left: &Expression, right: &Expression| {
        list(name, [expression_value(left), expression_value(right)])
    };
    match expression {
        Expression::Literal(literal) => literal_value(literal),
        Expression::List(items) => list("list", items.iter().map(literal_value)),
        Expression::Variable(variable) => list("get", [word(variable.as_str())]),
        Expression::Field(inner, name) => list(
            "field",
            [expression_value(inner), Value::Text(name.clone())],
        ),
        Expression::Index(inner, index) => two("index", inner, index),
        Expression::Trust(actor, field) => {
            list("trust", [expression_value(actor), word(field.as_str())])
        }
        Expression::Not(inner) => one("not", inner),
        Expression::And(operands) => list("and", operands.iter().map(expression_value)),
        Expression::Or(operands) => list("or", operands.iter().map(expression_value)),
        Expression::Compare(comparison, left, right) => two(comparison.as_str(), left, right),
        Expression::Add(left, right) => two("+", left, right),
        Expression::Subtract(left, right) => two("-", left, right),
        Expression::Multiply(inner, factor) => {
            list("*", [expression_value(inner), Value::Integer(*factor)])
        }
        Expression::Includes(left, right) => two("includes", left, right),
        Expression::Contains(left, right) => two("contains", left, right),
        Expression::StartsWith(left, right) => two("starts_with", left, right),
        Expression::EndsWith(left, right) => two("ends_with", left, right),
        Expression::AnyOf(left, right) => two("any_of", left, right),
        Expression::AllOf(left, right) => two("all_of", left, right),
        Expression::MatchesGlob(inner, glob) => list(
            "matches_glob",
            [expression_value(inner), text(glob.as_str())],
        ),
        Expression::InNetwork(inner, network) => list(
            "in_cidr",
            [expression_value(inner), text(&network.to_string())],
        ),
        Expression::Length(inner) => one("len", inner),
        Expression::Lower(inner) => one("lower", inner),
        Expression::Upper(inner) => one("upper", inner),
        Expression::Quorum {
            actors,
            group,
            count,
        } => {
            let count = Value::Integer(i128::from(*count));
            list(
                "quorum",
                [expression_value(actors), Value::Text(group.clone()), count],
            )
        }
    }
}

fn literal_value(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Number(number) => Value::number(*number),
        Literal::Text(text) => Value::Text(text.clone()),
    }
}

fn list(name: &'static str, operands: impl IntoIterator<Item = Value>) -> Value {
    Value::List(core::iter::once(word(name)).chain(operands).collect())
}

fn word(word: &'static str) -> Value {
    Value::Text(Text::from_ascii(word))
}

/// Ids, patterns and networks were texts once, so they are again.
fn text(text: &str) -> Value {
    Text::new(text).map_or(Value::Null, Value::Text)
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
        let key = sort_key(&line);
        if previous_key.is_some_and(|previous| previous >= key) {
            return Err(form("lines are not sorted, or one occurs twice"));
        }
        previous_key = Some(key);
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
