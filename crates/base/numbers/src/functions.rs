//! The functions of Q32.32, each the exact result rounded once, to nearest, ties to even.
//!
//! Every function first computes in 64 or 128 bits with a proven error bound. Where that interval holds one
//! nearest step, that is the answer (all but one argument in a million or so); otherwise `precise` computes with 192
//! and then 448 bits behind the point. Roots and the hypotenuse are whole-number arithmetic. Arguments and
//! results are counts of steps here; [`crate::Q32`] puts the type around them.
//!
//! Reading order: `round` (what a decision is), `root`, `circular`, `arc`, `logarithm`, `exponential`,
//! `hyperbolic`, `power`; then `precise` over `wide`. `constants` is written by `scripts/derive_constants.py`.
//!
//! INVARIANT: no function panics, wraps or saturates for any argument; a result without a form is an error.
//!
//! Format page: `docs/formats/numbers.md`. Vectors: `vectors/numbers`. Tests: `functions/tests.rs`, `tests/it/functions.rs`, and
//! the judge in `judges/numbers`, which is MPFR.

mod arc;
mod circular;
#[rustfmt::skip]
mod constants;
mod exponential;
mod hyperbolic;
mod logarithm;
mod multiply;
mod power;
mod precise;
mod root;
mod round;
#[cfg(test)]
mod tests;
mod wide;

use crate::NumberError;
use crate::q32::Q32;

/// A function of one or two Q32.32 numbers by name: for sweeps, judges and tables of a language's library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// [`Q32::checked_sqrt`].
    Sqrt,
    /// [`Q32::cbrt`].
    Cbrt,
    /// [`Q32::exp`].
    Exp,
    /// [`Q32::ln`].
    Ln,
    /// [`Q32::log2`].
    Log2,
    /// [`Q32::log10`].
    Log10,
    /// [`Q32::sin`].
    Sin,
    /// [`Q32::cos`].
    Cos,
    /// [`Q32::tan`].
    Tan,
    /// [`Q32::asin`].
    Asin,
    /// [`Q32::acos`].
    Acos,
    /// [`Q32::atan`].
    Atan,
    /// [`Q32::sinh`].
    Sinh,
    /// [`Q32::cosh`].
    Cosh,
    /// [`Q32::tanh`].
    Tanh,
    /// [`Q32::atan2`].
    Atan2,
    /// [`Q32::pow`].
    Pow,
    /// [`Q32::hypot`].
    Hypot,
}

impl Function {
    /// All functions, those of one argument first.
    pub const ALL: [Function; 18] = [
        Function::Sqrt,
        Function::Cbrt,
        Function::Exp,
        Function::Ln,
        Function::Log2,
        Function::Log10,
        Function::Sin,
        Function::Cos,
        Function::Tan,
        Function::Asin,
        Function::Acos,
        Function::Atan,
        Function::Sinh,
        Function::Cosh,
        Function::Tanh,
        Function::Atan2,
        Function::Pow,
        Function::Hypot,
    ];

    /// The name in lower case, as in `atan2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Function::Sqrt => "sqrt",
            Function::Cbrt => "cbrt",
            Function::Exp => "exp",
            Function::Ln => "ln",
            Function::Log2 => "log2",
            Function::Log10 => "log10",
            Function::Sin => "sin",
            Function::Cos => "cos",
            Function::Tan => "tan",
            Function::Asin => "asin",
            Function::Acos => "acos",
            Function::Atan => "atan",
            Function::Sinh => "sinh",
            Function::Cosh => "cosh",
            Function::Tanh => "tanh",
            Function::Atan2 => "atan2",
            Function::Pow => "pow",
            Function::Hypot => "hypot",
        }
    }

    /// Whether there is a second argument.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self, Function::Atan2 | Function::Pow | Function::Hypot)
    }

    /// The function's value; `second` is not looked at where there is one argument. `atan2` takes y, then x.
    ///
    /// # Errors
    /// Those of the function.
    pub fn evaluate(self, first: Q32, second: Q32) -> Result<Q32, NumberError> {
        self.evaluate_at_width::<32>(first.steps(), second.steps())
            .map(Q32::from_steps)
    }

    /// The same code for a format of `F` fraction bits and `2·F` bits in all, for exhaustive tests. Arguments count
    /// steps of 2^−32 whatever `F` is, the result counts steps of 2^−`F`; 2 ≤ `F` ≤ 32.
    ///
    /// # Errors
    /// Those of the function.
    #[doc(hidden)]
    pub fn evaluate_at_width<const F: u32>(
        self,
        first: i64,
        second: i64,
    ) -> Result<i64, NumberError> {
        match self {
            Function::Sqrt => root::sqrt::<F>(first),
            Function::Cbrt => root::cbrt::<F>(first),
            Function::Exp => exponential::exp::<F>(first),
            Function::Ln => logarithm::ln::<F>(first),
            Function::Log2 => logarithm::log2::<F>(first),
            Function::Log10 => logarithm::log10::<F>(first),
            Function::Sin => circular::sin::<F>(first),
            Function::Cos => circular::cos::<F>(first),
            Function::Tan => circular::tan::<F>(first),
            Function::Asin => arc::asin::<F>(first),
            Function::Acos => arc::acos::<F>(first),
            Function::Atan => arc::atan2::<F>(first, 1 << 32),
            Function::Sinh => hyperbolic::sinh::<F>(first),
            Function::Cosh => hyperbolic::cosh::<F>(first),
            Function::Tanh => hyperbolic::tanh::<F>(first),
            Function::Atan2 => arc::atan2::<F>(first, second),
            Function::Pow => power::pow::<F>(first, second),
            Function::Hypot => root::hypot::<F>(first, second),
        }
    }
}

