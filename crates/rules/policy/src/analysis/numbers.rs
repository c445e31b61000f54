//! Which numbers there are as far as comparisons with constants can tell.
//!
//! INVARIANT: between two neighbouring witnesses no atom that is not freed changes its answer.
//! Tests: `numbers/tests.rs`.

#[cfg(test)]
mod tests;

use super::classes::named_numbers;
use super::place::place;
use super::space::{Slot, Subject};
use crate::language::evaluate::judge;
use crate::language::{Comparison, Context, Expression, Intent, Truth};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use gatos_values::{Fixed, Number, Value};

/// Each named number and its neighbours, and one in any case.
pub fn all(slot: &Slot) -> Vec<Vec<Option<Value>>> {
    let mut found: BTreeSet<Number> = BTreeSet::from([Number::Integer(1)]);
    for number in named_numbers(slot) {
        found.extend(
            [Some(number), stepped(number, 1), stepped(number, -1)]
                .into_iter()
                .flatten(),
        );
        // Whole neighbours read better than the nearest ones.
        let whole = |step| number.checked_add(Number::Integer(step)).ok();
        found.extend([whole(1), whole(-1)].into_iter().flatten());
    }
    let whole_first = |number: &Number| number.as_integer().is_none();
    let mut found: Vec<Number> = found.into_iter().collect();
    found.sort_by_key(whole_first);
    found
        .into_iter()
        .map(|number| vec![Some(Value::number(number))])
        .collect()
}

/// The next number up or down.
fn stepped(number: Number, steps: i128) -> Option<Number> {
    let fixed = match number {
        Number::Integer(integer) => Fixed::from_integer(integer),
        Number::Fixed(fixed) => Some(fixed),
    };
    match (fixed, number) {
        (Some(fixed), _) => {
            let next = fixed.steps().checked_add(steps);
            next.map(|next| Number::from_fixed(Fixed::from_steps(next)))
        }
        (None, Number::Integer(integer)) => integer.checked_add(steps).map(Number::Integer),
        (None, Number::Fixed(_)) => None,
    }
}

/// Whole numbers between two bounds: the ends, the named ones with their neighbours, and wherever a comparison of sums
/// changes. A comparison that is unknown at zero is freed.
pub fn searched(
    slot: &Slot,
    least: i128,
    greatest: i128,
    freed: &mut BTreeSet<usize>,
) -> Vec<Vec<Option<Value>>> {
    let mut found = BTreeSet::from([0, 1, least, greatest]);
    for number in named_numbers(slot) {
        let floor = match number {
            Number::Integer(integer) => integer,
            Number::Fixed(fixed) => fixed.floor(),
        };
        found.extend((-1..=2).filter_map(|step| floor.checked_add(step)));
    }
    for (index, leaf) in slot.leaves.iter().enumerate() {
        if !leaf.needs.searched || freed.contains(&index) {
            continue;
        }
        let changes = match (&slot.subject, &leaf.expression) {
            (Subject::Term(term), Expression::Compare(_, left, right)) => {
                changes(&Sides { term, left, right }, least, greatest)
            }
            _ => None,
        };
        match changes {
            Some(changes) => found.extend(changes),
            None => {
                freed.insert(index);
            }
        }
    }
    let mut found: Vec<i128> = found
        .into_iter()
        .filter(|integer| (least..=greatest).contains(integer))
        .collect();
    // Small numbers first: they read best.
    found.sort_by_key(|integer| (integer.unsigned_abs(), *integer < 0));
    found
        .into_iter()
        .map(|integer| vec![Some(Value::Integer(integer))])
        .collect()
}

struct Sides<'e> {
    term: &'e Expression,
    left: &'e Expression,
    right: &'e Expression,
}

impl Sides<'_> {
    /// Which of less, equal and greater holds; `None` if unknown.
    fn order(&self, integer: i128) -> Option<(Truth, Truth)> {
        let mut context = Context::new(Intent::Read);
        place(&mut context, self.term, Some(&Value::Integer(integer)));
        let asked = |comparison| {
            let (left, right) = (Box::new(self.left.clone()), Box::new(self.right.clone()));
            let expression = Expression::Compare(comparison, left, right);
            context.ask(|request| judge(&expression, request).0)
        };
        let order = (asked(Comparison::Less), asked(Comparison::Equal));
        (order.0 != Truth::Unknown).then_some(order)
    }
}

/// Where the order of the two sides changes, with neighbours. What is known is one interval around zero, and the order
/// inside goes one way.
fn changes(sides: &Sides<'_>, least: i128, greatest: i128) -> Option<Vec<i128>> {
    let middle = 0.clamp(least, greatest);
    sides.order(middle)?;
    let known = |integer: i128| sides.order(integer).is_some();
    let high = last_where(middle, greatest, known);
    let low = -last_where(-middle, -least, |integer| known(-integer));
    let mut found = Vec::new();
    let mut note = |integer: i128| found.extend((-1..=1).map(|step| integer + step));
    note(low);
    note(high);
    let (at_low, at_high) = (sides.order(low), sides.order(high));
    note(last_where(low, high, |integer| {
        sides.order(integer) == at_low
    }));
    note(-last_where(-high, -low, |integer| {
        sides.order(-integer) == at_high
    }));
    Some(found)
}

/// The last integer from `first`, where it holds, up to `last` such that it holds; it holds for a first part only.
fn last_where(first: i128, last: i128, holds: impl Fn(i128) -> bool) -> i128 {
    let (mut good, mut bad) = (first, last + 1);
    while good + 1 < bad {
        let middle = good + (bad - good) / 2;
        if holds(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}
