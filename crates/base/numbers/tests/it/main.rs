//! Tests of the numbers crate, one module a theme; `slow` holds the obvious twins.

mod binary64;
mod constants;
mod fold_number;
mod functions;
mod narrow;
mod number;
mod pcg32;
mod peer;
mod q32;
mod slow;
mod text;
mod twin;
#[path = "../../../values/tests/it/vectors.rs"]
mod vectors;
