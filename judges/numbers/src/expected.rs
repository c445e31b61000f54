//! What MPFR says the result is.
//!
//! y is MPFR's value with 96 bits, rounded to nearest, and z = y·2^(F+1) counts half steps. Every number of half
//! steps below 2^90 is a number of 96 bits, and rounding keeps order. So if z is not whole, the exact value lies
//! between the same two half steps; if z is whole, MPFR says whether the exact value is z, below or above it.

use gatos_numbers::{Function, NumberError};
use rug::float::Round;
use rug::ops::{AssignRound, PowAssignRound};
use rug::{Assign, Float, Integer};
use std::cmp::Ordering;

pub type Verdict = Result<i64, NumberError>;

const PRECISION: u32 = 96;

pub struct Judge {
    first: Float,
    second: Float,
    value: Float,
    whole: Integer,
}

impl Judge {
    pub fn new() -> Judge {
        Judge {
            first: Float::new(64),
            second: Float::new(64),
            value: Float::new(PRECISION),
            whole: Integer::new(),
        }
    }

    /// Arguments count steps of 2^−32, the result steps of 2^−F.
    pub fn judge<const F: u32>(&mut self, function: Function, first: i64, second: i64) -> Verdict {
        refuse(function, first, second)?;
        self.first.assign(first);
        self.first >>= 32;
        self.second.assign(second);
        self.second >>= 32;
        let side = self.compute(function);
        self.round::<F>(side)
    }

    /// Leaves the value, and says how it compares with the exact one.
    fn compute(&mut self, function: Function) -> Ordering {
        let (x, y, value) = (&self.first, &self.second, &mut self.value);
        match function {
            Function::Sqrt => value.assign_round(x.sqrt_ref(), Round::Nearest),
            Function::Cbrt => value.assign_round(x.cbrt_ref(), Round::Nearest),
            Function::Exp => value.assign_round(x.exp_ref(), Round::Nearest),
            Function::Ln => value.assign_round(x.ln_ref(), Round::Nearest),
            Function::Log2 => value.assign_round(x.log2_ref(), Round::Nearest),
            Function::Log10 => value.assign_round(x.log10_ref(), Round::Nearest),
            Function::Sin => value.assign_round(x.sin_ref(), Round::Nearest),
            Function::Cos => value.assign_round(x.cos_ref(), Round::Nearest),
            Function::Tan => value.assign_round(x.tan_ref(), Round::Nearest),
            Function::Asin => value.assign_round(x.asin_ref(), Round::Nearest),
            Function::Acos => value.assign_round(x.acos_ref(), Round::Nearest),
            Function::Atan => value.assign_round(x.atan_ref(), Round::Nearest),
            Function::Sinh => value.assign_round(x.sinh_ref(), Round::Nearest),
            Function::Cosh => value.assign_round(x.cosh_ref(), Round::Nearest),
            Function::Tanh => value.assign_round(x.tanh_ref(), Round::Nearest),
            Function::Atan2 => value.assign_round(x.atan2_ref(y), Round::Nearest),
            Function::Hypot => value.assign_round(x.hypot_ref(y), Round::Nearest),
            Function::Pow => {
                value.assign(x);
                value.pow_assign_round(y, Round::Nearest)
            }
        }
    }

    fn round<const F: u32>(&mut self, side: Ordering) -> Verdict {
        let limit = 1i128 << (2 * F - 1);
        if self.value.is_infinite() || self.value.get_exp().is_some_and(|exponent| exponent > 64) {
            return Err(NumberError::Overflow);
        }
        self.value <<= F + 1;
        let is_whole = self.value.is_integer();
        self.value.floor_mut();
        self.whole
            .assign(self.value.to_integer().ok_or(NumberError::Overflow)?);
        let halves = self.whole.to_i128().ok_or(NumberError::Overflow)?;
        let is_odd = halves & 1 == 1;
        let floor = halves >> 1;
        let steps = if !is_odd {
            floor
        } else if !is_whole {
            floor + 1
        } else {
            match side {
                // MPFR's value is below the exact one.
                Ordering::Less => floor + 1,
                Ordering::Greater => floor,
                Ordering::Equal => floor + (floor & 1),
            }
        };
        if steps < -limit || steps >= limit {
            return Err(NumberError::Overflow);
        }
        i64::try_from(steps).map_err(|_| NumberError::Overflow)
    }
}

/// The refusals that docs/formats/numbers.md lists.
fn refuse(function: Function, first: i64, second: i64) -> Result<(), NumberError> {
    let is_outside = match function {
        Function::Sqrt => first < 0,
        Function::Ln | Function::Log2 | Function::Log10 => first <= 0,
        Function::Asin | Function::Acos => !(-1 << 32..=1 << 32).contains(&first),
        Function::Atan2 => first == 0 && second == 0,
        Function::Pow => {
            if first == 0 && second < 0 {
                return Err(NumberError::DivideByZero);
            }
            first < 0 && second % (1 << 32) != 0
        }
        _ => false,
    };
    if is_outside {
        Err(NumberError::Domain)
    } else {
        Ok(())
    }
}
