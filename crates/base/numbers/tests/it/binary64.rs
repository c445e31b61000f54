//! Tests of binary64, one module a theme; `values` makes arguments of every kind.
#![expect(clippy::disallowed_types, reason = "floats are what is tested")]

mod arithmetic;
mod bits;
mod convert;
mod function;
mod general;
mod hexadecimal;
mod poison;
mod text;
mod values;
