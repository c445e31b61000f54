//! Numbers that are the same on every target: 128-bit integers, wide fixed point, Q32.32, binary64, PCG32.
//!
//! Everything here but [`binary64`] is integer arithmetic; nowhere a host maths library, nowhere I/O. Canonical bytes
//! (JSON, CBOR) belong to `gatos-values`; this crate only knows decimal text.
//!
//! Reading order: [`Fixed`] (the wide form), [`Number`] (integer or fixed, always normalised),
//! [`Q32`] (fixed point and its functions), [`FoldNumber`] (what programs see: integer or Q32.32), `text` (decimal text of both); apart from these [`binary64`] and [`Pcg32`].
//!
//! INVARIANT 1: a fixed value with a zero fraction *is* the integer; the two compare, hash and print alike.
//! INVARIANT 2: decimal text printed here reads back to the same value, and no shorter decimal does.
//!
//! Format page: `docs/formats/values.md`. Vectors: `vectors/numbers`. Tests: `tests/it`.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod binary64;
mod error;
mod fixed;
mod fold_number;
mod functions;
mod number;
mod pcg32;
mod q32;
mod text;

pub use error::NumberError;
pub use fixed::Fixed;
pub use fold_number::FoldNumber;
pub use functions::Function;
pub use number::Number;
pub use pcg32::{PCG32_SIZE, Pcg32};
pub use q32::Q32;
pub use text::{NumberText, TEXT_SIZE_MAX};

/// Number of fraction bits of [`Fixed`] and [`Q32`]: one step is 2^−32.
pub const FRACTION_BITS: u32 = 32;
