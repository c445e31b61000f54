//! Elementary functions of binary64, correctly rounded: the exact result rounded once, to nearest, ties to even.
//!
//! Integer arithmetic alone, so the bits are the same wherever integers are; a NaN is the canonical one. Special values
//! are C's (C17, annex F.10). How a result is decided: `approximation`. Why no exact case is missed, and how the error
//! bounds add up: `docs/formats/binary64.md`, section Functions.
//!
//! Judges: CORE-MATH and MPFR, `cargo xtask judge-binary64`. Tests: `function/tests.rs` (the
//! bounds), `tests/it/binary64/function.rs`.

mod arc;
mod circular;
mod exponential;
mod hyperbolic;
mod logarithm;
mod power;
mod root;
#[cfg(test)]
mod tests;

pub use arc::{acos, asin, atan, atan2};
pub use circular::{cos, sin, tan};
pub use exponential::{exp, exp_m1, exp2};
pub use hyperbolic::{cosh, sinh, tanh};
pub use logarithm::{ln, ln_1p, log2, log10};
pub use power::pow;
pub use root::{cbrt, hypot};

use super::round::decompose;

/// |value| < 2^exponent, for a finite value that is not zero.
fn is_below_power(value: f64, exponent: i32) -> bool {
    let (_, lowest) = decompose(value);
    lowest + 53 <= exponent
}