/// Each result is the exact one rounded to the nearest step, ties to even. Angles are in radians.
impl Q32 {
    /// e to the power of the number. Midpoints do not occur.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] from 31·ln 2 = 21.4875… on. Far below zero the result rounds to zero.
    pub fn exp(self) -> Result<Q32, NumberError> {
        exponential::exp::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The natural logarithm. Midpoints do not occur; `ln 1` is 0.
    ///
    /// # Errors
    /// [`NumberError::Domain`] for zero and below.
    pub fn ln(self) -> Result<Q32, NumberError> {
        logarithm::ln::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The logarithm to base 2; exact for powers of two. Midpoints do not occur.
    ///
    /// # Errors
    /// [`NumberError::Domain`] for zero and below.
    pub fn log2(self) -> Result<Q32, NumberError> {
        logarithm::log2::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The logarithm to base 10; exact for 1, 10, 100 … 10^9. Midpoints do not occur.
    ///
    /// # Errors
    /// [`NumberError::Domain`] for zero and below.
    pub fn log10(self) -> Result<Q32, NumberError> {
        logarithm::log10::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The sine, for every angle of the range.
    ///
    /// # Errors
    /// None today; the type leaves room.
    pub fn sin(self) -> Result<Q32, NumberError> {
        circular::sin::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The cosine, for every angle of the range.
    ///
    /// # Errors
    /// None today; the type leaves room.
    pub fn cos(self) -> Result<Q32, NumberError> {
        circular::cos::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The tangent. No number of the format is a pole.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] within about 2^−31 of a pole.
    pub fn tan(self) -> Result<Q32, NumberError> {
        circular::tan::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The angle from −π/2 to π/2 whose sine is the number.
    ///
    /// # Errors
    /// [`NumberError::Domain`] outside −1 … 1.
    pub fn asin(self) -> Result<Q32, NumberError> {
        arc::asin::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The angle from 0 to π whose cosine is the number.
    ///
    /// # Errors
    /// [`NumberError::Domain`] outside −1 … 1.
    pub fn acos(self) -> Result<Q32, NumberError> {
        arc::acos::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The angle from −π/2 to π/2 whose tangent is the number.
    ///
    /// # Errors
    /// None today; the type leaves room.
    pub fn atan(self) -> Result<Q32, NumberError> {
        arc::atan2::<32>(self.steps(), 1 << 32).map(Q32::from_steps)
    }

    /// The angle of the point (`x`, `self`), above −π and up to π. There is no negative zero, so
    /// `atan2(0, x)` is π for every negative `x`.
    ///
    /// # Errors
    /// [`NumberError::Domain`] for (0, 0), which has no direction.
    pub fn atan2(self, x: Q32) -> Result<Q32, NumberError> {
        arc::atan2::<32>(self.steps(), x.steps()).map(Q32::from_steps)
    }

    /// The hyperbolic sine.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] beyond ±22.1807….
    pub fn sinh(self) -> Result<Q32, NumberError> {
        hyperbolic::sinh::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The hyperbolic cosine.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] beyond ±22.1807….
    pub fn cosh(self) -> Result<Q32, NumberError> {
        hyperbolic::cosh::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The hyperbolic tangent; beyond about ±11.8 it rounds to ±1.
    ///
    /// # Errors
    /// None today; the type leaves room.
    pub fn tanh(self) -> Result<Q32, NumberError> {
        hyperbolic::tanh::<32>(self.steps()).map(Q32::from_steps)
    }

    /// The number to the power of `exponent`. `x^0` is 1 for every x, zero included. A negative number has
    /// powers with integer exponents only, also where a root would exist: −8 has no power 1/3 here, and 1/3 is no
    /// Q32.32 anyway; see [`Q32::cbrt`].
    ///
    /// # Errors
    /// [`NumberError::Domain`] for a negative number and an exponent with a fraction, [`NumberError::DivideByZero`]
    /// for zero and a negative exponent, [`NumberError::Overflow`] where the result has no form.
    pub fn pow(self, exponent: Q32) -> Result<Q32, NumberError> {
        power::pow::<32>(self.steps(), exponent.steps()).map(Q32::from_steps)
    }

    /// The cube root, for negative numbers too. Midpoints do not occur.
    ///
    /// # Errors
    /// None today; the type leaves room.
    pub fn cbrt(self) -> Result<Q32, NumberError> {
        root::cbrt::<32>(self.steps()).map(Q32::from_steps)
    }

    /// √(self² + other²), computed without intermediate overflow. Midpoints do not occur.
    ///
    /// # Errors
    /// [`NumberError::Overflow`] where the result has no form.
    pub fn hypot(self, other: Q32) -> Result<Q32, NumberError> {
        root::hypot::<32>(self.steps(), other.steps()).map(Q32::from_steps)
    }
}
