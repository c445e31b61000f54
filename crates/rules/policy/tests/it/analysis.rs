//! What is proved of policies, against enumeration and the evaluator.

mod agrees;
mod differences;
mod finds;
mod generator;
mod lints;
mod promises;
mod proves;
