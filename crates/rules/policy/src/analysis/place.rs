//! Putting a value where a term reads it.
//!
//! INVARIANT: after [`place`] the term has the value, if the part it lies in can hold it.
//! Tests: `place/tests.rs`.

#[cfg(test)]
mod tests;

use super::formula::list_index;
use crate::language::evaluate::{Datum, evaluate};
use crate::language::{
    Context, Expression, Literal, TrustEntry, TrustField, TrustSnapshot, Variable,
};
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::{Map, Text, Value};

/// Sets what the term reads; `None` leaves a variable or a part missing. A value of a kind that the part cannot have
/// leaves it missing as well.
pub fn place(context: &mut Context, term: &Expression, value: Option<&Value>) {
    match term {
        Expression::Variable(variable) => place_variable(context, *variable, value),
        Expression::Trust(actor, field) => {
            if let Some(value) = value {
                place_trust(context, actor, *field, value);
            }
        }
        Expression::Field(..) | Expression::Index(..) => {
            let payload = context.payload.take();
            context.payload = Some(inside(payload, term, value));
        }
        _ => {}
    }
}

fn place_variable(context: &mut Context, variable: Variable, value: Option<&Value>) {
    let text = value.and_then(Value::as_text).cloned();
    match variable {
        Variable::Intent => {
            let intent = text.and_then(|text| crate::language::Intent::parse(&text));
            context.intent = intent.unwrap_or(context.intent);
        }
        Variable::Actor => context.actor = text,
        Variable::Caps => context.caps = texts(value),
        Variable::Labels => context.labels = texts(value),
        Variable::Remote => context.remote = text,
        Variable::RemoteAddr => context.remote_addr = text,
        Variable::Epoch => {
            let integer = value.and_then(Value::as_integer);
            context.epoch = integer.and_then(|integer| u64::try_from(integer).ok());
        }
        Variable::Path => context.path = text,
        Variable::Resource => context.resource = text,
        Variable::Payload => context.payload = value.cloned(),
    }
}

fn texts(value: Option<&Value>) -> Option<Vec<Text>> {
    let items = value?.as_list()?;
    Some(
        items
            .iter()
            .filter_map(|item| item.as_text().cloned())
            .collect(),
    )
}

/// Makes the actor known, if it is not, and sets a field of its entry.
fn place_trust(context: &mut Context, actor: &Expression, field: TrustField, value: &Value) {
    if let Some(name) = trusted(context, actor) {
        let mut entry = context.trust.get(&name).cloned().unwrap_or_default();
        match field {
            TrustField::Level => {
                let level = value
                    .as_integer()
                    .and_then(|integer| i64::try_from(integer).ok());
                entry.level = level.unwrap_or_default();
            }
            TrustField::Groups => entry.groups = texts(Some(value)).unwrap_or_default(),
        }
        context.trust.insert(name, entry);
    }
}

/// Makes an actor known, and named if it is not, and gives the name.
pub fn trusted(context: &mut Context, actor: &Expression) -> Option<Text> {
    let name = match named(context, actor) {
        Some(name) => name,
        None => {
            let name = Text::from_ascii("user:alice");
            place(context, actor, Some(&Value::Text(name.clone())));
            name
        }
    };
    if context.trust.get(&name).is_none() {
        context.trust.insert(name.clone(), TrustEntry::default());
    }
    Some(name)
}

/// Forgets an actor.
pub fn distrusted(context: &mut Context, actor: &Expression) {
    if let Some(name) = named(context, actor) {
        let entries = context.trust.iter().filter(|(known, _)| **known != name);
        let entries: Vec<(Text, TrustEntry)> = entries
            .map(|(known, entry)| (known.clone(), entry.clone()))
            .collect();
        context.trust = TrustSnapshot::from_entries(entries);
    }
}

/// The text that an expression is worth.
pub fn named(context: &Context, expression: &Expression) -> Option<Text> {
    if let Expression::Literal(Literal::Text(text)) = expression {
        return Some(text.clone());
    }
    let text = context.ask(|request| match evaluate(expression, request) {
        Ok(Datum::Text(text)) => Some(String::from(&*text)),
        _ => None,
    });
    Text::new(&text?).ok()
}

/// The payload with a part set; what is in the way is replaced.
fn inside(payload: Option<Value>, term: &Expression, value: Option<&Value>) -> Value {
    let mut root = payload.unwrap_or_else(|| Value::Map(Map::new()));
    let mut steps = Vec::new();
    let mut next = term;
    while let Expression::Field(inner, _) | Expression::Index(inner, _) = next {
        steps.push(next);
        next = inner;
    }
    steps.reverse();
    set(&mut root, &steps, value);
    root
}

fn set(place: &mut Value, steps: &[&Expression], value: Option<&Value>) {
    let Some((step, rest)) = steps.split_first() else {
        *place = value.cloned().unwrap_or_default();
        return;
    };
    match step {
        Expression::Field(_, name) => {
            if !matches!(place, Value::Map(_)) {
                *place = Value::Map(Map::new());
            }
            let Value::Map(map) = place else { return };
            if rest.is_empty() && value.is_none() {
                map.remove(name);
                return;
            }
            let mut part = map.remove(name).unwrap_or_else(|| Value::Map(Map::new()));
            set(&mut part, rest, value);
            map.insert(name.clone(), part);
        }
        Expression::Index(_, index) => {
            if !matches!(place, Value::List(_)) {
                *place = Value::List(Vec::new());
            }
            let (Value::List(list), Some(index)) = (place, list_index(index)) else {
                return;
            };
            if rest.is_empty() && value.is_none() {
                list.truncate(index);
                return;
            }
            while list.len() <= index {
                list.push(Value::Null);
            }
            set(&mut list[index], rest, value);
        }
        _ => {}
    }
}
