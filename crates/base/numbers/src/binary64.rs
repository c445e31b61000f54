//! IEEE 754 binary64 with the same bits on every target: what scripts and worlds compute in.
//!
//! `+ − × ÷ √` of the hardware agree on all our targets; the bits of a NaN, the platform's `fma` and the host's
//! maths library do not. So every function here gives the one canonical NaN, and nothing here calls the host.
//! Folds and policies never come here: they compute in integers and [`crate::Q32`].
//!
//! Reading order: `bits` (what is visible), `arithmetic`, `convert`, `text` (shortest), `general` (Lua's `%.14g`),
//! `hexadecimal`, `function` (exp, sin, pow …, correctly rounded), `poison` (the cases that go wrong elsewhere).
//!
//! INVARIANT 1: a NaN that leaves this module has the bits [`CANONICAL_NAN_BITS`]; −0.0 and 0.0 stay two values.
//! INVARIANT 2: a result is a function of the arguments' canonical bits alone: no host library, no contraction.
//! Format and promises: `docs/formats/binary64.md`. Vectors: `vectors/numbers/binary64.tsv`. Tests: `tests/it/binary64`.
#![expect(
    clippy::disallowed_types,
    reason = "the one home of floats in the base: it exists to make them the same everywhere"
)]

mod approximation;
mod arithmetic;
mod bits;
mod convert;
mod function;
mod general;
mod hexadecimal;
pub mod poison;
mod round;
mod table;
mod text;
mod wide;

pub use arithmetic::{
    add, ceil, div, floor, floor_div, floor_mod, fma, fmod, mul, remainder, round_ties_even, sqrt,
    sub, trunc,
};
pub use bits::{
    CANONICAL_NAN, CANONICAL_NAN_BITS, canonical, canonical_bits, compare_bits, from_bits,
    from_le_bytes, is_same, to_le_bytes,
};
pub use convert::{
    CANONICAL_NAN_BITS_32, from_binary32_bits, from_i32, from_i64, from_q32, from_u32, from_u64,
    to_binary32_bits, to_i32, to_i32_truncated, to_i64, to_i64_exact, to_i64_truncated, to_q32,
    to_u32, to_u32_truncated, to_u64, to_u64_truncated,
};
pub use function::{
    acos, asin, atan, atan2, cbrt, cos, cosh, exp, exp_m1, exp2, hypot, ln, ln_1p, log2, log10,
    pow, sin, sinh, tan, tanh,
};
pub use general::{general_14, lua_text};
pub use hexadecimal::{hexadecimal, parse_hexadecimal};
pub use text::{Binary64Text, is_canonical_text, parse, parse_lua, shortest};
