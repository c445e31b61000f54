//! The slow, obvious reader of a `.rgc`: bytes to a value, the value to rules, every line compiled anew, and all of it
//! written again to compare.

use super::*;
use crate::language::expression::{Comparison, DEPTH_MAX, NODE_COUNT_MAX, TrustField, Variable};
use crate::language::intent::Intent;
use crate::language::lower::lower_clause;
use crate::language::network::Network;
use crate::language::policy::{
    CLAUSE_COUNT_MAX, GLOB_COUNT_MAX, RGC_SIZE_MAX, RULE_COUNT_MAX, RgcError,
};
use crate::language::raise::raise;
use alloc::boxed::Box;
use gatos_values::{Glob, Map};

/// The rules of a `.rgc`.
pub(super) fn decode(bytes: &[u8]) -> Read<Vec<Rule>> {
    let rules = rules(&cbor::decode(bytes, RGC_SIZE_MAX)?)?;
    if policy_bytes(&rules) == bytes {
        Ok(rules)
    } else {
        Err(RgcError::NotNormal)
    }
}

type Read<T> = Result<T, RgcError>;

const fn form(what: &'static str) -> RgcError {
    RgcError::Form(what)
}

/// The rules of a policy map, in the order they stand.
fn rules(value: &Value) -> Read<Vec<Rule>> {
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
