//! Tests of the policy language from outside.

mod costs;
mod decides;
