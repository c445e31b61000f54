//! Lines taken apart: connectives over atoms, every atom with the slot it asks and what it needs to know of it.
//!
//! Connectives stay connectives, so Kleene's logic is the encoder's work. Everything else is strict: an atom with an
//! unknown part is unknown, which is what makes slots independent.
//!
//! INVARIANT: an atom is a leaf only if its answer depends on one slot, and only on what its needs tell.
//! TWIN: expressions.

use super::needs::needs;
use super::space::{
    Atom, ClauseName, Free, Kind, Leaf, Listing, Needs, Quorum, Slot, Space, Subject,
};
use crate::language::evaluate::judge;
use crate::language::raise;
use crate::language::syntax::print;
use crate::language::{
    Comparison, Expression, Intent, IntentSet, Literal, Request, TrustField, TrustSnapshot, Truth,
    Variable, When,
};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use gatos_values::Text;

/// A line, as connectives over atoms.
#[derive(Clone, Debug, PartialEq)]
pub enum Formula {
    Constant(Truth),
    Atom(Atom),
    Not(Box<Formula>),
    And(Vec<Formula>),
    Or(Vec<Formula>),
}

impl Formula {
    fn not(self) -> Formula {
        Formula::Not(Box::new(self))
    }
}

/// Puts atoms into a space.
pub struct Reader<'s> {
    pub space: &'s mut Space,
    /// The line that is read.
    pub clause: Option<ClauseName>,
}

