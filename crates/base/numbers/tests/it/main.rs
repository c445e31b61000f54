//! Tests of the numbers crate, one module a theme; `slow` holds the obvious twins.

mod binary64;
mod constants;
mod functions;
mod number;
mod pcg32;
mod q32;
mod slow;
mod text;
#[path = "../../../values/tests/it/vectors.rs"]
mod vectors;
