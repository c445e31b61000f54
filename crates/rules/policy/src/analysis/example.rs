//! A request for a choice of classes.
//!
//! Parts are placed from the outermost in, then lists get their members and actors for quorums, then atoms beyond the
//! procedure are coaxed: the value of one side is copied to the other, an item is put into the list. Whether the result
//! is what was wanted is for the evaluator to say.
//!
//! INVARIANT: the same choice and attempt give the same request.
//! Tests: tests/it/analysis.

use super::classes::literal_value;
use super::diagram::Choice;
use super::place::{distrusted, place, trusted};
use super::space::{
    Class, Coordinate, Free, Kind, Listing, RELATIONS, Relation, Slot, Space, Subject, TRUTHS,
};
use crate::language::evaluate::{Datum, evaluate};
use crate::language::{Context, Expression, Intent, Literal, TrustEntry, Truth, Variable};
use alloc::format;
use alloc::vec::Vec;
use gatos_values::{Map, Number, Text, Value};

/// Attempts at one choice, where atoms beyond the procedure leave room.
pub const ATTEMPT_COUNT_MAX: usize = 24;

/// A request with these classes.
pub fn example(space: &Space, choice: &Choice, attempt: usize) -> Context {
    let mut context = Context::new(Intent::Read);
    for (index, slot) in space.slots.iter().enumerate() {
        if is_asked(slot) && is_open(space, choice, slot) {
            fill(space, choice, attempt, index, &mut context);
        }
    }
    for (coordinate, class) in choice {
        if let Coordinate::Quorum(quorum) = space.coordinates[*coordinate] {
            fill_quorum(space, quorum, *class, attempt, &mut context);
        }
    }
    for (coordinate, class) in choice {
        if let Coordinate::Free(free) = space.coordinates[*coordinate] {
            coax(&space.frees[free], *class, attempt, &mut context);
        }
    }
    context
}

/// The class of a slot; where it is free, the first.
fn class<'s>(slot: &'s Slot, choice: &Choice) -> Option<&'s Class> {
    slot.classes
        .get(choice.get(&slot.main).copied().unwrap_or(0))
}

/// Whether anything reads the slot. The path has one in any case.
fn is_asked(slot: &Slot) -> bool {
    let is_path = slot.subject == Subject::Term(Expression::Variable(Variable::Path));
    !is_path || slot.related || !slot.leaves.is_empty()
}

fn is_open(space: &Space, choice: &Choice, slot: &Slot) -> bool {
    let Some((parent, kind)) = slot.parent else {
        return true;
    };
    let parent = &space.slots[parent];
    class(parent, choice).is_some_and(|class| class.kind == kind) && is_open(space, choice, parent)
}

fn fill(space: &Space, choice: &Choice, attempt: usize, index: usize, context: &mut Context) {
    let slot = &space.slots[index];
    let Some(class) = class(slot, choice) else {
        return;
    };
    let term = match &slot.subject {
        Subject::Term(term) => term,
        Subject::Entry(actor) => {
            if class.kind == Kind::Missing {
                distrusted(context, actor);
            } else {
                trusted(context, actor);
            }
            return;
        }
    };
    let pick = if slot.related {
        attempt / (index % 3 + 1)
    } else {
        attempt / 8
    };
    let witness = match class.witnesses.len() {
        0 => None,
        count => class.witnesses[pick % count].clone(),
    };
    let witness = if class.kind == Kind::List && slot.listing == Listing::ByMember {
        Some(listed(slot, choice))
    } else {
        witness
    };
    if slot.parent.is_none() || witness.is_some() {
        place(context, term, witness.as_ref());
    }
}

/// A list with the chosen members.
fn listed(slot: &Slot, choice: &Choice) -> Value {
    let is = |coordinate: &usize| choice.get(coordinate) == Some(&1);
    let members = slot.members.iter().filter(|(_, coordinate)| is(coordinate));
    let mut items: Vec<Value> = members.map(|(literal, _)| literal_value(literal)).collect();
    if slot.junk.is_some_and(|junk| is(&junk)) {
        items.push(Value::Map(Map::new()));
    }
    Value::List(items)
}

/// Adds actors of the group, and items that are no actors.
fn fill_quorum(space: &Space, quorum: usize, class: usize, attempt: usize, context: &mut Context) {
    let quorum = &space.quorums[quorum];
    let (members, unclear) = quorum.classes[class];
    let Subject::Term(term) = &space.slots[quorum.slot].subject else {
        return;
    };
    let Some(mut items) = items(context, term) else {
        return;
    };
    // What was there is in the way where the length counts as well.
    if attempt % 2 == 1 {
        items.retain(|item| item.as_text().is_none());
        items.truncate(unclear as usize);
    }
    for number in 1..=members {
        let Ok(name) = Text::new(&format!("user:{}-{number}", quorum.group)) else {
            return;
        };
        let mut entry = context.trust.get(&name).cloned().unwrap_or(TrustEntry {
            level: 1,
            groups: Vec::new(),
        });
        entry.groups.push(quorum.group.clone());
        context.trust.insert(name.clone(), entry);
        items.push(Value::Text(name));
    }
    let unclear_now = items.iter().filter(|item| item.as_text().is_none()).count();
    let wanting = (unclear as usize).saturating_sub(unclear_now);
    items.extend((0..wanting).map(|_| Value::Map(Map::new())));
    place(context, term, Some(&Value::List(items)));
}

