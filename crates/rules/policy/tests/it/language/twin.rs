//! The slow, obvious twin: the page's semantics over plain values, `None` for unknown.
//!
//! It shares the types of expressions with the crate and nothing else: lists are copied, texts are compared byte by
//! byte, globs by recursion, networks as strings of bits, sums by counting in `i128` steps.

use gatos_policy::language::{
    Comparison, Expression, Literal, Policy, Request, Rule, TrustField, Variable,
};
use gatos_values::{Number, Text, Value};
use std::net::IpAddr;

/// Allow or deny, the rules named for it, and how the reason starts.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub allow: bool,
    pub rules: Vec<String>,
    pub primary: String,
    pub reason: &'static str,
    pub audit: bool,
}

pub fn decide(policy: &Policy, request: &Request<'_>) -> Answer {
    let said: Vec<Said<'_>> = policy
        .rules()
        .iter()
        .map(|rule| said(rule, request))
        .collect();
    let ids = |wanted: &dyn Fn(&Said<'_>) -> bool| -> Vec<String> {
        said.iter()
            .filter(|said| wanted(said))
            .map(|said| said.rule.id.to_string())
            .collect()
    };
    let audit = said
        .iter()
        .any(|said| said.rule.audit && said.matches != Some(false));
    let denying = ids(&|said| said.denies != Some(false));
    if let Some(primary) = denying.first().cloned() {
        let is_sure = said
            .iter()
            .any(|said| *said.rule.id == *primary && said.denies == Some(true));
        let reason = if is_sure { "deny_rule" } else { "deny_unknown" };
        return Answer {
            allow: false,
            rules: denying,
            primary,
            reason,
            audit,
        };
    }
    let allowing = ids(&|said| said.allows == Some(true));
    if !allowing.is_empty() {
        return Answer {
            allow: true,
            rules: allowing,
            primary: String::new(),
            reason: "",
            audit,
        };
    }
    let unsure = said.iter().any(|said| said.allows.is_none());
    let reason = if unsure {
        "deny_unknown"
    } else {
        "deny_default"
    };
    let primary = "default-deny".to_owned();
    Answer {
        allow: false,
        rules: Vec::new(),
        primary,
        reason,
        audit,
    }
}

struct Said<'p> {
    rule: &'p Rule,
    matches: Option<bool>,
    allows: Option<bool>,
    denies: Option<bool>,
}

fn said<'p>(rule: &'p Rule, request: &Request<'_>) -> Said<'p> {
    let intent = Some(
        rule.when
            .intents
            .iter()
            .any(|intent| intent == request.intent),
    );
    let path = match (&rule.when.paths, request.path) {
        (None, _) => Some(true),
        (Some(_), None) => None,
        (Some(globs), Some(path)) => {
            Some(globs.iter().any(|glob| glob_matches(glob.as_str(), path)))
        }
    };
    let matches = and(&[intent, path]);
    let truths = |lines: &[Expression]| -> Vec<Option<bool>> {
        lines.iter().map(|line| truth(line, request)).collect()
    };
    let allows = match &rule.allow_if {
        None => Some(false),
        Some(lines) => and(&[matches, and(&truths(lines))]),
    };
    let denies = and(&[matches, or(&truths(&rule.deny_if))]);
    Said {
        rule,
        matches,
        allows,
        denies,
    }
}

