//! Formulas and policies as functions of coordinates.
//!
//! A three-valued formula is two functions: where it is true and where it is false. Whether a policy allows is one.
//!
//! INVARIANT: for every request, the function of a policy is true at the request's classes exactly if the policy allows
//! it, as long as no atom of it is freed; a freed atom may make it true or false elsewhere.
//! Tests: tests/it/analysis.

use super::classes::quorum_truth;
use super::diagram::{ALWAYS, Diagram, Function, NEVER, TooLarge};
use super::formula::{Formula, Reader};
use super::space::{
    Atom, ClauseName, Coordinate, Kind, Listing, Members, RELATIONS, Relation, Space, TRUTHS,
};
use crate::language::raise;
use crate::language::syntax::print;
use crate::language::{Comparison, Expression, Policy, Rule, Truth};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString;
use alloc::vec::Vec;

/// A rule taken apart.
pub struct RuleFormula {
    pub when: Formula,
    /// `None` if it never allows.
    pub allow_if: Option<Vec<Formula>>,
    pub deny_if: Vec<Formula>,
    /// Whether what it matches is to be recorded.
    pub audit: bool,
}

/// A policy taken apart.
pub enum PolicyFormula {
    /// The empty policy, and what it asks.
    Empty(Formula),
    Rules(Vec<RuleFormula>),
}

/// Takes a policy apart. `number` tells it from other policies in the names of lines.
pub fn read_policy(space: &mut Space, policy: &Policy, number: usize) -> PolicyFormula {
    if policy.is_empty() {
        let mut reader = Reader {
            space,
            clause: None,
        };
        return PolicyFormula::Empty(reader.actor_is_known());
    }
    let rules = policy.rules().iter();
    PolicyFormula::Rules(rules.map(|rule| read_rule(space, rule, number)).collect())
}

fn read_rule(space: &mut Space, rule: &Rule, number: usize) -> RuleFormula {
    let mut reader = Reader {
        space,
        clause: None,
    };
    let when = reader.when(&rule.when);
    let mut line = |line: &Expression| {
        reader.clause = Some(ClauseName {
            policy: number,
            rule: rule.id.to_string(),
            line: print(&raise(line)),
        });
        reader.line(line)
    };
    let allow_if = rule.allow_if.as_ref();
    RuleFormula {
        allow_if: allow_if.map(|lines| lines.iter().map(&mut line).collect()),
        deny_if: rule.deny_if.iter().map(&mut line).collect(),
        when,
        audit: rule.audit,
    }
}

/// Where a formula is true, and where it is false.
#[derive(Clone, Copy, Debug)]
pub struct Dual {
    pub is_true: Function,
    pub is_false: Function,
}

impl Dual {
    fn constant(truth: Truth) -> Dual {
        Dual {
            is_true: Function::from(truth == Truth::True),
            is_false: Function::from(truth == Truth::False),
        }
    }

    const fn not(self) -> Dual {
        Dual {
            is_true: self.is_false,
            is_false: self.is_true,
        }
    }
}

/// What was made, unless it is too large.
pub type Encoded<T> = Result<T, TooLarge>;

/// What one rule says.
#[derive(Clone, Debug)]
pub struct RuleFunctions {
    /// Whether the rule is about the request.
    pub matches: Dual,
    /// Where it allows.
    pub allows: Function,
    /// Where it denies: where a deny line is true or unknown.
    pub denies: Function,
    /// Its lines.
    pub allow_if: Vec<Dual>,
    pub deny_if: Vec<Dual>,
}

/// What a policy says.
#[derive(Clone, Debug)]
pub struct PolicyFunctions {
    pub allows: Function,
    /// Where a decision is recorded because a rule asks for it.
    pub audits: Function,
    /// Where some rule denies.
    pub denies: Function,
    pub rules: Vec<RuleFunctions>,
}

/// Turns formulas into functions.
pub struct Encoder<'s> {
    pub space: &'s Space,
    pub diagram: Diagram,
    duals: BTreeMap<Atom, Dual>,
}