impl Reader<'_> {
    /// The formula of a line.
    pub fn line(&mut self, line: &Expression) -> Formula {
        self.name_texts(line);
        self.formula(line)
    }

    /// The formula of whether a rule is about a request.
    pub fn when(&mut self, when: &When) -> Formula {
        let mut parts = Vec::from([self.intents(when.intents)]);
        if let Some(globs) = &when.paths {
            let path = || Box::new(Expression::Variable(Variable::Path));
            let globs = globs.iter().map(|glob| {
                let expression = Expression::MatchesGlob(path(), glob.clone());
                self.atom(&expression)
            });
            parts.push(Formula::Or(globs.collect()));
        }
        Formula::And(parts)
    }

    /// The formula of whether the intent is one of these.
    pub fn intents(&mut self, intents: IntentSet) -> Formula {
        if intents == IntentSet::ALL {
            return Formula::Constant(Truth::True);
        }
        let words = intents.iter().map(Intent::as_str).map(Text::from_ascii);
        let words = words.map(Literal::Text).collect();
        let intent = Expression::Variable(Variable::Intent);
        self.atom(&Expression::Includes(
            Box::new(Expression::List(words)),
            Box::new(intent),
        ))
    }

    /// The formula of whether the snapshot knows the actor, which is all that the empty policy asks.
    pub fn actor_is_known(&mut self) -> Formula {
        let actor = Box::new(Expression::Variable(Variable::Actor));
        let level = Box::new(Expression::Trust(actor, TrustField::Level));
        self.atom(&Expression::Compare(
            Comparison::Equal,
            level.clone(),
            level,
        ))
    }

    fn name_texts(&mut self, expression: &Expression) {
        let mut name = |literal: &Literal| {
            if let Literal::Text(text) = literal {
                self.space.named_texts.insert(text.clone());
            }
        };
        match expression {
            Expression::Literal(literal) => name(literal),
            Expression::List(items) => items.iter().for_each(name),
            _ => {}
        }
        for child in expression.children() {
            self.name_texts(child);
        }
    }

    fn formula(&mut self, expression: &Expression) -> Formula {
        match expression {
            Expression::Not(inner) => self.formula(inner).not(),
            Expression::And(operands) => Formula::And(self.formulas(operands)),
            Expression::Or(operands) => Formula::Or(self.formulas(operands)),
            Expression::Compare(comparison, left, right) if is_truth(left) || is_truth(right) => {
                self.truths_compared(*comparison, left, right, expression)
            }
            _ => self.atom(expression),
        }
    }

    fn formulas(&mut self, operands: &[Expression]) -> Vec<Formula> {
        operands
            .iter()
            .map(|operand| self.formula(operand))
            .collect()
    }

    /// Equality of truth values; unknown where one of them is.
    fn truths_compared(
        &mut self,
        comparison: Comparison,
        left: &Expression,
        right: &Expression,
        whole: &Expression,
    ) -> Formula {
        let (left, right) = if is_truth(left) {
            (left, right)
        } else {
            (right, left)
        };
        let equal = match right {
            Expression::Literal(Literal::Bool(true)) => self.formula(left),
            Expression::Literal(Literal::Bool(false)) => self.formula(left).not(),
            Expression::Literal(Literal::Null) => {
                let left = self.formula(left);
                Formula::And(Vec::from([left.clone(), left.not()]))
            }
            right if is_truth(right) => {
                let (left, right) = (self.formula(left), self.formula(right));
                let both = Formula::And(Vec::from([left.clone(), right.clone()]));
                let neither = Formula::And(Vec::from([left.not(), right.not()]));
                Formula::Or(Vec::from([both, neither]))
            }
            _ => return self.free(whole),
        };
        match comparison {
            Comparison::Equal => equal,
            Comparison::NotEqual => equal.not(),
            _ => self.free(whole),
        }
    }

    fn atom(&mut self, expression: &Expression) -> Formula {
        let mut terms = Vec::new();
        if !base_terms(expression, &mut terms) {
            return self.free(expression);
        }
        match (&*terms, expression) {
            ([], _) => Formula::Constant(constant(expression)),
            (
                [only],
                Expression::Quorum {
                    actors,
                    group,
                    count,
                },
            ) if only == &**actors => self.quorum(actors, group, *count),
            ([only], _) => match needs(expression, only) {
                Some(needs) => self.leaf(expression, only, needs),
                None => self.free(expression),
            },
            _ => self.free(expression),
        }
    }

    fn leaf(&mut self, expression: &Expression, term: &Expression, needs: Needs) -> Formula {
        let slot = self.slot(term);
        let name = print(&raise(expression));
        let atom = match self.space.atom_names.get(&name) {
            Some(known) => *known,
            None => {
                let leaves = &mut self.space.slots[slot].leaves;
                leaves.push(Leaf {
                    expression: expression.clone(),
                    needs,
                    free: None,
                });
                let leaf = leaves.len() - 1;
                Atom::Leaf { slot, leaf }
            }
        };
        self.known(name, atom)
    }

    fn quorum(&mut self, actors: &Expression, group: &Text, count: u32) -> Formula {
        let slot = self.slot(actors);
        let quorums = &mut self.space.quorums;
        let known = quorums
            .iter()
            .position(|quorum| quorum.slot == slot && quorum.group == *group);
        let quorum = known.unwrap_or_else(|| {
            quorums.push(Quorum {
                slot,
                group: group.clone(),
                counts: BTreeSet::new(),
                coordinate: 0,
                classes: Vec::new(),
            });
            quorums.len() - 1
        });
        quorums[quorum].counts.insert(count);
        let name = format!("quorum {quorum} {count}");
        self.known(name, Atom::Quorum { quorum, count })
    }

    /// An atom that may answer anything. Comparisons of the same two expressions answer together.
    fn free(&mut self, expression: &Expression) -> Formula {
        let mut terms = Vec::new();
        base_terms(expression, &mut terms);
        for term in &terms {
            let slot = self.slot(term);
            self.space.slots[slot].related |= terms.len() > 1;
        }
        let Expression::Compare(comparison, left, right) = expression else {
            let name = format!("free {}", print(&raise(expression)));
            return self.freed(name, || Free::Atom(expression.clone()));
        };
        let (left_name, right_name) = (print(&raise(left)), print(&raise(right)));
        let (left, right, comparison, name) = if left_name <= right_name {
            (
                left,
                right,
                *comparison,
                format!("compared {left_name} ~ {right_name}"),
            )
        } else {
            (
                right,
                left,
                mirrored(*comparison),
                format!("compared {right_name} ~ {left_name}"),
            )
        };
        let free = self.freed(name, || {
            Free::Comparison((**left).clone(), (**right).clone())
        });
        let Formula::Atom(Atom::Free { free }) = free else {
            return free;
        };
        let sign = Comparison::ALL
            .iter()
            .position(|known| *known == comparison);
        let sign = sign.unwrap_or_default();
        self.known(
            format!("compared {free} {sign}"),
            Atom::Compared { free, sign },
        )
    }

    fn freed(&mut self, name: String, make: impl FnOnce() -> Free) -> Formula {
        let atom = match self.space.atom_names.get(&name) {
            Some(known) => *known,
            None => {
                self.space.frees.push(make());
                let free = self.space.frees.len() - 1;
                Atom::Free { free }
            }
        };
        self.known(name, atom)
    }

    fn known(&mut self, name: String, atom: Atom) -> Formula {
        self.space.atom_names.insert(name, atom);
        if let Some(clause) = &self.clause {
            let clauses = self.space.clauses.entry(atom).or_default();
            clauses.insert(clause.clone());
        }
        Formula::Atom(atom)
    }

    /// The slot of a term; makes it and those it lies in.
    pub fn slot(&mut self, term: &Expression) -> usize {
        let name = print(&raise(term));
        if let Some(known) = self.space.slot(&name) {
            return known;
        }
        let parent = match term {
            Expression::Field(inner, _) => Some((self.part(inner), Kind::Map)),
            Expression::Index(inner, _) => Some((self.part(inner), Kind::List)),
            Expression::Trust(actor, _) => Some((self.entry(actor), Kind::Map)),
            _ => None,
        };
        self.new_slot(name, Subject::Term(term.clone()), parent)
    }

    fn part(&mut self, inner: &Expression) -> usize {
        let slot = self.slot(inner);
        self.space.slots[slot].has_parts = true;
        slot
    }

    fn entry(&mut self, actor: &Expression) -> usize {
        let name = format!("entry {}", print(&raise(actor)));
        if let Some(known) = self.space.slot(&name) {
            return known;
        }
        let parent = match actor {
            Expression::Literal(_) => None,
            actor => Some((self.slot(actor), Kind::Text)),
        };
        self.new_slot(name, Subject::Entry(actor.clone()), parent)
    }

    fn new_slot(&mut self, name: String, subject: Subject, parent: Option<(usize, Kind)>) -> usize {
        self.space.slots.push(Slot {
            subject,
            parent,
            leaves: Vec::new(),
            classes: Vec::new(),
            listing: Listing::ByMember,
            members: Vec::new(),
            main: 0,
            junk: None,
            related: false,
            has_parts: false,
        });
        let slot = self.space.slots.len() - 1;
        self.space.slot_names.insert(name, slot);
        slot
    }
}