fn and(truths: &[Option<bool>]) -> Option<bool> {
    if truths.contains(&Some(false)) {
        return Some(false);
    }
    if truths.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn or(truths: &[Option<bool>]) -> Option<bool> {
    let negated: Vec<Option<bool>> = truths
        .iter()
        .map(|truth| truth.map(|truth| !truth))
        .collect();
    and(&negated).map(|truth| !truth)
}

fn truth(expression: &Expression, request: &Request<'_>) -> Option<bool> {
    worth(expression, request)?.as_bool()
}

fn text(expression: &Expression, request: &Request<'_>) -> Option<String> {
    match worth(expression, request)? {
        Value::Bytes(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn number(expression: &Expression, request: &Request<'_>) -> Option<Number> {
    worth(expression, request)?.as_number()
}

fn list(expression: &Expression, request: &Request<'_>) -> Option<Vec<Value>> {
    worth(expression, request)?.as_list().map(<[Value]>::to_vec)
}

/// A text as the bytes it compares by; nothing else here is bytes.
fn bytes(text: &str) -> Value {
    Value::Bytes(text.as_bytes().to_vec())
}

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Value {
    Value::List(names.into_iter().map(bytes).collect())
}

/// Texts become bytes; bytes, which have no operations, become an empty map.
fn plain(value: &Value) -> Value {
    match value {
        Value::Text(text) => bytes(text),
        Value::Bytes(_) => Value::Map(gatos_values::Map::new()),
        Value::List(items) => Value::List(items.iter().map(plain).collect()),
        other => other.clone(),
    }
}

fn literal(literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Number(number) => Value::number(*number),
        Literal::Text(text) => bytes(text),
    }
}

fn worth(expression: &Expression, request: &Request<'_>) -> Option<Value> {
    let truth_of = |expression: &Expression| truth(expression, request);
    let texts = |left: &Expression, right: &Expression| {
        Some((
            text(left, request)?.into_bytes(),
            text(right, request)?.into_bytes(),
        ))
    };
    Some(match expression {
        Expression::Literal(constant) => literal(constant),
        Expression::List(items) => Value::List(items.iter().map(literal).collect()),
        Expression::Variable(variable) => variable_worth(*variable, request)?,
        // The payload is walked as it is, so that texts inside stay texts until they are asked for.
        Expression::Field(..) | Expression::Index(..) => plain(&payload_part(expression, request)?),
        Expression::Trust(actor, field) => {
            let entry = request.trust.get(&text(actor, request)?)?;
            match field {
                TrustField::Level => Value::Integer(i128::from(entry.level)),
                TrustField::Groups => names(entry.groups.iter().map(Text::as_str)),
            }
        }
        Expression::Not(inner) => Value::Bool(!truth_of(inner)?),
        Expression::And(operands) => {
            Value::Bool(and(&operands.iter().map(truth_of).collect::<Vec<_>>())?)
        }
        Expression::Or(operands) => {
            Value::Bool(or(&operands.iter().map(truth_of).collect::<Vec<_>>())?)
        }
        Expression::Compare(comparison, left, right) => {
            let (left, right) = (worth(left, request)?, worth(right, request)?);
            Value::Bool(compare(*comparison, &left, &right)?)
        }
        Expression::Add(left, right) => Value::number(
            number(left, request)?
                .checked_add(number(right, request)?)
                .ok()?,
        ),
        Expression::Subtract(left, right) => Value::number(
            number(left, request)?
                .checked_sub(number(right, request)?)
                .ok()?,
        ),
        Expression::Multiply(inner, factor) => {
            Value::number(number(inner, request)?.checked_multiple(*factor).ok()?)
        }
        Expression::Includes(items, item) => {
            let (items, item) = (list(items, request)?, worth(item, request)?);
            Value::Bool(includes(&items, &item)?)
        }
        Expression::Contains(whole, part) => {
            match (worth(whole, request)?, worth(part, request)?) {
                (Value::List(items), part) => Value::Bool(includes(&items, &part)?),
                (Value::Bytes(whole), Value::Bytes(part)) => {
                    let mut starts = 0..=whole.len();
                    Value::Bool(starts.any(|start| whole[start..].starts_with(&part)))
                }
                _ => return None,
            }
        }
        Expression::StartsWith(left, right) => {
            let (left, right) = texts(left, right)?;
            Value::Bool(left.len() >= right.len() && left[..right.len()] == *right)
        }
        Expression::EndsWith(left, right) => {
            let (left, right) = texts(left, right)?;
            Value::Bool(left.len() >= right.len() && left[left.len() - right.len()..] == *right)
        }
        Expression::MatchesGlob(inner, glob) => {
            Value::Bool(glob_matches(glob.as_str(), &text(inner, request)?))
        }
        Expression::InNetwork(inner, network) => {
            let address: IpAddr = text(inner, request)?.parse().ok()?;
            let prefix = &bits(network.address())[..usize::from(network.prefix_bits())];
            Value::Bool(
                address.is_ipv4() == network.address().is_ipv4()
                    && bits(address).starts_with(prefix),
            )
        }
        Expression::AnyOf(items, wanted) => {
            let (items, wanted) = (list(items, request)?, list(wanted, request)?);
            let truths: Vec<_> = wanted.iter().map(|item| includes(&items, item)).collect();
            Value::Bool(or(&truths)?)
        }
        Expression::AllOf(items, wanted) => {
            let (items, wanted) = (list(items, request)?, list(wanted, request)?);
            let truths: Vec<_> = wanted.iter().map(|item| includes(&items, item)).collect();
            Value::Bool(and(&truths)?)
        }
        Expression::Length(inner) => match worth(inner, request)? {
            Value::Bytes(bytes) => Value::Integer(bytes.len() as i128),
            Value::List(items) => Value::Integer(items.len() as i128),
            _ => return None,
        },
        Expression::Lower(inner) => changed(&text(inner, request)?, b'A'..=b'Z', 32),
        Expression::Upper(inner) => changed(&text(inner, request)?, b'a'..=b'z', -32),
        Expression::Quorum {
            actors,
            group,
            count,
        } => {
            let items = list(actors, request)?;
            Value::Bool(quorum(&items, group, *count as usize, request)?)
        }
    })
}

fn variable_worth(variable: Variable, request: &Request<'_>) -> Option<Value> {
    match variable {
        Variable::Intent => Some(bytes(request.intent.as_str())),
        Variable::Actor => request.actor.map(bytes),
        Variable::Caps => request.caps.map(|caps| names(caps.iter().copied())),
        Variable::Labels => request.labels.map(|labels| names(labels.iter().copied())),
        Variable::Remote => request.remote.map(bytes),
        Variable::RemoteAddr => request.remote_addr.map(bytes),
        Variable::Epoch => request.epoch.map(|epoch| Value::Integer(i128::from(epoch))),
        Variable::Path => request.path.map(bytes),
        Variable::Resource => request.resource.map(bytes),
        Variable::Payload => request.payload.map(plain),
    }
}

fn payload_part(expression: &Expression, request: &Request<'_>) -> Option<Value> {
    match expression {
        Expression::Variable(Variable::Payload) => request.payload.cloned(),
        Expression::Field(inner, name) => payload_part(inner, request)?.get(name).cloned(),
        Expression::Index(inner, index) => {
            match (payload_part(inner, request)?, worth(index, request)?) {
                (Value::Map(map), Value::Bytes(name)) => {
                    map.get(&String::from_utf8(name).ok()?).cloned()
                }
                (Value::List(items), index) => {
                    let index = usize::try_from(index.as_integer()?).ok()?;
                    items.get(index).cloned()
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Some(left.is_null() && right.is_null()),
        (Value::List(left), Value::List(right)) => {
            let pairs = left
                .iter()
                .zip(right)
                .map(|(left, right)| equal(left, right));
            let length = Some(left.len() == right.len());
            if length == Some(false) {
                return length;
            }
            and(&pairs.collect::<Vec<_>>())
        }
        (Value::Bool(left), Value::Bool(right)) => Some(left == right),
        (Value::Bytes(left), Value::Bytes(right)) => Some(left == right),
        _ => Some(left.as_number()? == right.as_number()?),
    }
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
    let less = |left: &Value, right: &Value| match (left, right) {
        (Value::Bytes(left), Value::Bytes(right)) => Some(left < right),
        _ => Some(left.as_number()? < right.as_number()?),
    };
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => equal(left, right).map(|equal| !equal),
        Comparison::Less => less(left, right),
        Comparison::Greater => less(right, left),
        Comparison::LessOrEqual => less(right, left).map(|greater| !greater),
        Comparison::GreaterOrEqual => less(left, right).map(|less| !less),
    }
}

fn includes(items: &[Value], wanted: &Value) -> Option<bool> {
    or(&items
        .iter()
        .map(|item| equal(item, wanted))
        .collect::<Vec<_>>())
}

fn changed(text: &str, range: std::ops::RangeInclusive<u8>, shift: i8) -> Value {
    let change = |byte: u8| {
        if range.contains(&byte) {
            byte.wrapping_add_signed(shift)
        } else {
            byte
        }
    };
    Value::Bytes(text.bytes().map(change).collect())
}

/// Every set of people the unclear items could be is tried at its two ends: nobody new, or all of them members.
fn quorum(items: &[Value], group: &str, count: usize, request: &Request<'_>) -> Option<bool> {
    let mut members = std::collections::BTreeSet::new();
    let mut unclear = 0;
    for item in items {
        match item {
            Value::Bytes(name) => {
                let name = std::str::from_utf8(name).expect("texts are UTF-8");
                let entry = request.trust.get(name);
                if entry.is_some_and(|entry| entry.groups.iter().any(|known| known == group)) {
                    members.insert(name);
                }
            }
            _ => unclear += 1,
        }
    }
    let (least, most) = (members.len() >= count, members.len() + unclear >= count);
    (least == most).then_some(least)
}

fn glob_matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let text: Vec<&str> = text.split('/').collect();
    segments_match(&pattern, &text)
}

fn segments_match(pattern: &[&str], text: &[&str]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((&"**", rest)) => (0..=text.len()).any(|taken| segments_match(rest, &text[taken..])),
        Some((segment, rest)) => text.split_first().is_some_and(|(first, after)| {
            stars_match(segment.as_bytes(), first.as_bytes()) && segments_match(rest, after)
        }),
    }
}

fn stars_match(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|taken| stars_match(rest, &text[taken..])),
        Some((byte, rest)) => text
            .split_first()
            .is_some_and(|(first, after)| first == byte && stars_match(rest, after)),
    }
}

fn bits(address: IpAddr) -> Vec<bool> {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    octets
        .iter()
        .flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1))
        .collect()
}
