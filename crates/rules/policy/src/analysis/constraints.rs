//! What holds of atoms beyond the procedure although their coordinates are free: which answers the kinds of their parts
//! leave. Without it nearly every difference that rests on such an atom would look possible.
//!
//! INVARIANT: a constraint is true at the classes of every request.
//! Tests: tests/it/analysis.

use super::classes::free_terms;
use super::diagram::{ALWAYS, Function};
use super::encode::{Encoded, Encoder};
use super::formula::is_base;
use super::space::{Free, Kind, RELATIONS, Relation};
use crate::language::{Expression, Literal, TrustField, Variable};
use alloc::vec::Vec;

impl Encoder<'_> {
    /// What holds of atoms beyond the procedure although they are free: an atom with a missing part is unknown, and
    /// comparisons of what is there follow the kinds of its parts.
    pub fn constraints(&mut self) -> Encoded<Function> {
        let mut constraints = Vec::new();
        for free in 0..self.space.frees.len() {
            constraints.push(self.presence(free)?);
            constraints.push(self.sense(free)?);
        }
        for quorum in 0..self.space.quorums.len() {
            constraints.push(self.quorum_sense(quorum)?);
        }
        self.diagram.all(&constraints)
    }

    /// Items that are no texts are the same ones for quorums and for members of the list.
    fn quorum_sense(&mut self, quorum: usize) -> Encoded<Function> {
        let quorum = &self.space.quorums[quorum];
        let Some(junk) = self.space.slots[quorum.slot].junk else {
            return Ok(ALWAYS);
        };
        let is_junk = self.diagram.test(junk, |class| class == 1)?;
        let is_unclear = |class: usize| quorum.classes[class].1 > 0;
        let is_unclear = self.diagram.test(quorum.coordinate, is_unclear)?;
        let both = self.diagram.and(is_junk, is_unclear)?;
        let either = self.diagram.or(is_junk, is_unclear)?;
        let neither = self.diagram.not(either)?;
        self.diagram.or(both, neither)
    }

    fn is_unknown(&mut self, free: usize) -> Encoded<Function> {
        let coordinate = self.free_coordinate(free);
        let last = self.space.class_counts[coordinate] - 1;
        self.diagram.test(coordinate, |class| class == last)
    }

    fn presence(&mut self, free: usize) -> Encoded<Function> {
        let space = self.space;
        if !is_strict(&space.frees[free]) {
            return Ok(ALWAYS);
        }
        let mut present = ALWAYS;
        for term in free_terms(&space.frees[free]) {
            let there = self.has_kind(&term, |kind| kind != Kind::Missing)?;
            present = self.diagram.and(present, there)?;
        }
        let unknown = self.is_unknown(free)?;
        self.diagram.or(present, unknown)
    }

    fn sense(&mut self, free: usize) -> Encoded<Function> {
        let space = self.space;
        match &space.frees[free] {
            Free::Comparison(left, right) if is_base(left) && is_base(right) => {
                self.comparison_sense(free, left, right)
            }
            Free::Atom(expression) => match (total_kinds(expression), expression) {
                (Some(kinds), _) => {
                    let mut fits = ALWAYS;
                    for (term, kind) in kinds {
                        let own = self.has_kind(term, |known| known == kind)?;
                        fits = self.diagram.and(fits, own)?;
                    }
                    let unknown = self.is_unknown(free)?;
                    let both = self.diagram.and(fits, unknown)?;
                    self.diagram.not(both)
                }
                (None, _) => Ok(ALWAYS),
            },
            Free::Comparison(..) => Ok(ALWAYS),
        }
    }

    /// Which relations two kinds allow.
    fn comparison_sense(
        &mut self,
        free: usize,
        left: &Expression,
        right: &Expression,
    ) -> Encoded<Function> {
        const KINDS: [Kind; 7] = [
            Kind::Number,
            Kind::Text,
            Kind::List,
            Kind::Map,
            Kind::Bool,
            Kind::Null,
            Kind::Bytes,
        ];
        let coordinate = self.free_coordinate(free);
        let mut all = ALWAYS;
        for left_kind in KINDS {
            let left = self.has_kind(left, |kind| kind == left_kind)?;
            for right_kind in KINDS {
                let right = self.has_kind(right, |kind| kind == right_kind)?;
                let both = self.diagram.and(left, right)?;
                let wrong = self.diagram.test(coordinate, |class| {
                    !possible(left_kind, right_kind, RELATIONS[class])
                })?;
                let wrong = self.diagram.and(both, wrong)?;
                let right = self.diagram.not(wrong)?;
                all = self.diagram.and(all, right)?;
            }
        }
        Ok(all)
    }
}

