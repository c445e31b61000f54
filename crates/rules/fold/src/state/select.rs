//! What a reducer reads off an event: keys, values, amounts, and whether its conditions hold.

use super::journals::JournalIndex;
use super::{FoldEvent, Stamp};
use crate::ir::{Amount, Attribute, Comparison, Condition, Selector, Source};
use crate::query::{Query, Root};
use alloc::borrow::Cow;
use alloc::string::ToString;
use alloc::vec::Vec;
use gatos_numbers::Number;
use gatos_values::{EventId, Map, Text, Value};

/// An event on its way into a reducer, with the element of its list where there is one.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) event: &'a FoldEvent<'a>,
    pub(super) element: Option<&'a Value>,
    pub(super) stamp: Stamp,
    pub(super) journal: JournalIndex,
}

/// The event does not fit the reducer: something is missing, of the wrong kind or out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misfit;

/// Whether all conditions that speak of the event hold.
pub(super) fn holds_for_event(conditions: &[Condition], input: &Input<'_>) -> bool {
    conditions
        .iter()
        .filter(|condition| !speaks_of_element(condition))
        .all(|condition| holds(condition, input))
}

/// Whether all conditions that speak of the element hold.
pub(super) fn holds_for_element(conditions: &[Condition], input: &Input<'_>) -> bool {
    conditions
        .iter()
        .filter(|condition| speaks_of_element(condition))
        .all(|condition| holds(condition, input))
}

/// Whether all conditions hold.
pub(super) fn holds_all(conditions: &[Condition], input: &Input<'_>) -> bool {
    conditions.iter().all(|condition| holds(condition, input))
}

fn speaks_of_element(condition: &Condition) -> bool {
    matches!(condition, Condition::Compare { query, .. } if query.root() == Root::Element)
}

fn holds(condition: &Condition, input: &Input<'_>) -> bool {
    match condition {
        Condition::Type(globs) => globs
            .iter()
            .any(|glob| glob.matches(input.event.event_type)),
        Condition::Actor(globs) => globs.iter().any(|glob| glob.matches(input.event.actor)),
        Condition::Compare {
            query,
            comparison,
            operand,
        } => {
            let found = query.find(input.event.payload, input.element);
            match (found, comparison) {
                (found, Comparison::Exists) => Some(found.is_some()) == operand.as_bool(),
                (None, _) => false,
                (Some(value), comparison) => compares(value, *comparison, operand),
            }
        }
    }
}

fn compares(value: &Value, comparison: Comparison, operand: &Value) -> bool {
    match comparison {
        Comparison::Equal => value == operand,
        Comparison::NotEqual => value != operand,
        Comparison::In => operand
            .as_list()
            .is_some_and(|choices| choices.binary_search(value).is_ok()),
        Comparison::Exists => true,
        Comparison::Less => have_order(value, operand) && value < operand,
        Comparison::LessOrEqual => have_order(value, operand) && value <= operand,
        Comparison::Greater => have_order(value, operand) && value > operand,
        Comparison::GreaterOrEqual => have_order(value, operand) && value >= operand,
    }
}

/// Numbers compare with numbers and texts with texts; anything else is neither less nor greater.
fn have_order(left: &Value, right: &Value) -> bool {
    (left.as_number().is_some() && right.as_number().is_some())
        || (left.as_str().is_some() && right.as_str().is_some())
}

impl<'a> Input<'a> {
    fn find(&self, query: &Query) -> Option<&'a Value> {
        query.find(self.event.payload, self.element)
    }

    /// The value of an attribute of the event.
    fn attribute(&self, attribute: Attribute) -> Option<Value> {
        let text = match attribute {
            Attribute::Type => Text::new(self.event.event_type),
            Attribute::Actor => Text::new(self.event.actor),
            Attribute::Ulid => Text::from_string(self.event.ulid.to_string()),
            Attribute::Id => Text::from_string(self.event.id.to_string()),
        };
        text.ok().map(Value::Text)
    }

    fn select(&self, selector: &Selector) -> Option<Cow<'a, Value>> {
        match selector {
            Selector::Query(query) => self.find(query).map(Cow::Borrowed),
            Selector::Attribute(attribute) => self.attribute(*attribute).map(Cow::Owned),
        }
    }

    /// A key: text as it is, an integer as its decimal text.
    pub(super) fn key(&self, selector: &Selector) -> Result<Cow<'a, str>, Misfit> {
        match self.select(selector).ok_or(Misfit)? {
            Cow::Borrowed(Value::Text(text)) => Ok(Cow::Borrowed(text.as_str())),
            Cow::Owned(Value::Text(text)) => Ok(Cow::Owned(text.into_string())),
            other => match *other {
                Value::Integer(integer) => Ok(Cow::Owned(integer.to_string())),
                _ => Err(Misfit),
            },
        }
    }

    /// The value to store. An object has the fields that are there.
    pub(super) fn value(&self, source: &Source) -> Result<Cow<'a, Value>, Misfit> {
        let fields = match source {
            Source::One(selector) => return self.select(selector).ok_or(Misfit),
            Source::Object(fields) => fields,
        };
        let found = fields.iter().filter_map(|(name, selector)| {
            Some((name.clone(), self.select(selector)?.into_owned()))
        });
        // The compiler has made the names unique.
        let map = Map::from_entries(found.collect()).map_err(|_| Misfit)?;
        Ok(Cow::Owned(Value::Map(map)))
    }

    /// What a counter moves by.
    pub(super) fn amount(&self, amount: &Amount) -> Result<Number, Misfit> {
        match amount {
            Amount::Constant(number) => Ok(*number),
            Amount::Query(query) => self.number(query).and_then(|number| {
                if number < Number::ZERO {
                    Err(Misfit)
                } else {
                    Ok(number)
                }
            }),
        }
    }

    /// The number a query names.
    pub(super) fn number(&self, query: &Query) -> Result<Number, Misfit> {
        self.find(query).and_then(Value::as_number).ok_or(Misfit)
    }

    /// The event ids a query names: one, or a list.
    pub(super) fn event_ids(&self, query: &Query) -> Result<Vec<EventId>, Misfit> {
        let id = |value: &Value| {
            value
                .as_str()
                .and_then(|text| EventId::parse(text).ok())
                .ok_or(Misfit)
        };
        match self.find(query).ok_or(Misfit)? {
            Value::List(items) => items.iter().map(id).collect(),
            one => Ok(Vec::from([id(one)?])),
        }
    }
}
