//! What can be said of a policy without a request: whether two decide alike, and which lines are for nothing.
//!
//! Everything is decided by one finite procedure and no outside solver. `space` cuts requests into coordinates with
//! finitely many classes, `formula` takes lines apart into atoms over them, `classes` finds a witness for each class,
//! `encode` writes policies as decision diagrams, `prove` compares those and turns a difference into a request that
//! the evaluator confirms. What a line means is [`language`](crate::language)'s alone: classes are sorted by its answers.
//!
//! Reading order: `prove`, `space`, `formula`, `texts`, `classes`, `diagram`, `encode`, `example`.
//!
//! INVARIANT 1: what is called equivalent decides every request alike; every counterexample is a request that the
//! evaluator decides as said. What is neither proved nor refuted is *undecided*, with the lines that are in the way.
//! INVARIANT 2: no policy makes the procedure spend more than the bounds in `diagram` and `texts`.
//! Decision: docs/decisions/0015-policy-prover.md. Tests: tests/it/analysis.

mod addresses;
mod classes;
mod constraints;
mod diagram;
mod difference;
mod effort;
mod encode;
mod example;
mod formula;
mod glob_machine;
mod lint;
mod needs;
mod numbers;
mod place;
mod prove;
mod space;
mod texts;

pub use difference::{Difference, Part};
pub use effort::Effort;
pub use lint::{KnownNames, LINTS, TOO_LARGE, UNEXPLAINED, lint, lint_within};
pub use prove::{
    Answer, Condition, Counterexample, Demand, Undecided, Verdict, allowed, compare,
    compare_audits, decide, implies,
};
pub use space::ClauseName;
