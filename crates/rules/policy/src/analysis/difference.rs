//! What changes from one policy to another: what is newly allowed, what newly denied, what is recorded otherwise.
//!
//! Three questions of `prove`, asked about the same two policies, and their answers as one document.
//!
//! INVARIANT: a difference is called equivalent only if all three answers are proofs.
//! Tests: tests/it/analysis/differences.rs.

use super::prove::{Verdict, compare_audits, implies};
use super::space::ClauseName;
use crate::language::Policy;
use alloc::vec::Vec;
use gatos_values::{Map, Text, Value};

/// How a second policy differs from a first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whether the second allows something that the first denies.
    pub newly_allowed: Verdict,
    /// Whether the second denies something that the first allows.
    pub newly_denied: Verdict,
    /// Whether they ask for other requests to be recorded.
    pub records: Verdict,
}

/// One of the three answers, for tables and documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// [`Difference::newly_allowed`].
    NewlyAllowed,
    /// [`Difference::newly_denied`].
    NewlyDenied,
    /// [`Difference::records`].
    Records,
}

impl Part {
    /// All of them, in order.
    pub const ALL: [Part; 3] = [Part::NewlyAllowed, Part::NewlyDenied, Part::Records];

    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Part::NewlyAllowed => "newly_allowed",
            Part::NewlyDenied => "newly_denied",
            Part::Records => "records",
        }
    }
}

impl Difference {
    /// Compares two policies.
    #[must_use]
    pub fn between(first: &Policy, second: &Policy) -> Difference {
        Difference {
            newly_allowed: implies(first, second),
            newly_denied: turned(implies(second, first)),
            records: compare_audits(first, second),
        }
    }

    /// The answer to one question.
    #[must_use]
    pub const fn verdict(&self, part: Part) -> &Verdict {
        match part {
            Part::NewlyAllowed => &self.newly_allowed,
            Part::NewlyDenied => &self.newly_denied,
            Part::Records => &self.records,
        }
    }

    /// Whether it is proved that both decide and record alike.
    #[must_use]
    pub fn is_equivalent(&self) -> bool {
        Part::ALL
            .iter()
            .all(|part| *self.verdict(*part) == Verdict::Equivalent)
    }

    /// `equivalent`, `differs`, or `undecided` if nothing was found and something was not proved.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let differs = |part: &Part| matches!(self.verdict(*part), Verdict::Differs(_));
        match self.is_equivalent() {
            true => "equivalent",
            false if Part::ALL.iter().any(differs) => "differs",
            false => "undecided",
        }
    }

    /// The document: the word, and one part for each question.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut map = Map::new().with("verdict", self.word());
        for part in Part::ALL {
            map = map.with(part.as_str(), verdict_value(self.verdict(part)));
        }
        Value::Map(map)
    }
}

/// The same counterexample with the decisions in the order of the policies.
fn turned(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Differs(mut example) => {
            example.decisions.reverse();
            Verdict::Differs(example)
        }
        Verdict::Undecided(mut undecided) => {
            for clause in &mut undecided.clauses {
                clause.policy = 1 - clause.policy.min(1);
            }
            Verdict::Undecided(undecided)
        }
        Verdict::Equivalent => Verdict::Equivalent,
    }
}

fn verdict_value(verdict: &Verdict) -> Value {
    Value::Map(match verdict {
        Verdict::Equivalent => Map::new().with("answer", "nothing"),
        Verdict::Differs(example) => Map::new()
            .with("answer", "example")
            .with("request", example.request.to_value())
            .with(
                "decisions",
                Value::List(example.decisions.iter().map(|one| one.to_value()).collect()),
            ),
        Verdict::Undecided(undecided) => Map::new()
            .with("answer", "undecided")
            .with("too_large", Value::Bool(undecided.is_too_large))
            .with("clauses", clauses_value(&undecided.clauses)),
    })
}

fn clauses_value(clauses: &[ClauseName]) -> Value {
    let text = |text: &str| Text::new(text).map_or(Value::Null, Value::Text);
    let clauses: Vec<Value> = clauses
        .iter()
        .map(|clause| {
            let policy = if clause.policy == 0 {
                "first"
            } else {
                "second"
            };
            Value::Map(
                Map::new()
                    .with("policy", policy)
                    .with("rule", text(&clause.rule))
                    .with("line", text(&clause.line)),
            )
        })
        .collect();
    Value::List(clauses)
}
