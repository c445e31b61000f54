//! A bound on what one decision costs a rule, known before any request.
//!
//! A *step* is one node of an expression or one pattern of `when`. A *scan* is one pass over one text or list of the
//! request; comparing with something of the policy counts one pass for each byte or item of it, which is the worst
//! that substring search, globs and list against list can do.
//!
//! INVARIANT: evaluating does no more than the bound says, whatever the request.
//! TWIN: expressions. Tests: tests/it/language/costs.rs.

use super::expression::Expression;
use core::fmt;
use core::ops::Add;

/// The bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    /// Work that does not depend on the request, in nodes.
    pub steps: u64,
    /// Passes over one text or list of the request.
    pub scans: u64,
}

impl Cost {
    /// The bound of one expression.
    #[must_use]
    pub fn of(expression: &Expression) -> Cost {
        let own = Cost {
            steps: 1,
            scans: scans(expression),
        };
        expression.children().map(Cost::of).fold(own, Cost::add)
    }
}

fn scans(expression: &Expression) -> u64 {
    match expression {
        Expression::Literal(_)
        | Expression::List(_)
        | Expression::Variable(_)
        | Expression::Not(_)
        | Expression::And(_)
        | Expression::Or(_)
        | Expression::Add(..)
        | Expression::Subtract(..)
        | Expression::Multiply(..) => 0,
        Expression::Field(..)
        | Expression::Trust(..)
        | Expression::InNetwork(..)
        | Expression::Length(_)
        | Expression::Lower(_)
        | Expression::Upper(_) => 1,
        Expression::Index(_, right)
        | Expression::Compare(_, _, right)
        | Expression::StartsWith(_, right)
        | Expression::EndsWith(_, right) => 1 + u64::from(!right.is_constant()),
        Expression::Includes(left, right)
        | Expression::Contains(left, right)
        | Expression::AnyOf(left, right)
        | Expression::AllOf(left, right) => 1 + size(left) * size(right),
        Expression::MatchesGlob(_, glob) => glob.as_str().len() as u64,
        Expression::Quorum { .. } => 2,
    }
}

/// Bytes or items of a constant, at least 1; a part of the request counts as one.
fn size(expression: &Expression) -> u64 {
    use super::expression::Literal;
    let size = match expression {
        Expression::Literal(Literal::Text(text)) => text.len(),
        Expression::List(items) => items.len(),
        _ => 1,
    };
    size.max(1) as u64
}

impl Add for Cost {
    type Output = Cost;

    fn add(self, other: Cost) -> Cost {
        Cost {
            steps: self.steps + other.steps,
            scans: self.scans + other.scans,
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "at most {} steps and {} scans",
            self.steps, self.scans
        )
    }
}