fn possible(left: Kind, right: Kind, relation: Relation) -> bool {
    match (left, right) {
        (Kind::Number, Kind::Number) | (Kind::Text, Kind::Text) => {
            matches!(
                relation,
                Relation::Less | Relation::Equal | Relation::Greater
            )
        }
        (Kind::Null, Kind::Null) => relation == Relation::Same,
        (Kind::Null, _) | (_, Kind::Null) => relation == Relation::Other,
        (Kind::Bool, Kind::Bool) => matches!(relation, Relation::Same | Relation::Other),
        (Kind::List, Kind::List) => {
            matches!(
                relation,
                Relation::Same | Relation::Other | Relation::Unknown
            )
        }
        _ => relation == Relation::Unknown,
    }
}

/// Whether an unknown part makes it unknown: nothing inside stops early.
fn is_strict(free: &Free) -> bool {
    fn strict(expression: &Expression) -> bool {
        let own = !matches!(expression, Expression::And(_) | Expression::Or(_));
        own && expression.children().all(strict)
    }
    match free {
        Free::Atom(expression) => strict(expression),
        Free::Comparison(left, right) => strict(left) && strict(right),
    }
}

/// Kinds of its parts under which an atom always has an answer; `None` if there are none that are known to do.
fn total_kinds(expression: &Expression) -> Option<Vec<(&Expression, Kind)>> {
    let mut kinds = Vec::new();
    match expression {
        Expression::StartsWith(left, right) | Expression::EndsWith(left, right) => {
            text_kinds(left, &mut kinds)?;
            text_kinds(right, &mut kinds)?;
        }
        Expression::Contains(left, right) if !is_text_list(left) => {
            text_kinds(left, &mut kinds)?;
            text_kinds(right, &mut kinds)?;
        }
        Expression::Includes(list, item) if is_text_list(list) => {
            if is_base(list) {
                kinds.push((&**list, Kind::List));
            }
            text_kinds(item, &mut kinds)?;
        }
        Expression::AnyOf(left, right) | Expression::AllOf(left, right)
            if is_text_list(left) && is_text_list(right) =>
        {
            for list in [left, right] {
                if is_base(list) {
                    kinds.push((&**list, Kind::List));
                }
            }
        }
        _ => return None,
    }
    Some(kinds)
}

fn text_kinds<'e>(
    expression: &'e Expression,
    kinds: &mut Vec<(&'e Expression, Kind)>,
) -> Option<()> {
    match expression {
        Expression::Lower(inner) | Expression::Upper(inner) => text_kinds(inner, kinds),
        Expression::Literal(Literal::Text(_)) => Some(()),
        expression if is_base(expression) => {
            kinds.push((expression, Kind::Text));
            Some(())
        }
        _ => None,
    }
}

/// Whether every item of the list is a text whenever it is known.
fn is_text_list(expression: &Expression) -> bool {
    match expression {
        Expression::Variable(variable) => matches!(variable, Variable::Caps | Variable::Labels),
        Expression::Trust(_, field) => *field == TrustField::Groups,
        Expression::List(items) => items.iter().all(|item| matches!(item, Literal::Text(_))),
        _ => false,
    }
}
