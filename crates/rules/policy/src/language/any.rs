//! Random expressions and rules for tests: mostly well typed, mostly settled, and not always.

use super::code;
use super::expression::{Comparison, Expression, Literal, TrustField, Variable};
use super::intent::{Intent, IntentSet};
use super::lower::lower_clause;
use super::network::Network;
use super::policy::{Rule, When};
use super::raise::raise;
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use gatos_values::{Fixed, Glob, Number, Text};

/// SplitMix64: the same numbers for the same seed.
pub(super) struct Chooser(pub u64);

impl Chooser {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("small")
    }

    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }
}

/// What an expression should be worth.
#[derive(Clone, Copy)]
enum Wanted {
    Truth,
    Number,
    Text,
    List,
    Any,
}

const EVERY: [Wanted; 5] = [
    Wanted::Truth,
    Wanted::Number,
    Wanted::Text,
    Wanted::List,
    Wanted::Any,
];

/// A line that may or may not be valid and in normal form.
pub(super) fn line(chooser: &mut Chooser) -> Expression {
    expression(chooser, Wanted::Truth, 3)
}

/// Rules that a compiler could have made, sorted by id.
pub(super) fn rules(chooser: &mut Chooser) -> Vec<Rule> {
    let mut rules: Vec<Rule> = (0..chooser.below(3)).map(|_| rule(chooser)).collect();
    rules.sort_by(|left, right| left.id.cmp(&right.id));
    rules.dedup_by(|left, right| left.id == right.id);
    rules
}

fn rule(chooser: &mut Chooser) -> Rule {
    let mut paths: Vec<Glob> = (0..chooser.below(3)).map(|_| glob(chooser)).collect();
    paths.sort_unstable();
    paths.dedup();
    let intents = (0..chooser.below(4)).map(|_| chooser.pick(&Intent::ALL));
    let intents = intents.fold(IntentSet::NONE, IntentSet::with);
    let mut rule = Rule {
        id: Arc::from(format!("r{}", chooser.below(100))),
        when: When {
            intents: if intents == IntentSet::NONE {
                IntentSet::ALL
            } else {
                intents
            },
            paths: Some(paths).filter(|paths| !paths.is_empty()),
        },
        allow_if: Some(lines(chooser)).filter(|lines| !lines.is_empty()),
        deny_if: lines(chooser),
        audit: chooser.percent(30),
        reason: chooser
            .percent(30)
            .then(|| Text::from_ascii("because of a reason that takes more than 23 bytes")),
    };
    rule.audit |= rule.allow_if.is_none() && rule.deny_if.is_empty();
    if chooser.percent(30) {
        rule.id = code::auto_id(&rule);
    }
    rule
}

fn lines(chooser: &mut Chooser) -> Vec<Expression> {
    let lines = (0..chooser.below(4)).filter_map(|_| {
        let line = line(chooser);
        lower_clause(&raise(&line)).ok()
    });
    let mut lines: Vec<Expression> = lines.collect();
    lines.sort_by_cached_key(code::sort_key);
    lines.dedup();
    lines
}

fn glob(chooser: &mut Chooser) -> Glob {
    Glob::parse(chooser.pick(&["**", "gatos/**", "a/*/b", "é"]), '/').expect("a pattern")
}

fn text(chooser: &mut Chooser) -> Text {
    Text::new(chooser.pick(&["a", "b c", "user:alice", "é", "", "groups"])).expect("assigned")
}

fn literal(chooser: &mut Chooser, wanted: Wanted) -> Literal {
    match wanted {
        Wanted::Truth => Literal::Bool(chooser.percent(50)),
        Wanted::Number if chooser.percent(20) => {
            let steps = chooser.pick(&[1, 3 << 31, -(1 << 32), i128::MAX]);
            Literal::Number(Number::Fixed(Fixed::from_steps(steps)))
        }
        Wanted::Number => {
            let integers = [0, 1, -1, 24, 1 << 40, 1 << 70, i128::MIN];
            Literal::Number(Number::Integer(chooser.pick(&integers)))
        }
        Wanted::Text => Literal::Text(text(chooser)),
        Wanted::List | Wanted::Any => Literal::Null,
    }
}

fn list(chooser: &mut Chooser) -> Expression {
    let wanted = if chooser.percent(80) {
        Wanted::Text
    } else {
        chooser.pick(&EVERY)
    };
    let count = chooser.below(4);
    Expression::List((0..count).map(|_| literal(chooser, wanted)).collect())
}

