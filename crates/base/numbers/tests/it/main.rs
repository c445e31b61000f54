//! Tests of the numbers crate, one module a theme; `slow` holds the obvious twins.

mod number;
mod q32;
mod slow;
mod text;
#[path = "../../../values/tests/it/vectors.rs"]
mod vectors;
