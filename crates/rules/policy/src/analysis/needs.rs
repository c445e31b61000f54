//! What an atom needs to know of its slot, or that it is beyond the procedure.
//!
//! INVARIANT: two values of which the needs tell the same get the same answer from the atom.
//! TWIN: expressions. Tests: tests/it/analysis.

use super::space::{Members, Needs};
use super::texts::{Fold, LENGTH_MAX, TextTest};
use crate::language::{Comparison, Expression, Literal, TrustField, Variable};
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::Number;

/// The term itself, or the term in one case.
fn folded(expression: &Expression, term: &Expression) -> Option<Fold> {
    match expression {
        expression if expression == term => Some(Fold::Exact),
        Expression::Lower(inner) => folded(inner, term).map(|_| Fold::Lower),
        Expression::Upper(inner) => folded(inner, term).map(|_| Fold::Upper),
        _ => None,
    }
}

/// What an atom about one term needs to know of it; `None` if it is beyond the procedure.
pub fn needs(expression: &Expression, term: &Expression) -> Option<Needs> {
    let mut needs = Needs::default();
    match expression {
        expression if expression == term => {}
        Expression::Compare(comparison, left, right) => match (&**left, &**right) {
            (side, Expression::Literal(literal)) | (Expression::Literal(literal), side) => {
                needs.compared(*comparison, side, literal, term)?;
            }
            // A text, a whole number or a list of texts equals itself.
            (left, right) if left == right && left == term && !is_of_payload(term) => {}
            (left, right) if is_affine(left, term) && is_affine(right, term) => {
                needs.searched = true;
            }
            _ => return None,
        },
        Expression::Includes(list, item) => match (&**list, &**item) {
            (Expression::List(items), side) => {
                let fold = folded(side, term)?;
                items.iter().for_each(|item| needs.equal(fold, item));
            }
            (side, Expression::Literal(literal)) if side == term => {
                needs.members = Some(Members::Any(Vec::from([literal.clone()])));
            }
            _ => return None,
        },
        Expression::Contains(whole, part) => match (&**whole, &**part) {
            (Expression::Literal(Literal::Text(whole)), side) => {
                needs.text(
                    folded(side, term)?,
                    TextTest::Within(String::from(whole.as_str())),
                );
            }
            (side, Expression::Literal(literal)) => {
                let fold = folded(side, term)?;
                if let Literal::Text(part) = literal {
                    needs.text(fold, TextTest::Contains(String::from(part.as_str())));
                }
                if fold == Fold::Exact {
                    needs.members = Some(Members::Any(Vec::from([literal.clone()])));
                }
            }
            _ => return None,
        },
        Expression::StartsWith(whole, part) => {
            let (fold, text) = text_beside(whole, part, term)?;
            needs.text(fold, TextTest::Follows(text));
        }
        Expression::EndsWith(whole, part) => {
            let (fold, text) = text_beside(whole, part, term)?;
            let test = if matches!(**whole, Expression::Literal(_)) {
                TextTest::Within(text)
            } else {
                TextTest::EndsWith(text)
            };
            needs.text(fold, test);
        }
        Expression::MatchesGlob(inner, glob) => {
            let pattern = String::from(glob.as_str());
            needs.text(folded(inner, term)?, TextTest::Glob(pattern));
        }
        Expression::InNetwork(inner, network) if **inner == *term => {
            needs.networks.push(*network);
        }
        Expression::AnyOf(list, wanted) => match (&**list, &**wanted) {
            (Expression::List(items), side) | (side, Expression::List(items)) if side == term => {
                needs.members = Some(Members::Any(items.clone()));
            }
            _ => return None,
        },
        Expression::AllOf(list, wanted) => match (&**list, &**wanted) {
            (side, Expression::List(items)) if side == term => {
                needs.members = Some(Members::All(items.clone()));
            }
            (Expression::List(items), side) if side == term => {
                needs.members = Some(Members::All(items.clone()));
                needs.whole_list = true;
            }
            _ => return None,
        },
        _ => return None,
    }
    Some(needs)
}

/// A text of the policy beside the term.
fn text_beside(left: &Expression, right: &Expression, term: &Expression) -> Option<(Fold, String)> {
    let (side, text) = match (left, right) {
        (Expression::Literal(Literal::Text(text)), side)
        | (side, Expression::Literal(Literal::Text(text))) => (side, text),
        _ => return None,
    };
    Some((folded(side, term)?, String::from(text.as_str())))
}

/// A sum, difference or multiple of the term and constants, or a constant; the term is a whole number of bounded size.
fn is_affine(expression: &Expression, term: &Expression) -> bool {
    let whole_number = matches!(
        term,
        Expression::Variable(Variable::Epoch) | Expression::Trust(_, TrustField::Level)
    );
    match expression {
        expression if expression == term => whole_number,
        Expression::Literal(Literal::Number(_)) => true,
        Expression::Add(left, right) | Expression::Subtract(left, right) => {
            is_affine(left, term) && is_affine(right, term)
        }
        Expression::Multiply(inner, _) => is_affine(inner, term),
        _ => false,
    }
}

impl Needs {
    fn text(&mut self, fold: Fold, test: TextTest) {
        self.tests.insert((fold, test));
    }

    fn equal(&mut self, fold: Fold, literal: &Literal) {
        match literal {
            Literal::Text(text) => self.text(fold, TextTest::Is(String::from(text.as_str()))),
            Literal::Number(number) => {
                self.numbers.insert(number.normalised());
            }
            Literal::Null | Literal::Bool(_) => {}
        }
    }

    fn compared(
        &mut self,
        comparison: Comparison,
        side: &Expression,
        literal: &Literal,
        term: &Expression,
    ) -> Option<()> {
        if let Some(fold) = folded(side, term) {
            match (comparison, literal) {
                (Comparison::Equal | Comparison::NotEqual, literal) => self.equal(fold, literal),
                (_, Literal::Text(text)) => {
                    self.text(fold, TextTest::Order(String::from(text.as_str())));
                }
                (_, literal) => self.equal(fold, literal),
            }
            return Some(());
        }
        match side {
            Expression::Length(inner) => {
                folded(inner, term)?;
                self.length(literal)
            }
            side if is_affine(side, term) => {
                self.searched = true;
                Some(())
            }
            _ => None,
        }
    }

    /// Lengths are told up to the bound they are compared with.
    fn length(&mut self, literal: &Literal) -> Option<()> {
        let Literal::Number(number) = literal else {
            return Some(());
        };
        let bound = match number.normalised() {
            Number::Integer(integer) => integer,
            Number::Fixed(fixed) => fixed.floor().checked_add(1)?,
        };
        let bound = usize::try_from(bound.max(0))
            .ok()
            .filter(|bound| *bound < LENGTH_MAX)?;
        self.text(Fold::Exact, TextTest::Length(bound));
        self.whole_list = true;
        self.length_max = bound;
        Some(())
    }
}

fn is_of_payload(term: &Expression) -> bool {
    match term {
        Expression::Variable(variable) => *variable == Variable::Payload,
        term => matches!(term, Expression::Field(..) | Expression::Index(..)),
    }
}
