//! Tests of the policy language from outside.

mod costs;
mod decides;
mod formats;
mod generator;
mod grammar;
mod random;
mod replays;
mod templates;
mod twin;
mod vectors;
