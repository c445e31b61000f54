//! What is proved of policies, against enumeration and the evaluator.

mod agrees;
mod finds;
mod generator;
mod lints;
mod proves;