/// The list that a term is worth, as values.
fn items(context: &Context, term: &Expression) -> Option<Vec<Value>> {
    value_of(context, term)?.as_list().map(<[Value]>::to_vec)
}

/// What an expression is worth, as a value.
fn value_of(context: &Context, expression: &Expression) -> Option<Value> {
    context.ask(|request| {
        let text = |text: &str| Text::new(text).ok().map(Value::Text);
        Some(match evaluate(expression, request).ok()? {
            Datum::Null => Value::Null,
            Datum::Bool(value) => Value::Bool(value),
            Datum::Number(number) => Value::number(number),
            Datum::Text(known) => text(&known)?,
            Datum::Names(names) => {
                Value::List(names.iter().map(|name| text(name)).collect::<Option<_>>()?)
            }
            Datum::Texts(texts) => Value::List(texts.iter().cloned().map(Value::Text).collect()),
            Datum::Literals(literals) => Value::List(literals.iter().map(literal_value).collect()),
            Datum::Values(values) => Value::List(values.to_vec()),
            Datum::Other(value) => value.clone(),
        })
    })
}

/// Tries to make an atom come out as chosen.
fn coax(free: &Free, class: usize, attempt: usize, context: &mut Context) {
    match free {
        Free::Atom(expression) => match TRUTHS.get(class) {
            Some(Truth::True) => coax_true(expression, attempt, context),
            Some(Truth::False) => coax_false(expression, context),
            _ => {}
        },
        Free::Comparison(left, right) => {
            let (from, to) = if attempt.is_multiple_of(2) {
                (left, right)
            } else {
                (right, left)
            };
            let step = match RELATIONS.get(class) {
                Some(Relation::Equal | Relation::Same) => 0,
                Some(Relation::Less) => 1,
                Some(Relation::Greater) => -1,
                _ => return,
            };
            let step = if attempt.is_multiple_of(2) {
                step
            } else {
                -step
            };
            let Some(value) = value_of(context, from) else {
                return;
            };
            if let Some(value) = shifted(&value, step, attempt / 2) {
                place(context, to, Some(&value));
            }
        }
    }
}

/// A value a little greater or less.
fn shifted(value: &Value, step: i128, attempt: usize) -> Option<Value> {
    let far = [1, 10, 1000][attempt % 3];
    match (value, step) {
        (value, 0) => Some(value.clone()),
        (Value::Integer(_) | Value::Fixed(_), step) => {
            let number = match value {
                Value::Fixed(fixed) => Number::from_fixed(*fixed),
                other => Number::Integer(other.as_integer()?),
            };
            let moved = number.checked_add(Number::Integer(step * far)).ok()?;
            Some(Value::number(moved))
        }
        (Value::Text(text), 1) => Value::text(&format!("{text}x")).ok(),
        _ => None,
    }
}

fn coax_true(expression: &Expression, attempt: usize, context: &mut Context) {
    match expression {
        Expression::Includes(list, item) | Expression::Contains(list, item) => {
            let Some(wanted) = value_of(context, item) else {
                return;
            };
            if let Some(mut items) = items(context, list) {
                if attempt % 2 == 1
                    && let Some(first) = items.first()
                {
                    let first = first.clone();
                    place(context, item, Some(&first));
                    return;
                }
                items.push(wanted);
                place(context, list, Some(&Value::List(items)));
            } else if matches!(expression, Expression::Contains(..)) {
                place(context, list, Some(&wanted));
            }
        }
        Expression::StartsWith(whole, part) | Expression::EndsWith(whole, part) => {
            let (from, to) = if attempt.is_multiple_of(2) {
                (part, whole)
            } else {
                (whole, part)
            };
            if let Some(value) = value_of(context, from) {
                place(context, to, Some(&value));
            }
        }
        Expression::AnyOf(list, wanted) | Expression::AllOf(list, wanted) => {
            if let (Some(mut items), Some(more)) = (items(context, list), items(context, wanted)) {
                items.extend(more);
                place(context, list, Some(&Value::List(items)));
            }
        }
        Expression::Compare(_, left, right) => {
            // A comparison of one part with a sum or a list of constants: the constant itself may do.
            if let (Expression::List(list), term) | (term, Expression::List(list)) =
                (&**left, &**right)
            {
                let items = list.iter().map(literal_value).collect();
                place(context, term, Some(&Value::List(items)));
            }
        }
        _ => {}
    }
}

fn coax_false(expression: &Expression, context: &mut Context) {
    if let Expression::Includes(list, item) = expression
        && let (Some(mut items), Some(unwanted)) = (items(context, list), value_of(context, item))
        && !matches!(**item, Expression::Literal(Literal::Null))
    {
        items.retain(|known| *known != unwanted);
        place(context, list, Some(&Value::List(items)));
    }
}