/// Whether it is a truth value whenever it is known, and no constant.
fn is_truth(expression: &Expression) -> bool {
    matches!(
        expression,
        Expression::Not(_)
            | Expression::And(_)
            | Expression::Or(_)
            | Expression::Compare(..)
            | Expression::Includes(..)
            | Expression::Contains(..)
            | Expression::StartsWith(..)
            | Expression::EndsWith(..)
            | Expression::MatchesGlob(..)
            | Expression::InNetwork(..)
            | Expression::AnyOf(..)
            | Expression::AllOf(..)
            | Expression::Quorum { .. }
    )
}

/// What a line without any part of the request says.
fn constant(expression: &Expression) -> Truth {
    let nobody = TrustSnapshot::EMPTY;
    judge(expression, &Request::new(Intent::Read, &nobody)).0
}

const fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal | Comparison::NotEqual => comparison,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
    }
}

/// Whether it is a term that has a slot.
pub fn is_base(expression: &Expression) -> bool {
    match expression {
        Expression::Variable(_) => true,
        Expression::Field(inner, _) => is_base(inner),
        Expression::Index(inner, index) => is_base(inner) && list_index(index).is_some(),
        Expression::Trust(actor, _) => {
            is_base(actor) || matches!(**actor, Expression::Literal(Literal::Text(_)))
        }
        _ => false,
    }
}

/// Largest item number of a list that has a slot.
const INDEX_MAX: usize = 63;

/// The item of a list that a constant names.
pub fn list_index(index: &Expression) -> Option<usize> {
    match index {
        Expression::Literal(Literal::Number(number)) => {
            let index = usize::try_from(number.as_integer()?).ok()?;
            (index <= INDEX_MAX).then_some(index)
        }
        _ => None,
    }
}

/// Collects the different terms inside that have slots; false if something else of the request is read, too.
pub fn base_terms(expression: &Expression, terms: &mut Vec<Expression>) -> bool {
    if is_base(expression) {
        if !terms.contains(expression) {
            terms.push(expression.clone());
        }
        return true;
    }
    // Groups are read for each actor of a list that has no slot.
    let mut all_based = !matches!(expression, Expression::Index(..) | Expression::Trust(..));
    if let Expression::Quorum { actors, .. } = expression {
        all_based &= is_base(actors);
    }
    for child in expression.children() {
        all_based &= base_terms(child, terms);
    }
    all_based
}