fn leaf(chooser: &mut Chooser, wanted: Wanted) -> Expression {
    match wanted {
        Wanted::List if chooser.percent(50) => list(chooser),
        Wanted::List => Expression::Variable(chooser.pick(&[Variable::Caps, Variable::Labels])),
        Wanted::Any => Expression::Variable(Variable::Payload),
        Wanted::Number if chooser.percent(50) => Expression::Variable(Variable::Epoch),
        Wanted::Text if chooser.percent(50) => Expression::Variable(chooser.pick(&Variable::ALL)),
        _ => Expression::Literal(literal(chooser, wanted)),
    }
}

fn expression(chooser: &mut Chooser, wanted: Wanted, levels: usize) -> Expression {
    // Now and then what does not fit.
    let wanted = match chooser.below(20) {
        0 => chooser.pick(&EVERY),
        1 => Wanted::Any,
        _ => wanted,
    };
    if levels == 0 || chooser.percent(15) {
        return leaf(chooser, wanted);
    }
    let levels = levels - 1;
    match wanted {
        Wanted::Truth => truth(chooser, levels),
        Wanted::Number => number(chooser, levels),
        Wanted::Text => {
            let inner = Box::new(expression(chooser, Wanted::Text, levels));
            if chooser.percent(50) {
                Expression::Lower(inner)
            } else {
                Expression::Upper(inner)
            }
        }
        Wanted::List => {
            let actor = Box::new(expression(chooser, Wanted::Text, levels));
            Expression::Trust(actor, TrustField::Groups)
        }
        Wanted::Any => {
            let inner = Box::new(expression(chooser, Wanted::Any, levels));
            if chooser.percent(60) {
                return Expression::Field(inner, text(chooser));
            }
            let wanted = chooser.pick(&[Wanted::Text, Wanted::Number]);
            Expression::Index(inner, Box::new(expression(chooser, wanted, levels)))
        }
    }
}

fn number(chooser: &mut Chooser, levels: usize) -> Expression {
    let choice = chooser.below(5);
    let inner = if choice < 3 {
        Wanted::Number
    } else {
        Wanted::Text
    };
    let first = Box::new(expression(chooser, inner, levels));
    match choice {
        0 => Expression::Add(first, Box::new(expression(chooser, inner, levels))),
        1 => Expression::Subtract(first, Box::new(expression(chooser, inner, levels))),
        2 => Expression::Multiply(first, chooser.pick(&[0, 1, -7, i128::MAX])),
        3 => Expression::Length(first),
        _ => Expression::Trust(first, TrustField::Level),
    }
}

fn truth(chooser: &mut Chooser, levels: usize) -> Expression {
    let mut next = |wanted| Box::new(expression(chooser, wanted, levels));
    let (truth, number) = (next(Wanted::Truth), next(Wanted::Number));
    let (text, more) = (next(Wanted::Text), next(Wanted::Text));
    let (list, lists) = (next(Wanted::List), next(Wanted::List));
    match chooser.below(15) {
        0 => Expression::Not(truth),
        1 | 2 => {
            let count = chooser.pick(&[1, 2, 2, 2, 3]);
            let operands = (0..count).map(|_| expression(chooser, Wanted::Truth, levels));
            let operands: Vec<Expression> = operands.collect();
            if chooser.percent(50) {
                Expression::And(operands)
            } else {
                Expression::Or(operands)
            }
        }
        3 => {
            let bound = Box::new(expression(chooser, Wanted::Number, levels));
            Expression::Compare(chooser.pick(&Comparison::ALL), number, bound)
        }
        4 => Expression::Compare(chooser.pick(&Comparison::ALL), text, more),
        5 => Expression::Compare(chooser.pick(&Comparison::ALL), list, lists),
        6 => Expression::Includes(list, text),
        7 => Expression::Contains(text, more),
        8 => Expression::Contains(list, text),
        9 => Expression::StartsWith(text, more),
        10 => Expression::EndsWith(text, more),
        11 => Expression::AnyOf(list, lists),
        12 => Expression::AllOf(list, lists),
        13 => {
            let network = chooser.pick(&["10.0.0.0/8", "2001:db8::/32"]);
            if chooser.percent(50) {
                Expression::MatchesGlob(text, glob(chooser))
            } else {
                Expression::InNetwork(text, Network::parse(network).expect("a network"))
            }
        }
        _ => Expression::Quorum {
            actors: list,
            group: Text::from_ascii("ops"),
            count: chooser.pick(&[0, 1, 1, 2, 1000, 1001]),
        },
    }
}