impl<'s> Encoder<'s> {
    /// An encoder for a settled space.
    pub fn new(space: &'s Space) -> Encoder<'s> {
        Encoder {
            diagram: Diagram::new(space.class_counts.clone())
                .within(space.effort.diagram_step_count_max),
            space,
            duals: BTreeMap::new(),
        }
    }

    /// What a policy says.
    pub fn policy(&mut self, policy: &PolicyFormula) -> Encoded<PolicyFunctions> {
        let rules = match policy {
            PolicyFormula::Empty(known) => {
                return Ok(PolicyFunctions {
                    allows: self.formula(known)?.is_true,
                    audits: NEVER,
                    denies: NEVER,
                    rules: Vec::new(),
                });
            }
            PolicyFormula::Rules(rules) => rules,
        };
        let functions = rules.iter().map(|rule| self.rule(rule));
        let functions: Vec<RuleFunctions> = functions.collect::<Encoded<_>>()?;
        let allows: Vec<_> = functions.iter().map(|rule| rule.allows).collect();
        let denies: Vec<_> = functions.iter().map(|rule| rule.denies).collect();
        let mut audits = Vec::new();
        for (rule, functions) in rules.iter().zip(&functions) {
            if rule.audit {
                audits.push(self.diagram.not(functions.matches.is_false)?);
            }
        }
        let (allows, denies) = (self.diagram.any(&allows)?, self.diagram.any(&denies)?);
        let not_denied = self.diagram.not(denies)?;
        Ok(PolicyFunctions {
            allows: self.diagram.and(allows, not_denied)?,
            audits: self.diagram.any(&audits)?,
            denies,
            rules: functions,
        })
    }

    fn rule(&mut self, rule: &RuleFormula) -> Encoded<RuleFunctions> {
        let matches = self.formula(&rule.when)?;
        let lines = |encoder: &mut Self, lines: &[Formula]| {
            let duals = lines.iter().map(|line| encoder.formula(line));
            duals.collect::<Encoded<Vec<Dual>>>()
        };
        let allow_if = lines(self, rule.allow_if.as_deref().unwrap_or_default())?;
        let deny_if = lines(self, &rule.deny_if)?;
        let allows = if rule.allow_if.is_some() {
            let lines: Vec<_> = allow_if.iter().map(|line| line.is_true).collect();
            let lines = self.diagram.all(&lines)?;
            self.diagram.and(matches.is_true, lines)?
        } else {
            NEVER
        };
        let silent: Vec<_> = deny_if.iter().map(|line| line.is_false).collect();
        let silent = self.diagram.all(&silent)?;
        let silent = self.diagram.or(matches.is_false, silent)?;
        Ok(RuleFunctions {
            matches,
            allows,
            denies: self.diagram.not(silent)?,
            allow_if,
            deny_if,
        })
    }

    /// Where a formula is true and false.
    pub fn formula(&mut self, formula: &Formula) -> Encoded<Dual> {
        match formula {
            Formula::Constant(truth) => Ok(Dual::constant(*truth)),
            Formula::Atom(atom) => self.atom(*atom),
            Formula::Not(inner) => Ok(self.formula(inner)?.not()),
            Formula::And(operands) => self.joined(operands),
            Formula::Or(operands) => {
                let negated = operands
                    .iter()
                    .map(|operand| Formula::Not(operand.clone().into()));
                Ok(self.joined(&negated.collect::<Vec<_>>())?.not())
            }
        }
    }

    fn joined(&mut self, operands: &[Formula]) -> Encoded<Dual> {
        let duals = operands.iter().map(|operand| self.formula(operand));
        let duals: Vec<Dual> = duals.collect::<Encoded<_>>()?;
        let (is_true, is_false): (Vec<_>, Vec<_>) = duals
            .iter()
            .map(|dual| (dual.is_true, dual.is_false))
            .unzip();
        Ok(Dual {
            is_true: self.diagram.all(&is_true)?,
            is_false: self.diagram.any(&is_false)?,
        })
    }

    fn atom(&mut self, atom: Atom) -> Encoded<Dual> {
        if let Some(known) = self.duals.get(&atom) {
            return Ok(*known);
        }
        let dual = match atom {
            Atom::Leaf { slot, leaf } => match self.space.slots[slot].leaves[leaf].free {
                Some(free) => self.freed(free)?,
                None => self.leaf(slot, leaf)?,
            },
            Atom::Quorum { quorum, count } => self.quorum(quorum, count)?,
            Atom::Free { free } => self.freed(free)?,
            Atom::Compared { free, sign } => self.compared(free, Comparison::ALL[sign])?,
        };
        self.duals.insert(atom, dual);
        Ok(dual)
    }

    fn leaf(&mut self, slot_index: usize, leaf_index: usize) -> Encoded<Dual> {
        let space = self.space;
        let slot = &space.slots[slot_index];
        let leaf = &slot.leaves[leaf_index];
        let open = self.open(slot_index)?;
        let (by_true, by_false) = match &leaf.needs.members {
            Some(members) if slot.listing == Listing::ByMember => {
                let dual = self.members(slot_index, members)?;
                (dual.is_true, dual.is_false)
            }
            _ => (NEVER, NEVER),
        };
        let mut side = |truth: Truth, by_member: Function| {
            let answers = |class: usize| slot.classes[class].answers[leaf_index] == truth;
            let directly = self.diagram.test(slot.main, answers)?;
            let is_list = |class: usize| slot.classes[class].kind == Kind::List;
            let in_list = self.diagram.test(slot.main, is_list)?;
            let listed = self.diagram.and(in_list, by_member)?;
            let either = self.diagram.or(directly, listed)?;
            self.diagram.and(open, either)
        };
        Ok(Dual {
            is_true: side(Truth::True, by_true)?,
            is_false: side(Truth::False, by_false)?,
        })
    }

    /// Which texts are in a list. Something else than texts in it makes what is not there unknown.
    fn members(&mut self, slot: usize, members: &Members) -> Encoded<Dual> {
        let slot = &self.space.slots[slot];
        let clean = match slot.junk {
            Some(junk) => self.diagram.test(junk, |class| class == 0)?,
            None => ALWAYS,
        };
        let mut present = Vec::new();
        let mut absent = Vec::new();
        for literal in members.literals() {
            let known = slot.members.iter().find(|(member, _)| member == literal);
            let Some((_, coordinate)) = known else {
                continue;
            };
            present.push(self.diagram.test(*coordinate, |class| class == 1)?);
            let missing = self.diagram.test(*coordinate, |class| class == 0)?;
            absent.push(self.diagram.and(missing, clean)?);
        }
        let diagram = &mut self.diagram;
        Ok(match members {
            Members::Any(_) => Dual {
                is_true: diagram.any(&present)?,
                is_false: diagram.all(&absent)?,
            },
            Members::All(_) => Dual {
                is_true: diagram.all(&present)?,
                is_false: diagram.any(&absent)?,
            },
        })
    }

    fn quorum(&mut self, quorum_index: usize, count: u32) -> Encoded<Dual> {
        let quorum = &self.space.quorums[quorum_index];
        let slot = &self.space.slots[quorum.slot];
        let open = self.open(quorum.slot)?;
        let is_list = |class: usize| slot.classes[class].kind == Kind::List;
        let is_list = self.diagram.test(slot.main, is_list)?;
        let open = self.diagram.and(open, is_list)?;
        let mut side = |truth: Truth| {
            let answers = |class: usize| quorum_truth(quorum.classes[class], count) == truth;
            let answered = self.diagram.test(quorum.coordinate, answers)?;
            self.diagram.and(open, answered)
        };
        Ok(Dual {
            is_true: side(Truth::True)?,
            is_false: side(Truth::False)?,
        })
    }

    fn freed(&mut self, free: usize) -> Encoded<Dual> {
        let coordinate = self.free_coordinate(free);
        let mut side = |truth| {
            self.diagram
                .test(coordinate, |class| TRUTHS.get(class) == Some(&truth))
        };
        Ok(Dual {
            is_true: side(Truth::True)?,
            is_false: side(Truth::False)?,
        })
    }

    fn compared(&mut self, free: usize, comparison: Comparison) -> Encoded<Dual> {
        let coordinate = self.free_coordinate(free);
        let mut side = |truth| {
            self.diagram.test(coordinate, |class| {
                RELATIONS
                    .get(class)
                    .map(|it| relation_truth(*it, comparison))
                    == Some(truth)
            })
        };
        Ok(Dual {
            is_true: side(Truth::True)?,
            is_false: side(Truth::False)?,
        })
    }

    pub(super) fn free_coordinate(&self, free: usize) -> usize {
        self.space.coordinates.len() - self.space.frees.len() + free
    }

    /// Where the parts around a slot are such that it can be there at all.
    pub(super) fn open(&mut self, slot: usize) -> Encoded<Function> {
        let Some((parent, kind)) = self.space.slots[slot].parent else {
            return Ok(ALWAYS);
        };
        let outer = self.open(parent)?;
        let own = self.is_kind(parent, |known| known == kind)?;
        self.diagram.and(outer, own)
    }

    pub(super) fn is_kind(
        &mut self,
        slot: usize,
        holds: impl Fn(Kind) -> bool,
    ) -> Encoded<Function> {
        let slot = &self.space.slots[slot];
        self.diagram
            .test(slot.main, |class| holds(slot.classes[class].kind))
    }

    /// Where a term has a value of such a kind.
    pub(super) fn has_kind(
        &mut self,
        term: &Expression,
        holds: impl Fn(Kind) -> bool,
    ) -> Encoded<Function> {
        let Some(slot) = self.space.slot(&print(&raise(term))) else {
            return Ok(ALWAYS);
        };
        let open = self.open(slot)?;
        let own = self.is_kind(slot, holds)?;
        self.diagram.and(open, own)
    }

    /// The lines that a function rests on and that are beyond the procedure; if there are none, those it rests on.
    pub fn beyond(&self, function: Function) -> Vec<ClauseName> {
        let support = self.diagram.support(function);
        let named = |wanted: &dyn Fn(&Coordinate) -> bool| {
            let atoms = self.space.clauses.iter().filter(|(atom, _)| {
                let mut coordinates = support.iter().map(|it| &self.space.coordinates[*it]);
                coordinates.any(|it| wanted(it) && self.is_about(**atom, it))
            });
            let names: BTreeSet<&ClauseName> = atoms.flat_map(|(_, names)| names).collect();
            names.into_iter().cloned().collect::<Vec<ClauseName>>()
        };
        let beyond = named(&|coordinate| matches!(coordinate, Coordinate::Free(_)));
        if beyond.is_empty() {
            named(&|_| true)
        } else {
            beyond
        }
    }

    fn is_about(&self, atom: Atom, coordinate: &Coordinate) -> bool {
        match (atom, coordinate) {
            (
                Atom::Leaf { slot, .. },
                Coordinate::Main(own)
                | Coordinate::Junk(own)
                | Coordinate::Member { slot: own, .. },
            ) => slot == *own,
            (Atom::Quorum { quorum, .. }, Coordinate::Quorum(own)) => quorum == *own,
            (Atom::Free { free } | Atom::Compared { free, .. }, Coordinate::Free(own)) => {
                free == *own
            }
            _ => false,
        }
    }
}

/// What a comparison says under a relation.
pub fn relation_truth(relation: Relation, comparison: Comparison) -> Truth {
    use core::cmp::Ordering;
    let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    let order = match relation {
        Relation::Less => Ordering::Less,
        Relation::Equal => Ordering::Equal,
        Relation::Greater => Ordering::Greater,
        Relation::Same if equality => Ordering::Equal,
        Relation::Other if equality => Ordering::Less,
        _ => return Truth::Unknown,
    };
    Truth::from(comparison.holds(order))
}
